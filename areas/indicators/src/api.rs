//! 接口：指标现值、一条指标在各单位的值、构成它的记录、每日快照、填报、重算对账。

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tongban_directory::queries::tree;
use tongban_kernel::{Problem, time};
use tongban_web::{App, Ctx, Cursor, Failure, Json, PageQuery, Query};
use utoipa::{IntoParams, ToSchema};

use crate::board::{self, Cell};
use crate::commands::{self, Report};
use crate::definition::Definitions;
use crate::drill::{self, Look, Part};
use crate::pages::{Asked, chosen};
use crate::period::Period;
use crate::registry::Registry;
use crate::store;
use crate::value::Value;

/// 哪个机构、哪一期。
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// 机构编号；不写是自己范围里最高的一级。
    org: Option<i64>,
    /// `2026-05` 或 `2026`；不写是本月。
    period: Option<String>,
    /// 记录接口：`num` 分子、`den` 分母、`rest` 还没做到的。
    part: Option<String>,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    cursor: Option<String>,
}

impl Filter {
    fn period(&self, today: jiff::civil::Date) -> Result<Period, Problem> {
        Asked { per: self.period.clone().unwrap_or_default(), ..Asked::default() }.period(today)
    }
}

/// 一条指标的值。
#[derive(Debug, Serialize, ToSchema)]
pub struct Figure {
    id: String,
    name: String,
    area: String,
    org: String,
    org_name: String,
    period: String,
    /// 分子，或数量。
    num: Option<i64>,
    den: Option<i64>,
    /// 显示值，两位小数；没有值时是“不适用”“未报送”“未接入”。
    value: String,
    target: Option<i64>,
    comparison: Option<&'static str>,
    /// 差多少；达标为 0。
    gap: Option<i64>,
    /// `red` `yellow` `green` `grey`。
    light: &'static str,
    /// `computed` 由记录算出，`reported` 人工填报，`missing` 未报送，`pending` 未接入。
    source: &'static str,
    /// 原文目标、推定、监测、补充。
    basis: &'static str,
    scored: bool,
}

fn figure(cell: &Cell, org: (i64, &str), period: Period) -> Figure {
    let (num, den) = match cell.value {
        Value::Ratio { num, den } => (Some(num), Some(den)),
        Value::Number(number) => (Some(number), None),
        _ => (None, None),
    };
    let source = match cell.value {
        Value::Pending => "pending",
        Value::Missing => "missing",
        _ if cell.computed => "computed",
        _ => "reported",
    };
    Figure {
        id: cell.indicator.id.clone(),
        name: cell.indicator.name.clone(),
        area: cell.indicator.area.clone(),
        org: org.0.to_string(),
        org_name: org.1.to_owned(),
        period: period.link(),
        value: cell.show(),
        target: cell.goal.map(|goal| goal.target),
        comparison: cell.goal.map(|goal| goal.comparison.symbol()),
        gap: cell.gap,
        light: cell.light.as_str(),
        basis: cell.indicator.basis.label(),
        scored: cell.scored,
        num,
        den,
        source,
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FigureList {
    items: Vec<Figure>,
    next_cursor: Option<String>,
    /// 数据截至。
    refreshed_at: Option<String>,
}

/// 一个机构一期的全部指标。
#[utoipa::path(get, path = "/api/v1/indicators", tag = "指标", params(Filter), responses((status = 200, body = FigureList), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有权限"), (status = 422, description = "条件有误"), (status = 429, description = "太频繁")))]
pub async fn list_indicators(State(app): State<App>, ctx: Ctx, Query(filter): Query<Filter>) -> Result<Json<FigureList>, Failure> {
    let today = time::date_of(app.now());
    let period = filter.period(today)?;
    let (registry, actor) = (Registry::of(&app), ctx.actor.clone());
    let found = app.db().snapshot("indicators.list", move |tx| {
        let node = chosen(tx, &actor, filter.org)?;
        let cells = board::of_org(tx, &registry, &node, period, today)?;
        Ok((node, cells, crate::refresh::refreshed_at(tx)?))
    });
    let (node, cells, at) = found.await?;
    let items = cells.iter().map(|cell| figure(cell, (node.id, &node.name), period)).collect();
    Ok(Json(FigureList { items, next_cursor: None, refreshed_at: at.map(time::rfc3339) }))
}

/// 一条指标在机构与它的直接下级的值。
#[utoipa::path(get, path = "/api/v1/indicators/{indicator}", tag = "指标", params(("indicator" = String, Path), Filter),
    responses((status = 200, body = FigureList), (status = 404, description = "没有这条指标，或机构不在范围内")))]
