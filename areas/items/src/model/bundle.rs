//! 一件事（cases §6.1）：几个办理项按先后合在一起办。
//!
//! 定义说有哪些成员、谁先谁后、哪些可以不办、什么情形才办；答完引导问题得到一份个人清单：
//! 要办的成员、一张合并的表、一份合并的材料、关键路径上的天数。全是纯函数。

mod merge;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tongban_kernel::FieldError;

use super::form::FormSchema;
use super::guide::{Guide, Material};
use super::situations::{Answers, Choice, Question, When};

/// 一件事的定义，除成员的叫法与目录之外的部分。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BundleGuide {
    /// 一句大白话：谁、什么时候用得上。
    pub summary: String,
    pub aliases: Vec<String>,
    /// 先问的题；题号不得带“-”，不得与成员键相同。
    pub questions: Vec<Question>,
    /// 成员的规矩；没写的成员可与别的并着办、必选。
    pub members: Vec<MemberRule>,
    /// 叫法不同其实是同一栏的字段：`["m1.shop_name", "m2.name"]`。
    pub same_fields: Vec<Vec<String>>,
    /// 叫法不同其实是同一份的材料。
    pub same_materials: Vec<Vec<String>>,
}

/// 一个成员的规矩。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemberRule {
    /// `m1`、`m2`……与成员的次序一致。
    pub key: String,
    /// 要等哪几个成员办结。
    pub after: Vec<String>,
    pub optional: bool,
    /// 引导问题怎么答才办这一件。
    pub when: When,
    /// 成员自己的情形题从哪里来：套餐的题，或固定的选项。
    pub binds: BTreeMap<String, Bind>,
}

/// 成员的一道情形题怎么答。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bind {
    /// 套餐的哪一题；空 = 固定答 `fixed`。
    pub question: String,
    /// 套餐的选项 → 成员的选项。
    pub options: BTreeMap<String, String>,
    pub fixed: String,
}

impl BundleGuide {
    /// 一个成员的规矩；没写就是可并着办的必选。
    #[must_use]
    pub fn rule(&self, key: &str) -> MemberRule {
        let fresh = || MemberRule { key: key.to_owned(), ..MemberRule::default() };
        self.members.iter().find(|rule| rule.key == key).cloned().unwrap_or_else(fresh)
    }

    /// 定义自身的毛病：键重复、先后成环、引用不存在。
    #[must_use]
    pub fn faults(&self, members: usize) -> Vec<String> {
        let keys: Vec<String> = (1..=members).map(|seq| format!("m{seq}")).collect();
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for rule in &self.members {
            if !keys.contains(&rule.key) {
                faults.push(format!("没有第 {} 个成员", rule.key.trim_start_matches('m')));
            }
            if !seen.insert(&rule.key) {
                faults.push(format!("成员 {} 的规矩写了两遍", rule.key));
            }
            faults.extend(rule.after.iter().filter(|key| !keys.contains(key)).map(|key| format!("{} 要等的 {key} 不存在", rule.key)));
            let asked = |id: &String| self.questions.iter().any(|question| question.id == *id);
            faults.extend(rule.when.0.keys().filter(|id| !asked(id)).map(|id| format!("{} 的条件用了没有的题 {id}", rule.key)));
            let bound = rule.binds.values().map(|bind| &bind.question).filter(|id| !id.is_empty() && !asked(id));
            faults.extend(bound.map(|id| format!("{} 的情形用了没有的题 {id}", rule.key)));
        }
        for question in &self.questions {
            if question.id.contains('-') || keys.contains(&question.id) {
                faults.push(format!("题号“{}”不能带“-”，也不能与成员键相同", question.id));
            }
            if question.options.len() < 2 {
                faults.push(format!("“{}”至少要有两个选项", question.text));
            }
        }
        if keys.iter().any(|key| self.reaches(key, key, keys.len())) {
            faults.push("先后关系绕成了圈：有的事要等自己办完".to_owned());
        }
        faults
    }

