//! 一行一条、用“｜”分栏的文字与指南内容之间的来回；没写在行里的要素照旧保留。

use tongban_kernel::problem::{Checks, Problem};

use super::EditForm;
use crate::model::codes::{CopyType, HandleArea, HandleForm, LimitUnit, Need, OnlineStep, ProjectType, ResultType, ServiceObject, Waive};
use crate::model::guide::{Basis, Faq, Fee, Material, Place, Step};
use crate::model::situations::{Choice, Question, When};
use crate::model::{Guide, Limit};

fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// 一行的各栏；半角竖线也认。
fn columns(line: &str) -> Vec<String> {
    line.split(['｜', '|']).map(|part| part.trim().to_owned()).collect()
}

fn column(parts: &[String], at: usize) -> String {
    parts.get(at).cloned().unwrap_or_default()
}

fn joined(parts: &[&str]) -> String {
    parts.join("｜").trim_end_matches('｜').to_owned()
}

fn list(text: &str) -> Vec<String> {
    rows(text).map(str::to_owned).collect()
}

fn lines<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    items.iter().map(write).collect::<Vec<_>>().join("\n")
}

pub(super) fn write_basis(items: &[Basis]) -> String {
    lines(items, |b| joined(&[&b.title, &b.number, &b.article, &b.text]))
}

pub(super) fn write_steps(items: &[Step]) -> String {
    lines(items, |s| joined(&[&s.name, &s.note, &s.workdays.to_string()]))
}

pub(super) fn write_places(items: &[Place]) -> String {
    lines(items, |p| joined(&[&p.name, &p.window, &p.address, &p.hours, &p.phone, &p.transit]))
}

pub(super) fn write_fees(items: &[Fee]) -> String {
    lines(items, |f| joined(&[&f.name, &f.standard, &yuan(f.cents), &f.basis, &f.reduction]))
}

pub(super) fn write_faq(items: &[Faq]) -> String {
    lines(items, |f| joined(&[&f.question, &f.answer]))
}

pub(super) fn write_questions(items: &[Question]) -> String {
    lines(items, |q| {
        let head = joined(&[&q.id, &q.text]);
        let options = lines(&q.options, |o| format!("- {}", joined(&[&o.id, &o.label, &o.hint, &o.stop])));
        format!("{head}\n{options}")
    })
}

/// `题=选项,选项；题=选项`。
pub(super) fn write_when(when: &When) -> String {
    when.0.iter().map(|(question, options)| format!("{question}={}", options.join(","))).collect::<Vec<_>>().join("；")
}

fn read_when(text: &str) -> When {
    let pairs = text.split(['；', ';']).filter_map(|part| part.split_once('='));
    When(
        pairs
            .map(|(question, options)| {
                let options = options.split([',', '，']).map(|o| o.trim().to_owned()).filter(|o| !o.is_empty()).collect();
                (question.trim().to_owned(), options)
            })
            .collect(),
    )
}

fn yuan(cents: i64) -> String {
    if cents % 100 == 0 { (cents / 100).to_string() } else { format!("{}.{:02}", cents / 100, cents % 100) }
}

/// 元（至多两位小数）→ 分。
fn cents(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    (0..=1_000_000_000).contains(&whole).then_some(whole * 100 + part)
}

/// 把一个分页的表单写进指南。
///
/// # Errors
/// 有读不懂的，逐处列出。
pub(super) fn apply(tab: &str, form: &EditForm, guide: &mut Guide) -> Result<(), Problem> {
    let mut checks = Checks::new();
    match tab {
        "basic" => basic(form, guide, &mut checks),
        "situations" => questions(form, guide, &mut checks),
        "materials" => materials(form, guide, &mut checks),
        "steps" => steps(form, guide, &mut checks),
        "places" => places(form, guide),
        "basis" => basis(form, guide, &mut checks),
        "faq" => faq(form, guide, &mut checks),
        _ => return Err(Problem::not_found()),
    }
    checks.finish()
}

