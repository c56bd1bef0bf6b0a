//! AB 岗：定自己的 B 岗，离岗、回岗。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tongban_directory::queries as directory;
use tongban_kernel::Problem;
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use super::{Fields, mendable};
use crate::commands::{self, Colleague};

#[derive(Template)]
#[template(path = "desk_cover.html")]
struct CoverPage {
    l: Layout,
    title: String,
    backup: Input,
    away: bool,
    warning: Option<String>,
    errors: ErrorSummary,
}

async fn page(app: &App, ctx: &Ctx, problem: Option<&Problem>) -> Result<CoverPage, Failure> {
    let (actor, now) = (ctx.actor.clone(), app.now());
    let (post, people) = app
        .db()
        .snapshot("cases.cover", move |tx| {
            let post = directory::post(tx, actor.post)?.filter(|post| post.staff == actor.staff).ok_or_else(Problem::not_found)?;
            let people = commands::colleagues(tx, &post, now)?;
            Ok((post, people))
        })
        .await?;
    let chosen = people.iter().find(|person| Some(person.post) == post.backup);
    let both = post.away && chosen.is_none_or(|chosen| chosen.away);
    let label = |person: &Colleague| match (person.fit, person.away) {
        (false, _) => format!("{}（岗位不同，接不了）", person.name),
        (true, true) => format!("{}（离岗）", person.name),
        (true, false) => person.name.clone(),
    };
    let l = Layout::staff(ctx, "AB 岗");
    Ok(CoverPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        title: post.title.clone(),
        warning: both.then(|| "A 岗离岗、B 岗也没有人：手里的件没有人办，请马上定一个在岗的 B 岗".to_owned()),
        backup: Input::select(
            "backup",
            "B 岗",
            std::iter::once((String::new(), "没有".to_owned())).chain(people.iter().map(|person| (person.post.to_string(), label(person)))),
        )
        .hint("只列本单位接得了您手里的件的人：同一岗位，或权限都有的")
        .value(post.backup.map(|id| id.to_string()).unwrap_or_default())
        .errors_of(problem),
        away: post.away,
        errors: ErrorSummary::of(problem),
    })
}

/// 我的 AB 岗。
pub async fn form(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&page(&app, &ctx, None).await?)
}

/// 存下之后怎么说：B 岗与 A 岗角色不同的，看得到却接不了，要说清。
const fn told(away: bool, same: bool) -> &'static str {
    match (away, same) {
        (_, false) => "已保存。B 岗与您的岗位不同，看得到您手里的件，接办不了；离岗之前请另定同一岗位的 B 岗，或把件转办出去",
        (true, true) => "已标离岗，手里的件 B 岗能接办",
        (false, true) => "已保存",
    }
}

/// 存下。
pub async fn save(State(app): State<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let (actor, at, backup, away) = (ctx.actor.clone(), app.now(), fields.int("backup"), fields.has("away"));
    let saved = app
        .act(&ctx, "cases.cover", move |tx| {
            tongban_directory::commands::cover_post(tx, &actor, actor.post, Some(backup).filter(|id| *id != 0), away, at)?;
            let (own, other) = (directory::post(tx, actor.post)?, directory::post(tx, backup)?);
            match own.zip(other) {
                Some((own, other)) => directory::stands_in(tx, &own.role, &other.role),
                None => Ok(true),
            }
        })
        .await;
    match saved {
        Ok(same) => Ok(see_other("/desk/cover").flash(told(away, same)).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(422, &page(&app, &ctx, Some(&problem)).await?)
        }
    }
}
