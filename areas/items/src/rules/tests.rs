//! 规则表：从一份没有毛病的指南出发，一次弄坏一处，看是否正好被那一条抓住。

use super::{GuideView, RULES, Severity, accurate, blocked, check};
use crate::model::codes::{HandleForm, LimitUnit, ResultType, Waive};
use crate::model::guide::Exemption;
use crate::model::{Guide, Limit, ProjectType, ServiceObject, TaskType, UseLevel};

const CODE: &str = "11510811MB0000027M451010000100001";

fn sound() -> Guide {
    serde_yaml_ng::from_str(
        "
name: 食品经营许可核发
task_type: '01'
summary: 开餐馆要办。
aliases: [开餐馆]
basis: [{title: 《中华人民共和国食品安全法》, article: 第三十五条}]
objects: ['2', '5']
corp_themes: ['010']
project_type: '2'
forms: ['1', '2']
legal: {amount: 20}
promise: {amount: 5}
visits: 0
online: {steps: ['2', '4', '5', '7'], here: true}
conditions: [有相适应的场所]
materials:
  - {id: form, name: 申请书, class: '2', waive: '2'}
  - {id: plan, name: 平面图}
steps:
  - {name: 受理, workdays: 1}
  - {name: 审核, workdays: 1}
  - {name: 审批, workdays: 1}
  - {name: 办结, workdays: 1}
  - {name: 送达, workdays: 1}
result: {types: ['10'], name: 食品经营许可证, sample: sample.ofd}
places: [{name: 区政务服务中心, address: 元坝镇京兆路, hours: '周一至周五 9:00—12:00，13:30—17:00', phone: 0839-0000000}]
consult_phone: 0839-8720000
supervise_phone: '12345'
faq: [{question: 要多久, answer: 5 个工作日}]
",
    )
    .unwrap()
}

fn view<'a>(guide: &'a Guide, sites: &'a [String]) -> GuideView<'a> {
    GuideView {
        guide,
        code: CODE,
        implementation_code: &CODE[..31],
        catalogue_code: &CODE[19..31],
        catalogue_name: "食品经营许可核发",
        catalogue_levels: &[UseLevel::City, UseLevel::County],
        level: UseLevel::County,
        dept_code: &CODE[..18],
        division: Some("510811000000".parse_division()),
        province: "51",
        siblings: &[],
        catalogue_taken: false,
        published_code: Some(CODE),
        sites: Some(sites),
        repealed: &["食品流通许可证管理办法"],
        url_reachable: Some(true),
    }
}

trait ParseDivision {
    fn parse_division(&self) -> tongban_kernel::codes::DivisionCode;
}

impl ParseDivision for str {
    fn parse_division(&self) -> tongban_kernel::codes::DivisionCode {
        tongban_kernel::codes::DivisionCode::parse(self).unwrap()
    }
}

