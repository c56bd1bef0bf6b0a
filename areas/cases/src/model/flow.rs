//! 受理之后走哪些环节：事项的“流程”一页写了承办、审核、批准角色的照它走，没写的按三岗（cases §2.2、§2.3）。

use serde::{Deserialize, Serialize};

use super::state::Step;

/// 一个环节。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    pub name: String,
    /// 哪个岗的人来办；三岗分离看它。
    pub post: Step,
    pub kind: StageKind,
    /// 环节时限，工作日；0 不限。
    pub days: u32,
}

/// 环节的种类。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// 书面审查。
    #[default]
    Ordinary,
    /// 现场核查：两人以上，记核查人（许可法第34条）。
    Visit,
    /// 专家意见。
    Expert,
}

impl StageKind {
    pub const ALL: [Self; 3] = [Self::Ordinary, Self::Visit, Self::Expert];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Visit => "visit",
            Self::Expert => "expert",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ordinary => "书面审查",
            Self::Visit => "现场核查",
            Self::Expert => "专家意见",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// 一件办件的全部环节，受理时定下，事项后来改了也不变。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flow {
    /// 空表示缺省的三岗（或一岗）。
    pub stages: Vec<Stage>,
    /// 受理时一并征求哪些机构的意见，各自并行，作决定前都要回。
    pub joint: Vec<i64>,
    /// 征求意见给几个工作日。
    pub joint_days: u32,
    /// 批准落在窗口：部门授权窗口（首席代表）直接决定的即办件（cases §6“首席代表/授权”）。
    pub window: bool,
}

/// 征求意见没写时限时给几个工作日。
pub const JOINT_DAYS: u32 = 5;

impl Flow {
    /// 缺省的环节。
    #[must_use]
    pub fn usual(single_post: bool) -> Vec<Stage> {
        let posts: &[Step] = if single_post { &[Step::Approve] } else { &Step::ALL };
        posts.iter().map(|post| Stage { name: post.label().to_owned(), post: *post, kind: StageKind::Ordinary, days: 0 }).collect()
    }

    /// 这件要走的环节，至少一个，末一个是批准。
    #[must_use]
    pub fn stages(&self, single_post: bool) -> Vec<Stage> {
        let mut stages = if self.stages.is_empty() { Self::usual(single_post) } else { self.stages.clone() };
        if stages.last().is_none_or(|last| last.post != Step::Approve) {
            stages.extend(Self::usual(true));
        }
        stages
    }

    /// 与缺省一样，不必另存。
    #[must_use]
    pub fn is_usual(&self) -> bool {
        self.stages.is_empty() && self.joint.is_empty() && !self.window
    }

    #[must_use]
    pub fn joint_limit(&self) -> u32 {
        if self.joint_days == 0 { JOINT_DAYS } else { self.joint_days }
    }
}

/// 承办角色代码（accounts §5.2）对应哪个岗；受理、送达等不在审查环节里的没有。
#[must_use]
pub fn post_of(role: &str) -> Option<Step> {
    match role {
        "handler" => Some(Step::Handle),
        "reviewer" | "dept_admin" => Some(Step::Review),
        "approver" | "dept_head" => Some(Step::Approve),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flow_ends_with_approval() {
        let posts = |flow: &Flow, single| flow.stages(single).into_iter().map(|stage| stage.post).collect::<Vec<_>>();
        assert_eq!(posts(&Flow::default(), false), Step::ALL);
        assert_eq!(posts(&Flow::default(), true), [Step::Approve]);
        let visit = Stage { name: "现场核查".into(), post: Step::Handle, kind: StageKind::Visit, days: 3 };
        let flow = Flow { stages: vec![visit], ..Flow::default() };
        assert_eq!(posts(&flow, false), [Step::Handle, Step::Approve]);
        assert!(!flow.is_usual());
    }
}
