//! 公开书架、没搜到的词。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_search::spelling_of;
use tongban_store::{Result, Row, Tx, args};

use super::item::ItemRow;
use crate::model::Limit;
use crate::model::codes::{OnlineDepth, TaskType};
use crate::model::lifecycle::State;

const CLEAR: &str = "DELETE FROM items_shelf WHERE item = $1";
const PUT: &str = "INSERT INTO items_shelf (tag, sort, item) VALUES ($1, $2, $3) ON CONFLICT (tag, sort, item) DO NOTHING";
const LEADER: &str = "SELECT MIN(s.item) FROM items_items i JOIN items_shelf s ON s.item = i.id AND s.tag = 'all' \
     WHERE i.catalogue = $1";
const LIST: &str = "SELECT i.id, i.code, i.name, i.task_type, i.dept_name, i.state, i.complete, i.depth, i.visits, i.promise, \
     i.edition, s.sort FROM items_shelf s JOIN items_items i ON i.id = s.item \
     WHERE s.tag = $1 AND (s.sort, s.item) > ($2, $3) \
     AND ($4 = '' OR EXISTS (SELECT 1 FROM items_shelf a WHERE a.item = s.item AND a.tag = $5)) \
     AND ($6 = '' OR EXISTS (SELECT 1 FROM items_shelf b WHERE b.item = s.item AND b.tag = $7)) \
     AND ($8 = '' OR EXISTS (SELECT 1 FROM items_shelf c WHERE c.item = s.item AND c.tag = $9)) \
     AND ($10 = '' OR EXISTS (SELECT 1 FROM items_shelf d WHERE d.item = s.item AND d.tag = $11)) \
     ORDER BY s.sort, s.item LIMIT $12";
const COUNT_TAG: &str = "SELECT COUNT(*) FROM items_shelf WHERE tag = $1";
const DEPTS: &str = "SELECT i.unit, i.dept_name, COUNT(*) FROM items_items i JOIN items_shelf s ON s.item = i.id AND s.tag = 'all' \
     GROUP BY i.unit, i.dept_name ORDER BY i.dept_name";
const TOWNS: &str = "SELECT i.unit, i.dept_name, COUNT(*) FROM items_items i WHERE i.level = '5' \
     GROUP BY i.unit, i.dept_name ORDER BY i.dept_name";

/// 一个办理项的全部标签；换成新的。
///
/// # Errors
/// 引擎故障。
pub fn write_shelf(tx: &mut Tx<'_>, item: i64, sort: &str, tags: &[String]) -> Result<()> {
    tx.exec(CLEAR, args![item])?;
    for tag in tags {
        tx.exec(PUT, args![tag, sort, item])?;
    }
    Ok(())
}

/// 同一目录里摆在总书架上的那一项。
///
/// # Errors
/// 引擎故障。
pub fn shelf_leader(tx: &mut Tx<'_>, catalogue: i64) -> Result<Option<i64>> {
    Ok(tx.row(LEADER, args![catalogue], |r| r.get::<Option<i64>>(0))?.flatten())
}

/// 公开列表的一行。
#[derive(Debug, Clone, PartialEq)]
pub struct ShelfRow {
    pub id: i64,
    pub code: String,
    pub name: String,
    pub task_type: TaskType,
    pub dept_name: String,
    pub state: State,
    pub complete: bool,
    pub depth: OnlineDepth,
    pub visits: i64,
    pub promise: Limit,
    pub edition: i64,
    pub sort: String,
}

fn shelf(r: &Row<'_>) -> Result<ShelfRow> {
    let shape = tongban_store::Error::Shape;
    Ok(ShelfRow {
        id: r.get(0)?,
        code: r.get(1)?,
        name: r.get(2)?,
        task_type: TaskType::parse(&r.get::<String>(3)?).ok_or(shape("事项类型"))?,
        dept_name: r.get(4)?,
        state: State::parse(&r.get::<String>(5)?).ok_or(shape("办理项状态"))?,
        complete: r.get(6)?,
        depth: OnlineDepth::parse(&r.get::<String>(7)?).ok_or(shape("网办等级"))?,
        visits: r.get(8)?,
        promise: serde_json::from_str(&r.get::<String>(9)?)?,
        edition: r.get(10)?,
        sort: r.get(11)?,
    })
}

/// 一页：沿第一个标签走，别的标签用来筛；至多五个标签。
///
/// # Errors
/// 引擎故障。
pub fn shelf_list(tx: &mut Tx<'_>, tags: &[String], after: (&str, i64), limit: i64) -> Result<Vec<ShelfRow>> {
    let tag = |at: usize| tags.get(at).map_or("", String::as_str);
    tx.rows(LIST, args![tag(0), after.0, after.1, tag(1), tag(1), tag(2), tag(2), tag(3), tag(3), tag(4), tag(4), limit], shelf)
}

/// 一个标签下有几项。
///
/// # Errors
/// 引擎故障。
pub fn count_tag(tx: &mut Tx<'_>, tag: &str) -> Result<i64> {
    Ok(tx.row(COUNT_TAG, args![tag], |r| r.get(0))?.unwrap_or(0))
}

