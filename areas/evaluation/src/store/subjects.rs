//! 每个办件一行，每个节点一张邀评；以及由库里的行拼出事实。

use jiff::Timestamp;
use tongban_contracts::cases::CaseNodeV1;
use tongban_kernel::Place;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

use crate::facts::{Facts, RatingFact, TaskFact};
use crate::model::{Node, Round, Satisfaction, State};
use crate::rules::Invitation;

const SUBJECT: &str = "SELECT id, case_id, case_no, item_code, item_name, region, dept_code, org_name, tenant, unit, org, \
     online, instant, legal, person, legal_entity, received_day, accepted_day, decided_day, decided, voided, version, withheld \
     FROM evaluation_cases WHERE id = $1";
const FIND_CASE: &str = "SELECT id FROM evaluation_cases WHERE case_id = $1";
const BY_NO: &str = "SELECT id FROM evaluation_cases WHERE case_no = $1 ORDER BY id DESC LIMIT 1";
const INSERT_SUBJECT: &str = "INSERT INTO evaluation_cases (id, case_id, case_no, item_code, item_name, region, dept_code, \
     org_name, tenant, unit, org, online, instant, legal, person, legal_entity, decided, voided, rated, evaluated, version, created, withheld) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, 0, 0, 0, 0, $17, $18) \
     ON CONFLICT (case_id) DO NOTHING";
const SAVE_SUBJECT: &str = "UPDATE evaluation_cases SET received_day = $1, accepted_day = $2, decided_day = $3, decided = $4, \
     voided = $5, rated = $6, evaluated = $7, first_rated_day = $8, tenant = $9, unit = $10, org = $11, version = version + 1 \
     WHERE id = $12 AND version = $13";
const INSERT_INVITATION: &str = "INSERT INTO evaluation_invitations (id, subject, node, org, day, at, expires, token, cancelled, \
     counted, rated, channel, window_id, staff, staff_code, person, post) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 0, $10, $11, $12, $13, $14, $15)";
const INVITATION: &str = "SELECT id, subject, node, day, at, expires, used, cancelled, window_id, staff, staff_code \
     FROM evaluation_invitations WHERE id = $1";
const INVITATION_BY_TOKEN: &str = "SELECT id, subject, node, day, at, expires, used, cancelled, window_id, staff, staff_code \
     FROM evaluation_invitations WHERE token = $1";
const INVITATIONS: &str = "SELECT id, subject, node, day, at, expires, used, cancelled, window_id, staff, staff_code \
     FROM evaluation_invitations WHERE subject = $1 ORDER BY node";
const USED: &str = "UPDATE evaluation_invitations SET used = $1 WHERE id = $2";
const REOPEN: &str = "UPDATE evaluation_invitations SET expires = $1 WHERE id = $2";
const CANCEL: &str = "UPDATE evaluation_invitations SET cancelled = 1, counted = 0 WHERE subject = $1";
const NODE_RATED: &str = "UPDATE evaluation_invitations SET rated = $1, counted = $2, org = $3 WHERE subject = $4 AND node = $5";
const RATING_FACTS: &str = "SELECT node, day, level, round, active, counts FROM evaluation_ratings WHERE subject = $1 ORDER BY id";
const TASK_FACTS: &str = "SELECT day, rectify_due_day, named, valid, state, rectified, rectify_due, contacted, contact_due, revisited \
     FROM evaluation_tasks WHERE subject = $1 ORDER BY id";
const SCAN: &str = "SELECT id FROM evaluation_cases WHERE id > $1 ORDER BY id LIMIT $2";
const WAITING: &str = "SELECT id FROM evaluation_invitations WHERE node = 3 AND counted = 1 AND used IS NULL AND cancelled = 0 AND defaulted = 0 \
     AND at >= $1 AND at < $2 ORDER BY at, id LIMIT $3";
const DEFAULTED: &str = "UPDATE evaluation_invitations SET defaulted = 1 WHERE id = $1";

pub(super) const STATEMENTS: &[&str] = &[
    SUBJECT,
    FIND_CASE,
    BY_NO,
    INSERT_SUBJECT,
    SAVE_SUBJECT,
    INSERT_INVITATION,
    INVITATION,
    INVITATION_BY_TOKEN,
    INVITATIONS,
    USED,
    REOPEN,
    CANCEL,
    NODE_RATED,
    RATING_FACTS,
    TASK_FACTS,
    SCAN,
    WAITING,
    DEFAULTED,
];

/// 一件可评的事。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub id: i64,
    pub case_id: i64,
    pub case_no: String,
    pub item_code: String,
    pub item_name: String,
    pub region: String,
    pub dept_code: String,
    pub org_name: String,
    pub place: Place,
    pub online: bool,
    pub instant: bool,
    pub legal: bool,
    pub person: i64,
    pub legal_entity: i64,
    /// 收件、受理、办结各在哪天。
    pub nodes: [Option<i64>; 3],
    pub decided: bool,
    pub voided: bool,
    pub version: i64,
    /// 办件不公开的，评价也不公开。
    pub withheld: bool,
}

