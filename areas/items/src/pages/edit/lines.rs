//! 一行一条、用“｜”分栏的文字与指南内容之间的来回；没写在行里的要素照旧保留。

use tongban_kernel::problem::{Checks, Problem};

use super::{EditForm, designer, material};
use crate::exchange::plan_day;
use crate::model::codes::{
    DeptType, HandleArea, HandleForm, LimitUnit, OnlineStep, PowerKind, PowerSource, ProjectType, ResultType, SealMode, ServiceObject,
};
use crate::model::guide::{Basis, Exemption, Faq, Fee, Place, Step};
use crate::model::service::AgentPoint;
use crate::model::situations::{Choice, Question, Variant, When};
use crate::model::{Guide, Limit};

pub(in crate::pages) fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// 一行的各栏；半角竖线也认。
pub(in crate::pages) fn columns(line: &str) -> Vec<String> {
    line.split(['｜', '|']).map(|part| part.trim().to_owned()).collect()
}

fn column(parts: &[String], at: usize) -> String {
    parts.get(at).cloned().unwrap_or_default()
}

fn joined(parts: &[&str]) -> String {
    parts.join("｜").trim_end_matches('｜').to_owned()
}

pub(in crate::pages) fn list(text: &str) -> Vec<String> {
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
    lines(items, |f| joined(&[&f.name, &f.standard, &yuan(f.cents), &f.basis, &f.reduction, &write_when(&f.when)]))
}

pub(super) fn write_faq(items: &[Faq]) -> String {
    lines(items, |f| joined(&[&f.question, &f.answer]))
}

pub(in crate::pages) fn write_questions(items: &[Question]) -> String {
    lines(items, |q| {
        let head = joined(&[&q.id, &q.text, &write_when(&q.when)]);
        let options = lines(&q.options, |o| format!("- {}", joined(&[&o.id, &o.label, &o.hint, &o.stop])));
        format!("{head}\n{options}")
    })
}

/// 只写工作日数；单位不是工作日的带上说明照旧保留。
fn days(limit: Option<&Limit>) -> String {
    limit.map_or_else(String::new, |limit| limit.amount.to_string())
}

pub(super) fn write_variants(items: &[Variant]) -> String {
    lines(items, |v| {
        let visits = v.visits.map_or_else(String::new, |visits| visits.to_string());
        joined(&[&write_when(&v.when), &days(v.promise.as_ref()), &days(v.legal.as_ref()), &visits, &v.note])
    })
}

pub(super) fn write_agents(items: &[AgentPoint]) -> String {
    lines(items, |a| joined(&[&a.town, &a.town_code, &a.village, &a.village_code, &a.address, &a.phone]))
}

pub(super) fn write_exemptions(items: &[Exemption]) -> String {
    lines(items, |e| joined(&[&e.from, &e.basis, &e.approved_by]))
}

/// `题=选项,选项；题=选项`。
pub(in crate::pages) fn write_when(when: &When) -> String {
    when.0.iter().map(|(question, options)| format!("{question}={}", options.join(","))).collect::<Vec<_>>().join("；")
}

