//! 测试用的小区：一张表、几个度量，记录可以建、改属、改日子、改是否计入、删。

use serde::{Deserialize, Serialize};
use tongban_directory::commands::create_org;
use tongban_directory::model::NewOrg;
use tongban_kernel::Actor;
use tongban_kernel::time::{date_of, day_number};
use tongban_store::{Engine, Entry, Migration, Result, Tx, args};
use tongban_web::area::{DrillQuery, DrillRow, Grain, Measure, Measures};
use tongban_web::testing::TestApp;
use tongban_web::{Area, Tally};

const CREATE: &str = "CREATE TABLE toy_records (id BIGINT NOT NULL PRIMARY KEY, org BIGINT NOT NULL, day BIGINT NOT NULL, \
     good BIGINT NOT NULL, item BIGINT NOT NULL, gone BIGINT NOT NULL, version BIGINT NOT NULL);\
     CREATE INDEX toy_records_org ON toy_records (org, id);";
const ADD: &str = "INSERT INTO toy_records (id, org, day, good, item, gone, version) VALUES ($1, $2, $3, $4, $5, 0, 1)";
const FIND: &str = "SELECT org, day, good, item, gone, version FROM toy_records WHERE id = $1";
const SAVE: &str = "UPDATE toy_records SET org = $1, day = $2, good = $3, gone = $4, version = version + 1 WHERE id = $5";
const SCAN: &str = "SELECT id, org, day, good, item FROM toy_records WHERE gone = 0 AND id > $1 ORDER BY id LIMIT $2";
const DRILL: &str = "SELECT id FROM toy_records WHERE org = $1 AND gone = 0 AND day >= $2 AND day <= $3 AND good >= $4 AND id > $5 \
     ORDER BY id LIMIT $6";

/// 一条记录的事实。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub org: i64,
    pub day: i64,
    pub good: bool,
    pub item: i64,
}

pub const TOY: Area = Area {
    migrations: &[Migration { area: "toy", number: 1, name: "toy", sql: CREATE }],
    statements: &[&[ADD, FIND, SAVE, SCAN, DRILL]],
    measures: &[Measures { subject: "toy", codes: CODES, tally, scan }],
    events: &[("toy.changed", "改了一个数")],
    ..Area::new("toy", "小区")
};

const CODES: &[Measure] = &[
    Measure { code: "evaluation.decided", title: "办结件", grain: Grain::Flow, drill: |tx, q| drill(tx, q, 0) },
    Measure { code: "evaluation.decided_rated", title: "有评价的办结件", grain: Grain::Flow, drill: |tx, q| drill(tx, q, 1) },
    Measure { code: "items.online_base", title: "事项", grain: Grain::Stock, drill: |tx, q| drill(tx, q, 0) },
    Measure { code: "items.online", title: "可网办事项", grain: Grain::Stock, drill: |tx, q| drill(tx, q, 1) },
    Measure { code: "cases.item_active", title: "有办件的事项", grain: Grain::Flow, drill: |_, _| Ok(Vec::new()) },
];

fn tally(facts: &str, out: &mut Tally) -> Result<()> {
    let facts: Facts = serde_json::from_str(facts)?;
    for (measure, good) in [("evaluation.decided", false), ("evaluation.decided_rated", true), ("items.online_base", false), ("items.online", true)] {
        if facts.good || !good {
            out.add(measure, facts.org, facts.day, 1);
        }
    }
    out.present("cases.item_active", facts.org, facts.day - facts.day % 100, facts.item);
    out.present("cases.item_active", facts.org, facts.day - facts.day % 10_000, facts.item);
    Ok(())
}

fn scan(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    let found = tx.rows(SCAN, args![after, limit], |r| {
        Ok((r.get(0)?, Facts { org: r.get(1)?, day: r.get(2)?, good: r.get(3)?, item: r.get(4)? }))
    })?;
    found.into_iter().map(|(id, facts)| Ok((id, serde_json::to_string(&facts)?))).collect()
}

