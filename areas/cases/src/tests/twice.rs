//! 连点两下、两个人同时点：一个效果。走真的路由，两种引擎。

use axum::http::StatusCode;
use tongban_web::testing::TestApp;

use super::*;
use crate::model::{Outcome, State};
use crate::rules::documents::DocumentKind;

#[tokio::test(flavor = "multi_thread")]
async fn one_draft_submitted_many_times_at_once_is_one_case() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let me = app.sign_in(citizen());
        run(&app.test, |tx| filled_draft(tx, &citizen(), &sample_offer(), "tok", jiff::Timestamp::now())).await.unwrap();
        let press = || app.post_form("/a/tok/check", &me, &[("delivery", "electronic"), ("truth", "1")]);
        let (one, two, three, four) = tokio::join!(press(), press(), press(), press());
        for answer in [one, two, three, four] {
            let answer = answer.unwrap();
            assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/a/tok/done"), "{}", answer.body);
        }
        let mine = run(&app.test, |tx| crate::queries::mine(tx, &citizen(), None, 20)).await.unwrap();
        assert_eq!(mine.len(), 1, "{engine:?}");
        let id = mine[0].id;
        assert_eq!(kinds_of(&app.test, id).await, ["cases.submitted"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_approvers_at_once_make_one_decision() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let now = jiff::Timestamp::now();
        let case = accepted(&app.test, Offer { single_post: true, ..offer_of(5) }, now).await;
        let (no, version) = (case.no.to_string(), case.version.to_string());
        let approvers = [31, 32].map(|id| app.sign_in(staff(id, &["cases.read", "cases.approve", "cases.handle"])));
        let press = |token: &str, outcome: &'static str| {
            let (path, token, version) = (format!("/desk/cases/{no}/actions/decide"), token.to_owned(), version.clone());
            let app = &app;
            async move { app.post_form(&path, &token, &[("version", &version), ("outcome", outcome), ("reason", "不符合条件")]).await.unwrap() }
        };
        let (one, two) = tokio::join!(press(&approvers[0], "granted"), press(&approvers[1], "denied"));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::PRECONDITION_FAILED], "{} / {}", one.body, two.body);
        let wanted = if one.status == StatusCode::SEE_OTHER { Outcome::Granted } else { Outcome::Denied };
        // 同一个人再点一下：不会再决定一次
        let again = press(&approvers[0], "granted").await;
        assert!(matches!(again.status, StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT), "{}", again.status);
        let id = case.id;
        let after = state_of(&app.test, &no).await;
        assert_eq!((after.state, after.outcome, after.version), (State::Decided, Some(wanted), case.version + 1), "{engine:?}");
        assert_eq!(kinds_of(&app.test, id).await.iter().filter(|kind| *kind == "cases.decided").count(), 1);
        let papers = run(&app.test, move |tx| store::documents(tx, id)).await.unwrap();
        assert_eq!(papers.iter().filter(|d| matches!(d.kind, DocumentKind::Grant | DocumentKind::Denial)).count(), 1, "一份决定书");
    }
}
