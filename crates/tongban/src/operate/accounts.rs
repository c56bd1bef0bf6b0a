//! `tongban token`、`tongban user`

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use tongban_directory::model::NewPost;
use tongban_directory::{commands as directory, queries as directory_queries};
use tongban_kernel::{Actor, Depth, Problem};
use tongban_parties::{commands as parties, identify::hash_token, passwords, rules};

use crate::config::Settings;
use crate::house;

/// 发凭证。
///
/// # Errors
/// 数据库打不开，或还没有县区。
pub async fn token(settings: &Settings, name: &str, scopes: &[String], days: i64) -> Result<()> {
    let db = house::database(settings).await?;
    house::migrate(&db).await?;
    let token = format!("tb_{}", tongban_web::guard::random_hex(24));
    let (hash, name, scopes) = (hash_token(&token), name.to_owned(), scopes.join(" "));
    let life = SignedDuration::from_hours(24 * days.clamp(1, 3650));
    db.write("parties.create_token", move |tx| {
        let tenant = directory_queries::tenants(tx)?.first().map(|org| org.id).ok_or_else(|| Problem::conflict("还没有县区，请先建机构"))?;
        let new = parties::NewToken { name: &name, scopes: &scopes, tenant, life };
        parties::create_token(tx, &Actor::system(), &hash, &new, Timestamp::now())
    })
    .await?;
    println!("{token}");
    eprintln!("请现在就保存，以后不再显示。用法：Authorization: Bearer {token}");
    Ok(())
}

fn read_password() -> Result<String> {
    eprintln!("请输入口令，回车结束：");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("读口令")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if let Err(reason) = rules::check_password(&password) {
        bail!("{reason}");
    }
    Ok(password)
}

/// 重置口令。
///
/// # Errors
/// 口令太弱、账号不存在。
pub async fn reset(settings: &Settings, login: &str) -> Result<()> {
    let db = house::database(settings).await?;
    house::migrate(&db).await?;
    let hash = passwords::hash_now(&read_password()?)?;
    let login = login.to_owned();
    db.write("parties.reset_password", move |tx| parties::reset_password(tx, &Actor::system(), &login, &hash, Timestamp::now())).await?;
    println!("口令已重置");
    Ok(())
}

/// 开账号。
///
/// # Errors
/// 单位或角色不存在、口令太弱、工号已占用。
pub async fn add(settings: &Settings, name: &str, login: &str, org: &str, role: &str) -> Result<()> {
    let db = house::database(settings).await?;
    house::migrate(&db).await?;
    let hash = passwords::hash_now(&read_password()?)?;
    let (name, login, org, role) = (name.to_owned(), login.to_owned(), org.to_owned(), role.to_owned());
    let reach = tongban_directory::model::built_in_roles()?.iter().find(|known| known.code == role).map_or(Depth::Unit, |known| known.reach);
    db.write("parties.add_staff", move |tx| {
        let (actor, at) = (Actor::system(), Timestamp::now());
        let found = directory_queries::all_orgs(tx)?.into_iter().find(|known| known.name == org);
        let org = found.ok_or_else(|| Problem::conflict(format!("没有叫“{org}”的单位，请写全称")))?;
        let staff = directory::add_staff(tx, &actor, org.id, &login, &name, at)?;
        let post = NewPost { staff, org: org.id, role: role.clone(), title: role.clone(), window: None, reach };
        directory::assign_post(tx, &actor, &post, at)?;
        parties::create_staff_account(tx, &actor, staff, &login, &hash, 0, at)
    })
    .await?;
    println!("账号已开");
    Ok(())
}
