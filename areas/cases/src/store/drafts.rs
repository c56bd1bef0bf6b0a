//! 草稿：还没有交上来的申请，整体加密，180 天没动就清掉。

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Row, Tx, args};

use crate::model::{Applicant, Delivery, FileRef, Follow, MaterialStatus};
use crate::rules::forms::Form;

macro_rules! columns {
    () => {
        "id, token, account, person, legal_entity, item_code, item_name, item_id, item_version, body, version, updated, case_no"
    };
}

const ADD: &str = concat!(
    "INSERT INTO cases_drafts (",
    columns!(),
    ", created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
);
const BY_TOKEN: &str = concat!("SELECT ", columns!(), " FROM cases_drafts WHERE token = $1");
const SAVE: &str = "UPDATE cases_drafts SET body = $1, version = $2, updated = $3, item_id = $4, item_version = $5, item_name = $6 \
     WHERE id = $7 AND version = $8";
const SUBMITTED: &str = "UPDATE cases_drafts SET case_no = $1, body = $2, version = $3, updated = $4 WHERE id = $5";
const MINE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases_drafts WHERE account = $1 AND case_no IS NULL ORDER BY updated DESC, id DESC LIMIT $2"
);
const SET_PERSON: &str = "UPDATE cases_drafts SET person = $1, body = $2 WHERE id = $3";
const DROP: &str = "DELETE FROM cases_drafts WHERE id = $1 AND case_no IS NULL";
const EXPIRE: &str = "DELETE FROM cases_drafts WHERE id = $1 AND updated <= $2";
/// 到点清掉的草稿：180 天没动（accounts §7）。
pub const EXPIRED: &str =
    "SELECT id, updated + 15552000000 FROM cases_drafts WHERE updated <= $1 - 15552000000 ORDER BY updated, id LIMIT $2";
pub(super) const STATEMENTS: &[&str] = &[ADD, BY_TOKEN, SAVE, SUBMITTED, MINE, SET_PERSON, DROP, EXPIRE, EXPIRED];

/// 草稿内容。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftBody {
    pub situations: Vec<String>,
    pub applicant: Applicant,
    pub form: Form,
    pub materials: BTreeMap<String, DraftMaterial>,
    pub delivery: Option<Delivery>,
    pub summary: String,
    /// 窗口、代办点替申请人填的。
    pub on_behalf: bool,
    /// 替家人办的授权单号；本人办的为 0。
    pub grant: i64,
    /// 为办结的哪一件申请变更、延续、补证。
    pub follow: Option<Follow>,
}

/// 草稿里的一份材料。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftMaterial {
    pub status: MaterialStatus,
    pub files: Vec<FileRef>,
    /// 申请人同意用来代替上传的证照标识；没有为空。
    #[serde(default)]
    pub licence: String,
}

impl DraftBody {
    /// 材料短名 → 用来免提交的证照标识。
    #[must_use]
    pub fn licences(&self) -> BTreeMap<String, String> {
        let used = self.materials.iter().filter(|(_, material)| material.status == MaterialStatus::Licence && !material.licence.is_empty());
        used.map(|(key, material)| (key.clone(), material.licence.clone())).collect()
    }

    /// 材料短名 → 状态。
    #[must_use]
    pub fn statuses(&self) -> BTreeMap<String, MaterialStatus> {
        self.materials.iter().map(|(key, material)| (key.clone(), material.status)).collect()
    }
}

/// 一份草稿。
#[derive(Debug, Clone)]
pub struct Draft {
    pub id: i64,
    /// 网址里的标识，不可猜。
    pub token: String,
    pub account: i64,
    pub person: i64,
    pub legal_entity: i64,
    pub item_code: String,
    pub item_name: String,
    pub item_id: i64,
    pub item_version: i64,
    pub body: DraftBody,
    pub version: i64,
    pub updated: Timestamp,
    /// 已经交上来的办件编号。
    pub case_no: Option<String>,
}

