//! 读：给办件的“能办什么、怎么办”、给窗口的事项挑选、给检索的文档、公开指南的全部内容。

mod bundle;
mod offer;

use std::sync::Arc;

use jiff::Timestamp;
use tongban_search::{Doc, Facets};
use tongban_store::{Result, Tx};

use crate::model::codes::{OnlineDepth, UseLevel};
use crate::model::lifecycle::State;
use crate::model::{Answers, Guide};
use crate::store::{self, ItemRow};

pub(crate) use bundle::assemble;
pub use bundle::{bundle, findable_bundle, scan_bundles};
pub use offer::{Live, Offer, OfferedField, OfferedMaterial, Situation, live, offer, offer_of};

pub(crate) fn closed_reason(state: State, notice: &str) -> Option<String> {
    let words = |label: &str| if notice.is_empty() { label.to_owned() } else { format!("{label}：{notice}") };
    match state {
        State::Suspended => Some(words("这一项暂停办理")),
        State::Cancelled => Some(words("这一项已经取消")),
        _ => None,
    }
}

/// 某日范围内在用的依申请办理项的编码；`day` 是 `20261122` 这样的整数。评价覆盖率的分母（evaluation §6）。
///
/// # Errors
/// 引擎故障。
pub fn applied_on(tx: &mut Tx<'_>, scope: &tongban_kernel::Scope, day: i64) -> Result<std::collections::BTreeSet<String>> {
    store::applied_on(tx, scope, day)
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
    let Some(mut row) = store::item_by_code(tx, code)? else { return Ok(None) };
    let wanted = edition.unwrap_or(row.edition);
    let (guide, published) = match store::edition(tx, row.id, wanted)? {
        Some(found) => (found.guide, Some(found.published)),
        // 没有发布过的，公开的是名称、部门与“待完善”
        None if edition.is_none() && row.edition == 0 => {
            row.complete = false;
            (unpublished(&row), None)
        }
        None => return Ok(None),
    };
    public(tx, row, guide, wanted, published).map(Some)
}

/// 没有发布过的对外只说叫什么、是哪一类：工作稿没有审过，写得再全也不公开。
fn unpublished(row: &ItemRow) -> Guide {
    Guide { name: row.name.clone(), task_type: row.task_type, ..Guide::default() }
}

/// 工作稿发布出去会是什么样。
///
/// # Errors
/// 引擎故障。
pub(crate) fn preview(tx: &mut Tx<'_>, row: &ItemRow) -> Result<Arc<PublicGuide>> {
    let draft = ItemRow { complete: row.draft.complete(), ..row.clone() };
    let guide = draft.draft.clone();
    let mut found = public(tx, draft, guide, row.edition + 1, None)?;
    if let Some(shown) = Arc::get_mut(&mut found) {
        shown.current = shown.edition;
        shown.state = State::Active;
    }
    Ok(found)
}

fn public(tx: &mut Tx<'_>, row: ItemRow, guide: Guide, edition: i64, published: Option<Timestamp>) -> Result<Arc<PublicGuide>> {
    let elsewhere = store::same_catalogue(tx, row.catalogue, ELSEWHERE)?
        .into_iter()
        .filter(|other| other.id != row.id && other.status.state != State::Cancelled)
        .map(|other| (other.code, other.dept_name))
        .collect();
    let implementation = store::implementation_by_id(tx, row.implementation)?;
    let catalogue = store::catalogue_by_id(tx, row.catalogue)?;
    Ok(Arc::new(PublicGuide {
        item: row.id,
        code: row.code,
        dept_name: row.dept_name,
        level: row.level,
        state: row.status.state,
        complete: row.complete,
        edition,
        current: row.edition,
        published,
        notice: row.notice,
        resume_day: row.resume_day,
        guide,
        elsewhere,
        local_code: implementation.map(|found| found.local_code).unwrap_or_default(),
        catalogue_code: catalogue.code,
    }))
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
        None => unpublished(&row),
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
