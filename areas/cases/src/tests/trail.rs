//! 从列表打开一件，办完接着办那张列表里的下一件；没有权限的工作人员还在工作台里；快捷键只列用得上的。

use axum::http::StatusCode;
use tongban_web::testing::TestApp;

use super::*;

/// 页上以 `start` 开头的链接，`&` 还原。
fn link(page: &str, start: &str) -> Option<String> {
    let from = page.find(&format!("href=\"{start}"))? + 6;
    Some(page[from..].split('"').next()?.replace("&#38;", "&"))
}

/// “下一件”指向哪一件。
fn next(page: &str) -> Option<String> {
    let until = page.find("\" data-key=\"j\"")?;
    let from = page[..until].rfind("href=\"")? + 6;
    Some(page[from..until].replace("&#38;", "&"))
}

/// 同一时刻登记的四件，第二件是代办点收的。
async fn four(app: &TestApp) -> Vec<String> {
    let now = app.app.now();
    run(&app.test, move |tx| {
        let mut all = Vec::new();
        for item in 1..=4_i64 {
            let channel = if item == 2 { Channel::Agency } else { Channel::Window };
            let input = Registration { channel, ..registration() };
            all.push(commands::register(tx, &clerk(), &Offer { item_id: item, ..offer_of(5) }, &input, RANDOM, now)?.no);
        }
        Ok(all)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_case_is_the_next_one_of_the_list_it_was_opened_from() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let all = four(&app).await;
        let token = app.sign_in(clerk());
        let list = app.get("/desk/cases?tab=pending&src=8", &token).await.unwrap().body;
        assert!(list.contains("本页 3 件") && !list.contains("共 4 件"), "筛过的不拿页签的件数当总数");
        let first = link(&list, &format!("/desk/cases/{}", all[0])).unwrap();
        assert!(first.contains("?from=%2Fdesk%2Fcases%3Ftab%3Dpending%26src%3D8&at="), "{first}");
        let page = app.get(&first, &token).await.unwrap().body;
        assert!(page.contains("<a href=\"/desk/cases?tab=pending&#38;src=8\">我的待办</a>"), "返回的是来的那张列表");
        let second = next(&page).unwrap();
        assert!(second.starts_with(&format!("/desk/cases/{}?from=", all[2])), "代办点收的不在这张列表里：{second}");
        // 没有来路的按全部待办
        let plain = app.get(&format!("/desk/cases/{}", all[0]), &token).await.unwrap().body;
        assert_eq!(next(&plain), Some(format!("/desk/cases/{}", all[1])));
        // 接件、受理之后它不在这个页签里了，时限也变了，下一件还是原来的下一件
        let at = first.split("at=").nth(1).unwrap();
        for (version, action) in [("1", "receive"), ("2", "accept")] {
            let fields = [("version", version), ("from", "/desk/cases?tab=pending&src=8"), ("at", at)];
            let sent = app.post_form(&format!("/desk/cases/{}/actions/{action}", all[0]), &token, &fields).await.unwrap();
            assert_eq!(sent.location(), first, "{}", sent.body);
        }
        assert_eq!(next(&app.get(&first, &token).await.unwrap().body), Some(second.clone()));
        // 确认页、补正页也带着走
        let page = app.get(&second, &token).await.unwrap().body;
        let refuse = link(&page, &format!("/desk/cases/{}/actions/refuse", all[2])).unwrap();
        let form = app.get(&refuse, &token).await.unwrap().body;
        assert!(form.contains("name=\"from\" value=\"/desk/cases?tab=pending&#38;src=8\"") && form.contains(&format!("?from=%2Fdesk%2Fcases%3Ftab%3Dpending%26src%3D8&#38;at={at}\">先不")), "{form}");
        let last = next(&page).unwrap();
        assert!(last.contains(&all[3]));
        assert_eq!(next(&app.get(&last, &token).await.unwrap().body), None, "列表到头了");
        // 首页的待办同样
        let home = run(&app.test, |tx| (crate::desk::QUEUES[0].rows)(tx, &clerk(), None, 9)).await.unwrap();
        assert!(home[0].href.contains("?from=%2Fdesk%3Ftab%3Dpending&at="), "{}", home[0].href);
        let page = app.get(&home[0].href, &token).await.unwrap().body;
        assert!(page.contains("<a href=\"/desk?tab=pending\">我的待办</a>") && next(&page).is_some());
        // 别人给的网址不当来路
        let foreign = app.get(&format!("/desk/cases/{}?from=%2F%2Fevil.example%2Fdesk%2Fcases&at=1", all[1]), &token).await.unwrap();
        assert!(foreign.status == StatusCode::OK && !foreign.body.contains("evil.example"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_of_a_search_and_of_the_done_tab_follow_their_own_order() {
    let app = TestApp::open(engines()[0], areas()).await.unwrap();
    let all = four(&app).await;
    let token = app.sign_in(clerk());
    let list = app.get("/desk/cases?q=%E7%8E%8B%E7%A7%80%E5%85%B0", &token).await.unwrap().body;
    let newest = link(&list, &format!("/desk/cases/{}", all[3])).unwrap();
    let page = app.get(&newest, &token).await.unwrap().body;
    assert!(next(&page).unwrap().contains(&all[2]), "搜到的新的在前，下一件是早一件");
    for (n, no) in all.iter().enumerate().take(3) {
        let fields = [("version", "1"), ("reason", "不属本机关职权")];
        let sent = app.post_form(&format!("/desk/cases/{no}/actions/refuse"), &token, &fields).await.unwrap();
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{n} {}", sent.body);
    }
    let list = app.get("/desk/cases?tab=done", &token).await.unwrap().body;
    let latest = link(&list, &format!("/desk/cases/{}", all[2])).unwrap();
    assert!(next(&app.get(&latest, &token).await.unwrap().body).unwrap().contains(&all[1]), "办完的近的在前");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_without_a_permission_stay_at_the_desk() {
    let app = TestApp::open(engines()[0], areas()).await.unwrap();
    let token = app.sign_in(staff(12, &["cases.monitor"]));
    let refused = app.get("/desk/cases", &token).await.unwrap();
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("class=\"snav\"") && refused.body.contains("href=\"/desk/posts\"") && !refused.body.contains("tel:12345"), "{}", refused.body);
    assert!(refused.body.contains("您的岗位没有“") && refused.body.contains("请找本单位管理员开通") && !refused.body.contains("cases.read"), "{}", refused.body);
    let gone = app.get("/desk/cases/510811-20211008-999999", &app.sign_in(clerk())).await.unwrap();
    assert!(gone.status == StatusCode::NOT_FOUND && gone.body.contains("class=\"snav\""));
    let citizen = app.get("/me/cases/510811-20211008-999999", &app.sign_in(citizen())).await.unwrap();
    assert!(citizen.status == StatusCode::NOT_FOUND && !citizen.body.contains("class=\"snav\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_keys_that_work_are_listed_and_checkboxes_have_names() {
    let app = TestApp::open(engines()[0], areas()).await.unwrap();
    let case = accepted(&app.test, offer_of(5), app.app.now()).await;
    let waiting = four(&app).await;
    let all = ["cases.read", "cases.receive", "cases.accept", "cases.handle"];
    let token = app.sign_in(staff(11, &all));
    let keys = async |no: &str| {
        let page = app.get(&format!("/desk/cases/{no}"), &token).await.unwrap().body;
        page[page.find("<p class=\"keys\">").unwrap()..].to_owned()
    };
    let handling = keys(case.no.as_str()).await;
    assert!(handling.contains("<kbd>F</kbd> 通过并送下一环节") && !handling.contains("<kbd>A</kbd>") && !handling.contains("<kbd>D</kbd>"), "{handling}");
    let pending = keys(&waiting[0]).await;
    assert!(pending.contains("<kbd>A</kbd>") && pending.contains("<kbd>D</kbd>") && !pending.contains("<kbd>F</kbd>"), "{pending}");
    let list = app.get("/desk/cases", &token).await.unwrap().body;
    assert!(list.contains(&format!("aria-label=\"选中办件 {}：食品经营许可（新办），王**\"", waiting[0])), "{list}");
}
