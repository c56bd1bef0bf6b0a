//! 公开监督：评价与整改成对公开，脱敏，文字审过才出现（evaluation §7）。

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use tongban_kernel::time;
use tongban_web::components::Pager;
use tongban_web::{App, Ctx, Failure, Html, Layout, Listing, PageQuery, Query, render};

use crate::model::{EvalChannel, Satisfaction, State as TaskState};
use crate::rules;
use crate::store::{self, PublicRating, Summary};

/// 只看差评。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    only: String,
    /// 只看一个事项：级别分布与最近 20 条。
    item: String,
    limit: Option<i64>,
    cursor: Option<String>,
}

struct Row {
    item: String,
    code: String,
    /// 经办人只显示工号。
    staff: String,
    org: String,
    day: String,
    level: Satisfaction,
    tags: Vec<String>,
    text: Option<String>,
    answer: Option<String>,
    state: Option<&'static str>,
}

impl From<PublicRating> for Row {
    fn from(found: PublicRating) -> Self {
        let rating = found.rating;
        let show = rules::publishable(rating.effective, rating.review, rating.private);
        let closed = found.task_state == Some(TaskState::Closed);
        Self {
            item: rating.item_name.clone(),
            code: rating.item_code.clone(),
            staff: rating.staff_code.clone(),
            org: rating.org_name.clone(),
            day: time::show_day(time::date_of(rating.at)),
            level: rating.level,
            tags: rating.tag_texts(),
            text: rating.text.as_deref().filter(|_| show).map(rules::redact),
            answer: found.published.filter(|_| closed).map(|text| rules::redact(&text)),
            state: found.task_state.map(TaskState::label),
        }
    }
}

#[derive(Template)]
#[template(path = "open_rates.html")]
struct OpenPage {
    l: Layout,
    only_bad: bool,
    summary: Arc<Summary>,
    good_rate: String,
    rectified_rate: String,
    /// 渠道、条数、占比。
    channels: Vec<(&'static str, i64, String)>,
    levels: Vec<(&'static str, i64)>,
    rows: Vec<Row>,
    pager: Pager,
}

/// 两位小数的百分数，不足 100% 不写 100%；分母 0 写“—”。
pub(crate) fn percent(num: i64, den: i64) -> String {
    if den == 0 {
        return "—".to_owned();
    }
    let points = (num * 20_000 + den) / (2 * den);
    let points = if num < den { points.min(9_999) } else { points };
    format!("{}.{:02}%", points / 100, points % 100)
}

/// 事项页上最近几条。
const LATEST: i64 = 20;

#[derive(Template)]
#[template(path = "open_item_rates.html")]
struct ItemPage {
    l: Layout,
    code: String,
    name: String,
    total: i64,
    good_rate: String,
    levels: Vec<(&'static str, i64)>,
    rows: Vec<Row>,
}

/// 一个事项：级别分布与最近 20 条（evaluation §7）。
async fn item_rates(app: &App, ctx: &Ctx, code: String) -> Result<Html, Failure> {
    let wanted = code.clone();
    let found = app.db().snapshot("evaluation.item", move |tx| store::item_ratings(tx, &wanted, LATEST)).await?;
    let found = found.unwrap_or_default();
    let total = found.levels.iter().sum();
    render(&ItemPage {
        l: Layout::public(ctx, "事项评价"),
        code,
        name: found.name,
        total,
        good_rate: percent(found.levels[..3].iter().sum(), total),
        levels: Satisfaction::ALL.into_iter().map(Satisfaction::label).zip(found.levels).collect(),
        rows: found.latest.into_iter().map(Row::from).collect(),
    })
}

/// `GET /open/rates`
pub async fn open_rates(State(app): State<App>, ctx: Ctx, Query(filter): Query<Filter>) -> Result<Html, Failure> {
    if !filter.item.is_empty() {
        return item_rates(&app, &ctx, filter.item).await;
    }
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor.clone() };
    let limit = page.limit()?;
    let before: Option<(i64, i64)> = page.after(&filter.only)?;
    let worst = if filter.only == "bad" { 2 } else { 5 };
    let now = app.now();
    let (summary, found) = app
        .db()
        .snapshot("evaluation.open", move |tx| {
            let more = u32::try_from(limit + 1).unwrap_or(101);
            Ok((store::recent_summary(tx, now)?, store::public_ratings(tx, worst, before, more)?))
        })
        .await?;
    let key = |row: &PublicRating| (row.rating.at.as_millisecond(), row.rating.id);
    let listing = Listing::cut(found, limit, &filter.only, key);
    let note = format!("本页 {} 条", listing.items.len());
    render(&OpenPage {
        l: Layout::public(&ctx, "评价公示"),
        only_bad: worst == 2,
        good_rate: percent(summary.good, summary.total),
        rectified_rate: percent(summary.bad_closed, summary.bad),
        channels: summary.channels.iter().filter_map(|(code, n)| Some((EvalChannel::from_code(*code)?.label(), *n, percent(*n, summary.total)))).collect(),
        levels: Satisfaction::ALL.into_iter().map(Satisfaction::label).zip(summary.levels).collect(),
        summary,
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note),
        rows: listing.items.into_iter().map(Row::from).collect(),
    })
}
