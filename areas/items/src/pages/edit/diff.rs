//! 逐字段比较：每个要素写成人看的几行，哪一行变了标出来。

use super::{designer, lines};
use crate::model::Guide;
use crate::model::codes::{HandleArea, PowerKind, SealMode, corp_theme, person_theme};
use crate::model::guide::Material;
use crate::model::situations::Variant;
use crate::store::CatalogueRow;

/// 一个要素的不同：两边的行，真的是这一边独有的。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub label: &'static str,
    pub before: Vec<(bool, String)>,
    pub after: Vec<(bool, String)>,
}

fn change(label: &'static str, before: &str, after: &str) -> Option<Change> {
    if before == after {
        return None;
    }
    let mark =
        |text: &str, other: &str| text.lines().map(|line| (!other.lines().any(|known| known == line), line.to_owned())).collect::<Vec<_>>();
    Some(Change { label, before: mark(before, after), after: mark(after, before) })
}

/// 两份指南哪里不同。
pub(in crate::pages) fn changes(before: &Guide, after: &Guide) -> Vec<Change> {
    texts(before).into_iter().zip(texts(after)).filter_map(|((_, label, old), (_, _, new))| change(label, &old, &new)).collect()
}

/// 与目录的四统一要素比：名称、类型、依据、层级。
pub(in crate::pages) fn against_catalogue(catalogue: &CatalogueRow, guide: &Guide, level: &str) -> Vec<Change> {
    let allowed = catalogue.levels.iter().map(|level| level.label()).collect::<Vec<_>>().join("、");
    let basis = guide.basis.iter().map(|basis| format!("{}{}", basis.title, basis.article)).collect::<Vec<_>>().join("\n");
    let level = if allowed.contains(level) { allowed.clone() } else { level.to_owned() };
    let rows = [
        change("名称", &catalogue.name, &guide.name),
        change("类型", catalogue.task_type.label(), guide.task_type.label()),
        // 目录没有写依据的不比
        (!catalogue.basis.is_empty()).then(|| change("设定依据", &catalogue.basis, &basis)).flatten(),
        change("行使层级", &allowed, &level),
    ];
    rows.into_iter().flatten().collect()
}

fn yes(flag: bool) -> String {
    if flag { "是" } else { "否" }.to_owned()
}

fn labels<T: Copy>(values: &[T], label: fn(T) -> &'static str) -> String {
    values.iter().map(|value| label(*value)).collect::<Vec<_>>().join("、")
}

/// 空白表、样表：由申报表生成的写成话。
fn sheet(what: &str, text: &str) -> String {
    match text {
        "" => String::new(),
        "@form" | "@example" => format!("{what}由申报表生成"),
        named => format!("{what}：{named}"),
    }
}

fn material(m: &Material) -> String {
    let when = if m.when.always() { String::new() } else { format!("情形 {}", lines::write_when(&m.when)) };
    let (copies, blank, example) = (format!("{} 份", m.copies), sheet("空白表", &m.blank_form), sheet("样表", &m.example));
    let always = [m.name.as_str(), m.need.label(), m.copy_type.label(), m.waive.label(), &copies];
    let filled = [&m.hint, &m.source_note, &m.licence_type, &m.standard, &m.basis, &m.remark, &blank, &example, &when];
    always.into_iter().chain(filled.into_iter().map(String::as_str).filter(|text| !text.is_empty())).collect::<Vec<_>>().join("｜")
}

fn variant(v: &Variant) -> String {
    let promise = v.promise.as_ref().map_or_else(String::new, |limit| format!("承诺 {}", limit.promise_words()));
    let legal = v.legal.as_ref().map_or_else(String::new, |limit| format!("法定 {}", limit.legal_words()));
    let visits = v.visits.map_or_else(String::new, |visits| format!("跑 {visits} 次"));
    let always = format!("情形 {}", lines::write_when(&v.when));
    let filled = [&promise, &legal, &visits, &v.note];
    std::iter::once(always.as_str()).chain(filled.into_iter().map(String::as_str).filter(|text| !text.is_empty())).collect::<Vec<_>>().join("｜")
}