fn found(guide: &Guide, change: impl FnOnce(&mut GuideView<'_>)) -> Vec<(&'static str, Severity)> {
    let sites = vec!["区政务服务中心".to_owned()];
    let mut view = view(guide, &sites);
    change(&mut view);
    check(&view).iter().map(|finding| (finding.rule, finding.severity)).collect()
}

#[test]
fn a_sound_guide_has_no_findings() {
    assert_eq!(found(&sound(), |_| {}), []);
}

/// “凭证”不是证照；“登记证”是。
#[test]
fn a_receipt_is_not_a_licence() {
    let named = |name: &str| {
        let mut guide = sound();
        (guide.result.name, guide.result.types) = (name.into(), vec![ResultType::Other]);
        found(&guide, |_| {})
    };
    assert_eq!(named("预备役登记凭证"), []);
    assert_eq!(named("预备役登记证").len(), 1);
}

type Spoil = fn(&mut Guide);

#[test]
fn each_fault_is_caught_by_its_rule() {
    let table: &[(&str, Spoil)] = &[
        ("Q01", |g| g.promise = Limit::workdays(0)),
        ("Q02", |g| g.project_type = ProjectType::Instant),
        ("Q03", |g| g.legal = Limit { amount: 30, unit: LimitUnit::Hour, note: String::new() }),
        ("Q04", |g| g.result.types = vec![ResultType::Document]),
        ("Q04", |g| g.result.name = "准予许可决定书".into()),
        ("Q05", |g| g.visits = 1),
        ("Q05", |g| (g.visits, g.visits_reason) = (1, "无".into())),
        ("Q06", |g| g.visits_reason = "要面签".into()),
        ("Q07", |g| g.online.steps.clear()),
        ("Q08", |g| g.online.here = false),
        ("Q09", |g| g.fees = serde_yaml_ng::from_str("[{name: 工本费, standard: 每证 10 元, cents: 1000}]").unwrap()),
        ("Q09", |g| g.fee_basis = "某文件".into()),
        ("Q10", |g| g.pay_online = true),
        ("Q11", |g| g.consult_phone = String::new()),
        ("Q11", |g| g.consult_phone = "8720000".into()),
        ("Q11", |g| g.consult_phone = "12345".into()),
        ("Q12", |g| g.corp_themes.clear()),
        ("Q12", |g| g.person_themes = vec!["005".into()]),
        ("Q12", |g| g.corp_themes = vec!["080".into()]),
        ("Q13", |g| g.faq.clear()),
        ("Q14", |g| g.steps.truncate(4)),
        ("Q14", |g| g.steps[0].workdays = 9),
        ("Q15", |g| g.result.sample.clear()),
        ("Q16", |g| g.materials[1].name = "平面图及其他有关材料".into()),
        ("Q16", |g| g.materials[1].name = "平面图等".into()),
        ("Q16", |g| g.conditions.push("法律规定的其他条件".into())),
        ("Q17", |g| g.materials[1].name = "申请书".into()),
        ("Q17", |g| g.materials[1].id = "form".into()),
        ("Q17", |g| g.materials.clear()),
        ("Q17", |g| g.no_materials = true),
        ("Q18", |g| g.materials[0].waive = Waive::No),
        ("Q19", |g| {
            g.materials[1].source = crate::model::codes::Source::Government;
            g.materials[1].licence_type = "营业执照".into();
        }),
        ("Q20", |g| g.basis.clear()),
        ("Q20", |g| g.basis[0].article.clear()),
        ("Q20", |g| g.basis[0].title = "《食品流通许可证管理办法》".into()),
        ("Q21", |g| g.places.clear()),
        ("Q21", |g| g.places[0].name = "不存在的大厅".into()),
        ("Q21", |g| g.places[0].hours = "上班时间".into()),
        ("Q22", |g| g.forms.clear()),
        ("Q22", |g| g.visits = 12),
        ("Q22", |g| g.exemptions.push(Exemption { from: "online".into(), ..Exemption::default() })),
        ("Q23", |g| g.name = "食品卫生许可".into()),
        ("Q25", |g| g.aliases.clear()),
    ];
    for (at, (rule, spoil)) in table.iter().enumerate() {
        let mut guide = sound();
        spoil(&mut guide);
        let rules: Vec<&str> = found(&guide, |_| {}).into_iter().map(|(rule, _)| rule).collect();
        assert!(rules.contains(rule), "第 {at} 行：应触发 {rule}，实际 {rules:?}");
    }
}

#[test]
fn objects_and_names_may_vary_within_reason() {
    let mut guide = sound();
    guide.name = "食品经营许可核发(新办)".into();
    guide.objects.push(ServiceObject::Person);
    guide.person_themes = vec!["040".into()];
    guide.forms.push(HandleForm::Express);
    assert_eq!(found(&guide, |_| {}), []);
}

#[test]
fn codes_are_checked_against_their_surroundings() {
    let guide = sound();
    let rules = |change: fn(&mut GuideView<'_>)| -> Vec<&'static str> { found(&guide, change).into_iter().map(|(rule, _)| rule).collect() };
    assert!(rules(|v| v.catalogue_code = "442199806003").contains(&"V01"));
    assert!(rules(|v| v.level = UseLevel::City).contains(&"V02"));
    assert!(rules(|v| v.dept_code = "11510811000000019M").contains(&"V02"));
    assert!(rules(|v| v.code = "11510811MB0000027M451010000100000").contains(&"V03"));
    let taken = vec![CODE.to_owned()];
    let sites = vec!["区政务服务中心".to_owned()];
    let mut repeated = view(&guide, &sites);
    repeated.siblings = &taken;
    assert_eq!(check(&repeated).iter().map(|f| f.rule).collect::<Vec<_>>(), ["V03"]);
    assert_eq!(rules(|v| v.division = Some("510811100000".parse_division())), ["V04"]);
    assert_eq!(rules(|v| v.catalogue_levels = &[UseLevel::Town]), ["V05"]);
    assert_eq!(rules(|v| v.catalogue_taken = true), ["V06"]);
    assert_eq!(rules(|v| v.published_code = Some("11510811MB0000027M451010000100002")), ["V07"]);
    assert_eq!(rules(|v| v.sites = None), Vec::<&str>::new(), "点位库取不到时不查");
}

#[test]
fn a_dead_link_is_a_warning() {
    let mut guide = sound();
    guide.online.url = "https://example.org/apply".into();
    assert_eq!(found(&guide, |v| v.url_reachable = Some(false)), [("Q24", Severity::W)]);
    assert_eq!(found(&guide, |v| v.url_reachable = None), []);
}

#[test]
fn repealed_basis_is_only_a_warning() {
    let mut guide = sound();
    guide.basis[0].title = "《食品流通许可证管理办法》".into();
    assert_eq!(found(&guide, |_| {}), [("Q20", Severity::W)]);
}

#[test]
fn severities_decide_what_is_blocked() {
    let sites = vec!["区政务服务中心".to_owned()];
    let mut guide = sound();
    guide.aliases.clear();
    let findings = check(&view(&guide, &sites));
    assert!(!blocked(&findings) && accurate(&findings), "只有建议，不算不准确");
    guide.faq.clear();
    let findings = check(&view(&guide, &sites));
    assert!(!blocked(&findings) && !accurate(&findings));
    guide.basis.clear();
    assert!(blocked(&check(&view(&guide, &sites))));
}

#[test]
fn services_need_fewer_steps() {
    let mut guide = sound();
    guide.task_type = TaskType::Service;
    guide.steps.truncate(2);
    guide.faq.clear();
    let rules: Vec<&str> = found(&guide, |_| {}).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, ["V01"], "只剩编码里的类型与事项类型不符");
}

#[test]
fn every_rule_of_the_specification_is_here() {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let expected: Vec<String> = (1..=25).map(|n| format!("Q{n:02}")).chain((1..=7).map(|n| format!("V{n:02}"))).collect();
    assert_eq!(ids, expected);
}

#[test]
fn messages_are_plain() {
    let mut guide = sound();
    guide.materials[1].name = "平面图等".into();
    let sites = vec!["区政务服务中心".to_owned()];
    let finding = check(&view(&guide, &sites)).remove(0);
    assert_eq!((finding.field.as_str(), finding.message.as_str()), ("materials/1/name", "材料“平面图等”以“等”结尾，请写清到底要哪几样"));
    assert!(!RULES.iter().any(|rule| rule.title.is_empty()));
}
