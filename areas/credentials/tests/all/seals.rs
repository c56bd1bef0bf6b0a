//! 印章：申请到注销、双人、范围、重复、催办、省表核对、用印失败有记录。

use tongban_credentials::commands::{self, ProvinceRow, SealStep};
use tongban_credentials::model::{SealAction, SealState};
use tongban_credentials::permissions::{SEAL_APPLY, SEAL_READ};
use tongban_credentials::store::{grants, kinds, seals};
use tongban_kernel::{Actor, Code, Scope};

use crate::support::{homes, now, refused, staff};

#[tokio::test]
async fn the_town_seal_walks_the_whole_way_and_stops_working_when_suspended() {
    for home in homes().await {
        let id = home.seal(home.town, "食品经营许可证").await;
        let boss = home.boss(1);
        home.app
            .app
            .db()
            .write("test.suspend", move |tx| {
                let row = seals::find(tx, id)?.unwrap();
                assert_eq!(row.state, SealState::Active);
                assert!(row.town && row.es_id == "51081100000001" && row.applied_day > 0 && row.active_day > 0);
                assert!(commands::usable(tx, row.place.unit, now()).is_ok());
                let no_reason = commands::step(tx, &boss, id, &SealStep { action: Some(SealAction::Suspend), version: row.version, ..SealStep::default() }, now());
                assert_eq!(refused(no_reason).code, Code::ValidationFailed);
                let stale = commands::step(tx, &boss, id, &SealStep { action: Some(SealAction::Suspend), version: 1, reason: "遗失".into(), ..SealStep::default() }, now());
                assert_eq!(refused(stale).code, Code::PreconditionFailed);
                let step = SealStep { action: Some(SealAction::Suspend), version: row.version, reason: "保管人离岗".into(), ..SealStep::default() };
                assert_eq!(commands::step(tx, &boss, id, &step, now())?, SealState::Suspended);
                assert_eq!(refused(commands::usable(tx, row.place.unit, now())).code, Code::InvalidState);
                let row = seals::find(tx, id)?.unwrap();
                let step = SealStep { action: Some(SealAction::Cancel), version: row.version, reason: "更名".into(), ..SealStep::default() };
                commands::step(tx, &boss, id, &step, now())?;
                let row = seals::find(tx, id)?.unwrap();
                assert_eq!((row.legal_org, row.made_day, row.active_day), (None, 0, 0), "注销之后可以另申请，也不再计数");
                assert_eq!(refused(commands::step(tx, &boss, id, &SealStep { action: Some(SealAction::Resume), version: row.version, ..SealStep::default() }, now())).code, Code::InvalidState);
                Ok(())
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_applicant_cannot_approve_and_others_cannot_see() {
    for home in homes().await {
        let (tenant, bureau, town, boss) = (home.tenant, home.bureau, home.town, home.boss(1));
        home.app
            .app
            .db()
            .write("test.two", move |tx| {
                commands::sync(tx, &Actor::system(), tenant, now())?;
                assert_eq!(commands::sync(tx, &Actor::system(), tenant, now())?, 0, "核对两次不重复建");
                let id = seals::of_org(tx, town)?.unwrap().id;
                let mut version = 1;
                let mut go = |tx: &mut tongban_store::Tx<'_>, who: &Actor, action| {
                    let step = SealStep { action: Some(action), version, scope: "文书".into(), keeper: "张三".into(), ..SealStep::default() };
                    let result = commands::step(tx, who, id, &step, now());
                    version += i64::from(result.is_ok());
                    result
                };
                let outsider = staff(9, "外单位", bureau, tenant, &[SEAL_APPLY, SEAL_READ]);
                assert_eq!(refused(go(tx, &outsider, SealAction::Draft)).code, Code::NotFound, "范围外与不存在一样");
                let reader = staff(8, "只读", town, tenant, &[SEAL_READ]);
                assert_eq!(refused(go(tx, &reader, SealAction::Draft)).code, Code::Forbidden);
                go(tx, &boss, SealAction::Draft)?;
                go(tx, &boss, SealAction::Submit)?;
                assert_eq!(refused(go(tx, &boss, SealAction::Approve)).code, Code::Forbidden, "申请人不能自己审");
                let apply = commands::Apply { org: town, kind: 1, scope: "x".into(), keeper: "y".into(), ..commands::Apply::default() };
                assert_eq!(refused(commands::apply(tx, &boss, &apply, now())).code, Code::Duplicate, "一单位一枚法定名称章");
                Ok(())
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn reminding_marks_each_waiting_unit_once_and_the_province_table_is_compared() {
    for home in homes().await {
        let (tenant, town, boss) = (home.tenant, home.town, home.boss(1));
        home.app
            .app
            .db()
            .write("test.remind", move |tx| {
                commands::sync(tx, &Actor::system(), tenant, now())?;
                assert_eq!(commands::remind(tx, &boss, now())?, 2);
                assert_eq!(commands::remind(tx, &boss, now())?, 0, "不重复催");
                let row = |row, name: &str, made| ProvinceRow { row, name: name.into(), made, note: String::new() };
                let rows = [row(2, "元坝镇人民政府", false), row(3, "不认识的局", true)];
                assert_eq!(commands::import_province(tx, &boss, &rows, now())?, (2, 1));
                assert_eq!(commands::import_province(tx, &boss, &rows[..1], now())?, (1, 0), "再导入替换上一份");
                let found = kinds::province(tx, tenant)?;
                assert_eq!((found.len(), found[0].org), (1, town));
                Ok(())
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_grant_for_the_machine_must_be_narrow_and_runs_out() {
    for home in homes().await {
        let id = home.seal(home.bureau, "食品经营许可证").await;
        let boss = home.boss(1);
        home.app
            .app
            .db()
            .write("test.grant", move |tx| {
                let version = seals::find(tx, id)?.unwrap().version;
                let wide = commands::Authorize { version, staff_name: "系统".into(), ..commands::Authorize::default() };
                assert_eq!(refused(commands::authorize(tx, &boss, id, &wide, now())).code, Code::ValidationFailed);
                let grant = &grants::of_seal(tx, id)?[0];
                assert!(grant.covers(0, "食品经营许可证", now()) && !grant.covers(0, "营业执照", now()) && !grant.covers(7, "食品经营许可证", now()));
                commands::revoke_grant(tx, &boss, id, grant.id, now())?;
                assert!(!grants::of_seal(tx, id)?[0].covers(0, "食品经营许可证", now()));
                let outsider = Actor { scope: Scope::unit(1), ..boss.clone() };
                assert_eq!(refused(commands::revoke_grant(tx, &outsider, id, grant.id, now())).code, Code::NotFound);
                Ok(())
            })
            .await
            .unwrap();
    }
}
