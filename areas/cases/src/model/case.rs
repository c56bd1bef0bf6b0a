//! 办件聚合：一行主表加材料、程序；命令锁住它、改它、写回它。

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tongban_kernel::Place;
use tongban_kernel::calendar::Suspension;
use tongban_kernel::codes::{CaseNo, IdNumber};
use tongban_kernel::lights::Light;
use tongban_kernel::time;

use super::flow::{Flow, Stage};
use super::state::{Channel, Outcome, State, Step};

/// 一件办件。个人信息只在 [`Applicant`] 里，按需解密，不在这里。
#[derive(Debug, Clone)]
pub struct Case {
    pub id: i64,
    pub no: CaseNo,
    pub version: i64,
    pub place: Place,
    pub window_org: i64,
    pub org_name: String,
    pub item_id: i64,
    pub item_version: i64,
    pub item_code: String,
    pub item_name: String,
    pub task_type: String,
    pub instant: bool,
    pub single_post: bool,
    pub channel: Channel,
    pub state: State,
    pub step: Option<Step>,
    /// 当前环节的办理人（工作人员行键）；还没人领为 0。
    pub handler: i64,
    pub handler_name: String,
    pub account: i64,
    pub person: i64,
    pub legal_entity: i64,
    /// 已脱敏的申请人（单位名称可公开）。
    pub applicant_shown: String,
    pub summary: String,
    pub delivery: Delivery,
    pub promise_days: u32,
    pub legal_days: u32,
    pub extension_days: u32,
    pub submitted_at: Timestamp,
    /// 视同收到之日：预审钟与受理钟从这里起算；补正提交后重新起算。
    pub counted_on: Date,
    pub received_at: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
    pub accepted_on: Option<Date>,
    pub auto_accepted: bool,
    pub decided_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub corrections: i64,
    pub correction_due: Option<Date>,
    pub deferred_due: Option<Date>,
    pub outcome: Option<Outcome>,
    pub result_note: String,
    pub revoked_on: Option<Date>,
    pub on_time: Option<bool>,
    pub early: Option<bool>,
    pub used_days: Option<i64>,
    pub external_system: Option<String>,
    pub external_no: Option<String>,
    pub linked_in_time: Option<bool>,
    /// 现在这只时钟的到期时刻与转黄时刻。
    pub due: Option<Timestamp>,
    pub yellow_from: Option<Timestamp>,
    /// 法定到期时刻。
    pub legal_due: Option<Timestamp>,
    pub light: Light,
    /// 作出决定之前的各段红灯：从何时到何时。
    pub red_spans: Vec<(Timestamp, Option<Timestamp>)>,
    /// 已经响过的最后一个时刻。
    pub clock_done: Option<Timestamp>,
    pub next_clock_at: Option<Timestamp>,
    /// 受理时定下的环节；缺省的为空。
    pub flow: Flow,
    /// 现在是第几个环节，从 0 起；没受理也为 0。
    pub stage: usize,
    /// 现在这个环节从何时开始。
    pub step_since: Option<Timestamp>,
    /// 所属的一件事（行键）；不是一件事里的为 0。
    pub bundle: i64,
    /// 申请人催办了几次，最近一次何时。
    pub urged: i64,
    pub urged_at: Option<Timestamp>,
    /// 延续件：原证的届满之日；其余为空。
    pub renews_until: Option<Date>,
    /// 办件与评价都不公开：涉密、信访举报类事项，未成年人的（evaluation §7）。
    pub withheld: bool,
    /// 件数计在哪一格（页签、灯）：写回时从这一格挪走。
    pub booked: Option<(&'static str, &'static str)>,
    /// 特别程序。
    pub procedures: Vec<Procedure>,
}

/// 怎么拿结果。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// 只要电子件。
    Electronic,
    /// 到窗口自取。
    Pickup,
    /// 邮寄。
    Post,
}

impl Delivery {
    pub const ALL: [Self; 3] = [Self::Electronic, Self::Pickup, Self::Post];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Electronic => "electronic",
            Self::Pickup => "pickup",
            Self::Post => "post",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Electronic => "只要电子证",
            Self::Pickup => "到窗口自取",
            Self::Post => "邮寄",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delivery| delivery.as_str() == text)
    }
}

