//! 人写的时间怎么读。

use jiff::Timestamp;
use tongban_kernel::time;

/// `2026-11-20 09:30`，东八区；也认 `T` 与只写日期（按 9 点）。
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().replace('T', " ");
    let (day, clock) = text.split_once(' ').unwrap_or((text.as_str(), "09:00"));
    let (hour, minute) = clock.trim().split_once(':')?;
    let (hour, minute) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return None;
    }
    Some(time::instant(day.parse().ok()?, hour, minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let at = moment("2026-11-20 09:30").unwrap();
        assert_eq!(time::show(at), "2026-11-20 09:30");
        assert_eq!(moment("2026-11-20T09:30"), Some(at));
        assert_eq!(time::show(moment("2026-11-20").unwrap()), "2026-11-20 09:00");
        for bad in ["", "昨天", "2026-13-01 09:00", "2026-11-20 25:00", "2026-11-20 9"] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
