//! 评价。

use jiff::Timestamp;
use tongban_kernel::Place;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

use crate::model::{EvalChannel, Node, Round, Satisfaction, TextReview};
use crate::rules::Flag;

const INSERT: &str = "INSERT INTO evaluation_ratings (id, no, subject, invitation, case_no, item_code, item_name, org_name, \
     tenant, unit, org, node, round, level, tags, content, review, private, channel, active, effective, flags, cleared, counts, \
     person, legal, staff, staff_code, device, ip, at, day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
     $15, $16, $17, $18, $19, $20, 1, $21, 0, $22, $23, $24, $25, $26, $27, $28, $29, $30)";
const FIND: &str = "SELECT id, no, subject, invitation, case_no, item_code, item_name, org_name, tenant, unit, org, node, round, \
     level, tags, content, review, private, channel, active, effective, flags, cleared, person, legal, staff, staff_code, at, day \
     FROM evaluation_ratings WHERE id = $1";
const OF_NODE: &str = "SELECT id, no, subject, invitation, case_no, item_code, item_name, org_name, tenant, unit, org, node, round, \
     level, tags, content, review, private, channel, active, effective, flags, cleared, person, legal, staff, staff_code, at, day \
     FROM evaluation_ratings WHERE subject = $1 AND node = $2 AND round = $3";
const BY_NO: &str = "SELECT id FROM evaluation_ratings WHERE no = $1";
const SET_REVIEW: &str = "UPDATE evaluation_ratings SET review = $1 WHERE id = $2";
const SET_STANDING: &str = "UPDATE evaluation_ratings SET effective = $1, cleared = $2, counts = $3 WHERE id = $4";
const SAME_DEVICE: &str = "SELECT COUNT(*) FROM evaluation_ratings WHERE device = $1 AND at >= $2";
const SAME_IP: &str = "SELECT COUNT(*) FROM evaluation_ratings WHERE ip = $1 AND at >= $2";
const STREAK: &str = "SELECT level, content FROM evaluation_ratings WHERE staff = $1 AND active = 1 ORDER BY at DESC LIMIT 30";
const ANY: &str = "SELECT id FROM evaluation_ratings WHERE subject = $1 LIMIT 1";
const SUPERSEDE: &str = "UPDATE evaluation_ratings SET effective = 0, counts = 0 WHERE subject = $1 AND round = 0";
const RECORDED: &str = "SELECT evidence, who, at FROM evaluation_records WHERE rating = $1";
const RECORD: &str = "INSERT INTO evaluation_records (rating, evidence, staff, who, at) VALUES ($1, $2, $3, $4, $5)";

pub(super) const STATEMENTS: &[&str] = &[INSERT, FIND, BY_NO, OF_NODE, SET_REVIEW, SET_STANDING, SAME_DEVICE, SAME_IP, STREAK, ANY, SUPERSEDE, RECORDED, RECORD];

/// 一条评价。文字已解密。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingRow {
    pub id: i64,
    pub no: String,
    pub subject: i64,
    pub invitation: i64,
    pub case_no: String,
    pub item_code: String,
    pub item_name: String,
    pub org_name: String,
    pub place: Place,
    pub node: Node,
    pub round: Round,
    pub level: Satisfaction,
    /// 标签码，英文逗号分隔。
    pub tags: String,
    pub text: Option<String>,
    pub review: TextReview,
    pub private: bool,
    pub channel: EvalChannel,
    pub active: bool,
    pub effective: bool,
    /// 可疑原因，逗号分隔；空为没有。
    pub flags: String,
    /// 可疑标记已复核为真。
    pub cleared: bool,
    pub person: i64,
    pub legal: bool,
    pub staff: i64,
    pub staff_code: String,
    pub at: Timestamp,
    pub day: i64,
}

impl RatingRow {
    /// 有效，且没有待复核的可疑标记。
    #[must_use]
    pub fn counts(&self) -> bool {
        self.effective && (self.flags.is_empty() || self.cleared)
    }

    /// 标签的文字；停用的旧码照原码显示。
    #[must_use]
    pub fn tag_texts(&self) -> Vec<String> {
        let text = |code: &str| match code.parse().ok().and_then(crate::model::tag) {
            Some(tag) => tag.text.to_owned(),
            None => format!("标签 {code}"),
        };
        self.tags.split(',').filter(|code| !code.is_empty()).map(text).collect()
    }

    /// 可疑原因的文字。
    #[must_use]
    pub fn flag_labels(&self) -> Vec<&'static str> {
        Flag::ALL.into_iter().filter(|flag| self.flags.split(',').any(|text| text == flag.as_str())).map(Flag::label).collect()
    }
}

/// 同一来源的散列；不知道来源时为空，不参与反刷。
pub struct SourceCount<'a> {
    pub device: &'a [u8],
    pub ip: &'a [u8],
    pub since: Timestamp,
}

pub(super) fn from_row(r: &Row<'_>) -> Result<(RatingRow, Option<Vec<u8>>)> {
    let row = RatingRow {
        id: r.get(0)?,
        no: r.get(1)?,
        subject: r.get(2)?,
        invitation: r.get(3)?,
        case_no: r.get(4)?,
        item_code: r.get(5)?,
        item_name: r.get(6)?,
        org_name: r.get(7)?,
        place: Place { tenant: r.get(8)?, unit: r.get(9)?, org: r.get(10)? },
        node: Node::from_code(r.get(11)?).unwrap_or(Node::Decided),
        round: Round::from_code(r.get(12)?),
        level: Satisfaction::from_code(r.get(13)?).unwrap_or(Satisfaction::Fair),
        tags: r.get(14)?,
        text: None,
        review: TextReview::from_code(r.get(16)?),
        private: r.get(17)?,
        channel: EvalChannel::from_code(r.get(18)?).unwrap_or(EvalChannel::Default),
        active: r.get(19)?,
        effective: r.get(20)?,
        flags: r.get(21)?,
        cleared: r.get(22)?,
        person: r.get(23)?,
        legal: r.get(24)?,
        staff: r.get(25)?,
        staff_code: r.get(26)?,
        at: from_millis(r.get(27)?),
        day: r.get(28)?,
    };
    Ok((row, r.get(15)?))
}

