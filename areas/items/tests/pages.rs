//! 公开页面、编辑台与接口：走真的路由，两种引擎。
#![allow(clippy::unwrap_used, reason = "测试")]

use std::sync::Arc;

use jiff::Timestamp;
use tongban_items::commands::Implementer;
use tongban_items::importer::{self, Resolver, Sources};
use tongban_items::model::codes::UseLevel;
use tongban_items::permissions::{CLAIM, EDIT, PUBLISH, READ, REVIEW, SUSPEND};
use tongban_items::{queries, store};
use tongban_kernel::{Actor, ActorKind, Place, Scope};
use tongban_store::Tx;
use tongban_store::testing::engines;
use tongban_web::Tally;
use tongban_web::testing::TestApp;

const COUNTY: &str = "seq,dept_name,main_item,name,task_type,local_catalog_code,dept_code
1,区行政审批局,,食品(含保健食品)经营许可核发,01,511A01,115113016823646795
2,区人社局,,社会保障卡申领,20,512B01,2222222222222
3,区人社局,,社会保障卡补领、换领、换发,20,512B02,11511301008778386B
4,区民政局,,临时救助,20,512B03,11511301008778386B
5,区行政审批局,,校车使用许可,01,511A02,00877868-5
6,区民政局,,城市生活无着流浪乞讨人员救助,20,512B04,
";
const TOWN: &str = "seq,name,task_type,business_line,town_role,project_type,legal_workdays,promise_workdays,visits,user_type
1,临时救助,20,民政,初审,2,20,5,0,1
2,职业介绍,20,人社,办结,1,1,0,0,1
";
const BUNDLES: &str = "seq,bundle_name,user_object,lead_line,member_items
3,开办餐饮店,法人,市场监管,食品(含保健食品)经营许可核发;户外招牌设置备案
11,社会保障卡居民服务,自然人,人社,社会保障卡申领;社会保障卡挂失
";

fn unit(name: &str) -> i64 {
    match name {
        "区行政审批局" => 101,
        "区人社局" => 102,
        "区民政局" => 103,
        _ => 150,
    }
}

fn resolver() -> Resolver {
    Arc::new(|_: &mut Tx<'_>, name: &str| {
        let town = name.ends_with('镇');
        Ok(Some(Implementer {
            place: Place { tenant: 1, unit: unit(name), org: unit(name) },
            name: name.to_owned(),
            uscc: match unit(name) {
                101 => "11510811000000019M",
                102 => "11510811MB0000019T",
                103 => "11510811MB0000027M",
                _ => "11510811MB0000035G",
            }
            .to_owned(),
            division: if town { "510811100000" } else { "510811000000" }.to_owned(),
            level: if town { UseLevel::Town } else { UseLevel::County },
        }))
    })
}

fn staff(account: i64, scope: Scope, permissions: &[&str]) -> Actor {
    let mut actor = Actor::citizen(account, account, 3, "李*");
    actor.kind = ActorKind::Staff;
    actor.tenant = 1;
    actor.scope = scope;
    actor.permissions = Arc::new(permissions.iter().map(|p| (*p).to_owned()).collect());
    actor
}

async fn open(engine: tongban_store::Engine) -> TestApp {
    let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_items::area()]).await.unwrap();
    let complete = Arc::new(tongban_items::complete::built_in().unwrap());
    let sources = Sources {
        county: COUNTY,
        town: TOWN,
        bundles: BUNDLES,
        members: "member,item\n挂失,社会保障卡挂失\n",
        definitions: "- {number: 11, questions: [{id: lost, text: 卡丢了吗, options: [{id: 'no', label: 没有}, {id: 'yes', label: 丢了}]}], \
                      members: [{key: m2, after: [m1], when: {lost: ['yes']}}]}",
        complete,
        towns: Arc::new(vec!["元坝镇".to_owned()]),
    };
    let actor = Actor { tenant: 1, ..Actor::system() };
    let at: Timestamp = "2026-01-05T02:00:00Z".parse().unwrap();
    importer::import_all(app.app.db(), &actor, &sources, resolver(), at, &mut |_, _, _| {}).await.unwrap();
    app.app.settle().await.unwrap();
    app
}

