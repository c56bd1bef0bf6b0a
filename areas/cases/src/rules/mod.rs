//! 办件的规则：时钟、文号、特别程序、三岗分离、监察异常、申请内容检查。纯，无输入输出。

pub mod anomalies;
pub mod clocks;
pub mod documents;
pub mod forms;
pub mod notices;
pub mod posts;
pub mod procedures;
pub mod renewals;
pub mod sheets;
