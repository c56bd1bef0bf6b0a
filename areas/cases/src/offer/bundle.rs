//! 一件事当作一个“事项”来申办：合并的表、合并的材料，答案定下之后与单个事项同一条路。

use std::collections::BTreeMap;

use tongban_items::model::bundle::{BundleOffer, BundlePlan};
use tongban_items::model::{Answers, Question};
use tongban_items::queries as items;
use tongban_store::{Result, Tx};

use super::{form_field, key};
use crate::model::{Choice, MaterialStatus, Offer, OfferMaterial, Part, Situation};
use crate::store::DraftBody;

/// 草稿里的“事项编码”写作 `bundle:1`。
const PREFIX: &str = "bundle:";

/// 这个编码说的是一件事。
#[must_use]
pub fn number_of(code: &str) -> Option<i64> {
    code.strip_prefix(PREFIX).and_then(|number| number.parse().ok())
}

#[must_use]
pub fn code_of(number: i64) -> String {
    format!("{PREFIX}{number}")
}

/// 一件事的定义；没有为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn definition(tx: &mut Tx<'_>, number: i64) -> Result<Option<BundleOffer>> {
    items::bundle(tx, number)
}

/// “题.选项” → 答案。
#[must_use]
pub fn answers(chosen: &[String]) -> Answers {
    chosen.iter().filter_map(|key| key.split_once('.')).map(|(question, option)| (question.to_owned(), option.to_owned())).collect()
}

/// 答案 → “题.选项”。
#[must_use]
pub fn chosen(answers: &Answers) -> Vec<String> {
    answers.iter().map(|(question, option)| format!("{question}.{option}")).collect()
}

fn situation(question: &Question) -> Situation {
    let option = |choice: &tongban_items::model::situations::Choice| Choice {
        key: format!("{}.{}", question.id, choice.id),
        label: choice.label.clone(),
        stop: Some(choice.stop.clone()).filter(|stop| !stop.is_empty()),
    };
    Situation { key: question.id.clone(), question: question.text.clone(), options: question.options.iter().map(option).collect(), when: Vec::new() }
}

/// 这些答案下合并成的一个“事项”。
#[must_use]
pub fn merged(bundle: &BundleOffer, picked: &[String]) -> Offer {
    let settled = bundle.settle(&answers(picked));
    let plan = bundle.plan(&settled);
    let material = |m: &tongban_items::model::bundle::MergedMaterial| OfferMaterial {
        key: m.id.clone(),
        name: m.material.name.clone(),
        need: m.material.need.code().parse().unwrap_or(1),
        copies: u32::from(m.material.copies),
        hint: Some(m.material.hint.clone()).filter(|hint| !hint.is_empty()),
        when: Vec::new(),
        by_promise: m.material.promisable(),
        by_licence: m.material.waived(),
    };
    let legal = bundle.object.contains("法人");
    Offer {
        item_id: bundle.id,
        version: bundle.version,
        code: code_of(bundle.number),
        name: bundle.name.clone(),
        org_name: bundle.lead.clone(),
        open: !plan.members.is_empty(),
        closed_reason: plan.members.is_empty().then(|| "按您的情况，这里没有要办的；请拨 12345 问清去处".to_owned()),
        promise_days: u32::try_from(plan.total_days).unwrap_or(0),
        online: plan.members.iter().all(|member| member.online),
        for_person: !legal || bundle.object.contains("自然人"),
        for_legal: legal || bundle.object.contains("法人"),
        members: plan.members.iter().map(|member| member.code.clone()).collect(),
        situations: bundle.questions(&settled).iter().map(situation).collect(),
        materials: plan.materials.iter().map(material).collect(),
        fields: plan.form.sections.iter().flat_map(|section| &section.fields).map(form_field).collect(),
        ..Offer::default()
    }
}

/// 把一份申请拆给各成员。
#[must_use]
pub fn parts(plan: &BundlePlan, body: &DraftBody) -> BTreeMap<String, Part> {
    let mut parts: BTreeMap<String, Part> = plan
        .members
        .iter()
        .map(|member| (member.key.clone(), Part { situations: chosen(&member.answers), ..Part::default() }))
        .collect();
    for target in &plan.fields {
        let value = body.form.get(&key(target.field.clone()));
        if let (Some(value), Some(part)) = (value, parts.get_mut(&target.member)) {
            part.form.insert(key(target.name.clone()), value.clone());
        }
    }
    for material in &plan.materials {
        let given = body.materials.get(&material.id);
        for (member, own) in &material.targets {
            if let (Some(given), Some(part)) = (given, parts.get_mut(member)) {
                part.statuses.insert(own.clone(), given.status);
                if given.status == MaterialStatus::Uploaded {
                    part.files.insert(own.clone(), given.files.clone());
                }
                if given.status == MaterialStatus::Licence && !given.licence.is_empty() {
                    part.licences.insert(own.clone(), given.licence.clone());
                }
            }
        }
    }
    parts
}
