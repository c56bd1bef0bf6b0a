//! 行业系统成批补录：一批一件任务，一百行一个单元，断了从断的地方接着做；做完与对方对账。

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_documents::table::{self, Row, Sheet};
use tongban_kernel::{Actor, ActorKind, Problem, Scope, time};
use tongban_store::jobs::Job;
use tongban_store::{Entry, Error, Result, Tx, files};
use tongban_web::{App, Work};

use crate::commands::{self, External};
use crate::model::{Offer, Outcome};
use crate::offer;
use crate::permissions as can;
use crate::rules::sheets;
use crate::store::imports::{self, Finding, Import, ImportState};

/// 任务的种类。
pub const JOB: &str = "cases.import";
/// 一个单元补几行。
const CHUNK: usize = 100;
/// 发现的种类与名字。
pub const FINDINGS: &[(&str, &str)] =
    &[("failed", "没补上（对方有、我方没有）"), ("differs", "两边不一致"), ("late", "补录晚于 1 个工作日"), ("ours_only", "我方有、对方没有")];

#[derive(Serialize, Deserialize)]
struct Payload {
    import: i64,
}

/// 登记一批，等人核对字段对照。
///
/// # Errors
/// 没有权限；没写系统名。
pub fn open(tx: &mut Tx<'_>, actor: &Actor, system: &str, file: &files::Stored, file_name: &str, total: usize, at: Timestamp) -> Result<Import> {
    actor.require(can::RECEIVE)?;
    let system = system.trim();
    if system.is_empty() || system.chars().count() > 100 {
        return Err(Problem::field("system", "required", "请填写行业系统的名称，100 字以内").into());
    }
    files::record(tx, file, at)?;
    let import = Import {
        id: tx.new_id(),
        tenant: actor.tenant,
        org: actor.org,
        system: system.to_owned(),
        file: file.digest.clone(),
        file_name: file_name.to_owned(),
        state: ImportState::Preview,
        total: i64::try_from(total).unwrap_or(0),
        done: 0,
        linked: 0,
        existed: 0,
        failed: 0,
        late: 0,
        differs: 0,
        ours_only: 0,
        staff: actor.staff,
        staff_name: actor.name.to_string(),
        created: at,
        finished: None,
        version: 1,
    };
    imports::add(tx, &import)?;
    told(tx, actor, &import, at)?;
    Ok(import)
}

fn told(tx: &mut Tx<'_>, actor: &Actor, import: &Import, at: Timestamp) -> Result<()> {
    let body = serde_json::json!({ "system": import.system, "state": import.state.as_str(), "total": import.total, "linked": import.linked }).to_string();
    tx.journal(Entry { kind: "cases.import", subject: import.id, rev: import.version, at, actor, tenant: import.tenant, body: &body })
}

/// 某系统存下的对照：我方一栏 → 对方表头。
///
/// # Errors
/// 引擎拒绝。
pub fn saved_mapping(tx: &mut Tx<'_>, tenant: i64, system: &str) -> Result<BTreeMap<String, String>> {
    let body = imports::mapping(tx, tenant, system)?;
    body.map_or_else(|| Ok(BTreeMap::new()), |body| Ok(serde_json::from_str(&body)?))
}

/// 对照核对好了，开始补录；对照按系统存下，下次自动用。
///
/// # Errors
/// 缺必填的栏；已经开始过；权限。
pub fn begin(tx: &mut Tx<'_>, actor: &Actor, id: i64, mapping: &BTreeMap<String, String>, at: Timestamp) -> Result<Import> {
    actor.require(can::RECEIVE)?;
    let found = imports::lock(tx, id)?.filter(|import| import.tenant == actor.tenant);
    let mut import = found.ok_or_else(Problem::not_found)?;
    if import.state != ImportState::Preview {
        return Err(Problem::conflict("这一批已经开始补录了").into());
    }
    let unset: Vec<_> = sheets::TARGETS
        .iter()
        .filter(|target| target.required && mapping.get(target.code).is_none_or(String::is_empty))
        .map(|target| tongban_kernel::FieldError::new(target.code, "required", format!("请选“{}”是文件里的哪一列", target.title)))
        .collect();
    if !unset.is_empty() {
        return Err(Problem::invalid(unset).into());
    }
    imports::save_mapping(tx, import.tenant, &import.system, &serde_json::to_string(mapping)?, at)?;
    (import.state, import.version) = (ImportState::Running, import.version + 1);
    imports::save(tx, &import)?;
    tx.enqueue(JOB, &serde_json::to_string(&Payload { import: id })?, at)?;
    told(tx, actor, &import, at)?;
    Ok(import)
}

