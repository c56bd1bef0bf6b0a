//! 悬空的情形：材料、收费、申报表、时限写着“题号=选项号”，而那一题、那一选项已经没有了。
//!
//! 悬空的条件永远不满足：材料悄悄不要了、收费悄悄不收了，谁也看不出来；所以改问题的时候当场拦下。

use std::collections::BTreeSet;

use super::Guide;
use super::situations::When;

/// 一处悬空：在哪个字段、给人看的话。
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LooseEnd {
    pub field: &'static str,
    pub message: String,
}

impl Guide {
    /// 全部悬空的情形。
    #[must_use]
    pub fn loose_ends(&self) -> BTreeSet<LooseEnd> {
        let mut out = BTreeSet::new();
        let mut look = |field: &'static str, what: String, when: &When| {
            for (question, options) in &when.0 {
                let known = self.questions.iter().find(|known| known.id == *question);
                let missing = options.iter().find(|option| !known.is_some_and(|known| known.options.iter().any(|choice| choice.id == **option)));
                if let Some(option) = missing {
                    let message = format!("{what}写着情形“{question}={option}”，“情形”里没有这个选项，请先改过来");
                    out.insert(LooseEnd { field, message });
                }
            }
        };
        for question in &self.questions {
            look("questions", format!("问题“{}”", question.text), &question.when);
        }
        for variant in &self.variants {
            look("variants", "时限与次数".to_owned(), &variant.when);
        }
        for material in &self.materials {
            look("materials", format!("材料“{}”", material.name), &material.when);
        }
        for fee in &self.fees {
            look("fees", format!("收费“{}”", fee.name), &fee.when);
        }
        for field in self.form.sections.iter().flat_map(|section| &section.fields) {
            look("form", format!("申报表“{}”", field.label), &field.when);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::guide::Material;
    use crate::model::situations::{Choice, Question};

    fn when(question: &str, option: &str) -> When {
        When([(question.to_owned(), vec![option.to_owned()])].into())
    }

    #[test]
    fn a_condition_on_a_vanished_option_is_found() {
        let option = |id: &str| Choice { id: id.into(), label: id.into(), ..Choice::default() };
        let question = Question { id: "why".into(), text: "换还是补".into(), options: vec![option("change"), option("lost")], ..Question::default() };
        let material = Material { name: "旧证".into(), when: when("why", "change"), ..Material::default() };
        let mut guide = Guide { questions: vec![question], materials: vec![material], ..Guide::default() };
        assert!(guide.loose_ends().is_empty());
        guide.questions[0].options.remove(0);
        let ends: Vec<_> = guide.loose_ends().into_iter().collect();
        assert_eq!((ends.len(), ends[0].field), (1, "materials"));
        assert!(ends[0].message.contains("旧证") && ends[0].message.contains("why=change"), "{}", ends[0].message);
        guide.questions.clear();
        assert_eq!(guide.loose_ends().len(), 1);
    }

    /// 随程序带的指南没有悬空的。
    #[test]
    fn the_built_in_guides_have_none() {
        for complete in crate::complete::built_in().unwrap() {
            assert!(complete.guide.loose_ends().is_empty(), "{}：{:?}", complete.guide.name, complete.guide.loose_ends());
        }
    }
}
