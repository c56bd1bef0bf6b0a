//! 读：给办件的“能办什么、怎么办”、给窗口的事项挑选、给检索的文档、公开指南的全部内容。

mod bundle;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_kernel::Place;
use tongban_search::{Doc, Facets};
use tongban_store::{Result, Tx};

use crate::model::codes::{OnlineDepth, ResultType, ServiceObject, UseLevel, Waive};
use crate::model::lifecycle::State;
use crate::model::{Answers, Guide};
use crate::store::{self, ItemRow};

pub(crate) use bundle::assemble;
pub use bundle::{bundle, findable_bundle, scan_bundles};

/// 一个办理项此刻能怎么办；办件提交时取一次，自己留一份快照。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    pub item_id: i64,
    /// 发布的版本，办件引用“编码 + 版本”。
    pub version: i64,
    pub code: String,
    pub name: String,
    pub task_type: String,
    pub place: Place,
    /// 实施主体区划前 6 位。
    pub region: String,
    pub division: String,
    pub dept_code: String,
    pub org_name: String,
    pub phone: Option<String>,
    pub open: bool,
    /// 不收件时给群众看的话。
    pub closed_reason: Option<String>,
    pub promise_days: u32,
    pub legal_days: u32,
    pub instant: bool,
    pub online: bool,
    pub min_real_level: u8,
    pub for_person: bool,
    pub for_legal: bool,
    pub single_post: bool,
    pub commitment: bool,
    pub stoppable: Vec<u8>,
    /// 出证照时的证照名称。
    pub licence: Option<String>,
    pub situations: Vec<Situation>,
    pub materials: Vec<OfferedMaterial>,
    pub fields: Vec<OfferedField>,
    pub steps: Vec<(String, u32)>,
    /// 完整的指南：情形组合、收费、申报表校验都在它上面（[`Guide::plan`]、`form.validate`）。
    pub guide: Guide,
}

/// 先问的一题。选项键是“题.选项”，全项唯一。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Situation {
    pub key: String,
    pub question: String,
    pub options: Vec<(String, String)>,
}

/// 一份材料。`when` 是选项键：同一题的任一、不同题的都要；空 = 总是要。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferedMaterial {
    pub key: String,
    pub name: String,
    pub need: u8,
    pub copies: u32,
    pub hint: Option<String>,
    pub when: Vec<String>,
    pub by_licence: bool,
    pub by_promise: bool,
}

/// 一个申报字段。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferedField {
    pub key: String,
    pub label: String,
    pub kind: String,
    pub required: bool,
    pub options: Vec<(String, String)>,
    pub hint: Option<String>,
    pub unit: Option<String>,
    pub when: Vec<String>,
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn keys(when: &crate::model::When) -> Vec<String> {
    when.0.iter().flat_map(|(question, options)| options.iter().map(move |option| format!("{question}.{option}"))).collect()
}

/// 现行发布版能怎么办；没有发布过、主动公示类或编码不存在为 `None`。
///
/// # Errors
/// 引擎故障。
pub fn offer(tx: &mut Tx<'_>, item_code: &str) -> Result<Option<Offer>> {
    let Some(row) = store::item_by_code(tx, item_code)? else { return Ok(None) };
    if row.edition == 0 || !row.task_type.apply_based() {
        return Ok(None);
    }
    let (Some(edition), Some(implementation)) =
        (store::edition(tx, row.id, row.edition)?, store::implementation_by_id(tx, row.implementation)?)
    else {
        return Ok(None);
    };
    let guide = edition.guide;
    let days = |limit: &crate::model::Limit| u32::try_from(limit.whole_workdays()).unwrap_or(u32::MAX);
    Ok(Some(Offer {
        item_id: row.id,
        version: row.edition,
        code: row.code.clone(),
        name: guide.name.clone(),
        task_type: row.task_type.code().to_owned(),
        place: row.place,
        region: implementation.division.get(..6).unwrap_or_default().to_owned(),
        division: implementation.division.clone(),
        dept_code: implementation.dept_code.clone(),
        org_name: row.dept_name.clone(),
        phone: some(&guide.consult_phone),
        open: row.open(),
        closed_reason: closed_reason(&row),
        promise_days: days(&guide.promise),
        legal_days: days(&guide.legal),
        instant: guide.instant(),
        online: guide.depth().can_apply() && guide.online.here,
        min_real_level: guide.real_level,
        for_person: guide.objects.is_empty() || guide.objects.contains(&ServiceObject::Person),
        for_legal: guide.objects.is_empty() || guide.objects.iter().any(|object| *object != ServiceObject::Person),
        single_post: guide.single_post || guide.instant() || row.level >= UseLevel::Town,
        commitment: guide.commitment || guide.materials.iter().any(|material| material.waive == Waive::Commitment),
        stoppable: guide.stoppable.clone(),
        licence: guide.result.types.contains(&ResultType::Licence).then(|| guide.result.name.clone()),
        situations: situations(&guide),
        materials: materials(&guide),
        fields: fields(&guide),
        steps: guide.steps.iter().map(|step| (step.name.clone(), step.workdays)).collect(),
        guide,
    }))
}

