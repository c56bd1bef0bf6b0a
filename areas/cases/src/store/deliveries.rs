//! 窗口当场签下、等证照成文才生效的送达回证。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Tx, args};

use crate::model::Delivery;

const KEEP: &str = "INSERT INTO cases_deliveries (case_id, way, receiver, note, staff, staff_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (case_id) DO NOTHING";
const READ: &str = "SELECT way, receiver, note, staff, staff_name, at FROM cases_deliveries WHERE case_id = $1";
pub(super) const STATEMENTS: &[&str] = &[KEEP, READ];

/// 一份等着生效的送达回证。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub way: Delivery,
    /// 签收人，只留姓。
    pub receiver: String,
    /// 邮寄单号或说明。
    pub note: String,
    pub staff: i64,
    pub staff_name: String,
    pub at: Timestamp,
}

/// 记下来；记过的不改。
pub fn keep(tx: &mut Tx<'_>, case_id: i64, signed: &Signed) -> Result<()> {
    tx.exec(KEEP, args![case_id, signed.way.as_str(), &signed.receiver, &signed.note, signed.staff, &signed.staff_name, signed.at])?;
    Ok(())
}

/// 一件的；没有为 `None`。
pub fn of_case(tx: &mut Tx<'_>, case_id: i64) -> Result<Option<Signed>> {
    tx.row(READ, args![case_id], |r| {
        let way: String = r.get(0)?;
        Ok(Signed {
            way: Delivery::parse(&way).ok_or(Error::Shape("送达方式"))?,
            receiver: r.get(1)?,
            note: r.get(2)?,
            staff: r.get(3)?,
            staff_name: r.get(4)?,
            at: from_millis(r.get(5)?),
        })
    })
}
