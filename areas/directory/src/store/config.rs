//! 基础信息配置核对台账。

use tongban_kernel::problem::Problem;
use tongban_store::{Result, Row, Tx, args};

use crate::config::{Class, Config, ConfigFacts};
use crate::model::{NewOrg, Org};

const ADD: &str = "INSERT INTO directory_configs (id, tenant, unit, org, class, faults, doubt, checked, facts, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)";
const SAVE: &str = "UPDATE directory_configs SET faults = $1, doubt = $2, checked = $3, facts = $4, version = version + 1 \
     WHERE id = $5 AND version = $6";
const OF_CLASS: &str = "SELECT id, tenant, unit, org, class, faults, doubt, checked, facts, version FROM directory_configs \
     WHERE org = $1 AND class = $2";
const OF_ORG: &str = "SELECT id, tenant, unit, org, class, faults, doubt, checked, facts, version FROM directory_configs \
     WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3";
const AFTER: &str = "SELECT id, tenant, unit, org, class, faults, doubt, checked, facts, version FROM directory_configs \
     WHERE id > $1 ORDER BY id LIMIT $2";
const EDIT_ORG: &str = "UPDATE directory_orgs SET name = $1, short_name = $2, code = $3, division = $4, phone = $5, complaint_phone = $6, \
     address = $7, hours = $8, version = version + 1 WHERE id = $9 AND version = $10";

pub const STATEMENTS: &[&str] = &[ADD, SAVE, OF_CLASS, OF_ORG, AFTER, EDIT_ORG];

fn config(r: &Row<'_>) -> Result<Config> {
    let class: String = r.get(4)?;
    Ok(Config {
        id: r.get(0)?,
        tenant: r.get(1)?,
        unit: r.get(2)?,
        org: r.get(3)?,
        class: Class::parse(&class).ok_or_else(|| Problem::conflict(format!("不认识的配置类 {class}")))?,
        faults: r.get(5)?,
        doubt: r.get(6)?,
        checked: r.get(7)?,
        facts: serde_json::from_str::<ConfigFacts>(&r.get::<String>(8)?)?,
        version: r.get(9)?,
    })
}

pub(crate) fn add_config(tx: &mut Tx<'_>, row: &Config) -> Result<()> {
    let facts = serde_json::to_string(&row.facts)?;
    tx.exec(ADD, args![row.id, row.tenant, row.unit, row.org, row.class.as_str(), &row.faults, &row.doubt, row.checked, &facts])?;
    Ok(())
}

pub(crate) fn save_config(tx: &mut Tx<'_>, row: &Config) -> Result<bool> {
    let facts = serde_json::to_string(&row.facts)?;
    Ok(tx.exec(SAVE, args![&row.faults, &row.doubt, row.checked, &facts, row.id, row.version])? == 1)
}

pub(crate) fn lock_config(tx: &mut Tx<'_>, org: i64, class: Class) -> Result<Option<Config>> {
    tx.lock(OF_CLASS, args![org, class.as_str()], config)
}

pub(crate) fn configs_of(tx: &mut Tx<'_>, org: i64, after: i64, limit: i64) -> Result<Vec<Config>> {
    tx.rows(OF_ORG, args![org, after, limit], config)
}

pub(crate) fn configs_after(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Config>> {
    tx.rows(AFTER, args![after, limit], config)
}

/// 改一个机构的基础信息；版本不符回答假。
pub(crate) fn edit_org(tx: &mut Tx<'_>, org: &Org, new: &NewOrg) -> Result<bool> {
    let changed = tx.exec(
        EDIT_ORG,
        args![
            &new.name, &new.short_name, &new.code, &new.division, &new.phone, &new.complaint_phone, &new.address, &new.hours, org.id,
            org.version,
        ],
    )?;
    Ok(changed == 1)
}
