//! 审计日志的页面：一条泳道，从近到远；按动作、按记录查（ux §`/admin`“审计检索”）。
//!
//! 动作的中文名由各区自己交来（[`tongban_web::Area::events`]）。日志是密集编号的，翻页不用游标之外的索引；
//! 按动作查时一次往回看至多 [`LOOKED`] 条，看不完的给“接着往前查”。

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_kernel::time::show;
use tongban_store::{Logged, Result, Tx};
use tongban_web::components::{ErrorSummary, Field, Pager};
use tongban_web::{App, Area, Ctx, Cursor, Failure, Layout, Query, render_status};

/// 一页多少条。
const SHOWN: usize = 50;
/// 按动作查时一次至多往回看多少条。
const LOOKED: i64 = 5_000;
/// 一次读多少条。
const WINDOW: i64 = 500;

/// 查审计的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    lane: Option<i64>,
    kind: String,
    record: String,
    cursor: Option<String>,
}

struct Line {
    place: String,
    at: String,
    title: String,
    kind: String,
    actor: i64,
    post: i64,
    subject: i64,
    rev: i64,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    l: Layout,
    summary: ErrorSummary,
    lanes: Vec<i64>,
    lane: i64,
    kind: Field,
    record: Field,
    lines: Vec<Line>,
    pager: Pager,
    /// 按记录查的不分泳道。
    of_record: bool,
    empty: &'static str,
    tail: String,
}

/// 一种动作的中文名；没有人认的照写代码。
fn title_of(areas: &[Area], kind: &str) -> String {
    let found = areas.iter().flat_map(|area| area.events).find(|(known, _)| *known == kind);
    found.map_or(kind, |(_, title)| title).to_owned()
}

/// 选动作：区名在前，一个区的排在一起。
fn kinds(areas: &[Area]) -> Vec<(String, String)> {
    let named = areas.iter().flat_map(|area| area.events.iter().map(move |(kind, title)| ((*kind).to_owned(), format!("{} · {title}", area.title))));
    std::iter::once((String::new(), "全部动作".to_owned())).chain(named).collect()
}

/// 往回查到的一页；`next` 是接着往前查的位置。
struct Found {
    rows: Vec<Logged>,
    next: Option<i64>,
    looked: i64,
}

/// 本县区的与不属于哪个县区的。
fn is_visible(entry: &Logged, tenant: i64) -> bool {
    entry.tenant == tenant || entry.tenant == 0
}

/// 从 `upper`（含）往回查；`kind` 空着不筛。
fn back(tx: &mut Tx<'_>, lane: i64, upper: i64, kind: &str, tenant: i64) -> Result<Found> {
    let (mut rows, mut upper, start) = (Vec::new(), upper, upper);
    while upper > 0 && rows.len() < SHOWN && start - upper < LOOKED {
        let from = (upper - WINDOW).max(0);
        let mut page = tx.lane_entries(lane, from, upper - from)?;
        page.reverse();
        upper = from;
        for entry in page {
            if is_visible(&entry, tenant) && (kind.is_empty() || entry.kind == kind) {
                let seq = entry.seq;
                rows.push(entry);
                if rows.len() == SHOWN {
                    upper = seq - 1;
                    break;
                }
            }
        }
    }
    Ok(Found { next: (upper > 0).then_some(upper), rows, looked: start - upper })
}

/// 记录编号写得对不对；空着不查。
fn record_of(text: &str) -> std::result::Result<Option<i64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().ok().filter(|id| *id > 0).map(Some).ok_or_else(|| Problem::field("record", "format", "记录编号只有数字，照“记录”一列写")),
    }
}

/// `GET /admin/audit`
///
/// # Errors
/// 翻页位置失效、记录编号写得不对 422。
pub async fn page(State(app): State<App>, ctx: Ctx, Query(query): Query<AuditQuery>) -> std::result::Result<axum::response::Response, Failure> {
    let lane = query.lane.unwrap_or(0);
    let mark = format!("lane={lane}&kind={}", query.kind);
    let after: Option<i64> = query.cursor.as_deref().map(|text| Cursor::decode(text, &mark)).transpose()?;
    let (record, problem) = match record_of(&query.record) {
        Ok(record) => (record, None),
        Err(problem) => (None, Some(problem)),
    };
    let (kind, tenant) = (query.kind.clone(), ctx.actor.tenant);
    let (lanes, found) = app
        .db()
        .snapshot("system.audit", move |tx| {
            let found = match record {
                Some(id) => {
                    let mut rows = tx.timeline(id)?;
                    rows.retain(|entry| is_visible(entry, tenant) && (kind.is_empty() || entry.kind == kind));
                    Found { next: None, looked: 0, rows }
                }
                None => {
                    let upper = match after {
                        Some(upper) => upper.min(tx.lane_head(lane)?),
                        None => tx.lane_head(lane)?,
                    };
                    back(tx, lane, upper, &kind, tenant)?
                }
            };
            Ok((tx.lanes()?, found))
        })
        .await?;
    let cursor = found.next.map(|next| Cursor::encode(&next, &mark));
    let note = format!("本页 {} 条", found.rows.len());
    let line = |e: Logged| Line {
        place: format!("{}-{}", e.lane, e.seq),
        at: show(e.at),
        title: title_of(app.areas(), &e.kind),
        kind: e.kind,
        actor: e.actor,
        post: e.post,
        subject: e.subject,
        rev: e.rev,
    };
    let layout = Layout::staff(&ctx, "审计日志");
    let shown = AuditPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem.as_ref()),
        lanes,
        lane,
        kind: Field::select("kind", "动作", kinds(app.areas())).value(&query.kind),
        record: Field::text("record", "记录编号").value(&query.record).max_length(20).errors_of(problem.as_ref()),
        of_record: record.is_some(),
        empty: if record.is_some() { "没有这条记录的日志，编号照“记录”一列写。" } else if query.kind.is_empty() { "这条泳道还没有日志。" } else { "这一段里没有这个动作。" },
        tail: if found.next.is_some() && found.rows.len() < SHOWN { format!("往回看了 {} 条；点“下一页”接着往前查", found.looked) } else { String::new() },
        lines: found.rows.into_iter().map(line).collect(),
        pager: Pager::of(&ctx.uri, cursor.as_deref(), note),
    };
    render_status(if problem.is_some() { 422 } else { 200 }, &shown)
}
