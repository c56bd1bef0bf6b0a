//! 扫码评价与评价仪：免登录，一码一次。没有脚本也是两步：点一张脸，再选原因提交。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, calendar, time};
use tongban_web::components::ErrorSummary;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use crate::commands::{self, From};
use crate::model::{EvalChannel, Round, Satisfaction, Tag, dimensions, offered};
use crate::rules::{self, Draft};
use crate::store::{self, Invited, RatingRow, Subject};

/// 推送之后多少秒没评就回待机，不产生评价（evaluation §4.6）。
const PAD_SECONDS: i64 = 60;

/// 网址里带的：选了哪一级、从哪来、是不是追评、哪台评价仪。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    level: Option<i64>,
    from: String,
    follow: String,
    pad: String,
    k: String,
    done: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    level: Option<i64>,
    tags: Vec<i64>,
    text: String,
    private: String,
    from: String,
    follow: String,
    pad: String,
    k: String,
    dims: Vec<String>,
}

impl Sent {
    fn draft(&self) -> Draft {
        Draft { level: self.level, tags: self.tags.clone(), text: self.text.clone(), private: self.private == "1", dims: self.dims.clone() }
    }

    fn asked(&self) -> Asked {
        Asked {
            level: self.level,
            from: self.from.clone(),
            follow: self.follow.clone(),
            pad: self.pad.clone(),
            k: self.k.clone(),
            done: String::new(),
        }
    }
}

/// 一张脸。
struct Face {
    label: &'static str,
    href: String,
    tone: &'static str,
    mouth: &'static str,
    /// 嘴是实心的。
    solid: bool,
}

/// 五张脸，各是一个链接。
fn faces(link: impl Fn(i64) -> String) -> Vec<Face> {
    let look = |level: Satisfaction| match level {
        Satisfaction::VerySatisfied => ("#168a4c", "M34 58c5 12 27 12 32 0z", true),
        Satisfaction::Satisfied => ("#168a4c", "M34 60c6 9 26 9 32 0", false),
        Satisfaction::Fair => ("#c27200", "M36 64h28", false),
        Satisfaction::Dissatisfied => ("#d22f27", "M35 68c6-8 24-8 30 0", false),
        Satisfaction::VeryDissatisfied => ("#d22f27", "M35 70c5-13 25-13 30 0z", true),
    };
    let face = |level: Satisfaction| {
        let (tone, mouth, solid) = look(level);
        Face { label: level.label(), href: link(level.code()), tone, mouth, solid }
    };
    Satisfaction::ALL.into_iter().map(face).collect()
}

/// 一个标签勾选框。
struct Choice {
    code: i64,
    text: &'static str,
    checked: bool,
}

/// 评价结果。
struct Given {
    label: &'static str,
    at: String,
    tags: Vec<String>,
    text: Option<String>,
    bad: bool,
}

impl core::convert::From<&RatingRow> for Given {
    fn from(row: &RatingRow) -> Self {
        Self { label: row.level.label(), at: time::show(row.at), tags: row.tag_texts(), text: row.text.clone(), bad: row.level.is_bad() }
    }
}

#[derive(Template)]
#[template(path = "rate.html")]
struct RatePage {
    l: Layout,
    token: String,
    asked: Asked,
    subject: Subject,
    node: &'static str,
    errors: ErrorSummary,
    /// 还没选级别：五张脸。
    faces: Vec<Face>,
    level: Option<Satisfaction>,
    first_tags: Vec<Choice>,
    more_tags: Vec<Choice>,
    text: String,
    private: bool,
    /// 四川维度：代号、名字、已选的分。
    dims: Vec<(&'static str, &'static str, i64)>,
    /// 差评：最迟哪天改到位。
    rectify_by: String,
    first: Option<Given>,
    follow: Option<Given>,
    can_follow: bool,
    /// 不能评的原因。
    closed: Option<String>,
}

/// 页面要的一切，一次读出。
struct Seen {
    subject: Subject,
    invited: Invited,
    first: Option<RatingRow>,
    follow: Option<RatingRow>,
}

async fn look(app: &App, token: &str) -> Result<Seen, Failure> {
    let token = token.to_owned();
    let seen = app.db().snapshot("evaluation.look", move |tx| {
        let invited = commands::by_token(tx, &token)?;
        let subject = store::subject(tx, invited.subject)?.ok_or_else(Problem::not_found)?;
        let first = store::rating_of(tx, subject.id, invited.node, Round::First)?;
        let follow = store::rating_of(tx, subject.id, invited.node, Round::FollowUp)?;
        Ok(Seen { subject, invited, first, follow })
    });
    Ok(seen.await?)
}

