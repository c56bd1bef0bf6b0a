//! 通知的八个率：按规格的算例手算一遍，指标页的分子分母要一样，点进去的记录数也要一样（items §7、accounts §4.3、§5.1）。

use serde_json::Value;
use tongban_directory::commands as directory;
use tongban_directory::model::{KIND_TENANT, NewOrg};
use tongban_directory::testing as county;
use tongban_items::commands as items;
use tongban_items::model::codes::OnlineStep;
use tongban_items::model::{Guide, Limit, ProjectType};
use tongban_items::{store, testing};
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

const ROOT: &str = "11510811MB0000027M";
const DEPT: &str = "11510811MB0000019T";

/// 算例的一项：法定、承诺、次数、网上做到哪几步。
fn guide(name: &str, legal: u32, promise: u32, visits: u8, steps: &[OnlineStep]) -> Guide {
    let mut guide = testing::guide().unwrap();
    guide.name = name.into();
    (guide.legal, guide.promise, guide.visits) = (Limit::workdays(legal), Limit::workdays(promise), visits);
    guide.project_type = if promise == 0 { ProjectType::Instant } else { ProjectType::Promised };
    guide.visits_reason = if visits == 0 { String::new() } else { "要到现场核对原件".into() };
    guide.online.steps = steps.to_vec();
    guide.online.here = !steps.is_empty();
    guide.steps.iter_mut().for_each(|step| step.workdays = 0);
    guide
}

fn examples() -> [Guide; 4] {
    use OnlineStep::{Accept, Consult, Feedback, Handle, Receive};
    [
        guide("甲许可", 20, 0, 0, &[Receive, Accept, Handle, Feedback]),
        guide("乙许可", 20, 5, 1, &[Receive, Accept]),
        // 丙没有常见问题：Q13，机器核查不准确
        Guide { faq: Vec::new(), ..guide("丙许可", 0, 3, 1, &[]) },
        // 丁机器查不出错，人工抽查发现电话打不通
        guide("丁许可", 10, 10, 2, &[Consult]),
    ]
}

async fn built(app: &TestApp) -> i64 {
    let at = app.app.now();
    app.app
        .db()
        .write("t", move |tx| {
            let me = Actor::system();
            county::division(tx, &me)?;
            let root = directory::create_org(tx, &me, &county::org(0, "广元市昭化区", ROOT, KIND_TENANT), at)?;
            // 局的投诉电话没带区号：六项配置错一项
            let bureau = NewOrg { complaint_phone: "8729001".into(), ..county::org(root, "广元市昭化区某某局", DEPT, 2) };
            let bureau = directory::create_org(tx, &me, &bureau, at)?;
            // 三个启用的账号，两个实名到中级
            for (n, code) in ["a", "b", "c"].into_iter().enumerate() {
                let staff = directory::add_staff(tx, &me, bureau, code, "王小明", at)?;
                if n < 2 {
                    directory::link_person(tx, &me, staff, 100 + i64::try_from(n).unwrap_or(0), 2, at)?;
                }
            }
            let place = tongban_directory::queries::place_of(tx, bureau)?;
            let implementer = testing::implementer(place, DEPT);
            let actor = Actor { tenant: root, ..Actor::system() };
            let mut pooled = Vec::new();
            for (n, name) in ["甲许可", "乙许可", "丙许可", "丁许可", "戊许可", "己许可"].into_iter().enumerate() {
                let line = testing::line(&format!("5101{:05}000", n + 1), name);
                let (catalogue, _) = items::put_catalogue(tx, &actor, &line, at)?;
                pooled.push(items::pool(tx, &actor, catalogue, &implementer, at)?.0);
            }
            for (n, guide) in examples().into_iter().enumerate() {
                let input = testing::edition(&format!("{DEPT}45101{:05}00001", n + 1), guide);
                items::put_item(tx, &actor, &implementer, &input, at)?;
            }
            // 戊认领了没发布，己还没认领
            let fifth = store::lock_implementation(tx, pooled[4])?;
            items::claim(tx, &actor, fifth.id, fifth.version, at)?;
            let last = store::item_by_code(tx, &format!("{DEPT}45101{:05}00001", 4))?.unwrap();
            items::check_guide(tx, &actor, last.id, last.version, true, at)?;
            Ok(root)
        })
        .await
        .unwrap()
}

