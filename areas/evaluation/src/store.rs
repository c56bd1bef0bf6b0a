//! SQL ↔ 类型。本区唯一写 SQL 的地方。

mod appraisals;
mod devices;
mod dimensions;
mod drill;
mod evidence;
mod lists;
mod points;
mod ratings;
mod stats;
mod subjects;
mod tasks;

pub use appraisals::{
    Appraisal, Inspection, add_appraisal, add_inspection, appraisals, inspections, lock_appraisal, lock_inspection, open_appraisals, save_inspection,
    settle_appraisal,
};
pub use devices::{
    Binding, Push, add_push, bind, binding, binding_of_device, binding_of_post, binding_seen, bindings_at, end_push_at, end_push_of, extend_push, lock_binding,
    lock_push, mark_terminal, outcomes, pushed, pushes_due, terminal_seen, unbind,
};
pub use dimensions::{add_dimensions, dimension_sums, dimensions_of};
pub use evidence::{EvidenceRow, add_evidence, evidence};
pub use drill::{Drilled, Span, case_records, node_records, rating_records, task_records};
pub use lists::{
    ItemRatings, Listed, PublicRating, Summary, TaskListed, item_ratings, mine, public_ratings, ratings, recent_summary, settled_tasks, tasks_open,
    waiting_reviews,
};
pub use points::{
    Point, add_point, lock_point, points, points_of, put_seat, save_point, scan_points, scan_seats, seat, seats_of,
};
pub use ratings::{
    RatingRow, Recorded, SourceCount, add_record, insert_rating, is_rated, rating, rating_by_no, rating_of, recorded, set_review, set_standing,
    source_count, streak, supersede_default,
};
pub use stats::{By, Counted, grouped, has_cases};
pub use subjects::{
    Invited, Owed, Subject, cancel_invitations, facts, find_case, find_invitation, insert_invitation, insert_subject,
    invitation_of, invitations, lock_subject, mark_defaulted, mark_used, reopen_invitation, save_subject, scan, subject, subject_by_no, subject_ids,
    waiting_default,
};
pub use tasks::{
    StepRow, TaskRow, add_step, bad_recently, clocks_due, hand_up, insert_task, save_task, set_lit, steps, task, task_by_no, task_of_rating,
};

/// 本区全部语句，测试在两种引擎上逐条预备。
pub const STATEMENTS: &[&[&str]] =
    &[subjects::STATEMENTS, ratings::STATEMENTS, tasks::STATEMENTS, lists::STATEMENTS, drill::STATEMENTS, stats::STATEMENTS, appraisals::STATEMENTS, devices::STATEMENTS, dimensions::STATEMENTS, evidence::STATEMENTS, points::STATEMENTS];
