//! 命令的测试，两种引擎上各跑一遍。

mod anomalies;
mod clocks;
mod desk;
mod duties;
mod follow;
mod follow_doors;
mod holdings;
mod http;
mod licences;
mod notices;
mod online;
mod paging;
mod papers;
mod conflicts;
mod process;
mod property;
mod seals;
mod trail;
mod twice;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tongban_kernel::{Actor, ActorKind, Problem, Scope};
use tongban_store::testing::{TestDb, engines};
use tongban_web::{App, Area};
use tongban_store::{Error, Result, Tx};

use crate::commands::{self, DraftEdit, Registration, Submitted};
use crate::model::{Case, Channel, Delivery, FileRef, MaterialStatus, Offer};
use crate::rules::forms::Form;
use crate::store;
use crate::testing::{person, sample_offer};

pub const RANDOM: &[u8] = &[7; 32];

pub fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

/// 每种引擎上开一个空库。
pub async fn on_each_engine<F: AsyncFn(TestDb)>(check: F) {
    for engine in engines() {
        check(TestDb::open(engine, &App::migrations(&areas())).await.unwrap()).await;
    }
}

/// 本区要用到的各区。
pub fn areas() -> Vec<Area> {
    vec![
        tongban_directory::area(),
        tongban_parties::area(),
        tongban_messages::area(),
        tongban_items::area(),
        tongban_credentials::area(),
        crate::area(),
    ]
}

pub fn citizen() -> Actor {
    Actor::citizen(501, 601, 2, "王**")
}

/// 某岗位：单位 2 范围内，有给出的权限。
pub fn staff(id: i64, permissions: &[&str]) -> Actor {
    Actor {
        kind: ActorKind::Staff,
        account: 1000 + id,
        staff: id,
        post: 2000 + id,
        org: 3,
        tenant: 1,
        scope: Scope::unit(2),
        permissions: Arc::new(permissions.iter().map(|p| (*p).to_owned()).collect()),
        ..Actor::citizen(1000 + id, 0, 3, &format!("工作人员{id}"))
    }
}

pub fn clerk() -> Actor {
    staff(11, &["cases.read", "cases.receive", "cases.accept", "cases.submit_for"])
}

pub fn file(id: &str) -> FileRef {
    FileRef { id: id.into(), name: "平面图.jpg".into(), size: 1_200_000, media_type: "image/jpeg".into() }
}

/// 填好一份草稿，容缺场所证明。
pub fn filled_draft(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, token: &str, now: Timestamp) -> Result<()> {
    commands::start(tx, actor, offer, token, &person(), now)?;
    let edit = DraftEdit {
        situations: Some(vec!["small".into()]),
        form: Some(Form::from([("area".into(), "46".into()), ("water".into(), "y".into())])),
        statuses: vec![("lease".into(), MaterialStatus::Deferred)],
        delivery: Some(Delivery::Electronic),
        ..DraftEdit::default()
    };
    commands::edit(tx, actor, offer, token, &edit, now)?;
    commands::attach(tx, actor, offer, token, "plan", &file("aa"), now)?;
    Ok(())
}

pub async fn submitted(test: &TestDb, offer: Offer, now: Timestamp) -> Submitted {
    test.db
        .write("test.submit", move |tx| {
            let token = format!("t{}", tx.new_id());
            filled_draft(tx, &citizen(), &offer, &token, now)?;
            commands::submit(tx, &citizen(), &offer, &token, Channel::Computer, RANDOM, now)
        })
        .await
        .unwrap()
}

pub fn registration() -> Registration {
    Registration {
        applicant: person(),
        situations: vec!["small".into()],
        form: Form::from([("area".into(), "46".into()), ("water".into(), "y".into())]),
        materials: vec![("plan".into(), MaterialStatus::Paper), ("lease".into(), MaterialStatus::Paper)],
        delivery: Delivery::Pickup,
        summary: String::new(),
        channel: Channel::Window,
        allow_same: false,
        follow: None,
    }
}

/// 窗口登记并接件、受理。
pub async fn accepted(test: &TestDb, offer: Offer, now: Timestamp) -> Case {
    test.db
        .write("test.accept", move |tx| {
            let new = commands::register(tx, &clerk(), &offer, &registration(), RANDOM, now)?;
            let case = commands::receive(tx, &clerk(), &new.no, new.version, now)?;
            commands::accept(tx, &clerk(), &new.no, case.version, "材料齐全", now)
        })
        .await
        .unwrap()
}

pub async fn run<T: Send + 'static>(test: &TestDb, work: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
    test.db.write("test", work).await
}

pub fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Problem {
    match result {
        Err(Error::Refused(problem)) => *problem,
        other => panic!("应被拒绝，却是 {other:?}"),
    }
}

pub fn offer_of(promise: u32) -> Offer {
    Offer { promise_days: promise, ..sample_offer() }
}

pub async fn state_of(test: &TestDb, no: &str) -> Case {
    let no = no.to_owned();
    run(test, move |tx| Ok(store::find_by_no(tx, &no)?.unwrap())).await.unwrap()
}

pub async fn kinds_of(test: &TestDb, id: i64) -> Vec<String> {
    run(test, move |tx| tx.timeline(id)).await.unwrap().into_iter().map(|entry| entry.kind).collect()
}

pub async fn materials_of(test: &TestDb, id: i64) -> BTreeMap<String, MaterialStatus> {
    run(test, move |tx| store::materials(tx, id)).await.unwrap().into_iter().map(|m| (m.key, m.status)).collect()
}