impl Subject {
    /// 是号票，不是办件（evaluation §4.1）。
    #[must_use]
    pub fn is_ticket(&self) -> bool {
        self.case_no.starts_with(tongban_contracts::hall::TICKET)
    }
}

fn subject_from(r: &Row<'_>) -> Result<Subject> {
    Ok(Subject {
        id: r.get(0)?,
        case_id: r.get(1)?,
        case_no: r.get(2)?,
        item_code: r.get(3)?,
        item_name: r.get(4)?,
        region: r.get(5)?,
        dept_code: r.get(6)?,
        org_name: r.get(7)?,
        place: Place { tenant: r.get(8)?, unit: r.get(9)?, org: r.get(10)? },
        online: r.get(11)?,
        instant: r.get(12)?,
        legal: r.get(13)?,
        person: r.get(14)?,
        legal_entity: r.get(15)?,
        nodes: [r.get(16)?, r.get(17)?, r.get(18)?],
        decided: r.get(19)?,
        voided: r.get(20)?,
        version: r.get(21)?,
        withheld: r.get(22)?,
    })
}

/// 办件在本区的行键；还没有为 `None`。
pub fn find_case(tx: &mut Tx<'_>, case_id: i64) -> Result<Option<i64>> {
    tx.row(FIND_CASE, args![case_id], |r| r.get(0))
}

/// 按办件编号找。
pub fn subject_by_no(tx: &mut Tx<'_>, case_no: &str) -> Result<Option<i64>> {
    tx.row(BY_NO, args![case_no], |r| r.get(0))
}

/// 第一次听说这个办件时建一行；已经有了就不动。
pub fn insert_subject(tx: &mut Tx<'_>, case_id: i64, node: &CaseNodeV1, at: Timestamp) -> Result<()> {
    let id = tx.new_id();
    tx.exec(
        INSERT_SUBJECT,
        args![
            id, case_id, &node.case_no, &node.item_code, &node.item_name, &node.region, &node.dept_code, &node.org_name,
            node.tenant, node.unit, node.org, node.online, node.instant, node.legal, node.person, node.legal_entity, at, node.withheld,
        ],
    )?;
    Ok(())
}

pub fn subject(tx: &mut Tx<'_>, id: i64) -> Result<Option<Subject>> {
    tx.row(SUBJECT, args![id], subject_from)
}

/// 命令装载聚合：锁住这一行。
pub fn lock_subject(tx: &mut Tx<'_>, id: i64) -> Result<Option<Subject>> {
    tx.lock(SUBJECT, args![id], subject_from)
}

/// 写回，并把由事实派生的列一起更新；版本被别人改过时为假。
pub fn save_subject(tx: &mut Tx<'_>, subject: &Subject, facts: &Facts) -> Result<bool> {
    let counted = || facts.ratings.iter().filter(|rating| rating.counts && !facts.voided);
    // 号票不是办件，不进按办件数的指标
    let rated = !facts.walk_in && counted().any(|rating| rating.active);
    let first = counted().filter(|rating| rating.active && !facts.walk_in).map(|rating| rating.day).min();
    let [received, accepted, decided] = subject.nodes;
    let changed = tx.exec(
        SAVE_SUBJECT,
        args![
            received, accepted, decided, subject.decided, subject.voided, rated, counted().next().is_some(), first,
            subject.place.tenant, subject.place.unit, subject.place.org, subject.id, subject.version,
        ],
    )?;
    for (node, day) in (1_i64..).zip(subject.nodes) {
        if day.is_some() {
            let counts = !subject.voided && (node < 3 || subject.decided);
            let rated = counted().any(|rating| rating.node == node && rating.active && rating.round == Round::First);
            tx.exec(NODE_RATED, args![rated && counts, counts, subject.place.org, subject.id, node])?;
        }
    }
    Ok(changed == 1)
}

/// 此刻的全部事实。
pub fn facts(tx: &mut Tx<'_>, subject: &Subject) -> Result<Facts> {
    let ratings = tx.rows(RATING_FACTS, args![subject.id], |r| {
        Ok(RatingFact {
            node: r.get(0)?,
            day: r.get(1)?,
            level: Satisfaction::from_code(r.get(2)?).unwrap_or(Satisfaction::Fair),
            round: Round::from_code(r.get(3)?),
            active: r.get(4)?,
            counts: r.get(5)?,
        })
    })?;
    let tasks = tx.rows(TASK_FACTS, args![subject.id], |r| {
        let state = State::parse(&r.get::<String>(4)?).unwrap_or(State::ToVerify);
        let (rectified, rectify_due): (Option<i64>, i64) = (r.get(5)?, r.get(6)?);
        let (contacted, contact_due): (Option<i64>, i64) = (r.get(7)?, r.get(8)?);
        Ok(TaskFact {
            day: r.get(0)?,
            due: r.get(1)?,
            named: r.get(2)?,
            valid: r.get(3)?,
            closed: state == State::Closed,
            in_time: rectified.is_some_and(|at| at <= rectify_due),
            contacted_in_time: contacted.is_some_and(|at| at <= contact_due),
            revisited: r.get::<Option<i64>>(9)?.is_some(),
        })
    })?;
    let Subject { place, nodes, decided, voided, .. } = subject;
    let walk_in = subject.is_ticket();
    Ok(Facts { org: place.org, nodes: *nodes, decided: *decided, voided: *voided, walk_in, ratings, tasks })
}

