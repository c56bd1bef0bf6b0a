//! 亮证、用证记录、加注件、亮证口令。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

const INSERT: &str = "INSERT INTO credentials_shows (id, licence, person, org, day, token, short, made, expires, used, used_by, counted, chain, begun) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, '', 0, $10, $11)";
const LATEST: &str = "SELECT begun, used, used_by, person, chain FROM credentials_shows WHERE licence = $1 ORDER BY id DESC LIMIT 1";
const VOID_OTHERS: &str = "UPDATE credentials_shows SET expires = $1 WHERE licence = $2 AND used IS NULL AND expires > $1 AND id <> $3";
const BY_TOKEN: &str = "SELECT id, licence, person, org, day, made, expires, used, used_by, counted FROM credentials_shows WHERE token = $1";
const BY_SHORT: &str = "SELECT id, licence, person, org, day, made, expires, used, used_by, counted FROM credentials_shows WHERE short = $1";
const FIND: &str = "SELECT id, licence, person, org, day, made, expires, used, used_by, counted FROM credentials_shows WHERE id = $1";
const USE: &str = "UPDATE credentials_shows SET used = $1, used_by = $2, counted = 1 WHERE id = $3 AND used IS NULL";
const COUNT_AGAIN: &str = "UPDATE credentials_shows SET used_by = $1 WHERE id = $2";
const LOOK: &str = "INSERT INTO credentials_looks (id, licence, person, legal_entity, way, who, org_name, item_code, item_name, case_no, material, reason, seen, at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const LOOKS: &str = "SELECT id, licence, person, legal_entity, way, who, org_name, item_code, item_name, case_no, material, reason, seen, at \
     FROM credentials_looks WHERE licence = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const CASE_LOOKS: &str = "SELECT id, licence, person, legal_entity, way, who, org_name, item_code, item_name, case_no, material, reason, seen, at \
     FROM credentials_looks WHERE case_no = $1 ORDER BY id LIMIT 100";
const COPY: &str = "INSERT INTO credentials_copies (id, licence, token, maker, cause, made, expires, file, whom) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const BY_COPY: &str = "SELECT licence, expires, file FROM credentials_copies WHERE token = $1";
const PASSCODE: &str = "SELECT hash FROM credentials_passcodes WHERE person = $1";
const SET_PASSCODE: &str = "INSERT INTO credentials_passcodes (person, hash, at) VALUES ($1, $2, $3) ON CONFLICT (person) DO UPDATE SET hash = $2, at = $3";

pub(super) const STATEMENTS: &[&str] = &[
    INSERT, VOID_OTHERS, BY_TOKEN, BY_SHORT, FIND, USE, COUNT_AGAIN, LOOK, LOOKS, CASE_LOOKS, COPY, BY_COPY, PASSCODE, SET_PASSCODE, LATEST,
];

/// 一次亮证。令牌与短码只以带钥散列在库里。
#[derive(Debug, Clone)]
pub struct Show {
    pub id: i64,
    pub licence: i64,
    pub person: i64,
    pub org: i64,
    pub day: i64,
    pub made: Timestamp,
    pub expires: Timestamp,
    pub used: Option<Timestamp>,
    pub used_by: String,
    pub counted: bool,
}

/// 一条用证记录。
#[derive(Debug, Clone, Default)]
pub struct Look {
    pub id: i64,
    pub licence: i64,
    pub person: i64,
    pub legal_entity: i64,
    pub way: String,
    pub who: String,
    pub org_name: String,
    pub item_code: String,
    pub item_name: String,
    pub case_no: String,
    pub material: String,
    pub reason: String,
    pub seen: String,
    pub at: Timestamp,
}

impl Look {
    /// 给人看的方式。
    #[must_use]
    pub fn way_label(&self) -> &'static str {
        match self.way.as_str() {
            "show" => "亮证核验",
            "waive" => "办事免提交",
            "api" => "部门共享调用",
            "copy" => "下载加注件",
            _ => "工作人员查看",
        }
    }
}

fn show(r: &Row<'_>) -> Result<Show> {
    Ok(Show {
        id: r.get(0)?,
        licence: r.get(1)?,
        person: r.get(2)?,
        org: r.get(3)?,
        day: r.get(4)?,
        made: from_millis(r.get(5)?),
        expires: from_millis(r.get(6)?),
        used: r.get::<Option<i64>>(7)?.map(from_millis),
        used_by: r.get(8)?,
        counted: r.get(9)?,
    })
}

