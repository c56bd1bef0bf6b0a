//! 一件事的申请：一份申请、几个子件；子件仍是普通办件，编号、计时、评价照常（cases §6.1）。

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::agency::Agency;
use super::case::{Applicant, Delivery, FileRef, MaterialStatus};

/// 一件事到哪一步。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleState {
    Submitted,
    Processing,
    /// 全部子件办成。
    Closed,
    /// 全部到头，但有不予、退件或因此没办的。
    PartiallyClosed,
}

impl BundleState {
    pub const ALL: [Self; 4] = [Self::Submitted, Self::Processing, Self::Closed, Self::PartiallyClosed];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Processing => "processing",
            Self::Closed => "closed",
            Self::PartiallyClosed => "partially_closed",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Submitted => "已提交",
            Self::Processing => "办理中",
            Self::Closed => "全部办好",
            Self::PartiallyClosed => "部分办好",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// 一个成员到哪一步。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberState {
    /// 等前置办成。
    Waiting,
    /// 子件已提交，在办。
    Running,
    /// 准予。
    Granted,
    /// 不予、退件、撤回等，没办成。
    Failed,
    /// 前置没办成，不再提交。
    Skipped,
}

impl MemberState {
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Granted, Self::Failed, Self::Skipped];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Granted => "granted",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "等前面的办好",
            Self::Running => "正在办",
            Self::Granted => "办好了",
            Self::Failed => "没办成",
            Self::Skipped => "没有办",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Granted | Self::Failed | Self::Skipped)
    }
}

/// 一个成员。
#[derive(Debug, Clone)]
pub struct Member {
    pub key: String,
    pub name: String,
    pub dept: String,
    pub code: String,
    /// 要等哪几个成员办成。
    pub after: Vec<String>,
    pub state: MemberState,
    pub case_id: i64,
    pub case_no: String,
    pub reason: String,
}

/// 各成员自己的申请内容；整体加密存放，前置办成时拿出来提交。
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Part {
    pub situations: Vec<String>,
    pub form: BTreeMap<String, String>,
    pub statuses: BTreeMap<String, MaterialStatus>,
    pub files: BTreeMap<String, Vec<FileRef>>,
    /// 用来免提交的证照：材料短名 → 证照标识。
    #[serde(default)]
    pub licences: BTreeMap<String, String>,
    /// 提交时才用的随机数，先备好：单元里不取随机数。
    pub random: String,
}

/// 一件事的申请内容。
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BundleBody {
    pub applicant: Applicant,
    pub delivery: Delivery,
    pub summary: String,
    pub channel: u8,
    pub parts: BTreeMap<String, Part>,
    /// 家人代办的：谁、凭哪份授权。
    #[serde(default)]
    pub agency: Option<Agency>,
}

/// 前置都办成、自己还没提交的成员。
#[must_use]
pub fn ready(members: &[Member]) -> Vec<String> {
    let granted: BTreeSet<&str> = members.iter().filter(|m| m.state == MemberState::Granted).map(|m| m.key.as_str()).collect();
    let free = |member: &&Member| member.state == MemberState::Waiting && member.after.iter().all(|key| granted.contains(key.as_str()));
    members.iter().filter(free).map(|member| member.key.clone()).collect()
}

/// 前置没办成、再也等不到的成员。
#[must_use]
pub fn stranded(members: &[Member]) -> Vec<String> {
    let lost: BTreeSet<&str> =
        members.iter().filter(|m| matches!(m.state, MemberState::Failed | MemberState::Skipped)).map(|m| m.key.as_str()).collect();
    let waits = |member: &&Member| member.state == MemberState::Waiting && member.after.iter().any(|key| lost.contains(key.as_str()));
    members.iter().filter(waits).map(|member| member.key.clone()).collect()
}

/// 由成员看整件事到哪一步。
#[must_use]
pub fn overall(members: &[Member]) -> BundleState {
    if !members.iter().all(|member| member.state.is_over()) {
        return BundleState::Processing;
    }
    if members.iter().all(|member| member.state == MemberState::Granted) { BundleState::Closed } else { BundleState::PartiallyClosed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(key: &str, after: &[&str], state: MemberState) -> Member {
        Member {
            key: key.into(),
            name: String::new(),
            dept: String::new(),
            code: String::new(),
            after: after.iter().map(|key| (*key).to_owned()).collect(),
            state,
            case_id: 0,
            case_no: String::new(),
            reason: String::new(),
        }
    }

    #[test]
    fn members_follow_their_predecessors() {
        use MemberState::{Failed, Granted, Running, Waiting};
        let all = |a, b, c| vec![member("m1", &[], a), member("m2", &["m1"], b), member("m3", &[], c)];
        assert_eq!(ready(&all(Waiting, Waiting, Waiting)), ["m1", "m3"]);
        assert_eq!(ready(&all(Running, Waiting, Running)), Vec::<String>::new());
        assert_eq!(ready(&all(Granted, Waiting, Running)), ["m2"]);
        assert_eq!(stranded(&all(Failed, Waiting, Running)), ["m2"]);
        assert_eq!(overall(&all(Granted, Running, Granted)), BundleState::Processing);
        assert_eq!(overall(&all(Granted, Granted, Granted)), BundleState::Closed);
        assert_eq!(overall(&all(Granted, Granted, Failed)), BundleState::PartiallyClosed);
    }
}
