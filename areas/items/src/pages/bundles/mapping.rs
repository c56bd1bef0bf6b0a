//! 一件事的对应关系：成员的情形题怎么答、哪几栏和哪几份材料其实是同一样。一行一条，读写互逆。

use std::collections::BTreeMap;

use tongban_kernel::problem::Checks;

use crate::model::bundle::{Bind, BundleGuide, MemberRule};
use crate::pages::edit::lines;

const FIXED: &str = "固定";

/// 各成员的情形题怎么答。
pub(super) fn write_binds(guide: &BundleGuide) -> String {
    let mut out = Vec::new();
    for rule in &guide.members {
        for (question, bind) in &rule.binds {
            let answer: Vec<String> = bind.options.iter().map(|(ours, theirs)| format!("{ours}={theirs}")).collect();
            out.push(if bind.question.is_empty() {
                format!("{}.{question}｜{FIXED}｜{}", rule.key, bind.fixed)
            } else {
                format!("{}.{question}｜{}｜{}", rule.key, bind.question, answer.join(","))
            });
        }
    }
    out.join("\n")
}

/// 读回来，换掉各成员原来的；没写规矩的成员补一条。
pub(super) fn read_binds(text: &str, guide: &mut BundleGuide, checks: &mut Checks) {
    guide.members.iter_mut().for_each(|rule| rule.binds.clear());
    for line in lines::rows(text) {
        let parts = lines::columns(line);
        let part = |at: usize| parts.get(at).cloned().unwrap_or_default();
        let head = part(0);
        let Some((key, question)) = head.split_once('.').filter(|(key, question)| !key.is_empty() && !question.is_empty()) else {
            checks.ensure(false, "binds", "format", format!("“{line}”要以“m1.成员的题号”开头"));
            continue;
        };
        let bind = if part(1) == FIXED {
            Bind { fixed: part(2), ..Bind::default() }
        } else {
            Bind { question: part(1), options: pairs(&part(2)), fixed: String::new() }
        };
        let answered = !bind.fixed.is_empty() || !bind.options.is_empty();
        checks.ensure(answered, "binds", "format", format!("“{line}”没有写怎么答"));
        let at = guide.members.iter().position(|rule| rule.key == key);
        let at = at.unwrap_or_else(|| {
            guide.members.push(MemberRule { key: key.to_owned(), ..MemberRule::default() });
            guide.members.len() - 1
        });
        guide.members[at].binds.insert(question.to_owned(), bind);
    }
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let pair = |part: &str| part.split_once('=').map(|(ours, theirs)| (ours.trim().to_owned(), theirs.trim().to_owned()));
    text.split([',', '，']).filter_map(pair).collect()
}

/// 几组同一样的东西。
pub(super) fn write_same(groups: &[Vec<String>]) -> String {
    groups.iter().map(|group| group.join(" = ")).collect::<Vec<_>>().join("\n")
}

pub(super) fn read_same(field: &str, text: &str, checks: &mut Checks) -> Vec<Vec<String>> {
    let mut groups = Vec::new();
    for line in lines::rows(text) {
        let group: Vec<String> = line.split('=').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let named = group.iter().all(|name| name.split_once('.').is_some_and(|(key, rest)| key.starts_with('m') && !rest.is_empty()));
        checks.ensure(group.len() >= 2 && named, field, "format", format!("“{line}”要写成 m1.甲 = m2.乙"));
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let binds = "m1.kind｜need｜first=new,replace=renew\nm2.room｜固定｜rent";
        let same = "m1.shop_name = m2.name\nm1.lease = m2.house = m3.room";
        let (mut guide, mut checks) = (BundleGuide::default(), Checks::new());
        read_binds(binds, &mut guide, &mut checks);
        assert_eq!(write_binds(&guide), binds);
        assert_eq!(write_same(&read_same("same_fields", same, &mut checks)), same);
        assert!(checks.finish().is_ok());
    }

    #[test]
    fn lines_that_say_nothing_are_refused() {
        for (binds, same) in [("kind｜need｜a=b", ""), ("m1.kind｜need｜", ""), ("", "m1.a"), ("", "甲 = 乙")] {
            let (mut guide, mut checks) = (BundleGuide::default(), Checks::new());
            read_binds(binds, &mut guide, &mut checks);
            read_same("same_fields", same, &mut checks);
            assert!(checks.finish().is_err(), "{binds}{same}");
        }
    }
}
