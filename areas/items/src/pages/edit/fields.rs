//! 各分页的字段：控件、提示、现在的值。

use tongban_web::components::Field;

use super::lines;
use crate::model::Guide;
use crate::model::codes::{
    CORP_THEMES, DeptType, HandleArea, HandleForm, LimitUnit, OnlineStep, PERSON_THEMES, PowerKind, PowerSource, ProjectType, ResultType,
    SealMode, ServiceObject,
};

fn options<T: Copy>(all: &[T], code: fn(T) -> &'static str, label: fn(T) -> &'static str) -> Vec<(String, String)> {
    all.iter().map(|value| (code(*value).to_owned(), label(*value).to_owned())).collect()
}

fn themes(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect()
}

fn codes<T: Copy>(values: &[T], code: fn(T) -> &'static str) -> Vec<String> {
    values.iter().map(|value| code(*value).to_owned()).collect()
}

fn flag(name: &str, label: &str, on: bool) -> Field {
    Field::checks(name, label, [("1", label)]).values(on.then(|| "1".to_owned())).optional()
}

fn service_fields(g: &Guide) -> Vec<Field> {
    let s = &g.service;
    let either = |none: &str| [(String::new(), none.to_owned())].into_iter();
    vec![
        Field::select("power_source", "权力来源", options(PowerSource::ALL, PowerSource::code, PowerSource::label))
            .value(g.power_source.code()),
        Field::select("dept_type", "实施主体性质", options(DeptType::ALL, DeptType::code, DeptType::label)).value(g.dept_type.code()),
        Field::select("power_kind", "权力属性", either("不填").chain(options(PowerKind::ALL, PowerKind::code, PowerKind::label)))
            .value(s.power_kind.map_or("", PowerKind::code))
            .optional(),
        Field::text("entrust", "委托部门").hint("权力来源是上级委托、同级委托时填").value(&g.entrust).optional(),
        Field::area("joint_depts", "联办机构").hint("一行一个").value(g.joint_depts.join("\n")).optional(),
        Field::text("guiding_dept", "中央业务指导部门").value(&s.guiding_dept).optional(),
        Field::text("quantity_limit", "数量限制").hint("没有就空着").value(&g.quantity_limit).optional(),
        Field::text("special_procedure", "特别程序").hint("听证、检验、鉴定、专家评审；没有就空着").value(&g.special_procedure).optional(),
        Field::checks(
            "stoppable",
            "哪些特别程序可以停表",
            [("29", "公示公告"), ("30", "现场勘验"), ("31", "受理后补正"), ("32", "等待上级")],
        )
        .values(g.stoppable.iter().map(u8::to_string))
        .optional(),
        Field::text("intermediary", "中介服务").hint("没有就空着").value(&g.intermediary).optional(),
        Field::select("real_level", "最低实名等级", [("0", "不用实名"), ("1", "初级"), ("2", "中级"), ("3", "高级")])
            .value(g.real_level.to_string()),
        flag("commitment", "适用告知承诺", g.commitment),
        flag("single_post", "一人可办完", g.single_post),
        flag("entry_centre", "进驻政务大厅", g.entry_centre),
        flag("comprehensive_window", "综合窗口收件", s.comprehensive_window),
        Field::select("seal_mode", "盖哪一枚章", either("不盖章").chain(options(SealMode::ALL, SealMode::code, SealMode::label)))
            .value(s.seal_mode.map_or("", SealMode::code))
            .optional(),
        flag("ab_post", "有 A、B 岗", s.ab_post),
        Field::date("plan_effective", "计划生效日期").value(&s.plan_effective).optional(),
        Field::date("plan_cancel", "计划取消日期").hint("定下日子以后不再办的才填").value(&s.plan_cancel).optional(),
        flag("booking", "可以预约", g.booking),
        flag("express", "结果可以寄送", g.express),
        flag("mail_materials", "材料可以寄来", s.mail_materials),
        flag("terminal", "自助终端能办", g.terminal),
        flag("single_login", "电脑端对接单点登录", g.online.single_login),
        Field::text("mobile_url", "手机办理地址").value(&s.mobile_url).optional(),
        flag("mobile_login", "手机端对接单点登录", s.mobile_login),
        Field::area("agents", "村（社区）代办点")
            .hint("一行一个，用“｜”分开：镇｜镇代码｜村｜村代码｜地址｜电话")
            .value(lines::write_agents(&s.agents))
            .optional(),
        Field::area("rights", "您有哪些权利").hint("一行一条").value(s.rights.join("\n")).optional(),
        Field::area("duties", "您要尽哪些义务").hint("一行一条").value(s.duties.join("\n")).optional(),
        Field::text("review_org", "行政复议机关").value(&g.remedy.review_org).optional(),
        Field::text("review_contact", "复议机关的地址、电话").value(&g.remedy.review_contact).optional(),
        Field::text("court", "行政诉讼法院").value(&g.remedy.court).optional(),
        Field::text("court_contact", "法院的地址、电话").value(&g.remedy.court_contact).optional(),
        Field::area("exemptions", "经批准的豁免")
            .hint("一行一条，用“｜”分开：online、visit 或 public｜法律依据｜批准的主管；public 是办件与评价都不公开（涉密、信访举报类）")
            .value(lines::write_exemptions(&g.exemptions))
            .optional(),
    ]
}