    /// 从 `from` 顺着“要等谁”走，能不能走到 `to`。
    fn reaches(&self, from: &str, to: &str, fuel: usize) -> bool {
        fuel > 0 && self.rule(from).after.iter().any(|next| next == to || self.reaches(next, to, fuel - 1))
    }
}

/// 成员对上的办理项。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberOffer {
    pub item_id: i64,
    /// 33 位事项编码。
    pub code: String,
    /// 现行版本。
    pub version: i64,
    pub name: String,
    pub dept_name: String,
    /// 能在网上申报。
    pub online: bool,
    /// 不收件的原因；收件为空。
    pub closed: String,
    /// 承办单位，子件归它。
    pub unit: i64,
    pub guide: Guide,
}

/// 一件事的一个成员。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BundleMember {
    pub key: String,
    pub name: String,
    pub after: Vec<String>,
    pub optional: bool,
    pub when: When,
    pub binds: BTreeMap<String, Bind>,
    /// 本地没有开办的为空。
    pub offer: Option<MemberOffer>,
}

/// 一件事现在怎么办。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BundleOffer {
    pub id: i64,
    pub version: i64,
    /// 网址里的号。
    pub number: i64,
    pub name: String,
    /// `自然人` 或 `法人`。
    pub object: String,
    pub lead: String,
    pub guide: BundleGuide,
    pub members: Vec<BundleMember>,
}

/// 个人清单里要办的一个成员。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedMember {
    pub key: String,
    pub code: String,
    pub item_id: i64,
    pub version: i64,
    pub name: String,
    pub dept_name: String,
    pub online: bool,
    /// 成员自己的情形答案，随子件走。
    pub answers: Answers,
    /// 要等谁办结；只列要办的，不办的由它的前置顶上。
    pub after: Vec<String>,
    /// 承诺工作日。
    pub days: i64,
    pub visits: i64,
}

/// 不在个人清单里的一个成员，说清为什么；不拖累其余。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub key: String,
    pub name: String,
    pub reason: String,
}

/// 合并表的一栏对应成员的哪一栏。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldTarget {
    pub field: String,
    pub member: String,
    pub name: String,
}

/// 合并后的一份材料。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MergedMaterial {
    /// `m1-form`，套餐内唯一。
    pub id: String,
    pub material: Material,
    /// 成员键、成员自己的材料短名。
    pub targets: Vec<(String, String)>,
}

/// 合起来办省了多少：合并前、合并后。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gains {
    pub materials: (i64, i64),
    pub steps: (i64, i64),
    pub days: (i64, i64),
    pub visits: (i64, i64),
}

/// 一份个人清单。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BundlePlan {
    pub members: Vec<PlannedMember>,
    pub left_out: Vec<LeftOut>,
    /// 一张表；条件已按答案算好，字段总是要填。
    pub form: FormSchema,
    pub fields: Vec<FieldTarget>,
    pub materials: Vec<MergedMaterial>,
    /// 关键路径上的承诺工作日。
    pub total_days: i64,
    pub gains: Gains,
}

impl BundlePlan {
    /// 一张表填的值分给各成员。
    #[must_use]
    pub fn split(&self, filled: &Map<String, Value>) -> BTreeMap<String, Map<String, Value>> {
        let mut parts: BTreeMap<String, Map<String, Value>> = self.members.iter().map(|member| (member.key.clone(), Map::new())).collect();
        for target in &self.fields {
            if let (Some(value), Some(part)) = (filled.get(&target.field), parts.get_mut(&target.member)) {
                part.insert(target.name.clone(), value.clone());
            }
        }
        parts
    }

    /// 前置都已办结、自己还没办的成员。
    #[must_use]
    pub fn ready(&self, decided: &BTreeSet<String>) -> Vec<&PlannedMember> {
        let waits = |member: &PlannedMember| member.after.iter().any(|key| !decided.contains(key));
        self.members.iter().filter(|member| !decided.contains(&member.key) && !waits(member)).collect()
    }
}

