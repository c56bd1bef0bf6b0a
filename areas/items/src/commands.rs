//! 唯一的写入口：每条命令锁住记录、核权限与范围、走状态机、写行、记一条日志。

mod bundle;
mod catalogue;
mod draft;
mod exchange;
mod intake;
mod live;
mod pool;
mod settle;

pub use bundle::{Bundle, write_bundle};
pub use catalogue::{CatalogueInput, Imported, import_catalogue};
pub use draft::{
    Publish, abandon_revision, adopt, approve, edit, fire_effect, publish, reject, report, revise, send_back, withdraw_report,
};
pub use exchange::{ItemInput, NewImport, Put, put_catalogue, put_item, start_import, state_code};
pub use intake::{Answer, Correction, PARTS, answer_correction, close_problem, note_miss, submit_correction, submit_wish};
pub use live::{Suspend, cancel, check_guide, resume, suspend};
pub use pool::{
    Implementer, add_item, claim, confirm_decline, decline, fire_claim_overdue, keep_local_codes, pool, refuse_decline, unclaim,
};
pub use settle::{PROVINCE, check};
