//! 好差评的测试：规则之外的一切都在真的库、真的路由上跑，两种引擎各一遍。

#![allow(clippy::unwrap_used)]

mod anonymous;
mod appraising;
mod desk_side;
mod evidence;
mod handling;
mod http;
mod mine;
mod points;
mod posts;
mod rating;
mod stats;
mod support;
