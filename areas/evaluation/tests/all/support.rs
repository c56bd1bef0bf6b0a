//! 测试共用：假的办件日志、各种人、建库。

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tongban_contracts::cases::CaseNodeV1;
use tongban_evaluation::commands::{self, From};
use tongban_evaluation::model::EvalChannel;
use tongban_evaluation::rules::Draft;
use tongban_evaluation::{area, store};
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_store::testing::TestDb;
use tongban_store::{Database, Engine, Entry, Result, Tx, react};

pub const TENANT: i64 = 1;
pub const UNIT: i64 = 10;
pub const ORG: i64 = 100;

/// 周一上午十点。
pub fn start() -> Timestamp {
    "2026-03-02T02:00:00Z".parse().unwrap()
}

pub fn later(days: i64) -> Timestamp {
    start() + SignedDuration::from_hours(24 * days)
}

pub async fn open(engine: Engine) -> TestDb {
    let migrations = tongban_web::App::migrations(&[tongban_directory::area(), tongban_parties::area(), tongban_messages::area(), tongban_items::area(), area()]);
    TestDb::open(engine, &migrations).await.unwrap()
}

pub fn header(number: i64) -> CaseNodeV1 {
    CaseNodeV1 {
        case_no: format!("510811-20260302-{number:06}"),
        item_code: "511Y00000000000000000000000000001".to_owned(),
        item_name: "食品经营许可（新办）".to_owned(),
        region: "510811000000".to_owned(),
        tenant: TENANT,
        unit: UNIT,
        org: ORG,
        org_name: "昭化区市场监督管理局".to_owned(),
        person: 7000 + number,
        window: 3,
        staff: 55,
        staff_code: "011".to_owned(),
        ..CaseNodeV1::default()
    }
}

/// 办件区记一条日志。
pub fn case_entry(tx: &mut Tx<'_>, kind: &str, number: i64, rev: i64, at: Timestamp) -> Result<()> {
    let body = serde_json::to_string(&header(number))?;
    let actor = Actor::system();
    tx.journal_facts::<i64>(Entry { kind, subject: 900_000 + number, rev, at, actor: &actor, tenant: TENANT, body: &body }, None, None)
}

/// 让反应读完日志。
pub async fn settle(db: &Database) {
    while react::step(db, area().reactions).await.unwrap() > 0 {}
}

/// 一个走完三步的办件，返回三张令牌。
pub async fn decided_case(db: &Database, number: i64) -> Vec<String> {
    db.write("test.case", move |tx| {
        for (rev, kind) in (1..).zip(["cases.received", "cases.accepted", "cases.decided"]) {
            case_entry(tx, kind, number, rev, start())?;
        }
        Ok(())
    })
    .await
    .unwrap();
    settle(db).await;
    tokens(db, number).await
}

pub async fn tokens(db: &Database, number: i64) -> Vec<String> {
    db.snapshot("test.tokens", move |tx| {
        let Some(id) = store::find_case(tx, 900_000 + number)? else { return Ok(Vec::new()) };
        let invitations = store::invitations(tx, id)?;
        Ok(invitations.iter().map(|invited| commands::token(tx, invited.id)).collect())
    })
    .await
    .unwrap()
}

pub fn draft(level: i64, text: &str) -> Draft {
    Draft { level: Some(level), text: text.to_owned(), ..Draft::default() }
}

pub fn from_phone() -> From {
    From { channel: EvalChannel::QrCode, device: String::new(), ip: String::new() }
}

/// 某单位的工作人员，带给定权限。
pub fn staff(name: &str, unit: i64, permissions: &[&str]) -> Actor {
    Actor {
        kind: ActorKind::Staff,
        account: 1,
        name: name.into(),
        permissions: Arc::new(permissions.iter().map(|p| (*p).to_owned()).collect::<BTreeSet<_>>()),
        scope: Scope::unit(unit),
        ..Actor::anonymous()
    }
}
