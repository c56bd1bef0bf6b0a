//! 审计日志的页面与导出：从近到远；按动作、按人、按记录查（ux §`/admin`“审计检索”）。
//!
//! 动作的中文名由各区自己交来（[`tongban_web::Area::events`]），谁做的由管账号的区一页认一次（[`tongban_web::Area::people`]）；怎么往回看见 `lookback`。

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tongban_documents::table::{Cell, Column, Format, Kind};
use tongban_kernel::Problem;
use tongban_kernel::time::show;
use tongban_store::{Logged, Result, Tx};
use tongban_web::components::{ErrorSummary, Field, Pager};
use tongban_web::{App, Area, Ctx, Cursor, Doer, Failure, Layout, People, Query, export, render_status};

use crate::lookback::{self, Places, Sought};

/// 一页多少条。
const SHOWN: usize = 50;
/// 导出一块多少条。
const BLOCK: usize = 500;

/// 查审计的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    kind: String,
    record: String,
    /// 姓名、登录名，或对接系统的名称。
    who: String,
    cursor: Option<String>,
    format: String,
}

struct Line {
    place: String,
    at: String,
    title: String,
    kind: String,
    doer: Doer,
    subject: i64,
    rev: i64,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    l: Layout,
    summary: ErrorSummary,
    kind: Field,
    who: Field,
    record: Field,
    /// 导出用的查询串。
    query: String,
    lines: Vec<Line>,
    pager: Pager,
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

/// 记录编号写得对不对；空着不查。
fn record_of(text: &str) -> std::result::Result<Option<i64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().ok().filter(|id| *id > 0).map(Some).ok_or_else(|| Problem::field("record", "format", "记录编号只有数字，照“记录”一列写")),
    }
}

/// 这一页的人，一次认完。
fn doers(tx: &mut Tx<'_>, people: Option<People>, rows: &[Logged]) -> Result<Vec<Doer>> {
    let pairs: Vec<(i64, i64)> = rows.iter().map(|entry| (entry.actor, entry.post)).collect();
    let unknown = |(account, _): &(i64, i64)| Doer { name: if *account == 0 { "系统".to_owned() } else { account.to_string() }, ..Doer::default() };
    people.map_or_else(|| Ok(pairs.iter().map(unknown).collect()), |people| (people.names)(tx, &pairs))
}

/// 写的是谁：“系统”是没有账号的，别的由管账号的区认。
fn accounts(tx: &mut Tx<'_>, people: Option<People>, tenant: i64, text: &str) -> Result<Option<BTreeSet<i64>>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut found: BTreeSet<i64> = people.map_or_else(|| Ok(Vec::new()), |people| (people.find)(tx, tenant, text))?.into_iter().collect();
    if text == "系统" {
        found.insert(0);
    }
    if found.is_empty() {
        return Err(Problem::field("who", "unknown", "没有这个人：写工作人员的姓名、登录名，对接系统的名称，或“系统”").into());
    }
    Ok(Some(found))
}

