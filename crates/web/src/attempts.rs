//! 连错几次就锁一阵：登录、查进度、验证码，各节点共用一张计数表。

use jiff::{SignedDuration, Timestamp};
use tongban_kernel::Problem;
use tongban_store::{Result, Tx, args};

const READ: &str = "SELECT failures, since FROM web_attempts WHERE key = $1";
const FAIL: &str = "INSERT INTO web_attempts (key, failures, since) VALUES ($1, 1, $2) \
     ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN web_attempts.since < $3 THEN 1 ELSE web_attempts.failures + 1 END, since = $2";
const CLEAR: &str = "DELETE FROM web_attempts WHERE key = $1";
pub(crate) const STATEMENTS: &[&str] = &[READ, FAIL, CLEAR];

/// 连错多少次锁住（accounts §5.3、cases §1）。
pub const LIMIT: i64 = 5;
/// 锁多久。
pub const LOCK: SignedDuration = SignedDuration::from_mins(15);

/// 还锁着就拒绝。
///
/// # Errors
/// `rate-limited`，带还要等几秒。
pub fn check(tx: &mut Tx<'_>, key: &str, now: Timestamp) -> Result<()> {
    let found: Option<(i64, i64)> = tx.row(READ, args![key], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if let Some((failures, since)) = found {
        let until = since + LOCK.as_millis() as i64;
        if failures >= LIMIT && until > now.as_millisecond() {
            let seconds = u32::try_from((until - now.as_millisecond()) / 1000 + 1).unwrap_or(900);
            return Err(Problem::rate_limited(seconds).into());
        }
    }
    Ok(())
}

/// 还锁到什么时候；没有锁为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn locked_until(tx: &mut Tx<'_>, key: &str, now: Timestamp) -> Result<Option<Timestamp>> {
    let found: Option<(i64, i64)> = tx.row(READ, args![key], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let until = found.filter(|(failures, _)| *failures >= LIMIT).map(|(_, since)| since + LOCK.as_millis() as i64);
    Ok(until.filter(|until| *until > now.as_millisecond()).map(tongban_kernel::time::from_millis))
}

/// 又错一次；距上次超过锁定时长就重新数。
///
/// # Errors
/// 引擎拒绝。
pub fn fail(tx: &mut Tx<'_>, key: &str, now: Timestamp) -> Result<()> {
    tx.exec(FAIL, args![key, now, now - LOCK])?;
    Ok(())
}

/// 对了，清零。
///
/// # Errors
/// 引擎拒绝。
pub fn clear(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    tx.exec(CLEAR, args![key])?;
    Ok(())
}