/// `after` 之后的至多 `limit` 个行键。
pub fn subject_ids(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<i64>> {
    tx.rows(SCAN, args![after, limit], |r| r.get(0))
}

/// 全量重算用：`after` 之后的至多 `limit` 行的事实。
pub fn scan(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    let ids = subject_ids(tx, after, limit)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(subject) = subject(tx, id)? {
            let facts = facts(tx, &subject)?;
            found.push((id, serde_json::to_string(&facts)?));
        }
    }
    Ok(found)
}

/// 一张邀评。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub id: i64,
    pub subject: i64,
    pub node: Node,
    pub day: i64,
    pub at: Timestamp,
    pub expires: Timestamp,
    pub used: Option<Timestamp>,
    pub cancelled: bool,
    pub window: i64,
    pub staff: i64,
    pub staff_code: String,
}

impl Invited {
    /// 令牌此刻的样子。
    #[must_use]
    pub fn standing(&self) -> Invitation {
        Invitation { expires: self.expires, used: self.used.is_some(), cancelled: self.cancelled }
    }
}

fn invited(r: &Row<'_>) -> Result<Invited> {
    Ok(Invited {
        id: r.get(0)?,
        subject: r.get(1)?,
        node: Node::from_code(r.get(2)?).unwrap_or(Node::Decided),
        day: r.get(3)?,
        at: from_millis(r.get(4)?),
        expires: from_millis(r.get(5)?),
        used: r.get::<Option<i64>>(6)?.map(from_millis),
        cancelled: r.get(7)?,
        window: r.get(8)?,
        staff: r.get(9)?,
        staff_code: r.get(10)?,
    })
}

/// 要发的邀评。
pub struct Owed<'a> {
    pub id: i64,
    pub node: Node,
    pub day: i64,
    pub at: Timestamp,
    pub expires: Timestamp,
    pub token: &'a [u8],
    pub counted: bool,
    pub from: &'a CaseNodeV1,
}

pub fn insert_invitation(tx: &mut Tx<'_>, subject: &Subject, owed: &Owed<'_>) -> Result<()> {
    let node = owed.from;
    tx.exec(
        INSERT_INVITATION,
        args![
            owed.id, subject.id, owed.node.code(), subject.place.org, owed.day, owed.at, owed.expires, owed.token,
            owed.counted, node.online, node.window, node.staff, &node.staff_code, subject.person, node.post,
        ],
    )?;
    Ok(())
}

pub fn find_invitation(tx: &mut Tx<'_>, id: i64) -> Result<Option<Invited>> {
    tx.row(INVITATION, args![id], invited)
}

/// 由令牌的散列找邀评。
pub fn invitation_of(tx: &mut Tx<'_>, token: &[u8]) -> Result<Option<Invited>> {
    tx.row(INVITATION_BY_TOKEN, args![token], invited)
}

pub fn invitations(tx: &mut Tx<'_>, subject: i64) -> Result<Vec<Invited>> {
    tx.rows(INVITATIONS, args![subject], invited)
}

pub fn mark_used(tx: &mut Tx<'_>, id: i64, at: Timestamp) -> Result<()> {
    tx.exec(USED, args![at, id])?;
    Ok(())
}

/// 窗口重新打印评价码：有效期重新起算。
pub fn reopen_invitation(tx: &mut Tx<'_>, id: i64, expires: Timestamp) -> Result<()> {
    tx.exec(REOPEN, args![expires, id])?;
    Ok(())
}

pub fn cancel_invitations(tx: &mut Tx<'_>, subject: i64) -> Result<()> {
    tx.exec(CANCEL, args![subject])?;
    Ok(())
}

/// 办结在 `from` 到 `to` 之间、还没人评、也没记过默认的邀评。
pub fn waiting_default(tx: &mut Tx<'_>, from: Timestamp, to: Timestamp, limit: i64) -> Result<Vec<i64>> {
    tx.rows(WAITING, args![from, to, limit], |r| r.get(0))
}

/// 默认评价看过了这张邀评。
pub fn mark_defaulted(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.exec(DEFAULTED, args![id])?;
    Ok(())
}