fn choices(tags: impl Iterator<Item = &'static Tag>, chosen: &[i64]) -> Vec<Choice> {
    tags.map(|tag| Choice { code: tag.code, text: tag.text, checked: chosen.contains(&tag.code) }).collect()
}

fn page(ctx: &Ctx, seen: Seen, token: &str, asked: Asked, draft: &Draft, problem: Option<&Problem>, now: Timestamp) -> RatePage {
    let Seen { subject, invited, first, follow } = seen;
    let level = asked.level.and_then(Satisfaction::from_code);
    let can_follow = first.as_ref().is_some_and(|row| rules::follow_up_allowed(row.at, follow.is_some(), now).is_ok());
    let following = can_follow && asked.follow == "1";
    let owner = ctx.actor.person != 0 && ctx.actor.person == subject.person;
    let closed = match rules::usable(invited.standing(), now) {
        Ok(()) => None,
        Err(problem) if problem.code == Code::TokenExpired && owner => None,
        Err(_) if first.is_some() => None,
        Err(problem) => Some(problem.detail),
    };
    let asking = closed.is_none() && (first.is_none() || following);
    let mut all = level.map(|level| choices(offered(level, subject.online), &draft.tags)).unwrap_or_default();
    let more = all.split_off(all.len().min(3));
    let link = |level: i64| format!("/r/{token}?level={level}{}", carried(&asked));
    let calendar = calendar::current();
    let rectify = rules::deadlines(&calendar, now).map_or(String::new(), |all| time::show_day(all.rectify));
    let title = if problem.is_some() { Layout::public(ctx, "请您评价").with_errors() } else { Layout::public(ctx, "请您评价") };
    RatePage {
        l: title,
        token: token.to_owned(),
        node: invited.node.label(),
        errors: ErrorSummary::of(problem),
        faces: if asking && level.is_none() { faces(link) } else { Vec::new() },
        level: level.filter(|_| asking),
        first_tags: all,
        more_tags: more,
        text: draft.text.clone(),
        private: draft.private,
        dims: if following { Vec::new() } else { dims(subject.online, draft) },
        rectify_by: rectify,
        first: first.as_ref().map(Given::from),
        follow: follow.as_ref().map(Given::from),
        can_follow: can_follow && !following,
        closed,
        subject,
        asked,
    }
}

/// 问哪几个维度；填过的照选。
fn dims(online: bool, draft: &Draft) -> Vec<(&'static str, &'static str, i64)> {
    let given = |code: &str| draft.dims.iter().filter_map(|text| dimensions::parse(text)).find(|(known, _)| *known == code).map_or(0, |(_, score)| score);
    dimensions::asked(online).map(|d| (d.code, d.title, given(d.code))).collect()
}

/// 换一级时别的参数照带。
fn carried(asked: &Asked) -> String {
    let mut out = String::new();
    for (name, value) in [("from", &asked.from), ("follow", &asked.follow), ("pad", &asked.pad), ("k", &asked.k)] {
        if !value.is_empty() && value.chars().all(|ch| ch.is_ascii_alphanumeric()) {
            out.push_str(&format!("&{name}={value}"));
        }
    }
    out
}

/// `GET /r/{token}`
pub async fn rate(State(app): State<App>, ctx: Ctx, Path(token): Path<String>, Query(asked): Query<Asked>) -> Result<Html, Failure> {
    let seen = look(&app, &token).await?;
    render(&page(&ctx, seen, &token, asked, &Draft::default(), None, app.now()))
}

fn origin(ctx: &Ctx, sent: &Sent) -> From {
    let guess = if ctx.user_agent.contains("Mobile") { EvalChannel::Mobile } else { EvalChannel::Computer };
    let channel = EvalChannel::from_link(&sent.from).unwrap_or(guess);
    // 窗口设备以设备分，个人设备以浏览器与网络合起来分
    let device = if sent.pad.is_empty() { format!("{} {}", ctx.ip, ctx.user_agent) } else { format!("pad {}", sent.pad) };
    let ip = if sent.pad.is_empty() { ctx.ip.to_string() } else { String::new() };
    From { channel, device, ip }
}

