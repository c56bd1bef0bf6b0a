//! 办件要的：一个办理项此刻能怎么办。随时会变的一半（[`live`]）与发布后不变的一版分开读，后一半可以记住。

use serde::{Deserialize, Serialize};
use tongban_kernel::Place;
use tongban_store::{Result, Tx};

use super::closed_reason;
use crate::model::Guide;
use crate::model::codes::{ResultType, ServiceObject, UseLevel, Waive};
use crate::model::lifecycle::State;
use crate::store;

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

/// 一个办理项此刻的样子，随时会变的那一半；发布的一版在 [`offer_of`]。
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    pub item_id: i64,
    /// 现行版。
    pub version: i64,
    pub code: String,
    pub task_type: String,
    pub place: Place,
    /// 实施主体区划前 6 位。
    pub region: String,
    pub division: String,
    pub dept_code: String,
    pub org_name: String,
    /// 镇村两级行使。
    pub local: bool,
    pub open: bool,
    /// 不收件时给群众看的话。
    pub closed_reason: Option<String>,
}

/// 此刻能不能办；没有发布过、主动公示类或编码不存在为 `None`。
///
/// # Errors
/// 引擎故障。
pub fn live(tx: &mut Tx<'_>, item_code: &str) -> Result<Option<Live>> {
    let Some(row) = store::live(tx, item_code)? else { return Ok(None) };
    if row.edition == 0 || !row.task_type.apply_based() {
        return Ok(None);
    }
    Ok(Some(Live {
        item_id: row.id,
        version: row.edition,
        task_type: row.task_type.code().to_owned(),
        place: row.place,
        region: row.division.get(..6).unwrap_or_default().to_owned(),
        division: row.division,
        dept_code: row.dept_code,
        local: row.level >= UseLevel::Town,
        open: row.state == State::Active,
        closed_reason: closed_reason(row.state, &row.notice),
        org_name: row.dept_name,
        code: row.code,
    }))
}

/// 现行发布版能怎么办；没有发布过、主动公示类或编码不存在为 `None`。
///
/// # Errors
/// 引擎故障。
pub fn offer(tx: &mut Tx<'_>, item_code: &str) -> Result<Option<Offer>> {
    match live(tx, item_code)? {
        Some(live) => offer_of(tx, &live),
        None => Ok(None),
    }
}

/// 此刻的样子加上发布的那一版。
///
/// # Errors
/// 引擎故障。
pub fn offer_of(tx: &mut Tx<'_>, live: &Live) -> Result<Option<Offer>> {
    let Some(edition) = store::edition(tx, live.item_id, live.version)? else { return Ok(None) };
    let guide = edition.guide;
    let days = |limit: &crate::model::Limit| u32::try_from(limit.whole_workdays()).unwrap_or(u32::MAX);
    let live = live.clone();
    Ok(Some(Offer {
        item_id: live.item_id,
        version: live.version,
        code: live.code,
        name: guide.name.clone(),
        task_type: live.task_type,
        place: live.place,
        region: live.region,
        division: live.division,
        dept_code: live.dept_code,
        org_name: live.org_name,
        phone: some(&guide.consult_phone),
        open: live.open,
        closed_reason: live.closed_reason,
        promise_days: days(&guide.promise),
        legal_days: days(&guide.legal),
        instant: guide.instant(),
        online: guide.depth().can_apply() && guide.online.here,
        min_real_level: guide.real_level,
        for_person: guide.objects.is_empty() || guide.objects.contains(&ServiceObject::Person),
        for_legal: guide.objects.is_empty() || guide.objects.iter().any(|object| *object != ServiceObject::Person),
        single_post: guide.single_post || guide.instant() || live.local,
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