async fn code_of(app: &TestApp, name: &'static str) -> String {
    app.app
        .db()
        .snapshot("t", move |tx| {
            let rows = store::scan_items(tx, 0, 100)?;
            Ok(rows.into_iter().find(|row| row.name == name).unwrap().code)
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn citizens_find_read_and_print() {
    for engine in engines() {
        let app = open(engine).await;
        let list = app.get("/items", "").await.unwrap();
        assert_eq!(list.status, 200);
        assert!(list.body.contains("社会保障卡申领") && list.body.contains("待完善") && list.body.contains("共 7 项"), "{}", list.body);
        let narrowed = app.get("/items?object=1&dept=102", "").await.unwrap();
        assert!(narrowed.body.contains("社会保障卡申领") && !narrowed.body.contains("校车使用许可"));
        let town = app.get("/items?town=150", "").await.unwrap();
        assert!(town.body.contains("职业介绍") && town.body.contains("临时救助"));
        assert!(app.get("/items?theme=p999", "").await.unwrap().body.contains("没有符合条件的事项"));

        let code = code_of(&app, "食品(含保健食品)经营许可核发").await;
        let guide = app.get(&format!("/items/{code}"), "").await.unwrap();
        assert_eq!(guide.status, 200);
        for part in [
            "先选您的情况",
            "5 个工作日",
            "免提交",
            "经营场所平面布局图",
            "《中华人民共和国食品安全法》",
            "GovernmentService",
            "指南第 1 版",
        ] {
            assert!(guide.body.contains(part), "缺“{part}”");
        }
        assert!(!guide.body.contains("学校食堂食品安全管理制度"), "别的情形的材料不列");
        let canteen = app.get(&format!("/items/{code}?kind=canteen&room=own"), "").await.unwrap();
        assert!(canteen.body.contains("学校食堂食品安全管理制度") && !canteen.body.contains("房屋租赁合同"));
        let stopped = app.get(&format!("/items/{code}?kind=prepacked"), "").await.unwrap();
        assert!(stopped.body.contains("您的情况不用办这一项") && !stopped.body.contains("在线办理"));
        assert_eq!(app.get(&format!("/items/{code}"), "").await.unwrap().body, guide.body, "缓存的页与现画的一样");
        for tail in ["/print", "/form", "/form?example=1", "/sample", "/correct", "/v/1"] {
            assert_eq!(app.get(&format!("/items/{code}{tail}"), "").await.unwrap().status, 200, "{tail}");
        }
        assert_eq!(app.get(&format!("/items/{code}/v/2"), "").await.unwrap().status, 404);
        assert_eq!(app.get("/items/11510811000000019M451010000199901", "").await.unwrap().status, 404);

        let unfinished = code_of(&app, "校车使用许可").await;
        let page = app.get(&format!("/items/{unfinished}"), "").await.unwrap();
        assert!(page.body.contains("指南待完善") && !page.body.contains("在线办理"));
        assert!(app.get("/items?format=csv", "").await.unwrap().body.contains("社会保障卡申领"));
        assert_eq!(app.get("/items?format=xlsx", "").await.unwrap().status, 200);
        assert_eq!(app.get("/items?format=pdf", "").await.unwrap().status, 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_walks_every_item_once() {
    for engine in engines() {
        let app = open(engine).await;
        let (mut path, mut seen) = ("/api/v1/items?limit=2".to_owned(), Vec::new());
        loop {
            let page = app.get(&path, "").await.unwrap().json().unwrap();
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/items?limit=2&cursor={next}");
        }
        assert_eq!(seen.len(), 7);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 7);
        assert_eq!(app.get("/api/v1/items?limit=0", "").await.unwrap().status, 422);
        assert_eq!(app.get("/api/v1/items?nonsense=1", "").await.unwrap().status, 422);
        assert_eq!(app.get("/api/v1/items?cursor=zz", "").await.unwrap().json().unwrap()["code"], "cursor-invalid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everyday_words_lead_to_items_and_misses_are_kept() {
    for engine in engines() {
        let app = open(engine).await;
        let found = app.get("/s?q=%E5%BC%80%E5%B0%8F%E5%90%83%E5%BA%97", "").await.unwrap(); // 开小吃店
        assert!(found.body.contains("可办事项") && found.body.contains("5 个工作日"), "{}", found.body);
        let bundle = app.get("/s?q=%E5%BC%80%E5%8A%9E%E9%A4%90%E9%A5%AE%E5%BA%97", "").await.unwrap(); // 开办餐饮店
        assert!(bundle.body.contains("一件事") && bundle.body.contains("/events/3"));
        assert!(app.get("/s?q=sbk", "").await.unwrap().body.contains("社会保障卡"));
        let missing = app.get("/s?q=%E9%BE%98%E9%BE%98%E9%9D%90", "").await.unwrap();
        assert!(missing.body.contains("没有找到") && missing.body.contains("告诉我们您想办什么"));
        app.get("/s?q=510811199001011234", "").await.unwrap();
        let kept = app.app.db().read("t", |tx| store::misses(tx, (i64::MAX, ""), 10)).await.unwrap();
        assert_eq!(kept.len(), 1, "像证件号的不记");
        let wish = app.post_form("/s/wish", "", &[("q", "龘"), ("text", "想办无人机证")]).await.unwrap();
        assert_eq!(wish.status, 303);
        assert_eq!(app.post_form("/s/wish", "", &[("q", "龘"), ("text", " ")]).await.unwrap().status, 422);
        assert!(app.get("/events", "").await.unwrap().body.contains("开办餐饮店"));
        let event = app.get("/events/3", "").await.unwrap();
        assert!(event.body.contains("食品(含保健食品)经营许可核发") && event.body.contains("户外招牌设置备案"));
        assert!(event.body.contains("先答几个问题") && event.body.contains("别的系统或上级部门办"));
        assert!(event.body.contains("/apply/bundle/3?") && event.body.contains("比各办各的省多少"));
        let card = app.get("/events/11", "").await.unwrap();
        assert!(!card.body.contains("社会保障卡挂失") && card.body.contains("卡丢了吗"), "没丢不用挂失");
        let lost = app.get("/events/11?lost=yes", "").await.unwrap();
        assert!(lost.body.contains("社会保障卡挂失") && lost.body.contains("不耽误别的"), "本地没有的说去处");
        assert_eq!(app.get("/events/99", "").await.unwrap().status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_become_tasks() {
    for engine in engines() {
        let app = open(engine).await;
        let code = code_of(&app, "社会保障卡申领").await;
        let path = format!("/items/{code}/correct");
        let wrong = app.post_form(&path, "", &[("part", "nothing"), ("text", ""), ("contact", "123")]).await.unwrap();
        assert_eq!(wrong.status, 422);
        assert!(wrong.body.contains("有 3 处需要改"), "{}", wrong.body);
        let done = app.post_form(&path, "", &[("part", "place"), ("text", "窗口搬到 3 楼了"), ("contact", "13900001234")]).await.unwrap();
        assert_eq!((done.status.as_u16(), done.location()), (303, format!("/items/{code}").as_str()));
        let editor = app.sign_in(staff(21, Scope::unit(102), &[READ, EDIT]));
        let other = app.sign_in(staff(22, Scope::unit(103), &[READ, EDIT]));
        let page = app.get("/catalog/corrections", &editor).await.unwrap();
        assert!(page.body.contains("窗口搬到 3 楼了") && page.body.contains("留了电话"));
        assert!(!app.get("/catalog/corrections", &other).await.unwrap().body.contains("窗口搬到"));
        let number = page.body.split("/catalog/corrections/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let path = format!("/catalog/corrections/{number}");
        let fields = [("version", "1"), ("fixed", "1"), ("text", "已改")];
        assert_eq!(app.post_form(&path, &other, &fields).await.unwrap().status, 404);
        assert_eq!(app.post_form(&path, &editor, &fields).await.unwrap().status, 303);
        assert_eq!(app.post_form(&path, &editor, &[("version", "2"), ("text", "再改")]).await.unwrap().status, 409);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_completes_and_a_chief_publishes() {
    for engine in engines() {
        let app = open(engine).await;
        let code = code_of(&app, "校车使用许可").await;
        let editor = app.sign_in(staff(21, Scope::unit(101), &[READ, CLAIM, EDIT]));
        let chief = app.sign_in(staff(22, Scope::tenant(1), &[READ, REVIEW, PUBLISH, SUSPEND]));
        let outsider = app.sign_in(staff(23, Scope::unit(103), &[READ, EDIT]));
        let base = format!("/catalog/items/{code}");
        assert_eq!(app.get(&base, &outsider).await.unwrap().status, 404);
        assert!(app.get("/catalog?tab=editing", &editor).await.unwrap().body.contains("校车使用许可"));
        assert!(!app.get("/catalog?tab=editing", &outsider).await.unwrap().body.contains("校车使用许可"));
        for tab in ["basic", "situations", "materials", "form", "steps", "service", "places", "basis", "faq"] {
            assert_eq!(app.get(&format!("{base}/edit/{tab}"), &editor).await.unwrap().status, 200, "{tab}");
        }
        let version = || async {
            let code = code.clone();
            app.app.db().read("t", move |tx| store::item_by_code(tx, &code)).await.unwrap().unwrap().version.to_string()
        };
        let v = version().await;
        let report = app.post_form(&format!("{base}/actions/report"), &editor, &[("version", &v)]).await.unwrap();
        assert_eq!(report.status, 422);
        assert!(report.body.contains("请写设定依据"), "{}", report.body);

        let save = |tab: &'static str, fields: Vec<(&'static str, String)>| {
            let (path, editor, app) = (format!("{base}/edit/{tab}"), editor.clone(), &app);
            let v = version();
            async move {
                let v = v.await;
                let mut all: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
                all.push(("version", &v));
                let answer = app.post_form(&path, &editor, &all).await.unwrap();
                assert_eq!(answer.status, 303, "{tab}: {}", answer.body);
            }
        };
        let text = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(k, v)| (*k, (*v).to_owned())).collect::<Vec<_>>();
        save(
            "basic",
            text(&[
                ("name", "校车使用许可"),
                ("summary", "学校用车接送学生要办"),
                ("aliases", "校车\n接送学生"),
                ("objects", "2"),
                ("corp_themes", "090"),
                ("project_type", "2"),
                ("forms", "1"),
                ("forms", "2"),
                ("legal", "20"),
                ("legal_unit", "1"),
                ("promise", "5"),
                ("promise_unit", "1"),
                ("visits", "0"),
                ("online_steps", "2"),
                ("online_steps", "5"),
                ("online_steps", "6"),
                ("online_here", "1"),
            ]),
        )
        .await;
        // 没有发布过：公开页只说叫什么、谁办理，工作稿里写的不露
        let public = app.get(&format!("/items/{code}"), "").await.unwrap().body;
        assert!(public.contains("校车使用许可") && public.contains("指南待完善"), "{public}");
        assert!(!public.contains("学校用车接送学生要办") && !public.contains("5 个工作日"));
        save(
            "materials",
            text(&[
                ("m_id", ""),
                ("m_name", "校车使用申请表"),
                ("m_hint", "写清线路"),
                ("m_need", "1"),
                ("m_copy", "1"),
                ("m_waive", "0"),
                ("m_copies", "1"),
                ("m_when", ""),
                ("m_basis", ""),
            ]),
        )
        .await;
        save(
            "steps",
            text(&[
                ("steps", "受理｜当天｜1\n审核｜看材料｜1\n审批｜定｜1\n办结｜出证｜1\n送达｜寄给您｜1"),
                ("result_name", "校车标牌"),
                ("result_types", "40"),
            ]),
        )
        .await;
        save(
            "places",
            text(&[
                ("places", "区政务服务中心｜2 楼｜元坝镇京兆路｜周一至周五 9:00—17:00｜0839-8720001"),
                ("consult_phone", "0839-8721001"),
                ("supervise_phone", "12345"),
            ]),
        )
        .await;
        save(
            "basis",
            text(&[
                ("basis", "《校车安全管理条例》｜国务院令第617号｜第十四条｜使用校车应当依照本条例取得许可"),
                ("conditions", "车辆符合校车安全国家标准"),
            ]),
        )
        .await;
        save("faq", text(&[("faq", "面包车能当校车吗｜不能，要用专用校车")])).await;

        let stale = app.post_form(&format!("{base}/edit/faq"), &editor, &[("version", "1"), ("faq", "")]).await.unwrap();
        assert_eq!(stale.status, 412);
        for part in ["别人先存了", "别人存的", "您填的", "面包车能当校车吗"] {
            assert!(stale.body.contains(part), "两版并列：缺“{part}”");
        }
        // 两个人改同一页的不同处：后存的 412，自己动过的留着，没动过的换成别人存的
        let opened = app.get(&format!("{base}/edit/places"), &editor).await.unwrap().body;
        let mark = opened.split("name=\"base\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        let before = version().await;
        let place = "区政务服务中心｜2 楼｜元坝镇京兆路｜周一至周五 9:00—17:00｜0839-8720001";
        save("places", text(&[("places", place), ("consult_phone", "0839-8721001"), ("supervise_phone", "0839-8721002")])).await;
        let mine = [("version", before.as_str()), ("base", &mark), ("places", place), ("consult_phone", "0839-8729999"), ("supervise_phone", "12345")];
        let stale = app.post_form(&format!("{base}/edit/places"), &editor, &mine).await.unwrap();
        assert_eq!(stale.status, 412);
        assert!(stale.body.contains("value=\"0839-8729999\"") && stale.body.contains("value=\"0839-8721002\""), "{}", stale.body);
        let v = version().await;
        for page in ["diff", "preview", "review"] {
            assert_eq!(app.get(&format!("{base}/{page}"), &editor).await.unwrap().status, 200, "{page}");
            assert_eq!(app.get(&format!("{base}/{page}"), &outsider).await.unwrap().status, 404, "{page}");
        }
        assert!(app.get(&format!("{base}/preview"), &editor).await.unwrap().body.contains("群众会看到的样子"));
        assert_eq!(app.post_form(&format!("{base}/actions/report"), &editor, &[("version", &v)]).await.unwrap().status, 303);
        let v = version().await;
        assert_eq!(app.post_form(&format!("{base}/actions/approve"), &editor, &[("version", &v)]).await.unwrap().status, 403);
        assert_eq!(app.post_form(&format!("{base}/actions/approve"), &chief, &[("version", &v)]).await.unwrap().status, 303);
        let v = version().await;
        assert_eq!(app.post_form(&format!("{base}/actions/publish"), &chief, &[("version", &v)]).await.unwrap().status, 303);
        for page in ["quality", "checks", "export?format=csv", "export?format=xlsx&kind=catalogue", "export?format=json"] {
            assert_eq!(app.get(&format!("/catalog/{page}"), &chief).await.unwrap().status, 200, "{page}");
        }
        assert_eq!(app.get("/catalog/imports", &chief).await.unwrap().status, 403, "没有导入权限");
        let map = app.get("/sitemap.xml", "").await.unwrap();
        assert!(map.body.contains(&format!("/items/{code}")) && map.body.contains("/events/3"));
        let page = app.get(&format!("/items/{code}"), "").await.unwrap();
        assert!(page.body.contains("指南第 1 版") && page.body.contains("校车使用申请表") && page.body.contains("全程网办"));
        let v = version().await;
        let stop = [("version", v.as_str()), ("text", "系统升级"), ("day", "2099-01-01")];
        assert_eq!(app.post_form(&format!("{base}/actions/suspend"), &chief, &stop).await.unwrap().status, 303);
        assert!(app.get(&format!("/items/{code}"), "").await.unwrap().body.contains("暂停办理"), "本节点立即看到");
        assert_eq!(app.get(&format!("{base}/preview"), &editor).await.unwrap().status, 200);
        assert!(app.get("/catalog/problems?tab=import", &chief).await.unwrap().body.contains("2222222222222"));
        assert_eq!(app.get("/catalog/problems?tab=E", &chief).await.unwrap().status, 200);
        assert_eq!(app.get("/catalog/misses", &chief).await.unwrap().status, 200);
        assert_eq!(app.get("/catalog/items/x/actions/none", &chief).await.unwrap().status, 405);
        assert_eq!(app.post_form(&format!("{base}/actions/none"), &chief, &[("version", "1")]).await.unwrap().status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_gives_guides_plans_and_tags() {
    for engine in engines() {
        let app = open(engine).await;
        let code = code_of(&app, "食品(含保健食品)经营许可核发").await;
        let answer = app.get(&format!("/api/v1/items/{code}"), "").await.unwrap();
        assert!(answer.headers.contains_key("etag"));
        let item = answer.json().unwrap();
        assert_eq!((item["version"].as_i64(), item["guide"]["task_type"].as_str()), (Some(1), Some("01")));
        let tag = answer.headers["etag"].to_str().unwrap().to_owned();
        let request =
            axum::http::Request::get(format!("/api/v1/items/{code}")).header("if-none-match", tag).body(axum::body::Body::empty()).unwrap();
        assert_eq!(app.send(request).await.unwrap().status, 304);
        let plan = app.post_json(&format!("/api/v1/items/{code}/plan"), "", &serde_json::json!({"answers": {"kind": "drinks"}})).await;
        let plan = plan.unwrap();
        // 匿名 POST 要令牌；对接程序用 Bearer
        let bearer = app.sign_in(Actor::citizen(5, 5, 2, "王*"));
        let plan = if plan.status == 200 {
            plan
        } else {
            app.post_json(&format!("/api/v1/items/{code}/plan"), &bearer, &serde_json::json!({"answers": {"kind": "drinks"}}))
                .await
                .unwrap()
        };
        assert_eq!(plan.status, 200, "{}", plan.body);
        assert_eq!(plan.json().unwrap()["promise"], "3 个工作日");
        let bad = app.post_json(&format!("/api/v1/items/{code}/plan"), &bearer, &serde_json::json!({"answer": 1})).await.unwrap();
        assert_eq!(bad.status, 422);
        let made = app
            .post_json(
                &format!("/api/v1/items/{code}/corrections"),
                &bearer,
                &serde_json::json!({"part": "fee", "text": "写着不收费，窗口收了 10 元"}),
            )
            .await
            .unwrap();
        assert_eq!(made.status, 201);
        assert_eq!(app.get("/api/v1/items/none", "").await.unwrap().status, 404);
        assert_eq!(app.get(&format!("/api/v1/items/{code}/versions/1"), "").await.unwrap().status, 200);
        assert_eq!(app.get("/api/v1/bundles", "").await.unwrap().json().unwrap()["items"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_get_an_offer_and_windows_a_picker() {
    for engine in engines() {
        let app = open(engine).await;
        let code = code_of(&app, "食品(含保健食品)经营许可核发").await;
        let unfinished = code_of(&app, "校车使用许可").await;
        let (offer, none, picked, letters) = app
            .app
            .db()
            .snapshot("t", move |tx| {
                Ok((
                    queries::offer(tx, &code)?,
                    queries::offer(tx, &unfinished)?,
                    queries::offers(tx, 1, "社会保障卡", 5)?,
                    queries::offers(tx, 1, "lsjz", 5)?,
                ))
            })
            .await
            .unwrap();
        let offer = offer.unwrap();
        assert!(none.is_none(), "没发布的不能办");
        assert_eq!((offer.version, offer.promise_days, offer.legal_days, offer.region.as_str()), (1, 5, 20, "510811"));
        assert!(offer.open && offer.online && offer.for_legal && offer.for_person && offer.commitment);
        assert_eq!(offer.licence.as_deref(), Some("食品经营许可证"));
        let canteen = offer.materials.iter().find(|material| material.key == "system").unwrap();
        assert_eq!(canteen.when, ["kind.canteen"]);
        assert!(offer.situations[0].options.iter().any(|(key, _)| key == "kind.canteen"));
        assert_eq!(picked.len(), 2);
        assert!(letters.iter().any(|(_, name, _)| name == "临时救助"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_open_exactly_their_records() {
    for engine in engines() {
        let app = open(engine).await;
        let measures = &tongban_items::measures::MEASURES[0];
        let checked = app
            .app
            .db()
            .snapshot("t", |tx| {
                let measures = &tongban_items::measures::MEASURES[0];
                let mut tally = Tally::default();
                let mut after = 0;
                loop {
                    let page = (measures.scan)(tx, after, 3)?;
                    let Some((last, _)) = page.last() else { break };
                    after = *last;
                    for (_, facts) in &page {
                        (measures.tally)(facts, &mut tally)?;
                    }
                }
                let actor = Actor::system();
                let mut checked = 0;
                for measure in measures.codes {
                    for org in [101, 102, 103, 150] {
                        let day = 20_260_201;
                        let counted: i64 = tally
                            .sums
                            .iter()
                            .filter(|((code, at, on), _)| *code == measure.code && *at == org && *on <= day)
                            .map(|(_, n)| n)
                            .sum();
                        let query = tongban_web::area::DrillQuery { org, from_day: 0, to_day: day, after: 0, limit: 1_000, actor: &actor };
                        let listed: i64 = (measure.drill)(tx, &query)?.iter().map(|row| row.weight).sum();
                        assert_eq!(counted, listed, "{} 在 {org}", measure.code);
                        checked += 1;
                    }
                }
                Ok(checked)
            })
            .await
            .unwrap();
        assert_eq!(checked, measures.codes.len() * 4);
    }
}
