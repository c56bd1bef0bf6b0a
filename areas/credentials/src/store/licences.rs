//! 证照。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use crate::model::LicenceState;

const INSERT: &str = "INSERT INTO credentials_licences (id, tenant, unit, org, identifier, kind, kind_name, number, edition, stem, state, issuer, issuer_code, legal, holder_name, \
     holder_code, holder_masked, code_masked, holder_digest, person, legal_entity, fields, area_code, item_code, item_name, case_no, \
     case_id, issued_day, valid_from, valid_to, entered_by, entered_name, reviewed_by, batch, reason, order_digest, file, seal_name, \
     entered_day, signed_at, next_clock_at, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, \
     $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42)";
const FIND: &str = "SELECT id, tenant, unit, org, identifier, kind, kind_name, number, edition, stem, state, issuer, issuer_code, legal, holder_name, \
     holder_code, holder_masked, code_masked, holder_digest, person, legal_entity, fields, area_code, item_code, item_name, case_no, \
     case_id, issued_day, valid_from, valid_to, entered_by, entered_name, reviewed_by, batch, reason, order_digest, file, seal_name, \
     entered_day, signed_at, next_clock_at, version \
     FROM credentials_licences WHERE id = $1";
const SAVE: &str = "UPDATE credentials_licences SET number = $1, state = $2, fields = $3, issued_day = $4, valid_from = $5, valid_to = $6, reviewed_by = $7, reason = $8, \
     file = $9, seal_name = $10, entered_day = $11, signed_at = $12, next_clock_at = $13, version = version + 1 \
     WHERE id = $14 AND version = $15";

const BY_IDENTIFIER: &str = "SELECT id FROM credentials_licences WHERE identifier = $1";
const BY_NUMBER: &str = "SELECT id FROM credentials_licences WHERE number = $1 ORDER BY id DESC LIMIT 1";
const OF_CASE: &str = "SELECT id FROM credentials_licences WHERE case_no = $1 AND case_id > 0 ORDER BY edition DESC LIMIT 1";
const BY_FILE: &str = "SELECT id FROM credentials_licences WHERE file = $1 LIMIT 1";
const LATEST: &str = "SELECT id FROM credentials_licences WHERE stem = $1 ORDER BY edition DESC LIMIT 1";
const OF_PERSON: &str = "SELECT id FROM credentials_licences WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3";
const OF_LEGAL: &str = "SELECT id FROM credentials_licences WHERE legal_entity = $1 AND id > $2 ORDER BY id LIMIT $3";
const OF_HOLDER: &str = "SELECT id FROM credentials_licences WHERE holder_digest = $1 AND id > $2 ORDER BY id LIMIT $3";
const CLOCKS: &str = "SELECT id, next_clock_at FROM credentials_licences WHERE next_clock_at <= $1 ORDER BY next_clock_at, id LIMIT $2";
const BATCH: &str = "SELECT state, COUNT(*) FROM credentials_licences WHERE batch = $1 GROUP BY state";
const IN_BATCH: &str = "SELECT id FROM credentials_licences WHERE batch = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4";
static LIST: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, identifier, kind, kind_name, number, edition, stem, state, issuer, issuer_code, legal, holder_name, \
     holder_code, holder_masked, code_masked, holder_digest, person, legal_entity, fields, area_code, item_code, item_name, case_no, \
     case_id, issued_day, valid_from, valid_to, entered_by, entered_name, reviewed_by, batch, reason, order_digest, file, seal_name, \
     entered_day, signed_at, next_clock_at, version \
     FROM credentials_licences WHERE ",
    " = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
);

static PENDING: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, identifier, kind, kind_name, number, edition, stem, state, issuer, issuer_code, legal, holder_name, \
     holder_code, holder_masked, code_masked, holder_digest, person, legal_entity, fields, area_code, item_code, item_name, case_no, \
     case_id, issued_day, valid_from, valid_to, entered_by, entered_name, reviewed_by, batch, reason, order_digest, file, seal_name, \
     entered_day, signed_at, next_clock_at, version \
     FROM credentials_licences WHERE ",
    " = $1 AND state = 10 AND id > $2 ORDER BY id LIMIT $3"
);
const OF_CASE_ID: &str = "SELECT id FROM credentials_licences WHERE case_id = $1 ORDER BY edition DESC LIMIT 1";
const BIND: &str = "UPDATE credentials_licences SET person = $1, legal_entity = $2 WHERE id = $3";
const SOME: &str = "SELECT id, unit FROM credentials_licences ORDER BY id LIMIT $1";

