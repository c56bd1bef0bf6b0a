//! 汇聚库导出：选表与日期，下载 CSV；含申请人原始信息，留痕。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use tongban_documents::table::Format;
use tongban_kernel::{Problem, time};
use tongban_store::Entry;
use tongban_web::{App, Ctx, Failure, Html, Layout, Query, export, render};

use crate::exchange::{self, TABLES, Table};

#[derive(Template)]
#[template(path = "desk_exchange.html")]
struct ExchangePage {
    l: Layout,
    tables: &'static [Table],
    from: String,
    to: String,
}

/// 选表与日期。
pub async fn form(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let today = time::date_of(app.now());
    let first = today.first_of_month();
    render(&ExchangePage { l: Layout::staff(&ctx, "汇聚库导出"), tables: TABLES, from: first.to_string(), to: today.to_string() })
}

/// 起止日期，都含。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SpanQuery {
    pub from: String,
    pub to: String,
}

impl SpanQuery {
    fn span(&self) -> Result<(jiff::Timestamp, jiff::Timestamp), Problem> {
        let day = |field: &str, text: &str| text.parse::<Date>().map_err(|_| Problem::field(field, "date", "日期要写成 2026-11-01"));
        let (from, to) = (day("from", &self.from)?, day("to", &self.to)?);
        let after = to.tomorrow().map_err(|_| Problem::field("to", "date", "日期太远"))?;
        if from > to {
            return Err(Problem::field("to", "order", "结束日不能早于开始日"));
        }
        Ok((time::instant(from, 0, 0), time::instant(after, 0, 0)))
    }
}

/// 下载一张表。
pub async fn download(State(app): State<App>, ctx: Ctx, Path(table): Path<String>, Query(query): Query<SpanQuery>) -> Result<Response, Failure> {
    let table = Table::named(&table).ok_or_else(Problem::not_found)?;
    let (span, tenant, actor, at) = (query.span()?, ctx.actor.tenant, ctx.actor.clone(), app.now());
    let body = serde_json::json!({ "table": table.name, "from": query.from, "to": query.to }).to_string();
    app.db()
        .write("cases.exchange", move |tx| {
            tx.journal(Entry { kind: "cases.exported", subject: tenant, rev: at.as_millisecond(), at, actor: &actor, tenant, body: &body })
        })
        .await?;
    export::stream(Format::Csv, table.name, table.name, table.columns(), move |after: Option<i64>| {
        let app = app.clone();
        async move { app.db().snapshot("cases.exchange_page", move |tx| exchange::page(tx, table, tenant, span, after.unwrap_or(0))).await }
    })
    .await
}
