//! 日志链：每条写连接一条泳道，密集编号，行行相扣（foundations §4）。
//!
//! 它同时是审计日志、每条记录的时间线、反应与推送的来源、指标的来源。个人信息不得进入。

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};
use std::collections::BTreeMap;
use tongban_kernel::Actor;

use crate::database::Database;
use crate::error::{Error, Result};
use crate::merkle::Tree;
use crate::row::Row;
use crate::tx::{Link, Tx};

pub(crate) const APPEND: &str = "INSERT INTO journal (lane, seq, at, tenant, actor, post, kind, subject, rev, body, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const HEAD: &str = "SELECT seq, hash FROM journal WHERE lane = $1 ORDER BY seq DESC LIMIT 1";
const LANES: &str = "SELECT lane FROM lanes ORDER BY lane";
const READ: &str = "SELECT lane, seq, at, tenant, actor, post, kind, subject, rev, body, hash \
     FROM journal WHERE lane = $1 AND seq > $2 ORDER BY seq LIMIT $3";
const HASHES: &str = "SELECT hash FROM journal WHERE lane = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";
const TIMELINE: &str = "SELECT lane, seq, at, tenant, actor, post, kind, subject, rev, body, hash \
     FROM journal WHERE subject = $1 ORDER BY rev, at LIMIT $2";
const CLAIM_LANE: &str = "UPDATE lanes SET owner = $1, until = $2 WHERE lane = \
     (SELECT lane FROM lanes WHERE until < $3 ORDER BY lane LIMIT 1) AND until < $3 RETURNING lane";
const ADD_LANE: &str = "INSERT INTO lanes (lane, owner, until) \
     SELECT COALESCE(MAX(lane), -1) + 1, $1, CAST($2 AS BIGINT) FROM lanes WHERE 1 = 1 ON CONFLICT (lane) DO NOTHING RETURNING lane";
pub(crate) const RENEW_LANE: &str = "UPDATE lanes SET until = $1 WHERE lane = $2 AND owner = $3";
/// 单元里续自己的泳道。
pub(crate) const KEEP_LANE: &str = "UPDATE lanes SET until = $1 WHERE lane = $2";
pub(crate) const STATEMENTS: &[&str] = &[APPEND, HEAD, LANES, READ, HASHES, TIMELINE, CLAIM_LANE, ADD_LANE, RENEW_LANE, KEEP_LANE];

const LAST_CHECKPOINT: &str =
    "SELECT number, at, heads, entries, root, previous FROM checkpoints ORDER BY number DESC LIMIT 1";
const NEXT_CHECKPOINTS: &str =
    "SELECT number, at, heads, entries, root, previous FROM checkpoints WHERE number > $1 ORDER BY number LIMIT $2";
const ADD_CHECKPOINT: &str = "INSERT INTO checkpoints (number, at, heads, entries, root, previous) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number) DO NOTHING";
pub(crate) const CHECKPOINT_STATEMENTS: &[&str] = &[LAST_CHECKPOINT, NEXT_CHECKPOINTS, ADD_CHECKPOINT];

/// 泳道的第一条接在它后面。
const GENESIS: [u8; 32] = [0; 32];
/// 一个检查点至多收多少条。
const CHECKPOINT_ENTRIES: i64 = 50_000;
/// 读日志一页多少条。
const PAGE: i64 = 5_000;

/// 要记的一条：谁、何时、什么事、哪条记录的第几版。
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// `区.动作`，如 `cases.accepted`。
    pub kind: &'a str,
    /// 记录行键。
    pub subject: i64,
    /// 记录的版本号；一条命令恰好加一。
    pub rev: i64,
    pub at: Timestamp,
    pub actor: &'a Actor,
    /// 记录所属县区。
    pub tenant: i64,
    /// 改动内容，JSON 对象；没有写 `"{}"`。
    pub body: &'a str,
}

/// 已经记下的一条。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub lane: i64,
    pub seq: i64,
    pub at: Timestamp,
    pub tenant: i64,
    /// 账号行键；时钟与系统为 0。
    pub actor: i64,
    pub post: i64,
    pub kind: String,
    pub subject: i64,
    pub rev: i64,
    pub body: String,
    pub(crate) hash: Vec<u8>,
}