/// 走一遍引导问题的结果。
struct Walk<'o> {
    asked: Vec<Question>,
    answers: Answers,
    /// 情形要办、本地有的成员与它自己的答案。
    chosen: Vec<(&'o BundleMember, &'o MemberOffer, Answers)>,
    missing: Vec<LeftOut>,
}

const YES: &str = "yes";
const NO: &str = "no";

/// 送来的答案认得就用，不认得用第一个办得下去的选项。
fn settle(question: &Question, given: &Answers) -> Option<String> {
    let known = |id: &&String| question.options.iter().any(|choice| choice.id == **id);
    let fallback = || question.options.iter().find(|choice| choice.stop.is_empty()).or(question.options.first()).map(|c| &c.id);
    given.get(&question.id).filter(known).or_else(fallback).cloned()
}

impl BundleOffer {
    fn walk(&self, given: &Answers) -> Walk<'_> {
        let mut walk = Walk { asked: Vec::new(), answers: Answers::new(), chosen: Vec::new(), missing: Vec::new() };
        for question in &self.guide.questions {
            if question.when.holds(&walk.answers) {
                walk.ask(question.clone(), given);
            }
        }
        for member in &self.members {
            if !member.when.holds(&walk.answers) {
                continue;
            }
            match &member.offer {
                Some(offer) => walk.member(member, offer, given),
                None => walk.missing.push(LeftOut {
                    key: member.key.clone(),
                    name: member.name.clone(),
                    reason: "这一件由别的系统或上级部门办，请打 12345 问清去处".to_owned(),
                }),
            }
        }
        walk
    }

    /// 这些答案下一共要问的题；题号唯一，可作表单字段名。
    #[must_use]
    pub fn questions(&self, given: &Answers) -> Vec<Question> {
        self.walk(given).asked
    }

    /// 补全答案，去掉不认识的。
    #[must_use]
    pub fn settle(&self, given: &Answers) -> Answers {
        self.walk(given).answers
    }

    /// 申报时核对：每道要问的题都答了、选项认得。
    #[must_use]
    pub fn check(&self, given: &Answers) -> Vec<FieldError> {
        let unknown = |question: &Question, chosen: &String| !question.options.iter().any(|choice| choice.id == *chosen);
        self.walk(given)
            .asked
            .iter()
            .filter_map(|question| match given.get(&question.id) {
                None => Some(FieldError::new(&question.id, "required", format!("请选择“{}”", question.text))),
                Some(chosen) if unknown(question, chosen) => {
                    let detail = format!("“{}”没有这个选项，请重新选", question.text);
                    Some(FieldError::new(&question.id, "unknown-option", detail))
                }
                Some(_) => None,
            })
            .collect()
    }

    /// 这些答案的个人清单。
    #[must_use]
    pub fn plan(&self, given: &Answers) -> BundlePlan {
        let walk = self.walk(given);
        let mut left_out = walk.missing;
        let mut going = Vec::new();
        for (member, offer, answers) in walk.chosen {
            let stop = offer.guide.plan(&answers).stop.map(str::to_owned);
            match stop.or_else(|| (!offer.closed.is_empty()).then(|| offer.closed.clone())) {
                Some(reason) => left_out.push(LeftOut { key: member.key.clone(), name: offer.name.clone(), reason }),
                None => going.push((member, offer, answers)),
            }
        }
        let keys: BTreeSet<&str> = going.iter().map(|(member, ..)| member.key.as_str()).collect();
        let members: Vec<PlannedMember> = going
            .iter()
            .map(|(member, offer, answers)| {
                let plan = offer.guide.plan(answers);
                PlannedMember {
                    key: member.key.clone(),
                    code: offer.code.clone(),
                    item_id: offer.item_id,
                    version: offer.version,
                    name: offer.name.clone(),
                    dept_name: offer.dept_name.clone(),
                    online: offer.online,
                    answers: answers.clone(),
                    after: self.bridged(&member.after, &keys, self.members.len()),
                    days: plan.promise.whole_workdays(),
                    visits: i64::from(plan.visits),
                }
            })
            .collect();
        let guides: Vec<(&str, &Guide, &Answers)> =
            going.iter().map(|(member, offer, answers)| (member.key.as_str(), &offer.guide, answers)).collect();
        let (form, fields) = merge::form(&guides, &self.guide.same_fields);
        let materials = merge::materials(&guides, &self.guide.same_materials);
        let total_days = critical_path(&members);
        let gains = merge::gains(&guides, &members, &materials, total_days);
        BundlePlan { members, left_out, form, fields, materials, total_days, gains }
    }

    /// 前置里不办的，由它的前置顶上。
    fn bridged(&self, after: &[String], keys: &BTreeSet<&str>, fuel: usize) -> Vec<String> {
        let mut found = Vec::new();
        for key in after {
            if keys.contains(key.as_str()) {
                found.push(key.clone());
            } else if let Some(member) = self.members.iter().find(|member| member.key == *key).filter(|_| fuel > 0) {
                found.extend(self.bridged(&member.after, keys, fuel - 1));
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

impl<'o> Walk<'o> {
    /// 问一题，回答选中的选项。
    fn ask(&mut self, question: Question, given: &Answers) -> Option<String> {
        let chosen = settle(&question, given)?;
        self.answers.insert(question.id.clone(), chosen.clone());
        self.asked.push(Question { when: When::default(), ..question });
        Some(chosen)
    }

    fn member(&mut self, member: &'o BundleMember, offer: &'o MemberOffer, given: &Answers) {
        if member.optional && self.ask(offered(member, &offer.name), given).as_deref() == Some(NO) {
            return;
        }
        let mut own = Answers::new();
        for question in &offer.guide.questions {
            if !question.when.holds(&own) {
                continue;
            }
            let chosen = match member.binds.get(&question.id) {
                Some(bind) => self.bound(bind, question),
                None => self.lifted(&member.key, &offer.name, question, given),
            };
            own.extend(chosen.map(|chosen| (question.id.clone(), chosen)));
        }
        let own = offer.guide.settle_answers(&own);
        self.chosen.push((member, offer, own));
    }

    fn bound(&self, bind: &Bind, question: &Question) -> Option<String> {
        let wanted = match self.answers.get(&bind.question) {
            Some(answer) => bind.options.get(answer).cloned().unwrap_or_else(|| bind.fixed.clone()),
            None => bind.fixed.clone(),
        };
        question.options.iter().any(|choice| choice.id == wanted).then_some(wanted)
    }

    /// 成员自己的题提上来问；几个成员问得一样的只问一次。
    fn lifted(&mut self, key: &str, name: &str, question: &Question, given: &Answers) -> Option<String> {
        let same = |asked: &&Question| asked.text.ends_with(&question.text) && asked.options == question.options;
        if let Some(known) = self.asked.iter_mut().find(|asked| same(&&**asked)) {
            known.text.clone_from(&question.text);
            return self.answers.get(&known.id).cloned();
        }
        let text = format!("{name}：{}", question.text);
        self.ask(Question { id: format!("{key}-{}", question.id), text, options: question.options.clone(), when: When::default() }, given)
    }
}

/// 可以不办的成员：要不要一起办。
fn offered(member: &BundleMember, name: &str) -> Question {
    let choice = |id: &str, label: &str| Choice { id: id.to_owned(), label: label.to_owned(), ..Choice::default() };
    Question {
        id: member.key.clone(),
        text: format!("要不要一起办“{name}”"),
        options: vec![choice(YES, "一起办"), choice(NO, "这次不办")],
        when: When::default(),
    }
}

/// 最长的一条先后链上的天数。
fn critical_path(members: &[PlannedMember]) -> i64 {
    fn until(members: &[PlannedMember], member: &PlannedMember, fuel: usize) -> i64 {
        let before = member.after.iter().filter_map(|key| members.iter().find(|other| other.key == *key));
        let wait = if fuel == 0 { 0 } else { before.map(|other| until(members, other, fuel - 1)).max().unwrap_or(0) };
        wait + member.days
    }
    members.iter().map(|member| until(members, member, members.len())).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
