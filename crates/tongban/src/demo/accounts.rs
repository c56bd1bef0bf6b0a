//! 演示账号：每种角色一个工作人员，两位群众；每个单位另有几名没有账号的人员。

use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Serialize;
use tongban_directory::model::{KIND_TOWN, NewPost};
use tongban_directory::queries::{self, Org};
use tongban_directory::commands as directory;
use tongban_kernel::{Actor, Depth, Problem};
use tongban_parties::commands::identity::{InPerson, verify_in_person};
use tongban_parties::model::Registration;
use tongban_parties::{commands as parties, passwords};
use tongban_store::{Database, Tx};

use super::county::{BUREAU, opened};

/// 演示账号共用的口令。
const PASSWORD: &str = "Tongban-2026";

/// 一个演示账号。
#[derive(Debug, Clone, Serialize)]
struct Account {
    role: String,
    title: String,
    login: String,
    password: &'static str,
    name: &'static str,
    org: &'static str,
    entrance: &'static str,
}

/// 姓名、角色代码、岗位名、单位（清单里的短名）、看到哪里。
const STAFF: &[(&str, &str, &str, &str, Depth)] = &[
    ("赵建国", "sys_admin", "系统管理员", BUREAU, Depth::Tenant),
    ("钱红", "bureau_admin", "事项与评价主管", BUREAU, Depth::Tenant),
    ("孙伟", "monitor", "监察岗", BUREAU, Depth::Tenant),
    ("李敏", "window_clerk", "综合窗口 03", BUREAU, Depth::Tenant),
    ("周芳", "delivery_clerk", "统一出件", BUREAU, Depth::Tenant),
    ("吴强", "dept_head", "分管副局长", BUREAU, Depth::Unit),
    ("郑丽", "dept_admin", "政务股长", BUREAU, Depth::Unit),
    ("王磊", "item_editor", "事项员", BUREAU, Depth::Unit),
    ("冯静", "handler", "承办", BUREAU, Depth::Unit),
    ("陈勇", "reviewer", "审核", BUREAU, Depth::Unit),
    ("褚亮", "approver", "批准", BUREAU, Depth::Unit),
    ("卫平", "town_editor", "便民中心主任", "昭化镇", Depth::Unit),
    ("蒋燕", "village_agent", "村代办员", "昭化镇", Depth::Unit),
    ("沈涛", "leader", "分管副区长", BUREAU, Depth::Tenant),
    ("韩梅", "supervision_office", "督查办", BUREAU, Depth::Tenant),
    ("杨帆", "inspector", "督查员", BUREAU, Depth::Tenant),
    ("朱琳", "auditor", "纪检只读", BUREAU, Depth::Tenant),
    ("秦岚", "hotline_caller", "热线回访", BUREAU, Depth::Tenant),
    ("尤佳", "security_admin", "安全管理员", BUREAU, Depth::Tenant),
];

/// 群众：姓名、身份证号（仅满足校验位）、手机号。
const CITIZENS: &[(&str, &str, &str)] =
    &[("王小明", "510811199003070017", "13900000001"), ("李大娘", "510811198512120022", "13900000002")];

/// 每个单位没有账号的人员姓名；最后一位未实名，好让实名率有可改之处。
const OTHERS: [&str; 4] = ["何军", "吕霞", "施展", "张弛"];

/// 行政审批局别的窗口上的人：没有账号，只为各窗口的评价仪有人可评；07 号窗口空着没有定岗。
const CLERKS: [(&str, &str); 5] = [("01", "罗敏"), ("02", "唐静"), ("04", "许强"), ("05", "邓丽"), ("06", "曹亮")];

fn all() -> Vec<Account> {
    let staff = STAFF.iter().map(|(name, role, title, org, _)| Account {
        role: (*role).to_owned(),
        title: (*title).to_owned(),
        login: (*role).to_owned(),
        password: PASSWORD,
        name,
        org,
        entrance: "/desk/login",
    });
    let citizens = CITIZENS.iter().map(|(name, _, mobile)| Account {
        role: "citizen".to_owned(),
        title: "群众".to_owned(),
        login: (*mobile).to_owned(),
        password: PASSWORD,
        name,
        org: "",
        entrance: "/login",
    });
    staff.chain(citizens).collect()
}

/// 建全部演示账号；口令散列只算一次。
///
/// # Errors
/// 引擎拒绝，或角色表里没有这个角色。
pub async fn build(db: &Database) -> Result<()> {
    let hash = passwords::hash(PASSWORD.to_owned()).await?;
    db.write("demo.accounts", move |tx| create(tx, &hash)).await?;
    Ok(())
}

