//! 指标与驾驶舱：指标是数据（`reference/indicators.yaml`），值由各区日志里的前后事实累出，每个数都能点到构成它的记录。
//!
//! - [`definition`]、[`binding`]：定义、规则集、取数方式，未知的键就是错误；
//! - [`value`]、[`score`]、[`period`]：分子分母都是整数，分母 0 为不适用；灯、评分、排名；
//! - [`ledger`]：累计的算术：任意次序、迟到的更正、改属，结果都等于重算。
//!
//! 不认识任何业务区：度量经屋顶的清单交来。可以依赖：kernel、store、web、documents、directory。

pub mod binding;
pub mod definition;
pub mod ledger;
pub mod period;
pub mod score;
pub mod value;
