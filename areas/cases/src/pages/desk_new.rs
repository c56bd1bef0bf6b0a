//! 窗口收件：选事项 → 一页录完 → 收件（即办件可当场办结），打印收件凭证。

use askama::Template;
use axum::extract::State as Extracted;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::Code;
use tongban_kernel::Problem;
use tongban_store::Tx;
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, render, render_status, see_other};

use super::apply::{item_input, random_bytes};
use super::desk_follow::{self, Carried};
use super::{Fields, mendable};
use crate::commands::{self, Decide, Deliver, Registration};
use crate::model::{Applicant, Case, Channel, Delivery, Field, Follow, FollowKind, MaterialStatus, Offer, Outcome, State};
use crate::permissions as can;
use crate::{offer, store};

/// 找事项的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewQuery {
    pub code: String,
    pub q: String,
    /// 变更、延续、补证的：原办件编号或证照编号，申请哪一种。
    pub earlier: Option<String>,
    pub kind: String,
}

#[derive(Template)]
#[template(path = "desk_new.html")]
pub(super) struct PickPage {
    l: Layout,
    q: String,
    found: Vec<(String, String, String)>,
    searched: bool,
    code: Input,
    earlier: Input,
    errors: ErrorSummary,
}

impl PickPage {
    /// 还没有找，或原办件没找到。
    pub(super) fn blank(ctx: &Ctx, earlier: &str, problem: Option<&Problem>) -> Self {
        let l = Layout::staff(ctx, "窗口收件");
        Self {
            l: if problem.is_some() { l.with_errors() } else { l },
            q: String::new(),
            found: Vec::new(),
            searched: false,
            code: Input::text("code", "或直接填事项编码").max_length(33).width("w-m"),
            earlier: Input::text("earlier", "原办件编号，或证照上的编号").value(earlier).width("w-m").errors_of(problem),
            errors: ErrorSummary::of(problem),
        }
    }
}

#[derive(Template)]
#[template(path = "desk_new_form.html")]
pub(super) struct FormPage {
    l: Layout,
    offer: Offer,
    people: Vec<Input>,
    situations: Vec<Input>,
    fields: Vec<Input>,
    /// 材料短名、名称、份数、现选、可容缺、可承诺、错误。
    materials: Vec<MaterialChoice>,
    delivery: Input,
    may_express: bool,
    /// 刚才勾了当场办结。
    express: bool,
    tracking: Input,
    duplicate: bool,
    errors: ErrorSummary,
    /// 变更、延续、补证的，从原办件带过来什么。
    carried: Option<Carried>,
}

struct MaterialChoice {
    key: String,
    name: String,
    copies: u32,
    chosen: String,
    deferrable: bool,
    optional: bool,
}

pub async fn new(Extracted(app): Extracted<App>, ctx: Ctx, Query(query): Query<NewQuery>) -> Result<Response, Failure> {
    if let Some(earlier) = &query.earlier {
        return desk_follow::start(&app, &ctx, earlier, &query.kind).await;
    }
    if !query.code.is_empty() {
        let code = query.code.clone();
        let found = app.db().snapshot("cases.offer", move |tx| offer::current(tx, &code)).await?;
        let Some(offer) = found else {
            let unknown = Problem::field("code", "not-found", "没有找到这个事项，可能已经暂停或取消；请对照事项列表核对编码，或在上面按名称找");
            let blank = PickPage::blank(&ctx, "", Some(&unknown));
            let code = Input::text("code", "或直接填事项编码").max_length(33).width("w-m").value(&query.code).errors_of(Some(&unknown));
            return render_status(422, &PickPage { code, ..blank });
        };
        return Ok(render(&form_page(&ctx, offer, &Fields(Vec::new()), None, None))?.into_response());
    }
    let words = query.q.trim().to_owned();
    let tenant = ctx.actor.tenant;
    let found = app.db().snapshot("cases.offers", move |tx| offer::find(tx, tenant, &words, 30)).await?;
    Ok(render(&PickPage { searched: !query.q.is_empty(), q: query.q, found, ..PickPage::blank(&ctx, "", None) })?.into_response())
}

