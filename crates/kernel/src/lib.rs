//! 地基：全平台共用的纯规则，没有输入输出，不认识数据库、网页和任何业务区。
//!
//! - [`codes`]：身份证号、统一社会信用代码、区划、事项编码（12/31/33 位）、办件编号，每种一个会失败的构造函数；
//! - [`calendar`]：工作日历与到期日算法（cases §3.3），全平台唯一的工作日算术；
//! - [`lights`]：全平台唯一的时限灯规则（cases §3.5）；
//! - [`actor`]、[`scope`]：谁在做、能看到哪些记录（权限 × 机构范围）；
//! - [`problem`]：封闭的错误目录，人看中文、机器看 RFC 9457；
//! - [`time`]、[`id`]、[`mask`]：东八区日期、行键类型、脱敏。
//!
//! 可以依赖：只有 jiff、serde、thiserror。任何人都可以依赖它。

pub mod actor;
pub mod calendar;
pub mod codes;
pub mod id;
pub mod lights;
pub mod mask;
pub mod problem;
pub mod scope;
pub mod time;

pub use actor::{Actor, ActorKind, Permission};
pub use problem::{Code, FieldError, Problem};
pub use scope::{Depth, Place, Reach, Scope};