impl Logged {
    fn from_row(r: &Row<'_>) -> Result<Self> {
        Ok(Self {
            lane: r.get(0)?,
            seq: r.get(1)?,
            at: tongban_kernel::time::from_millis(r.get(2)?),
            tenant: r.get(3)?,
            actor: r.get(4)?,
            post: r.get::<Option<i64>>(5)?.unwrap_or(0),
            kind: r.get(6)?,
            subject: r.get(7)?,
            rev: r.get(8)?,
            body: r.get(9)?,
            hash: r.get(10)?,
        })
    }

    /// 读出 `body`；形状由 `contracts` 里的类型定。
    ///
    /// # Errors
    /// 形状不符。
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        Ok(serde_json::from_str(&self.body)?)
    }

    /// 带事实的条目里的 `changed` 部分。
    ///
    /// # Errors
    /// 形状不符。
    pub fn changed<T: for<'a> Deserialize<'a>>(&self) -> Result<T> {
        #[derive(Deserialize)]
        struct Changed<T> {
            changed: T,
        }
        Ok(serde_json::from_str::<Changed<T>>(&self.body)?.changed)
    }

    /// 带事实的条目里的前后事实（原样 JSON，`None` 表示没有）。
    #[must_use]
    pub fn facts(&self) -> Option<(Option<String>, Option<String>)> {
        #[derive(Deserialize)]
        struct Facts {
            facts: (serde_json::Value, serde_json::Value),
        }
        let Facts { facts: (before, after) } = serde_json::from_str(&self.body).ok()?;
        let text = |value: serde_json::Value| (!value.is_null()).then(|| value.to_string());
        Some((text(before), text(after)))
    }
}

/// 一条泳道的头。
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub lane: i64,
    pub seq: i64,
    pub hash: [u8; 32],
}

/// 下一条的序号与散列。
pub(crate) fn seal(head: &Head, entry: &Entry<'_>) -> (i64, [u8; 32]) {
    let seq = head.seq + 1;
    let post = (entry.actor.post != 0).then_some(entry.actor.post);
    let fields = Fields {
        lane: head.lane,
        seq,
        at: entry.at.as_millisecond(),
        tenant: entry.tenant,
        actor: entry.actor.account,
        post: post.unwrap_or(0),
        kind: entry.kind,
        subject: entry.subject,
        rev: entry.rev,
        body: entry.body,
    };
    (seq, fields.hash(&head.hash))
}

/// 进入散列的全部字段，定长整数与带长度的文本，没有歧义。
struct Fields<'a> {
    lane: i64,
    seq: i64,
    at: i64,
    tenant: i64,
    actor: i64,
    post: i64,
    kind: &'a str,
    subject: i64,
    rev: i64,
    body: &'a str,
}

impl Fields<'_> {
    fn hash(&self, previous: &[u8]) -> [u8; 32] {
        let mut sm3 = Sm3::new();
        sm3.update(previous);
        for number in [self.lane, self.seq, self.at, self.tenant, self.actor, self.post, self.subject, self.rev] {
            sm3.update(number.to_be_bytes());
        }
        for text in [self.kind, self.body] {
            sm3.update((text.len() as u64).to_be_bytes());
            sm3.update(text.as_bytes());
        }
        sm3.finalize().into()
    }
}

pub(crate) fn read_head(link: &mut dyn Link, lane: i64) -> Result<Head> {
    let mut head = Head { lane, seq: 0, hash: GENESIS };
    link.query(HEAD, false, crate::args![lane], &mut |r| {
        head.seq = r.get(0)?;
        head.hash = r.get::<Vec<u8>>(1)?.try_into().map_err(|_| Error::Shape("日志散列不是 32 字节"))?;
        Ok(())
    })?;
    Ok(head)
}

/// 认领一条泳道：先接过期的，没有再添一条。
pub(crate) fn claim_lane(link: &mut dyn Link, owner: &str, now: i64, until: i64) -> Result<i64> {
    for _ in 0..256 {
        let mut lane = None;
        for (sql, args) in [(CLAIM_LANE, crate::args![owner, until, now]), (ADD_LANE, crate::args![owner, until])] {
            if lane.is_none() {
                link.query(sql, false, args, &mut |r| {
                    lane = Some(r.get::<i64>(0)?);
                    Ok(())
                })?;
            }
        }
        if let Some(lane) = lane {
            return Ok(lane);
        }
    }
    Err(Error::Busy)
}

