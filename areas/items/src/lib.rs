//! 事项：办什么事、备什么材料、多久办好——全平台的源头。
//!
//! - 目录清单（四统一要素）→ 认领成实施清单 → 编辑、上报、审核、发布成办理项；发布即生成不可变的版本快照，
//!   办件引用“事项编码 + 版本”；
//! - 办事指南、事项列表、一件事、搜索四组公开页面，与 `/api/v1/items`；
//! - 情形（几个问题的答案决定材料、时限、收费）与申报表；
//! - 质量规则 Q01–Q25、编码规则 V01–V07，指南准确率等事项类指标的度量。
//!
//! 可以依赖：directory（机构与区划）与底层；parties、cases 等都在它之上，它不认识它们。

pub mod commands;
pub mod complete;
pub mod importer;
pub mod model;
pub mod permissions;
pub mod rules;
pub mod store;
