//! 页面：取参数、调命令或查询、渲染，别的不做。

pub mod appraise;
mod desk;
pub mod evidence;
mod exchange;
pub mod inspections;
pub mod invite;
mod open;
pub mod pads;
pub mod points;
mod rate;
pub mod record;
mod stats;

pub use desk::{handle, ratings, review_standing, review_text, show_rating, show_task, tasks};
pub(crate) use invite::{NodeLine, nodes};
pub(crate) use open::percent;
pub use open::open_rates;
pub use rate::{qr, rate, submit};
pub use stats::stats;

use jiff::Timestamp;
use tongban_kernel::Problem;
use tongban_kernel::lights::Light;
use tongban_kernel::time::date_of;
use tongban_kernel::{calendar, time};
use tongban_web::components::LightTag;

/// 一页有许多张同样的小表单：出错的那张、填了什么。
#[derive(Debug, Clone, Default)]
struct Card {
    id: i64,
    text: String,
    error: String,
}

impl Card {
    /// 出错的是哪张；字段改成那张的，汇总里点得到。
    fn wrong(id: i64, field: &str, text: &str, problem: &Problem) -> (Self, Problem) {
        let name = format!("{field}-{id}");
        let error = problem.errors.first().map_or_else(|| problem.detail.clone(), |error| error.detail.clone());
        (Self { id, text: text.to_owned(), error: error.clone() }, Problem::field(&name, "invalid", error))
    }

    fn text_of(&self, id: &i64) -> &str {
        if self.id == *id { &self.text } else { "" }
    }

    fn error_of(&self, id: &i64) -> &str {
        if self.id == *id { &self.error } else { "" }
    }
}

/// 灯旁的字：“剩 2 天”“超期 1 天”，悬停给截止时刻。
fn light_tag(light: Light, due: Timestamp, now: Timestamp) -> LightTag {
    let days = calendar::current().workdays_between(date_of(now), date_of(due)).unwrap_or(0);
    let text = match light {
        Light::Grey => "已了结".to_owned(),
        Light::Red => match days {
            0 => "今天已超期".to_owned(),
            _ => format!("超期 {} 天", days.abs()),
        },
        Light::Green | Light::Yellow if days == 0 => "今天到期".to_owned(),
        Light::Green | Light::Yellow => format!("剩 {days} 天"),
    };
    LightTag { light, text, title: format!("{} 前", time::show(due)) }
}
