//! 投递的规矩：重试表、端点暂停、网址与地址的检查（api-conventions §8、§9）。

use std::net::IpAddr;
use std::time::Duration;

use jiff::SignedDuration;
pub use tongban_web::outbound::is_public;

/// 规范示例的重试表，秒：第几次失败之后等多久。
const SCHEDULE: &[i64] = &[5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// 一次请求至多等多久。
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// 连不上的端点先停多久再试，秒；每次翻倍，至多一分钟。
const PAUSE: i64 = 5;
const LONGEST_PAUSE: i64 = 60;
/// 连不上这么多次（一分钟一次，约三天，与重试表的总长相当）就停用端点；事件留着，启用之后接着投。
pub const MOST_PAUSES: i64 = 4_320;

/// 第 `tries` 次没有成功之后等多久再试；`None` 是试完了，进死信。`dice` 取 0..=1000，抖动 ±20%。
#[must_use]
pub fn again_after(tries: i64, dice: u16) -> Option<SignedDuration> {
    let index = usize::try_from(tries.max(1) - 1).ok()?;
    let seconds = *SCHEDULE.get(index)?;
    let factor = 800 + i64::from(dice.min(1000)) * 400 / 1000;
    Some(SignedDuration::from_millis(seconds * factor))
}

/// 端点连着 `failures` 次连不上，先停多久。
#[must_use]
pub fn pause(failures: i64) -> SignedDuration {
    let doubled = PAUSE << failures.clamp(1, 5).saturating_sub(1);
    SignedDuration::from_secs(doubled.min(LONGEST_PAUSE))
}

/// 推送网址至多多少个字符。
const LONGEST_URL: usize = 2_000;

/// 网址能不能收推送：HTTPS；本机与内网要打开 `private_endpoints` 开关。
///
/// # Errors
/// 说清为什么。
pub fn check_url(text: &str, private: bool) -> Result<url::Url, String> {
    if text.len() > LONGEST_URL {
        return Err(format!("网址太长，至多 {LONGEST_URL} 个字符"));
    }
    let parsed = url::Url::parse(text.trim()).map_err(|_| "网址读不懂，应以 https:// 开头".to_owned())?;
    let Some(host) = parsed.host() else { return Err("网址里没有主机名".to_owned()) };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("网址里不要带用户名与口令".to_owned());
    }
    match parsed.scheme() {
        "https" => {}
        "http" if private => {}
        _ => return Err("只能推送到 HTTPS 网址".to_owned()),
    }
    let inner = match host {
        url::Host::Ipv4(ip) => !is_public(IpAddr::V4(ip)),
        url::Host::Ipv6(ip) => !is_public(IpAddr::V6(ip)),
        url::Host::Domain(name) if name.len() > 253 || name.split('.').any(|label| label.len() > 63) => {
            return Err("网址里的主机名太长，域名上不会有这样的名字".to_owned());
        }
        url::Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
    };
    if inner && !private {
        return Err("不能推送到本机或内网地址；确实要推到内网，请系统管理员打开 private_endpoints 开关".to_owned());
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_the_one_of_the_standard_and_ends() {
        let middle: Vec<i64> = (1..=9).map(|n| again_after(n, 500).unwrap().as_secs()).collect();
        assert_eq!(middle, SCHEDULE);
        assert_eq!(again_after(2, 0).unwrap().as_secs(), 240);
        assert_eq!(again_after(2, 1000).unwrap().as_secs(), 360);
        assert!(again_after(10, 500).is_none());
    }

    #[test]
    fn a_dead_endpoint_is_asked_at_most_once_a_minute() {
        let waits: Vec<i64> = (1..=8).map(|n| pause(n).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60, 60]);
    }

    #[test]
    fn only_public_https_is_pushed_to() {
        assert!(check_url("https://hooks.example.cn/a", false).is_ok());
        for bad in ["http://hooks.example.cn/a", "ftp://a", "不是网址", "https://127.0.0.1/", "https://10.0.0.8/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://localhost/", "https://u:p@a.cn/", "https://169.254.1.1/", "https://100.64.0.1/"] {
            assert!(check_url(bad, false).is_err(), "{bad}");
        }
        assert!(check_url("http://127.0.0.1:9000/hook", true).is_ok());
        let long = "a".repeat(64);
        for bad in [format!("https://{long}.cn/"), format!("https://{}cn/", "ab.".repeat(90)), format!("https://a.cn/{}", "x".repeat(LONGEST_URL))] {
            assert!(check_url(&bad, true).is_err_and(|why| why.contains("太长")), "{bad}");
        }
    }
}
