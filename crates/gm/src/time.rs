//! ASN.1 时间：读 UTCTime 与 GeneralizedTime，只认 UTC（以 Z 结尾）。

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::der::{self, Item, Malformed, tag};

/// 读 UTCTime 或 GeneralizedTime。
pub fn read(item: &Item<'_>, field: &'static str) -> Result<Timestamp, Malformed> {
    match item.tag {
        tag::UTC_TIME | tag::GENERALIZED_TIME => {
            parse(item.body, item.tag == tag::UTC_TIME).ok_or_else(|| item.fault(field, "时间写法不对，应为以 Z 结尾的 UTC 时间"))
        }
        _ => Err(item.fault(field, "不是时间")),
    }
}

/// 读时间的文字：`short` 为两位年。
pub fn parse(text: &[u8], short: bool) -> Option<Timestamp> {
    let digits = text.strip_suffix(b"Z")?;
    let (digits, fraction) = match digits.iter().position(|byte| *byte == b'.') {
        Some(dot) if !short => (digits.get(..dot)?, digits.get(dot + 1..)?),
        Some(_) => return None,
        None => (digits, &[][..]),
    };
    if fraction.len() > 9 || !fraction.iter().chain(digits).all(u8::is_ascii_digit) {
        return None;
    }
    let (year, rest) = digits.split_at_checked(if short { 2 } else { 4 })?;
    let mut year = number(year);
    if short {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let parts: Vec<i16> = rest.chunks(2).map(number).collect();
    let [month, day, hour, minute, second] = match *parts.as_slice() {
        [month, day, hour, minute, second] if rest.len() == 10 => [month, day, hour, minute, second],
        [month, day, hour, minute] if rest.len() == 8 && short => [month, day, hour, minute, 0],
        _ => return None,
    };
    let byte = |value: i16| i8::try_from(value).ok();
    let at = DateTime::new(year, byte(month)?, byte(day)?, byte(hour)?, byte(minute)?, byte(second)?, 0).ok()?;
    TimeZone::UTC.to_timestamp(at).ok()
}

fn number(digits: &[u8]) -> i16 {
    digits.iter().fold(0, |sum: i16, digit| sum.saturating_mul(10).saturating_add(i16::from(digit.saturating_sub(b'0'))))
}

/// 写 GeneralizedTime（`YYYYMMDDHHMMSSZ`）。
pub fn write(at: Timestamp) -> Vec<u8> {
    der::item(tag::GENERALIZED_TIME, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}

/// 写证书里的时间：1950–2049 年用 UTCTime，其余用 GeneralizedTime（RFC 5280 §4.1.2.5）。
pub fn write_in_certificate(at: Timestamp) -> Vec<u8> {
    let year = TimeZone::UTC.to_datetime(at).year();
    if (1950..2050).contains(&year) { der::item(tag::UTC_TIME, at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes()) } else { write(at) }
}

/// ASN.1 时间写得下、且只有整秒的时刻。
pub fn whole_second(at: Timestamp) -> Option<Timestamp> {
    let year = TimeZone::UTC.to_datetime(at).year();
    if !(1950..=9999).contains(&year) {
        return None;
    }
    Timestamp::from_second(at.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds() {
        let want: Timestamp = "2026-11-22T14:30:00Z".parse().unwrap();
        assert_eq!(parse(b"20261122143000Z", false), Some(want));
        assert_eq!(parse(b"20261122143000.5Z", false), Some(want));
        assert_eq!(parse(b"261122143000Z", true), Some(want));
        assert_eq!(parse(b"991122143000Z", true).map(|at| at.to_string()), Some("1999-11-22T14:30:00Z".into()));
        for bad in [&b"20261122143000"[..], b"20261322143000Z", b"2026112214300Z", b"20261122143000+0800", b"Z", b"", b".Z"] {
            assert_eq!(parse(bad, false), None);
        }
    }

    #[test]
    fn round_trip() {
        let at: Timestamp = "2099-12-31T23:59:59Z".parse().unwrap();
        let raw = write_in_certificate(at);
        assert_eq!(raw[0], tag::GENERALIZED_TIME);
        assert_eq!(read(&der::Reader::new(&raw).any("时间").unwrap(), "时间").unwrap(), at);
    }
}