pub(super) const STATEMENTS: &[&str] = &[
    BIND, PENDING.tenant, PENDING.unit, PENDING.org, OF_CASE_ID, SOME, INSERT, FIND, SAVE, BY_IDENTIFIER, BY_NUMBER, OF_CASE, BY_FILE, LATEST, OF_PERSON, OF_LEGAL, OF_HOLDER, CLOCKS, BATCH, IN_BATCH,
    LIST.tenant, LIST.unit, LIST.org,
];

/// 到期的证照：时钟用。
pub const fn clocks_due() -> &'static str {
    CLOCKS
}

/// 一张证照；个人信息仍是密文。
#[derive(Clone)]
pub struct LicenceRow {
    pub id: i64,
    pub place: Place,
    pub identifier: String,
    pub kind: i64,
    pub kind_name: String,
    pub number: String,
    pub edition: i64,
    pub stem: String,
    pub state: LicenceState,
    pub issuer: String,
    pub issuer_code: String,
    pub legal: bool,
    pub holder_name: Vec<u8>,
    pub holder_code: Vec<u8>,
    pub holder_masked: String,
    pub code_masked: String,
    pub holder_digest: Vec<u8>,
    pub person: i64,
    pub legal_entity: i64,
    pub fields: Vec<u8>,
    pub area_code: String,
    pub item_code: String,
    pub item_name: String,
    pub case_no: String,
    pub case_id: i64,
    pub issued_day: i64,
    pub valid_from: i64,
    pub valid_to: i64,
    pub entered_by: i64,
    pub entered_name: String,
    pub reviewed_by: i64,
    pub batch: String,
    pub reason: String,
    /// 签发订单的摘要。
    pub order_digest: String,
    /// OFD 在文件库的摘要。
    pub file: String,
    pub seal_name: String,
    /// 录入（出过章）的日子。
    pub entered_day: i64,
    pub signed_at: i64,
    pub next_clock_at: Option<Timestamp>,
    pub version: i64,
}

pub(super) fn from_row(r: &Row<'_>) -> Result<LicenceRow> {
    Ok(LicenceRow {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        identifier: r.get(4)?,
        kind: r.get(5)?,
        kind_name: r.get(6)?,
        number: r.get(7)?,
        edition: r.get(8)?,
        stem: r.get(9)?,
        state: LicenceState::from_code(r.get(10)?),
        issuer: r.get(11)?,
        issuer_code: r.get(12)?,
        legal: r.get(13)?,
        holder_name: r.get(14)?,
        holder_code: r.get(15)?,
        holder_masked: r.get(16)?,
        code_masked: r.get(17)?,
        holder_digest: r.get(18)?,
        person: r.get(19)?,
        legal_entity: r.get(20)?,
        fields: r.get(21)?,
        area_code: r.get(22)?,
        item_code: r.get(23)?,
        item_name: r.get(24)?,
        case_no: r.get(25)?,
        case_id: r.get(26)?,
        issued_day: r.get(27)?,
        valid_from: r.get(28)?,
        valid_to: r.get(29)?,
        entered_by: r.get(30)?,
        entered_name: r.get(31)?,
        reviewed_by: r.get(32)?,
        batch: r.get(33)?,
        reason: r.get(34)?,
        order_digest: r.get(35)?,
        file: r.get(36)?,
        seal_name: r.get(37)?,
        entered_day: r.get(38)?,
        signed_at: r.get(39)?,
        next_clock_at: r.get::<Option<i64>>(40)?.map(from_millis),
        version: r.get(41)?,
    })
}

/// 存一条新的；版本从 1 起。
pub fn insert(tx: &mut Tx<'_>, row: &LicenceRow) -> Result<()> {
    tx.exec(
        INSERT,
        args![
            row.id, row.place.tenant, row.place.unit, row.place.org, &row.identifier, row.kind, &row.kind_name, &row.number,
            row.edition, &row.stem, row.state.code(), &row.issuer, &row.issuer_code, row.legal, &row.holder_name, &row.holder_code,
            &row.holder_masked, &row.code_masked, &row.holder_digest, row.person, row.legal_entity, &row.fields, &row.area_code,
            &row.item_code, &row.item_name, &row.case_no, row.case_id, row.issued_day, row.valid_from, row.valid_to, row.entered_by,
            &row.entered_name, row.reviewed_by, &row.batch, &row.reason, &row.order_digest, &row.file, &row.seal_name,
            row.entered_day, row.signed_at, row.next_clock_at, 1,
        ],
    )?;
    Ok(())
}

/// 改；版本不符回假。
pub fn save(tx: &mut Tx<'_>, row: &LicenceRow) -> Result<bool> {
    let done = tx.exec(
        SAVE,
        args![
            &row.number, row.state.code(), &row.fields, row.issued_day, row.valid_from, row.valid_to, row.reviewed_by, &row.reason,
            &row.file, &row.seal_name, row.entered_day, row.signed_at, row.next_clock_at,
            row.id, row.version
        ],
    )?;
    Ok(done == 1)
}

