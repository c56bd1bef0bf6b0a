//! 办件作出准予决定，就下证照订单；决定被撤销，证照跟着撤销。幂等：办件区若已在决定的单元里下过，这里什么都不做。

use std::collections::BTreeMap;

use tongban_contracts::cases::CaseNodeV1;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Actor, Place, Scope};
use tongban_store::{Error, Logged, Reaction, Result, Tx};

use crate::commands::{self, Order};
use crate::model::LicenceAction;
use crate::store::licences;

/// 本区全部反应。
pub const REACTIONS: &[Reaction] = &[
    Reaction::each("credentials.cases", &["cases.decided"], on_decided),
    Reaction::each("credentials.revoked_cases", &["cases.revoked"], on_revoked),
];

/// 决定撤销了，依它出的证照也撤销；已经走到头的不动。
fn on_revoked(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let case: CaseNodeV1 = entry.changed()?;
    let Some(row) = licences::of_case(tx, &case.case_no)?.filter(|row| !row.state.is_final()) else { return Ok(()) };
    let reason = format!("办件 {} 的准予决定已撤销", case.case_no);
    let actor = Actor { tenant: row.place.tenant, scope: Scope::unit(row.place.unit), ..Actor::system() };
    commands::act(tx, &actor, row.id, LicenceAction::Revoke, row.version, &reason, entry.at).map(drop)
}

fn on_decided(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let case: CaseNodeV1 = entry.changed()?;
    let Some(licence) = case.licence.as_deref().filter(|_| case.outcome.as_deref() == Some("granted")) else { return Ok(()) };
    let Some((name, code)) = holder(tx, &case)? else {
        // 窗口代办、没有账号的人：由办件区在决定的单元里带着姓名下单，这里无从知道
        tracing::debug!(case = case.case_no, "申请人不在当事人库，不自动出证");
        return Ok(());
    };
    let order = Order {
        case_id: entry.subject,
        case_no: &case.case_no,
        licence,
        item_code: &case.item_code,
        item_name: &case.item_name,
        place: Place { tenant: case.tenant, unit: case.unit, org: case.org },
        person: case.person,
        legal_entity: case.legal_entity,
        holder_name: &name,
        holder_code: &code,
        legal: case.legal,
        fields: &BTreeMap::new(),
        decided: case.decided_at.map_or(entry.at, from_millis),
    };
    match commands::order(tx, &Actor::system(), &order, entry.at) {
        Ok(_) => Ok(()),
        // 机构没有信用代码一类的缺漏不该堵住别的办件：记下来，证照区补录
        Err(Error::Refused(problem)) => {
            tracing::warn!(case = case.case_no, reason = problem.detail, "办结未能自动出证，请补录");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// 持证主体：法人取名称与信用代码，自然人取姓名与证件号。
fn holder(tx: &mut Tx<'_>, case: &CaseNodeV1) -> Result<Option<(String, String)>> {
    if case.legal_entity != 0 {
        return Ok(tongban_parties::queries::legal_entity(tx, case.legal_entity)?.map(|legal| (legal.name, legal.code)));
    }
    if case.person == 0 || case.legal {
        return Ok(None);
    }
    Ok(tongban_parties::queries::person(tx, case.person)?.map(|person| (person.name, person.id_number)))
}