pub(in crate::pages) fn read_when(text: &str) -> When {
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
        "situations" => {
            guide.questions = read_questions(&form.questions, &mut checks);
            variants(form, guide, &mut checks);
        }
        "materials" => material::apply(form, guide, &mut checks),
        "form" => designer::apply(form, guide, &mut checks),
        "service" => service(form, guide, &mut checks),
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
    g.legal = Limit {
        amount: number(checks, "legal", "法定时限", &form.legal),
        unit: unit(&form.legal_unit),
        note: form.legal_note.trim().to_owned(),
    };
    g.promise = Limit {
        amount: number(checks, "promise", "承诺时限", &form.promise),
        unit: unit(&form.promise_unit),
        note: form.promise_note.trim().to_owned(),
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

/// 读“题号｜问题”与“- 选项号｜文字”的行。
pub(in crate::pages) fn read_questions(text: &str, checks: &mut Checks) -> Vec<Question> {
    let mut found: Vec<Question> = Vec::new();
    for line in rows(text) {
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
            found.push(Question {
                id: column(&parts, 0),
                text: column(&parts, 1),
                options: Vec::new(),
                when: read_when(&column(&parts, 2)),
            });
        }
    }
    for question in &found {
        checks.ensure(question.options.len() >= 2, "questions", "options", format!("“{}”至少要有两个选项", question.text));
    }
    found
}

fn variants(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    let old = std::mem::take(&mut g.variants);
    for line in rows(&form.variants) {
        let parts = columns(line);
        let when = read_when(&column(&parts, 0));
        checks.ensure(!when.always(), "variants", "format", format!("“{line}”要先写哪种情形：题号=选项号"));
        let kept = old.iter().find(|variant| variant.when == when).cloned().unwrap_or_default();
        let mut limit = |at: usize, kept: Option<Limit>| match column(&parts, at) {
            text if text.is_empty() => None,
            text => {
                let amount = number(checks, "variants", "时限", &text);
                Some(Limit { amount, ..kept.unwrap_or_default() })
            }
        };
        let (promise, legal) = (limit(1, kept.promise), limit(2, kept.legal));
        let visits = Some(column(&parts, 3)).filter(|text| !text.is_empty());
        let visits = visits.map(|text| u8::try_from(number(checks, "variants", "次数", &text)).unwrap_or(u8::MAX));
        g.variants.push(Variant { when, legal, promise, visits, note: column(&parts, 4) });
    }
}

fn service(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    let power = PowerSource::parse(&form.power_source);
    checks.ensure(power.is_some(), "power_source", "required", "请选择权力来源");
    g.power_source = power.unwrap_or(g.power_source);
    g.dept_type = DeptType::parse(&form.dept_type).unwrap_or(g.dept_type);
    form.entrust.trim().clone_into(&mut g.entrust);
    let entrusted = matches!(g.power_source, PowerSource::EntrustedAbove | PowerSource::EntrustedPeer);
    checks.ensure(!entrusted || !g.entrust.is_empty(), "entrust", "required", "受委托行使的，请填写委托部门");
    g.joint_depts = list(&form.joint_depts);
    form.quantity_limit.trim().clone_into(&mut g.quantity_limit);
    form.special_procedure.trim().clone_into(&mut g.special_procedure);
    g.stoppable = form.stoppable.iter().filter_map(|code| code.parse().ok()).collect();
    form.intermediary.trim().clone_into(&mut g.intermediary);
    g.real_level = form.real_level.parse().unwrap_or(g.real_level);
    g.commitment = form.commitment.is_some();
    g.single_post = form.single_post.is_some();
    g.entry_centre = form.entry_centre.is_some();
    g.booking = form.booking.is_some();
    g.express = form.express.is_some();
    g.terminal = form.terminal.is_some();
    g.online.single_login = form.single_login.is_some();
    form.review_org.trim().clone_into(&mut g.remedy.review_org);
    form.review_contact.trim().clone_into(&mut g.remedy.review_contact);
    form.court.trim().clone_into(&mut g.remedy.court);
    form.court_contact.trim().clone_into(&mut g.remedy.court_contact);
    g.exemptions = rows(&form.exemptions)
        .map(columns)
        .map(|parts| Exemption { from: column(&parts, 0), basis: column(&parts, 1), approved_by: column(&parts, 2) })
        .collect();
    let s = &mut g.service;
    s.power_kind = PowerKind::parse(&form.power_kind);
    s.seal_mode = SealMode::parse(&form.seal_mode);
    s.comprehensive_window = form.comprehensive_window.is_some();
    s.ab_post = form.ab_post.is_some();
    for (field, text, into) in
        [("plan_effective", &form.plan_effective, &mut s.plan_effective), ("plan_cancel", &form.plan_cancel, &mut s.plan_cancel)]
    {
        match plan_day(text) {
            Some(day) => *into = day,
            None => checks.ensure(false, field, "date", "日期要写成 2026-12-01，没有就空着"),
        }
    }
    let ordered = s.plan_effective.is_empty() || s.plan_cancel.is_empty() || s.plan_effective < s.plan_cancel;
    checks.ensure(ordered, "plan_cancel", "range", "取消要在生效之后");
    s.mail_materials = form.mail_materials.is_some();
    s.mobile_login = form.mobile_login.is_some();
    form.mobile_url.trim().clone_into(&mut s.mobile_url);
    form.guiding_dept.trim().clone_into(&mut s.guiding_dept);
    s.rights = list(&form.rights);
    s.duties = list(&form.duties);
    s.agents = rows(&form.agents)
        .map(columns)
        .map(|parts| AgentPoint {
            town: column(&parts, 0),
            town_code: column(&parts, 1),
            village: column(&parts, 2),
            village_code: column(&parts, 3),
            address: column(&parts, 4),
            phone: column(&parts, 5),
        })
        .collect();
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
                when: read_when(&column(&parts, 5)),
                ..kept
            }
        })
        .collect();
    form.fee_basis.trim().clone_into(&mut g.fee_basis);
    g.pay_online = form.pay_online.is_some() && !g.fees.is_empty();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Guide {
        crate::complete::built_in().unwrap().remove(0).guide
    }

    /// 页面上会勾中的格。
    fn ticks(guide: &Guide) -> Vec<String> {
        let mut ticks = Vec::new();
        for (n, material) in guide.materials.iter().enumerate() {
            for question in &guide.questions {
                let asked = material.when.0.get(&question.id);
                let shown = question.options.iter().filter(|choice| asked.is_none_or(|options| options.contains(&choice.id)));
                ticks.extend(shown.map(|choice| format!("{n}:{}.{}", question.id, choice.id)));
            }
        }
        ticks
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
                m_when: ticks(&before),
                m_basis: before.materials.iter().map(|m| m.basis.clone()).collect(),
                m_class: before.materials.iter().map(|m| m.class.code().to_owned()).collect(),
                m_format: before.materials.iter().map(|m| m.format.code().to_owned()).collect(),
                m_source: before.materials.iter().map(|m| m.source.code().to_owned()).collect(),
                m_source_note: before.materials.iter().map(|m| m.source_note.clone()).collect(),
                m_licence: before.materials.iter().map(|m| m.licence_type.clone()).collect(),
                m_standard: before.materials.iter().map(|m| m.standard.clone()).collect(),
                m_page: before.materials.iter().map(|m| m.page_format.clone()).collect(),
                m_remark: before.materials.iter().map(|m| m.remark.clone()).collect(),
                m_blank: before.materials.iter().map(|m| m.blank_form.clone()).collect(),
                m_example: before.materials.iter().map(|m| m.example.clone()).collect(),
                variants: write_variants(&before.variants),
                pay_online: before.pay_online.then(|| "1".to_owned()),
                ..EditForm::default()
            };
            for tab in ["situations", "materials", "steps", "places", "basis", "faq"] {
                apply(tab, &form, &mut after).unwrap();
            }
            assert_eq!(after, before);
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
