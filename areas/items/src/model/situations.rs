//! 情形：几个问题的答案组合，决定材料子集、时限、收费（items §1 L4）。

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tongban_kernel::FieldError;

use super::guide::{Fee, Guide, Material};
use super::limit::Limit;

/// 适用条件：每个问题各列出适用的选项；都满足才适用。空 = 总是适用。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct When(pub BTreeMap<String, Vec<String>>);

impl When {
    /// 答案是否满足；没答的问题按“不满足”算。
    #[must_use]
    pub fn holds(&self, answers: &Answers) -> bool {
        self.0.iter().all(|(question, options)| answers.get(question).is_some_and(|chosen| options.contains(chosen)))
    }

    #[must_use]
    pub fn always(&self) -> bool {
        self.0.is_empty()
    }
}

/// 问题 → 选中的选项。
pub type Answers = BTreeMap<String, String>;

/// 先问的一个问题，单选。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    pub id: String,
    pub text: String,
    pub options: Vec<Choice>,
    /// 前面怎么答才问这一题。
    pub when: When,
}

/// 一个选项。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    pub id: String,
    pub label: String,
    pub hint: String,
    /// 选了它就不用办这一项：说明为什么、该办什么。
    pub stop: String,
}

/// 某些情形下不同的时限与次数。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variant {
    pub when: When,
    pub legal: Option<Limit>,
    pub promise: Option<Limit>,
    pub visits: Option<u8>,
    /// 这种情形的补充说明。
    pub note: String,
}

/// 一种情形下实际要办的。
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<'g> {
    pub materials: Vec<&'g Material>,
    pub fees: Vec<&'g Fee>,
    pub legal: Limit,
    pub promise: Limit,
    pub visits: u8,
    pub notes: Vec<&'g str>,
    /// 这种情形不用办，原因与去处。
    pub stop: Option<&'g str>,
}

impl Plan<'_> {
    /// 要申请人自己交的份数。
    #[must_use]
    pub fn to_hand_in(&self) -> usize {
        self.materials.iter().filter(|material| !material.waived()).count()
    }

    /// 系统代取的份数。
    #[must_use]
    pub fn fetched(&self) -> usize {
        self.materials.len() - self.to_hand_in()
    }

    /// 收费合计（分）；按数量计的只算一份。
    #[must_use]
    pub fn cents(&self) -> i64 {
        self.fees.iter().map(|fee| fee.cents).sum()
    }
}

impl Guide {
    /// 没有选时默认的答案：每题第一个可办的选项。
    #[must_use]
    pub fn default_answers(&self) -> Answers {
        let mut answers = Answers::new();
        for question in &self.questions {
            let choice = question.options.iter().find(|choice| choice.stop.is_empty()).or(question.options.first());
            if let Some(choice) = choice
                && question.when.holds(&answers)
            {
                answers.insert(question.id.clone(), choice.id.clone());
            }
        }
        answers
    }

    /// 把送来的答案补全、去掉不认识的：没答的用默认，前题不适用的后题不要。
    #[must_use]
    pub fn settle_answers(&self, given: &Answers) -> Answers {
        let defaults = self.default_answers();
        let mut answers = Answers::new();
        for question in &self.questions {
            if !question.when.holds(&answers) {
                continue;
            }
            let known = |id: &&String| question.options.iter().any(|choice| choice.id == **id);
            let fallback = || question.options.first().map(|choice| &choice.id);
            let chosen = given.get(&question.id).filter(known).or_else(|| defaults.get(&question.id)).or_else(fallback);
            if let Some(chosen) = chosen {
                answers.insert(question.id.clone(), chosen.clone());
            }
        }
        answers
    }

