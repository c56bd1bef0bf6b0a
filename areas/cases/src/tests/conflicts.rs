//! 两个人先后存同一件：后存的 412，两版并列；自己动过的留着，别人改的、自己没碰的不会被盖掉。

use axum::http::StatusCode;
use tongban_web::testing::TestApp;

use super::*;

/// 表单里某一格的值。
fn value_of<'a>(page: &'a str, name: &str) -> &'a str {
    let from = page.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("没有 {name}")) + name.len() + 15;
    page[from..].split('"').next().unwrap()
}

/// 窗口刚接下的一件。
async fn received(app: &TestApp) -> Case {
    run(&app.test, |tx| {
        let new = commands::register(tx, &clerk(), &offer_of(5), &registration(), RANDOM, Timestamp::now())?;
        commands::receive(tx, &clerk(), &new.no, new.version, Timestamp::now())
    })
    .await
    .unwrap()
}

fn chosen(page: &str, name: &str, value: &str) -> bool {
    page.contains(&format!("name=\"{name}\" value=\"{value}\" checked"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_save_keeps_what_the_other_changed_and_this_one_did_not_touch() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let case = received(&app).await;
        let (mine, other) = (app.sign_in(clerk()), app.sign_in(staff(12, &["cases.read", "cases.receive", "cases.accept"])));
        let path = format!("/desk/cases/{}", case.no);
        let opened = app.get(&path, &mine).await.unwrap().body;
        let (version, plan, lease) = (value_of(&opened, "version").to_owned(), value_of(&opened, "b_plan").to_owned(), value_of(&opened, "b_lease").to_owned());
        // 另一个人先核了租约，要补正
        let theirs = [("version", version.as_str()), ("b_plan", &plan), ("b_lease", &lease), ("m_lease", "fix"), ("n_lease", "没有房东签字"), ("n_plan", "")];
        assert_eq!(app.post_form(&format!("{path}/check"), &other, &theirs).await.unwrap().status, StatusCode::SEE_OTHER);
        // 我只核了平面图
        let ours = [("version", version.as_str()), ("b_plan", &plan), ("b_lease", &lease), ("m_plan", "ok"), ("n_plan", "看过原件"), ("n_lease", "")];
        let stale = app.post_form(&format!("{path}/check"), &mine, &ours).await.unwrap();
        assert_eq!(stale.status.as_u16(), 412);
        assert!(stale.body.contains("场所使用证明：要补正，没有房东签字"), "别人存的：{}", stale.body);
        assert!(stale.body.contains("经营场所平面布局图：合格，看过原件"), "自己填的");
        assert!(chosen(&stale.body, "m_plan", "ok") && value_of(&stale.body, "n_plan") == "看过原件", "自己动过的留着");
        assert!(chosen(&stale.body, "m_lease", "fix") && value_of(&stale.body, "n_lease") == "没有房东签字", "没碰的是别人存的");
        // 照页面上的再存一次：两个人的都在
        let version = value_of(&stale.body, "version").to_owned();
        let (plan, lease) = (value_of(&stale.body, "b_plan").to_owned(), value_of(&stale.body, "b_lease").to_owned());
        let again = [("version", version.as_str()), ("b_plan", &plan), ("b_lease", &lease), ("m_plan", "ok"), ("n_plan", "看过原件"), ("m_lease", "fix"), ("n_lease", "没有房东签字")];
        assert_eq!(app.post_form(&format!("{path}/check"), &mine, &again).await.unwrap().status, StatusCode::SEE_OTHER);
        let kept = materials_of(&app.test, case.id).await;
        assert_eq!((kept["plan"], kept["lease"]), (MaterialStatus::Passed, MaterialStatus::Rejected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_form_keeps_its_words_and_follows_the_other_where_untouched() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let case = received(&app).await;
        let token = app.sign_in(clerk());
        let (path, number) = (format!("/desk/cases/{}/actions/request-correction", case.no), case.no.to_string());
        let verdict = |key: &str, remark: &str| commands::Verdict { key: key.into(), passed: remark.is_empty(), remark: remark.into() };
        let version = case.version;
        let first = [verdict("plan", "太模糊"), verdict("lease", "")];
        run(&app.test, {
            let number = number.clone();
            move |tx| commands::check_materials(tx, &clerk(), &number, version, &first, Timestamp::now())
        })
        .await
        .unwrap();
        let opened = app.get(&path, &token).await.unwrap().body;
        assert_eq!((value_of(&opened, "p_plan"), value_of(&opened, "b_plan")), ("太模糊", "太模糊"));
        let seen = value_of(&opened, "version").to_owned();
        // 别人又看了一遍：平面图合格，租约缺页
        let second = [verdict("plan", ""), verdict("lease", "缺第二页")];
        run(&app.test, move |tx| commands::check_materials(tx, &clerk(), &number, version + 1, &second, Timestamp::now())).await.unwrap();
        let fields = [("version", seen.as_str()), ("p_plan", "太模糊"), ("b_plan", "太模糊"), ("p_lease", ""), ("b_lease", ""), ("p_photo", "没拍全"), ("b_photo", ""), ("r_photo", "重拍一张"), ("days", "10")];
        let stale = app.post_form(&path, &token, &fields).await.unwrap();
        assert_eq!(stale.status.as_u16(), 412);
        assert!(stale.body.contains("别人先改了"), "{}", stale.body);
        assert!(stale.body.contains("<li>经营场所平面布局图：不用补正</li>") && stale.body.contains("<li>场所使用证明：缺第二页</li>"), "别人改成了什么：{}", stale.body);
        assert_eq!((value_of(&stale.body, "p_plan"), value_of(&stale.body, "p_lease")), ("", "缺第二页"), "没碰的跟着别人");
        assert_eq!((value_of(&stale.body, "p_photo"), value_of(&stale.body, "r_photo")), ("没拍全", "重拍一张"), "自己写的留着");
        assert!(stale.body.contains("value=\"10\""), "补正期限也留着");
    }
}

/// 备注里按回车是保存核验，绝不是受理；去写补正告知之前，刚填的备注先存下、带过去。
#[tokio::test(flavor = "multi_thread")]
async fn enter_saves_and_correcting_takes_the_remark_along() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let case = received(&app).await;
        let token = app.sign_in(clerk());
        let page = app.get(&format!("/desk/cases/{}", case.no), &token).await.unwrap().body;
        let form = page.split("<form id=\"f\"").nth(1).unwrap();
        let first = form.split("type=\"submit\"").next().unwrap();
        assert!(form.contains("type=\"submit\" class=\"vh\"") && !first.contains("<button"), "回车按的是第一个按钮，它只保存");
        let (path, version) = (format!("/desk/cases/{}/check", case.no), case.version.to_string());
        let idle = [("version", version.as_str()), ("then", "correct"), ("b_plan", ":"), ("m_plan", ""), ("n_plan", "")];
        let onward = app.post_form(&path, &token, &idle).await.unwrap();
        assert!(onward.location().ends_with("/actions/request-correction"), "{}", onward.location());
        let typed = [("version", version.as_str()), ("then", "correct"), ("b_plan", ":"), ("m_plan", "fix"), ("n_plan", "比例尺看不清")];
        let onward = app.post_form(&path, &token, &typed).await.unwrap();
        assert!(onward.location().ends_with("/actions/request-correction"), "{} {}", onward.status, onward.body);
        let told = app.get(onward.location(), &token).await.unwrap().body;
        assert_eq!(value_of(&told, "p_plan"), "比例尺看不清");
    }
}

/// 天数填了不是整数的字：说清该填什么，填的留着，不悄悄换成缺省的三十天。
#[tokio::test(flavor = "multi_thread")]
async fn days_that_are_not_a_number_are_told_not_replaced() {
    let app = TestApp::open(engines()[0], areas()).await.unwrap();
    let case = received(&app).await;
    let token = app.sign_in(clerk());
    let path = format!("/desk/cases/{}/actions/request-correction", case.no);
    let version = case.version.to_string();
    for days in ["-1", "2023-02-29", "三十", "<script>"] {
        let answer = app.post_form(&path, &token, &[("version", version.as_str()), ("p_plan", "看不清"), ("days", days)]).await.unwrap();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{days}");
        assert!(answer.body.contains("补正期限填 1 到 120 之间的整数") && answer.body.contains("看不清"), "{days}");
    }
}
