//! `tongban token`、`tongban user`

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use tongban_directory::model::{self, Appointment, FOREVER, NewPost, NewStaff};
use tongban_directory::{commands as directory, queries as directory_queries};
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Depth, Problem};
use tongban_parties::commands::staff::NewAccount;
use tongban_parties::{commands as parties, identify::hash_token, passwords, rules};
use tongban_store::Tx;

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

/// 要开的账号。
#[derive(Debug, Clone)]
pub struct Add {
    pub name: String,
    pub login: String,
    /// 单位全称。
    pub org: String,
    /// 角色代码。
    pub role: String,
    pub real_level: i64,
}

/// 开账号：登记、任职、开账号与浏览器里是同样的命令；口令是本人的，不必再改。
///
/// # Errors
/// 单位或角色不存在、口令太弱、工号已占用。
pub async fn add(settings: &Settings, add: &Add) -> Result<()> {
    let db = house::database(settings).await?;
    house::migrate(&db).await?;
    let hash = passwords::hash_now(&read_password()?)?;
    let add = add.clone();
    db.write("parties.add_staff", move |tx| register(tx, &add, &hash)).await.map_err(said)?;
    println!("账号已开");
    Ok(())
}

fn register(tx: &mut Tx<'_>, add: &Add, hash: &str) -> tongban_store::Result<()> {
    let (actor, at) = (Actor::system(), Timestamp::now());
    let found = directory_queries::all_orgs(tx)?.into_iter().find(|known| known.name == add.org);
    let org = found.ok_or_else(|| Problem::conflict(format!("没有叫“{}”的单位，请写全称", add.org)))?;
    let day = day_number(date_of(at));
    let new = NewStaff { org: org.id, code: add.login.clone(), name: add.name.clone(), joined_day: day, real_level: add.real_level };
    let staff = directory::register_staff(tx, &actor, &new, at)?;
    let reach = model::role(&add.role).map_or(Depth::Unit, |role| role.reach);
    let post = NewPost { staff, org: org.id, role: add.role.clone(), title: String::new(), window: None, reach };
    directory::appoint(tx, &actor, &Appointment { post, from_day: day, to_day: FOREVER, backup: None }, at)?;
    let account = NewAccount { staff, login: &add.login, hash, must_change: false };
    tongban_parties::commands::staff::open_account(tx, &actor, &account, at)?;
    Ok(())
}

/// 拒绝时把每一处都说出来。
fn said(error: tongban_store::Error) -> anyhow::Error {
    match error.problem().filter(|problem| !problem.errors.is_empty()) {
        Some(problem) => anyhow::anyhow!(problem.errors.iter().map(|error| error.detail.clone()).collect::<Vec<_>>().join("；")),
        None => error.into(),
    }
}