fn number(checks: &mut Checks, field: &str, label: &str, text: &str) -> u32 {
    let parsed = text.trim().parse::<u32>().ok().filter(|n| *n <= 10_000);
    checks.ensure(parsed.is_some(), field, "integer", format!("{label}要填 0 到 10000 的整数"));
    parsed.unwrap_or(0)
}

fn picks<T>(texts: &[String], parse: fn(&str) -> Option<T>) -> Vec<T> {
    texts.iter().filter_map(|text| parse(text)).collect()
}

fn basic(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    form.name.trim().clone_into(&mut g.name);
    form.summary.trim().clone_into(&mut g.summary);
    g.aliases = list(&form.aliases);
    g.objects = picks(&form.objects, ServiceObject::parse);
    g.person_themes.clone_from(&form.person_themes);
    g.corp_themes.clone_from(&form.corp_themes);
    let project_type = ProjectType::parse(&form.project_type);
    checks.ensure(project_type.is_some(), "project_type", "required", "请选择办件类型");
    g.project_type = project_type.unwrap_or(g.project_type);
    g.forms = picks(&form.forms, HandleForm::parse);
    g.area = HandleArea::parse(&form.area);
    let unit = |text: &str| LimitUnit::parse(text).unwrap_or(LimitUnit::Workday);
    g.legal =
        Limit { amount: number(checks, "legal", "法定时限", &form.legal), unit: unit(&form.legal_unit), note: g.legal.note.clone() };
    g.promise = Limit {
        amount: number(checks, "promise", "承诺时限", &form.promise),
        unit: unit(&form.promise_unit),
        note: g.promise.note.clone(),
    };
    g.visits = u8::try_from(number(checks, "visits", "到现场次数", &form.visits)).unwrap_or(u8::MAX);
    form.visits_reason.trim().clone_into(&mut g.visits_reason);
    g.online.steps = picks(&form.online_steps, OnlineStep::parse);
    g.online.here = form.online_here.is_some();
    g.online.mobile = form.online_mobile.is_some();
    let url = form.online_url.trim();
    let sound = url.is_empty() || url.starts_with("https://") || url.starts_with("http://");
    checks.ensure(sound, "online_url", "url", "网办地址应以 https:// 开头");
    url.clone_into(&mut g.online.url);
}

fn questions(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    let mut found: Vec<Question> = Vec::new();
    for line in rows(&form.questions) {
        if let Some(option) = line.strip_prefix(['-', '－']) {
            let parts = columns(option);
            let Some(question) = found.last_mut() else {
                checks.ensure(false, "questions", "order", "选项前面要先写问题");
                continue;
            };
            checks.ensure(parts.len() >= 2 && !parts[0].is_empty(), "questions", "format", format!("选项“{line}”应写成“- 选项号｜文字”"));
            question.options.push(Choice {
                id: column(&parts, 0),
                label: column(&parts, 1),
                hint: column(&parts, 2),
                stop: column(&parts, 3),
            });
        } else {
            let parts = columns(line);
            checks.ensure(parts.len() >= 2 && !parts[0].is_empty(), "questions", "format", format!("问题“{line}”应写成“题号｜问题”"));
            let id = column(&parts, 0);
            let when = g.questions.iter().find(|old| old.id == id).map(|old| old.when.clone()).unwrap_or_default();
            found.push(Question { id, text: column(&parts, 1), options: Vec::new(), when });
        }
    }
    for question in &found {
        checks.ensure(question.options.len() >= 2, "questions", "options", format!("“{}”至少要有两个选项", question.text));
    }
    g.questions = found;
}

