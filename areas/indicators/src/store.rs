//! SQL ↔ 类型。本区唯一写 SQL 的地方。

mod figures;
mod tallies;

pub use figures::{
    Current, FigureRow, ReportRow, current_between, current_of_indicator, current_of_org, current_of_tenant, history, insert_report, put_current, report, reports_of,
};
pub use tallies::{
    DAY, DISTINCT, MONTH, PresenceRow, TallyRow, Touched, add_presence, add_tallies, add_tally, clear_touched, compare, distinct_sums, drop_generation, flow_sums, keys_of_generation, lock_state, measures_of, months,
    presence_count, put_presences, set_state, state, stock_sums, touch, touched,
};

/// 本区全部语句，测试在两种引擎上逐条预备。
pub const STATEMENTS: &[&[&str]] = &[tallies::STATEMENTS, figures::STATEMENTS];
