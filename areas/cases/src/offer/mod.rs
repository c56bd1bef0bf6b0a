//! 从事项区取现行的一版，变成本区的 [`Offer`]；两区的类型只在这里相遇。

pub mod bundle;

use tongban_items::queries as items;
use tongban_store::{Result, Tx};

use crate::model::{Choice, Field, FieldKind, Flow, Offer, OfferMaterial, Situation, Stage, StageKind, Step, Variant, post_of};

/// 33 位事项编码的现行版；没有发布或不是依申请的为 `None`。
///
/// # Errors
/// 引擎拒绝。
#[cfg(not(test))]
pub fn current(tx: &mut Tx<'_>, code: &str) -> Result<Option<Offer>> {
    let Some(live) = items::live(tx, code)? else { return Ok(None) };
    // 发布的一版不再变：转换好的留在进程里，每件只读此刻的几列
    let edition = (live.item_id, live.version);
    let Some(shape) = tx.unchanging("cases.offer", edition, |tx| Ok(items::offer_of(tx, &live)?.map(converted)))? else { return Ok(None) };
    let doc_prefix = tongban_directory::queries::org(tx, live.place.org)?.map(|org| org.doc_prefix).filter(|prefix| !prefix.is_empty());
    let flow = crate::store::flow(tx, &live.code)?.map_or_else(|| shape.flow.clone(), |(_, flow)| flow);
    let items::Live { code, place, region, org_name, open, closed_reason, .. } = live;
    Ok(Some(Offer { code, place, region, org_name, open, closed_reason, doc_prefix, flow, ..Offer::clone(&shape) }))
}

/// 本区的单元测试不带事项区，只有一个样例事项。
///
/// # Errors
/// 从不。
#[cfg(test)]
pub fn current(_: &mut Tx<'_>, code: &str) -> Result<Option<Offer>> {
    Ok(Some(crate::testing::sample_offer()).filter(|offer| offer.code == code))
}

/// 窗口挑事项：名称含这些字，或拼音首字母；给编码、名称、机关。
///
/// # Errors
/// 引擎拒绝。
pub fn find(tx: &mut Tx<'_>, tenant: i64, words: &str, limit: usize) -> Result<Vec<(String, String, String)>> {
    items::offers(tx, tenant, words, limit)
}

/// 申请人、情况等页面自己用的字段名；事项表单里同名的换个名字。
const RESERVED: &[&str] = &["name", "id_number", "mobile", "contact", "address", "summary", "who", "code", "delivery", "truth", "version", "express", "tracking", "allow_same", "follow_no", "follow_kind"];

fn key(name: String) -> String {
    if RESERVED.contains(&name.as_str()) { format!("f_{name}") } else { name }
}

/// 事项区的类型 → 本区的类型。
#[must_use]
pub fn converted(found: items::Offer) -> Offer {
    let variants = found.guide.variants.iter().map(variant).collect();
    let withheld = found.guide.exemptions.iter().any(|exemption| exemption.from == "public");
    let window = found.instant && at_window(&found.guide.steps);
    let single_post = found.single_post || window;
    let flow = Flow { window, ..if single_post { Flow::default() } else { flow(&found.guide.steps) } };
    let prefills: Vec<String> = found.guide.form.sections.iter().flat_map(|s| &s.fields).map(|f| f.prefill.clone()).collect();
    let situations = found.situations.into_iter().zip(&found.guide.questions).map(|(s, q)| situation(s, q)).collect();
    Offer {
        item_id: found.item_id,
        version: found.version,
        code: found.code,
        name: found.name,
        task_type: found.task_type,
        place: found.place,
        region: found.region,
        org_name: found.org_name,
        doc_prefix: None,
        phone: found.phone,
        open: found.open,
        closed_reason: found.closed_reason,
        promise_days: found.promise_days,
        legal_days: found.legal_days,
        instant: found.instant,
        online: found.online,
        min_real_level: found.min_real_level,
        for_person: found.for_person,
        for_legal: found.for_legal,
        single_post,
        withheld,
        commitment: found.commitment,
        stoppable: found.stoppable,
        licence: found.licence,
        situations,
        variants,
        materials: found.materials.into_iter().map(material).collect(),
        flow,
        members: Vec::new(),
        fields: found.fields.into_iter().zip(prefills).map(|(found, prefill)| field(found, prefill)).collect(),
    }
}

