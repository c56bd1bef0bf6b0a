//! 评价仪：绑定、报到、推送，以及工作人员看过评价码的终端。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

const BINDING: &str = "SELECT id, post, window_id, staff, device, bound, seen, version FROM evaluation_bindings WHERE id = $1 AND ended IS NULL";
const OF_POST: &str = "SELECT id, post, window_id, staff, device, bound, seen, version FROM evaluation_bindings WHERE post = $1 AND ended IS NULL";
const OF_DEVICE: &str = "SELECT id, post, window_id, staff, device, bound, seen, version FROM evaluation_bindings WHERE device = $1 AND ended IS NULL";
const AT_WINDOW: &str = "SELECT id, post, window_id, staff, device, bound, seen, version FROM evaluation_bindings \
     WHERE window_id = $1 AND ended IS NULL ORDER BY id";
const BIND: &str = "INSERT INTO evaluation_bindings (id, post, window_id, staff, device, bound, seen, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT DO NOTHING";
const UNBIND: &str = "UPDATE evaluation_bindings SET ended = $1, version = version + 1 WHERE id = $2 AND version = $3 AND ended IS NULL";
const SEEN: &str = "UPDATE evaluation_bindings SET seen = $1 WHERE id = $2 AND seen < $3";
const PUSH: &str = "INSERT INTO evaluation_pushes (id, post, window_id, staff, invitation, at, due, outcome) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked') ON CONFLICT DO NOTHING";
const PUSHED: &str = "SELECT id, post, window_id, staff, invitation, at, due FROM evaluation_pushes WHERE post = $1 AND ended IS NULL";
const PUSH_BY_ID: &str = "SELECT id, post, window_id, staff, invitation, at, due FROM evaluation_pushes WHERE id = $1 AND ended IS NULL";
const END_POST: &str = "UPDATE evaluation_pushes SET ended = $1, outcome = $2 WHERE post = $3 AND ended IS NULL";
const END_INVITATION: &str = "UPDATE evaluation_pushes SET ended = $1, outcome = $2 WHERE invitation = $3 AND ended IS NULL";
const EXTEND: &str = "UPDATE evaluation_pushes SET due = $1 WHERE id = $2 AND due < $3 AND ended IS NULL";
const OUTCOMES: &str = "SELECT outcome FROM evaluation_pushes WHERE invitation = $1 ORDER BY id";
const PUSHES_DUE: &str = "SELECT id, due FROM evaluation_pushes WHERE due <= $1 AND ended IS NULL ORDER BY due, id LIMIT $2";
const TERMINAL: &str = "SELECT seen FROM evaluation_terminals WHERE device = $1";
const MARK_TERMINAL: &str = "INSERT INTO evaluation_terminals (device, staff, seen) VALUES ($1, $2, $3) \
     ON CONFLICT (device) DO UPDATE SET staff = excluded.staff, seen = excluded.seen";

pub(super) const STATEMENTS: &[&str] = &[
    BINDING, OF_POST, OF_DEVICE, AT_WINDOW, BIND, UNBIND, SEEN, PUSH, PUSHED, PUSH_BY_ID, END_POST, END_INVITATION, EXTEND, OUTCOMES, PUSHES_DUE, TERMINAL,
    MARK_TERMINAL,
];

/// 到点没人评的推送：时钟用。
pub const fn pushes_due() -> &'static str {
    PUSHES_DUE
}

/// 一台评价仪与一个岗位的绑定。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub id: i64,
    pub post: i64,
    /// 绑定时岗位所在的窗口。
    pub window: i64,
    pub staff: i64,
    /// 设备记号的带钥散列。
    pub device: Vec<u8>,
    pub bound: Timestamp,
    pub seen: Timestamp,
    pub version: i64,
}

fn binding_row(r: &Row<'_>) -> Result<Binding> {
    Ok(Binding {
        id: r.get(0)?,
        post: r.get(1)?,
        window: r.get(2)?,
        staff: r.get(3)?,
        device: r.get(4)?,
        bound: from_millis(r.get(5)?),
        seen: from_millis(r.get(6)?),
        version: r.get(7)?,
    })
}

/// 一条绑定；解除了为 `None`。
pub fn binding(tx: &mut Tx<'_>, id: i64) -> Result<Option<Binding>> {
    tx.row(BINDING, args![id], binding_row)
}