pub async fn read_indicator(State(app): State<App>, ctx: Ctx, Path(indicator): Path<String>, Query(filter): Query<Filter>) -> Result<Json<FigureList>, Failure> {
    let today = time::date_of(app.now());
    let period = filter.period(today)?;
    let (registry, actor) = (Registry::of(&app), ctx.actor.clone());
    let found = app.db().snapshot("indicators.read", move |tx| {
        let all = Definitions::built_in()?;
        let indicator = all.get(&indicator).ok_or_else(Problem::not_found)?;
        let node = chosen(tx, &actor, filter.org)?;
        let rows = store::current_of_indicator(tx, &indicator.id, period.code())?;
        let mut items = Vec::new();
        let wanted = tree(tx)?.into_iter().filter(|other| other.id == node.id || other.parent == Some(node.id));
        for other in wanted {
            let report = store::report(tx, &indicator.id, other.id, period.code())?;
            let row = rows.iter().find(|row| row.org == other.id);
            let cell = board::cell(all, &registry, indicator, row, report, period.until(today));
            items.push(figure(&cell, (other.id, &other.name), period));
        }
        Ok((items, crate::refresh::refreshed_at(tx)?))
    });
    let (items, at) = found.await?;
    Ok(Json(FigureList { items, next_cursor: None, refreshed_at: at.map(time::rfc3339) }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Record {
    number: String,
    title: String,
    detail: String,
    href: String,
    /// 它在这个数里占多少。
    weight: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RecordList {
    items: Vec<Record>,
    next_cursor: Option<String>,
}

/// 构成一个数的记录。
#[utoipa::path(get, path = "/api/v1/indicators/{indicator}/records", tag = "指标", params(("indicator" = String, Path), Filter), responses((status = 200, body = RecordList), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有权限"), (status = 422, description = "条件有误"), (status = 429, description = "太频繁")))]
pub async fn list_records(State(app): State<App>, ctx: Ctx, Path(indicator): Path<String>, Query(filter): Query<Filter>) -> Result<Json<RecordList>, Failure> {
    let as_of = time::date_of(app.now());
    let period = filter.period(as_of)?;
    let part = Part::parse(filter.part.as_deref().unwrap_or("num"));
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor.clone() };
    let limit = page.limit()?;
    let key = format!("{indicator} {} {} {}", filter.org.unwrap_or(0), period.code(), part.as_str());
    let after: (i64, i64) = page.after(&key)?.unwrap_or((0, 0));
    let (registry, actor) = (Registry::of(&app), ctx.actor.clone());
    let found = app.db().snapshot("indicators.records", move |tx| {
        let node = chosen(tx, &actor, filter.org)?;
        let look = Look { registry: &registry, actor: &actor, org: node.id, period, as_of };
        drill::part(tx, &look, &indicator, part, after, limit)
    });
    let found = found.await?;
    let next_cursor = found.next.map(|next| Cursor::encode(&next, &key));
    let record = |(_, row): (i64, tongban_web::area::DrillRow)| Record {
        number: row.number,
        title: row.title,
        detail: row.detail,
        href: row.href,
        weight: row.weight,
    };
    Ok(Json(RecordList { items: found.rows.into_iter().map(record).collect(), next_cursor }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Snapshot {
    period: String,
    /// 快照日。
    as_of: String,
    edition: i64,
    num: i64,
    den: Option<i64>,
    /// 适用的规则集。
    rules: String,
    at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotList {
    items: Vec<Snapshot>,
}

/// 一条指标在一个机构一期的每日快照；过了 24 时不再改。
#[utoipa::path(get, path = "/api/v1/indicators/{indicator}/snapshots", tag = "指标", params(("indicator" = String, Path), Filter), responses((status = 200, body = SnapshotList), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有权限"), (status = 422, description = "条件有误"), (status = 429, description = "太频繁")))]
pub async fn list_snapshots(State(app): State<App>, ctx: Ctx, Path(indicator): Path<String>, Query(filter): Query<Filter>) -> Result<Json<SnapshotList>, Failure> {
    let period = filter.period(time::date_of(app.now()))?;
    let actor = ctx.actor.clone();
    let found = app.db().snapshot("indicators.snapshots", move |tx| {
        let node = chosen(tx, &actor, filter.org)?;
        store::history(tx, &indicator, node.id, (period.code(), period.code()))
    });
    let day = |code: i64| time::from_day_number(code).map(|date| date.to_string()).unwrap_or_default();
    let row = |row: store::FigureRow| Snapshot {
        period: period.link(),
        as_of: day(row.as_of),
        edition: row.edition,
        num: row.num,
        den: row.den,
        rules: row.rules,
        at: time::rfc3339(row.at),
    };
    Ok(Json(SnapshotList { items: found.await?.into_iter().map(row).collect() }))
}

/// 填报一条没有数据来源的指标。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// 机构编号。
    org: String,
    /// `2026-05` 或 `2026`。
    period: String,
    num: i64,
    den: Option<i64>,
    /// 依据，4–500 字。
    evidence: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Reported {
    edition: i64,
}

/// 填报。
#[utoipa::path(post, path = "/api/v1/indicators/{indicator}/reports", tag = "指标", params(("indicator" = String, Path)), request_body = NewReport,
    responses((status = 201, body = Reported), (status = 409, description = "由系统算出，不能手填"), (status = 422, description = "内容要改")))]
pub async fn create_report(State(app): State<App>, ctx: Ctx, Path(indicator): Path<String>, Json(new): Json<NewReport>) -> Result<(StatusCode, Json<Reported>), Failure> {
    let period = Period::parse(&new.period).ok_or_else(|| Problem::field("period", "invalid", "时段要写成 2026-05 或 2026"))?;
    let org = new.org.parse().map_err(|_| Problem::field("org", "invalid", "机构编号是一串数字"))?;
    let input = Report { indicator, org, period, num: Some(new.num), den: new.den, evidence: new.evidence };
    let (actor, at) = (ctx.actor.clone(), app.now());
    let edition = app.act(&ctx, "indicators.report", move |tx| commands::report(tx, &actor, &input, at)).await?;
    Ok((StatusCode::CREATED, Json(Reported { edition })))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Recount {
    /// 扫过的记录数。
    records: u64,
    /// 账与记录对不上的处数；不为 0 时已按记录更正并报警。
    mismatches: usize,
}

/// 现在就从头重算一遍并对账。
#[utoipa::path(post, path = "/api/v1/indicators/recount", tag = "指标", responses((status = 200, body = Recount), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有权限"), (status = 422, description = "条件有误"), (status = 429, description = "太频繁")))]
pub async fn recount(State(app): State<App>) -> Result<Json<Recount>, Failure> {
    let done = crate::recount::recount(&app).await?;
    Ok(Json(Recount { records: done.records, mismatches: done.mismatches.len() }))
}
