//! 好差评的规则（evaluation §2.1、§4、§5、§7）。纯函数，没有输入输出。

mod deadlines;
mod gaming;
pub mod pads;
mod publish;
pub mod stats;

pub use deadlines::{CLOCK, Deadlines, deadlines, state_due};
pub use gaming::{Flag, Signals, flags};
pub use publish::{display_name, publishable, redact};

use jiff::{SignedDuration, Timestamp};
use tongban_kernel::problem::{Checks, Code};
use tongban_kernel::{Actor, ActorKind, Problem};

use crate::model::{EvalChannel, Round, Satisfaction, dimensions, tag};

/// 文字最多多少字（evaluation §3）。
pub const MAX_TEXT: usize = 500;
/// 邀评令牌的有效期：30 天（evaluation §4.3）。
pub const INVITATION_DAYS: i64 = 30;
/// 首评后多少天内可以追评一次（evaluation §4.2）。
pub const FOLLOW_UP_DAYS: i64 = 90;
/// 样本量不到这么多的单位只列数、不排名（evaluation §6）。
pub const RANKING_SAMPLE: i64 = 30;
/// 同一事项多少天内多少条差评成为堵点（evaluation §5.1）。
pub const BLOCKAGE: (i64, i64) = (30, 3);

/// 国标基础格式里的级别：与内部相反，1 是非常满意（GB/T 39046-2020 A.8）。
#[must_use]
pub const fn national_scale(level: Satisfaction) -> i64 {
    6 - level.code()
}

/// 从国标基础格式读入。
#[must_use]
pub fn from_national_scale(code: i64) -> Option<Satisfaction> {
    Satisfaction::from_code(6 - code)
}

/// 交上来的一条评价，还没检查。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub level: Option<i64>,
    pub tags: Vec<i64>,
    pub text: String,
    /// 不公开这条评价的文字。
    pub private: bool,
    /// 四川维度，写作 `efficiency:4`；选填。
    pub dims: Vec<String>,
}

/// 检查过的评价内容。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    pub level: Satisfaction,
    /// 标签码，去重，从小到大。
    pub tags: Vec<i64>,
    pub text: Option<String>,
    pub private: bool,
    /// 四川维度的分；选填。
    pub dims: Vec<(&'static str, i64)>,
}

impl Rating {
    /// 标签码，英文逗号分隔（evalDetail）。
    #[must_use]
    pub fn tag_codes(&self) -> String {
        self.tags.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
    }
}

/// 检查一条评价：差评至少选一个标签或写文字，文字不超过 500 字，标签要属于所选的级别。
///
/// # Errors
/// 哪里要改，一次说全。
pub fn check(draft: &Draft) -> Result<Rating, Problem> {
    let mut checks = Checks::new();
    let level = draft.level.and_then(Satisfaction::from_code);
    checks.ensure(level.is_some(), "level", "required", "请选择满意程度");
    let text = draft.text.trim();
    let length = text.chars().count();
    checks.ensure(length <= MAX_TEXT, "text", "too-long", format!("最多 {MAX_TEXT} 字，现在有 {length} 字"));
    let mut tags = draft.tags.clone();
    tags.sort_unstable();
    tags.dedup();
    if let Some(level) = level {
        let fits = |code: &i64| tag(*code).is_some_and(|tag| tag.code / 100 == level.code());
        checks.ensure(tags.iter().all(fits), "tags", "invalid", format!("有标签不属于“{}”，请重新选择", level.label()));
        let told_why = !tags.is_empty() || !text.is_empty();
        checks.ensure(!level.is_bad() || told_why, "tags", "required", "请至少选一个原因，或者写一句话，方便我们改");
    }
    let given: Vec<&String> = draft.dims.iter().filter(|text| !text.is_empty()).collect();
    let mut dims: Vec<_> = given.iter().filter_map(|text| dimensions::parse(text)).collect();
    checks.ensure(dims.len() == given.len(), "dims", "invalid", "分项评分要在 1 到 5 之间");
    dims.sort_unstable();
    dims.dedup_by_key(|(code, _)| *code);
    checks.finish()?;
    let level = level.ok_or_else(|| Problem::field("level", "required", "请选择满意程度"))?;
    Ok(Rating { level, tags, text: (!text.is_empty()).then(|| text.to_owned()), private: draft.private, dims })
}

/// 令牌此刻的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitation {
    pub expires: Timestamp,
    pub used: bool,
    pub cancelled: bool,
}

/// 令牌从 `at` 起到何时有效。
#[must_use]
pub fn invitation_expires(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(INVITATION_DAYS * 24)).unwrap_or(Timestamp::MAX)
}

/// 令牌还能不能用：一次用完就作废。
///
/// # Errors
/// 已用过、已作废、已过期，各说各的话。
pub fn usable(invitation: Invitation, now: Timestamp) -> Result<(), Problem> {
    if invitation.used {
        Err(Problem::new(Code::AlreadyUsed, "这个评价码已经用过了，谢谢您"))
    } else if invitation.cancelled {
        Err(Problem::new(Code::AlreadyUsed, "这件事已作废，不再评价"))
    } else if now > invitation.expires {
        Err(Problem::new(Code::TokenExpired, "评价码已过期（30 天内有效）。可以在“我的办件”里评价，或拨打 12345"))
    } else {
        Ok(())
    }
}