fn drill(tx: &mut Tx<'_>, query: &DrillQuery<'_>, good: i64) -> Result<Vec<DrillRow>> {
    tx.rows(DRILL, args![query.org, query.from_day, query.to_day, good, query.after, query.limit], |r| {
        let id: i64 = r.get(0)?;
        Ok(DrillRow { id, number: format!("T{id}"), title: "记录".into(), detail: String::new(), href: format!("/toy/{id}"), weight: 1 })
    })
}

/// 一条命令：建或改一条记录，记一条带前后事实的日志。
#[derive(Debug, Clone, Copy)]
pub enum Change {
    Create { facts: Facts },
    Set { facts: Facts },
    Remove,
}

pub fn change(tx: &mut Tx<'_>, id: i64, change: Change) -> Result<()> {
    let found = tx.lock(FIND, args![id], |r| {
        let facts = Facts { org: r.get(0)?, day: r.get(1)?, good: r.get(2)?, item: r.get(3)? };
        Ok((facts, r.get::<bool>(4)?, r.get::<i64>(5)?))
    })?;
    let (before, version, item) = match found {
        Some((facts, gone, version)) => ((!gone).then_some(facts), version, Some(facts.item)),
        None => (None, 0, None),
    };
    let after = match change {
        // 去重键是记录自己的属性，建了就不变
        Change::Create { facts } | Change::Set { facts } => Some(Facts { item: item.unwrap_or(facts.item), ..facts }),
        Change::Remove => None,
    };
    match (version, after) {
        (0, Some(facts)) => tx.exec(ADD, args![id, facts.org, facts.day, facts.good, facts.item])?,
        (0, None) => return Ok(()),
        (_, Some(facts)) => tx.exec(SAVE, args![facts.org, facts.day, facts.good, 0, id])?,
        (_, None) => tx.exec(SAVE, args![0, 0, 0, 1, id])?,
    };
    let actor = Actor::system();
    let entry = Entry { kind: "toy.changed", subject: id, rev: version + 1, at: jiff::Timestamp::now(), actor: &actor, tenant: 1, body: "{}" };
    tx.journal_facts(entry, before.as_ref(), after.as_ref())
}

/// 机构树：县区、两个单位、撤并乡镇的服务点。
#[derive(Debug, Clone, Copy)]
pub struct Orgs {
    pub tenant: i64,
    pub bureau: i64,
    pub town: i64,
    pub legacy: i64,
}

impl Orgs {
    pub fn leaves(&self) -> [i64; 3] {
        [self.bureau, self.town, self.legacy]
    }
}

pub async fn open(engine: Engine) -> (TestApp, Orgs) {
    let areas = vec![tongban_directory::area(), TOY, tongban_indicators::area()];
    let app = TestApp::open(engine, areas).await.unwrap();
    let orgs = app
        .app
        .db()
        .write("test.orgs", |tx| {
            let actor = Actor::system();
            let at = jiff::Timestamp::now();
            let new = |parent, name: &str, kind| NewOrg { parent, name: name.into(), short_name: name.into(), kind, ..NewOrg::default() };
            let tenant = create_org(tx, &actor, &new(0, "昭化区", 0), at)?;
            let bureau = create_org(tx, &actor, &new(tenant, "昭化区行政审批局", 2), at)?;
            let town = create_org(tx, &actor, &new(tenant, "元坝镇人民政府", 5), at)?;
            let legacy = tongban_directory::commands::keep_legacy_town(tx, &actor, town, "晋贤乡", "510811200000", at)?;
            Ok(Orgs { tenant, bureau, town, legacy })
        })
        .await
        .unwrap();
    (app, orgs)
}

pub fn today() -> i64 {
    day_number(date_of(jiff::Timestamp::now()))
}

/// 机构区自己的事实（应核对的配置项）有几条：重算时也数它们。
pub async fn background(app: &TestApp) -> i64 {
    let counted = app.app.db().snapshot("test.background", |tx| {
        tongban_directory::area().measures.iter().try_fold(0, |sum, measures| Ok(sum + (measures.scan)(tx, 0, 1_000)?.len()))
    });
    i64::try_from(counted.await.unwrap()).unwrap()
}
