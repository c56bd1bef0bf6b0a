//! 目录清单：导入一条（items §8 的演示编码办法）。

use jiff::Timestamp;
use tongban_kernel::Actor;
use tongban_kernel::problem::{Checks, Problem};
use tongban_store::{Entry, Result, Tx};

use super::settle::PROVINCE;
use crate::model::codes::{TaskType, UseLevel};
use crate::permissions;
use crate::store::{self, CatalogueRow};

/// 一条要导入的目录。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueInput {
    pub name: String,
    pub task_type: TaskType,
    /// 主项名，没有留空。
    pub main_name: String,
    /// 地方码，原样保存，不校验。
    pub local_code: String,
    pub levels: Vec<UseLevel>,
    pub basis: String,
}

/// 导入一条的结果。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    Added(i64),
    Changed(i64),
    Same(i64),
}

impl Imported {
    /// 目录行键。
    #[must_use]
    pub const fn id(self) -> i64 {
        match self {
            Self::Added(id) | Self::Changed(id) | Self::Same(id) => id,
        }
    }
}

/// 导入一条目录：按“类型 + 名称”认旧，编码 `51 + 类型 + 5 位序号 + 000`；层级只增不减。
///
/// # Errors
/// 没有权限，名称不合格，或引擎故障。
pub fn import_catalogue(tx: &mut Tx<'_>, actor: &Actor, input: &CatalogueInput, at: Timestamp) -> Result<Imported> {
    actor.require(permissions::IMPORT)?;
    let name = input.name.trim();
    let mut checks = Checks::new();
    checks.ensure(!name.is_empty(), "name", "required", "请填写事项名称");
    checks.ensure(name.chars().count() <= 1000, "name", "length", "事项名称最多 1000 个字");
    checks.ensure(!input.levels.is_empty(), "levels", "required", "请选择行使层级");
    checks.finish()?;
    match store::catalogue_by_name(tx, input.task_type, name)? {
        Some(row) => merge(tx, actor, row, input, at),
        None => add(tx, actor, input, at),
    }
}

fn add(tx: &mut Tx<'_>, actor: &Actor, input: &CatalogueInput, at: Timestamp) -> Result<Imported> {
    let prefix = format!("{PROVINCE}{}", input.task_type.code());
    let last: u32 =
        store::last_catalogue_code(tx, &prefix)?.and_then(|code| code.get(4..9).and_then(|serial| serial.parse().ok())).unwrap_or(0);
    if last >= 99_999 {
        return Err(Problem::conflict(format!("{}的目录序号已经用完", input.task_type)).into());
    }
    let row = CatalogueRow {
        id: tx.new_id(),
        code: format!("{prefix}{:05}000", last + 1),
        local_code: input.local_code.clone(),
        name: input.name.trim().to_owned(),
        main_name: input.main_name.clone(),
        task_type: input.task_type,
        levels: input.levels.clone(),
        basis: input.basis.clone(),
        state: "active".to_owned(),
        version: 1,
        plan_effective: String::new(),
        plan_cancel: String::new(),
    };
    store::insert_catalogue(tx, &row, at)?;
    journal(tx, actor, &row, "catalogues.added", at)?;
    Ok(Imported::Added(row.id))
}

fn merge(tx: &mut Tx<'_>, actor: &Actor, mut row: CatalogueRow, input: &CatalogueInput, at: Timestamp) -> Result<Imported> {
    let mut levels = row.levels.clone();
    levels.extend(input.levels.iter().filter(|level| !row.levels.contains(level)));
    levels.sort();
    let keep = |old: &str, new: &str| if new.is_empty() { old.to_owned() } else { new.to_owned() };
    // 已有地方码的不被后来的重复行改掉，重复行另有问题单
    let local_code = if row.local_code.is_empty() { input.local_code.clone() } else { row.local_code.clone() };
    let main_name = keep(&row.main_name, &input.main_name);
    if (&levels, &local_code, &main_name) == (&row.levels, &row.local_code, &row.main_name) {
        return Ok(Imported::Same(row.id));
    }
    row.levels = levels;
    row.local_code = local_code;
    row.main_name = main_name;
    store::update_catalogue(tx, &row, at)?;
    row.version += 1;
    journal(tx, actor, &row, "catalogues.changed", at)?;
    Ok(Imported::Changed(row.id))
}

fn journal(tx: &mut Tx<'_>, actor: &Actor, row: &CatalogueRow, kind: &str, at: Timestamp) -> Result<()> {
    let body = serde_json::json!({ "code": row.code, "name": row.name, "task_type": row.task_type }).to_string();
    tx.journal(Entry { kind, subject: row.id, rev: row.version, at, actor, tenant: actor.tenant, body: &body })
}