/// 追评能不能做：首评后 90 天内一次，不覆盖首评。
///
/// # Errors
/// 已追评过，或超过 90 天。
pub fn follow_up_allowed(first: Timestamp, already: bool, now: Timestamp) -> Result<(), Problem> {
    if already {
        return Err(Problem::new(Code::AlreadyUsed, "这一步已经追加评价过一次了"));
    }
    let until = first.checked_add(SignedDuration::from_hours(FOLLOW_UP_DAYS * 24)).unwrap_or(Timestamp::MAX);
    if now > until {
        return Err(Problem::new(Code::TokenExpired, "首次评价已超过 90 天，不能再追加评价"));
    }
    Ok(())
}

/// 工作人员登录着的终端不得评价（evaluation §4.5）：窗口评价走评价仪或群众自己的手机。
///
/// # Errors
/// 操作者是工作人员。
pub fn not_by_staff(actor: &Actor) -> Result<(), Problem> {
    if actor.kind == ActorKind::Staff {
        return Err(Problem::new(Code::Forbidden, "工作人员不能代群众评价，请让群众扫码或用评价仪评"));
    }
    Ok(())
}

/// 评的是谁，谁就看不到、也办不了那一条（评价对被评的人匿名）；统计里看得到自己的数。
///
/// # Errors
/// 操作者就是被评的人。
pub fn not_about_oneself(actor: &Actor, rated: i64) -> Result<(), Problem> {
    if rated != 0 && actor.staff == rated {
        return Err(Problem::new(Code::Forbidden, "这一条评的是您本人，由同事和主管处理；您在评价统计里看得到自己的数"));
    }
    Ok(())
}

/// 是不是主动评价：系统默认的永不算（evaluation §4.4）。
#[must_use]
pub const fn is_active(channel: EvalChannel) -> bool {
    !matches!(channel, EvalChannel::Default)
}

/// 评价编号 `办件编号-节点-次序`（evaluation §3）。
#[must_use]
pub fn assess_no(case_no: &str, node: crate::model::Node, round: Round) -> String {
    format!("{case_no}-{}-{}", node.code(), round.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(level: i64, tags: &[i64], text: &str) -> Draft {
        Draft { level: Some(level), tags: tags.to_vec(), text: text.to_owned(), ..Draft::default() }
    }

    #[test]
    fn the_national_scale_runs_the_other_way() {
        assert_eq!(national_scale(Satisfaction::VerySatisfied), 1);
        assert_eq!(national_scale(Satisfaction::VeryDissatisfied), 5);
        assert_eq!(from_national_scale(5), Some(Satisfaction::VeryDissatisfied));
        assert_eq!(from_national_scale(0), None);
    }

    #[test]
    fn good_needs_nothing_and_bad_needs_a_reason() {
        assert!(check(&draft(5, &[], "")).is_ok());
        assert_eq!(check(&draft(2, &[], "  ")).unwrap_err().errors[0].field(), "tags");
        assert!(check(&draft(2, &[214], "")).is_ok());
        assert!(check(&draft(1, &[], "推诿")).is_ok());
    }

    #[test]
    fn tags_belong_to_their_level_and_text_is_bounded() {
        assert_eq!(check(&draft(5, &[115], "")).unwrap_err().errors[0].code, "invalid");
        assert!(check(&draft(5, &[], &"好".repeat(500))).is_ok());
        assert_eq!(check(&draft(5, &[], &"好".repeat(501))).unwrap_err().errors[0].field(), "text");
        assert_eq!(check(&Draft::default()).unwrap_err().errors[0].field(), "level");
        assert_eq!(check(&draft(4, &[413, 406, 413], " 快 ")).unwrap().tag_codes(), "406,413");
    }

    #[test]
    fn a_token_works_once_and_for_thirty_days() {
        let at: Timestamp = "2026-03-02T02:00:00Z".parse().unwrap();
        let open = Invitation { expires: invitation_expires(at), used: false, cancelled: false };
        let day = |n: i64| at + SignedDuration::from_hours(24 * n);
        assert!(usable(open, day(30)).is_ok());
        assert_eq!(usable(open, day(31)).unwrap_err().code, Code::TokenExpired);
        assert_eq!(usable(Invitation { used: true, ..open }, at).unwrap_err().code, Code::AlreadyUsed);
        assert!(usable(Invitation { cancelled: true, ..open }, at).is_err());
        assert!(follow_up_allowed(at, false, day(90)).is_ok());
        assert!(follow_up_allowed(at, false, day(91)).is_err());
        assert!(follow_up_allowed(at, true, day(1)).is_err());
    }

    #[test]
    fn staff_never_rate_for_others() {
        let staff = Actor { kind: ActorKind::Staff, ..Actor::anonymous() };
        assert!(not_by_staff(&staff).is_err());
        assert!(not_by_staff(&Actor::anonymous()).is_ok());
    }
}
