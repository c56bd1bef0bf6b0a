//! 全量重算读的几栏：一件办件六十多栏里，算事实只要二十栏。

use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Row, Tx, args};

use super::cases::{flag, moment, spans};
use crate::model::{Channel, FactColumns, Facts, Outcome, State};

const SCAN: &str = "SELECT id, org, window_org, item_id, submitted_at, accepted_at, decided_at, ended_at, channel, instant, corrections, \
     on_time, early, used_days, red_spans, outcome, state, external_no, linked_in_time FROM cases_cases WHERE id > $1 ORDER BY id LIMIT $2";

pub(super) const STATEMENTS: &[&str] = &[SCAN];

/// 行键大于 `after` 的办件的事实。
///
/// # Errors
/// 引擎拒绝；代码读不懂。
pub fn scan_facts(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<(i64, Facts)>> {
    tx.rows(SCAN, args![after, limit], |r| Ok((r.get(0)?, from_row(r)?.into())))
}

fn from_row(r: &Row<'_>) -> Result<FactColumns> {
    Ok(FactColumns {
        org: r.get(1)?,
        window_org: r.get(2)?,
        item: r.get(3)?,
        submitted_at: from_millis(r.get(4)?),
        accepted_at: moment(r, 5)?,
        decided_at: moment(r, 6)?,
        ended_at: moment(r, 7)?,
        channel: Channel::from_code(r.get(8)?).ok_or(Error::Shape("申报渠道"))?,
        instant: r.get(9)?,
        corrections: r.get(10)?,
        on_time: flag(r, 11)?,
        early: flag(r, 12)?,
        used_days: r.get(13)?,
        red_spans: spans(&r.get::<String>(14)?)?,
        outcome: r.get::<Option<String>>(15)?.as_deref().and_then(Outcome::parse),
        state: State::parse(&r.get::<String>(16)?).ok_or(Error::Shape("办件状态"))?,
        external: r.get::<Option<String>>(17)?.is_some(),
        linked_in_time: flag(r, 18)?,
    })
}
