//! 评价的交换导出：字段名照国标基础表 9 与省级接口（evaluation §3）；级别按国标反向编号，`scale` 记明。

use axum::response::Response;
use tongban_documents::table::{Cell, Column, Format, Kind};
use tongban_kernel::time;
use tongban_web::{App, Ctx, Failure, export};

use crate::rules::stats::reversed;
use crate::store::{self, RatingRow};

/// 国标基础格式的级别方向。
const SCALE: &str = "GB/T 39046-2020：1 非常满意 … 5 非常不满意";
const PAGE: u32 = 500;

fn columns() -> Vec<Column> {
    [
        ("评价编号", "assessNo", Kind::Code),
        ("办件编号", "projectNo", Kind::Code),
        ("办理项编码", "taskHandleItem", Kind::Code),
        ("事项名称", "taskName", Kind::Text),
        ("办件节点", "proStatus", Kind::Int),
        ("受理部门", "proDepart", Kind::Text),
        ("经办人工号", "proManager", Kind::Code),
        ("评价渠道", "pf", Kind::Int),
        ("评价人属性", "userProp", Kind::Int),
        ("满意度", "satisfaction", Kind::Int),
        ("满意度方向", "scale", Kind::Text),
        ("标签", "evalDetail", Kind::Code),
        ("评价时间", "assessTime", Kind::DateTime),
        ("首评追评", "assessNumber", Kind::Int),
        ("默认评价", "isDefault", Kind::Int),
        ("有效性", "effective", Kind::Int),
    ]
    .into_iter()
    .map(|(title, code, kind)| Column::new(title, code, kind))
    .collect()
}

fn cells(row: &RatingRow) -> Vec<Cell> {
    vec![
        Cell::Text(row.no.clone()),
        Cell::Text(row.case_no.clone()),
        Cell::Text(row.item_code.clone()),
        Cell::Text(row.item_name.clone()),
        Cell::Int(row.node.code()),
        Cell::Text(row.org_name.clone()),
        Cell::Text(row.staff_code.clone()),
        Cell::Int(row.channel.code()),
        Cell::Int(if row.legal { 2 } else { 1 }),
        Cell::Int(reversed(row.level.code())),
        Cell::Text(SCALE.to_owned()),
        Cell::Text(row.tags.clone()),
        Cell::At(row.at),
        Cell::Int(row.round.number()),
        Cell::Int(i64::from(!row.active)),
        Cell::Int(i64::from(row.effective)),
    ]
}

/// 范围内全部评价，新的在前，边读边发；不含文字与评价人。
pub(super) async fn ratings(app: &App, ctx: &Ctx, worst: i64, format: Format) -> Result<Response, Failure> {
    let (app, viewer) = (app.clone(), ctx.actor.clone());
    let day = time::date_of(app.now());
    export::stream(format, "ratings", &format!("好差评-{day}"), columns(), move |before: Option<(i64, i64)>| {
        let (app, viewer) = (app.clone(), viewer.clone());
        async move {
            let rows = app.db().snapshot("evaluation.export", move |tx| store::ratings(tx, &viewer, worst, before, PAGE)).await?;
            let next = (rows.len() == PAGE as usize).then(|| rows.last().map(|row| (row.at.as_millisecond(), row.id))).flatten();
            Ok((rows.iter().map(cells).collect(), next))
        }
    })
    .await
}
