//! 综合点评：不绑办件，对机构、平台、政策说满不满意；一道算术题防刷，没有脚本也能提。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_directory::queries as directory;
use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, time};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use super::Card;
use crate::commands::appraisals::{self, Words};
use crate::model::{Satisfaction, TextReview};
use crate::permissions::REVIEW;
use crate::rules::redact;
use crate::store::{self, Appraisal};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    target: String,
    policy: String,
    level: i64,
    text: String,
    named: String,
    question: String,
    answer: String,
}

/// 公开的一条。
struct Shown {
    target: String,
    level: Satisfaction,
    day: String,
    text: String,
    answer: String,
}

#[derive(Template)]
#[template(path = "appraise.html")]
struct AppraisePage {
    l: Layout,
    errors: ErrorSummary,
    fields: Vec<Field>,
    question: String,
    answer: Field,
    signed_in: bool,
    named: bool,
    rows: Vec<Shown>,
}

fn kind(target: &str) -> &'static str {
    match target {
        "org" => "机构",
        "policy" => "政策",
        _ => "平台",
    }
}

async fn page(app: &App, ctx: &Ctx, sent: &Sent, problem: Option<&Problem>) -> Result<AppraisePage, Failure> {
    let mut random = [0_u8; 2];
    getrandom::fill(&mut random).map_err(|_| Problem::new(Code::Internal, "系统没有取到随机数，请刷新"))?;
    let now = app.now();
    let (question, orgs, rows) = app
        .db()
        .snapshot("evaluation.appraise", move |tx| {
            let orgs: Vec<_> = directory::all_orgs(tx)?.into_iter().filter(|org| org.parent != 0 && org.is_unit()).map(|org| (format!("org:{}", org.id), org.name)).collect();
            Ok((appraisals::question(tx, random[0], random[1], now), orgs, store::open_appraisals(tx, 20)?))
        })
        .await?;
    let targets = [(String::new(), "请选择".to_owned()), ("platform".to_owned(), "本平台（网站、手机端）".to_owned()), ("policy".to_owned(), "某项政策".to_owned())];
    let fields = vec![
        Field::select("target", "点评谁", targets.into_iter().chain(orgs)).value(&sent.target),
        Field::text("policy", "政策名称").optional().hint("点评政策时填写").value(&sent.policy),
        Field::radios("level", "满不满意", Satisfaction::ALL.iter().map(|level| (level.code().to_string(), level.label()))).value(sent.level.to_string()),
        Field::area("text", "建议").optional().hint("最多 500 字；不满意请写一句为什么。请不要写身份证号、电话").value(&sent.text).max_length(500),
    ];
    let l = Layout::public(ctx, "综合点评");
    Ok(AppraisePage {
        l: if problem.is_some() { l.with_errors() } else { l },
        errors: ErrorSummary::of(problem),
        fields: fields.into_iter().map(|field| field.errors_of(problem)).collect(),
        answer: Field::text("answer", &format!("{} 等于几", appraisals::asked(&question))).width("w-s").hint("防止程序刷评").errors_of(problem),
        question,
        signed_in: ctx.actor.person != 0,
        named: sent.named == "1",
        rows: rows
            .into_iter()
            .map(|a| Shown {
                target: format!("{}：{}", kind(&a.target), a.target_name),
                level: a.level,
                day: time::show_day(time::date_of(a.at)),
                text: a.text.as_deref().map(redact).unwrap_or_default(),
                answer: a.answer,
            })
            .collect(),
    })
}

/// `GET /appraise`
pub async fn form(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&page(&app, &ctx, &Sent::default(), None).await?)
}

/// `POST /appraise`
pub async fn submit(State(app): State<App>, ctx: Ctx, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    let words = Words {
        target: sent.target.clone(),
        policy: sent.policy.clone(),
        level: sent.level,
        text: sent.text.clone(),
        named: sent.named == "1",
        question: sent.question.clone(),
        answer: sent.answer.clone(),
    };
    let (actor, source, at) = (ctx.actor.clone(), ctx.ip.to_string(), app.now());
    match app.act(&ctx, "evaluation.appraised", move |tx| appraisals::appraise(tx, &actor, &words, &source, at)).await {
        Ok(_) => Ok(see_other("/appraise").flash("已收到您的点评，审核之后公开").into_response()),
        Err(error) => {
            let problem = error.into_problem();
            if problem.code.status() >= 500 {
                return Err(problem.into());
            }
            render_status(problem.code.status(), &page(&app, &ctx, &sent, Some(&problem)).await?)
        }
    }
}

struct DeskRow {
    appraisal: Appraisal,
    kind: &'static str,
    at: String,
    waiting: bool,
}

#[derive(Template)]
#[template(path = "desk_appraisals.html")]
struct DeskPage {
    l: Layout,
    errors: ErrorSummary,
    /// 出错的那条点评。
    card: Card,
    rows: Vec<DeskRow>,
    can_review: bool,
}

async fn desk(app: &App, ctx: &Ctx, problem: Option<&Problem>, card: Card) -> Result<DeskPage, Failure> {
    let tenant = ctx.actor.tenant;
    let rows = app.db().snapshot("evaluation.appraisals", move |tx| store::appraisals(tx, tenant, i64::MAX, 100)).await?;
    let row = |appraisal: Appraisal| DeskRow {
        kind: kind(&appraisal.target),
        at: time::show(appraisal.at),
        waiting: appraisal.review == TextReview::Waiting,
        appraisal,
    };
    let l = Layout::staff(ctx, "综合点评");
    Ok(DeskPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        errors: ErrorSummary::of(problem),
        card,
        rows: rows.into_iter().map(row).collect(),
        can_review: ctx.actor.may(REVIEW),
    })
}

/// `GET /desk/rates/appraisals`
pub async fn list(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&desk(&app, &ctx, None, Card::default()).await?)
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Verdict {
    version: i64,
    pass: String,
    answer: String,
}

/// `POST /desk/rates/appraisals/{appraisal}`
pub async fn settle(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(sent): Form<Verdict>) -> Result<Response, Failure> {
    let (actor, at, pass, answer) = (ctx.actor.clone(), app.now(), sent.pass == "1", sent.answer.clone());
    let done = app.act(&ctx, "evaluation.appraisal_settled", move |tx| appraisals::settle_appraisal(tx, &actor, id, sent.version, pass, &sent.answer, at));
    if let Err(error) = done.await {
        let problem = error.into_problem();
        if problem.code.status() != 422 {
            return Err(problem.into());
        }
        let (card, problem) = Card::wrong(id, "answer", &answer, &problem);
        return render_status(422, &desk(&app, &ctx, Some(&problem), card).await?);
    }
    Ok(see_other("/desk/rates/appraisals").flash(if pass { "已公开" } else { "不公开，留作内部参考" }).into_response())
}
