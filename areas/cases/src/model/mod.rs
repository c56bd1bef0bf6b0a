//! 办件的类型与状态机。纯，无输入输出。

mod agency;
mod bundle;
mod case;
mod facts;
mod flow;
mod follow;
mod offer;
mod opinion;
mod state;
mod transitions;

pub use agency::Agency;
pub use bundle::{BundleBody, BundleState, Member, MemberState, Part, overall, ready, stranded};
pub use case::{Applicant, Case, Delivery, FileRef, Material, MaterialStatus, Procedure};
pub use facts::{Columns as FactColumns, Facts};
pub use flow::{Flow, Stage, StageKind, post_of};
pub use follow::{Follow, FollowKind, FollowUp, Later};
pub use opinion::OpinionState;
pub use offer::{Choice, Field, FieldKind, Offer, OfferMaterial, Situation, Variant, holds};
pub use state::{Channel, Outcome, State, Step};
pub use transitions::{Action, TRANSITIONS, Transition, Who, allowed_actions, find, next, refused};