/// 有事项的部门：行键、名称、项数。
///
/// # Errors
/// 引擎故障。
pub fn departments(tx: &mut Tx<'_>) -> Result<Vec<(i64, String, i64)>> {
    tx.rows(DEPTS, &[], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}

/// 有事项的乡镇。
///
/// # Errors
/// 引擎故障。
pub fn towns(tx: &mut Tx<'_>) -> Result<Vec<(i64, String, i64)>> {
    tx.rows(TOWNS, &[], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}

/// 书架上的标签。总书架只摆同一目录的一项（县级优先，先来优先），乡镇的摆在各镇的架上。
#[must_use]
pub fn shelf_tags(row: &ItemRow, leader: bool) -> Vec<String> {
    let mut tags = vec![format!("unit:{}", row.place.unit), format!("tenant:{}", row.place.tenant)];
    if leader {
        tags.push("all".to_owned());
        tags.push(format!("complete:{}", i64::from(row.complete)));
    }
    let guide = &row.draft;
    tags.extend(guide.objects.iter().map(|object| format!("object:{}", object.code())));
    tags.extend(guide.person_themes.iter().map(|theme| format!("theme:p{theme}")));
    tags.extend(guide.corp_themes.iter().map(|theme| format!("theme:c{theme}")));
    tags.push(format!("depth:{}", row.depth.code()));
    tags.push(format!("type:{}", row.task_type.code()));
    tags
}

/// 书架上的先后：写全的在前，再按读音。
#[must_use]
pub fn shelf_sort(row: &ItemRow) -> String {
    format!("{}{}", u8::from(!row.complete), spelling_of(&row.name))
}

const OPEN_NAMES: &str = "SELECT i.code, i.name, i.dept_name, s.sort FROM items_shelf s JOIN items_items i ON i.id = s.item \
     WHERE s.tag = $1 AND i.edition > 0 AND i.state = 'active' ORDER BY s.sort, s.item LIMIT $2";

/// 一个县区现在能收件的办理项：编码、名称、部门、读音。
///
/// # Errors
/// 引擎故障。
pub fn open_names(tx: &mut Tx<'_>, tenant: i64, limit: i64) -> Result<Vec<(String, String, String, String)>> {
    tx.rows(OPEN_NAMES, args![&format!("tenant:{tenant}"), limit], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
}

const MISS: &str = "INSERT INTO items_misses (words, n, first, last) VALUES ($1, 1, $2, $3) \
     ON CONFLICT (words) DO UPDATE SET n = items_misses.n + 1, last = $4";
const MISSES: &str = "SELECT words, n, last FROM items_misses WHERE (n, words) < ($1, $2) ORDER BY n DESC, words DESC LIMIT $3";
const FORGET_MISS: &str = "DELETE FROM items_misses WHERE words = $1";
const WISH: &str = "INSERT INTO items_wishes (id, words, text, created) VALUES ($1, $2, $3, $4)";
const WISHES: &str = "SELECT id, words, text, created FROM items_wishes WHERE id < $1 ORDER BY id DESC LIMIT $2";

/// 记一次没搜到。
///
/// # Errors
/// 引擎故障。
pub fn note_miss(tx: &mut Tx<'_>, words: &str, at: Timestamp) -> Result<()> {
    tx.exec(MISS, args![words, at, at, at])?;
    Ok(())
}

/// 没搜到的词，多的在前：词、次数、最近一次。
///
/// # Errors
/// 引擎故障。
pub fn misses(tx: &mut Tx<'_>, before: (i64, &str), limit: i64) -> Result<Vec<(String, i64, Timestamp)>> {
    tx.rows(MISSES, args![before.0, before.1, limit], |r| Ok((r.get(0)?, r.get(1)?, from_millis(r.get(2)?))))
}

/// 补了别名，不再提示。
///
/// # Errors
/// 引擎故障。
pub fn forget_miss(tx: &mut Tx<'_>, words: &str) -> Result<()> {
    tx.exec(FORGET_MISS, args![words])?;
    Ok(())
}

/// “告诉我们您想办什么”。
///
/// # Errors
/// 引擎故障。
pub fn insert_wish(tx: &mut Tx<'_>, id: i64, words: &str, text: &str, at: Timestamp) -> Result<()> {
    tx.exec(WISH, args![id, words, text, at])?;
    Ok(())
}

/// 群众说想办的，新的在前。
///
/// # Errors
/// 引擎故障。
pub fn wishes(tx: &mut Tx<'_>, before: i64, limit: i64) -> Result<Vec<(i64, String, String, Timestamp)>> {
    tx.rows(WISHES, args![before, limit], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, from_millis(r.get(3)?))))
}

pub(super) const STATEMENTS: &[&str] = &[CLEAR, PUT, LEADER, LIST, COUNT_TAG, DEPTS, TOWNS, OPEN_NAMES, MISS, MISSES, WISH, WISHES];