/// `POST /r/{token}`
pub async fn submit(State(app): State<App>, ctx: Ctx, Path(token): Path<String>, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    let draft = sent.draft();
    let done = match rules::check(&draft) {
        Ok(rating) => {
            let (code, actor, from, at) = (token.clone(), ctx.actor.clone(), origin(&ctx, &sent), app.now());
            let follow = sent.follow == "1";
            let work = app.act(&ctx, "evaluation.rate", move |tx| {
                if follow {
                    commands::follow_up(tx, &actor, &code, &rating, &from, at)
                } else {
                    commands::rate(tx, &actor, &code, &rating, &from, at)
                }
            });
            work.await.map_err(Failure::from)
        }
        Err(problem) => Err(problem.into()),
    };
    match done {
        Ok(_) if !sent.pad.is_empty() => Ok(see_other(format!("/pad/{}?k={}&done=1", sent.pad, sent.k)).into_response()),
        Ok(_) => Ok(see_other(format!("/r/{token}")).flash("已收到您的评价，谢谢").into_response()),
        Err(Failure(problem)) if problem.code == Code::ValidationFailed => {
            let seen = look(&app, &token).await?;
            render_status(422, &page(&ctx, seen, &token, sent.asked(), &draft, Some(&problem), app.now()))
        }
        Err(failure) => Err(failure),
    }
}

/// `GET /r/{token}/qr.svg`：评价码，印在回执上、贴在窗口。
pub async fn qr(State(app): State<App>, Path(token): Path<String>) -> Result<Response, Failure> {
    let seen = look(&app, &token).await?;
    let address = format!("{}/r/{token}?from=qr", app.config().base_url);
    let svg = tongban_documents::qr::svg(&address, &format!("{}评价码", seen.invited.node.label()))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, max-age=3600")], svg).into_response())
}

#[derive(Template)]
#[template(path = "pad.html")]
struct PadPage {
    l: Layout,
    window: i64,
    key: String,
    thanks: bool,
    item: String,
    node: &'static str,
    case_no: String,
    token: String,
    faces: Vec<Face>,
    /// 这台设备还没绑定；`Some(true)` 是可以绑，`Some(false)` 是窗口上已有另一台。
    unbound: Option<bool>,
}

/// 报到：绑定的设备记下在线；没绑的说清能不能绑。
async fn checked_in(app: &App, window: i64, key: &str, mark: String) -> Result<Option<bool>, Failure> {
    let (key, now) = (key.to_owned(), app.now());
    let found = app.db().snapshot("evaluation.pad_device", move |tx| {
        if commands::pad_key(tx, window) != key {
            return Err(Problem::not_found().into());
        }
        let Some(device) = store::device(tx, window)?.filter(store::Device::is_bound) else { return Ok(Err(true)) };
        Ok(if commands::pads::is_bound(tx, &device, &mark) { Ok(device.seen) } else { Err(false) })
    });
    match found.await? {
        Ok(seen) => {
            if now.duration_since(seen) >= commands::pads::SEEN_EVERY {
                app.db().write("evaluation.pad_seen", move |tx| commands::pads::seen(tx, window, now)).await?;
            }
            Ok(None)
        }
        Err(free) => Ok(Some(free)),
    }
}

/// `GET /pad/{window}`：待机、评价、谢谢三态。网址里的 `k` 由本平台发给这台设备，猜不到。
pub async fn pad(State(app): State<App>, ctx: Ctx, Path(window): Path<i64>, Query(asked): Query<Asked>, headers: HeaderMap) -> Result<Html, Failure> {
    let now = app.now();
    let key = asked.k.clone();
    let unbound = checked_in(&app, window, &key, super::pads::mark(&headers, window)).await?;
    let pushed = app.db().snapshot("evaluation.pad", move |tx| {
        if commands::pad_key(tx, window) != key {
            return Err(Problem::not_found().into());
        }
        let fresh = now.checked_sub(SignedDuration::from_secs(PAD_SECONDS)).unwrap_or(now);
        let Some((invitation, _)) = store::pad(tx, window)?.filter(|(_, at)| *at >= fresh) else { return Ok(None) };
        let Some(invited) = store::find_invitation(tx, invitation)? else { return Ok(None) };
        if rules::usable(invited.standing(), now).is_err() {
            return Ok(None);
        }
        let subject = store::subject(tx, invited.subject)?.ok_or_else(Problem::not_found)?;
        Ok(Some((commands::token(tx, invited.id), invited, subject)))
    });
    let mut page = PadPage {
        l: Layout::public(&ctx.without_name(), "请您评价"),
        window,
        key: asked.k.clone(),
        thanks: asked.done == "1",
        item: String::new(),
        node: "",
        case_no: String::new(),
        token: String::new(),
        faces: Vec::new(),
        unbound,
    };
    if let Some((token, invited, subject)) = pushed.await?.filter(|_| !page.thanks && unbound.is_none()) {
        page.faces = faces(|level| format!("/r/{token}?level={level}&from=pad&pad={window}&k={}", asked.k));
        page.item = subject.item_name;
        page.case_no = subject.case_no;
        page.node = invited.node.label();
        page.token = token;
    }
    render(&page)
}
