//! 行业系统成批补录：一批一件任务，一块一个单元，断了从断的地方接着做；做完与对方对账。
//!
//! 文件一行一行地读，手里至多留三块，对账也在库里比：成百万行与一块占的内存一样。

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tongban_documents::table::stream::{self, Event};
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, ActorKind, Problem, Scope, time};
use tongban_store::jobs::Job;
use tongban_store::{Entry, Error, Result, Tx, files};
use tongban_web::{App, Work};

use crate::commands::{self, External};
use crate::model::{Offer, Outcome};
use crate::offer;
use crate::permissions as can;
use crate::rules::sheets;
use crate::store::imports::{self, Coverage, Finding, Import, ImportState};

/// 任务的种类。
pub const JOB: &str = "cases.import";
/// 一个单元补几行。
pub const CHUNK: usize = 250;
/// 读在前面至多几块；补得慢就停下来等。
pub const AHEAD: usize = 2;
/// 一份表至多多少行（XLSX 的格式上限之内）。
pub const MAX_ROWS: usize = 1_048_575;
/// 记住至多几个事项；多了就从头记。
const MOST_OFFERS: usize = 200;
/// 一个单元对几件账、清几个编号。
const PAGE: i64 = 1_000;
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
    files::record(tx, file, at)?;
    register(tx, actor, system, &file.digest, file_name, total, at)
}

