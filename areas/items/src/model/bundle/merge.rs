//! 合并：几个成员的表并成一张、材料并成一份，再算省了多少。

use super::{FieldTarget, Gains, MergedMaterial, PlannedMember};
use crate::model::codes::Need;
use crate::model::form::{FieldKind, FormField, FormSchema, Rule, Section};
use crate::model::guide::{Guide, Material};
use crate::model::situations::{Answers, When};

/// 成员键、指南、它自己的答案。
type Member<'g> = (&'g str, &'g Guide, &'g Answers);

/// 定义里写明是同一样的：第几组。
fn group(same: &[Vec<String>], member: &str, name: &str) -> Option<usize> {
    same.iter().position(|names| names.iter().any(|known| known.split_once('.') == Some((member, name))))
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// 同一栏：写明的，或带出来源相同，或标签、种类、选项都相同（长文字各写各的）。
fn same_field(a: &FormField, b: &FormField) -> bool {
    if a.kind != b.kind {
        return false;
    }
    if !a.prefill.is_empty() && a.prefill == b.prefill {
        return true;
    }
    a.kind != FieldKind::Textarea && plain(&a.label) == plain(&b.label) && a.options == b.options
}

/// 合起来的规矩取严的。
fn tighten(a: &Rule, b: &Rule) -> Rule {
    fn pick<T: Copy>(a: Option<T>, b: Option<T>, choose: fn(T, T) -> T) -> Option<T> {
        match (a, b) {
            (Some(a), Some(b)) => Some(choose(a, b)),
            (one, other) => one.or(other),
        }
    }
    Rule {
        min: pick(a.min, b.min, f64::max),
        max: pick(a.max, b.max, f64::min),
        min_chars: pick(a.min_chars, b.min_chars, usize::max),
        max_chars: pick(a.max_chars, b.max_chars, usize::min),
        past: a.past || b.past,
        future: a.future || b.future,
        example: if a.example.is_empty() { b.example.clone() } else { a.example.clone() },
    }
}

struct Placed {
    group: Option<usize>,
    section: usize,
    field: FormField,
}

/// 一张表，以及每一栏分给谁。
pub(super) fn form(members: &[Member<'_>], same: &[Vec<String>]) -> (FormSchema, Vec<FieldTarget>) {
    let mut titles: Vec<(String, String)> = Vec::new();
    let mut placed: Vec<Placed> = Vec::new();
    let mut targets = Vec::new();
    for (member, guide, answers) in members {
        for section in &guide.form.sections {
            for field in section.fields.iter().filter(|field| field.when.holds(answers)) {
                let wanted = group(same, member, &field.name);
                let known = placed.iter_mut().find(|old| match (old.group, wanted) {
                    (Some(a), Some(b)) => a == b,
                    (None, None) => same_field(&old.field, field),
                    _ => false,
                });
                let name = match known {
                    Some(old) => {
                        old.field.required |= field.required;
                        old.field.rule = tighten(&old.field.rule, &field.rule);
                        old.field.name.clone()
                    }
                    None => {
                        let at = titles.iter().position(|(title, _)| *title == section.title).unwrap_or_else(|| {
                            titles.push((section.title.clone(), section.hint.clone()));
                            titles.len() - 1
                        });
                        let name = format!("{member}-{}", field.name);
                        let field = FormField { name: name.clone(), when: When::default(), ..field.clone() };
                        placed.push(Placed { group: wanted, section: at, field });
                        name
                    }
                };
                targets.push(FieldTarget { field: name, member: (*member).to_owned(), name: field.name.clone() });
            }
        }
    }
    let mut sections: Vec<Section> = titles.into_iter().map(|(title, hint)| Section { title, hint, fields: Vec::new() }).collect();
    for one in placed {
        if let Some(section) = sections.get_mut(one.section) {
            section.fields.push(one.field);
        }
    }
    sections.retain(|section| !section.fields.is_empty());
    (FormSchema { sections }, targets)
}

/// 同一份：写明的，或取同一类证照，或名称与类别都相同。
fn same_material(a: &Material, b: &Material) -> bool {
    let licence = !a.licence_type.is_empty() && a.licence_type == b.licence_type && plain(&a.name) == plain(&b.name);
    licence || (plain(&a.name) == plain(&b.name) && a.class == b.class)
}

const fn strictness(need: Need) -> u8 {
    match need {
        Need::Required => 2,
        Need::Deferrable => 1,
        Need::Optional => 0,
    }
}

/// 同名同类的只交一次；取严的必要性、多的份数，都免交才免交。
pub(super) fn materials(members: &[Member<'_>], same: &[Vec<String>]) -> Vec<MergedMaterial> {
    let mut merged: Vec<(Option<usize>, MergedMaterial)> = Vec::new();
    for (member, guide, answers) in members {
        for material in guide.plan(answers).materials {
            let wanted = group(same, member, &material.id);
            let known = merged.iter_mut().find(|(old, one)| match (old, wanted) {
                (Some(a), Some(b)) => *a == b,
                (None, None) => same_material(&one.material, material),
                _ => false,
            });
            let target = ((*member).to_owned(), material.id.clone());
            let Some((_, one)) = known else {
                let id = format!("{member}-{}", material.id);
                merged.push((wanted, MergedMaterial { id, material: material.clone(), targets: vec![target] }));
                continue;
            };
            one.targets.push(target);
            let need = if strictness(material.need) > strictness(one.material.need) { material.need } else { one.material.need };
            let copies = one.material.copies.max(material.copies);
            if one.material.waived() && !material.waived() {
                one.material = material.clone();
            }
            one.material.need = need;
            one.material.copies = copies;
        }
    }
    merged.into_iter().map(|(_, one)| one).map(unconditional).collect()
}

/// 条件已按答案算过，合并后的总是要交。
fn unconditional(mut one: MergedMaterial) -> MergedMaterial {
    one.material.when = When::default();
    one
}

/// 收件、送达合起来各做一次的环节。
fn received(name: &str) -> bool {
    ["申请", "收件", "受理"].iter().any(|word| name.contains(word))
}

fn delivered(name: &str) -> bool {
    ["送达", "发证", "领证", "出件"].iter().any(|word| name.contains(word))
}

/// 合并前是各办各的之和；合并后收件、送达各一次，天数取关键路径，跑动取最多的一件。
pub(super) fn gains(members: &[Member<'_>], planned: &[PlannedMember], materials: &[MergedMaterial], total_days: i64) -> Gains {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let names: Vec<&str> = members.iter().flat_map(|(_, guide, _)| &guide.steps).map(|step| step.name.as_str()).collect();
    let common = |matches: fn(&str) -> bool| names.iter().filter(|name| matches(name)).count();
    let (accept, deliver) = (common(received), common(delivered));
    let own = names.len() - names.iter().filter(|name| received(name) || delivered(name)).count();
    Gains {
        materials: (members.iter().map(|(_, guide, answers)| count(guide.plan(answers).materials.len())).sum(), count(materials.len())),
        steps: (count(names.len()), count(own + accept.min(1) + deliver.min(1))),
        days: (planned.iter().map(|member| member.days).sum(), total_days),
        visits: (planned.iter().map(|member| member.visits).sum(), planned.iter().map(|member| member.visits).max().unwrap_or(0)),
    }
}
