//! 成批录入与复核的任务：读表、逐行核对、二百行一个单元地录；复核也是二百张一个单元。页面只登记一批，看进度。

use std::collections::BTreeMap;

use tongban_documents::table;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::Problem;
use tongban_store::jobs::Job;
use tongban_store::{Error, Result};
use tongban_web::{App, Work};

use crate::commands::{self, Enter};
use crate::model::{BatchState, FieldSpec};
use crate::store::batches::{self, Batch};
use crate::store::{Kind, kinds};

/// 一个单元录几行。
pub const CHUNK: usize = 200;

/// 任务：录一批。
pub fn enter<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let id: String = serde_json::from_str(&job.payload)?;
        enter_all(app, id).await
    })
}

/// 任务：复核一批。
pub fn review<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let id: String = serde_json::from_str(&job.payload)?;
        loop {
            let (id, at) = (id.clone(), app.now());
            if !app.db().bulk("credentials.review_rows", move |tx| commands::review_rows(tx, &id, at)).await? {
                return Ok(());
            }
        }
    })
}

/// 从断的地方接着录；有行不合格就停下，把毛病写在这一批上——那不是任务出错。
async fn enter_all(app: &App, id: String) -> Result<()> {
    let key = id.clone();
    let found = app
        .db()
        .snapshot("credentials.batch_read", move |tx| {
            let Some(batch) = batches::find(tx, &key)?.filter(|batch| batch.state == BatchState::Entering) else { return Ok(None) };
            let kind = kinds::find(tx, batch.kind)?.ok_or_else(Problem::not_found)?;
            Ok(Some((batch, kind)))
        })
        .await?;
    let Some((batch, kind)) = found else { return Ok(()) };
    match carry(app, &batch, kind).await {
        Err(Error::Refused(problem)) => {
            let at = app.now();
            app.db().write("credentials.batch_stop", move |tx| commands::stop_batch(tx, &id, &problem, at)).await
        }
        other => other,
    }
}

async fn carry(app: &App, batch: &Batch, kind: Kind) -> Result<()> {
    let (bytes, at, one) = (app.files().get(&batch.file).await?, app.now(), batch.clone());
    // 补录到一半接着做的，核对按登记那天，免得跨了零点口径变了
    let read = tokio::task::spawn_blocking(move || {
        let rows = rows(&bytes, &one, &kind.spec.fields)?;
        commands::check_rows(&kind, &rows, date_of(one.created))?;
        Ok::<_, Problem>(rows)
    });
    let rows = read.await.map_err(|error| Error::Io(error.to_string()))??;
    let (total, mut done) = (rows.len(), usize::try_from(batch.done).unwrap_or(0));
    for chunk in rows.get(done..).unwrap_or_default().chunks(CHUNK) {
        let (id, chunk, from) = (batch.id.clone(), chunk.to_vec(), done);
        done += chunk.len();
        if !app.db().bulk("credentials.enter_batch", move |tx| commands::take_rows(tx, &id, total, from, &chunk, at)).await? {
            break;
        }
    }
    Ok(())
}

/// 表头写中文名：持证主体、主体代码、证照编号、颁发日期、有效期止，加各扩展字段。一次列全读不懂的行。
///
/// # Errors
/// 读不出、缺列、没有数据行、日期读不懂。
pub fn rows(bytes: &[u8], batch: &Batch, specs: &[FieldSpec]) -> Result<Vec<(i64, Enter)>, Problem> {
    let sheet = table::read(bytes)?;
    let fixed = [("legal", "主体类型"), ("holder_name", "持证主体"), ("holder_code", "主体代码"), ("number", "证照编号"), ("issued", "颁发日期"), ("until", "有效期止"), ("renews", "原证照标识")];
    let mut columns: Vec<(usize, String)> = Vec::new();
    for (place, title) in sheet.header.iter().enumerate() {
        let known = fixed.iter().find(|(_, name)| name == title).map(|(key, _)| (*key).to_owned());
        let own = specs.iter().find(|field| field.label == *title).map(|field| format!("f_{}", field.key));
        columns.extend(known.or(own).map(|key| (place, key)));
    }
    for (key, title) in &fixed[1..3] {
        if !columns.iter().any(|(_, have)| have == key) {
            return Err(Problem::field("file", "missing-column", format!("缺少“{title}”列")));
        }
    }
    let mut out = Vec::with_capacity(sheet.rows.len());
    for row in &sheet.rows {
        let line = i64::try_from(row.number).unwrap_or(0);
        let mut given: BTreeMap<String, String> = columns.iter().filter_map(|(place, key)| row.cells.get(*place).map(|text| (key.clone(), text.clone()))).collect();
        given.insert("kind".to_owned(), batch.kind.to_string());
        // 没写主体类型的，按代码长短认：18 位以 9 开头或含字母的是单位
        if given.get("legal").is_none_or(|text| text.trim().is_empty()) {
            let code = given.get("holder_code").map_or("", String::as_str).trim();
            let legal = code.starts_with('9') || code.chars().take(17).any(|c| c.is_ascii_alphabetic());
            given.insert("legal".to_owned(), if legal { "1" } else { "0" }.to_owned());
        }
        let mut input = entry(batch.place.unit, &given).map_err(|problem| Problem::field("file", "row", format!("第 {line} 行：{}", problem.errors.first().map_or("", |e| e.detail.as_str()))))?;
        input.batch.clone_from(&batch.id);
        out.push((line, input));
    }
    if out.is_empty() { Err(Problem::field("file", "empty", "表里没有数据行")) } else { Ok(out) }
}

fn day(text: &str, field: &str) -> Result<Option<jiff::civil::Date>, Problem> {
    let text = text.trim().replace(['/', '.'], "-");
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| Problem::field(field, "date", format!("日期“{text}”读不懂，请写成 2026-11-23"));
    text.parse::<jiff::civil::Date>().map(Some).map_err(wrong)
}

/// 一张表单、一行表里填的，成为一张要录入的。
///
/// # Errors
/// 日期读不懂。
pub fn entry(org: i64, given: &BTreeMap<String, String>) -> Result<Enter, Problem> {
    let value = |name: &str| given.get(name).map_or("", String::as_str).trim().to_owned();
    Ok(Enter {
        org,
        kind: value("kind").parse().unwrap_or(0),
        legal: matches!(value("legal").as_str(), "1" | "单位" | "法人"),
        holder_name: value("holder_name"),
        holder_code: value("holder_code"),
        number: value("number"),
        issued: day(&value("issued"), "issued")?,
        until: day(&value("until"), "until")?.map(day_number),
        fields: given.iter().filter_map(|(key, text)| key.strip_prefix("f_").map(|key| (key.to_owned(), text.trim().to_owned()))).filter(|(_, text)| !text.is_empty()).collect(),
        renews: value("renews"),
        batch: String::new(),
    })
}
