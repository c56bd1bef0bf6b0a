//! 待用印章：没有可用的章或授权，证照停着等，不算出错；章启用、授权之后叫醒，接着用印。

use std::collections::BTreeMap;

use jiff::Timestamp;
use tongban_kernel::Actor;
use tongban_store::{Error, Result, Tx};

use super::{fail_use, licences::enqueue};
use crate::model::{LicenceState, SealState};
use crate::store::waits::{self, Wait};
use crate::store::{LicenceRow, SealRow, Use, licences, seals};
use crate::{batch, issue};

/// 叫醒的任务。
pub const WAKE: &str = "credentials.wake";
/// 一个单元叫醒几张。
const PAGE: u32 = 200;

/// 停着的下场。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parked {
    /// 停下了；`first` 是这个单位头一张。
    Waiting { first: bool },
    /// 刚好有章了，重新送去；或已经不在待用印。
    Moved,
}

/// 停下来等：锁住章再看一眼，免得刚好启用而没人叫醒；失败的用印同一个原因只记一次。
///
/// # Errors
/// 引擎拒绝。
pub fn park(tx: &mut Tx<'_>, licence: i64, account: i64, batch: &str, at: Timestamp) -> Result<Parked> {
    let Some(row) = licences::lock(tx, licence)?.filter(|row| row.state == LicenceState::ToSign) else { return Ok(Parked::Moved) };
    if let Some(seal) = seals::of_org(tx, row.place.unit)? {
        seals::lock(tx, seal.id)?;
    }
    let problem = match issue::stamp(tx, row.place.unit, account, &row.kind_name, at) {
        Err(Error::Refused(problem)) => problem,
        Err(error) => return Err(error),
        Ok(_) => {
            send(tx, &row, account, batch, at)?;
            return Ok(Parked::Moved);
        }
    };
    let known = waits::find(tx, row.id)?;
    let first = waits::of_unit(tx, row.place.unit, 0, 1)?.is_empty();
    let wait = Wait { licence: row.id, unit: row.place.unit, what: row.kind_name.clone(), account, batch: batch.to_owned(), reason: problem.detail.clone() };
    waits::put(tx, &wait, at)?;
    if known.is_none_or(|known| known.reason != problem.detail) {
        fail_use(tx, &Actor::system(), Use { reason: problem.detail.clone(), ..issue::blank_use(&row, at) }, at)?;
    }
    Ok(Parked::Waiting { first })
}

fn send(tx: &mut Tx<'_>, row: &LicenceRow, account: i64, batch: &str, at: Timestamp) -> Result<()> {
    if batch.is_empty() { enqueue(tx, row.id, account, at) } else { batch::begin(tx, batch, account, at) }
}

/// 章动过一步之后：启用着，又有证照在等，就下一件叫醒的任务，`due` 时做。
pub(super) fn rouse(tx: &mut Tx<'_>, seal: &SealRow, due: Timestamp) -> Result<()> {
    let Some(unit) = seal.legal_org.filter(|_| seal.state == SealState::Active) else { return Ok(()) };
    if !waits::of_unit(tx, unit, 0, 1)?.is_empty() {
        tx.enqueue(WAKE, &format!("{{\"unit\":{unit}}}"), due)?;
    }
    Ok(())
}

/// 叫醒一个单位等着的一页：现在盖得成的送去用印，盖不成的接着等。回这一页的末一张，没有了为空。
///
/// # Errors
/// 引擎拒绝。
pub fn wake(tx: &mut Tx<'_>, unit: i64, after: i64, at: Timestamp) -> Result<Option<i64>> {
    let page = waits::of_unit(tx, unit, after, PAGE)?;
    let mut known: BTreeMap<(i64, String), bool> = BTreeMap::new();
    for wait in &page {
        let key = (wait.account, wait.what.clone());
        let ready = match known.get(&key) {
            Some(ready) => *ready,
            None => match issue::stamp(tx, unit, wait.account, &wait.what, at) {
                Ok(_) => true,
                Err(Error::Refused(_)) => false,
                Err(error) => return Err(error),
            },
        };
        known.insert(key, ready);
        let Some(row) = licences::find(tx, wait.licence)?.filter(|_| ready) else { continue };
        waits::clear(tx, row.id)?;
        send(tx, &row, wait.account, &wait.batch, at)?;
    }
    Ok(page.last().map(|wait| wait.licence))
}