pub(super) fn form_page(ctx: &Ctx, offer: Offer, fields: &Fields, carried: Option<Carried>, problem: Option<&Problem>) -> FormPage {
    let text = |name: &str, label: &str| Input::text(name, label).value(fields.get(name)).width("w-m").errors_of(problem);
    let kinds: Vec<(&str, &str)> = [(offer.for_person, ("person", "个人")), (offer.for_legal, ("legal", "企业、单位"))]
        .into_iter()
        .filter_map(|(open, kind)| open.then_some(kind))
        .collect();
    let first = kinds.first().map_or("person", |(code, _)| *code);
    let who = if fields.has("who") { fields.get("who") } else { first };
    let people = vec![
        Input::radios("who", "申请人", kinds).value(who),
        text("name", "姓名或单位全称").hint("读身份证或照证件录入"),
        text("id_number", "身份证号或统一社会信用代码"),
        text("contact", "经办人").optional().hint("企业、单位办理要填；个人办理的不填"),
        Input::tel("mobile", "联系手机").value(fields.get("mobile")).errors_of(problem),
        text("summary", "办理摘要").optional(),
    ];
    let situations = offer
        .situations
        .iter()
        .map(|s| {
            let name = format!("s_{}", s.key);
            Input::radios(&name, &s.question, s.options.iter().map(|c| (c.key.clone(), c.label.clone()))).value(fields.get(&name)).errors_of(problem)
        })
        .collect();
    let materials = offer
        .materials
        .iter()
        .map(|m| MaterialChoice {
            key: m.key.clone(),
            name: m.name.clone(),
            copies: m.copies,
            chosen: fields.get(&format!("m_{}", m.key)).to_owned(),
            deferrable: m.deferrable(),
            optional: !m.required(),
        })
        .collect();
    let ways = Delivery::ALL.into_iter().map(|d| (d.as_str(), d.label()));
    let delivery = if fields.has("delivery") { fields.get("delivery") } else { Delivery::Pickup.as_str() };
    let l = Layout::staff(ctx, &format!("{}：{}", carried.as_ref().map_or("收件", |carried| carried.kind.label()), offer.name));
    FormPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        people,
        situations,
        fields: offer.fields.iter().filter(|f| !asked_above(&offer, f)).map(|f| desk_input(f, &fields.joined(&f.key), problem)).collect(),
        materials,
        delivery: Input::radios("delivery", "怎么拿结果", ways).value(delivery),
        may_express: offer.instant && ctx.actor.may(can::ACCEPT) && ctx.actor.may(can::DELIVER) && (offer.flow.window || ctx.actor.may(can::APPROVE)),
        express: fields.has("express"),
        tracking: Input::text("tracking", "邮寄单号").value(fields.get("tracking")).max_length(40).width("w-m").optional().hint("当场寄出的填；还没寄的空着，寄出后在“待送达”里填").errors_of(problem),
        duplicate: problem.is_some_and(|p| p.code == Code::Duplicate),
        errors: ErrorSummary::of(problem),
        carried,
        offer,
    }
}

/// 上面申请人栏已经问过的，不再问一遍。个人、单位都能办的事项不知道是谁来办，留着。
fn asked_above(offer: &Offer, field: &Field) -> bool {
    let told = "-".to_owned();
    let who = Applicant { is_legal: offer.for_legal, name: told.clone(), id_number: told.clone(), contact: told.clone(), mobile: told, ..Applicant::default() };
    offer.for_person != offer.for_legal && field.prefilled(&who).is_some()
}

/// 与申请人相同的会自动带出，可以不填；住址窗口不另收，没有可带的。
fn desk_input(field: &Field, value: &str, problem: Option<&Problem>) -> Input {
    let input = item_input(field, value, problem);
    if field.prefill.is_empty() || field.prefill.ends_with(".address") { input } else { input.optional().hint("与申请人相同的不用填") }
}

fn registration(ctx: &Ctx, offer: &Offer, fields: &Fields) -> Registration {
    let is_legal = fields.get("who") == "legal";
    let agent = !ctx.actor.may(can::RECEIVE);
    Registration {
        applicant: Applicant {
            name: fields.get("name").to_owned(),
            is_legal,
            id_type: if is_legal { "uscc".to_owned() } else { "111".to_owned() },
            id_number: fields.get("id_number").to_owned(),
            contact: fields.get("contact").to_owned(),
            mobile: fields.get("mobile").to_owned(),
            address: String::new(),
        },
        situations: fields.prefixed("s_").map(|(_, value)| value.to_owned()).collect(),
        form: offer.fields.iter().map(|f| (f.key.clone(), fields.joined(&f.key))).collect(),
        materials: fields.prefixed("m_").filter_map(|(key, value)| MaterialStatus::parse(value).map(|s| (key.to_owned(), s))).collect(),
        delivery: Delivery::parse(fields.get("delivery")).unwrap_or(Delivery::Pickup),
        summary: fields.get("summary").to_owned(),
        channel: if agent { Channel::Agency } else { Channel::Window },
        allow_same: fields.has("allow_same"),
        follow: FollowKind::parse(fields.get("follow_kind")).map(|kind| Follow { kind, earlier_no: fields.get("follow_no").to_owned() }),
    }
}