/// 登记一批；文件已经登记过。
pub(crate) fn register(tx: &mut Tx<'_>, actor: &Actor, system: &str, file: &str, file_name: &str, total: usize, at: Timestamp) -> Result<Import> {
    let system = system.trim();
    if system.is_empty() || system.chars().count() > 100 {
        return Err(Problem::field("system", "required", "请填写行业系统的名称，100 字以内").into());
    }
    let import = Import {
        id: tx.new_id(),
        tenant: actor.tenant,
        org: actor.org,
        system: system.to_owned(),
        file: file.to_owned(),
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
        coverage: Coverage::All,
        from: None,
        to: None,
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

/// 一份表包括哪些。
#[derive(Debug, Clone, Copy, Default)]
pub struct Declared {
    pub coverage: Option<Coverage>,
    /// 包括从哪天到哪天办结的；空为表里最早、最晚的。
    pub from: Option<Date>,
    pub to: Option<Date>,
}

impl Declared {
    fn check(self) -> Result<(), Problem> {
        let mut checks = Checks::new();
        checks.ensure(self.coverage.is_some(), "coverage", "required", "请选这份表包括哪些，对账只在它包括的里面找我方多出来的");
        checks.ensure(self.from.is_none() || self.to.is_none() || self.from <= self.to, "to", "order", "截止日要不早于起始日");
        checks.finish()
    }
}

/// 说明一份表包括哪些，核对对照的时候一并交。
///
/// # Errors
/// 没选；日子倒了；已经开始过；权限。
pub fn declare(tx: &mut Tx<'_>, actor: &Actor, id: i64, declared: Declared) -> Result<()> {
    actor.require(can::RECEIVE)?;
    declared.check()?;
    let mut import = imports::lock(tx, id)?.filter(|import| import.tenant == actor.tenant).ok_or_else(Problem::not_found)?;
    if import.state != ImportState::Preview {
        return Err(Problem::conflict("这一批已经开始补录了").into());
    }
    import.coverage = declared.coverage.unwrap_or(import.coverage);
    import.from = declared.from.map(|day| time::instant(day, 0, 0));
    import.to = declared.to.map(|day| time::instant(day, 23, 59));
    import.version += 1;
    imports::save(tx, &import)
}

/// 对照核对好了，开始补录；对照按系统存下，下次自动用。
///
/// # Errors
/// 缺必填的栏；已经开始过；权限。
pub fn begin(tx: &mut Tx<'_>, actor: &Actor, id: i64, mapping: &BTreeMap<String, String>, at: Timestamp) -> Result<Import> {
    let import = start(tx, actor, id, mapping, at)?;
    tx.enqueue(JOB, &serde_json::to_string(&Payload { import: id })?, at)?;
    Ok(import)
}

/// 同 [`begin`]，但不登记后台任务：命令行自己补。
///
/// # Errors
/// 同 [`begin`]。
pub fn start(tx: &mut Tx<'_>, actor: &Actor, id: i64, mapping: &BTreeMap<String, String>, at: Timestamp) -> Result<Import> {
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
    carry(app, id, true, false).await
}

/// 同 [`carry_out`]，但不看“我方有、对方没有的”：一组历史表分成许多份，单看哪一份都不全。
/// `historic`：建平台以前的办件，不论补录早晚。
///
/// # Errors
/// 同 [`carry_out`]。
pub async fn carry_part(app: &App, id: i64, historic: bool) -> Result<()> {
    carry(app, id, false, historic).await
}

async fn carry(app: &App, id: i64, whole: bool, historic: bool) -> Result<()> {
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
    let (mut rows, reading) = read_ahead(app, &import.file).await?;
    let mut offers: HashMap<String, Option<Arc<Offer>>> = HashMap::new();
    let start = usize::try_from(import.done).unwrap_or(0);
    let mut mapping = sheets::Mapping::new();
    let mut span: Option<(Timestamp, Timestamp)> = None;
    let mut index = 0;
    while let Some(block) = rows.recv().await {
        let mut pending = Vec::with_capacity(CHUNK);
        for event in block {
            let (number, parsed) = match event {
                Event::Header(header) => {
                    mapping = sheets::recognise(&header, &saved);
                    continue;
                }
                Event::Bad(number, detail) => (number, Err((String::new(), detail))),
                Event::Row(row) => (row.number, sheets::read(&import.system, &mapping, &row.cells).map(|(code, read)| (code, External { historic, ..read })).map_err(|errors| why(&row.cells, &errors))),
            };
            index += 1;
            if let Ok((code, read)) = &parsed {
                span = Some(span.map_or((read.decided_at, read.decided_at), |(from, to)| (from.min(read.decided_at), to.max(read.decided_at))));
                if index > start && !offers.contains_key(code) {
                    if offers.len() >= MOST_OFFERS {
                        offers.clear();
                    }
                    let wanted = code.clone();
                    let found = app.db().snapshot("cases.import_offer", move |tx| offer::current(tx, &wanted)).await?;
                    offers.insert(code.clone(), found.map(Arc::new));
                }
            }
            if index > start {
                pending.push(line(number, parsed, &offers));
            }
        }
        if !pending.is_empty() {
            let done = index - pending.len();
            link_chunk(app, &import, done, pending).await?;
        }
    }
    reading.await.map_err(|error| Error::Io(error.to_string()))??;
    let asked = |(from, to): (Timestamp, Timestamp)| (import.from.unwrap_or(from), import.to.unwrap_or(to));
    finish(app, &import, span.filter(|_| whole && import.coverage != Coverage::Part).map(asked)).await
}

/// 另一条线上逐行读，读一块交一块；取的人没跟上就停下来等，所以内存与行数无关。
///
/// # Errors
/// 文件不在了。
pub async fn read_ahead(app: &App, file: &str) -> Result<(mpsc::Receiver<Vec<Event>>, tokio::task::JoinHandle<Result<()>>)> {
    let mut local = tempfile::tempfile().map_err(|error| Error::Io(error.to_string()))?;
    app.files().get_file(file, &mut local).await?;
    let (send, receive) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        let mut block = Vec::with_capacity(CHUNK);
        stream::stream(local, &mut |event| {
            block.push(event);
            if block.len() < CHUNK {
                return ControlFlow::Continue(());
            }
            match send.blocking_send(std::mem::replace(&mut block, Vec::with_capacity(CHUNK))) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        if !block.is_empty() {
            // 取的人已经走了就不用再交
            let _ = send.blocking_send(block);
        }
        Ok(())
    });
    Ok((receive, reading))
}

/// 读不懂的一行：它的第一格与说法。
fn why(cells: &[String], errors: &[tongban_kernel::FieldError]) -> (String, String) {
    (cells.first().cloned().unwrap_or_default(), errors.iter().map(|e| e.detail.as_str()).collect::<Vec<_>>().join("；"))
}

/// 一行备好要补的，或说清为什么补不了。
pub(crate) type Line = (i64, Result<(Arc<Offer>, External), (String, String)>);

fn line(number: usize, parsed: std::result::Result<(String, External), (String, String)>, offers: &HashMap<String, Option<Arc<Offer>>>) -> Line {
    let ready = parsed.and_then(|(code, read)| match offers.get(&code).cloned().flatten() {
        Some(offer) => Ok((offer, read)),
        None => Err((read.number, format!("没有这个事项：{code}"))),
    });
    (i64::try_from(number).unwrap_or(0), ready)
}

/// 补一块：每行各成各的，错的记下不拦别的；进度与补上的件在同一个单元里。
async fn link_chunk(app: &App, import: &Import, done: usize, lines: Vec<Line>) -> Result<()> {
    let (id, at, done) = (import.id, app.now(), i64::try_from(done).unwrap_or(0));
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
    app.db().bulk("cases.import", move |tx| take(tx, &actor, id, done, &lines, &random, at)).await
}

/// 同 [`link_chunk`]，在调用者的单元里；演示也用它。
pub(crate) fn take(tx: &mut Tx<'_>, actor: &Actor, id: i64, done: i64, lines: &[Line], random: &[u8], at: Timestamp) -> Result<()> {
    let mut import = imports::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    // 别的节点已经补到前面去了：让它补完
    if import.done != done {
        return Err(Problem::conflict("这一批正由另一处补录").into());
    }
    for ((number, ready), seed) in lines.iter().zip(random.chunks(32)) {
        import.done += 1;
        let found = match ready {
            Ok((offer, read)) => one(tx, actor, offer, read, seed, at)?,
            Err((number, detail)) => Outcomes::failed(number, detail),
        };
        found.count(&mut import);
        if found.linked || found.existed {
            imports::seen(tx, id, &found.number)?;
        }
        if let (Ok((offer, _)), Coverage::Items) = (ready, import.coverage) {
            imports::has_item(tx, id, &offer.code)?;
        }
        for (kind, case_no, detail) in &found.findings {
            let finding = Finding { line: *number, number: found.number.clone(), case_no: case_no.clone(), detail: detail.clone() };
            imports::add_finding(tx, id, kind, &finding)?;
        }
    }
    import.version += 1;
    imports::save(tx, &import)
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

/// 补完了。
pub(crate) fn close(tx: &mut Tx<'_>, id: i64, at: Timestamp) -> Result<()> {
    let mut import = imports::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    import.ours_only = imports::ours_only(tx, id)?;
    (import.state, import.finished, import.version) = (ImportState::Done, Some(at), import.version + 1);
    imports::save(tx, &import)?;
    told(tx, &Actor::system(), &import, at)
}

/// 文件里的都过了一遍：再看我方有、对方没有的，一页一个单元。
async fn finish(app: &App, import: &Import, span: Option<(Timestamp, Timestamp)>) -> Result<()> {
    let mut after = Some(String::new());
    while let (Some(span), Some(from)) = (span, after.take()) {
        let import = import.clone();
        after = app
            .db()
            .bulk("cases.import_ours", move |tx| {
                let page = imports::ours(tx, &import, span, &from, PAGE)?;
                for (number, case_no, decided) in &page {
                    let detail = format!("我方 {} 办结，对方的表里没有", shown(Some(*decided)));
                    imports::add_finding(tx, import.id, "ours_only", &Finding { line: 0, number: number.clone(), case_no: case_no.clone(), detail })?;
                }
                Ok(page.last().map(|(number, ..)| number.clone()))
            })
            .await?;
    }
    let (id, at) = (import.id, app.now());
    app.db()
        .bulk("cases.import_finish", move |tx| close(tx, id, at))
        .await?;
    while app.db().bulk("cases.import_forget", move |tx| imports::forget(tx, id, PAGE)).await? {}
    Ok(())
}
