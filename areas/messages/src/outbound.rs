//! 推送用的出站客户端：底座的那一个，时限是推送的。

use tongban_store::Result;
use tongban_web::outbound;

use crate::rules::TIMEOUT;

/// 出站客户端；`private` 允许内网与本机（系统管理员打开的开关）。
///
/// # Errors
/// 系统没有可用的根证书。
pub fn client(private: bool) -> Result<reqwest::Client> {
    outbound::client(private, TIMEOUT)
}
