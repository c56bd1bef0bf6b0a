//! 类型与状态机，纯：印章、证照、证照类型、证照标识。

pub mod batch;
pub mod face;
pub mod identifier;
pub mod kind;
pub mod licence;
pub mod seal;

pub use batch::BatchState;
pub use face::{Element, Face};
pub use identifier::Identifier;
pub use kind::{FieldSpec, HolderKind, Spec, Validity};
pub use licence::{LicenceAction, LicenceState};
pub use seal::{SealAction, SealState};

use serde::{Deserialize, Serialize};

/// 一条记录的事实，供指标投影；本区每条带事实的日志都是它。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Facts {
    /// 一枚（应有的）法定名称章：各阶段从哪天起成立，0 为此刻不成立。
    Seal { org: i64, town: bool, expected: i64, applied: i64, made: i64, authorized: i64, active: i64 },
    /// 一张证照：哪天录入（出过章才算），0 为没有。
    Licence { org: i64, entered: i64 },
    /// 一个单位一类证照的应录数。
    Quota { org: i64, day: i64, expected: i64 },
    /// 一次亮证被核验。
    Show { org: i64, day: i64, counted: bool },
    /// 省统计表里一行：没有制作。
    Province { org: i64, day: i64, unmade: bool },
}