impl Tx<'_> {
    /// 全部泳道号。
    ///
    /// # Errors
    /// 引擎拒绝。
    pub fn lanes(&mut self) -> Result<Vec<i64>> {
        self.rows(LANES, &[], |r| r.get(0))
    }

    /// 一条泳道现在的末号；没有为 0。
    ///
    /// # Errors
    /// 引擎拒绝。
    pub fn lane_head(&mut self, lane: i64) -> Result<i64> {
        Ok(self.row(HEAD, crate::args![lane], |r| r.get(0))?.unwrap_or(0))
    }

    /// 一条泳道 `after` 之后的至多 `limit` 条。
    ///
    /// # Errors
    /// 引擎拒绝。
    pub fn lane_entries(&mut self, lane: i64, after: i64, limit: i64) -> Result<Vec<Logged>> {
        self.rows(READ, crate::args![lane, after, limit], Logged::from_row)
    }

    /// 一条记录的时间线，按版本先后，至多 500 条。
    ///
    /// # Errors
    /// 引擎拒绝。
    pub fn timeline(&mut self, subject: i64) -> Result<Vec<Logged>> {
        self.rows(TIMELINE, crate::args![subject, 500_i64], Logged::from_row)
    }
}

/// 一个检查点：到各泳道某一条为止的全部新条目的默克尔根。
#[derive(Debug, Clone)]
pub struct Checkpoint {
    pub number: i64,
    pub at: Timestamp,
    /// 泳道 → 末号。
    pub heads: BTreeMap<i64, i64>,
    pub entries: i64,
    pub root: Vec<u8>,
    /// 前一个检查点的摘要（编号、头、根、再前一个）。
    pub previous: Vec<u8>,
}

impl Checkpoint {
    fn from_row(r: &Row<'_>) -> Result<Self> {
        Ok(Self {
            number: r.get(0)?,
            at: tongban_kernel::time::from_millis(r.get(1)?),
            heads: serde_json::from_str(&r.get::<String>(2)?)?,
            entries: r.get(3)?,
            root: r.get(4)?,
            previous: r.get(5)?,
        })
    }

    /// 本检查点的摘要，下一个检查点接在它后面。
    fn digest(&self) -> Result<Vec<u8>> {
        let mut sm3 = Sm3::new();
        sm3.update(self.number.to_be_bytes());
        sm3.update(serde_json::to_string(&self.heads)?.as_bytes());
        sm3.update(&self.root);
        sm3.update(&self.previous);
        Ok(sm3.finalize().to_vec())
    }
}

/// 把新条目收进一个检查点；没有新条目回答 `None`。多个节点同时做，编号主键只让一个成。
///
/// # Errors
/// 引擎拒绝。
pub async fn checkpoint(db: &Database, at: Timestamp) -> Result<Option<Checkpoint>> {
    let Some(next) = db.snapshot("journal.checkpoint_read", move |tx| plan_checkpoint(tx, at)).await? else {
        return Ok(None);
    };
    let row = next.clone();
    let added = db
        .bulk("journal.checkpoint", move |tx| {
            let heads = serde_json::to_string(&row.heads)?;
            tx.exec(ADD_CHECKPOINT, crate::args![row.number, row.at, &heads, row.entries, &row.root, &row.previous])
        })
        .await?;
    Ok((added == 1).then_some(next))
}

fn plan_checkpoint(tx: &mut Tx<'_>, at: Timestamp) -> Result<Option<Checkpoint>> {
    let last = tx.row(LAST_CHECKPOINT, &[], Checkpoint::from_row)?;
    let mut heads = last.as_ref().map(|c| c.heads.clone()).unwrap_or_default();
    let mut tree = Tree::default();
    for lane in tx.lanes()? {
        let from = heads.get(&lane).copied().unwrap_or(0);
        let to = tx.lane_head(lane)?.min(from + CHECKPOINT_ENTRIES - tree.len());
        if to > from {
            add_hashes(tx, &mut tree, lane, from, to)?;
            heads.insert(lane, to);
        }
    }
    if tree.len() == 0 {
        return Ok(None);
    }
    Ok(Some(Checkpoint {
        number: last.as_ref().map_or(1, |c| c.number + 1),
        at,
        heads,
        entries: tree.len(),
        root: tree.root(),
        previous: last.map_or(Ok(GENESIS.to_vec()), |c| c.digest())?,
    }))
}

