//! 评价仪：设备上的三态页（待机、评价、谢谢）、绑定，以及各岗位的在线情况。

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use tongban_directory::queries as directory;
use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, time};
use tongban_store::Tx;
use tongban_web::components::Field;
use tongban_web::guard::{cookie, random_hex};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, Redirect, render, see_other};

use super::rate::{Face, faces};
use crate::commands::{self, pads};
use crate::permissions::INVITE;
use crate::rules::pads::{Standing, misfit};
use crate::store::{self, Subject};

/// 设备记号放多久。
const KEPT: i64 = 3 * 365 * 24 * 3600;
/// 设备记号的 Cookie：一台设备一枚。
const MARK: &str = "tongban_pad";

fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let wanted = format!("{name}=");
    let cookies = headers.get_all(axum::http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let found = cookies.flat_map(|line| line.split(';')).find_map(|part| part.trim().strip_prefix(&wanted).map(str::to_owned));
    found.filter(|mark| !mark.is_empty())
}

/// 请求里带的设备记号；从前按窗口发的也认。
pub(super) fn mark(headers: &HeaderMap, window: i64) -> String {
    cookie_of(headers, MARK).or_else(|| cookie_of(headers, &format!("{MARK}_{window}"))).unwrap_or_default()
}

/// 网址里带的：哪个岗位、钥匙、刚评完。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    post: i64,
    k: String,
    done: String,
}

/// 评价仪的网址。
pub(super) fn address(window: i64, post: i64, key: &str) -> String {
    format!("/pad/{window}?post={post}&k={key}")
}

