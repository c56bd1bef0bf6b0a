//! 证照印章区的测试：真的库、真的路由，两种引擎各一遍。
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acceptance;
mod batch;
mod copying;
mod entering;
mod issuing;
mod keys;
mod pages;
mod presenting;
mod seals;
mod sharing;
mod showing;
mod support;
mod waiting;
