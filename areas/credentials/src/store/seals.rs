//! 印章、授权、用印日志、省统计表。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use crate::model::SealState;

const INSERT: &str = "INSERT INTO credentials_seals (id, tenant, unit, org, org_name, uscc, region, town, kind, legal_org, name, purpose, state, es_id, scope, keeper, applicant, \
     applicant_name, reviewer, reason, batch, esl, cert, wrapped, valid_from, valid_to, expected_day, applied_day, made_day, \
     authorized_day, active_day, reminded, next_clock_at, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, \
     $28, $29, $30, $31, $32, $33, $34)";
const FIND: &str = "SELECT id, tenant, unit, org, org_name, uscc, region, town, kind, legal_org, name, purpose, state, es_id, scope, keeper, applicant, \
     applicant_name, reviewer, reason, batch, esl, cert, wrapped, valid_from, valid_to, expected_day, applied_day, made_day, \
     authorized_day, active_day, reminded, next_clock_at, version \
     FROM credentials_seals WHERE id = $1";
const SAVE: &str = "UPDATE credentials_seals SET org_name = $1, uscc = $2, legal_org = $3, name = $4, purpose = $5, state = $6, es_id = $7, scope = $8, keeper = $9, \
     applicant = $10, applicant_name = $11, reviewer = $12, reason = $13, batch = $14, esl = $15, cert = $16, wrapped = $17, \
     valid_from = $18, valid_to = $19, applied_day = $20, made_day = $21, authorized_day = $22, active_day = $23, reminded = $24, \
     next_clock_at = $25, version = version + 1 \
     WHERE id = $26 AND version = $27";

const OF_ORG: &str = "SELECT id FROM credentials_seals WHERE legal_org = $1";
const CLOCKS: &str = "SELECT id, next_clock_at FROM credentials_seals WHERE next_clock_at <= $1 ORDER BY next_clock_at, id LIMIT $2";
static LIST: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, org_name, uscc, region, town, kind, legal_org, name, purpose, state, es_id, scope, keeper, applicant, \
     applicant_name, reviewer, reason, batch, esl, cert, wrapped, valid_from, valid_to, expected_day, applied_day, made_day, \
     authorized_day, active_day, reminded, next_clock_at, version \
     FROM credentials_seals WHERE ",
    " = $1 AND id > $2 ORDER BY id LIMIT $3"
);

const SOME: &str = "SELECT id, unit FROM credentials_seals ORDER BY id LIMIT $1";

pub(super) const STATEMENTS: &[&str] = &[SOME, INSERT, FIND, SAVE, OF_ORG, CLOCKS, LIST.tenant, LIST.unit, LIST.org];

/// 到期要过期的印章：时钟用。
pub const fn clocks_due() -> &'static str {
    CLOCKS
}

/// 一枚印章。
#[derive(Clone)]
pub struct SealRow {
    pub id: i64,
    pub place: Place,
    pub org_name: String,
    pub uscc: String,
    /// 6 位区划。
    pub region: String,
    pub town: bool,
    /// 印章类型代码。
    pub kind: i64,
    /// 占着的“一单位一枚法定名称章”。
    pub legal_org: Option<i64>,
    pub name: String,
    /// 五角星下横排的字。
    pub purpose: String,
    pub state: SealState,
    pub es_id: String,
    /// 使用范围。
    pub scope: String,
    /// 保管人。
    pub keeper: String,
    /// 申请人账号。
    pub applicant: i64,
    pub applicant_name: String,
    pub reviewer: i64,
    /// 最近一次退回、停用、注销的原因。
    pub reason: String,
    pub batch: String,
    pub esl: Option<Vec<u8>>,
    /// 签章者证书。
    pub cert: Option<Vec<u8>>,
    /// 签章者私钥，已封装。
    pub wrapped: Option<Vec<u8>>,
    pub valid_from: i64,
    pub valid_to: i64,
    pub expected_day: i64,
    pub applied_day: i64,
    pub made_day: i64,
    pub authorized_day: i64,
    pub active_day: i64,
    /// 上次催办的时刻。
    pub reminded: i64,
    pub next_clock_at: Option<Timestamp>,
    pub version: i64,
}