/// 申请人：整体加密存放。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Applicant {
    /// 姓名或单位名称。
    pub name: String,
    pub is_legal: bool,
    /// 证件类型：111 居民身份证、`uscc` 统一社会信用代码等。
    pub id_type: String,
    pub id_number: String,
    /// 经办人姓名；本人办理时与 `name` 相同。
    pub contact: String,
    pub mobile: String,
    #[serde(default)]
    pub address: String,
}

impl Applicant {
    /// 脱敏显示：个人只留姓，单位照写。
    #[must_use]
    pub fn shown(&self) -> String {
        tongban_kernel::mask::applicant(&self.name, !self.is_legal)
    }

    /// 不满 18 周岁；不是身份证的看不出，按成年人算。
    #[must_use]
    pub fn is_minor(&self, today: Date) -> bool {
        !self.is_legal && IdNumber::parse(&self.id_number, today).is_ok_and(|id| id.age(today) < 18)
    }
}

/// 一次特别程序（cases §3.4）。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    pub id: i64,
    pub kind: u8,
    pub reason: String,
    /// 书面告知的文号；没有告知书的不停表。
    pub notice: Option<String>,
    pub stops: bool,
    pub planned_days: u32,
    pub planned_end: Date,
    pub started_on: Date,
    pub ended_on: Option<Date>,
    pub result: String,
}

/// 一份材料在办件里的样子。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    pub id: i64,
    pub key: String,
    pub name: String,
    pub need: u8,
    pub copies: u32,
    pub status: MaterialStatus,
    /// 补正原因或备注。
    pub remark: String,
    pub files: Vec<FileRef>,
}

/// 材料状态。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaterialStatus {
    /// 还没交。
    Missing,
    /// 附件上传。
    Uploaded,
    /// 收了纸质。
    Paper,
    /// 证照库取得，免提交。
    Licence,
    /// 告知承诺代替。
    Promised,
    /// 容缺后补。
    Deferred,
    /// 要补正。
    Rejected,
    /// 核过合格。
    Passed,
}

impl MaterialStatus {
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Uploaded,
        Self::Paper,
        Self::Licence,
        Self::Promised,
        Self::Deferred,
        Self::Rejected,
        Self::Passed,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Uploaded => "uploaded",
            Self::Paper => "paper",
            Self::Licence => "licence",
            Self::Promised => "promised",
            Self::Deferred => "deferred",
            Self::Rejected => "rejected",
            Self::Passed => "passed",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "未交",
            Self::Uploaded => "已上传",
            Self::Paper => "已收纸质",
            Self::Licence => "免提交",
            Self::Promised => "已承诺",
            Self::Deferred => "容缺后补",
            Self::Rejected => "要补正",
            Self::Passed => "合格",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// 收取方式码 GETTYPE（cases §4.5）。
    #[must_use]
    pub const fn get_type(self) -> &'static str {
        match self {
            Self::Paper => "1",
            Self::Deferred => "4",
            Self::Licence => "5",
            Self::Promised => "7",
            _ => "2",
        }
    }

    /// 算交了。
    #[must_use]
    pub const fn is_supplied(self) -> bool {
        matches!(self, Self::Uploaded | Self::Paper | Self::Licence | Self::Promised | Self::Passed)
    }
}

/// 一份已存好的文件。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    pub id: String,
    pub name: String,
    pub size: u64,
    pub media_type: String,
}