/// 岗位上的评价仪。
pub fn binding_of_post(tx: &mut Tx<'_>, post: i64) -> Result<Option<Binding>> {
    tx.row(OF_POST, args![post], binding_row)
}

/// 锁住再绑、再解。
pub fn lock_binding(tx: &mut Tx<'_>, post: i64) -> Result<Option<Binding>> {
    tx.lock(OF_POST, args![post], binding_row)
}

/// 一台设备绑在哪个岗位上。
pub fn binding_of_device(tx: &mut Tx<'_>, device: &[u8]) -> Result<Option<Binding>> {
    tx.row(OF_DEVICE, args![device], binding_row)
}

/// 绑定时在这个窗口的；岗位后来可能换了窗口。
pub fn bindings_at(tx: &mut Tx<'_>, window: i64) -> Result<Vec<Binding>> {
    tx.rows(AT_WINDOW, args![window], binding_row)
}

/// 绑定；岗位或设备正绑着别的为假。
pub fn bind(tx: &mut Tx<'_>, b: &Binding) -> Result<bool> {
    Ok(tx.exec(BIND, args![b.id, b.post, b.window, b.staff, &b.device, b.bound, b.seen])? == 1)
}

/// 解除；别人先解了为假。
pub fn unbind(tx: &mut Tx<'_>, b: &Binding, at: Timestamp) -> Result<bool> {
    Ok(tx.exec(UNBIND, args![at, b.id, b.version])? == 1)
}

/// 报到。
pub fn binding_seen(tx: &mut Tx<'_>, id: i64, at: Timestamp) -> Result<()> {
    tx.exec(SEEN, args![at, id, at])?;
    Ok(())
}

/// 推到评价仪上、还没有结果的一张邀评。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push {
    pub id: i64,
    pub post: i64,
    pub window: i64,
    pub staff: i64,
    pub invitation: i64,
    pub at: Timestamp,
    /// 到这时没评就算过时。
    pub due: Timestamp,
}

fn push(r: &Row<'_>) -> Result<Push> {
    Ok(Push {
        id: r.get(0)?,
        post: r.get(1)?,
        window: r.get(2)?,
        staff: r.get(3)?,
        invitation: r.get(4)?,
        at: from_millis(r.get(5)?),
        due: from_millis(r.get(6)?),
    })
}

/// 推一张；岗位上正问着别的为假。
pub fn add_push(tx: &mut Tx<'_>, p: &Push) -> Result<bool> {
    Ok(tx.exec(PUSH, args![p.id, p.post, p.window, p.staff, p.invitation, p.at, p.due])? == 1)
}

/// 岗位上正问着的。
pub fn pushed(tx: &mut Tx<'_>, post: i64) -> Result<Option<Push>> {
    tx.row(PUSHED, args![post], push)
}

/// 锁住一张正问着的。
pub fn lock_push(tx: &mut Tx<'_>, id: i64) -> Result<Option<Push>> {
    tx.lock(PUSH_BY_ID, args![id], push)
}

/// 岗位上正问着的有了结果。
pub fn end_push_at(tx: &mut Tx<'_>, post: i64, outcome: &str, at: Timestamp) -> Result<()> {
    tx.exec(END_POST, args![at, outcome, post])?;
    Ok(())
}

/// 一张邀评不论推在哪台上都有了结果。
pub fn end_push_of(tx: &mut Tx<'_>, invitation: i64, outcome: &str, at: Timestamp) -> Result<()> {
    tx.exec(END_INVITATION, args![at, outcome, invitation])?;
    Ok(())
}

/// 正在选的人多给一会儿。
pub fn extend_push(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    tx.exec(EXTEND, args![due, id, due])?;
    Ok(())
}

/// 一张邀评历次推送的结果，先后为序。
pub fn outcomes(tx: &mut Tx<'_>, invitation: i64) -> Result<Vec<String>> {
    tx.rows(OUTCOMES, args![invitation], |r| r.get(0))
}

/// 工作人员最近何时在这台终端上看过评价码。
pub fn terminal_seen(tx: &mut Tx<'_>, device: &[u8]) -> Result<Option<Timestamp>> {
    Ok(tx.row(TERMINAL, args![device], |r| r.get::<i64>(0))?.map(from_millis))
}

/// 记下工作人员的终端。
pub fn mark_terminal(tx: &mut Tx<'_>, device: &[u8], staff: i64, at: Timestamp) -> Result<()> {
    tx.exec(MARK_TERMINAL, args![device, staff, at])?;
    Ok(())
}
