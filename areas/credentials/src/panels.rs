//! 放在别的区页面上的：办件页的证照一块；工作台的印章催办与证照复核；路由测试的样本。

use askama::Template;
use tongban_kernel::Actor;
use tongban_kernel::lights::Light;
use tongban_store::{Error, Result, Tx};
use tongban_web::Html;
use tongban_web::area::{Panel, Queue, Sample, Todo, Where};

use crate::commands;
use crate::model::SealState;
use crate::permissions::{READ, REVIEW, SEAL_APPLY, SEAL_REVIEW};
use crate::store::{LicenceRow, SealRow, licences, seals, waits};

/// 办件页上的一块。
pub const PANELS: &[Panel] = &[Panel { subject: "case", render: case_panel }];

#[derive(Template)]
#[template(path = "case_panel.html")]
struct CasePanel {
    row: LicenceRow,
    href: String,
    /// 待用印章：在等什么，只说给工作人员。
    parked: Option<String>,
}

/// 本件出的证照：持证人到“我的证照”，有权的工作人员到证照页。
fn case_panel(tx: &mut Tx<'_>, actor: &Actor, case_id: i64) -> Result<Option<Html>> {
    let Some(row) = licences::of_case_id(tx, case_id)? else { return Ok(None) };
    let staff = actor.may(READ) && (actor.is_internal() || actor.scope.covers(&row.place));
    let href = match (commands::owns(&row, actor), staff) {
        (true, _) => format!("/me/licences/{}", row.id),
        (false, true) => format!("/certs/{}", row.id),
        (false, false) => return Ok(None),
    };
    let parked = waits::find(tx, row.id)?.map(|wait| if staff { wait.reason } else { "发证单位的电子印章还没有启用".to_owned() });
    Ok(Some(axum::response::Html(CasePanel { parked, row, href }.render().map_err(|error| Error::Io(error.to_string()))?)))
}

/// 工作人员的待办。
pub const DESK: &[Queue] = &[
    Queue { title: "电子印章待申请", needs: SEAL_APPLY, rows: seals_to_apply },
    Queue { title: "印章待审核", needs: SEAL_REVIEW, rows: seals_to_review },
    Queue { title: "证照待复核", needs: REVIEW, rows: licences_to_review },
];

fn todo(id: i64, title: String, detail: String, href: String) -> Todo {
    Todo { id, due: i64::MAX, title, detail, href, light: Light::Grey }
}

/// 逐块扫范围内的印章，取合条件的。
fn pick(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32, want: fn(&SealRow) -> bool, detail: fn(&SealRow) -> String) -> Result<Vec<Todo>> {
    let (mut from, mut out) = (after.map_or(0, |(_, id)| id), Vec::new());
    while out.len() < limit as usize {
        let rows = seals::list(tx, &actor.scope, from, 200)?;
        let Some(last) = rows.last() else { break };
        from = last.id;
        out.extend(rows.iter().filter(|row| want(row)).map(|row| todo(row.id, commands::full_name(row), detail(row), format!("/seals/{}", row.id))));
    }
    out.truncate(limit as usize);
    Ok(out)
}

fn seals_to_apply(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    // 主管看台账，不把全县没申请的都放进自己的待办
    if actor.may(SEAL_REVIEW) {
        return Ok(Vec::new());
    }
    let want = |row: &SealRow| matches!(row.state, SealState::Missing | SealState::Draft | SealState::Returned);
    pick(tx, actor, after, limit, want, |row| if row.reminded > 0 { format!("已催办 · {}", row.state.label()) } else { row.state.label().to_owned() })
}

fn seals_to_review(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    pick(tx, actor, after, limit, |row| row.state == SealState::Submitted, |row| format!("{} 提交", row.applicant_name))
}

fn licences_to_review(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    let rows = licences::pending(tx, &actor.scope, after.map_or(0, |(_, id)| id), limit)?;
    let line = |row: LicenceRow| todo(row.id, format!("{} {}", row.kind_name, row.holder_masked), format!("{} 录入", row.entered_name), format!("/certs/{}", row.id));
    Ok(rows.into_iter().map(line).collect())
}

/// 路由测试用的样本。
pub const SAMPLES: &[Sample] = &[
    Sample { param: "seal", value: |tx, place| Ok(seal_at(tx, place)?.to_string()) },
    Sample { param: "licence", value: |tx, place| Ok(licence_at(tx, place)?.to_string()) },
    Sample { param: "batch", value: |_, _| Ok("20210531-00000000".to_owned()) },
    Sample { param: "wallet", value: |_, _| Ok("1".to_owned()) },
    Sample { param: "file", value: |_, _| Ok("licence.pdf".to_owned()) },
    Sample { param: "copy", value: |_, _| Ok("AAAAAAAAAAAAAAAAAAAAAA".to_owned()) },
    Sample { param: "action", value: |_, _| Ok("suspend".to_owned()) },
    Sample { param: "show", value: |_, _| Ok("AAAAAAAAAAAAAAAAAAAAAA".to_owned()) },
    Sample { param: "identifier", value: |_, _| Ok("1.2.156.3005.2.11100000MB0341032Y002.11510811008500011B.202600000001.001.Q".to_owned()) },
    Sample { param: "licence_kind", value: |tx, _| Ok(crate::store::kinds::first(tx)?.unwrap_or(1).to_string()) },
];

/// 第一枚所在的单位算范围内（与办件区同一个约定）。
fn seal_at(tx: &mut Tx<'_>, place: Where) -> Result<i64> {
    let all = seals::some(tx, 200)?;
    let home = all.first().map_or(0, |(_, unit)| *unit);
    Ok(all.iter().find(|(_, unit)| (*unit == home) == (place == Where::Inside)).map_or(1, |(id, _)| *id))
}

fn licence_at(tx: &mut Tx<'_>, place: Where) -> Result<i64> {
    let all = licences::some(tx, 200)?;
    let home = all.first().map_or(0, |(_, unit)| *unit);
    Ok(all.iter().find(|(_, unit)| (*unit == home) == (place == Where::Inside)).map_or(1, |(id, _)| *id))
}