fn leader(tenant: i64) -> Actor {
    let mut actor = Actor::citizen(31, 31, 3, "李*");
    (actor.kind, actor.tenant, actor.scope) = (ActorKind::Staff, tenant, Scope::tenant(tenant));
    actor.permissions = std::sync::Arc::new(["indicators.read".to_owned()].into());
    actor
}

/// 指标、手算的分子与分母。
const HAND: &[(&str, i64, i64)] = &[
    ("item_basic_config_accuracy", 5, 6),
    ("item_staff_realname_rate", 2, 3),
    ("item_guide_accuracy", 2, 4),
    ("item_online_available_rate", 2, 4),
    ("item_full_online_rate", 1, 4),
    ("item_one_visit_rate", 3, 4),
    ("item_instant_rate", 1, 4),
    // (50 − 15) / 50 个工作日，丙没有法定期限，剔除
    ("item_promise_speedup", 35 * WORKDAY, 50 * WORKDAY),
    // 认领了五条，发布了四条；应承接六条
    ("item_guide_publish_rate", 4, 5),
    ("item_flow_complete_rate", 4, 6),
];
const WORKDAY: i64 = tongban_items::model::PARTS_PER_WORKDAY;

async fn get(app: &TestApp, token: &str, path: &str) -> Value {
    let answer = app.get(&format!("/api/v1/{path}"), token).await.unwrap();
    assert_eq!(answer.status, 200, "{path}：{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// 后台算指标会歇一歇（同一进程里刚算过一遍的话），算好了才回答。
async fn computed(app: &TestApp, token: &str, tenant: i64) -> Value {
    for _ in 0..600 {
        tongban_indicators::refresh::step(&app.app).await.unwrap();
        let figures = get(app, token, &format!("indicators?org={tenant}")).await;
        if figures["items"].as_array().unwrap().iter().any(|figure| figure["id"] == HAND[0].0 && !figure["num"].is_null()) {
            return figures;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("一分钟还没有算好");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eight_rates_equal_the_hand_count_and_open_their_records() {
    for engine in engines() {
        let areas = vec![tongban_directory::area(), tongban_items::area(), tongban_indicators::area()];
        let app = TestApp::open(engine, areas).await.unwrap();
        let tenant = built(&app).await;
        app.app.settle().await.unwrap();
        let token = app.sign_in(leader(tenant));
        let figures = computed(&app, &token, tenant).await;
        for (id, num, den) in HAND {
            let figure = figures["items"].as_array().unwrap().iter().find(|figure| figure["id"] == *id).unwrap();
            assert_eq!((figure["num"].as_i64(), figure["den"].as_i64()), (Some(*num), Some(*den)), "{engine:?} {id}：{figure}");
            for (part, wanted) in [("num", *num), ("den", *den)] {
                let records = get(&app, &token, &format!("indicators/{id}/records?org={tenant}&part={part}&limit=100")).await;
                let weight: i64 = records["items"].as_array().unwrap().iter().map(|record| record["weight"].as_i64().unwrap()).sum();
                assert_eq!(weight, wanted, "{engine:?} {id} {part}：{records}");
            }
        }
        // 还没做到的：点名到项
        for (id, names) in [
            ("item_guide_accuracy", &["丙许可", "丁许可"][..]),
            ("item_one_visit_rate", &["丁许可"]),
            ("item_guide_publish_rate", &["戊许可"]),
            ("item_basic_config_accuracy", &["广元市昭化区某某局"]),
            ("item_staff_realname_rate", &["王小明"]),
        ] {
            let rest = get(&app, &token, &format!("indicators/{id}/records?org={tenant}&part=rest&limit=100")).await;
            let found: Vec<&str> = rest["items"].as_array().unwrap().iter().map(|record| record["title"].as_str().unwrap()).collect();
            assert_eq!(found, *names, "{engine:?} {id}：{rest}");
        }
    }
}