/// 申报表的一栏：没写的不占格。
fn form(guide: &Guide) -> String {
    let named = |name: &str, text: String| if text.is_empty() { text } else { format!("{name} {text}") };
    let field = |(section, field): &(String, crate::model::FormField)| {
        let kind = designer::KINDS.iter().find(|(kind, _)| *kind == field.kind).map_or("", |(_, label)| *label);
        let source = designer::PREFILLS.iter().find(|(source, _)| *source == field.prefill).map_or(field.prefill.as_str(), |(_, label)| *label);
        let more = [
            named("单位", field.unit.clone()),
            field.hint.clone(),
            named("选项", designer::write_options(&field.options)),
            designer::write_rule(&field.rule),
            named("带出", source.to_owned()),
            named("情形", designer::when_of(field)),
        ];
        let always = [section.as_str(), &field.label, kind, if field.required { "必填" } else { "选填" }];
        always.into_iter().chain(more.iter().map(String::as_str).filter(|text| !text.is_empty())).collect::<Vec<_>>().join("｜")
    };
    designer::rows(&guide.form).iter().filter(|(_, field)| !field.label.is_empty()).map(field).collect::<Vec<_>>().join("\n")
}

/// 有哪几样方便，都没有就说没有。
fn conveniences(g: &Guide) -> String {
    let all = [(g.booking, "可以预约"), (g.express, "结果可以寄送"), (g.service.mail_materials, "材料可以寄来"), (g.terminal, "自助终端能办"), (g.entry_centre, "进驻政务大厅")];
    let on: Vec<&str> = all.iter().filter(|(on, _)| *on).map(|(_, label)| *label).collect();
    if on.is_empty() { "都没有".to_owned() } else { on.join("、") }
}

