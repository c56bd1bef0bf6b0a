//! 演示县区的机构：区本级、行政审批局、各部门、12 镇与撤并服务点、服务点与窗口。
//!
//! 名称取自真实区划；信用代码是规格给的虚构码，电话是虚构的 0839 号段。

use jiff::Timestamp;
use jiff::civil::date;
use tongban_directory::commands;
use tongban_directory::import;
use tongban_directory::model::{KIND_TOWN, NewOrg, Site, Window};
use tongban_directory::queries;
use tongban_kernel::codes::{Uscc, org_code_checksum};
use tongban_kernel::time::instant;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Database, Result, Tx};

/// 昭化区本级。
pub const COUNTY: &str = "广元市昭化区";
const DIVISION: &str = "510811000000";
const HOURS: &str = "周一至周五 9:00—12:00，13:30—17:30";
/// 行政审批局在事项清单里的名字。
pub const BUREAU: &str = "区行政审批局";

/// 12 镇。
pub const TOWNS: [&str; 12] =
    ["元坝镇", "卫子镇", "王家镇", "磨滩镇", "柏林沟镇", "太公镇", "虎跳镇", "红岩镇", "昭化镇", "青牛镇", "射箭镇", "清水镇"];

/// 事项清单里出现的部门，行政审批局另建。
const DEPARTMENTS: [&str; 32] = [
    "区人社局", "区交通运输局", "区税务局", "区住建局", "区自然资源和规划局", "区公安分局", "区医疗保障局", "区文广旅局", "区教科体局",
    "区农业农村局", "区司法局", "区卫健局", "区民政局", "区市监局", "区林业局", "区生态环境局", "区残联", "区水务局", "区应急管理局",
    "区政府办", "区烟草专卖局", "区退役军人事务局", "区气象局", "区财政局", "区委办", "区综合执法局", "区发改局", "区公管办", "区委统战部",
    "区商务局", "区统计局", "区经信局",
];

/// 演示县区开始运行的时刻：机构与事项都从这天起。
#[must_use]
pub fn opened() -> Timestamp {
    instant(date(2025, 1, 2), 9, 0)
}

fn phone(n: usize) -> String {
    format!("0839-872{:04}", 1000 + n)
}

/// 第 `n` 个虚构的机关信用代码，两层校验位都对；不得当成真实机构。
fn fictional_code(n: usize) -> String {
    let body = format!("MB{n:06}");
    let inner = "0123456789X".chars().map(|c| format!("{body}{c}")).find(|code| org_code_checksum(code)).unwrap_or_default();
    "0123456789ABCDEFGHJKLMNPQRTUWXY"
        .chars()
        .map(|c| format!("11510811{inner}{c}"))
        .find(|code| Uscc::parse(code).is_ok())
        .unwrap_or_default()
}

fn department(parent: i64, name: &str, n: usize) -> NewOrg {
    let bare = name.trim_start_matches('区');
    let prefix: String = bare.chars().take(1).collect();
    NewOrg {
        parent,
        name: format!("{COUNTY}{bare}"),
        short_name: name.to_owned(),
        code: fictional_code(n + 100),
        kind: if matches!(name, "区委办" | "区委统战部") { 1 } else { 2 },
        division: DIVISION.to_owned(),
        doc_prefix: if name == BUREAU { "广昭审".to_owned() } else { format!("广昭{prefix}") },
        phone: phone(n),
        complaint_phone: "12345".to_owned(),
        address: "昭化区元坝镇政务路 1 号".to_owned(),
        hours: HOURS.to_owned(),
        ..NewOrg::default()
    }
}

/// 建好区本级、行政审批局、各部门、乡镇、撤并服务点、服务点与窗口。///
/// # Errors
/// 引擎拒绝。
pub async fn build(db: &Database) -> Result<()> {
    let abolished: Vec<(String, String, String)> = import::divisions()?
        .into_iter()
        .filter(|d| d.kind == "abolished" && d.parent == DIVISION)
        .map(|d| (d.code, d.name, d.successor))
        .collect();
    db.write("demo.county", move |tx| county(tx, &abolished)).await
}

fn county(tx: &mut Tx<'_>, abolished: &[(String, String, String)]) -> Result<()> {
    let (actor, at) = (Actor::system(), opened());
    if !queries::tenants(tx)?.is_empty() {
        return Ok(());
    }
    let root = NewOrg { name: COUNTY.to_owned(), short_name: "昭化区".to_owned(), division: DIVISION.to_owned(), ..NewOrg::default() };
    let tenant = commands::create_org(tx, &actor, &root, at)?;
    let bureau = commands::create_org(tx, &actor, &NewOrg { code: "11510811MB0000027M".to_owned(), ..department(tenant, BUREAU, 0) }, at)?;
    hall(tx, &actor, bureau, "昭化区政务服务中心", "昭化区元坝镇政务路 1 号", 8, at)?;
    for (n, name) in DEPARTMENTS.iter().enumerate() {
        commands::create_org(tx, &actor, &department(tenant, name, n + 1), at)?;
    }
    commands::create_org(tx, &actor, &department(tenant, "区消防大队", DEPARTMENTS.len() + 1), at)?;
    let divisions = queries::divisions(tx, DIVISION, "", 100)?;
    for (n, name) in TOWNS.iter().enumerate() {
        let code = divisions.iter().find(|d| d.name == *name).map_or(DIVISION, |d| d.code.as_str());
        let town = NewOrg {
            name: format!("{COUNTY}{name}人民政府"),
            short_name: (*name).to_owned(),
            kind: KIND_TOWN,
            division: code.to_owned(),
            doc_prefix: format!("广昭{}", name.trim_end_matches('镇')),
            code: fictional_code(n + 500),
            phone: phone(100 + n),
            address: format!("{name}政府驻地"),
            ..department(tenant, name, n)
        };
        let town = commands::create_org(tx, &actor, &town, at)?;
        hall(tx, &actor, town, &format!("{name}便民服务中心"), &format!("{name}政府驻地"), 2, at)?;
        for (old, name, _) in abolished.iter().filter(|(_, _, successor)| successor == code) {
            commands::keep_legacy_town(tx, &actor, town, name, old, at)?;
        }
    }
    Ok(())
}

fn hall(tx: &mut Tx<'_>, actor: &Actor, org: i64, name: &str, address: &str, windows: u32, at: Timestamp) -> Result<()> {
    let owner = queries::org(tx, org)?.ok_or_else(Problem::not_found)?;
    let site = Site {
        id: 0,
        org,
        name: name.to_owned(),
        address: address.to_owned(),
        phone: owner.phone.clone(),
        hours: HOURS.to_owned(),
        note: "综合窗口都能办，取号后按顺序叫号".to_owned(),
        division: owner.division,
    };
    let site = commands::create_site(tx, actor, &site, at)?;
    for n in 1..=windows {
        let window = Window { id: 0, org, site, number: format!("{n:02}"), name: format!("综合窗口 {n:02}"), comprehensive: true };
        commands::create_window(tx, actor, &window, at)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fictional_codes_are_valid_and_distinct() {
        let codes: std::collections::BTreeSet<String> = (0..600).map(fictional_code).collect();
        assert_eq!(codes.len(), 600);
        assert!(codes.iter().all(|code| Uscc::parse(code).is_ok_and(|code| code.inner_checksum_holds())));
    }
}
