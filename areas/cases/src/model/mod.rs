//! 办件的类型与状态机。纯，无输入输出。

mod case;
mod facts;
mod offer;
mod state;
mod transitions;

pub use case::{Applicant, Case, Delivery, FileRef, Material, MaterialStatus, Procedure};
pub use facts::Facts;
pub use offer::{Choice, Field, FieldKind, Offer, OfferMaterial, Situation, Variant, holds};
pub use state::{Channel, Outcome, State, Step};
pub use transitions::{Action, TRANSITIONS, Transition, Who, allowed_actions, find, next, refused};
