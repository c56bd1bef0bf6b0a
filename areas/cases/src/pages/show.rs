//! 各页共用的样子：时限灯、状态标签、时间线、编号。

use jiff::Timestamp;
use tongban_kernel::lights::Light;
use tongban_kernel::{calendar, time};
use tongban_web::components::{LightTag, StatusTag, Timeline, TimelineStep};

use crate::model::{Case, Delivery, State, Step};
use crate::store::{ListRow, StepRow};

/// “剩 2 天”“超期 3 小时”，悬停给截止时刻。
#[must_use]
pub fn light(light: Light, due: Option<Timestamp>, state: State, now: Timestamp) -> LightTag {
    let title = due.map(|due| format!("截止 {}", time::show(due))).unwrap_or_default();
    let text = match (light, due) {
        (Light::Grey, _) if state == State::Suspended => "已暂停".to_owned(),
        (Light::Grey, _) if state == State::Correcting => "待补正".to_owned(),
        (Light::Grey, _) | (_, None) => "不计时".to_owned(),
        (_, Some(due)) => distance(now, due),
    };
    LightTag { light, text, title }
}

/// 离到期还有多久，按工作日说；同一天按小时。
#[must_use]
pub fn distance(now: Timestamp, due: Timestamp) -> String {
    let (today, day) = (time::date_of(now), time::date_of(due));
    let hours = (due.as_millisecond() - now.as_millisecond()).abs() / 3_600_000;
    let over = now > due;
    let word = if over { "超期" } else { "剩" };
    let days = calendar::current().workdays_between(today, day).unwrap_or(0).abs();
    if today == day || days == 0 {
        return if hours == 0 { format!("{word}不到 1 小时") } else { format!("{word} {hours} 小时") };
    }
    format!("{word} {days} 天")
}

/// 状态标签的文字与颜色。
#[must_use]
pub fn status(state: State, step: Option<Step>) -> StatusTag {
    let tone = match state {
        State::Submitted | State::Received | State::Accepted | State::Suspended => "b",
        State::Correcting => "y",
        State::Decided | State::Closed => "g",
        State::NotAccepted => "r",
        _ => "",
    };
    StatusTag { text: state.label(step).to_owned(), tone }
}

/// 状态标签全站只有那几种文案；同一文案下还差哪一步的，在旁边另注。
#[must_use]
pub const fn aside(state: State, way: Delivery, paper: bool) -> Option<&'static str> {
    match state {
        State::Decided if paper => Some("待发纸质证照"),
        State::Decided => Some(waits(way)),
        State::Voided => Some("录入差错"),
        _ => None,
    }
}

/// 列表的一行，备好显示的文字。
pub struct Row {
    pub no: String,
    pub version: i64,
    pub item: String,
    pub applicant: String,
    pub org: String,
    pub channel: &'static str,
    pub status: StatusTag,
    pub aside: Option<&'static str>,
    pub step: String,
    pub submitted: String,
    pub due: String,
    pub light: LightTag,
}

impl Row {
    #[must_use]
    pub fn of(row: &ListRow, now: Timestamp) -> Self {
        let stage = match (row.step, row.state) {
            (Some(step), State::Accepted) => step.label(),
            (_, State::Decided) => waits(row.delivery),
            _ => row.state.label(row.step),
        };
        Self {
            no: row.no.clone(),
            version: row.version,
            item: row.item_name.clone(),
            applicant: row.applicant.clone(),
            org: row.org_name.clone(),
            channel: row.channel.label(),
            status: status(row.state, row.step),
            aside: aside(row.state, row.delivery, false),
            step: if row.handler_name.is_empty() { stage.to_owned() } else { format!("{stage} · {}", row.handler_name) },
            submitted: short(row.submitted_at),
            due: row.due.map(short).unwrap_or_default(),
            light: light(row.light, row.due, row.state, now),
        }
    }
}

/// 已作决定的等着怎么送。
const fn waits(way: Delivery) -> &'static str {
    match way {
        Delivery::Electronic => "待电子送达",
        Delivery::Pickup => "待自取",
        Delivery::Post => "待寄",
    }
}

/// `5-26 10:41`。
#[must_use]
pub fn short(at: Timestamp) -> String {
    at.to_zoned(time::china()).strftime("%-m-%d %H:%M").to_string()
}

/// `5 月 26 日 10:41`。
#[must_use]
pub fn long(at: Timestamp) -> String {
    at.to_zoned(time::china()).strftime("%-m 月 %-d 日 %H:%M").to_string()
}

/// 给申请人看的时间线：已办实心、现在空心、未到灰。内部意见不出现。
#[must_use]
pub fn public_timeline(case: &Case, steps: &[StepRow]) -> Timeline {
    let mut list: Vec<TimelineStep> = steps
        .iter()
        .filter(|step| step.public)
        .map(|step| TimelineStep {
            title: step.name.clone(),
            state: "done",
            time: long(step.ended_at),
            detail: step.opinion.clone(),
        })
        .collect();
    if let Some((title, detail)) = now_at(case) {
        list.push(TimelineStep { title: title.to_owned(), state: "now", time: String::new(), detail });
    }
    for title in ahead(case.state) {
        list.push(TimelineStep { title: (*title).to_owned(), state: "todo", time: String::new(), detail: String::new() });
    }
    Timeline(list)
}

/// 现在在谁手里、最晚到什么时候。
fn now_at(case: &Case) -> Option<(&'static str, String)> {
    let by = |due: Option<Timestamp>| due.map(|due| format!("，最晚 {}", long(due))).unwrap_or_default();
    match case.state {
        State::Submitted | State::Received => Some(("等待受理", format!("在{}手里{}，受不受理都会告诉您", case.org_name, by(case.due)))),
        State::Correcting => Some(("等您补正", format!("请按告知补齐{}，逾期视为撤回", by(case.due)))),
        State::Accepted => Some(("审查", format!("在{}手里{}", case.org_name, by(case.due)))),
        State::Suspended => {
            let what = case.running_procedure().map_or("特别程序", |p| crate::rules::procedures::procedure_name(p.kind));
            Some(("已暂停计时", format!("正在进行{what}{}", by(case.due))))
        }
        State::Decided => Some(("送达", format!("结果已出，等待送达{}", by(case.due)))),
        _ => None,
    }
}

const fn ahead(state: State) -> &'static [&'static str] {
    match state {
        State::Submitted | State::Received | State::Correcting => &["审查", "出结果", "送达"],
        State::Accepted | State::Suspended => &["出结果", "送达"],
        _ => &[],
    }
}

/// `1.2 MB`。
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes < 1024 * 1024 {
        format!("{} KB", bytes.div_ceil(1024))
    } else {
        let tenths = (bytes * 10 + 512 * 1024) / (1024 * 1024);
        format!("{}.{} MB", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    #[test]
    fn distances_read_like_people_talk() {
        assert_eq!(distance(at("2021-05-31T10:00"), at("2021-06-02T17:30")), "剩 2 天");
        assert_eq!(distance(at("2021-06-02T15:00"), at("2021-06-02T17:30")), "剩 2 小时");
        assert_eq!(distance(at("2021-06-02T20:31"), at("2021-06-02T17:30")), "超期 3 小时");
        assert_eq!(distance(at("2021-06-07T09:00"), at("2021-06-02T17:30")), "超期 3 天");
        assert_eq!(distance(at("2021-06-02T17:29"), at("2021-06-02T17:30")), "剩不到 1 小时");
        assert_eq!((size(900), size(1_258_291)), ("1 KB".to_owned(), "1.2 MB".to_owned()));
    }
}