/// 登记并接件；按“当场办结”的，一次走完。
fn take(tx: &mut Tx<'_>, ctx: &Ctx, offer: &Offer, input: &Registration, (express, tracking): (bool, &str), random: &[u8], at: jiff::Timestamp) -> tongban_store::Result<Case> {
    let actor = &ctx.actor;
    if tracking.chars().count() > 40 {
        return Err(Problem::field("tracking", "length", "邮寄单号不超过 40 字").into());
    }
    let new = commands::register(tx, actor, offer, input, random, at)?;
    if express {
        let decide = Decide { version: new.version, outcome: Outcome::Granted, reason: String::new() };
        // 邮寄的说明是单号，没寄出就没有；其余是申请人在场当面签收
        let note = if input.delivery == Delivery::Post { tracking.to_owned() } else { "当场办结".to_owned() };
        let way = Deliver { version: 0, way: input.delivery, receiver: input.applicant.name.clone(), note };
        return commands::express(tx, actor, &new.no, &decide, &way, at);
    }
    if actor.may(can::RECEIVE) {
        return commands::receive(tx, actor, &new.no, new.version, at);
    }
    Ok(store::find_by_no(tx, &new.no)?.ok_or_else(Problem::not_found)?)
}

/// 收完说一句：当场办结的停在哪里、为什么。
fn told(case: &Case, paper: Option<&str>) -> String {
    if let Some(licence) = paper {
        return format!("已作决定，编号 {}；{licence}没有做电子证照，发了纸质证照再点“送达”", case.no);
    }
    match (case.state, case.delivery) {
        (State::Decided, Delivery::Post) => format!("已作决定，编号 {}；寄出后在“待送达”里填单号", case.no),
        (State::Decided, _) => format!("已作决定，编号 {}；证照签好后系统自动办结", case.no),
        (State::Closed, _) => format!("已办结，编号 {}", case.no),
        _ => format!("已收件，编号 {}", case.no),
    }
}

pub async fn register(Extracted(app): Extracted<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let code = fields.get("code").to_owned();
    let found = app.db().snapshot("cases.offer", move |tx| offer::current(tx, &code)).await?;
    let offer = found.ok_or_else(|| Problem::new(Code::NotFound, "没有找到这个事项，可能已经暂停或取消"))?;
    let (input, express, random, at) = (registration(&ctx, &offer, &fields), fields.has("express"), random_bytes::<32>()?, app.now());
    let (who, item, follow, tracking) = (ctx.clone(), offer.clone(), input.follow.clone(), fields.get("tracking").trim().to_owned());
    let result = app
        .act(&ctx, "cases.register", move |tx| {
            let case = take(tx, &who, &item, &input, (express, &tracking), &random, at)?;
            let paper = commands::on_paper(tx, &case)?;
            Ok((case, paper))
        })
        .await;
    match result {
        Ok((case, paper)) => Ok(see_other(format!("/desk/cases/{}", case.no)).flash(told(&case, paper.as_deref())).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            let carried = desk_follow::carried(&app, &ctx, follow).await?;
            render_status(problem.code.status(), &form_page(&ctx, offer, &fields, carried, Some(&problem)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_applicant_column_asks_is_not_asked_twice() {
        let field = |prefill: &str| Field { prefill: prefill.to_owned(), ..Field::default() };
        let asked = |for_person, for_legal| {
            let offer = Offer { for_person, for_legal, ..Offer::default() };
            ["person.name", "person.id_number", "person.mobile", "person.address", "entity.uscc", ""].map(|prefill| asked_above(&offer, &field(prefill)))
        };
        assert_eq!(asked(true, false), [true, true, true, false, false, false], "住址窗口没有问过");
        assert_eq!(asked(false, true), [true, false, true, false, true, false], "单位办的，经办人的证件号没有问过");
        assert_eq!(asked(true, true), [false; 6], "不知道谁来办，都留着");
    }
}