    /// 申报时核对答案：每个适用的问题都要答、选项要认识。
    #[must_use]
    pub fn check_answers(&self, given: &Answers) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for question in self.questions.iter().filter(|question| question.when.holds(given)) {
            match given.get(&question.id) {
                None => errors.push(FieldError::new(&question.id, "required", format!("请选择“{}”", question.text))),
                Some(chosen) if !question.options.iter().any(|choice| choice.id == *chosen) => {
                    errors.push(FieldError::new(&question.id, "unknown-option", format!("“{}”没有这个选项，请重新选", question.text)));
                }
                Some(_) => {}
            }
        }
        errors
    }

    /// 这种情形要办的。`answers` 应先经 [`Guide::settle_answers`]。
    #[must_use]
    pub fn plan(&self, answers: &Answers) -> Plan<'_> {
        let mut plan = Plan {
            materials: self.materials.iter().filter(|material| material.when.holds(answers)).collect(),
            fees: self.fees.iter().filter(|fee| fee.when.holds(answers)).collect(),
            legal: self.legal.clone(),
            promise: self.promise.clone(),
            visits: self.visits,
            notes: Vec::new(),
            stop: self.stopped_by(answers),
        };
        for variant in self.variants.iter().filter(|variant| variant.when.holds(answers)) {
            if let Some(legal) = &variant.legal {
                plan.legal = legal.clone();
            }
            if let Some(promise) = &variant.promise {
                plan.promise = promise.clone();
            }
            plan.visits = variant.visits.unwrap_or(plan.visits);
            if !variant.note.is_empty() {
                plan.notes.push(&variant.note);
            }
        }
        plan
    }

    fn stopped_by(&self, answers: &Answers) -> Option<&str> {
        self.questions.iter().find_map(|question| {
            let chosen = answers.get(&question.id)?;
            let choice = question.options.iter().find(|choice| choice.id == *chosen)?;
            (!choice.stop.is_empty()).then_some(choice.stop.as_str())
        })
    }

    /// 全部能走到的情形：汇聚库的情形表、查错用。超过 256 种只给前 256 种。
    #[must_use]
    pub fn situations(&self) -> Vec<Answers> {
        let mut all = vec![Answers::new()];
        for question in &self.questions {
            let mut next = Vec::new();
            for answers in &all {
                if !question.when.holds(answers) {
                    next.push(answers.clone());
                    continue;
                }
                next.extend(question.options.iter().map(|choice| {
                    let mut longer = answers.clone();
                    longer.insert(question.id.clone(), choice.id.clone());
                    longer
                }));
            }
            next.truncate(256);
            all = next;
        }
        all
    }

    /// 一种情形的名字：各选项的文字相连。
    #[must_use]
    pub fn situation_name(&self, answers: &Answers) -> String {
        let labels: Vec<&str> = self
            .questions
            .iter()
            .filter_map(|question| {
                let chosen = answers.get(&question.id)?;
                question.options.iter().find(|choice| choice.id == *chosen).map(|choice| choice.label.as_str())
            })
            .collect();
        labels.join("，")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guide() -> Guide {
        serde_yaml_ng::from_str(
            "
name: 食品经营许可
legal: {amount: 20}
promise: {amount: 5}
questions:
  - id: kind
    text: 您要开什么
    options:
      - {id: prepacked, label: 只卖预包装食品, stop: 不用办许可，做备案即可}
      - {id: restaurant, label: 餐馆}
      - {id: canteen, label: 食堂}
  - id: chain
    text: 是连锁吗
    when: {kind: [restaurant]}
    options: [{id: 'no', label: 不是连锁}, {id: 'yes', label: 连锁}]
variants:
  - {when: {chain: ['yes']}, promise: {amount: 1}, note: 连锁门店可以免现场核查}
materials:
  - {id: form, name: 申请书, waive: '2'}
  - {id: plan, name: 平面图}
  - {id: school, name: 食堂供餐合同, when: {kind: [canteen]}}
fees:
  - {name: 工本费, cents: 500, when: {kind: [canteen]}}
",
        )
        .unwrap()
    }

    fn answers(pairs: &[(&str, &str)]) -> Answers {
        pairs.iter().map(|(q, a)| ((*q).to_owned(), (*a).to_owned())).collect()
    }

    #[test]
    fn answers_choose_materials_limits_and_fees() {
        let guide = guide();
        let plan = guide.plan(&answers(&[("kind", "canteen")]));
        assert_eq!(plan.materials.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["form", "plan", "school"]);
        assert_eq!((plan.to_hand_in(), plan.fetched(), plan.cents(), plan.promise.amount), (2, 1, 500, 5));
        let plan = guide.plan(&answers(&[("kind", "restaurant"), ("chain", "yes")]));
        assert_eq!((plan.materials.len(), plan.cents(), plan.promise.amount), (2, 0, 1));
        assert_eq!(plan.notes, ["连锁门店可以免现场核查"]);
    }

    #[test]
    fn some_choices_need_no_permit() {
        assert_eq!(guide().plan(&answers(&[("kind", "prepacked")])).stop, Some("不用办许可，做备案即可"));
    }

    #[test]
    fn missing_and_foreign_answers_are_settled() {
        let guide = guide();
        assert_eq!(guide.settle_answers(&Answers::new()), answers(&[("kind", "restaurant"), ("chain", "no")]));
        let odd = answers(&[("kind", "canteen"), ("chain", "yes"), ("x", "y")]);
        assert_eq!(guide.settle_answers(&odd), answers(&[("kind", "canteen")]));
        assert_eq!(guide.settle_answers(&answers(&[("kind", "??")])), guide.default_answers());
    }

    #[test]
    fn applying_needs_every_answer() {
        let guide = guide();
        let errors = guide.check_answers(&answers(&[("kind", "restaurant")]));
        assert_eq!(errors.iter().map(FieldError::field).collect::<Vec<_>>(), ["chain"]);
        assert!(guide.check_answers(&answers(&[("kind", "canteen")])).is_empty());
        assert_eq!(guide.check_answers(&answers(&[("kind", "??")])).len(), 1);
    }

    #[test]
    fn every_situation_is_listed_once() {
        let guide = guide();
        let names: Vec<String> = guide.situations().iter().map(|a| guide.situation_name(a)).collect();
        assert_eq!(names, ["只卖预包装食品", "餐馆，不是连锁", "餐馆，连锁", "食堂"]);
    }
}