/// 指南“流程”里写了承办角色的审查环节；至少有决定一步才照它走。
fn flow(steps: &[tongban_items::model::Step]) -> Flow {
    let stage = |step: &tongban_items::model::Step| {
        let post = post_of(&step.role)?;
        Some(Stage { name: step.name.clone(), post, kind: StageKind::Ordinary, days: step.workdays })
    };
    let stages: Vec<Stage> = steps.iter().filter_map(stage).collect();
    let whole = stages.last().is_some_and(|last| last.post == Step::Approve);
    Flow { stages: if whole { stages } else { Vec::new() }, ..Flow::default() }
}

/// 指南“流程”里每一步都落在窗口（至多另有出件岗）：部门授权窗口当场决定。
fn at_window(steps: &[tongban_items::model::Step]) -> bool {
    steps.iter().any(|step| step.role == "window_clerk") && steps.iter().all(|step| matches!(step.role.as_str(), "window_clerk" | "delivery_clerk"))
}

fn keys(when: &tongban_items::model::When) -> Vec<String> {
    when.0.iter().flat_map(|(question, options)| options.iter().map(move |option| format!("{question}.{option}"))).collect()
}

fn variant(found: &tongban_items::model::situations::Variant) -> Variant {
    let days = |limit: &tongban_items::model::Limit| u32::try_from(limit.whole_workdays()).unwrap_or(u32::MAX);
    Variant {
        when: keys(&found.when),
        promise_days: found.promise.as_ref().map(days),
        legal_days: found.legal.as_ref().map(days),
    }
}

fn situation(found: items::Situation, question: &tongban_items::model::Question) -> Situation {
    let stop = |index: usize| question.options.get(index).map(|choice| choice.stop.clone()).filter(|stop| !stop.is_empty());
    let options = found.options.into_iter().enumerate().map(|(n, (key, label))| Choice { key, label, stop: stop(n) }).collect();
    Situation { key: found.key, question: found.question, options, when: keys(&question.when) }
}

fn material(found: items::OfferedMaterial) -> OfferMaterial {
    OfferMaterial {
        key: found.key,
        name: found.name,
        need: found.need,
        copies: found.copies,
        hint: found.hint,
        when: found.when,
        by_promise: found.by_promise,
        by_licence: found.by_licence,
    }
}

/// 合并表的一栏。
fn form_field(found: &tongban_items::model::FormField) -> Field {
    let offered = items::OfferedField {
        key: found.name.clone(),
        label: found.label.clone(),
        kind: found.kind.as_str().to_owned(),
        required: found.required,
        options: found.options.iter().map(|option| (option.id.clone(), option.label.clone())).collect(),
        hint: Some(found.hint.clone()).filter(|hint| !hint.is_empty()),
        unit: Some(found.unit.clone()).filter(|unit| !unit.is_empty()),
        when: Vec::new(),
    };
    field(offered, found.prefill.clone())
}

fn field(found: items::OfferedField, prefill: String) -> Field {
    let kind = match found.kind.as_str() {
        "textarea" => FieldKind::Textarea,
        "number" => FieldKind::Number,
        "integer" => FieldKind::Integer,
        "money" => FieldKind::Money,
        "date" => FieldKind::Date,
        "mobile" => FieldKind::Mobile,
        "phone" => FieldKind::Phone,
        "id_number" => FieldKind::Id,
        "uscc" => FieldKind::Uscc,
        "division" => FieldKind::Division,
        "radio" => FieldKind::Radio,
        "select" => FieldKind::Select,
        "checkbox" => FieldKind::Checkbox,
        _ => FieldKind::Text,
    };
    Field {
        key: key(found.key),
        label: found.label,
        kind,
        required: found.required,
        options: found.options.into_iter().map(|(key, label)| Choice { key, label, stop: None }).collect(),
        hint: found.hint,
        unit: found.unit,
        when: found.when,
        prefill,
    }
}