fn materials(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    let at = |values: &[String], n: usize| values.get(n).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mut found = Vec::new();
    for (n, name) in form.m_name.iter().map(|name| name.trim()).enumerate().filter(|(_, name)| !name.is_empty()) {
        let id = Some(at(&form.m_id, n)).filter(|id| !id.is_empty()).unwrap_or_else(|| format!("m{}", n + 1));
        let old = g.materials.iter().find(|material| material.id == id).cloned().unwrap_or_default();
        let copies = at(&form.m_copies, n).parse::<u8>().ok();
        checks.ensure(copies.is_some(), "materials", "integer", format!("“{name}”的份数要填整数"));
        found.push(Material {
            id,
            name: name.to_owned(),
            hint: at(&form.m_hint, n),
            need: Need::parse(&at(&form.m_need, n)).unwrap_or(old.need),
            copy_type: CopyType::parse(&at(&form.m_copy, n)).unwrap_or(old.copy_type),
            waive: Waive::parse(&at(&form.m_waive, n)).unwrap_or(old.waive),
            copies: copies.unwrap_or(old.copies),
            when: read_when(&at(&form.m_when, n)),
            basis: at(&form.m_basis, n),
            ..old
        });
    }
    g.materials = found;
    g.no_materials = form.no_materials.is_some();
}

fn steps(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    let old = std::mem::take(&mut g.steps);
    g.steps = rows(&form.steps)
        .map(|line| {
            let parts = columns(line);
            let (name, days) = (column(&parts, 0), column(&parts, 2));
            let kept = old.iter().find(|step| step.name == name).cloned().unwrap_or_default();
            let workdays = if days.is_empty() { 0 } else { number(checks, "steps", &format!("“{name}”的工作日"), &days) };
            Step { name, note: column(&parts, 1), workdays, ..kept }
        })
        .collect();
    form.result_name.trim().clone_into(&mut g.result.name);
    form.result_validity.trim().clone_into(&mut g.result.validity);
    g.result.types = picks(&form.result_types, ResultType::parse);
    if g.result.sample.is_empty() && !g.result.name.is_empty() {
        "@sample".clone_into(&mut g.result.sample);
    }
    g.pitfalls = list(&form.pitfalls);
}

fn places(form: &EditForm, g: &mut Guide) {
    let old = std::mem::take(&mut g.places);
    g.places = rows(&form.places)
        .map(|line| {
            let parts = columns(line);
            let name = column(&parts, 0);
            let kept = old.iter().find(|place| place.name == name).cloned().unwrap_or_default();
            Place {
                name,
                window: column(&parts, 1),
                address: column(&parts, 2),
                hours: column(&parts, 3),
                phone: column(&parts, 4),
                transit: column(&parts, 5),
                ..kept
            }
        })
        .collect();
    form.consult_phone.trim().clone_into(&mut g.consult_phone);
    form.supervise_phone.trim().clone_into(&mut g.supervise_phone);
}

fn basis(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    g.basis = rows(&form.basis)
        .map(columns)
        .map(|parts| Basis { title: column(&parts, 0), number: column(&parts, 1), article: column(&parts, 2), text: column(&parts, 3) })
        .collect();
    g.conditions = list(&form.conditions);
    let old = std::mem::take(&mut g.fees);
    g.fees = rows(&form.fees)
        .map(|line| {
            let parts = columns(line);
            let name = column(&parts, 0);
            let kept = old.iter().find(|fee| fee.name == name).cloned().unwrap_or_default();
            let amount = cents(&column(&parts, 2));
            checks.ensure(amount.is_some(), "fees", "money", format!("“{name}”的金额要填元，最多两位小数；按量计的填 0"));
            Fee {
                name,
                standard: column(&parts, 1),
                cents: amount.unwrap_or(0),
                basis: column(&parts, 3),
                reduction: column(&parts, 4),
                ..kept
            }
        })
        .collect();
    form.fee_basis.trim().clone_into(&mut g.fee_basis);
    g.pay_online = g.pay_online && !g.fees.is_empty();
}

fn faq(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    g.faq = rows(&form.faq)
        .map(|line| {
            let parts = columns(line);
            checks.ensure(parts.len() == 2, "faq", "format", format!("“{line}”应写成“问题｜回答”"));
            Faq { question: column(&parts, 0), answer: column(&parts, 1) }
        })
        .collect();
}

