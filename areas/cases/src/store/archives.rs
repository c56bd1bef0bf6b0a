//! 电子卷宗的登记。

use tongban_store::{Result, Tx, args};

/// 该归档的：办结 3 日以上（5 个工作日之内）、30 日以内还没排上的；更早的由人点。
pub const DUE: &str = "SELECT id, ended_at + 259200000 FROM cases_cases WHERE archive IS NULL AND ended_at IS NOT NULL \
     AND ended_at <= $1 - 259200000 AND ended_at > $1 - 2592000000 ORDER BY ended_at, id LIMIT $2";
const QUEUE: &str = "UPDATE cases_cases SET archive = '' WHERE id = $1 AND archive IS NULL";
const DONE: &str = "UPDATE cases_cases SET archive = $1 WHERE id = $2";
const READ: &str = "SELECT archive FROM cases_cases WHERE id = $1";
pub(super) const STATEMENTS: &[&str] = &[DUE, QUEUE, DONE, READ];

/// 排上；已经排过的回答假。
pub fn queue(tx: &mut Tx<'_>, id: i64) -> Result<bool> {
    Ok(tx.exec(QUEUE, args![id])? == 1)
}

/// 卷宗做好了。
pub fn done(tx: &mut Tx<'_>, id: i64, digest: &str) -> Result<()> {
    tx.exec(DONE, args![digest, id])?;
    Ok(())
}

/// 卷宗在文件库里的名字；还没做好为 `None`。
pub fn digest(tx: &mut Tx<'_>, id: i64) -> Result<Option<String>> {
    let found: Option<Option<String>> = tx.row(READ, args![id], |r| r.get(0))?;
    Ok(found.flatten().filter(|digest| !digest.is_empty()))
}