/// 任务：补录一批。
pub fn run<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let payload: Payload = serde_json::from_str(&job.payload)?;
        carry_out(app, payload.import).await
    })
}

/// 从断的地方接着补，补完对账。
///
/// # Errors
/// 文件不在了；引擎拒绝。
pub async fn carry_out(app: &App, id: i64) -> Result<()> {
    let (import, saved) = app
        .db()
        .snapshot("cases.import_read", move |tx| {
            let import = imports::find(tx, id)?.ok_or_else(Problem::not_found)?;
            let saved = saved_mapping(tx, import.tenant, &import.system)?;
            Ok((import, saved))
        })
        .await?;
    if import.state != ImportState::Running {
        return Ok(());
    }
    let content = app.files().get(&import.file).await?;
    let sheet = tokio::task::spawn_blocking(move || table::read(&content)).await.map_err(|error| Error::Io(error.to_string()))??;
    let mapping = sheets::recognise(&sheet.header, &saved);
    let mut offers: HashMap<String, Option<Arc<Offer>>> = HashMap::new();
    let start = usize::try_from(import.done).unwrap_or(0);
    let Sheet { rows, .. } = sheet;
    let mut numbers: HashSet<String> = HashSet::with_capacity(rows.len());
    let mut span: Option<(Timestamp, Timestamp)> = None;
    let mut pending = Vec::with_capacity(CHUNK);
    for (index, row) in rows.into_iter().enumerate() {
        let parsed = sheets::read(&import.system, &mapping, &row.cells);
        if let Ok((code, read)) = &parsed {
            numbers.insert(read.number.trim().to_owned());
            span = Some(span.map_or((read.decided_at, read.decided_at), |(from, to)| (from.min(read.decided_at), to.max(read.decided_at))));
            if !offers.contains_key(code) {
                let wanted = code.clone();
                let found = app.db().snapshot("cases.import_offer", move |tx| offer::current(tx, &wanted)).await?;
                offers.insert(code.clone(), found.map(Arc::new));
            }
        }
        if index < start {
            continue;
        }
        pending.push(line(&row, parsed, &offers));
        if pending.len() == CHUNK {
            link_chunk(app, &import, std::mem::take(&mut pending)).await?;
        }
    }
    if !pending.is_empty() {
        link_chunk(app, &import, pending).await?;
    }
    finish(app, &import, numbers, span).await
}

/// 一行备好要补的，或说清为什么补不了。
type Line = (i64, Result<(Arc<Offer>, External), (String, String)>);

fn line(row: &Row, parsed: std::result::Result<(String, External), Vec<tongban_kernel::FieldError>>, offers: &HashMap<String, Option<Arc<Offer>>>) -> Line {
    let number = i64::try_from(row.number).unwrap_or(0);
    let ready = match parsed {
        Ok((code, read)) => match offers.get(&code).cloned().flatten() {
            Some(offer) => Ok((offer, read)),
            None => Err((read.number, format!("没有这个事项：{code}"))),
        },
        Err(errors) => Err((row.cells.first().cloned().unwrap_or_default(), errors.iter().map(|e| e.detail.as_str()).collect::<Vec<_>>().join("；"))),
    };
    (number, ready)
}

/// 补一百行：每行各成各的，错的记下不拦别的；进度与补上的件在同一个单元里。
async fn link_chunk(app: &App, import: &Import, lines: Vec<Line>) -> Result<()> {
    let (id, at) = (import.id, app.now());
    let mut random = vec![0_u8; lines.len() * 32];
    getrandom::fill(&mut random).map_err(|_| Error::Io("系统没有取到随机数".to_owned()))?;
    let actor = Actor {
        kind: ActorKind::System,
        staff: import.staff,
        org: import.org,
        tenant: import.tenant,
        scope: Scope::tenant(import.tenant),
        name: import.staff_name.as_str().into(),
        ..Actor::system()
    };
    app.db()
        .bulk("cases.import", move |tx| {
            let mut import = imports::lock(tx, id)?.ok_or_else(Problem::not_found)?;
            for ((number, ready), seed) in lines.iter().zip(random.chunks(32)) {
                import.done += 1;
                let found = match ready {
                    Ok((offer, read)) => one(tx, &actor, offer, read, seed, at)?,
                    Err((number, detail)) => Outcomes::failed(number, detail),
                };
                found.count(&mut import);
                for (kind, case_no, detail) in &found.findings {
                    let finding = Finding { line: *number, number: found.number.clone(), case_no: case_no.clone(), detail: detail.clone() };
                    imports::add_finding(tx, id, kind, &finding)?;
                }
            }
            import.version += 1;
            imports::save(tx, &import)
        })
        .await
}