/// 设备此刻该显示什么。
enum Screen {
    /// 没有绑定，可以绑。
    Free,
    /// 绑不了、用不了：为什么、怎么办。
    Told(String),
    Idle,
    Asking { token: String, node: &'static str, subject: Box<Subject> },
}

#[derive(Template)]
#[template(path = "pad.html")]
struct PadPage {
    l: Layout,
    home: String,
    window: i64,
    post: i64,
    key: String,
    number: String,
    /// 为您服务的人：姓名、工号。
    who: String,
    screen: Screen,
    thanks: bool,
    faces: Vec<Face>,
}

struct Seen {
    number: String,
    who: String,
    window: i64,
    screen: Screen,
    /// 要记一次报到的绑定。
    report: Option<i64>,
}

/// 岗位、窗口、人，和这台设备该显示什么。
fn look(tx: &mut Tx<'_>, asked: &Asked, mark: &str, now: Timestamp) -> tongban_store::Result<Seen> {
    if commands::pad_key(tx, asked.post) != asked.k {
        return Err(Problem::not_found().into());
    }
    let post = directory::post(tx, asked.post)?.ok_or_else(Problem::not_found)?;
    let window = match post.window {
        Some(id) => directory::window(tx, id)?,
        None => None,
    };
    let person = directory::staff(tx, post.staff)?;
    let seat = pads::seat(tx, Some(&post), now)?;
    let bound = store::binding_of_post(tx, post.id)?;
    let mine = bound.clone().filter(|bound| pads::is_bound(tx, bound, mark));
    let (screen, report) = match (bound, mine) {
        (_, Some(mine)) => match misfit(&seat, mine.window) {
            Some(why) => (Screen::Told(format!("{}，这台评价仪停用了。请工作人员到“好差评 → 评价仪”解除绑定，再绑到现在的岗位。", why.label())), None),
            None => {
                let stale = now.duration_since(mine.seen) >= pads::SEEN_EVERY;
                (asking(tx, post.id, now)?, stale.then_some(mine.id))
            }
        },
        (Some(_), None) => (Screen::Told("这个岗位已绑定另一台评价仪。要换成这台，请工作人员到“好差评 → 评价仪”先解除绑定。".to_owned()), None),
        (None, None) => (free(tx, &seat, mark)?, None),
    };
    let named = |staff: directory::Staff| format!("{}（工号 {}）", staff.name, staff.code);
    Ok(Seen {
        number: window.as_ref().map_or_else(|| post.title.clone(), |window| format!("{} 号窗口", window.number)),
        who: person.map(named).unwrap_or_default(),
        window: post.window.unwrap_or(0),
        screen,
        report,
    })
}

/// 没有绑定时：能绑、为什么不能绑。
fn free(tx: &mut Tx<'_>, seat: &crate::rules::pads::Seat, mark: &str) -> tongban_store::Result<Screen> {
    if let Some(why) = misfit(seat, seat.window) {
        return Ok(Screen::Told(format!("{}，不能绑定评价仪。请打开在任岗位的网址。", why.label())));
    }
    if seat.window == 0 {
        return Ok(Screen::Told("这个岗位不在窗口，不用绑定评价仪。".to_owned()));
    }
    let Some(other) = pads::bound_to(tx, mark)? else { return Ok(Screen::Free) };
    let name = match directory::post(tx, other.post)? {
        Some(post) => pads::post_name(tx, &post)?,
        None => "别的岗位".to_owned(),
    };
    Ok(Screen::Told(format!("这台设备已经绑在“{name}”上。一台设备只绑一个岗位，请先解除那边的绑定。")))
}

fn asking(tx: &mut Tx<'_>, post: i64, now: Timestamp) -> tongban_store::Result<Screen> {
    let Some(push) = store::pushed(tx, post)?.filter(|push| now <= push.due) else { return Ok(Screen::Idle) };
    let Some(invited) = store::find_invitation(tx, push.invitation)? else { return Ok(Screen::Idle) };
    if crate::rules::usable(invited.standing(), now).is_err() {
        return Ok(Screen::Idle);
    }
    let subject = store::subject(tx, invited.subject)?.ok_or_else(Problem::not_found)?;
    Ok(Screen::Asking { token: commands::token(tx, invited.id), node: invited.node.label(), subject: Box::new(subject) })
}

/// `GET /pad/{window}`：待机、评价、谢谢三态。网址里的岗位与 `k` 由本平台发给这台设备，猜不到。
pub async fn show(State(app): State<App>, ctx: Ctx, Path(window): Path<i64>, Query(asked): Query<Asked>, headers: HeaderMap) -> Result<Response, Failure> {
    let (now, mark) = (app.now(), mark(&headers, window));
    if asked.post == 0 {
        return Ok(moved(&app, window, mark).await?.into_response());
    }
    let wanted = asked.clone();
    let seen = app.db().snapshot("evaluation.pad", move |tx| look(tx, &wanted, &mark, now)).await?;
    if let Some(binding) = seen.report {
        app.db().write("evaluation.pad_seen", move |tx| pads::seen(tx, binding, now)).await?;
    }
    let key = asked.k.clone();
    let faces = match &seen.screen {
        Screen::Asking { token, .. } => faces(|level| format!("/r/{token}?level={level}&from=pad&pad={}&post={}&k={key}", seen.window, asked.post)),
        _ => Vec::new(),
    };
    let page = PadPage {
        l: Layout::public(&ctx.without_name(), "请您评价"),
        home: address(seen.window, asked.post, &key),
        window: seen.window,
        post: asked.post,
        key,
        number: seen.number,
        who: seen.who,
        thanks: asked.done == "1" && matches!(seen.screen, Screen::Idle),
        screen: seen.screen,
        faces,
    };
    Ok(render(&page)?.into_response())
}

/// 从前按窗口的网址：设备迁到了哪个岗位就到哪里去。
async fn moved(app: &App, window: i64, mark: String) -> Result<Redirect, Failure> {
    let found = app.db().snapshot("evaluation.pad_moved", move |tx| {
        let bound = pads::bound_to(tx, &mark)?.filter(|bound| bound.window == window);
        Ok(bound.map(|bound| address(window, bound.post, &commands::pad_key(tx, bound.post))))
    });
    let told = || Problem::new(Code::NotFound, "评价仪现在一个岗位一台。请工作人员到“好差评 → 评价仪”，打开自己岗位的网址重新绑定");
    Ok(see_other(found.await?.ok_or_else(told)?))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Bind {
    post: i64,
    k: String,
}

/// `POST /pad/{window}/bind`：把这台设备绑在岗位上。
pub async fn bind(State(app): State<App>, ctx: Ctx, Path(window): Path<i64>, headers: HeaderMap, Form(sent): Form<Bind>) -> Result<Response, Failure> {
    let known = Some(mark(&headers, window)).filter(|mark| !mark.is_empty());
    let (actor, key, token, at) = (ctx.actor.clone(), sent.k.clone(), known.unwrap_or_else(|| random_hex(16)), app.now());
    let (given, post) = (token.clone(), sent.post);
    app.act(&ctx, "evaluation.pad_bind", move |tx| pads::bind(tx, &actor, post, &key, &given, at)).await?;
    let kept = cookie(MARK, &token, Some(KEPT), app.config().https);
    Ok(see_other(address(window, post, &sent.k)).cookie(kept).into_response())
}

struct Line {
    window: i64,
    place: String,
    post: i64,
    title: String,
    who: String,
    key: String,
    standing: Standing,
    seen: String,
}

impl Line {
    fn bound(&self) -> bool {
        self.standing != Standing::Unbound
    }

    fn tone(&self) -> &'static str {
        match self.standing {
            Standing::Online => " tag-g",
            Standing::Offline | Standing::Unfit(_) => " tag-r",
            Standing::Unbound => "",
        }
    }
}

/// 按在线情况筛、按窗口岗位人名找。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    show: String,
    q: String,
}

