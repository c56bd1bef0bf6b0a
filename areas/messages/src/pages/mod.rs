//! 页面：我的消息、短信出箱、事件推送。

mod letters;
mod webhooks;

pub use letters::{desk, mine, sms};
pub use webhooks::{act, create, list, redeliver, show};