pub(super) fn open(tx: &Tx<'_>, (row, content): (RatingRow, Option<Vec<u8>>)) -> Result<RatingRow> {
    let text = content.map(|sealed| tx.unseal(&sealed)).transpose()?;
    Ok(RatingRow { text, ..row })
}

/// 写一条评价；`device`、`ip` 是带钥散列。
pub fn insert_rating(tx: &mut Tx<'_>, row: &RatingRow, device: &[u8], ip: &[u8]) -> Result<()> {
    let content = row.text.as_deref().map(|text| tx.seal(text));
    tx.exec(
        INSERT,
        args![
            row.id, &row.no, row.subject, row.invitation, &row.case_no, &row.item_code, &row.item_name, &row.org_name,
            row.place.tenant, row.place.unit, row.place.org, row.node.code(), row.round.code(), row.level.code(), &row.tags,
            &content, row.review.code(), row.private, row.channel.code(), row.active, &row.flags, row.counts(), row.person,
            row.legal, row.staff, &row.staff_code, device, ip, row.at, row.day,
        ],
    )?;
    Ok(())
}

pub fn rating(tx: &mut Tx<'_>, id: i64) -> Result<Option<RatingRow>> {
    let found = tx.row(FIND, args![id], from_row)?;
    found.map(|row| open(tx, row)).transpose()
}

/// 按评价编号找。
pub fn rating_by_no(tx: &mut Tx<'_>, no: &str) -> Result<Option<i64>> {
    tx.row(BY_NO, args![no], |r| r.get(0))
}

/// 某节点的首评或追评。
pub fn rating_of(tx: &mut Tx<'_>, subject: i64, node: Node, round: Round) -> Result<Option<RatingRow>> {
    let found = tx.row(OF_NODE, args![subject, node.code(), round.code()], from_row)?;
    found.map(|row| open(tx, row)).transpose()
}

pub fn set_review(tx: &mut Tx<'_>, id: i64, review: TextReview) -> Result<()> {
    tx.exec(SET_REVIEW, args![review.code(), id])?;
    Ok(())
}

/// 改有效性与可疑复核结果；是否计入随之而定。
pub fn set_standing(tx: &mut Tx<'_>, row: &RatingRow) -> Result<()> {
    tx.exec(SET_STANDING, args![row.effective, row.cleared, row.counts(), row.id])?;
    Ok(())
}

/// 这件事评过没有（含系统默认）。
pub fn is_rated(tx: &mut Tx<'_>, subject: i64) -> Result<bool> {
    Ok(tx.row(ANY, args![subject], |r| r.get::<i64>(0))?.is_some())
}

/// 本人评了：系统默认的让位，留着不删，不再计入。
pub fn supersede_default(tx: &mut Tx<'_>, subject: i64) -> Result<()> {
    tx.exec(SUPERSEDE, args![subject])?;
    Ok(())
}

/// 一条补录的凭据。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// 录音、意见单的编号。
    pub evidence: String,
    pub who: String,
    pub at: Timestamp,
}

/// 记下补录的凭据。
pub fn add_record(tx: &mut Tx<'_>, rating: i64, staff: i64, recorded: &Recorded) -> Result<()> {
    let sealed = tx.seal(&recorded.evidence);
    tx.exec(RECORD, args![rating, &sealed, staff, &recorded.who, recorded.at])?;
    Ok(())
}

/// 补录的凭据；不是补录的为 `None`。
pub fn recorded(tx: &mut Tx<'_>, rating: i64) -> Result<Option<Recorded>> {
    let Some((sealed, who, at)) = tx.row(RECORDED, args![rating], |r| Ok((r.get::<Vec<u8>>(0)?, r.get::<String>(1)?, from_millis(r.get(2)?))))? else {
        return Ok(None);
    };
    Ok(Some(Recorded { evidence: tx.unseal(&sealed)?, who, at }))
}

/// 同设备、同网络近来各有几条，取多的。
pub fn source_count(tx: &mut Tx<'_>, source: &SourceCount<'_>) -> Result<i64> {
    let mut most = 0;
    for (sql, key) in [(SAME_DEVICE, source.device), (SAME_IP, source.ip)] {
        if !key.is_empty() {
            most = most.max(tx.row(sql, args![key, source.since], |r| r.get::<i64>(0))?.unwrap_or(0));
        }
    }
    Ok(most)
}

/// 同一经办人到现在为止连续满级且无文字的条数（至多 30）。
pub fn streak(tx: &mut Tx<'_>, staff: i64) -> Result<i64> {
    if staff == 0 {
        return Ok(0);
    }
    let latest = tx.rows(STREAK, args![staff], |r| Ok((r.get::<i64>(0)?, r.get::<Option<Vec<u8>>>(1)?.is_none())))?;
    let run = latest.iter().take_while(|(level, silent)| *level == 5 && *silent).count();
    Ok(i64::try_from(run).unwrap_or(30))
}