type Raw = (Draft, Vec<u8>);

fn from_row(r: &Row<'_>) -> Result<Raw> {
    let draft = Draft {
        id: r.get(0)?,
        token: r.get(1)?,
        account: r.get(2)?,
        person: r.get(3)?,
        legal_entity: r.get(4)?,
        item_code: r.get(5)?,
        item_name: r.get(6)?,
        item_id: r.get(7)?,
        item_version: r.get(8)?,
        body: DraftBody::default(),
        version: r.get(10)?,
        updated: from_millis(r.get(11)?),
        case_no: r.get(12)?,
    };
    Ok((draft, r.get(9)?))
}

fn opened(tx: &Tx<'_>, raw: Option<Raw>) -> Result<Option<Draft>> {
    let Some((draft, sealed)) = raw else { return Ok(None) };
    Ok(Some(Draft { body: serde_json::from_str(&tx.unseal(&sealed)?)?, ..draft }))
}

fn sealed(tx: &Tx<'_>, body: &DraftBody) -> Result<Vec<u8>> {
    Ok(tx.seal(&serde_json::to_string(body)?))
}

/// 起一份草稿。
pub fn add(tx: &mut Tx<'_>, draft: &Draft) -> Result<()> {
    let body = sealed(tx, &draft.body)?;
    tx.exec(
        ADD,
        args![
            draft.id, &draft.token, draft.account, draft.person, draft.legal_entity, &draft.item_code, &draft.item_name,
            draft.item_id, draft.item_version, &body, draft.version, draft.updated, &draft.case_no, draft.updated,
        ],
    )?;
    Ok(())
}

/// 按网址标识读。
pub fn of_token(tx: &mut Tx<'_>, token: &str) -> Result<Option<Draft>> {
    let raw = tx.row(BY_TOKEN, args![token], from_row)?;
    opened(tx, raw)
}

/// 按网址标识锁。
pub fn lock(tx: &mut Tx<'_>, token: &str) -> Result<Option<Draft>> {
    let raw = tx.lock(BY_TOKEN, args![token], from_row)?;
    opened(tx, raw)
}

/// 写回；`draft.version` 已是新版本号。
pub fn save(tx: &mut Tx<'_>, draft: &Draft) -> Result<()> {
    let body = sealed(tx, &draft.body)?;
    let changed = tx.exec(
        SAVE,
        args![
            &body, draft.version, draft.updated, draft.item_id, draft.item_version, &draft.item_name, draft.id,
            draft.version - 1,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(Error::from(tongban_kernel::Problem::stale(draft.version))) }
}

/// 替家人起的：申请人是家人。
pub fn set_person(tx: &mut Tx<'_>, draft: &Draft) -> Result<()> {
    let body = sealed(tx, &draft.body)?;
    tx.exec(SET_PERSON, args![draft.person, &body, draft.id])?;
    Ok(())
}

/// 已交上来：记下编号，清空内容。
pub fn mark_submitted(tx: &mut Tx<'_>, draft: &Draft, case_no: &str, at: Timestamp) -> Result<()> {
    let body = sealed(tx, &DraftBody::default())?;
    tx.exec(SUBMITTED, args![case_no, &body, draft.version + 1, at, draft.id])?;
    Ok(())
}

/// 某账号没交的草稿，最近的在前。
pub fn mine(tx: &mut Tx<'_>, account: i64, limit: i64) -> Result<Vec<Draft>> {
    let raws = tx.rows(MINE, args![account, limit], from_row)?;
    raws.into_iter().filter_map(|raw| opened(tx, Some(raw)).transpose()).collect()
}

/// 删掉没交的草稿。
pub fn drop_draft(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.exec(DROP, args![id])?;
    Ok(())
}

/// 过期的清掉。
pub fn expire_draft(tx: &mut Tx<'_>, id: i64, untouched_since: Timestamp) -> Result<()> {
    tx.exec(EXPIRE, args![id, untouched_since])?;
    Ok(())
}