pub(super) fn from_row(r: &Row<'_>) -> Result<SealRow> {
    Ok(SealRow {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        org_name: r.get(4)?,
        uscc: r.get(5)?,
        region: r.get(6)?,
        town: r.get(7)?,
        kind: r.get(8)?,
        legal_org: r.get(9)?,
        name: r.get(10)?,
        purpose: r.get(11)?,
        state: SealState::from_code(r.get(12)?),
        es_id: r.get(13)?,
        scope: r.get(14)?,
        keeper: r.get(15)?,
        applicant: r.get(16)?,
        applicant_name: r.get(17)?,
        reviewer: r.get(18)?,
        reason: r.get(19)?,
        batch: r.get(20)?,
        esl: r.get(21)?,
        cert: r.get(22)?,
        wrapped: r.get(23)?,
        valid_from: r.get(24)?,
        valid_to: r.get(25)?,
        expected_day: r.get(26)?,
        applied_day: r.get(27)?,
        made_day: r.get(28)?,
        authorized_day: r.get(29)?,
        active_day: r.get(30)?,
        reminded: r.get(31)?,
        next_clock_at: r.get::<Option<i64>>(32)?.map(from_millis),
        version: r.get(33)?,
    })
}

/// 存一条新的；版本从 1 起。
pub fn insert(tx: &mut Tx<'_>, row: &SealRow) -> Result<()> {
    tx.exec(
        INSERT,
        args![
            row.id, row.place.tenant, row.place.unit, row.place.org, &row.org_name, &row.uscc, &row.region, row.town, row.kind,
            row.legal_org, &row.name, &row.purpose, row.state.code(), &row.es_id, &row.scope, &row.keeper, row.applicant,
            &row.applicant_name, row.reviewer, &row.reason, &row.batch, &row.esl, &row.cert, &row.wrapped, row.valid_from,
            row.valid_to, row.expected_day, row.applied_day, row.made_day, row.authorized_day, row.active_day, row.reminded,
            row.next_clock_at, 1,
        ],
    )?;
    Ok(())
}

/// 改；版本不符回假。
pub fn save(tx: &mut Tx<'_>, row: &SealRow) -> Result<bool> {
    let done = tx.exec(
        SAVE,
        args![
            &row.org_name, &row.uscc, row.legal_org, &row.name, &row.purpose, row.state.code(), &row.es_id, &row.scope, &row.keeper,
            row.applicant, &row.applicant_name, row.reviewer, &row.reason, &row.batch, &row.esl, &row.cert, &row.wrapped,
            row.valid_from, row.valid_to, row.applied_day, row.made_day, row.authorized_day, row.active_day, row.reminded,
            row.next_clock_at,
            row.id, row.version
        ],
    )?;
    Ok(done == 1)
}

/// 锁一枚。
pub fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<SealRow>> {
    tx.lock(FIND, args![id], from_row)
}

/// 一枚。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<SealRow>> {
    tx.row(FIND, args![id], from_row)
}

/// 一个机构此刻的法定名称章。
pub fn of_org(tx: &mut Tx<'_>, org: i64) -> Result<Option<SealRow>> {
    match tx.row(OF_ORG, args![org], |r| r.get::<i64>(0))? {
        Some(id) => find(tx, id),
        None => Ok(None),
    }
}

/// 台账，按行键。
pub fn list(tx: &mut Tx<'_>, scope: &Scope, after: i64, limit: u32) -> Result<Vec<SealRow>> {
    scoped_rows(tx, &LIST, scope, args![after, limit], limit as usize, from_row, |row| row.id)
}

/// 头几枚的行键与单位：路由测试挑样本用。
pub fn some(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<(i64, i64)>> {
    tx.rows(SOME, args![limit], |r| Ok((r.get(0)?, r.get(1)?)))
}
