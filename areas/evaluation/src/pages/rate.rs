//! 扫码评价与评价仪：免登录，一码一次。没有脚本也是两步：点一张脸，再选原因提交。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, calendar, time};
use tongban_web::components::ErrorSummary;
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, render_status, see_other};

use super::pads;
use crate::commands::{self, From};
use crate::model::{EvalChannel, Round, Satisfaction, Tag, dimensions, offered};
use crate::rules::{self, Draft};
use crate::store::{self, Invited, RatingRow, Subject};

/// 网址里带的：选了哪一级、从哪来、是不是追评、哪台评价仪。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    level: Option<i64>,
    from: String,
    follow: String,
    pad: i64,
    post: i64,
    k: String,
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
    pad: i64,
    post: i64,
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
            pad: self.pad,
            post: self.post,
            k: self.k.clone(),
        }
    }
}

/// 一张脸。
pub(super) struct Face {
    pub label: &'static str,
    pub href: String,
    pub tone: &'static str,
    pub mouth: &'static str,
    /// 嘴是实心的。
    pub solid: bool,
}

/// 五张脸，各是一个链接。
pub(super) fn faces(link: impl Fn(i64) -> String) -> Vec<Face> {
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
#[template(path = "rate.html", blocks = ["main"])]
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
    /// 改选：别的参数照带。
    again: String,
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
        again: format!("/r/{token}?{}", carried(&asked).trim_start_matches('&')),
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
    for (name, value) in [("from", &asked.from), ("follow", &asked.follow), ("k", &asked.k)] {
        if !value.is_empty() && value.chars().all(|ch| ch.is_ascii_alphanumeric()) {
            out.push_str(&format!("&{name}={value}"));
        }
    }
    if asked.post != 0 {
        out.push_str(&format!("&pad={}&post={}", asked.pad, asked.post));
    }
    out
}

/// 评价仪上的评价页：没有网站的页头页脚，一分钟没人动就回待机。
#[derive(Template)]
#[template(path = "rate_pad.html")]
struct PadRatePage {
    l: Layout,
    home: String,
    body: String,
}

/// 在评价仪上的，换成评价仪的外壳。
fn shown(status: u16, ctx: &Ctx, page: &RatePage) -> Result<Response, Failure> {
    if page.asked.post == 0 {
        return render_status(status, page);
    }
    let home = pads::address(page.asked.pad, page.asked.post, &page.asked.k);
    let body = page.as_main().render().map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
    let l = Layout::public(&ctx.clone().without_name(), "请您评价");
    render_status(status, &PadRatePage { l: if status == 422 { l.with_errors() } else { l }, home, body })
}

/// 评价仪上的人正在选：多给一会儿。
async fn keep_asking(app: &App, asked: &Asked, mark: String, invitation: i64) -> Result<(), Failure> {
    let (post, key, now) = (asked.post, asked.k.clone(), app.now());
    let push = app.db().snapshot("evaluation.pad_speaks", move |tx| {
        commands::pads::speaks(tx, post, &key, &mark, invitation, now)?;
        store::pushed(tx, post)
    });
    if let Some(push) = push.await? {
        app.db().write("evaluation.keep_asking", move |tx| commands::pads::keep_asking(tx, &push, now)).await?;
    }
    Ok(())
}

/// `GET /r/{token}`
pub async fn rate(State(app): State<App>, ctx: Ctx, Path(token): Path<String>, Query(asked): Query<Asked>, headers: HeaderMap) -> Result<Response, Failure> {
    let seen = look(&app, &token).await?;
    if asked.post != 0 {
        let mark = pads::mark(&headers, asked.pad);
        if let Err(Failure(problem)) = keep_asking(&app, &asked, mark, seen.invited.id).await {
            // 过时了：设备回待机
            return if problem.code == Code::Conflict { Ok(see_other(pads::address(asked.pad, asked.post, &asked.k)).into_response()) } else { Err(problem.into()) };
        }
    }
    shown(200, &ctx, &page(&ctx, seen, &token, asked, &Draft::default(), None, app.now()))
}

/// 从哪里评的：评价仪要对上钥匙与设备，别的一律按浏览器与网络算。
fn origin(ctx: &Ctx, sent: &Sent) -> From {
    let guess = if ctx.user_agent.contains("Mobile") { EvalChannel::Mobile } else { EvalChannel::Computer };
    if sent.post != 0 {
        return From { channel: EvalChannel::Pad, device: format!("pad {}", sent.post), ip: String::new() };
    }
    let channel = EvalChannel::from_link(&sent.from).filter(|channel| !channel.is_shared_device()).unwrap_or(guess);
    From { channel, device: format!("{} {}", ctx.ip, ctx.user_agent), ip: ctx.ip.to_string() }
}

/// `POST /r/{token}`
pub async fn submit(State(app): State<App>, ctx: Ctx, Path(token): Path<String>, headers: HeaderMap, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    let draft = sent.draft();
    let done = match rules::check(&draft) {
        Ok(rating) => {
            let (code, actor, from, at) = (token.clone(), ctx.actor.clone(), origin(&ctx, &sent), app.now());
            let (follow, post, key, mark) = (sent.follow == "1", sent.post, sent.k.clone(), pads::mark(&headers, sent.pad));
            let work = app.act(&ctx, "evaluation.rate", move |tx| {
                if post != 0 {
                    let invited = commands::by_token(tx, &code)?;
                    commands::pads::speaks(tx, post, &key, &mark, invited.id, at)?;
                }
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
        Ok(_) if sent.post != 0 => Ok(see_other(format!("{}&done=1", pads::address(sent.pad, sent.post, &sent.k))).into_response()),
        Ok(_) => Ok(see_other(format!("/r/{token}")).flash("已收到您的评价，谢谢").into_response()),
        Err(Failure(problem)) if problem.code == Code::ValidationFailed => {
            let seen = look(&app, &token).await?;
            shown(422, &ctx, &page(&ctx, seen, &token, sent.asked(), &draft, Some(&problem), app.now()))
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