pub(crate) fn closed_reason(row: &ItemRow) -> Option<String> {
    let words = |label: &str| if row.notice.is_empty() { label.to_owned() } else { format!("{label}：{}", row.notice) };
    match row.status.state {
        State::Suspended => Some(words("这一项暂停办理")),
        State::Cancelled => Some(words("这一项已经取消")),
        _ => None,
    }
}

fn situations(guide: &Guide) -> Vec<Situation> {
    guide
        .questions
        .iter()
        .map(|question| Situation {
            key: question.id.clone(),
            question: question.text.clone(),
            options: question.options.iter().map(|choice| (format!("{}.{}", question.id, choice.id), choice.label.clone())).collect(),
        })
        .collect()
}

fn materials(guide: &Guide) -> Vec<OfferedMaterial> {
    guide
        .materials
        .iter()
        .map(|material| OfferedMaterial {
            key: material.id.clone(),
            name: material.name.clone(),
            need: material.need.code().parse().unwrap_or(1),
            copies: u32::from(material.copies),
            hint: some(&material.hint),
            when: keys(&material.when),
            by_licence: material.waived(),
            by_promise: material.promisable(),
        })
        .collect()
}

fn fields(guide: &Guide) -> Vec<OfferedField> {
    guide
        .form
        .sections
        .iter()
        .flat_map(|section| &section.fields)
        .map(|field| OfferedField {
            key: field.name.clone(),
            label: field.label.clone(),
            kind: field.kind.as_str().to_owned(),
            required: field.required,
            options: field.options.iter().map(|option| (option.id.clone(), option.label.clone())).collect(),
            hint: some(&field.hint),
            unit: some(&field.unit),
            when: keys(&field.when),
        })
        .collect()
}

/// 一个县区最多这么多办理项供挑选。
const OFFERS_SCANNED: i64 = 5_000;

/// 窗口挑事项：名称含这些字，或读音含这串字母；空词给前几项。
///
/// # Errors
/// 引擎故障。
pub fn offers(tx: &mut Tx<'_>, tenant: i64, words: &str, limit: usize) -> Result<Vec<(String, String, String)>> {
    let words: String = words.split_whitespace().collect::<String>().to_lowercase();
    let letters = !words.is_empty() && words.bytes().all(|byte| byte.is_ascii_alphabetic());
    let matches = |name: &str, sort: &str| {
        name.to_lowercase().contains(&words)
            || (letters && (sort.get(1..).unwrap_or_default().contains(&words) || tongban_search::initials_of(name).contains(&words)))
    };
    Ok(store::open_names(tx, tenant, OFFERS_SCANNED)?
        .into_iter()
        .filter(|(code, name, _, sort)| matches(name, sort) || *code == words.to_uppercase())
        .take(limit)
        .map(|(code, name, dept, _)| (code, name, dept))
        .collect())
}

/// 公开指南页要的全部内容。
#[derive(Debug, Clone, PartialEq)]
pub struct PublicGuide {
    pub item: i64,
    pub code: String,
    pub dept_name: String,
    pub level: UseLevel,
    pub state: State,
    pub complete: bool,
    /// 看的是哪一版；0 = 还没有发布过。
    pub edition: i64,
    /// 现行版；与 `edition` 不同时看的是旧版。
    pub current: i64,
    pub published: Option<Timestamp>,
    pub notice: String,
    pub resume_day: i64,
    pub guide: Guide,
    /// 同一事项还能在哪里办：编码、单位。
    pub elsewhere: Vec<(String, String)>,
    pub local_code: String,
    pub catalogue_code: String,
}

