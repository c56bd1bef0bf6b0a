//! SM2 数字证书（GB/T 20518，X.509 v3）：解析、签发、信任链、吊销列表。

mod chain;
mod crl;
mod issue;
mod parse;

pub use chain::{CertFault, Revocation, Trust};
pub use crl::{Crl, issue_crl};
pub use issue::{CertRequest, IssueError, Role, issue, issue_root};
pub use parse::{Certificate, KeyUsage, Name};