/// 一行补得怎样。
struct Outcomes {
    number: String,
    linked: bool,
    existed: bool,
    findings: Vec<(&'static str, String, String)>,
}

impl Outcomes {
    fn failed(number: &str, detail: &str) -> Self {
        let detail: String = detail.chars().take(500).collect();
        Self { number: number.chars().take(100).collect(), linked: false, existed: false, findings: vec![("failed", String::new(), detail)] }
    }

    fn count(&self, import: &mut Import) {
        import.linked += i64::from(self.linked);
        import.existed += i64::from(self.existed);
        for (kind, ..) in &self.findings {
            match *kind {
                "failed" => import.failed += 1,
                "differs" => import.differs += 1,
                _ => import.late += 1,
            }
        }
    }
}

fn one(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, read: &External, seed: &[u8], at: Timestamp) -> Result<Outcomes> {
    let number = read.number.trim().to_owned();
    if let Some(known) = imports::linked(tx, read.system.trim(), &number)? {
        let same_day = known.decided_at.map(time::date_of) == Some(time::date_of(read.decided_at));
        let differs = known.outcome != read.outcome.as_str() || !same_day;
        let told = format!("我方 {} {}，对方 {} {}", label(&known.outcome), shown(known.decided_at), read.outcome.label(), shown(Some(read.decided_at)));
        let findings = if differs { vec![("differs", known.case_no, told)] } else { Vec::new() };
        return Ok(Outcomes { number, linked: false, existed: true, findings });
    }
    match commands::link(tx, actor, offer, read, seed, at) {
        Ok(new) => {
            let late = new.late.then(|| ("late", new.no.clone(), format!("对方 {} 办结", time::show(read.decided_at))));
            Ok(Outcomes { number, linked: true, existed: false, findings: late.into_iter().collect() })
        }
        Err(Error::Refused(problem)) => {
            let detail = problem.errors.iter().map(|e| e.detail.as_str()).collect::<Vec<_>>().join("；");
            Ok(Outcomes::failed(&number, if detail.is_empty() { &problem.detail } else { &detail }))
        }
        Err(error) => Err(error),
    }
}

fn label(outcome: &str) -> &'static str {
    Outcome::parse(outcome).map_or("", Outcome::label)
}

fn shown(at: Option<Timestamp>) -> String {
    at.map(|at| time::date_of(at).to_string()).unwrap_or_default()
}

/// 文件里的都过了一遍：再看我方有、对方没有的。
async fn finish(app: &App, import: &Import, numbers: HashSet<String>, span: Option<(Timestamp, Timestamp)>) -> Result<()> {
    let (id, tenant, system) = (import.id, import.tenant, import.system.clone());
    let mut after = String::new();
    let mut extra = Vec::new();
    while let Some((from, to)) = span {
        let (name, key) = (system.clone(), after.clone());
        let page = app.db().snapshot("cases.import_ours", move |tx| imports::ours(tx, &name, &key, 1_000)).await?;
        let Some((last, ..)) = page.last() else { break };
        after.clone_from(last);
        let inside = |at: &Option<Timestamp>| at.is_some_and(|at| at >= from && at <= to);
        extra.extend(page.into_iter().filter(|(number, _, at, owner)| *owner == tenant && inside(at) && !numbers.contains(number)));
    }
    let at = app.now();
    app.db()
        .bulk("cases.import_finish", move |tx| {
            let mut import = imports::lock(tx, id)?.ok_or_else(Problem::not_found)?;
            for (number, case_no, decided, _) in &extra {
                let finding = Finding { line: 0, number: number.clone(), case_no: case_no.clone(), detail: format!("我方 {} 办结，对方的表里没有", shown(*decided)) };
                imports::add_finding(tx, id, "ours_only", &finding)?;
            }
            import.ours_only = i64::try_from(extra.len()).unwrap_or(0);
            (import.state, import.finished, import.version) = (ImportState::Done, Some(at), import.version + 1);
            imports::save(tx, &import)?;
            told(tx, &Actor::system(), &import, at)
        })
        .await
}