fn basic_fields(g: &Guide) -> Vec<Field> {
    vec![
        Field::text("name", "事项名称").value(&g.name),
        Field::text("summary", "一句大白话").hint("谁、什么时候要办").value(&g.summary).max_length(200),
        Field::area("aliases", "大白话别名").hint("一行一个，群众怎么说就怎么写").value(g.aliases.join("\n")).optional(),
        Field::checks("objects", "服务对象", options(ServiceObject::ALL, ServiceObject::code, ServiceObject::label))
            .values(codes(&g.objects, ServiceObject::code)),
        Field::checks("person_themes", "个人主题", themes(PERSON_THEMES)).values(g.person_themes.clone()).optional(),
        Field::checks("corp_themes", "企业主题", themes(CORP_THEMES)).values(g.corp_themes.clone()).optional(),
        Field::radios("project_type", "办件类型", options(ProjectType::ALL, ProjectType::code, ProjectType::label))
            .value(g.project_type.code()),
        Field::checks("forms", "办理形式", options(HandleForm::ALL, HandleForm::code, HandleForm::label))
            .values(codes(&g.forms, HandleForm::code)),
        Field::select(
            "area",
            "通办范围",
            [("", "不通办")].map(|(v, t)| (v.to_owned(), t.to_owned())).into_iter().chain(options(
                HandleArea::ALL,
                HandleArea::code,
                HandleArea::label,
            )),
        )
        .value(g.area.map_or("", HandleArea::code))
        .optional(),
        Field::number("legal", "法定时限", "").hint("没有法定期限填 0").value(g.legal.amount.to_string()),
        Field::select("legal_unit", "法定时限单位", options(LimitUnit::ALL, LimitUnit::code, LimitUnit::label)).value(g.legal.unit.code()),
        Field::number("promise", "承诺时限", "").hint("当场办好填 0").value(g.promise.amount.to_string()),
        Field::select("promise_unit", "承诺时限单位", options(LimitUnit::ALL, LimitUnit::code, LimitUnit::label))
            .value(g.promise.unit.code()),
        Field::text("legal_note", "法定时限说明").hint("没有法定期限的，写明为什么").value(&g.legal.note).optional(),
        Field::text("promise_note", "承诺时限说明").value(&g.promise.note).optional(),
        Field::number("visits", "到现场次数", "次").value(g.visits.to_string()),
        Field::text("visits_reason", "必须到现场的原因").value(&g.visits_reason).optional(),
        Field::checks("online_steps", "网上办理深度", options(OnlineStep::ALL, OnlineStep::code, OnlineStep::label))
            .values(codes(&g.online.steps, OnlineStep::code))
            .optional(),
        flag("online_here", "在本平台申报", g.online.here),
        flag("online_mobile", "手机能申报", g.online.mobile),
        Field::text("online_url", "外部网办地址").value(&g.online.url).optional(),
    ]
}

pub(super) fn fields(tab: &str, g: &Guide) -> Vec<Field> {
    let bar = "一行一条，栏与栏之间用“｜”分开：";
    match tab {
        "situations" => vec![
            Field::area("questions", "先问的问题")
                .hint("问题一行：题号｜问题｜前面怎么答才问（题号=选项号）；选项各一行：- 选项号｜文字｜提示｜不用办的说明")
                .value(lines::write_questions(&g.questions))
                .optional(),
            Field::area("variants", "不同情形的时限与次数")
                .hint(format!("{bar}题号=选项号｜承诺工作日｜法定工作日｜跑几次｜说明；不变的栏空着"))
                .value(lines::write_variants(&g.variants))
                .optional(),
        ],
        "steps" => vec![
            Field::area("steps", "办理流程").hint(format!("{bar}环节｜怎么办｜工作日")).value(lines::write_steps(&g.steps)),
            Field::text("result_name", "办好后拿到什么").value(&g.result.name),
            Field::checks("result_types", "结果类型", options(ResultType::ALL, ResultType::code, ResultType::label))
                .values(codes(&g.result.types, ResultType::code)),
            Field::text("result_validity", "有效期").value(&g.result.validity).optional(),
            Field::area("pitfalls", "容易被退回的原因").hint("一行一条").value(g.pitfalls.join("\n")).optional(),
        ],
        "places" => vec![
            Field::area("places", "办理地点")
                .hint(format!("{bar}名称｜窗口｜地址｜时间｜电话｜怎么来"))
                .value(lines::write_places(&g.places)),
            Field::tel("consult_phone", "咨询电话").value(&g.consult_phone),
            Field::tel("supervise_phone", "投诉电话").value(&g.supervise_phone),
        ],
        "basis" => vec![
            Field::area("basis", "设定依据").hint(format!("{bar}《文件名》｜文号｜条款｜要点")).value(lines::write_basis(&g.basis)),
            Field::area("conditions", "受理条件").hint("一行一条").value(g.conditions.join("\n")),
            Field::area("fees", "收费项目")
                .hint(format!("不收费留空。{bar}名称｜标准｜金额（元）｜依据｜减免｜哪些情形收（题号=选项号）"))
                .value(lines::write_fees(&g.fees))
                .optional(),
            Field::text("fee_basis", "收费依据").value(&g.fee_basis).optional(),
            flag("pay_online", "可以网上交", g.pay_online),
        ],
        "faq" => vec![Field::area("faq", "常见问题").hint(format!("{bar}问题｜回答")).value(lines::write_faq(&g.faq)).optional()],
        "service" => service_fields(g),
        "basic" => basic_fields(g),
        _ => Vec::new(),
    }
}
