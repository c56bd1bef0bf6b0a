//! 成批用印：复核过的一批，一块一块地成文、盖章、落账，落账的同一单元里下下一块的任务。
//!
//! 随时断电都接得着：做过的已是“有效”，没做的还是“待用印”；有一张做不成（缺字一类），记下原因，别的照做。

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_kernel::Actor;
use tongban_store::jobs::{self, Job};
use tongban_store::{Error, Result, Tx};
use tongban_web::{App, Work};

use crate::commands::{self, Sealed};
use crate::issue::{self, Pen, Ready};
use crate::model::LicenceState;
use crate::store::{LicenceRow, Use, licences};

/// 任务的名字。
pub const JOB: &str = "credentials.issue_batch";
/// 一块几张。
const CHUNK: u32 = 100;
/// 一块里最多几个线程一起做。
const HANDS: usize = 4;

/// 任务的内容：哪一批、复核人的账号、做到哪一张了。
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Chunk {
    batch: String,
    account: i64,
    after: i64,
}

/// 下一批的第一块；同样的一件还等着就不再下。
///
/// # Errors
/// 引擎拒绝。
pub fn begin(tx: &mut Tx<'_>, batch: &str, account: i64, at: Timestamp) -> Result<()> {
    next(tx, &Chunk { batch: batch.to_owned(), account, after: 0 }, at)
}

fn next(tx: &mut Tx<'_>, chunk: &Chunk, at: Timestamp) -> Result<()> {
    let payload = serde_json::to_string(chunk)?;
    if !jobs::is_waiting(tx, JOB, &payload, at)? {
        tx.enqueue(JOB, &payload, at)?;
    }
    Ok(())
}

/// 任务：做一块。
pub fn run<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let chunk: Chunk = serde_json::from_str(&job.payload)?;
        issue_chunk(app, chunk).await
    })
}

/// 一张的下场：做成了，或为什么没做成。
type Made = (LicenceRow, Result<(Vec<u8>, Sealed)>);

async fn issue_chunk(app: &App, chunk: Chunk) -> Result<()> {
    let (base, now, asked) = (app.config().base_url.clone(), app.now(), chunk.clone());
    let found = app.db().snapshot("credentials.issue_chunk", move |tx| load(tx, &asked, &base, now)).await?;
    let Some((rows, stamp)) = found else { return Ok(()) };
    let stamp = match stamp {
        Ok(stamp) => stamp,
        Err(row) => return issue::park(app, &row, chunk.account, &chunk.batch, now).await,
    };
    let last = rows.last().map_or(chunk.after, |ready| ready.row.id);
    let made = tokio::task::spawn_blocking(move || Ok::<_, Error>(make_all(&rows, &Pen::new(stamp)?, now)));
    let made = made.await.map_err(|error| Error::Io(error.to_string()))??;
    let (mut sealed, mut failed) = (Vec::with_capacity(made.len()), Vec::new());
    for (row, result) in made {
        match result {
            Ok((bytes, one)) => sealed.push(Sealed { file: app.files().put(bytes.into(), tongban_ofd::MEDIA_TYPE).await?, ..one }),
            Err(Error::Refused(problem)) => failed.push(Use { reason: problem.detail.clone(), ..issue::blank_use(&row, now) }),
            Err(error) => return Err(error),
        }
    }
    let chunk = Chunk { after: last, ..chunk };
    app.db()
        .bulk("credentials.sealed_chunk", move |tx| {
            for one in &sealed {
                commands::sealed(tx, &Actor::system(), one, now)?;
            }
            for entry in &failed {
                commands::fail_use(tx, &Actor::system(), entry.clone(), now)?;
            }
            next(tx, &chunk, now)
        })
        .await
}

/// 一块，与章；没有可用的章时是头一张，由它停着等。
type Loaded = (Vec<Ready>, std::result::Result<issue::Stamp, Box<LicenceRow>>);

/// 这一块：同一单位、同一类的，章与授权只找一次。
fn load(tx: &mut Tx<'_>, chunk: &Chunk, base: &str, at: Timestamp) -> Result<Option<Loaded>> {
    let mut rows: Vec<Ready> = Vec::new();
    for id in licences::in_batch(tx, &chunk.batch, LicenceState::ToSign, chunk.after, CHUNK)? {
        let ready = issue::ready(tx, id, base)?;
        if rows.first().is_some_and(|first| (first.row.place.unit, first.kind.id) != (ready.row.place.unit, ready.kind.id)) {
            break;
        }
        rows.push(ready);
    }
    let Some(first) = rows.first() else { return Ok(None) };
    let stamp = match issue::stamp(tx, first.row.place.unit, chunk.account, &first.kind.name, at) {
        Ok(stamp) => Ok(stamp),
        Err(Error::Refused(_)) => Err(Box::new(first.row.clone())),
        Err(error) => return Err(error),
    };
    Ok(Some((rows, stamp)))
}

/// 几个线程分着做，次序不变。
fn make_all(rows: &[Ready], pen: &Pen, at: Timestamp) -> Vec<Made> {
    let hands = std::thread::available_parallelism().map_or(1, usize::from).min(HANDS);
    let each = rows.len().div_ceil(hands).max(1);
    let work = |part: &[Ready]| -> Vec<Made> { part.iter().map(|ready| (ready.row.clone(), issue::make(ready, pen, at))).collect() };
    std::thread::scope(|scope| {
        let parts: Vec<_> = rows.chunks(each).map(|part| scope.spawn(move || work(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}
