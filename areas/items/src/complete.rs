//! 写完整的事项：`reference/items-complete.yaml`，导入时放进对应的办理项。
//!
//! 文件里共用的地点、电话、流程写一次，各项只写自己的；这里把它们拼成完整的 [`Guide`]。

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::codes::TaskType;
use crate::model::guide::{Guide, Place, Remedy, Step};

/// 随程序带的一份。
const BUILT_IN: &str = include_str!("../../../reference/items-complete.yaml");

/// 一项写完整的内容，以及它属于哪个部门。
#[derive(Debug, Clone, PartialEq)]
pub struct Complete {
    /// `items-sichuan-county.csv` 的部门名。
    pub dept: String,
    pub guide: Guide,
}

/// 内容文件里 `<<` 可以一层套一层；每次展开一层。
const MERGE_DEPTH: usize = 4;

/// 读不懂的原因。
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("事项内容文件格式有误：{0}")]
    Yaml(#[from] serde_yaml_ng::Error),
    #[error("“{item}”引用了不存在的{kind}“{name}”")]
    Missing { item: String, kind: &'static str, name: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    places: BTreeMap<String, Place>,
    contacts: BTreeMap<String, Contact>,
    #[serde(rename = "templates")]
    _templates: serde_yaml_ng::Value,
    items: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    consult: String,
    supervise: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dept: String,
    at: Vec<String>,
    flow: Flow,
    #[serde(default)]
    days: Vec<u32>,
    guide: Guide,
}

/// 常见的几种流程。
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Flow {
    Permit,
    Service,
    Town,
    Instant,
}

impl Flow {
    /// 环节名、说明、承办角色。
    const fn steps(self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Self::Permit => &[
                ("受理", "材料齐了就受理，短信告诉您；缺什么一次说清", "window_clerk"),
                ("审查", "看材料；需要看场地的提前联系您", "handler"),
                ("审核", "复核审查意见", "reviewer"),
                ("决定", "不批准会写明原因和怎么救济", "approver"),
                ("送达", "电子证马上能用；纸质证可以寄给您", "delivery_clerk"),
            ],
            Self::Service => &[
                ("受理", "材料齐了就受理，短信告诉您", "window_clerk"),
                ("审核办理", "核对信息，办出结果", "handler"),
                ("送达", "短信告诉您结果，能寄的寄给您", "delivery_clerk"),
            ],
            Self::Town => &[
                ("镇上受理", "镇便民服务中心收件，村（社区）可以代办", "window_clerk"),
                ("入户核查", "镇上派人核对情况，需要公示的在村里公示", "handler"),
                ("区级确认", "区里审核确认", "approver"),
                ("送达", "书面或短信告诉您结果", "delivery_clerk"),
            ],
            Self::Instant => &[("受理", "当场收件", "window_clerk"), ("当场办结", "核对无误当场办好", "window_clerk")],
        }
    }
}

/// 随程序带的全部完整事项。
///
/// # Errors
/// 文件损坏（测试保证没有）。
pub fn built_in() -> Result<Vec<Complete>, Error> {
    parse(BUILT_IN)
}

/// 读一份事项内容文件。
///
/// # Errors
/// 格式不对，或引用了没有定义的地点、部门。
pub fn parse(text: &str) -> Result<Vec<Complete>, Error> {
    let mut value: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
    for _ in 0..MERGE_DEPTH {
        value.apply_merge()?;
    }
    let file: File = serde_yaml_ng::from_value(value)?;
    file.items.iter().map(|entry| assemble(entry, &file)).collect()
}

fn assemble(entry: &Entry, file: &File) -> Result<Complete, Error> {
    let missing = |kind, name: &str| Error::Missing { item: entry.guide.name.clone(), kind, name: name.to_owned() };
    let mut guide = entry.guide.clone();
    for key in &entry.at {
        guide.places.push(file.places.get(key).ok_or_else(|| missing("地点", key))?.clone());
    }
    let contact = file.contacts.get(&entry.dept).ok_or_else(|| missing("部门", &entry.dept))?;
    guide.consult_phone.clone_from(&contact.consult);
    guide.supervise_phone.clone_from(&contact.supervise);
    guide.steps = steps(entry.flow, &entry.days);
    guide.remedy =
        Remedy { review_org: "昭化区人民政府".to_owned(), court: "广元市昭化区人民法院".to_owned(), ..Remedy::default() };
    Ok(Complete { dept: entry.dept.clone(), guide })
}

