//! 测试共用：一个县区、一个有章的单位、一类证照、各种人。

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use tongban_credentials::commands::{self, Authorize, Enter, NewKind, SealStep};
use tongban_credentials::model::{FieldSpec, HolderKind, LicenceAction, SealAction, Spec, Validity};
use tongban_credentials::store::{LicenceRow, licences, seals};
use tongban_credentials::{area, maker};
use tongban_directory::commands as directory;
use tongban_directory::model::NewOrg;
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

/// 建好的一切。
pub struct Home {
    pub app: TestApp,
    pub tenant: i64,
    pub bureau: i64,
    pub town: i64,
}

pub fn now() -> Timestamp {
    Timestamp::now()
}

pub async fn homes() -> Vec<Home> {
    let mut out = Vec::new();
    for engine in engines() {
        let areas = vec![tongban_directory::area(), tongban_parties::area(), tongban_messages::area(), area()];
        let app = TestApp::open(engine, areas).await.unwrap();
        let (tenant, bureau, town) = app
            .app
            .db()
            .write("test.orgs", |tx| {
                let system = Actor::system();
                let org = |parent, name: &str, kind, code: &str| NewOrg { parent, name: name.into(), short_name: name.into(), kind, code: code.into(), division: "510811000000".into(), ..NewOrg::default() };
                let tenant = directory::create_org(tx, &system, &org(0, "广元市昭化区", 0, ""), now())?;
                let bureau = directory::create_org(tx, &system, &org(tenant, "广元市昭化区行政审批局", 2, "11510811MB0000027M"), now())?;
                let town = directory::create_org(tx, &system, &org(tenant, "元坝镇人民政府", 5, "11510811008500011B"), now())?;
                Ok((tenant, bureau, town))
            })
            .await
            .unwrap();
        out.push(Home { app, tenant, bureau, town });
    }
    out
}

pub fn staff(account: i64, name: &str, org: i64, tenant: i64, permissions: &[&str]) -> Actor {
    Actor {
        kind: ActorKind::Staff,
        account,
        staff: account,
        org,
        tenant,
        name: name.into(),
        permissions: Arc::new(permissions.iter().map(|p| (*p).to_owned()).collect::<BTreeSet<_>>()),
        scope: Scope::unit(org),
        ..Actor::anonymous()
    }
}

pub fn everything() -> Vec<&'static str> {
    area().permissions.iter().map(|(code, _)| *code).collect()
}

impl Home {
    pub fn boss(&self, account: i64) -> Actor {
        Actor { scope: Scope::tenant(self.tenant), ..staff(account, &format!("主管{account}"), self.bureau, self.tenant, &everything()) }
    }

    /// 一个单位的章走到启用，并给机用授权。
    pub async fn seal(&self, org: i64, scope: &str) -> i64 {
        let db = self.app.app.db();
        maker::found(db, "测试", now()).await.unwrap();
        let (tenant, boss, other) = (self.tenant, self.boss(1), self.boss(2));
        let id = db
            .write("test.seal", move |tx| {
                commands::sync(tx, &Actor::system(), tenant, now())?;
                let id = seals::of_org(tx, org)?.unwrap().id;
                for (who, action) in [(&boss, SealAction::Draft), (&boss, SealAction::Submit), (&other, SealAction::Approve), (&other, SealAction::Make)] {
                    let version = seals::find(tx, id)?.unwrap().version;
                    commands::step(tx, who, id, &SealStep { action: Some(action), version, scope: "证照".into(), keeper: "张三".into(), ..SealStep::default() }, now())?;
                }
                Ok(id)
            })
            .await
            .unwrap();
        let made = maker::make(db, id, now()).await.unwrap();
        let (boss, scope) = (self.boss(1), scope.to_owned());
        db.write("test.made", move |tx| {
            commands::finish(tx, &boss, id, &made, now())?;
            let version = seals::find(tx, id)?.unwrap().version;
            commands::authorize(tx, &boss, id, &Authorize { version, staff_name: "系统".into(), scope: scope.clone(), ..Authorize::default() }, now())?;
            commands::step(tx, &boss, id, &SealStep { action: Some(SealAction::Activate), version: version + 1, ..SealStep::default() }, now())?;
            Ok(())
        })
        .await
        .unwrap();
        id
    }

    /// 一类证照。
    pub async fn kind(&self, name: &str) -> i64 {
        self.kind_coded(name, "11510811MB0000027M001").await
    }

    /// 同上，另给类型代码。
    pub async fn kind_coded(&self, name: &str, code: &str) -> i64 {
        let (org, name, code, boss) = (self.bureau, name.to_owned(), code.to_owned(), self.boss(1));
        self.app
            .app
            .db()
            .write("test.kind", move |tx| {
                let spec = Spec {
                    holder: HolderKind::Both,
                    validity: Validity::Years(5),
                    fields: vec![FieldSpec { key: "JYCS".into(), label: "经营场所".into(), required: true }],
                    aliases: vec!["食品证".into()],
                    ..Spec::default()
                };
                commands::create_kind(tx, &boss, NewKind { org, code: code.clone(), name: name.clone(), spec: spec.clone() }, now())
            })
            .await
            .unwrap()
    }

    pub fn input(&self, kind: i64) -> Enter {
        Enter {
            org: self.bureau,
            kind,
            holder_name: "王小明".into(),
            holder_code: "510811199003070017".into(),
            fields: BTreeMap::from([("JYCS".to_owned(), "元坝镇京昆路1号".to_owned())]),
            ..Enter::default()
        }
    }

    /// 录入、另一人复核、任务用印，回签好的一张。
    pub async fn licence(&self, input: Enter, person: i64) -> LicenceRow {
        let (boss, other) = (self.boss(1), self.boss(2));
        let id = self
            .app
            .app
            .db()
            .write("test.licence", move |tx| {
                let identifier = commands::enter(tx, &boss, &input, now())?;
                let row = licences::by_identifier(tx, &identifier)?.unwrap();
                licences::bind(tx, row.id, person, 0)?;
                commands::act(tx, &other, row.id, LicenceAction::Review, row.version, "", now())?;
                Ok(row.id)
            })
            .await
            .unwrap();
        self.app.app.settle().await.unwrap();
        self.row(id).await
    }

    pub async fn row(&self, id: i64) -> LicenceRow {
        self.app.app.db().snapshot("test.row", move |tx| licences::find(tx, id)).await.unwrap().unwrap()
    }
}

pub fn citizen(person: i64) -> Actor {
    Actor::citizen(person + 1000, person, 3, "王小明")
}

pub fn refused<T>(result: tongban_store::Result<T>) -> tongban_kernel::Problem {
    match result {
        Err(tongban_store::Error::Refused(problem)) => *problem,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("应当拒绝"),
    }
}

/// 测试用的亮证口令。
pub const PASSCODE: &str = "135790";

/// 给一个人设好亮证口令。
pub async fn set_passcode(home: &Home, person: i64) {
    let hash = tongban_parties::passwords::hash(PASSCODE.into()).await.unwrap();
    home.app.app.db().write("test.passcode", move |tx| commands::set_passcode(tx, &citizen(person), &hash, now())).await.unwrap();
}