impl Case {
    /// 刚登记、什么都还没发生的一件；登记、补录各自改自己要改的几项。
    #[must_use]
    pub fn blank(id: i64, no: CaseNo, offer: &super::Offer, applicant: &Applicant, at: Timestamp, counted_on: Date) -> Self {
        Self {
            id,
            no,
            version: 1,
            place: offer.place,
            window_org: offer.place.org,
            org_name: offer.org_name.clone(),
            item_id: offer.item_id,
            item_version: offer.version,
            item_code: offer.code.clone(),
            item_name: offer.name.clone(),
            task_type: offer.task_type.clone(),
            instant: offer.instant,
            single_post: offer.posts_may_coincide(),
            channel: Channel::Window,
            state: State::Submitted,
            step: None,
            handler: 0,
            handler_name: String::new(),
            account: 0,
            person: 0,
            legal_entity: 0,
            applicant_shown: applicant.shown(),
            summary: String::new(),
            delivery: Delivery::Pickup,
            promise_days: offer.promise_days,
            legal_days: offer.legal_days,
            extension_days: 0,
            submitted_at: at,
            counted_on,
            received_at: None,
            accepted_at: None,
            accepted_on: None,
            auto_accepted: false,
            decided_at: None,
            ended_at: None,
            corrections: 0,
            correction_due: None,
            deferred_due: None,
            outcome: None,
            result_note: String::new(),
            revoked_on: None,
            on_time: None,
            early: None,
            used_days: None,
            external_system: None,
            external_no: None,
            linked_in_time: None,
            due: None,
            yellow_from: None,
            legal_due: None,
            light: Light::Grey,
            red_spans: Vec::new(),
            clock_done: None,
            next_clock_at: None,
            flow: offer.flow.clone(),
            stage: 0,
            step_since: None,
            bundle: 0,
            urged: 0,
            urged_at: None,
            renews_until: None,
            withheld: offer.withheld || applicant.is_minor(time::date_of(at)),
            booked: None,
            procedures: Vec::new(),
        }
    }

    /// 授权窗口当场决定的即办件：能受理的窗口就能作决定。
    #[must_use]
    pub fn is_decided_at_window(&self) -> bool {
        self.instant && self.flow.window
    }

    /// 现在的环节；没受理或已作决定为 `None`。
    #[must_use]
    pub fn current_stage(&self) -> Option<Stage> {
        self.step?;
        self.flow.stages(self.single_post).into_iter().nth(self.stage)
    }

    /// 走到第几个环节。
    pub fn enter(&mut self, stage: usize, at: Timestamp) {
        self.stage = stage;
        self.step = self.flow.stages(self.single_post).get(stage).map(|stage| stage.post);
        self.step_since = Some(at);
    }

    /// 停表的各段。
    #[must_use]
    pub fn suspensions(&self) -> Vec<Suspension> {
        self.procedures.iter().filter(|p| p.stops).map(|p| Suspension { from: p.started_on, to: p.ended_on }).collect()
    }

    /// 正在停表的那次程序。
    #[must_use]
    pub fn running_procedure(&self) -> Option<&Procedure> {
        self.procedures.iter().rfind(|p| p.ended_on.is_none())
    }

    /// 承诺工作日加延期。
    #[must_use]
    pub fn limit_days(&self) -> u32 {
        self.promise_days.saturating_add(self.extension_days)
    }

    #[must_use]
    pub fn status_label(&self) -> &'static str {
        self.state.label(self.step)
    }

    /// 工作台页签。
    #[must_use]
    pub fn tab(&self) -> &'static str {
        match self.state {
            State::Submitted | State::Received => "pending",
            State::Correcting => "correcting",
            State::Accepted if self.step == Some(Step::Approve) => "decision",
            State::Accepted | State::Suspended => "review",
            State::Decided => "delivery",
            _ => "done",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::testing::sample_offer;

    fn of(id_number: &str, is_legal: bool) -> Applicant {
        Applicant { id_number: id_number.to_owned(), is_legal, ..Applicant::default() }
    }

    #[test]
    fn minors_and_confidential_items_are_withheld() {
        // 2019-03-07 生
        let child = of("510811201903070012", false);
        assert!(IdNumber::checksum(&child.id_number), "样例要是真的校验位");
        assert!(child.is_minor(date(2037, 3, 6)) && !child.is_minor(date(2037, 3, 7)), "满 18 周岁那天起不算");
        assert!(!of("510811199003070017", false).is_minor(date(2026, 11, 23)));
        assert!(!of("510811201903070012", true).is_minor(date(2026, 11, 23)), "单位不论年龄");
        let at = "2026-11-23T02:00:00Z".parse().unwrap();
        let blank = |offer: &crate::model::Offer, who: &Applicant| {
            let no = CaseNo::from_parts("510811", date(2026, 11, 23), 1).unwrap();
            Case::blank(1, no, offer, who, at, date(2026, 11, 23)).withheld
        };
        let open = sample_offer();
        let secret = crate::model::Offer { withheld: true, ..sample_offer() };
        assert_eq!((blank(&open, &of("510811199003070017", false)), blank(&open, &child), blank(&secret, &of("", true))), (false, true, true));
    }
}
