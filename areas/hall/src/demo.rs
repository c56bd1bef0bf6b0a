//! 演示：今天大厅里有人在等、有人在办，几个群众约了明天。

use jiff::SignedDuration;
use tongban_directory::queries as directory;
use tongban_kernel::{Actor, time};
use tongban_store::Result;
use tongban_web::Demo;

use crate::commands;
use crate::model::TicketAction;

const MATTERS: &[&str] = &["食品经营许可", "社保关系转移", "不动产登记", "户口迁移", "老年证", "营业执照", "公积金提取", "医保报销", "咨询"];

/// 造当天的排队：办完 6 个，在办一两个，其余在等。
pub fn demo(demo: &mut Demo<'_>) -> Result<()> {
    let now = demo.now;
    demo.runtime.block_on(demo.db.bulk("hall.demo", move |tx| {
        for site in directory::sites(tx)?.into_iter().take(2) {
            let windows: Vec<_> = directory::windows(tx, site.org)?.into_iter().filter(|window| window.site == site.id).collect();
            for (n, matter) in MATTERS.iter().enumerate() {
                let at = now - SignedDuration::from_mins(70 - 6 * i64::try_from(n).unwrap_or(0));
                if time::date_of(at) != time::date_of(now) {
                    continue;
                }
                commands::take(tx, &Actor::system(), site.id, if n % 3 == 2 { "B" } else { "A" }, matter, at)?;
            }
            for (n, window) in windows.iter().take(3).enumerate() {
                let at = now - SignedDuration::from_mins(20);
                let Ok(ticket) = commands::call_next(tx, &Actor::system(), site.id, window.id, "A", at) else { break };
                let action = if n == 0 { TicketAction::Finish } else { TicketAction::Start };
                commands::act(tx, &Actor::system(), ticket.id, ticket.version, action, at + SignedDuration::from_mins(5))?;
            }
        }
        Ok(())
    }))
}
