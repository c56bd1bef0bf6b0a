//! 分组统计要的数：一段时间里各组各级的主动有效首评。

use jiff::Timestamp;
use tongban_kernel::Scope;
use tongban_store::{Result, ScopedSql, Tx, args, scoped};

macro_rules! grouped {
    ($key:literal) => {
        scoped!(
            concat!("SELECT ", $key, ", level, COUNT(*) FROM evaluation_ratings WHERE "),
            " = $1 AND at >= $2 AND at < $3 AND counts = 1 AND active = 1 AND effective = 1 AND round = 1 GROUP BY 1, 2, 3"
        )
    };
}

static BY_ORG: ScopedSql = grouped!("CAST(org AS TEXT), org_name");
static BY_ITEM: ScopedSql = grouped!("item_code, item_name");
static BY_STAFF: ScopedSql = grouped!("staff_code, org_name");
static BY_CHANNEL: ScopedSql = grouped!("CAST(channel AS TEXT), ''");
static BY_NODE: ScopedSql = grouped!("CAST(node AS TEXT), ''");
static BY_WINDOW: ScopedSql = scoped!(
    "SELECT CAST(i.window_id AS TEXT), '', r.level, COUNT(*) FROM evaluation_ratings r JOIN evaluation_invitations i ON i.id = r.invitation WHERE r.",
    " = $1 AND r.at >= $2 AND r.at < $3 AND r.counts = 1 AND r.active = 1 AND r.effective = 1 AND r.round = 1 GROUP BY 1, 2, 3"
);

static BY_POST: ScopedSql = scoped!(
    "SELECT CAST(i.post AS TEXT), '', r.level, COUNT(*) FROM evaluation_ratings r JOIN evaluation_invitations i ON i.id = r.invitation WHERE r.",
    " = $1 AND r.at >= $2 AND r.at < $3 AND r.counts = 1 AND r.active = 1 AND r.effective = 1 AND r.round = 1 GROUP BY 1, 2, 3"
);

static BUSY: ScopedSql = scoped!(
    "SELECT id FROM evaluation_cases WHERE item_code = $1 AND COALESCE(received_day, decided_day, 0) >= $2 \
     AND COALESCE(received_day, decided_day, 0) <= $3 AND voided = 0 AND ",
    " = $4 LIMIT 1"
);

pub(super) const STATEMENTS: &[&str] = &[
    BUSY.tenant, BUSY.unit, BUSY.org,
    BY_ORG.tenant, BY_ORG.unit, BY_ORG.org, BY_ITEM.tenant, BY_ITEM.unit, BY_ITEM.org, BY_STAFF.tenant, BY_STAFF.unit, BY_STAFF.org,
    BY_CHANNEL.tenant, BY_CHANNEL.unit, BY_CHANNEL.org, BY_NODE.tenant, BY_NODE.unit, BY_NODE.org, BY_WINDOW.tenant, BY_WINDOW.unit, BY_WINDOW.org, BY_POST.tenant, BY_POST.unit,
    BY_POST.org,
];

/// 按什么分组。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Org,
    Item,
    Staff,
    Window,
    Post,
    Channel,
    Node,
}

impl By {
    pub const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Org, "org", "单位"),
        (Self::Item, "item", "事项"),
        (Self::Staff, "staff", "经办人"),
        (Self::Window, "window", "窗口"),
        (Self::Post, "post", "岗位"),
        (Self::Channel, "channel", "渠道"),
        (Self::Node, "node", "节点"),
    ];

    const fn sql(self) -> &'static ScopedSql {
        match self {
            Self::Org => &BY_ORG,
            Self::Item => &BY_ITEM,
            Self::Staff => &BY_STAFF,
            Self::Window => &BY_WINDOW,
            Self::Post => &BY_POST,
            Self::Channel => &BY_CHANNEL,
            Self::Node => &BY_NODE,
        }
    }
}

/// 范围内这个事项在这段日子（含首尾，`20261122` 这样的整数）里有没有办件。
///
/// # Errors
/// 引擎拒绝。
pub fn has_cases(tx: &mut Tx<'_>, scope: &Scope, item: &str, from: i64, to: i64) -> Result<bool> {
    for reach in scope.reaches() {
        if tx.row(BUSY.at(reach.depth), args![item, from, to, reach.id], |r| r.get::<i64>(0))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// （组的键、名字、级、条数）。
pub type Counted = (String, String, i64, i64);

/// 范围内 `from` 起到 `to` 前各组各级的条数。
///
/// # Errors
/// 引擎拒绝。
pub fn grouped(tx: &mut Tx<'_>, scope: &Scope, by: By, from: Timestamp, to: Timestamp) -> Result<Vec<Counted>> {
    let mut found = Vec::new();
    for reach in scope.reaches() {
        found.extend(tx.rows(by.sql().at(reach.depth), args![reach.id, from, to], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?);
    }
    Ok(found)
}