fn add_hashes(tx: &mut Tx<'_>, tree: &mut Tree, lane: i64, mut from: i64, to: i64) -> Result<()> {
    while from < to {
        let page = tx.rows(HASHES, crate::args![lane, from, to, PAGE], |r| r.get::<Vec<u8>>(0))?;
        if page.is_empty() {
            return Ok(());
        }
        from += page.len() as i64;
        page.iter().for_each(|hash| tree.add(hash));
    }
    Ok(())
}

/// 查验的结论。
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub entries: i64,
    pub lanes: i64,
    pub checkpoints: i64,
    /// 每条一句话，说清哪条泳道第几号、什么不对。
    pub faults: Vec<String>,
}

/// 从头查验整条链：改一个字节、少一行、换一行都会指出来。
///
/// `progress` 每页报告一次已查条数。
///
/// # Errors
/// 引擎拒绝。
pub async fn verify(db: &Database, mut progress: impl FnMut(i64)) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    for lane in db.read("journal.lanes", |tx| tx.lanes()).await? {
        verdict.lanes += 1;
        let mut head = Head { lane, seq: 0, hash: GENESIS };
        loop {
            let after = head.seq;
            let page = db.read("journal.verify", move |tx| tx.lane_entries(lane, after, PAGE)).await?;
            if page.is_empty() {
                break;
            }
            verdict.entries += page.len() as i64;
            for entry in &page {
                check_entry(&mut head, entry, &mut verdict.faults);
            }
            progress(verdict.entries);
        }
    }
    verify_checkpoints(db, &mut verdict).await?;
    Ok(verdict)
}

fn check_entry(head: &mut Head, entry: &Logged, faults: &mut Vec<String>) {
    if entry.seq != head.seq + 1 {
        faults.push(format!("泳道 {} 缺少第 {} 到 {} 号", head.lane, head.seq + 1, entry.seq - 1));
    }
    let fields = Fields {
        lane: entry.lane,
        seq: entry.seq,
        at: entry.at.as_millisecond(),
        tenant: entry.tenant,
        actor: entry.actor,
        post: entry.post,
        kind: &entry.kind,
        subject: entry.subject,
        rev: entry.rev,
        body: &entry.body,
    };
    if fields.hash(&head.hash).as_slice() != entry.hash.as_slice() && entry.seq == head.seq + 1 {
        faults.push(format!("泳道 {} 第 {} 号（{}）内容与散列不符", head.lane, entry.seq, entry.kind));
    }
    head.seq = entry.seq;
    head.hash = entry.hash.clone().try_into().unwrap_or(GENESIS);
}

async fn verify_checkpoints(db: &Database, verdict: &mut Verdict) -> Result<()> {
    let mut heads = BTreeMap::new();
    let mut previous = GENESIS.to_vec();
    let mut number = 0;
    loop {
        let after = number;
        let page = db
            .read("journal.verify_checkpoints", move |tx| tx.rows(NEXT_CHECKPOINTS, crate::args![after, 200_i64], Checkpoint::from_row))
            .await?;
        if page.is_empty() {
            return Ok(());
        }
        for checkpoint in page {
            if checkpoint.number != number + 1 {
                verdict.faults.push(format!("缺少第 {} 个检查点", number + 1));
            }
            if checkpoint.previous != previous {
                verdict.faults.push(format!("第 {} 个检查点与前一个接不上", checkpoint.number));
            }
            let (from, to) = (heads.clone(), checkpoint.heads.clone());
            let root = db.snapshot("journal.verify_root", move |tx| recompute(tx, &from, &to)).await?;
            if root != checkpoint.root {
                verdict.faults.push(format!("第 {} 个检查点的根与日志不符", checkpoint.number));
            }
            number = checkpoint.number;
            previous = checkpoint.digest()?;
            heads = checkpoint.heads;
            verdict.checkpoints += 1;
        }
    }
}

fn recompute(tx: &mut Tx<'_>, from: &BTreeMap<i64, i64>, to: &BTreeMap<i64, i64>) -> Result<Vec<u8>> {
    let mut tree = Tree::default();
    for (&lane, &until) in to {
        add_hashes(tx, &mut tree, lane, from.get(&lane).copied().unwrap_or(0), until)?;
    }
    Ok(tree.root())
}

/// SQLite 只有 0 号泳道，租约永不过期。
pub(crate) fn own_lane_zero(link: &mut dyn Link) -> Result<()> {
    link.batch("INSERT INTO lanes (lane, owner, until) VALUES (0, 'sqlite', 9223372036854775807) ON CONFLICT (lane) DO NOTHING")
}
