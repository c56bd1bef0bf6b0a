//! 成批录入的状态：录入中 → 已录入 → 复核中 → 已复核；有错停下是终态，改好另传。

/// 一批走到哪里。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    Entering = 0,
    Entered = 1,
    Stopped = 2,
    Reviewing = 3,
    Reviewed = 4,
}

const STATES: &[(BatchState, &str, &str)] = &[
    (BatchState::Entering, "核对、录入中", "y"),
    (BatchState::Entered, "已录入，待复核", "y"),
    (BatchState::Stopped, "有错，停下了", "r"),
    (BatchState::Reviewing, "复核中", "y"),
    (BatchState::Reviewed, "已复核", "g"),
];

impl BatchState {
    /// 由代码；不认识的当停下，不接着做。
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        STATES.iter().map(|row| row.0).find(|state| *state as i64 == code).unwrap_or(Self::Stopped)
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        STATES.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    #[must_use]
    pub fn tone(self) -> &'static str {
        STATES.iter().find(|row| row.0 == self).map_or("n", |row| row.2)
    }

    /// 任务正在做。
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self, Self::Entering | Self::Reviewing)
    }

    /// 可以请人复核：录好了；复核过的再来是接着用印。
    #[must_use]
    pub fn may_review(self) -> bool {
        matches!(self, Self::Entered | Self::Reviewed)
    }
}
