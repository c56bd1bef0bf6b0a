//! 后台循环：反应、时钟、任务、检索、检查点。每个节点都跑，靠游标、租约与主键互不重复。

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tongban_store::{Clock, Reaction, Result, clocks, jobs, journal, react};

use crate::app::App;

/// 没有唤醒时多久看一次（别的节点写的靠它）。
const POLL: Duration = Duration::from_millis(500);
/// 任务租多久；做得久的自动续。
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// 同时做几件任务。
const JOBS_AT_ONCE: usize = 2;

fn reactions(app: &App) -> Vec<Reaction> {
    app.areas().iter().flat_map(|area| area.reactions).copied().collect()
}

fn clock_list(app: &App) -> Vec<Clock> {
    app.areas().iter().flat_map(|area| area.clocks).copied().collect()
}

fn leisure_list(app: &App) -> Vec<Clock> {
    app.areas().iter().flat_map(|area| area.leisure).copied().collect()
}

/// 闲时：晚上八点到早上七点。
fn is_leisure(now: Timestamp) -> bool {
    !(7..20).contains(&now.to_zoned(tongban_kernel::time::china()).hour())
}

/// 起全部后台循环；`stop` 变真时收尾。
pub fn start(app: &App, stop: &tokio::sync::watch::Receiver<bool>) -> Vec<tokio::task::JoinHandle<()>> {
    let mut handles = vec![
        tokio::spawn(react_loop(app.clone(), stop.clone())),
        tokio::spawn(clock_loop(app.clone(), stop.clone())),
        tokio::spawn(search_loop(app.clone(), stop.clone())),
        tokio::spawn(checkpoint_loop(app.clone(), stop.clone())),
    ];
    handles.extend((0..JOBS_AT_ONCE).map(|_| tokio::spawn(job_loop(app.clone(), stop.clone()))));
    handles
}

async fn react_loop(app: App, mut stop: tokio::sync::watch::Receiver<bool>) {
    let list = reactions(&app);
    let wake = app.db().journaled();
    while !*stop.borrow() {
        let woken = wake.notified();
        match react_once(&app, &list).await {
            Ok(0) => tokio::select! { () = woken => {}, () = tokio::time::sleep(POLL) => {}, _ = stop.changed() => {} },
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "反应暂停");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

/// 反应各前进一步，再跑各区的步骤。
async fn react_once(app: &App, list: &[Reaction]) -> Result<u64> {
    let mut moved = react::step(app.db(), list).await?;
    for step in app.areas().iter().flat_map(|area| area.steps) {
        moved += (step.run)(app).await?;
    }
    Ok(moved)
}

async fn clock_loop(app: App, mut stop: tokio::sync::watch::Receiver<bool>) {
    let (list, leisure) = (clock_list(&app), leisure_list(&app));
    let mut runner = clocks::Runner::default();
    while !*stop.borrow() {
        let now = app.now();
        let due: Vec<Clock> = list.iter().chain(leisure.iter().filter(|_| is_leisure(now))).copied().collect();
        let fired = runner.step(app.db(), &due, now).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "时钟暂停");
            0
        });
        if fired == 0 {
            tokio::select! { () = tokio::time::sleep(Duration::from_secs(1)) => {}, _ = stop.changed() => {} }
        }
    }
}

