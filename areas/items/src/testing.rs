//! 测试用：一条目录、一版办理项，空着的栏只在这里写一遍。

use jiff::Timestamp;
use tongban_kernel::{Actor, Place};
use tongban_store::{Error, Result, Tx};

use crate::commands::{self, Implementer, ItemInput};
use crate::exchange::CatalogueLine;
use crate::model::codes::UseLevel;
use crate::model::{Guide, TaskType};
use crate::{complete, store};

/// 区里的一个实施机关。
#[must_use]
pub fn implementer(place: Place, uscc: &str) -> Implementer {
    Implementer { place, name: "区某某局".into(), uscc: uscc.into(), division: "510811000000".into(), level: UseLevel::County }
}

/// 目录里的一条县级许可；`code` 是 12 位目录编码。
#[must_use]
pub fn line(code: &str, name: &str) -> CatalogueLine {
    CatalogueLine {
        code: code.into(),
        local_code: String::new(),
        name: name.into(),
        task_type: TaskType::Permit,
        basis: String::new(),
        levels: vec![UseLevel::County],
        state: "1".into(),
        main_name: String::new(),
        plan_effective: String::new(),
        plan_cancel: String::new(),
        depts: Vec::new(),
    }
}

/// 一版在用的办理项；`code` 是 33 位。
#[must_use]
pub fn edition(code: &str, guide: Guide) -> ItemInput {
    ItemInput {
        code: code.into(),
        guide,
        state: "1".into(),
        edition: 1,
        local_code: String::new(),
        local_dept_code: String::new(),
        notice: String::new(),
        resume_day: 0,
    }
}

/// 内置样例里的第一份完整指南。
///
/// # Errors
/// 内置样例读不懂。
pub fn guide() -> Result<Guide> {
    let built = complete::built_in().map_err(|error| Error::Io(error.to_string()))?;
    Ok(built.into_iter().next().ok_or(Error::Shape("内置的样例指南"))?.guide)
}

/// 发布一版办理项，连它的目录；回答办理项的行键。
///
/// # Errors
/// 命令拒绝。
pub fn publish(tx: &mut Tx<'_>, actor: &Actor, implementer: &Implementer, code: &str, guide: &Guide, at: Timestamp) -> Result<i64> {
    let catalogue = code.get(19..31).ok_or(Error::Shape("33 位办理项编码"))?;
    commands::put_catalogue(tx, actor, &line(catalogue, &guide.name), at)?;
    commands::put_item(tx, actor, implementer, &edition(code, guide.clone()), at)?;
    Ok(store::item_by_code(tx, code)?.ok_or(Error::Shape("刚发布的办理项"))?.id)
}
