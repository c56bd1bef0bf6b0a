//! 指标的测试：投影、重算、下钻、驾驶舱，两种引擎各一遍。

#![allow(clippy::unwrap_used)]

mod cockpit;
mod projection;
mod published;
mod support;