async fn job_loop(app: App, mut stop: tokio::sync::watch::Receiver<bool>) {
    let wake = app.db().enqueued();
    while !*stop.borrow() {
        let woken = wake.notified();
        match run_one_job(&app, app.now()).await {
            Ok(true) => {}
            Ok(false) => tokio::select! { () = woken => {}, () = tokio::time::sleep(POLL * 2) => {}, _ = stop.changed() => {} },
            Err(error) => {
                tracing::warn!(%error, "任务暂停");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

/// 领一件到期的任务做掉；没有可做的回答假。
async fn run_one_job(app: &App, now: Timestamp) -> Result<bool> {
    let owner = app.db().owner().to_owned();
    let name = owner.clone();
    // 先读一眼：没有到期的就不占写连接
    if app.db().read("jobs.count_due", move |tx| jobs::count_due(tx, now)).await? == 0 {
        return Ok(false);
    }
    let Some(job) = app.db().write("jobs.claim", move |tx| jobs::claim(tx, &owner, now, now + LEASE)).await? else {
        return Ok(false);
    };
    let renewing = tokio::spawn(keep_lease(app.clone(), job.id));
    let (tries, outcome) = match app.run_job(&job) {
        Some((tries, work)) => (tries, work.await),
        None => (1, Err(tongban_store::Error::Io(format!("不认识的任务种类 {}", job.kind)))),
    };
    renewing.abort();
    let at = app.now();
    match outcome {
        Ok(()) => app.db().write("jobs.done", move |tx| jobs::done(tx, job.id, &name, at)).await?,
        Err(error) => {
            tracing::warn!(job = job.kind, id = job.id, tries = job.tries, %error, "任务没做成");
            let again = (job.tries < i64::from(tries)).then(|| at + backoff(job.tries));
            let text = error.to_string();
            app.db().write("jobs.fail", move |tx| jobs::fail(tx, job.id, &name, at, &text, again)).await?
        }
    };
    Ok(true)
}

/// 5 秒、20 秒、80 秒……至多一小时。
fn backoff(tries: i64) -> SignedDuration {
    SignedDuration::from_secs((5_i64 << (2 * tries.clamp(0, 5))).min(3600))
}

async fn keep_lease(app: App, id: i64) {
    let owner = app.db().owner().to_owned();
    loop {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let (owner, until) = (owner.clone(), app.now() + LEASE);
        let kept = app.db().write("jobs.renew", move |tx| jobs::renew(tx, id, &owner, until, 0)).await;
        if !matches!(kept, Ok(true)) {
            tracing::warn!(id, "任务租约没能续上");
        }
    }
}

async fn checkpoint_loop(app: App, mut stop: tokio::sync::watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! { () = tokio::time::sleep(Duration::from_secs(60)) => {}, _ = stop.changed() => return }
        if let Err(error) = journal::checkpoint(app.db(), app.now()).await {
            tracing::warn!(%error, "检查点没做成");
        }
        let now = app.now();
        if let Err(error) = app.db().bulk("web.once_clean", move |tx| crate::once::clean(tx, now)).await {
            tracing::warn!(%error, "清理幂等键没做成");
        }
    }
}

async fn search_loop(app: App, mut stop: tokio::sync::watch::Receiver<bool>) {
    let wake = app.db().journaled();
    while !*stop.borrow() {
        let woken = wake.notified();
        match crate::worker::index(&app).await {
            Ok(()) => {}
            Err(error) => tracing::warn!(%error, "检索索引没跟上"),
        }
        tokio::select! { _ = stop.changed() => {}, () = async { woken.await; tokio::time::sleep(POLL).await; } => {}, () = tokio::time::sleep(Duration::from_secs(5)) => {} }
    }
}

/// 让检索索引追上日志；位置对不上（恢复、换库）就重建（foundations §7）。
///
/// # Errors
/// 引擎或索引不可用。
pub async fn index(app: &App) -> Result<()> {
    let heads = app.db().snapshot("search.heads", lane_heads).await?;
    let search = app.search();
    let failed = |error: tongban_search::Error| tongban_store::Error::Io(format!("检索：{error}"));
    let known: Option<std::collections::BTreeMap<i64, i64>> =
        search.position().map_err(failed)?.and_then(|text| serde_json::from_str(&text).ok());
    match known {
        Some(known) if known == heads => return Ok(()),
        Some(known) if known.iter().all(|(lane, seq)| heads.get(lane).is_some_and(|head| head >= seq)) => catch_up(app, known, &heads).await?,
        _ => rebuild(app).await?,
    }
    let position = serde_json::to_string(&heads)?;
    tokio::task::spawn_blocking(move || search.commit(&position)).await.map_err(|e| tongban_store::Error::Io(e.to_string()))?.map_err(failed)
}

fn lane_heads(tx: &mut tongban_store::Tx<'_>) -> Result<std::collections::BTreeMap<i64, i64>> {
    let mut heads = std::collections::BTreeMap::new();
    for lane in tx.lanes()? {
        heads.insert(lane, tx.lane_head(lane)?);
    }
    Ok(heads)
}

async fn catch_up(app: &App, known: std::collections::BTreeMap<i64, i64>, heads: &std::collections::BTreeMap<i64, i64>) -> Result<()> {
    let findables: Vec<crate::area::Findable> = app.areas().iter().flat_map(|area| area.findable).copied().collect();
    for (&lane, &head) in heads {
        let mut seq = known.get(&lane).copied().unwrap_or(0);
        while seq < head {
            let entries = app.db().read("search.entries", move |tx| tx.lane_entries(lane, seq, 500)).await?;
            let Some(last) = entries.last() else { break };
            seq = last.seq;
            for findable in &findables {
                let mut touched: Vec<i64> =
                    entries.iter().filter(|e| findable.kinds.contains(&e.kind.as_str())).map(|e| e.subject).collect();
                touched.sort_unstable();
                touched.dedup();
                for id in touched {
                    refresh(app, *findable, id).await?;
                }
            }
        }
    }
    Ok(())
}

async fn refresh(app: &App, findable: crate::area::Findable, id: i64) -> Result<()> {
    let doc = app.db().snapshot("search.one", move |tx| (findable.one)(tx, id)).await?;
    let search = app.search();
    let done = match doc {
        Some(doc) => search.put(&[doc]),
        None => search.remove(findable.kind, id),
    };
    done.map_err(|error| tongban_store::Error::Io(format!("检索：{error}")))
}

async fn rebuild(app: &App) -> Result<()> {
    let failed = |error: tongban_search::Error| tongban_store::Error::Io(format!("检索：{error}"));
    app.search().clear().map_err(failed)?;
    for findable in app.areas().iter().flat_map(|area| area.findable).copied() {
        let mut after = 0;
        loop {
            let docs = app.db().snapshot("search.scan", move |tx| (findable.scan)(tx, after, 200)).await?;
            let Some(last) = docs.last() else { break };
            after = last.id;
            app.search().put(&docs).map_err(failed)?;
        }
    }
    tracing::info!("检索索引已重建");
    Ok(())
}

/// 做到没有可做的为止。
pub(crate) async fn settle(app: &App) -> Result<()> {
    let (list, clocks) = (reactions(app), clock_list(app));
    let mut runner = clocks::Runner::default();
    loop {
        let mut moved = react_once(app, &list).await?;
        moved += runner.step(app.db(), &clocks, app.now()).await?;
        while run_one_job(app, app.now()).await? {
            moved += 1;
        }
        if moved == 0 {
            return index(app).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_leisure;

    #[test]
    fn the_unhurried_wait_for_the_night() {
        let at = |text: &str| text.parse().unwrap();
        assert!(is_leisure(at("2026-11-23T20:00:00+08:00")));
        assert!(is_leisure(at("2026-11-24T06:59:59+08:00")));
        assert!(!is_leisure(at("2026-11-24T07:00:00+08:00")));
        assert!(!is_leisure(at("2026-11-23T19:59:59+08:00")));
    }
}
