//! 监察异常从产生到归档、告知承诺核查、电子卷宗、成批补录与对账、文书格式。

use tongban_web::testing::TestApp;

use super::*;
use crate::commands::{CheckCommitment, Decide};
use crate::model::{Outcome, State};
use crate::rules::anomalies::Anomaly;
use crate::store::{archives, commitments, imports};
use crate::{archive, import};

fn monitor() -> Actor {
    staff(40, &["cases.read", "cases.monitor"])
}

fn boss() -> Actor {
    staff(41, &["cases.read", "cases.accept", "cases.handle", "cases.approve", "cases.deliver"])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anomaly_is_told_answered_found_and_archived() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let case = accepted(&test, offer_of(5), now).await;
        let (no, version, id) = (case.no.to_string(), case.version, case.id);
        run(&test, move |tx| {
            commands::raise_anomaly(tx, &monitor(), &no, version, Anomaly::Charging, "收了 10 元工本费", now)?;
            let row = store::anomalies_of(tx, id)?.remove(0);
            let settle = |tx: &mut Tx<'_>, actor: &Actor, action: &str, note: &str, when: Timestamp| commands::settle_anomaly(tx, actor, row.id, action, note, when);
            // 没告知不能认定；部门不能自己认定
            assert_eq!(refusal(settle(tx, &monitor(), "confirm", "属实", now)).code.status(), 409);
            assert_eq!(settle(tx, &monitor(), "tell", "", now)?.answer_due, Some(at("2021-10-14T17:30")));
            assert!(refusal(settle(tx, &monitor(), "confirm", "属实", now)).detail.contains("申诉或整改"));
            assert_eq!(refusal(settle(tx, &boss(), "dismiss", "没有", now)).code.status(), 403);
            assert_eq!(refusal(settle(tx, &boss(), "appeal", " ", now)).errors[0].field(), "note");
            assert_eq!(settle(tx, &boss(), "appeal", "是快递代收", now)?.state, "appealed");
            let found = settle(tx, &monitor(), "confirm", "属实", now)?;
            assert_eq!((found.state.as_str(), found.answer.as_str(), found.finding.as_str()), ("confirmed", "是快递代收", "属实"));
            assert_eq!(settle(tx, &monitor(), "archive", "归档", now)?.state, "archived");
            let outsider = Actor { scope: Scope::unit(99), ..monitor() };
            assert_eq!(refusal(settle(tx, &outsider, "archive", "x", now)).code.status(), 404);
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_promise_revokes_the_decision() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let offer = || Offer { single_post: true, commitment: true, ..offer_of(5) };
        let promised = Registration { materials: vec![("plan".into(), MaterialStatus::Paper), ("lease".into(), MaterialStatus::Promised)], ..registration() };
        run(&test, move |tx| {
            let new = commands::register(tx, &clerk(), &offer(), &promised, RANDOM, now)?;
            let case = commands::receive(tx, &clerk(), &new.no, new.version, now)?;
            let case = commands::accept(tx, &clerk(), &new.no, case.version, "", now)?;
            let decide = Decide { version: case.version, outcome: Outcome::Granted, reason: String::new() };
            let decided = commands::decide(tx, &boss(), &new.no, &decide, now)?;
            let open = commitments::open(tx, &Scope::unit(2), (i64::MIN, 0), 10)?;
            assert_eq!((open.len(), open[0].promised.as_str(), open[0].due), (1, "场所使用证明", at("2021-11-18T17:30")));
            let check = |held, note: &str| CheckCommitment { version: 1, held, note: note.into() };
            assert_eq!(refusal(commands::check_commitment(tx, &boss(), open[0].id, &check(true, ""), now)).errors[0].field(), "note");
            commands::check_commitment(tx, &boss(), open[0].id, &check(false, "租约是假的"), now)?;
            let case = store::find(tx, decided.id)?.unwrap();
            assert_eq!((case.state, case.revoked_on.is_some()), (State::Decided, true));
            assert!(commitments::open(tx, &Scope::unit(2), (i64::MIN, 0), 10)?.is_empty());
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_case_becomes_a_dossier_that_verifies() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let now = app.app.now();
        let (id, no) = app
            .test
            .db
            .write("t", move |tx| {
                let offer = Offer { instant: true, single_post: true, promise_days: 0, ..sample_offer() };
                let all = staff(11, &["cases.receive", "cases.accept", "cases.approve", "cases.deliver"]);
                let new = commands::register(tx, &all, &offer, &registration(), RANDOM, now)?;
                let decide = Decide { version: new.version, outcome: Outcome::Granted, reason: String::new() };
                let deliver = commands::Deliver { version: 0, way: Delivery::Pickup, receiver: "王秀兰".into(), note: String::new() };
                let case = commands::express(tx, &all, &new.no, &decide, &deliver, now)?;
                Ok((case.id, new.no))
            })
            .await
            .unwrap();
        let digest = archive::make(&app.app, id).await.unwrap();
        let packed = app.app.files().get(&digest).await.unwrap();
        let manifest = archive::verify(&packed).unwrap();
        assert_eq!((manifest.case_no.as_str(), manifest.state.as_str()), (no.as_str(), "closed"));
        let paths: Vec<_> = manifest.entries.iter().map(|e| e.path.as_str()).collect();
        assert!(paths.iter().any(|p| p.starts_with("文书/收件凭证")) && paths.contains(&"过程.json") && paths.contains(&"日志摘录.json"), "{paths:?}");
        assert_eq!(app.test.db.snapshot("t", move |tx| archives::digest(tx, id)).await.unwrap(), Some(digest));
        // 下载要看得到原始信息的权限，并留痕
        let plain = app.sign_in(staff(12, &["cases.read"]));
        assert_eq!(app.get(&format!("/desk/cases/{no}/archive"), &plain).await.unwrap().status, 403);
        let clerk = app.sign_in(staff(12, &["cases.read", "cases.unmask"]));
        assert_eq!(app.get(&format!("/desk/cases/{no}/archive"), &clerk).await.unwrap().status, 200);
        // 文书：网页、Word、验真
        let document = app.test.db.snapshot("t", move |tx| store::documents(tx, id)).await.unwrap().remove(0);
        let page = app.get(&format!("/desk/cases/{no}/print/{}", document.id), &clerk).await.unwrap();
        let check = page.body.split("/d/").nth(1).and_then(|rest| rest.get(..rest.find(['<', '"'])?)).unwrap().to_owned();
        assert!(app.get(&format!("/d/{check}"), "").await.unwrap().body.contains(&document.number));
        assert_eq!(app.get(&format!("/d/{}/000000000000", document.id), "").await.unwrap().status, 404);
        let word = app.get(&format!("/desk/cases/{no}/print/{}?format=docx", document.id), &clerk).await.unwrap();
        assert_eq!((word.status.as_u16(), word.headers["content-type"].to_str().unwrap().contains("wordprocessingml")), (200, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_is_linked_once_and_reconciled() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let code = sample_offer().code;
        let row = |number: &str, day: &str, outcome: &str| format!("{number},{code},王秀兰,510811198512120022,,13900008888,{day} 09:30,{day} 16:00,{outcome},理由\n");
        let head = "流水,事项编码,申请人,证件号码,经办人,联系手机,受理时间,办结时间,结果,说明\n";
        let first = format!("{head}{}{}{}", row("A1", "2021-10-08", "准予"), row("A2", "2021-10-09", "准予"), row("A3", "2021-10-11", "办好了"));
        let actor = || staff(11, &["cases.read", "cases.receive"]);
        let load = async |text: String| {
            let file = app.app.files().put(bytes::Bytes::from(text), "text/csv").await.unwrap();
            let import = app
                .test
                .db
                .write("t", move |tx| {
                    let opened = import::open(tx, &actor(), "省食品许可系统", &file, "十月.csv", 3, at("2021-10-12T09:00"))?;
                    let mut mapping = import::saved_mapping(tx, 1, "省食品许可系统")?;
                    if mapping.is_empty() {
                        assert_eq!(refusal(import::begin(tx, &actor(), opened.id, &mapping, at("2021-10-12T09:00"))).errors[0].field(), "number");
                        mapping = crate::rules::sheets::TARGETS.iter().map(|t| (t.code.to_owned(), t.title.to_owned())).collect();
                        mapping.insert("number".into(), "流水".into());
                    }
                    import::begin(tx, &actor(), opened.id, &mapping, at("2021-10-12T09:00"))
                })
                .await
                .unwrap();
            import::carry_out(&app.app, import.id).await.unwrap();
            let id = import.id;
            app.test.db.snapshot("t", move |tx| imports::find(tx, id)).await.unwrap().unwrap()
        };
        let done = load(first.clone()).await;
        assert_eq!((done.done, done.linked, done.existed, done.failed, done.late), (3, 2, 0, 1, 2));
        // 再交一次：一件不重；对方改了结果、少了一件，都看得出来
        let second = format!("{head}{}{}", row("A1", "2021-10-08", "不予"), row("A4", "2021-10-12", "准予"));
        let again = load(second).await;
        assert_eq!((again.linked, again.existed, again.differs, again.ours_only), (1, 1, 1, 1));
        let id = again.id;
        let (differs, ours) = app
            .test
            .db
            .snapshot("t", move |tx| Ok((imports::findings(tx, id, "differs", (-1, ""), 9)?, imports::findings(tx, id, "ours_only", (-1, ""), 9)?)))
            .await
            .unwrap();
        assert!(differs[0].detail.contains("我方 准予") && differs[0].detail.contains("对方 不予"), "{}", differs[0].detail);
        assert_eq!(ours[0].number, "A2");
        let (cases, codes) = app
            .test
            .db
            .snapshot("t", |tx| {
                let cases = store::from(tx, 0, 10)?;
                let codes: Vec<_> = store::anomalies_of(tx, cases[0].id)?.into_iter().map(|a| a.anomaly).collect();
                Ok((cases, codes))
            })
            .await
            .unwrap();
        assert_eq!((cases.len(), codes), (3, vec![Anomaly::LateLinking]));
        let token = app.sign_in(actor());
        let page = app.get(&format!("/desk/sync/imports/{}", again.id), &token).await.unwrap();
        assert!(page.body.contains("两边不一致") && page.body.contains("A2"));
        let stranger = app.sign_in(Actor { tenant: 9, ..actor() });
        assert_eq!(app.get(&format!("/desk/sync/imports/{}", again.id), &stranger).await.unwrap().status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_do_batches_keep_views_and_show_both_versions() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let now = app.app.now();
        let numbers = app
            .test
            .db
            .write("t", move |tx| {
                let mut numbers = Vec::new();
                for item in 1..=3_i64 {
                    let new = commands::register(tx, &clerk(), &Offer { item_id: item, ..offer_of(5) }, &registration(), RANDOM, now)?;
                    numbers.push(new.no);
                }
                commands::receive(tx, &clerk(), &numbers[2], 1, now)?;
                Ok(numbers)
            })
            .await
            .unwrap();
        let token = app.sign_in(clerk());
        let ids: Vec<String> = numbers.iter().map(|no| format!("{no}:1")).collect();
        let fields = [("id", ids[0].as_str()), ("id", &ids[1]), ("id", &ids[2]), ("action", "receive"), ("back", "/desk/cases?tab=pending")];
        let sent = app.post_form("/desk/cases/batch", &token, &fields).await.unwrap();
        assert_eq!(sent.location(), "/desk/cases?tab=pending");
        let states: Vec<_> = {
            let numbers = numbers.clone();
            app.test.db.snapshot("t", move |tx| numbers.iter().map(|no| Ok(store::find_by_no(tx, no)?.unwrap().version)).collect::<Result<Vec<_>>>()).await.unwrap()
        };
        assert_eq!(states, [2, 2, 2], "两件接了，一件早就接了不重复");
        app.post_form("/desk/cases/views", &token, &[("name", "窗口的"), ("query", "tab=pending&src=8")]).await.unwrap();
        app.post_form("/desk/cases/columns", &token, &[("show", "applicant"), ("show", "due")]).await.unwrap();
        let page = app.get("/desk/cases", &token).await.unwrap();
        assert!(page.body.contains("href=\"/desk/cases?tab=pending&#38;src=8\">窗口的") || page.body.contains("tab=pending&amp;src=8"), "存下的筛选在页上");
        assert!(!page.body.contains("<th scope=\"col\">办理机关</th>") && page.body.contains("<th scope=\"col\">到期</th>"));
        // 别人先改了：两版并列，412
        let stale = app.post_form(&format!("/desk/cases/{}/actions/accept", numbers[0]), &token, &[("version", "1"), ("reason", "我的意见")]).await.unwrap();
        assert_eq!(stale.status, 412);
        assert!(stale.body.contains("别人先改了") && stale.body.contains("我的意见") && stale.body.contains("接件"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_seek_by_their_index() {
    let test = TestDb::open(engines()[0], &App::migrations(&areas())).await.unwrap();
    for (page, index) in store::INDEXED {
        let sql: &'static str = Box::leak(format!("EXPLAIN QUERY PLAN {page}").into_boxed_str());
        let count = (1..=8).filter(|n| page.contains(&format!("${n}"))).count();
        let plan = run(&test, move |tx| {
            let args = vec![tongban_store::Value::Int(1); count];
            tx.rows(sql, &args, |r| r.get::<String>(3))
        })
        .await
        .unwrap()
        .join("；");
        assert!(plan.contains(index), "{page}\n应走 {index}：{plan}");
        let wanted = if page.contains("sort_due = ") { "sort_due=? AND id" } else { "sort_due" };
        assert!(plan.contains(wanted) && !plan.contains("TEMP B-TREE"), "{page}\n要一步落到位、不另排序：{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_external_api_is_idempotent_by_system_and_number() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let token = app.sign_in(staff(11, &["cases.read", "cases.receive"]));
        let body = serde_json::json!({
            "item_code": sample_offer().code, "system": "省系统", "number": "X1",
            "applicant": { "name": "王秀兰", "id_number": "510811198512120022", "mobile": "13900008888" },
            "accepted_at": "2021-10-08 09:30", "decided_at": "2021-10-09T08:00:00Z", "outcome": "granted"
        });
        let first = app.post_json("/api/v1/cases/external", &token, &body).await.unwrap();
        assert_eq!(first.status, 201, "{}", first.body);
        let again = app.post_json("/api/v1/cases/external", &token, &body).await.unwrap();
        assert_eq!((again.status.as_u16(), again.json().unwrap()["no"].clone()), (200, first.json().unwrap()["no"].clone()));
        let wrong = serde_json::json!({ "item_code": "x", "system": "", "number": "", "applicant": { "name": "", "id_number": "", "mobile": "" },
            "accepted_at": "昨天", "decided_at": "", "outcome": "?" });
        assert_eq!(app.post_json("/api/v1/cases/external", &token, &wrong).await.unwrap().status, 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_five_tables_tell_one_case_the_same_way() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let case = accepted(&test, Offer { single_post: true, ..offer_of(5) }, now).await;
        let (no, version) = (case.no.to_string(), case.version);
        let tables = run(&test, move |tx| {
            let decided = commands::decide(tx, &boss(), &no, &Decide { version, outcome: Outcome::Granted, reason: String::new() }, at("2021-10-09T10:00"))?;
            let receipt = commands::Receipt { version: decided.version, system: "省系统".into(), number: "S-9".into() };
            commands::note_receipt(tx, &clerk(), &no, &receipt, at("2021-10-09T11:00"))?;
            let span = (at("2021-10-01T00:00"), at("2021-11-01T00:00"));
            crate::exchange::TABLES.iter().map(|table| Ok(crate::exchange::page(tx, table, 1, span, 0)?.0)).collect::<Result<Vec<_>>>()
        })
        .await
        .unwrap();
        let text = |cell: &tongban_documents::table::Cell| match cell {
            tongban_documents::table::Cell::Text(text) => text.clone(),
            _ => String::new(),
        };
        let line = |table: usize| tables[table][0].iter().map(text).collect::<Vec<_>>();
        // 受理表：承诺办结由受理日算，作出决定之后也不变
        assert_eq!((line(0)[0].as_str(), line(0)[15].as_str()), ("510811-20211008-000001", "2021-10-14 17:30:00"));
        assert_eq!(tables.iter().map(Vec::len).collect::<Vec<_>>(), [1, 5, 1, 0, 2]);
        let process: Vec<String> = tables[1].iter().map(|row| text(&row[1])).collect();
        assert_eq!((process[4].as_str(), process[3].as_str()), ("99", "06"), "填回执号不是又收了一次件：{process:?}");
        assert_eq!((line(2)[1].as_str(), line(2)[6].as_str()), ("0", "0"));
        assert!(tables.iter().flatten().all(|row| text(&row[0]) == "510811-20211008-000001"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receipt_of_the_industry_system_is_carried_back_once() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let now = app.app.now();
        let case = accepted(&app.test, offer_of(5), now).await;
        let other = accepted(&app.test, Offer { item_id: 901, ..offer_of(5) }, now).await;
        let token = app.sign_in(clerk());
        let path = |case: &Case| format!("/desk/cases/{}/sync", case.no);
        let page = app.get(&format!("/desk/cases/{}?from=%2Fdesk%2Fcases&at=1", case.no), &token).await.unwrap();
        assert!(page.body.contains(&format!("{}?from=%2Fdesk%2Fcases&#38;at=1\" data-key=\"s\"", path(&case))), "{}", page.body);
        let preview = app.get(&format!("{}?from=%2Fdesk%2Fcases&at=1", path(&case)), &token).await.unwrap().body;
        assert!(preview.contains(&case.item_code) && preview.contains("受理时间") && preview.contains("经营面积"), "{preview}");
        assert!(!preview.contains("510811198512120022") && !preview.contains("王秀兰"), "个人信息脱敏");
        let version = case.version.to_string();
        let blank = app.post_form(&path(&case), &token, &[("version", &version), ("system", "省系统"), ("number", " ")]).await.unwrap();
        assert!(blank.status == 422 && blank.body.contains("请填写行业系统里的编号") && blank.body.contains("value=\"省系统\""), "{}", blank.body);
        let fields = [("version", version.as_str()), ("system", "省系统"), ("number", "S-1"), ("from", "/desk/cases"), ("at", "1")];
        let sent = app.post_form(&path(&case), &token, &fields).await.unwrap();
        assert_eq!(sent.location(), format!("/desk/cases/{}?from=%2Fdesk%2Fcases&at=1", case.no), "{}", sent.body);
        let kept = state_of(&app.test, case.no.as_str()).await;
        assert_eq!((kept.external_no.as_deref(), kept.linked_in_time, kept.state, kept.version), (Some("S-1"), Some(true), State::Accepted, case.version + 1));
        assert_eq!(kinds_of(&app.test, case.id).await.iter().filter(|kind| *kind == "cases.synced").count(), 1);
        assert!(app.get(&format!("/desk/cases/{}", case.no), &token).await.unwrap().body.contains("省系统 S-1"));
        // 填过的不能再填；同一个编号不能是两件的；旧版本说清谁先改了
        assert_eq!(app.get(&path(&case), &token).await.unwrap().status, 303);
        let taken = app.post_form(&path(&other), &token, &[("version", &other.version.to_string()), ("system", "省系统"), ("number", "S-1")]).await.unwrap();
        assert!(taken.status == 422 && taken.body.contains(case.no.as_str()), "{}", taken.body);
        let stale = app.post_form(&path(&case), &token, &[("version", &version), ("system", "省系统"), ("number", "S-2")]).await.unwrap();
        assert!(stale.status == 412 && stale.body.contains("补录到行业系统"), "{}", stale.body);
    }
}
