//! 时间：库内一律 UTC 毫秒，给人看一律东八区（README §4）。

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// 东八区。中国大陆自 1992 年起无夏令时，用固定偏移即可，不依赖系统时区库。
#[must_use]
pub fn china() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

/// 某一时刻在东八区的日期。
#[must_use]
pub fn date_of(at: Timestamp) -> Date {
    at.to_zoned(china()).date()
}

/// 东八区某日某时某分对应的时刻；超出 jiff 可表示范围时取该日零点附近的边界值。
#[must_use]
pub fn instant(date: Date, hour: i8, minute: i8) -> Timestamp {
    date.at(hour.clamp(0, 23), minute.clamp(0, 59), 0, 0)
        .to_zoned(china())
        .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// 日期的整数写法：2026-11-22 → 20261122，用于统计列。
#[must_use]
pub fn day_number(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

/// [`day_number`] 的逆；不是真实日期时为 `None`。
#[must_use]
pub fn from_day_number(day: i64) -> Option<Date> {
    let year = i16::try_from(day / 10_000).ok()?;
    let month = i8::try_from(day / 100 % 100).ok()?;
    Date::new(year, month, i8::try_from(day % 100).ok()?).ok()
}

/// 毫秒时间戳转时刻；库里的值超界时取纪元零点。
#[must_use]
pub fn from_millis(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-11-22 17:30`，东八区。
#[must_use]
pub fn show(at: Timestamp) -> String {
    at.to_zoned(china()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// RFC 3339 带 `+08:00`，接口用。
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    at.to_zoned(china()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// `5 月 27 日`：给群众看的日子。
#[must_use]
pub fn show_day(date: Date) -> String {
    format!("{} 月 {} 日", date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn china_is_eight_hours_ahead() {
        let at: Timestamp = "2026-11-21T16:00:00Z".parse().unwrap();
        assert_eq!(date_of(at), date(2026, 11, 22));
        assert_eq!(rfc3339(at), "2026-11-22T00:00:00+08:00");
        assert_eq!(instant(date(2026, 11, 22), 0, 0), at);
    }

    #[test]
    fn day_numbers_round_trip() {
        assert_eq!(day_number(date(2024, 2, 29)), 20_240_229);
        assert_eq!(from_day_number(20_240_229), Some(date(2024, 2, 29)));
        assert_eq!(from_day_number(20_230_229), None);
        assert_eq!(from_day_number(-1), None);
    }
}
