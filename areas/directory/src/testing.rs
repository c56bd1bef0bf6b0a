//! 测试用：昭化区的区划与一个配置都填对的机构。

use tongban_kernel::Actor;
use tongban_store::{Result, Tx};

use crate::commands;
use crate::model::NewOrg;
use crate::queries::Division;

/// 登记昭化区。
///
/// # Errors
/// 引擎拒绝。
pub fn division(tx: &mut Tx<'_>, actor: &Actor) -> Result<()> {
    let division = Division {
        code: "510811000000".into(),
        name: "昭化区".into(),
        level: 3,
        parent: "510800000000".into(),
        kind: "statutory".into(),
        successor: String::new(),
    };
    commands::put_division(tx, actor, &division, "测试")
}

/// 昭化区的一个机构，电话、地址、办公时间都齐。
#[must_use]
pub fn org(parent: i64, name: &str, code: &str, kind: i64) -> NewOrg {
    NewOrg {
        parent,
        name: name.into(),
        short_name: name.trim_start_matches("广元市昭化").into(),
        kind,
        code: code.into(),
        division: "510811000000".into(),
        phone: "0839-8721001".into(),
        complaint_phone: "12345".into(),
        address: "元坝镇京兆路 1 号".into(),
        hours: "周一至周五 9:00—17:00".into(),
        ..NewOrg::default()
    }
}