fn steps(flow: Flow, days: &[u32]) -> Vec<Step> {
    flow.steps()
        .iter()
        .enumerate()
        .map(|(at, (name, note, role))| Step {
            name: (*name).to_owned(),
            note: (*note).to_owned(),
            role: (*role).to_owned(),
            workdays: days.get(at).copied().unwrap_or(0),
            ..Step::default()
        })
        .collect()
}

/// 按类型与名称找。
#[must_use]
pub fn find<'c>(all: &'c [Complete], task_type: TaskType, name: &str) -> Option<&'c Complete> {
    all.iter().find(|complete| complete.guide.task_type == task_type && complete.guide.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UseLevel;
    use crate::rules::{self, GuideView, Severity};

    #[test]
    fn there_are_enough_and_all_are_complete() {
        let all = built_in().unwrap();
        assert!(all.len() >= 36, "只有 {} 项", all.len());
        for complete in &all {
            let guide = &complete.guide;
            assert!(guide.complete(), "{} 不完整", guide.name);
            assert!(guide.aliases.len() >= 3, "{} 别名太少", guide.name);
            assert!(!guide.faq.is_empty(), "{} 没有常见问题", guide.name);
            assert_eq!(guide.form.faults(), Vec::<String>::new(), "{} 的申报表", guide.name);
            assert!(find(&all, guide.task_type, &guide.name) == Some(complete), "{} 重复", guide.name);
        }
    }

    #[test]
    fn every_complete_item_passes_the_quality_rules() {
        for complete in built_in().unwrap() {
            let guide = &complete.guide;
            let code = format!("11510811MB0000027M451{}0000100001", guide.task_type.code());
            let view = GuideView {
                guide,
                code: &code,
                implementation_code: &code[..31],
                catalogue_code: &code[19..31],
                catalogue_name: &guide.name,
                catalogue_levels: &[UseLevel::County],
                level: UseLevel::County,
                dept_code: &code[..18],
                division: None,
                province: "51",
                siblings: &[],
                catalogue_taken: false,
                published_code: None,
                sites: None,
                repealed: &[],
                url_reachable: None,
            };
            let findings: Vec<String> = rules::check(&view)
                .iter()
                .filter(|finding| finding.severity != Severity::I)
                .map(|finding| format!("{} {}：{}", finding.rule, finding.field, finding.message))
                .collect();
            assert!(findings.is_empty(), "{}：{findings:#?}", guide.name);
        }
    }

    #[test]
    fn every_situation_leads_to_a_sensible_plan() {
        for complete in built_in().unwrap() {
            let guide = &complete.guide;
            let conditions = guide.materials.iter().map(|m| &m.when).chain(guide.variants.iter().map(|v| &v.when));
            for when in conditions {
                for (question, options) in &when.0 {
                    let known = guide.questions.iter().find(|q| q.id == *question);
                    let all = known.is_some_and(|q| options.iter().all(|o| q.options.iter().any(|c| c.id == *o)));
                    assert!(all, "{}：条件 {question}={options:?} 没有对应的问题", guide.name);
                }
            }
            for answers in guide.situations() {
                let plan = guide.plan(&answers);
                assert!(plan.stop.is_some() || guide.no_materials || !plan.materials.is_empty(), "{}", guide.name);
                assert!(plan.promise.parts() <= plan.legal.parts(), "{}", guide.name);
            }
        }
    }

    #[test]
    fn unknown_places_are_named() {
        let text = "places: {}\ncontacts: {}\ntemplates: {}\nitems: [{dept: 某局, at: [moon], flow: permit, guide: {name: 甲}}]";
        assert_eq!(parse(text).unwrap_err().to_string(), "“甲”引用了不存在的地点“moon”");
    }
}
