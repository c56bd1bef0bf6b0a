//! 基础信息配置核对（accounts §4.3）：一机构一类算一项，任一字段不符整项不通过。
//!
//! 规则能看出的由规则看（[`faults`]），看不出的由人核对后记下（`doubt`）；两样都没有才算通过。

use serde::{Deserialize, Serialize};
use tongban_kernel::codes::{Uscc, phone};

use crate::model::{KIND_TENANT, KIND_TOWN, Org};
use crate::store::Division;

/// 三类配置项。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// 行政区划。
    Division,
    /// 组织机构。
    Org,
    /// 服务信息。
    Service,
}

impl Class {
    pub const ALL: [Self; 3] = [Self::Division, Self::Org, Self::Service];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Division => "division",
            Self::Org => "org",
            Self::Service => "service",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Division => "行政区划",
            Self::Org => "组织机构",
            Self::Service => "服务信息",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// 核对一个机构要看的周围。
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    pub parent: Option<&'a Org>,
    /// 区划表里的这一行。
    pub division: Option<&'a Division>,
}

/// 规则看得出的不符之处，一处一句。
#[must_use]
pub fn faults(class: Class, org: &Org, around: Around<'_>) -> Vec<String> {
    match class {
        Class::Division => division(org, around),
        Class::Org => identity(org, around),
        Class::Service => service(org),
    }
}

fn division(org: &Org, around: Around<'_>) -> Vec<String> {
    let mut found = Vec::new();
    match around.division {
        None => found.push(format!("区划“{}”不在区划表里", org.division)),
        Some(division) if division.kind == "abolished" => found.push(format!("区划“{}”已经撤并", division.name)),
        Some(_) => {}
    }
    let county = |code: &str| code.get(..6).map(str::to_owned);
    if let Some(parent) = around.parent
        && county(&parent.division) != county(&org.division)
    {
        found.push(format!("区划不在上级“{}”的区划之内", parent.name));
    }
    if org.kind == KIND_TOWN && org.division.get(6..9).is_none_or(|town| town == "000") {
        found.push("乡镇要写到 9 位区划".to_owned());
    }
    found
}

fn identity(org: &Org, around: Around<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if org.name.chars().count() < 4 || org.name.starts_with('区') || org.name.starts_with('县') {
        found.push(format!("“{}”不是全称", org.name));
    }
    if org.code.is_empty() {
        // 便民服务点、内设机构不是法人，随所属单位
        if org.is_unit() {
            found.push("没有统一社会信用代码".to_owned());
        }
    } else if let Err(reason) = Uscc::parse(&org.code) {
        found.push(format!("统一社会信用代码不对：{}", reason.detail));
    }
    match around.parent {
        None if org.kind != KIND_TENANT => found.push("没有上级机构".to_owned()),
        Some(parent) if parent.status != 1 => found.push(format!("上级“{}”已经撤销", parent.name)),
        _ => {}
    }
    found
}

fn service(org: &Org) -> Vec<String> {
    let mut found = Vec::new();
    if org.address.trim().is_empty() {
        found.push("没有办公地址".to_owned());
    }
    let readable = ["周", "星期", "工作日", "每天", "全年"].iter().any(|word| org.hours.contains(word)) && org.hours.contains([':', '：']);
    if !readable {
        found.push(format!("办公时间“{}”看不懂，请写成“周一至周五 9:00—17:00”", org.hours));
    }
    for (name, number) in [("咨询电话", &org.phone), ("投诉电话", &org.complaint_phone)] {
        if phone(number).is_err() {
            found.push(format!("{name}“{number}”不对，固定电话要带区号 0839"));
        }
    }
    if !org.phone.is_empty() && org.phone == org.complaint_phone {
        found.push("咨询电话与投诉电话相同".to_owned());
    }
    found
}

/// 还没有止日。
const OPEN: i64 = 99_991_231;

/// 一项配置对指标的事实。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFacts {
    pub org: i64,
    /// 从哪天起应核对。
    pub from: i64,
    /// 核对通过的时段：起日（含）、止日（不含）。
    pub right: Vec<(i64, i64)>,
}

impl ConfigFacts {
    /// `day` 这天变成通过或不通过之后。
    #[must_use]
    pub fn after(&self, right: bool, day: i64) -> Self {
        let mut next = self.clone();
        match (next.right.last_mut().filter(|(_, until)| *until == OPEN), right) {
            (None, true) => next.right.push((day, OPEN)),
            (Some(last), false) => last.1 = day,
            _ => {}
        }
        next.right.retain(|(from, until)| from < until);
        next
    }

    /// 某日是否通过。
    #[must_use]
    pub fn is_right(&self, day: i64) -> bool {
        self.right.iter().any(|(from, until)| *from <= day && day < *until)
    }

    /// 通过数的增减：哪天、加几。
    pub fn changes(&self) -> impl Iterator<Item = (i64, i64)> {
        self.right.iter().flat_map(|(from, until)| [(*from, 1), (*until, -1)]).filter(|(day, _)| *day != OPEN)
    }
}

/// 台账的一行。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub id: i64,
    pub tenant: i64,
    pub unit: i64,
    pub org: i64,
    pub class: Class,
    /// 规则查出的，一行一处。
    pub faults: String,
    /// 人核对出的，一行一处。
    pub doubt: String,
    /// 人最近一次核对的日子；没有核对过为 0。
    pub checked: i64,
    pub facts: ConfigFacts,
    pub version: i64,
}

impl Config {
    /// 核对通过：规则与人都没有找出不符。
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.faults.is_empty() && self.doubt.is_empty()
    }

    /// 哪里不符，一句话；通过为空。
    #[must_use]
    pub fn wrong(&self) -> String {
        self.faults.lines().chain(self.doubt.lines()).collect::<Vec<_>>().join("；")
    }
}