/// 锁一张。
pub fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<LicenceRow>> {
    tx.lock(FIND, args![id], from_row)
}

/// 一张。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<LicenceRow>> {
    tx.row(FIND, args![id], from_row)
}

fn by(tx: &mut Tx<'_>, sql: &'static str, key: &str) -> Result<Option<LicenceRow>> {
    match tx.row(sql, args![key], |r| r.get::<i64>(0))? {
        Some(id) => find(tx, id),
        None => Ok(None),
    }
}

/// 按标识。
pub fn by_identifier(tx: &mut Tx<'_>, identifier: &str) -> Result<Option<LicenceRow>> {
    by(tx, BY_IDENTIFIER, identifier)
}

/// 按证照编号，重号取最新的。
pub fn by_number(tx: &mut Tx<'_>, number: &str) -> Result<Option<LicenceRow>> {
    by(tx, BY_NUMBER, number)
}

/// 一件办件出的证照。
pub fn of_case(tx: &mut Tx<'_>, case_no: &str) -> Result<Option<LicenceRow>> {
    by(tx, OF_CASE, case_no)
}

/// 按文件摘要。
pub fn by_file(tx: &mut Tx<'_>, file: &str) -> Result<Option<LicenceRow>> {
    by(tx, BY_FILE, file)
}

/// 同一流水最新的一版。
pub fn latest(tx: &mut Tx<'_>, stem: &str) -> Result<Option<LicenceRow>> {
    by(tx, LATEST, stem)
}

fn every(tx: &mut Tx<'_>, ids: Vec<i64>) -> Result<Vec<LicenceRow>> {
    let mut out = Vec::with_capacity(ids.len());
    for id in ids {
        out.extend(find(tx, id)?);
    }
    Ok(out)
}

/// 一个人名下的。
pub fn of_person(tx: &mut Tx<'_>, person: i64, after: i64, limit: u32) -> Result<Vec<LicenceRow>> {
    let ids = tx.rows(OF_PERSON, args![person, after, limit], |r| r.get(0))?;
    every(tx, ids)
}

/// 一个法人名下的。
pub fn of_legal(tx: &mut Tx<'_>, legal: i64, after: i64, limit: u32) -> Result<Vec<LicenceRow>> {
    let ids = tx.rows(OF_LEGAL, args![legal, after, limit], |r| r.get(0))?;
    every(tx, ids)
}

/// 按主体代码的散列。
pub fn of_holder(tx: &mut Tx<'_>, digest: &[u8], after: i64, limit: u32) -> Result<Vec<LicenceRow>> {
    let ids = tx.rows(OF_HOLDER, args![digest, after, limit], |r| r.get(0))?;
    every(tx, ids)
}

/// 一批里各状态的张数。
pub fn batch(tx: &mut Tx<'_>, batch: &str) -> Result<Vec<(LicenceState, i64)>> {
    tx.rows(BATCH, args![batch], |r| Ok((LicenceState::from_code(r.get(0)?), r.get(1)?)))
}

/// 一批里某状态的，自 `after` 之后。
pub fn in_batch(tx: &mut Tx<'_>, batch: &str, state: LicenceState, after: i64, limit: u32) -> Result<Vec<i64>> {
    tx.rows(IN_BATCH, args![batch, state.code(), after, limit], |r| r.get(0))
}

/// 列表，新的在前。
pub fn list(tx: &mut Tx<'_>, scope: &Scope, before: i64, limit: u32) -> Result<Vec<LicenceRow>> {
    scoped_rows(tx, &LIST, scope, args![before, limit], limit as usize, from_row, |row| std::cmp::Reverse(row.id))
}

/// 待复核的，先录的在前。
pub fn pending(tx: &mut Tx<'_>, scope: &Scope, after: i64, limit: u32) -> Result<Vec<LicenceRow>> {
    scoped_rows(tx, &PENDING, scope, args![after, limit], limit as usize, from_row, |row| row.id)
}

/// 一件办件（按行键）出的证照。
pub fn of_case_id(tx: &mut Tx<'_>, case: i64) -> Result<Option<LicenceRow>> {
    match tx.row(OF_CASE_ID, args![case], |r| r.get::<i64>(0))? {
        Some(id) => find(tx, id),
        None => Ok(None),
    }
}

/// 头几张的行键与单位：路由测试挑样本用。
pub fn some(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<(i64, i64)>> {
    tx.rows(SOME, args![limit], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// 绑定到登录者：持证人实名之后，补录的证照归到他名下。
pub fn bind(tx: &mut Tx<'_>, id: i64, person: i64, legal: i64) -> Result<()> {
    tx.exec(BIND, args![person, legal, id])?;
    Ok(())
}
