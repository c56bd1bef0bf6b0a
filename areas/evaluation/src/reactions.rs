//! 办件那边走一步，这边发一张邀评。幂等，次序任意：每条日志都带齐办件的样子。

use tongban_contracts::cases::CaseNodeV1;
use tongban_contracts::hall::ServedV1;
use tongban_kernel::Actor;
use tongban_store::{Logged, Reaction, Result, Tx};

use crate::commands;
use crate::model::Node;

/// 本区全部反应。
pub const REACTIONS: &[Reaction] =
    &[
        Reaction::each("evaluation.cases", KINDS, on_case),
        Reaction::each("evaluation.tickets", &["hall.served"], on_ticket),
        Reaction::each("evaluation.points", &["directory.window_created"], on_window),
        Reaction::each("evaluation.seats", SEATS, on_seat),
    ];

/// 岗位、人、评价仪的变动：窗口岗位配没配评价仪要跟着变。
const SEATS: &[&str] = &[
    "directory.post_assigned",
    "directory.post_changed",
    "directory.post_ended",
    "directory.staff_left",
    "directory.staff_returned",
    "evaluation.pad_bound",
    "evaluation.pad_unbound",
];

const KINDS: &[&str] = &[
    "cases.received",
    "cases.accepted",
    "cases.decided",
    "cases.withdrawn",
    "cases.returned",
    "cases.not_accepted",
    "cases.terminated",
    "cases.voided",
];

fn on_case(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let case: CaseNodeV1 = entry.changed()?;
    let actor = Actor::system();
    let (id, at) = (entry.subject, entry.at);
    match entry.kind.as_str() {
        "cases.received" => commands::reach_node(tx, &actor, id, &case, Node::Received, at),
        "cases.accepted" => commands::reach_node(tx, &actor, id, &case, Node::Accepted, at),
        "cases.decided" => commands::reach_node(tx, &actor, id, &case, Node::Decided, at),
        "cases.voided" => commands::void_case(tx, &actor, id, &case, at),
        _ => commands::end_case(tx, &actor, id, &case, at),
    }
}

/// 一个号办完了：没有办件的现场服务也“一次一评”，以号票为键。
fn on_ticket(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let served: ServedV1 = entry.parse()?;
    commands::serve_ticket(tx, &Actor::system(), entry.subject, &served, entry.at)
}

fn on_window(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    commands::points::open(tx, entry.subject, entry.at)
}

/// 绑定、解除里写的岗位。
#[derive(serde::Deserialize)]
struct OfPost {
    post: i64,
}

fn on_seat(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let posts = match entry.kind.as_str() {
        "directory.staff_left" | "directory.staff_returned" => {
            tongban_directory::queries::posts_ever(tx, entry.subject)?.into_iter().map(|post| post.id).collect()
        }
        "evaluation.pad_bound" | "evaluation.pad_unbound" => vec![entry.parse::<OfPost>()?.post],
        _ => vec![entry.subject],
    };
    posts.into_iter().try_for_each(|post| commands::points::seat(tx, post, entry.at))
}
