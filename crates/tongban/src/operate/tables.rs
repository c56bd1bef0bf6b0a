//! `tongban import`、`tongban export`：与页面同一套导入导出。

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures::StreamExt;
use tongban_directory::queries::{self as directory, Org};
use tongban_documents::table;
use tongban_items::commands::Implementer;
use tongban_items::exchange::run::{self, Batch};
use tongban_items::exchange::{Kind, job};
use tongban_items::importer::{self, Report};
use tongban_items::model::codes::UseLevel;
use tongban_kernel::{Actor, ActorKind, Depth, Reach, Scope};
use tongban_store::Tx;
use tongban_web::app::Pending;
use tongban_web::{App, Credential, router};
use tower::ServiceExt;

use super::progress;
use crate::config::Settings;
use crate::house;

/// 一个单元导入多少行。
const CHUNK: usize = 50;

/// 导入事项清单；可以重复，读不懂的行与质量问题逐条列出，不妨碍别的行。
///
/// # Errors
/// 文件读不懂、数据库打不开、还没有县区。
pub async fn import(settings: &Settings, file: &Path, kind: &str, keep: bool) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("读 {}", file.display()))?;
    if let Some(kind) = Kind::parse(kind) {
        return exchange(settings, bytes, kind, keep).await;
    }
    let text = as_csv(&bytes)?;
    let app = house::open(settings).await?;
    let orgs = app.db().read("import.orgs", directory::all_orgs).await?;
    let Some(tenant) = orgs.iter().find(|org| org.parent == 0).map(|org| org.id) else {
        bail!("还没有县区，请先建机构再导入");
    };
    let actor = Actor { tenant, ..Actor::system() };
    let report = if kind == "town" { towns(&app, &actor, &orgs, &text).await? } else { county(&app, &actor, &orgs, &text).await? };
    app.settle().await?;
    println!("读到 {} 行，新进 {} 项，已有 {} 项，质量问题 {} 条", report.rows, report.added, report.same, report.problems);
    for error in &report.errors {
        println!("第 {} 行：{}", error.line, error.message);
    }
    Ok(())
}

/// 汇聚库列名的目录清单、实施清单：错行逐条列出；有错又没写 `--keep-good-rows` 就什么也不改。
async fn exchange(settings: &Settings, bytes: Vec<u8>, kind: Kind, keep: bool) -> Result<()> {
    let app = house::open(settings).await?;
    let depts = Arc::new(app.db().read("import.depts", job::depts).await?);
    let tenant = app.db().read("import.tenants", directory::tenants).await?.first().map_or(0, |org| org.id);
    let (actor, bar) = (Actor { tenant, ..Actor::system() }, progress(0));
    bar.set_message(kind.label());
    let batch = Batch { kind, content: bytes.into(), keep, depts };
    let mut tell = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let outcome = match run::import(app.db(), &actor, batch, app.now(), &mut tell).await {
        Err(tongban_store::Error::Refused(problem)) => {
            let details: Vec<String> = problem.errors.iter().map(|error| error.detail.clone()).collect();
            bail!("{}：{}", problem.detail, details.join("；"));
        }
        other => other?,
    };
    bar.finish_and_clear();
    for error in &outcome.errors {
        println!("第 {} 行 {}“{}”（{}）：{}", error.line, error.cell.column, error.cell.value, error.cell.rule, error.cell.message);
    }
    if outcome.refused {
        bail!("有 {} 处错，什么也没有改；改好再导，或加 --keep-good-rows", outcome.wrong);
    }
    app.settle().await?;
    let bad = outcome.wrong;
    println!("读到 {} 行，新增 {}，改动 {}，没变 {}，错 {bad} 处", outcome.total, outcome.added, outcome.changed, outcome.same);
    Ok(())
}