/// 两份指南哪里不同：字段、旧、新。
pub(super) fn changes(before: &Guide, after: &Guide) -> Vec<(String, String, String)> {
    let as_map = |guide: &Guide| match serde_json::to_value(guide) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let (old, new) = (as_map(before), as_map(after));
    let text = |value: Option<&serde_json::Value>| match value {
        None => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    new.iter()
        .filter(|(key, value)| old.get(*key) != Some(value))
        .map(|(key, value)| (label(key).to_owned(), text(old.get(key)), text(Some(value))))
        .collect()
}

fn label(field: &str) -> &str {
    match field {
        "name" => "名称",
        "summary" => "一句大白话",
        "aliases" => "别名",
        "basis" => "设定依据",
        "objects" => "服务对象",
        "legal" => "法定时限",
        "promise" => "承诺时限",
        "visits" => "到现场次数",
        "visits_reason" => "必须到现场的原因",
        "online" => "网上办理",
        "conditions" => "受理条件",
        "questions" => "情形问题",
        "materials" => "材料",
        "fees" => "收费",
        "steps" => "流程",
        "result" => "结果",
        "places" => "办理地点",
        "faq" => "常见问题",
        "consult_phone" => "咨询电话",
        "supervise_phone" => "投诉电话",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Guide {
        crate::complete::built_in().unwrap().remove(0).guide
    }

    /// 打开再原样保存，什么也不变。
    #[test]
    fn saving_unchanged_keeps_everything() {
        for complete in crate::complete::built_in().unwrap() {
            let before = complete.guide;
            let mut after = before.clone();
            let form = EditForm {
                questions: write_questions(&before.questions),
                steps: write_steps(&before.steps),
                result_name: before.result.name.clone(),
                result_types: before.result.types.iter().map(|t| t.code().to_owned()).collect(),
                result_validity: before.result.validity.clone(),
                pitfalls: before.pitfalls.join("\n"),
                places: write_places(&before.places),
                consult_phone: before.consult_phone.clone(),
                supervise_phone: before.supervise_phone.clone(),
                basis: write_basis(&before.basis),
                conditions: before.conditions.join("\n"),
                fees: write_fees(&before.fees),
                fee_basis: before.fee_basis.clone(),
                faq: write_faq(&before.faq),
                m_id: before.materials.iter().map(|m| m.id.clone()).collect(),
                m_name: before.materials.iter().map(|m| m.name.clone()).collect(),
                m_hint: before.materials.iter().map(|m| m.hint.clone()).collect(),
                m_need: before.materials.iter().map(|m| m.need.code().to_owned()).collect(),
                m_copy: before.materials.iter().map(|m| m.copy_type.code().to_owned()).collect(),
                m_waive: before.materials.iter().map(|m| m.waive.code().to_owned()).collect(),
                m_copies: before.materials.iter().map(|m| m.copies.to_string()).collect(),
                m_when: before.materials.iter().map(|m| write_when(&m.when)).collect(),
                m_basis: before.materials.iter().map(|m| m.basis.clone()).collect(),
                ..EditForm::default()
            };
            for tab in ["situations", "materials", "steps", "places", "basis", "faq"] {
                apply(tab, &form, &mut after).unwrap();
            }
            assert_eq!(changes(&before, &after), [], "{}", before.name);
        }
    }

    #[test]
    fn unreadable_lines_are_named() {
        let mut guide = complete();
        let form = EditForm { faq: "没有竖线".into(), ..EditForm::default() };
        assert_eq!(apply("faq", &form, &mut guide).unwrap_err().errors[0].detail, "“没有竖线”应写成“问题｜回答”");
        let form = EditForm { questions: "- a｜甲".into(), ..EditForm::default() };
        assert!(apply("situations", &form, &mut guide).is_err());
        let form = EditForm { fees: "工本费|每证|十元".into(), ..EditForm::default() };
        assert!(apply("basis", &form, &mut guide).is_err());
        assert!(apply("nothing", &form, &mut guide).is_err());
    }

    #[test]
    fn money_is_exact() {
        assert_eq!(
            [cents("16"), cents("0.5"), cents("12.34"), cents("1.234"), cents("-1"), cents("x")],
            [Some(1600), Some(50), Some(1234), None, None, None]
        );
        assert_eq!([yuan(1600), yuan(1234)], ["16", "12.34"]);
    }
}
