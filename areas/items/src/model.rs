//! 事项的类型：代码表、指南、时限、情形、申报表、状态机、事实。全是纯数据与纯函数。

pub mod bundle;
pub mod claim_facts;
pub mod codes;
pub mod facts;
pub mod form;
pub mod guide;
pub mod lifecycle;
pub mod limit;
pub mod loose;
pub mod service;
pub mod situations;

pub use claim_facts::ClaimFacts;
pub use codes::{OnlineDepth, ProjectType, ServiceObject, TaskType, UseLevel, online_depth};
pub use facts::{Facts, Span, Tally, contributions};
pub use form::{FieldKind, FormField, FormSchema};
pub use guide::{Basis, Fee, Guide, Material, Place as ServicePlace, Step};
pub use lifecycle::{Action, PoolState, State, Status};
pub use limit::{Limit, PARTS_PER_WORKDAY};
pub use situations::{Answers, Plan, Question, When};