fn look_row(r: &Row<'_>) -> Result<Look> {
    Ok(Look {
        id: r.get(0)?,
        licence: r.get(1)?,
        person: r.get(2)?,
        legal_entity: r.get(3)?,
        way: r.get(4)?,
        who: r.get(5)?,
        org_name: r.get(6)?,
        item_code: r.get(7)?,
        item_name: r.get(8)?,
        case_no: r.get(9)?,
        material: r.get(10)?,
        reason: r.get(11)?,
        seen: r.get(12)?,
        at: from_millis(r.get(13)?),
    })
}

/// 出一枚新码：令牌、短码、串号的散列；同一张证照此前没用的码立刻作废。
pub fn insert(tx: &mut Tx<'_>, s: &Show, digests: &[Vec<u8>; 3], begun: Timestamp) -> Result<()> {
    let [token, short, chain] = digests;
    tx.exec(INSERT, args![s.id, s.licence, s.person, s.org, s.day, token, short, s.made, s.expires, chain, begun])?;
    tx.exec(VOID_OTHERS, args![s.made, s.licence, s.id])?;
    Ok(())
}

/// 按令牌或短码的散列，锁住。
pub fn lock_by(tx: &mut Tx<'_>, hash: &[u8], short: bool) -> Result<Option<Show>> {
    tx.lock(if short { BY_SHORT } else { BY_TOKEN }, args![hash], show)
}

/// 一次亮证。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Show>> {
    tx.row(FIND, args![id], show)
}

/// 核验成功，作废；别人先用了回假。
pub fn consume(tx: &mut Tx<'_>, id: i64, who: &str, at: Timestamp) -> Result<bool> {
    Ok(tx.exec(USE, args![at, who, id])? == 1)
}

/// 许可多次的，记最后一个核验人。
pub fn again(tx: &mut Tx<'_>, id: i64, who: &str) -> Result<()> {
    tx.exec(COUNT_AGAIN, args![who, id])?;
    Ok(())
}

/// 记一条用证。
pub fn look(tx: &mut Tx<'_>, l: &Look) -> Result<()> {
    tx.exec(
        LOOK,
        args![
            l.id, l.licence, l.person, l.legal_entity, &l.way, &l.who, &l.org_name, &l.item_code, &l.item_name, &l.case_no, &l.material,
            &l.reason, &l.seen, l.at,
        ],
    )?;
    Ok(())
}

/// 一张证照的用证记录，新的在前。
pub fn looks(tx: &mut Tx<'_>, licence: i64, before: i64, limit: u32) -> Result<Vec<Look>> {
    tx.rows(LOOKS, args![licence, before, limit], look_row)
}

/// 一件办件用到的证照。
pub fn case_looks(tx: &mut Tx<'_>, case_no: &str) -> Result<Vec<Look>> {
    tx.rows(CASE_LOOKS, args![case_no], look_row)
}

/// 一份加注件。
pub struct Copy {
    pub id: i64,
    pub licence: i64,
    /// 令牌的散列。
    pub token: Vec<u8>,
    pub maker: String,
    pub whom: String,
    pub cause: String,
    pub made: Timestamp,
    pub expires: Timestamp,
    pub file: String,
}

/// 登记一份加注件。
pub fn copy(tx: &mut Tx<'_>, c: &Copy) -> Result<()> {
    tx.exec(COPY, args![c.id, c.licence, &c.token, &c.maker, &c.cause, c.made, c.expires, &c.file, &c.whom])?;
    Ok(())
}

/// 按加注件令牌：证照、截止、文件。
pub fn by_copy(tx: &mut Tx<'_>, token: &[u8]) -> Result<Option<(i64, Timestamp, String)>> {
    tx.row(BY_COPY, args![token], |r| Ok((r.get(0)?, from_millis(r.get(1)?), r.get(2)?)))
}

/// 亮证口令的散列。
pub fn passcode(tx: &mut Tx<'_>, person: i64) -> Result<Option<String>> {
    tx.row(PASSCODE, args![person], |r| r.get(0))
}

/// 设亮证口令。
pub fn set_passcode(tx: &mut Tx<'_>, person: i64, hash: &str, at: Timestamp) -> Result<()> {
    tx.exec(SET_PASSCODE, args![person, hash, at])?;
    Ok(())
}

/// 一张证照最新的一枚码：若属于这个人的这一串，它从何时进入、被谁核验过。
pub fn latest(tx: &mut Tx<'_>, licence: i64, person: i64, chain: &[u8]) -> Result<Option<(Timestamp, Option<String>)>> {
    type Found = (i64, Option<i64>, String, i64, Option<Vec<u8>>);
    let found: Option<Found> = tx.row(LATEST, args![licence], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
    let own = found.filter(|(.., owner, known)| *owner == person && known.as_deref() == Some(chain));
    Ok(own.map(|(begun, used, used_by, ..)| (from_millis(begun), used.map(|_| used_by))))
}
