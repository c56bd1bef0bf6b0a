//! 评价仪的绑定与在线情况：各窗口一台，网址、在不在线、解除。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::time;
use tongban_web::guard::{cookie, random_hex};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Redirect, render, see_other};

use crate::commands::{self, pads};
use crate::permissions::INVITE;
use crate::store;

/// 设备记号放多久。
const KEPT: i64 = 3 * 365 * 24 * 3600;

/// 设备记号的 Cookie，一个窗口一枚。
pub(super) fn mark_name(window: i64) -> String {
    format!("tongban_pad_{window}")
}

/// 请求里带的设备记号。
pub(super) fn mark(headers: &HeaderMap, window: i64) -> String {
    let wanted = format!("{}=", mark_name(window));
    let cookies = headers.get_all(axum::http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|part| part.trim().strip_prefix(&wanted)).unwrap_or_default().to_owned()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Bind {
    k: String,
}

/// `POST /pad/{window}/bind`：把这台设备绑在窗口上。
pub async fn bind(State(app): State<App>, ctx: Ctx, Path(window): Path<i64>, Form(sent): Form<Bind>) -> Result<Response, Failure> {
    let (actor, key, token, at) = (ctx.actor.clone(), sent.k.clone(), random_hex(16), app.now());
    let given = token.clone();
    app.act(&ctx, "evaluation.pad_bind", move |tx| pads::bind(tx, &actor, window, &key, &given, at)).await?;
    let kept = cookie(&mark_name(window), &token, Some(KEPT), app.config().https);
    Ok(see_other(format!("/pad/{window}?k={}", sent.k)).cookie(kept).into_response())
}

struct Line {
    window: i64,
    name: String,
    key: String,
    standing: pads::Standing,
    seen: String,
}

#[derive(Template)]
#[template(path = "desk_pads.html")]
struct PadsPage {
    l: Layout,
    lines: Vec<Line>,
    can_invite: bool,
}

/// `GET /desk/rates/pads`：本单位各窗口的评价仪。
pub async fn list(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let (own, at) = (ctx.actor.org, app.now());
    let found = app.db().snapshot("evaluation.pads", move |tx| {
        let mut lines = Vec::new();
        for window in tongban_directory::queries::windows(tx, own)? {
            let device = store::device(tx, window.id)?;
            lines.push(Line {
                key: commands::pad_key(tx, window.id),
                standing: pads::standing(device.as_ref(), at),
                seen: device.filter(store::Device::is_bound).map(|device| time::show(device.seen)).unwrap_or_default(),
                name: format!("{} {}", window.number, window.name),
                window: window.id,
            });
        }
        Ok(lines)
    });
    render(&PadsPage { l: Layout::staff(&ctx, "评价仪"), lines: found.await?, can_invite: ctx.actor.may(INVITE) })
}

/// `POST /desk/rates/pads/{pad}/unbind`
pub async fn unbind(State(app): State<App>, ctx: Ctx, Path(window): Path<i64>) -> Result<Redirect, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "evaluation.pad_unbind", move |tx| pads::unbind(tx, &actor, window, at)).await?;
    Ok(see_other("/desk/rates/pads").flash("已解除，可以绑定另一台了"))
}