fn create(tx: &mut Tx<'_>, hash: &str) -> tongban_store::Result<()> {
    let (actor, at) = (Actor::system(), opened());
    let orgs: Vec<Org> = queries::all_orgs(tx)?.into_iter().filter(Org::is_unit).collect();
    let find = |short: &str| orgs.iter().find(|org| org.short_name == short).ok_or_else(Problem::not_found);
    for (name, role, title, org, reach) in STAFF {
        let org = find(org)?;
        let staff = directory::add_staff(tx, &actor, org.id, role, name, at)?;
        let window = seat(tx, org, role)?;
        let post = NewPost { staff, org: org.id, role: (*role).to_owned(), title: (*title).to_owned(), window, reach: *reach };
        directory::assign_post(tx, &actor, &post, at)?;
        parties::create_staff_account(tx, &actor, staff, role, hash, 3, at)?;
    }
    for (name, id_number, mobile) in CITIZENS {
        let new = Registration {
            name: (*name).to_owned(),
            id_number: (*id_number).to_owned(),
            mobile: (*mobile).to_owned(),
            password: hash.to_owned(),
        };
        // 自己注册是 2 级，窗口当面核过升 3 级
        parties::register(tx, &new, 2, at)?;
        let seen = InPerson { name: (*name).to_owned(), id_number: (*id_number).to_owned(), evidence: "card".to_owned() };
        verify_in_person(tx, &actor, &seen, at)?;
    }
    for (n, org) in orgs.iter().enumerate().filter(|(_, org)| org.parent != 0) {
        others(tx, &actor, n, org, at)?;
    }
    let bureau = find(BUREAU)?;
    for (number, name) in CLERKS {
        let staff = directory::add_staff(tx, &actor, bureau.id, &format!("ZHC{number}"), name, at)?;
        directory::link_person(tx, &actor, staff, 0, 2, at)?;
        at_window(tx, &actor, bureau, staff, number, at)?;
    }
    Ok(())
}

/// 让一个人坐到某号窗口。
fn at_window(tx: &mut Tx<'_>, actor: &Actor, org: &Org, staff: i64, number: &str, at: Timestamp) -> tongban_store::Result<()> {
    let Some(window) = numbered(tx, org, number)? else { return Ok(()) };
    let post = NewPost { staff, org: org.id, role: "window_clerk".to_owned(), title: format!("综合窗口 {number}"), window: Some(window), reach: Depth::Unit };
    directory::assign_post(tx, actor, &post, at)?;
    Ok(())
}

/// 窗口岗位坐在哪个窗口：综合窗口在 03 号，统一出件在 08 号，乡镇在 01 号；别的岗位不在窗口。
fn seat(tx: &mut Tx<'_>, org: &Org, role: &str) -> tongban_store::Result<Option<i64>> {
    let number = match role {
        "window_clerk" => "03",
        "delivery_clerk" => "08",
        "town_editor" => "01",
        _ => return Ok(None),
    };
    numbered(tx, org, number)
}

fn numbered(tx: &mut Tx<'_>, org: &Org, number: &str) -> tongban_store::Result<Option<i64>> {
    Ok(queries::windows(tx, org.id)?.into_iter().find(|window| window.number == number).map(|window| window.id))
}

/// 行政审批局 03 号窗口还有个 B 班：同一个窗口两个岗位。
fn second_shift(tx: &mut Tx<'_>, actor: &Actor, org: &Org, staff: i64, at: Timestamp) -> tongban_store::Result<()> {
    let window = seat(tx, org, "window_clerk")?;
    let post = NewPost { staff, org: org.id, role: "window_clerk".to_owned(), title: "综合窗口 03（B 班）".to_owned(), window, reach: Depth::Unit };
    directory::assign_post(tx, actor, &post, at)?;
    Ok(())
}

fn others(tx: &mut Tx<'_>, actor: &Actor, n: usize, org: &Org, at: Timestamp) -> tongban_store::Result<()> {
    for (m, name) in OTHERS.iter().enumerate() {
        let staff = directory::add_staff(tx, actor, org.id, &format!("ZH{n:03}{m}"), name, at)?;
        if org.short_name == BUREAU && m == 0 {
            second_shift(tx, actor, org, staff, at)?;
        } else if org.kind == KIND_TOWN {
            // 乡镇两个窗口，昭化镇的 01 号是便民中心主任自己坐
            let number = if m == 0 && org.short_name != "昭化镇" { "01" } else { "02" };
            if m <= 1 && (m == 1 || number == "01") {
                at_window(tx, actor, org, staff, number, at)?;
            }
        }
        // 三分之一的单位还有一人没有实名
        if m + 1 < OTHERS.len() || !n.is_multiple_of(3) {
            directory::link_person(tx, actor, staff, 0, 2, at)?;
        }
    }
    Ok(())
}

/// 打印演示账号，并按需另存成 JSON。
///
/// # Errors
/// 文件写不进。
pub fn show(json: Option<&Path>) -> Result<()> {
    let accounts = all();
    println!("演示账号（口令都是 {PASSWORD}）：");
    for account in &accounts {
        println!("  {:<20} {:<14} {}　{}　入口 {}", account.login, account.title, account.name, account.org, account.entrance);
    }
    if let Some(path) = json {
        std::fs::write(path, serde_json::to_string_pretty(&accounts)?).with_context(|| format!("写 {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::county::TOWNS;
    use tongban_directory::model::built_in_roles;

    #[test]
    fn every_demo_role_exists() {
        let roles = built_in_roles().unwrap();
        for (_, role, ..) in STAFF {
            assert!(roles.iter().any(|known| known.code == *role), "{role}");
        }
        assert!(TOWNS.contains(&"昭化镇"));
    }
}
