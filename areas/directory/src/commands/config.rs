//! 基础信息配置的核对与改正（accounts §4.3）。

use jiff::Timestamp;
use tongban_kernel::codes::Uscc;
use tongban_kernel::problem::Checks;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

use super::{entry, owned};
use crate::MANAGE;
use crate::config::{Around, Class, Config, ConfigFacts, faults};
use crate::model::{NewOrg, Org};
use crate::store;

/// 核对意见最多多少字。
const DOUBT_LIMIT: usize = 500;

fn machine(tx: &mut Tx<'_>, org: &Org, class: Class) -> Result<String> {
    let parent = if org.parent == 0 { None } else { store::org(tx, org.parent)? };
    let division = store::division(tx, &org.division)?;
    Ok(faults(class, org, Around { parent: parent.as_ref(), division: division.as_ref() }).join("\n"))
}

/// 新机构的三项配置进台账，规则当场看一遍。
pub(super) fn open_configs(tx: &mut Tx<'_>, actor: &Actor, org: &Org, at: Timestamp) -> Result<()> {
    let day = day_number(date_of(at));
    for class in Class::ALL {
        let mut row = Config {
            id: tx.new_id(),
            tenant: org.tenant,
            unit: org.unit,
            org: org.id,
            class,
            faults: machine(tx, org, class)?,
            doubt: String::new(),
            checked: 0,
            facts: ConfigFacts { org: org.id, from: day, right: Vec::new() },
            version: 1,
        };
        row.facts = row.facts.after(row.is_right(), day);
        store::add_config(tx, &row)?;
        tx.journal_facts(entry("configs.opened", row.id, 1, org.tenant, actor, at), None, Some(&row.facts))?;
    }
    Ok(())
}

fn settle(tx: &mut Tx<'_>, actor: &Actor, mut row: Config, org: &Org, at: Timestamp) -> Result<Config> {
    let before = row.facts.clone();
    row.faults = machine(tx, org, row.class)?;
    row.facts = before.after(row.is_right(), day_number(date_of(at)));
    if !store::save_config(tx, &row)? {
        return Err(Problem::stale(row.version).into());
    }
    row.version += 1;
    tx.journal_facts(entry("configs.checked", row.id, row.version, row.tenant, actor, at), Some(&before), Some(&row.facts))?;
    Ok(row)
}

/// 人核对一项：`doubt` 写哪里不符，一行一处；空着是核对无误。规则还查得出不符的不能记成无误。
///
/// # Errors
/// 没有权限、范围外、没有这一项、写得太长、规则查得出不符。
pub fn record_config(tx: &mut Tx<'_>, actor: &Actor, org: i64, class: Class, doubt: &str, at: Timestamp) -> Result<Config> {
    let org = owned(tx, actor, org)?;
    let mut row = store::lock_config(tx, org.id, class)?.ok_or_else(Problem::not_found)?;
    let doubt = doubt.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let field = format!("doubt_{}", class.as_str());
    if doubt.chars().count() > DOUBT_LIMIT {
        return Err(Problem::field(&field, "length", format!("最多写 {DOUBT_LIMIT} 个字")).into());
    }
    let found = machine(tx, &org, class)?;
    if doubt.is_empty() && !found.is_empty() {
        let found = found.replace('\n', "；");
        return Err(Problem::field(&field, "faults", format!("还有不符的，请先改：{found}")).into());
    }
    row.doubt = doubt;
    row.checked = day_number(date_of(at));
    settle(tx, actor, row, &org, at)
}

/// 别的各项最多多少字：内容对不对由三项核对去看，太长的收不下。
fn check_lengths(new: &NewOrg, checks: &mut Checks) {
    let limits = [
        ("short_name", &new.short_name, 50),
        ("division", &new.division, 12),
        ("phone", &new.phone, 50),
        ("complaint_phone", &new.complaint_phone, 50),
        ("address", &new.address, 200),
        ("hours", &new.hours, 200),
    ];
    for (field, text, most) in limits {
        checks.ensure(text.chars().count() <= most, field, "length", format!("最多 {most} 个字"));
    }
}

/// 改一个机构的名称、代码、区划与服务信息；三项配置随之重新看一遍，人指出过的要人再核对。
///
/// # Errors
/// 没有权限、范围外、版本不符、名称或信用代码不对、与别的机构同名。
pub fn edit_org(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, new: &NewOrg, at: Timestamp) -> Result<()> {
    actor.require(MANAGE)?;
    let before = owned(tx, actor, id)?;
    if before.version != version {
        return Err(Problem::stale(before.version).into());
    }
    let mut checks = Checks::new();
    checks.ensure((2..=100).contains(&new.name.chars().count()), "name", "length", "机构名称要写全称，2–100 个字");
    if !new.code.is_empty() {
        checks.take("code", Uscc::parse(&new.code));
    }
    check_lengths(new, &mut checks);
    let same = store::org_named(tx, before.tenant, &new.name)?.is_some_and(|other| other.id != id);
    checks.ensure(!same, "name", "taken", "县区里已经有这个名称的机构");
    checks.finish()?;
    if !store::edit_org(tx, &before, new)? {
        return Err(Problem::stale(before.version).into());
    }
    let org = store::org(tx, id)?.ok_or_else(Problem::not_found)?;
    tx.journal(entry("directory.org_edited", id, org.version, org.tenant, actor, at))?;
    for class in Class::ALL {
        match store::lock_config(tx, id, class)? {
            Some(row) => {
                settle(tx, actor, row, &org, at)?;
            }
            None => return open_configs(tx, actor, &org, at),
        }
    }
    Ok(())
}
