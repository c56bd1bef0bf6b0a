//! 评价仪（evaluation §4.6）：一岗一台。岗位不在了、换了窗口、人走了，设备与清单都要直说。纯函数。

use jiff::SignedDuration;

/// 推送之后多少秒没评就回待机，不产生评价。
pub const ASKING: SignedDuration = SignedDuration::from_secs(60);
/// 正在选标签、写字的，至多问多久。
pub const ASKING_MOST: SignedDuration = SignedDuration::from_mins(5);
/// 多久没报到算离线：评价仪每 3 秒报到一次。
pub const ALIVE: SignedDuration = SignedDuration::from_secs(60);

/// 岗位此刻的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seat {
    /// 今天在任。
    pub held: bool,
    /// 坐在哪个窗口；不在窗口为 0。
    pub window: i64,
    /// 岗位上的人还在职。
    pub active: bool,
}

/// 为什么这台设备不能再用。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    Ended,
    Left,
    Moved,
}

impl Misfit {
    /// 给人看的原因。
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ended => "岗位已卸任",
            Self::Left => "岗位上的人已离职",
            Self::Moved => "岗位换了窗口",
        }
    }
}

/// 绑在 `window` 上的设备还合不合岗位现在的样子。
#[must_use]
pub const fn misfit(seat: &Seat, window: i64) -> Option<Misfit> {
    // 人走了岗位也跟着结束：先说人走了
    if !seat.active {
        Some(Misfit::Left)
    } else if !seat.held {
        Some(Misfit::Ended)
    } else if seat.window != window {
        Some(Misfit::Moved)
    } else {
        None
    }
}

/// 一台评价仪此刻的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Unbound,
    Online,
    Offline,
    /// 绑着，但岗位变了，要解除后重绑。
    Unfit(Misfit),
}

impl Standing {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unbound => "没有绑定",
            Self::Online => "在线",
            Self::Offline => "离线",
            Self::Unfit(why) => why.label(),
        }
    }

    /// 筛选与网址里的写法。
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Unfit(_) => "unfit",
        }
    }
}

/// `bound` 是绑定时的窗口与距上次报到多久；没有绑定为 `None`。
#[must_use]
pub fn standing(seat: &Seat, bound: Option<(i64, SignedDuration)>) -> Standing {
    let Some((window, silent)) = bound else { return Standing::Unbound };
    match misfit(seat, window) {
        Some(why) => Standing::Unfit(why),
        None if silent <= ALIVE => Standing::Online,
        None => Standing::Offline,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// 只有在任、在职、还在绑定的那个窗口、一分钟内报到过的，才算在线。
        #[test]
        fn online_means_everything_holds(held: bool, active: bool, at in 1_i64..4, bound in 1_i64..4, silent in 0_i64..180) {
            let seat = Seat { held, window: at, active };
            let online = standing(&seat, Some((bound, SignedDuration::from_secs(silent)))) == Standing::Online;
            prop_assert_eq!(online, held && active && at == bound && silent <= 60);
            prop_assert_eq!(standing(&seat, None), Standing::Unbound);
        }
    }

    #[test]
    fn each_reason_has_its_own_words() {
        let seat = Seat { held: true, window: 3, active: true };
        assert_eq!(misfit(&seat, 3), None);
        assert_eq!(misfit(&Seat { held: false, ..seat }, 3), Some(Misfit::Ended));
        assert_eq!(misfit(&Seat { active: false, ..seat }, 3), Some(Misfit::Left));
        assert_eq!(misfit(&seat, 4), Some(Misfit::Moved));
        assert_eq!(standing(&seat, Some((3, SignedDuration::from_secs(61)))).label(), "离线");
    }
}