struct Tab {
    code: &'static str,
    title: &'static str,
    count: usize,
    current: bool,
}

#[derive(Template)]
#[template(path = "desk_pads.html")]
struct PadsPage {
    l: Layout,
    tabs: Vec<Tab>,
    search: Field,
    show: String,
    lines: Vec<Line>,
    /// 没有一个岗位的窗口。
    bare: Vec<String>,
    can_invite: bool,
}

const TABS: [(&str, &str); 5] = [("", "全部"), ("online", "在线"), ("offline", "离线"), ("unbound", "没有绑定"), ("unfit", "要重新绑")];

fn line(tx: &mut Tx<'_>, place: &str, post: &directory::Post, at: Timestamp) -> tongban_store::Result<Line> {
    let bound = store::binding_of_post(tx, post.id)?;
    let who = directory::staff(tx, post.staff)?.map(|staff| format!("{}（工号 {}）", staff.name, staff.code));
    Ok(Line {
        window: post.window.unwrap_or(0),
        place: place.to_owned(),
        post: post.id,
        title: post.title.clone(),
        who: who.unwrap_or_default(),
        key: commands::pad_key(tx, post.id),
        standing: pads::standing_of(tx, post.id, at)?,
        seen: bound.map(|bound| time::show(bound.seen)).unwrap_or_default(),
    })
}

/// 本单位各窗口上每个岗位一行；绑过又走了的岗位也列出来，好解除。
fn lines(tx: &mut Tx<'_>, own: i64, at: Timestamp) -> tongban_store::Result<(Vec<Line>, Vec<String>)> {
    let today = time::day_number(time::date_of(at));
    let (mut lines, mut bare) = (Vec::new(), Vec::new());
    for window in directory::windows(tx, own)? {
        let place = format!("{} {}", window.number, window.name);
        let mut shown = BTreeSet::new();
        for post in directory::posts_at(tx, window.id)? {
            if post.is_held(today) || store::binding_of_post(tx, post.id)?.is_some() {
                shown.insert(post.id);
                lines.push(line(tx, &place, &post, at)?);
            }
        }
        let gone = store::bindings_at(tx, window.id)?;
        if shown.is_empty() && gone.is_empty() {
            bare.push(place.clone());
        }
        for gone in gone.into_iter().filter(|bound| !shown.contains(&bound.post)) {
            let Some(post) = directory::post(tx, gone.post)? else { continue };
            lines.push(line(tx, &place, &post, at)?);
        }
    }
    Ok((lines, bare))
}

/// `GET /desk/rates/pads`：本单位各窗口的每个岗位一行。
pub async fn list(State(app): State<App>, ctx: Ctx, Query(filter): Query<Filter>) -> Result<Html, Failure> {
    let (own, at) = (ctx.actor.org, app.now());
    let (mut lines, bare) = app.db().snapshot("evaluation.pads", move |tx| lines(tx, own, at)).await?;
    let wanted = filter.q.trim();
    lines.retain(|line| [&line.place, &line.title, &line.who].into_iter().any(|text| text.contains(wanted)));
    let tab = |(code, title): (&'static str, &'static str)| Tab {
        code,
        title,
        count: lines.iter().filter(|line| code.is_empty() || line.standing.as_str() == code).count(),
        current: code == filter.show,
    };
    let tabs = TABS.map(tab).into();
    lines.retain(|line| filter.show.is_empty() || line.standing.as_str() == filter.show);
    render(&PadsPage {
        l: Layout::staff(&ctx, "评价仪"),
        tabs,
        search: Field::text("q", "窗口、岗位、姓名").optional().value(wanted),
        bare: if filter.show.is_empty() && wanted.is_empty() { bare } else { Vec::new() },
        show: filter.show,
        lines,
        can_invite: ctx.actor.may(INVITE),
    })
}

/// `POST /desk/rates/pads/{seat}/unbind`
pub async fn unbind(State(app): State<App>, ctx: Ctx, Path(post): Path<i64>) -> Result<Redirect, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "evaluation.pad_unbind", move |tx| pads::unbind(tx, &actor, post, at)).await?;
    Ok(see_other("/desk/rates/pads").flash("已解除，可以绑定另一台了"))
}
