//! 日志里做事的人写给人看：工作人员写姓名、登录名、岗位与单位，群众只写脱敏的姓名，对接系统写它的名称。

use std::collections::BTreeSet;

use tongban_directory::queries as directory;
use tongban_store::{Result, Tx};
use tongban_web::{Doer, People};

use crate::commands::normal_login;
use crate::model::AccountKind;
use crate::store::{self, doers};

/// 审计页用的。
pub const PEOPLE: People = People { names, find };

fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    ids.filter(|id| *id != 0).collect::<BTreeSet<_>>().into_iter().collect()
}

fn names(tx: &mut Tx<'_>, pairs: &[(i64, i64)]) -> Result<Vec<Doer>> {
    let ids = distinct(pairs.iter().map(|(account, _)| *account));
    let accounts = doers::accounts(tx, &ids)?;
    let rest: Vec<i64> = ids.into_iter().filter(|id| !accounts.contains_key(id)).collect();
    let tokens = doers::tokens(tx, &rest)?;
    let staff = directory::staff_names(tx, &distinct(accounts.values().map(|known| known.staff)))?;
    let posts = directory::post_names(tx, &distinct(pairs.iter().map(|(_, post)| *post)))?;
    let doer = |(account, post): &(i64, i64)| {
        if *account == 0 {
            return Doer { name: "系统".to_owned(), ..Doer::default() };
        }
        let Some(known) = accounts.get(account) else {
            let name = tokens.get(account).map_or_else(|| format!("账号 {account}（已不在）"), |name| format!("{name}（对接系统）"));
            return Doer { name, ..Doer::default() };
        };
        let Some((name, unit)) = staff.get(&known.staff) else {
            let name = if known.citizen.is_empty() { format!("账号 {account}") } else { format!("{}（群众）", known.citizen) };
            return Doer { name, ..Doer::default() };
        };
        // 当时的岗位在哪个单位就写哪个单位
        let (post, unit) = posts.get(post).cloned().unwrap_or_else(|| (String::new(), unit.clone()));
        Doer { name: name.clone(), login: known.login.clone(), unit, post }
    };
    Ok(pairs.iter().map(doer).collect())
}

fn find(tx: &mut Tx<'_>, tenant: i64, text: &str) -> Result<Vec<i64>> {
    let named = directory::staff_named(tx, tenant, text)?;
    let mut found = doers::accounts_of(tx, &named)?;
    found.extend(doers::tokens_named(tx, tenant, text)?);
    // 登录名只认工作人员的：群众的登录名是手机号、证件号，不拿来查
    if let Some(account) = store::account_for_login(tx, &normal_login(text))?.filter(|account| account.kind == AccountKind::Staff)
        && directory::staff(tx, account.staff)?.is_some_and(|staff| staff.tenant == tenant)
    {
        found.push(account.id);
    }
    Ok(found)
}
