//! 评价仪绑定与报到。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Tx, args};

const ONE: &str = "SELECT device, bound, seen, version FROM evaluation_devices WHERE window_id = $1";
const BIND: &str = "INSERT INTO evaluation_devices (window_id, device, bound, seen, version) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (window_id) DO UPDATE SET device = excluded.device, bound = excluded.bound, seen = excluded.seen, version = excluded.version";
const SEEN: &str = "UPDATE evaluation_devices SET seen = $1 WHERE window_id = $2 AND seen < $3";
pub(super) const STATEMENTS: &[&str] = &[ONE, BIND, SEEN];

/// 一台评价仪的绑定。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// 设备记号的带钥散列；没有绑定为空。
    pub device: Vec<u8>,
    pub bound: Timestamp,
    pub seen: Timestamp,
    pub version: i64,
}

impl Device {
    #[must_use]
    pub fn is_bound(&self) -> bool {
        !self.device.is_empty()
    }
}

fn row(r: &tongban_store::Row<'_>) -> Result<Device> {
    Ok(Device { device: r.get(0)?, bound: from_millis(r.get(1)?), seen: from_millis(r.get(2)?), version: r.get(3)? })
}

/// 窗口上的评价仪。
pub fn device(tx: &mut Tx<'_>, window: i64) -> Result<Option<Device>> {
    tx.row(ONE, args![window], row)
}

/// 锁住再绑。
pub fn lock_device(tx: &mut Tx<'_>, window: i64) -> Result<Option<Device>> {
    tx.lock(ONE, args![window], row)
}

/// 绑定；`device` 为空是解除。
pub fn bind_device(tx: &mut Tx<'_>, window: i64, device: &[u8], at: Timestamp, version: i64) -> Result<()> {
    tx.exec(BIND, args![window, device, at, at, version])?;
    Ok(())
}

/// 报到。
pub fn device_seen(tx: &mut Tx<'_>, window: i64, at: Timestamp) -> Result<()> {
    tx.exec(SEEN, args![at, window, at])?;
    Ok(())
}