/// CSV 或 XLSX 都归成 CSV 文字。
fn as_csv(bytes: &[u8]) -> Result<String> {
    let sheet = table::read(bytes).map_err(|problem| {
        let details: Vec<String> = problem.errors.iter().map(|error| error.detail.clone()).collect();
        anyhow::anyhow!("{}：{}", problem.detail, details.join("；"))
    })?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&sheet.header)?;
    for row in &sheet.rows {
        let mut cells = row.cells.clone();
        cells.resize(sheet.header.len(), String::new());
        writer.write_record(&cells)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn implementer(org: &Org) -> Implementer {
    Implementer {
        place: org.place(),
        name: org.short_name.clone(),
        uscc: org.code.clone(),
        division: org.division.clone(),
        level: if org.kind == tongban_directory::model::KIND_TOWN { UseLevel::Town } else { UseLevel::County },
    }
}

/// 按简称或全称找部门、乡镇。
fn find(orgs: &[Org], name: &str) -> Option<Implementer> {
    orgs.iter().find(|org| org.is_unit() && org.parent != 0 && (org.short_name == name || org.name == name)).map(implementer)
}

fn add(total: &mut Report, part: Report) {
    total.rows += part.rows;
    total.added += part.added;
    total.same += part.same;
    total.published += part.published;
    total.problems += part.problems;
    total.errors.extend(part.errors);
}

async fn county(app: &App, actor: &Actor, orgs: &[Org], text: &str) -> Result<Report> {
    let (rows, errors) = importer::parse_county(text);
    let mut total = Report { errors, ..Report::default() };
    let (orgs, bar, at) = (Arc::new(orgs.to_vec()), progress(rows.len() as u64), app.now());
    bar.set_message("导入事项");
    for chunk in rows.chunks(CHUNK) {
        let (chunk, actor, orgs) = (chunk.to_vec(), actor.clone(), Arc::clone(&orgs));
        let part = app
            .db()
            .bulk("items.import_county", move |tx| {
                let resolve = |_: &mut Tx<'_>, name: &str| Ok(find(&orgs, name));
                importer::import_county(tx, &actor, &chunk, &[], &resolve, at)
            })
            .await?;
        add(&mut total, part);
        bar.inc(CHUNK as u64);
    }
    bar.finish_and_clear();
    Ok(total)
}

async fn towns(app: &App, actor: &Actor, orgs: &[Org], text: &str) -> Result<Report> {
    let (rows, errors) = importer::parse_town(text);
    let mut total = Report { errors, ..Report::default() };
    let towns: Vec<&Org> = orgs.iter().filter(|org| org.kind == tongban_directory::model::KIND_TOWN && org.is_unit()).collect();
    let bar = progress(towns.len() as u64);
    for town in towns {
        let (rows, actor, name, found, at) = (rows.clone(), actor.clone(), town.short_name.clone(), implementer(town), app.now());
        bar.set_message(format!("导入 {name}"));
        let part = app
            .db()
            .bulk("items.import_town", move |tx| {
                let resolve = |_: &mut Tx<'_>, _: &str| Ok(Some(found.clone()));
                importer::import_town(tx, &actor, &rows, &name, &[], &resolve, at)
            })
            .await?;
        add(&mut total, part);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(total)
}

/// 命令行的操作者：看得到全部县区。
fn operator<'a>(app: &'a App, _: &'a Credential) -> Pending<'a> {
    Box::pin(async move {
        let tenants = app.db().read("export.tenants", directory::tenants).await?;
        let scope = Scope::new(tenants.iter().map(|org| Reach { depth: Depth::Tenant, id: org.id }));
        let tenant = tenants.first().map_or(0, |org| org.id);
        Ok(Some(Actor { kind: ActorKind::System, tenant, scope, ..Actor::system() }))
    })
}

/// 导出：走页面同一条路，内容与页面的导出一样，一块块写进文件。
///
/// # Errors
/// 扩展名不对、文件写不进、数据库打不开。
pub async fn export(settings: &Settings, what: &str, out: &Path) -> Result<()> {
    let format = out.extension().and_then(|extension| extension.to_str()).unwrap_or("");
    let whole = matches!(what, "catalogue" | "implementations");
    if !(matches!(format, "csv" | "xlsx") || whole && format == "json") {
        bail!("文件名要以 .csv 或 .xlsx 结尾{}", if whole { "，或者 .json" } else { "" });
    }
    let app = house::open_as(settings, operator).await?;
    let path = match what {
        "items" => "/items?",
        "catalogue" => "/catalog/export?kind=catalogue&",
        "implementations" => "/catalog/export?kind=items&",
        _ => "/desk/cases?",
    };
    let request = Request::builder()
        .uri(format!("{path}format={format}"))
        .header(header::AUTHORIZATION, "Bearer operator")
        .body(Body::empty())?;
    let response = router::build(app).oneshot(request).await?;
    if response.status() != StatusCode::OK {
        bail!("导出没有成功：{}", response.status());
    }
    let mut file = File::create(out).with_context(|| format!("写 {}", out.display()))?;
    let (mut body, bar) = (response.into_body().into_data_stream(), progress(0));
    bar.set_message("字节");
    while let Some(block) = body.next().await {
        let block = block?;
        file.write_all(&block)?;
        bar.inc(block.len() as u64);
    }
    file.sync_all()?;
    bar.finish_and_clear();
    println!("已写到 {}", out.display());
    Ok(())
}
