//! 电子印章、电子证照、亮证。

pub mod commands;
pub mod maker;
pub mod model;
pub mod permissions;
pub mod rules;
pub mod store;
