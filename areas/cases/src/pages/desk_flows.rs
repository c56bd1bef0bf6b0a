//! 事项的环节配置：审查环节、现场核查、专家、要征求哪些部门；只影响以后受理的件。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_directory::queries as directory;
use tongban_kernel::Problem;
use tongban_kernel::problem::Checks;
use tongban_store::Entry;
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use super::{Fields, mendable};
use crate::model::{Flow, Offer, Stage, StageKind, Step};
use crate::{offer, store};

/// 最多几个环节。
const MOST: usize = 6;

#[derive(Template)]
#[template(path = "desk_flow.html")]
struct FlowPage {
    l: Layout,
    code: String,
    item: String,
    stages: Vec<[Input; 4]>,
    joint: Input,
    days: Input,
    window: Input,
    errors: ErrorSummary,
}

async fn found(app: &App, ctx: &Ctx, code: String) -> Result<(Offer, Vec<(i64, String)>), Failure> {
    let actor = ctx.actor.clone();
    let read = app
        .db()
        .snapshot("cases.flow", move |tx| {
            let offer = offer::current(tx, &code)?.ok_or_else(Problem::not_found)?;
            actor.scope.check(&offer.place)?;
            let units = directory::units(tx, offer.place.tenant)?;
            let own = offer.place.unit;
            Ok((offer, units.into_iter().filter(|unit| unit.id != own).map(|unit| (unit.id, unit.name)).collect()))
        })
        .await?;
    Ok(read)
}

fn page(ctx: &Ctx, offer: &Offer, flow: &Flow, units: &[(i64, String)], problem: Option<&Problem>) -> FlowPage {
    let listed = flow.stages(offer.single_post);
    let stages = (0..MOST)
        .map(|n| {
            let stage = listed.get(n);
            let named = |what: &str| format!("{what}_{n}");
            [
                Input::text(&named("name"), "环节").value(stage.map_or("", |s| s.name.as_str())).optional().errors_of(problem),
                Input::select(&named("post"), "哪个岗", Step::ALL.map(|p| (p.as_str(), p.label()))).value(stage.map_or("handle", |s| s.post.as_str())),
                Input::select(&named("kind"), "怎么办", StageKind::ALL.map(|k| (k.as_str(), k.label()))).value(stage.map_or("ordinary", |s| s.kind.as_str())),
                Input::number(&named("days"), "时限", "个工作日").value(stage.map_or(String::new(), |s| s.days.to_string())).optional(),
            ]
        })
        .collect();
    let l = Layout::staff(ctx, "环节配置");
    FlowPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        code: offer.code.clone(),
        item: offer.name.clone(),
        stages,
        joint: Input::checks("joint", "受理时一并征求哪些部门", units.iter().map(|(id, name)| (id.to_string(), name.clone()))).values(flow.joint.iter().map(i64::to_string)),
        window: Input::checks("window", "批准落在哪里", [("1", "授权窗口当场决定（首席代表；只对即办件）")]).values(flow.window.then(|| "1".to_owned())).optional(),
        days: Input::number("joint_days", "几个工作日内回", "个工作日").value(flow.joint_limit().to_string()).errors_of(problem),
        errors: ErrorSummary::of(problem),
    }
}

/// 一项的环节。
pub async fn form(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<Html, Failure> {
    let (offer, units) = found(&app, &ctx, code).await?;
    render(&page(&ctx, &offer, &offer.flow, &units, None))
}

fn typed(fields: &Fields) -> Flow {
    let days = |name: &str| u32::try_from(fields.int(name)).unwrap_or(0).min(365);
    let stage = |n: usize| {
        let name = fields.get(&format!("name_{n}")).trim().to_owned();
        (!name.is_empty()).then(|| Stage {
            name: name.chars().take(30).collect(),
            post: Step::parse(fields.get(&format!("post_{n}"))).unwrap_or(Step::Handle),
            kind: StageKind::parse(fields.get(&format!("kind_{n}"))).unwrap_or_default(),
            days: days(&format!("days_{n}")),
        })
    };
    Flow {
        stages: (0..MOST).filter_map(stage).collect(),
        joint: fields.joined("joint").split(',').filter_map(|id| id.parse().ok()).collect(),
        joint_days: days("joint_days"),
        window: fields.get("window") == "1",
    }
}

fn check(flow: &Flow) -> Result<(), Problem> {
    let mut checks = Checks::new();
    let last = flow.stages.last();
    checks.ensure(last.is_some_and(|stage| stage.post == Step::Approve), "name_0", "order", "至少写一个环节，最后一个要由批准岗作决定");
    let approvals = flow.stages.iter().filter(|stage| stage.post == Step::Approve).count();
    checks.ensure(approvals <= 1, "name_0", "order", "批准岗只能有一个环节，放在最后");
    checks.ensure(flow.joint.len() <= 20, "joint", "range", "最多征求 20 个部门");
    checks.finish()
}

/// 存下一项的环节。
pub async fn save(State(app): State<App>, ctx: Ctx, Path(code): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let (offer, units) = found(&app, &ctx, code).await?;
    let flow = typed(&Fields(fields));
    if let Err(problem) = check(&flow) {
        return render_status(422, &page(&ctx, &offer, &flow, &units, Some(&problem)));
    }
    let (actor, at, item, chosen) = (ctx.actor.clone(), app.now(), offer.clone(), flow.clone());
    let saved = app
        .act(&ctx, "cases.flow_save", move |tx| {
            let version = store::flow(tx, &item.code)?.map_or(0, |(version, _)| version) + 1;
            store::save_flow(tx, &item, version, &chosen, &actor.name, at)?;
            let body = serde_json::json!({ "item": item.code }).to_string();
            tx.journal(Entry { kind: "cases.flow_saved", subject: item.item_id, rev: version, at, actor: &actor, tenant: item.place.tenant, body: &body })
        })
        .await;
    match saved {
        Ok(()) => Ok(see_other(format!("/desk/flows/{}", offer.code)).flash("环节已保存，以后受理的件照它走").into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(422, &page(&ctx, &offer, &flow, &units, Some(&problem)))
        }
    }
}
