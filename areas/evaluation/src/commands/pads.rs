//! 评价仪：绑定一台、报到、解除；离线的不推，改请群众扫码（evaluation §4.6）。

use jiff::{SignedDuration, Timestamp};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use super::pad_key;
use crate::permissions::INVITE;
use crate::store::{self, Device};

/// 多久没报到算离线：评价仪每 3 秒报到一次。
pub const ALIVE: SignedDuration = SignedDuration::from_secs(60);
/// 至多多久记一次报到。
pub const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(15);

/// 一台评价仪此刻的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// 没有绑定设备。
    Unbound,
    Online,
    Offline,
}

impl Standing {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unbound => "没有绑定",
            Self::Online => "在线",
            Self::Offline => "离线",
        }
    }
}

/// 由绑定看在不在线。
#[must_use]
pub fn standing(device: Option<&Device>, at: Timestamp) -> Standing {
    match device.filter(|device| device.is_bound()) {
        None => Standing::Unbound,
        Some(device) if at.duration_since(device.seen) <= ALIVE => Standing::Online,
        Some(_) => Standing::Offline,
    }
}

fn hash(tx: &Tx<'_>, mark: &str) -> Vec<u8> {
    tx.digest("evaluation.device", mark)
}

/// 这台设备是不是绑在窗口上的那台。
#[must_use]
pub fn is_bound(tx: &Tx<'_>, device: &Device, mark: &str) -> bool {
    device.is_bound() && !mark.is_empty() && device.device == hash(tx, mark)
}

/// 绑定：网址里的钥匙对，窗口上还没有别的设备。`mark` 是随机的设备记号，只留散列。
///
/// # Errors
/// 钥匙不对与没有这个窗口一样；已经绑了别的设备。
pub fn bind(tx: &mut Tx<'_>, actor: &Actor, window: i64, key: &str, mark: &str, at: Timestamp) -> Result<()> {
    if pad_key(tx, window) != key {
        return Err(Problem::not_found().into());
    }
    let known = store::lock_device(tx, window)?;
    if known.as_ref().is_some_and(Device::is_bound) {
        return Err(Problem::conflict("这个窗口已经绑定了另一台评价仪；要换这台，请工作人员先解除绑定").into());
    }
    let version = known.map_or(0, |known| known.version) + 1;
    let device = hash(tx, mark);
    store::bind_device(tx, window, &device, at, version)?;
    told(tx, actor, window, version, "evaluation.pad_bound", at)
}

/// 解除：设备坏了、换了。
///
/// # Errors
/// 没有权限、窗口不在范围内、没有绑定。
pub fn unbind(tx: &mut Tx<'_>, actor: &Actor, window: i64, at: Timestamp) -> Result<()> {
    actor.require(INVITE)?;
    let found = tongban_directory::queries::window(tx, window)?.ok_or_else(Problem::not_found)?;
    let place = tongban_directory::queries::org(tx, found.org)?.ok_or_else(Problem::not_found)?.place();
    actor.scope.check(&place)?;
    let known = store::lock_device(tx, window)?.filter(Device::is_bound);
    let known = known.ok_or_else(|| Problem::conflict("这个窗口没有绑定评价仪"))?;
    store::bind_device(tx, window, &[], at, known.version + 1)?;
    told(tx, actor, window, known.version + 1, "evaluation.pad_unbound", at)
}

fn told(tx: &mut Tx<'_>, actor: &Actor, window: i64, rev: i64, kind: &str, at: Timestamp) -> Result<()> {
    tx.journal(Entry { kind, subject: window, rev, at, actor, tenant: actor.tenant, body: "{}" })
}

/// 报到：记下在线。
///
/// # Errors
/// 引擎拒绝。
pub fn seen(tx: &mut Tx<'_>, window: i64, at: Timestamp) -> Result<()> {
    store::device_seen(tx, window, at)
}

/// 推之前看在不在线。
///
/// # Errors
/// 没绑定、离线：请群众扫码。
pub fn reachable(tx: &mut Tx<'_>, window: i64, at: Timestamp) -> Result<()> {
    let device = store::device(tx, window)?;
    match standing(device.as_ref(), at) {
        Standing::Online => Ok(()),
        Standing::Offline => Err(Problem::conflict("这台评价仪离线了，请群众扫页面上的二维码评价").into()),
        Standing::Unbound => Err(Problem::conflict("这个窗口还没有绑定评价仪，请群众扫页面上的二维码评价").into()),
    }
}