/// 几段话并成一段，空的不占行。
fn paragraphs<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// 每个要素：字段名、叫法、写法。两份指南的次序一样，可以逐个比。
pub(in crate::pages) fn texts(g: &Guide) -> Vec<(&'static str, &'static str, String)> {
    let s = &g.service;
    let themes = |codes: &[String], name: fn(&str) -> Option<&'static str>| {
        codes.iter().filter_map(|code| name(code)).collect::<Vec<_>>().join("、")
    };
    let limit = |words: String, note: &str| if note.is_empty() { words } else { format!("{words}\n{note}") };
    vec![
        ("name", "名称", g.name.clone()),
        ("summary", "一句大白话", g.summary.clone()),
        ("aliases", "别名", g.aliases.join("\n")),
        ("objects", "服务对象", labels(&g.objects, |object| object.label())),
        ("person_themes", "个人主题", themes(&g.person_themes, person_theme)),
        ("corp_themes", "企业主题", themes(&g.corp_themes, corp_theme)),
        ("project_type", "办件类型", g.project_type.label().to_owned()),
        ("forms", "办理形式", labels(&g.forms, |form| form.label())),
        ("area", "通办范围", g.area.map_or("", HandleArea::label).to_owned()),
        ("legal", "法定时限", limit(g.legal.legal_words(), &g.legal.note)),
        ("promise", "承诺时限", limit(g.promise.promise_words(), &g.promise.note)),
        ("visits", "到现场次数", g.visits.to_string()),
        ("visits_reason", "必须到现场的原因", g.visits_reason.clone()),
        ("online", "网上办理深度", labels(&g.online.steps, |step| step.label())),
        ("online", "在本平台申报", yes(g.online.here)),
        ("online", "手机能申报", yes(g.online.mobile)),
        ("online", "外部网办地址", g.online.url.clone()),
        ("questions", "情形问题", lines::write_questions(&g.questions)),
        ("variants", "不同情形的时限与次数", g.variants.iter().map(variant).collect::<Vec<_>>().join("\n")),
        ("materials", "材料", g.materials.iter().map(material).collect::<Vec<_>>().join("\n")),
        ("no_materials", "不用交材料", yes(g.no_materials)),
        ("form", "申报表", form(g)),
        ("steps", "流程", lines::write_steps(&g.steps)),
        ("result", "结果", paragraphs([&g.result.name, &labels(&g.result.types, |kind| kind.label()), &g.result.validity].map(String::as_str)).replace('\n', "｜")),
        ("steps", "容易被退回的原因", g.pitfalls.join("\n")),
        ("service", "权力来源", g.power_source.label().to_owned()),
        ("service", "实施主体性质", g.dept_type.label().to_owned()),
        ("service", "权力属性", s.power_kind.map_or("", PowerKind::label).to_owned()),
        ("service", "委托部门", g.entrust.clone()),
        ("service", "联办机构", g.joint_depts.join("\n")),
        ("service", "数量限制", g.quantity_limit.clone()),
        ("service", "特别程序", g.special_procedure.clone()),
        ("service", "中介服务", g.intermediary.clone()),
        ("service", "适用告知承诺", yes(g.commitment)),
        ("service", "综合窗口收件", yes(s.comprehensive_window)),
        ("service", "盖哪一枚章", s.seal_mode.map_or("", SealMode::label).to_owned()),
        ("service", "AB 岗", yes(s.ab_post)),
        ("service", "计划生效、取消", format!("{} {}", s.plan_effective, s.plan_cancel).trim().to_owned()),
        ("service", "预约、寄送、自助、进厅", conveniences(g)),
        ("service", "代办点", lines::write_agents(&s.agents)),
        ("service", "权利与义务", paragraphs(s.rights.iter().chain(&s.duties).map(String::as_str))),
        ("places", "办理地点", lines::write_places(&g.places)),
        ("consult_phone", "咨询电话", g.consult_phone.clone()),
        ("supervise_phone", "投诉电话", g.supervise_phone.clone()),
        ("basis", "设定依据", lines::write_basis(&g.basis)),
        ("conditions", "受理条件", g.conditions.join("\n")),
        ("fees", "收费", lines::write_fees(&g.fees)),
        ("fee_basis", "收费依据", g.fee_basis.clone()),
        ("pay_online", "网上支付", yes(g.pay_online)),
        ("faq", "常见问题", lines::write_faq(&g.faq)),
        (
            "service",
            "复议与诉讼",
            paragraphs([&g.remedy.review_org, &g.remedy.review_contact, &g.remedy.court, &g.remedy.court_contact].map(String::as_str)),
        ),
        ("service", "豁免", lines::write_exemptions(&g.exemptions)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_listed_line_by_line() {
        let before = crate::complete::built_in().unwrap().remove(0).guide;
        let mut after = before.clone();
        assert_eq!(changes(&before, &after), []);
        after.materials[3].name = "经营场所平面图".into();
        after.consult_phone = "0839-8720000".into();
        let found = changes(&before, &after);
        assert_eq!(found.iter().map(|change| change.label).collect::<Vec<_>>(), ["材料", "咨询电话"]);
        let marked: Vec<&String> = found[0].after.iter().filter(|(new, _)| *new).map(|(_, line)| line).collect();
        assert_eq!(marked.len(), 1);
        assert!(marked[0].starts_with("经营场所平面图｜"));
    }

    /// 给审核人看的话里没有代码、没有空格子。
    #[test]
    fn reviewers_read_words_not_codes() {
        for complete in crate::complete::built_in().unwrap() {
            for (_, label, text) in texts(&complete.guide) {
                let coded = ["@form", "@example", "id_number", "textarea", "person.", "是、否", "否、是"].iter().find(|code| text.contains(**code));
                assert!(coded.is_none() && !text.ends_with('｜'), "{} {label}：{text}", complete.guide.name);
                let spaced = ["材料", "申报表", "结果", "不同情形的时限与次数"].contains(&label);
                assert!(!spaced || !text.contains("｜｜"), "{} {label}：{text}", complete.guide.name);
            }
        }
    }
}