impl PublicGuide {
    /// 现在能在网上申报。
    #[must_use]
    pub fn can_apply(&self) -> bool {
        self.state == State::Active && self.edition == self.current && self.guide.online.here && self.guide.depth().can_apply()
    }

    /// 网办等级。
    #[must_use]
    pub fn depth(&self) -> OnlineDepth {
        self.guide.depth()
    }

    /// 这些答案下的情形。
    #[must_use]
    pub fn answers(&self, given: &Answers) -> Answers {
        self.guide.settle_answers(given)
    }
}

/// 同一事项最多列多少处。
const ELSEWHERE: i64 = 60;

/// 一份公开的指南；`edition` 不写就是现行版。没有这一版、已取消下架的返回 `None`（取消的仍可看旧版）。
///
/// # Errors
/// 引擎故障。
pub fn public_guide(tx: &mut Tx<'_>, code: &str, edition: Option<i64>) -> Result<Option<Arc<PublicGuide>>> {
    let Some(row) = store::item_by_code(tx, code)? else { return Ok(None) };
    let wanted = edition.unwrap_or(row.edition);
    let (guide, published) = match store::edition(tx, row.id, wanted)? {
        Some(found) => (found.guide, Some(found.published)),
        // 没有发布过的，公开的是名称、部门与“待完善”
        None if edition.is_none() && row.edition == 0 => (row.draft.clone(), None),
        None => return Ok(None),
    };
    let elsewhere = store::same_catalogue(tx, row.catalogue, ELSEWHERE)?
        .into_iter()
        .filter(|other| other.id != row.id && other.status.state != State::Cancelled)
        .map(|other| (other.code, other.dept_name))
        .collect();
    let implementation = store::implementation_by_id(tx, row.implementation)?;
    let catalogue = store::catalogue_by_id(tx, row.catalogue)?;
    Ok(Some(Arc::new(PublicGuide {
        item: row.id,
        code: row.code,
        dept_name: row.dept_name,
        level: row.level,
        state: row.status.state,
        complete: row.complete,
        edition: wanted,
        current: row.edition,
        published,
        notice: row.notice,
        resume_day: row.resume_day,
        guide,
        elsewhere,
        local_code: implementation.map(|found| found.local_code).unwrap_or_default(),
        catalogue_code: catalogue.code,
    })))
}

/// 检索文档；总书架上没有它（镇上的重复项、取消的）就不进检索。
///
/// # Errors
/// 引擎故障。
pub fn findable_item(tx: &mut Tx<'_>, id: i64) -> Result<Option<Doc>> {
    let Some(row) = store::item_by_id(tx, id)? else { return Ok(None) };
    document(tx, row)
}

fn document(tx: &mut Tx<'_>, row: ItemRow) -> Result<Option<Doc>> {
    if row.status.state == State::Cancelled || store::shelf_leader(tx, row.catalogue)? != Some(row.id) {
        return Ok(None);
    }
    let guide = match store::edition(tx, row.id, row.edition)? {
        Some(found) => found.guide,
        None => row.draft.clone(),
    };
    let mut body = vec![guide.summary.clone(), format!("由{}办理。", row.dept_name)];
    body.extend(guide.materials.iter().map(|material| material.name.clone()));
    body.extend(guide.faq.iter().map(|faq| faq.question.clone()));
    let themes = guide.person_themes.iter().map(|t| format!("p{t}")).chain(guide.corp_themes.iter().map(|t| format!("c{t}")));
    Ok(Some(Doc {
        kind: "item".to_owned(),
        id: row.id,
        title: guide.name.clone(),
        aliases: guide.aliases.clone(),
        body: body.join(" "),
        url: format!("/items/{}", row.code),
        facets: Facets {
            object: guide.objects.iter().map(|object| object.code().to_owned()).collect(),
            theme: themes.collect(),
            dept: vec![row.place.unit.to_string()],
            town: Vec::new(),
        },
        weight: if row.complete { 1.4 } else { 1.0 },
    }))
}

/// 全量重建检索用。
///
/// # Errors
/// 引擎故障。
pub fn scan_items(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<Doc>> {
    let mut from = after;
    loop {
        let rows = store::scan_items(tx, from, limit)?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(Vec::new()) };
        let mut docs = Vec::with_capacity(rows.len());
        for row in rows {
            docs.extend(document(tx, row)?);
        }
        // 这一段全不进检索：接着往后扫，空手而归表示到底了
        if !docs.is_empty() {
            return Ok(docs);
        }
        from = last;
    }
}
