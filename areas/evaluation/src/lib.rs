//! 好差评：每办一件事，收件、受理、办结三处各可评一次；差评必有人核实、整改、回访，结果公开。
//!
//! - [`model`]：五级、渠道、节点、标签，差评工单的状态机（一张表）；
//! - [`rules`]：一次性令牌、差评必说原因、1/5/15 个工作日、反刷、公开脱敏；
//! - [`facts`]：一件事的评价事实，怎样计入各度量。
//!
//! 与办件只靠日志相识：收到“收件、受理、办结”的条目就发邀评，自己存一行，主动评价率由此算出。
//! 可以依赖：kernel、store、web、contracts、documents，以及 directory、parties、items、messages。

pub mod facts;
pub mod model;
pub mod permissions;
pub mod rules;
