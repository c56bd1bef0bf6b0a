//! 填报：没有数据来源的指标由人填，写明依据；旧的一版版留着。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_directory::queries::OrgNode;
use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, time};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use super::{Asked, chosen, today};
use crate::binding::Source;
use crate::commands::{self, Report};
use crate::definition::{Definitions, Indicator, Kind};
use crate::store::{self, ReportRow};

/// 表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    org: Option<i64>,
    per: String,
    num: String,
    den: String,
    evidence: String,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    l: Layout,
    indicator: &'static Indicator,
    node: OrgNode,
    per: String,
    title: String,
    by: String,
    errors: ErrorSummary,
    fields: Vec<Field>,
    last: Option<ReportRow>,
    last_at: String,
}

fn fields(indicator: &Indicator, sent: &Sent, problem: Option<&Problem>) -> Vec<Field> {
    let mut all = Vec::new();
    match indicator.kind {
        Kind::Boolean => all.push(Field::radios("num", &indicator.name, [("1", "是"), ("0", "否")]).value(&sent.num)),
        Kind::Rate => {
            all.push(Field::number("num", "分子", "").value(&sent.num));
            all.push(Field::number("den", "分母", "").value(&sent.den));
        }
        _ => all.push(Field::number("num", &indicator.name, &indicator.unit).value(&sent.num)),
    }
    all.push(Field::area("evidence", "依据").value(&sent.evidence).hint("文号、附件名、照片说明；谁都能看到是谁、何时、凭什么填的"));
    all.into_iter().map(|field| field.errors_of(problem)).collect()
}

async fn page(app: &App, ctx: &Ctx, id: &str, asked: &Asked, sent: &Sent, problem: Option<&Problem>) -> Result<Page, Failure> {
    let all = Definitions::built_in()?;
    let indicator = all.get(id).ok_or_else(Problem::not_found)?;
    let Source::Manual(by) = all.source(id) else { return Err(Problem::not_found().into()) };
    let period = asked.period(today(app))?;
    let (actor, wanted, number) = (ctx.actor.clone(), asked.org, id.to_owned());
    let seen = app.db().snapshot("indicators.report_form", move |tx| {
        let node = chosen(tx, &actor, wanted)?;
        let last = store::report(tx, &number, node.id, period.code())?;
        Ok((node, last))
    });
    let (node, last) = seen.await?;
    let l = Layout::staff(ctx, &format!("填报：{}", indicator.name));
    Ok(Page {
        l: if problem.is_some() { l.with_errors() } else { l },
        indicator,
        node,
        per: period.link(),
        title: period.title(),
        by: by.clone(),
        errors: ErrorSummary::of(problem),
        fields: fields(indicator, sent, problem),
        last_at: last.as_ref().map(|row| time::show(row.at)).unwrap_or_default(),
        last,
    })
}

/// `GET /cockpit/k/{indicator}/report`
pub async fn form(State(app): State<App>, ctx: Ctx, Path(id): Path<String>, Query(asked): Query<Asked>) -> Result<Html, Failure> {
    render(&page(&app, &ctx, &id, &asked, &Sent::default(), None).await?)
}

/// `POST /cockpit/k/{indicator}/report`
pub async fn submit(State(app): State<App>, ctx: Ctx, Path(id): Path<String>, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    let asked = Asked { org: sent.org, per: sent.per.clone(), ..Asked::default() };
    let period = asked.period(today(&app))?;
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let input = Report {
        indicator: id.clone(),
        org: sent.org.unwrap_or(0),
        period,
        num: number(&sent.num),
        den: number(&sent.den),
        evidence: sent.evidence.clone(),
    };
    let (actor, at, org) = (ctx.actor.clone(), app.now(), input.org);
    match app.act(&ctx, "indicators.report", move |tx| commands::report(tx, &actor, &input, at)).await {
        Ok(_) => Ok(see_other(format!("/cockpit/k/{id}?org={org}&per={}", period.link())).flash("已填报").into_response()),
        Err(error) => {
            let problem = error.into_problem();
            if problem.code != Code::ValidationFailed {
                return Err(problem.into());
            }
            render_status(422, &page(&app, &ctx, &id, &asked, &sent, Some(&problem)).await?)
        }
    }
}