/// `GET /admin/audit`
///
/// # Errors
/// 翻页位置失效、记录编号写得不对、没有这个人 422。
pub async fn page(State(app): State<App>, ctx: Ctx, Query(query): Query<AuditQuery>) -> std::result::Result<Response, Failure> {
    let people = app.areas().iter().find_map(|area| area.people);
    let tenant = ctx.actor.tenant;
    let mark = format!("kind={}&who={}", query.kind, query.who);
    let after: Option<Places> = query.cursor.as_deref().map(|text| Cursor::decode(text, &mark)).transpose()?;
    let text = query.who.clone();
    let who = app.db().snapshot("system.audit_who", move |tx| accounts(tx, people, tenant, &text)).await;
    let mut problem = None;
    let mut or_say = |wrong: Problem| {
        problem.get_or_insert(wrong);
    };
    let record = record_of(&query.record).unwrap_or_else(|wrong| {
        or_say(wrong);
        None
    });
    let who = match who {
        Ok(who) => who,
        Err(error) => {
            or_say(error.into_problem());
            Some(BTreeSet::new())
        }
    };
    let sought = Sought { kind: query.kind.clone(), record, who, tenant };
    if let (Some(format), None) = (Format::from_extension(&query.format), &problem) {
        return download(app, people, sought, format).await;
    }
    let asked = sought.clone();
    let (found, names) = app
        .db()
        .snapshot("system.audit", move |tx| {
            let found = lookback::read(tx, &asked, after.as_ref(), SHOWN)?;
            let names = doers(tx, people, &found.rows)?;
            Ok((found, names))
        })
        .await?;
    let cursor = found.next.as_ref().map(|next| Cursor::encode(next, &mark));
    let note = format!("本页 {} 条", found.rows.len());
    let line = |(e, doer): (Logged, Doer)| Line {
        place: format!("{}-{}", e.lane, e.seq),
        at: show(e.at),
        title: title_of(app.areas(), &e.kind),
        kind: e.kind,
        doer,
        subject: e.subject,
        rev: e.rev,
    };
    let layout = Layout::staff(&ctx, "审计日志");
    let shown = AuditPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem.as_ref()),
        kind: Field::select("kind", "动作", kinds(app.areas())).value(&query.kind),
        who: Field::text("who", "姓名或登录名").optional().value(&query.who).max_length(60).errors_of(problem.as_ref()),
        record: Field::text("record", "记录编号").optional().value(&query.record).max_length(20).errors_of(problem.as_ref()),
        query: export_query(&query),
        empty: if record.is_some() { "没有这条记录的日志，编号照“记录”一列写。" } else if sought.is_filtered() { "这一段里没有符合条件的。" } else { "还没有日志。" },
        tail: if found.next.is_some() && found.rows.len() < SHOWN { format!("往回看了 {} 条；点“下一页”接着往前查", found.looked) } else { String::new() },
        lines: found.rows.into_iter().zip(names).map(line).collect(),
        pager: Pager::of(&ctx.uri, cursor.as_deref(), note),
    };
    render_status(if problem.is_some() { 422 } else { 200 }, &shown)
}

/// 同样的条件，导出用。
fn export_query(query: &AuditQuery) -> String {
    let quoted = |text: &str| text.bytes().map(|byte| if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect::<String>();
    format!("kind={}&who={}&record={}", quoted(&query.kind), quoted(&query.who), quoted(&query.record))
}

/// 导出：从近到远，边读边发。
async fn download(app: App, people: Option<People>, sought: Sought, format: Format) -> std::result::Result<Response, Failure> {
    let columns = [
        ("编号", "place", Kind::Code),
        ("时间", "at", Kind::DateTime),
        ("动作", "title", Kind::Text),
        ("动作代码", "kind", Kind::Code),
        ("谁", "who", Kind::Text),
        ("登录名", "login", Kind::Code),
        ("单位", "unit", Kind::Text),
        ("岗位", "post", Kind::Text),
        ("记录", "subject", Kind::Code),
        ("版本", "rev", Kind::Int),
    ];
    let columns = columns.into_iter().map(|(title, code, kind)| Column::new(title, code, kind)).collect();
    let cells = |areas: &[Area], entry: &Logged, doer: Doer| {
        vec![
            Cell::Text(format!("{}-{}", entry.lane, entry.seq)),
            Cell::At(entry.at),
            Cell::Text(title_of(areas, &entry.kind)),
            Cell::Text(entry.kind.clone()),
            Cell::Text(doer.name),
            Cell::Text(doer.login),
            Cell::Text(doer.unit),
            Cell::Text(doer.post),
            Cell::Text(entry.subject.to_string()),
            Cell::Int(entry.rev),
        ]
    };
    export::stream(format, "audit", "审计日志", columns, move |after: Option<Places>| {
        let (app, sought) = (app.clone(), sought.clone());
        async move {
            let read = move |tx: &mut Tx<'_>| {
                let found = lookback::read(tx, &sought, after.as_ref(), BLOCK)?;
                let names = doers(tx, people, &found.rows)?;
                Ok((found, names))
            };
            let (found, names) = app.db().snapshot("system.audit_export", read).await?;
            Ok((found.rows.iter().zip(names).map(|(entry, doer)| cells(app.areas(), entry, doer)).collect(), found.next))
        }
    })
    .await
}
