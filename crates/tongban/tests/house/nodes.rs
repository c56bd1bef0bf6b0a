//! 两个节点，一个 PostgreSQL：会话通用，任务只跑一次，反应一条不漏。

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tongban_store::Engine;
use tongban_store::testing::engines;

use crate::client::Browser;
use crate::ground::{Ground, registration};

const WRITERS: usize = 16;
const EACH: usize = 6;
const PHONES: i64 = 20;

const RATED: &str = "SELECT COUNT(*) FROM evaluation_cases";
const APPLIED: &str = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM indicators_tally WHERE grain = 0 AND measure = 'cases.applied'";
const SENT: &str = "SELECT COUNT(*) FROM messages_sms";

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_database_act_as_one() {
    if !engines().contains(&Engine::Postgres) {
        return;
    }
    let ground = Ground::demo(Engine::Postgres, 0).await;
    let token = ground.token(&["cases.receive", "cases.submit_for", "cases.read"]);
    let (first, second) = (ground.serve().await, ground.node("second").await);
    // 演示县区里已经有的几件（一件事、补录的）
    let (rated, applied, sent) = (ground.count(RATED).await, ground.count(APPLIED).await, ground.count(SENT).await);

    // 在甲处登录，在乙处就是登录的；在乙处退出，甲处也退出了
    let elsewhere = Browser::signed_in(&first, "window_clerk").await.at(&second);
    let desk = elsewhere.get("/desk").await;
    assert_eq!(desk.status, 200);
    let out = desk.forms().into_iter().find(|form| form.action.starts_with("/logout")).unwrap();
    assert_eq!(elsewhere.submit(&out).await.status, 303);
    assert_eq!(elsewhere.at(&first).get("/desk").await.status, 303);

    // 验证码短信是任务：两个节点各收一半，每条只发一次
    for n in 0..PHONES {
        let visitor = Browser::new(if n % 2 == 0 { &first } else { &second });
        let form = visitor.get("/register").await.forms().into_iter().find(|form| form.action == "/register").unwrap();
        let form = form.with("name", "王小明").with("id_number", "510811199003070121").with("mobile", &format!("139000001{n:02}"));
        assert_eq!(visitor.submit(&form).await.status, 200);
    }

    // 两个节点同时收件
    let body = registration(&first.simple_item().await);
    let writers: Vec<_> = (0..WRITERS)
        .map(|w| {
            let url = if w % 2 == 0 { first.url.clone() } else { second.url.clone() };
            let (token, body) = (token.clone(), body.clone());
            tokio::spawn(async move {
                let (http, mut numbers) = (crate::client::http(), Vec::new());
                for n in 0..EACH {
                    let request = http.post(format!("{url}/api/v1/cases")).bearer_auth(&token).header("idempotency-key", format!("{w}-{n}")).json(&body);
                    let case: Value = request.send().await.unwrap().json().await.unwrap();
                    let no = case["no"].as_str().unwrap_or_else(|| panic!("{case}")).to_owned();
                    let receive = http.post(format!("{url}/api/v1/cases/{no}/actions/receive")).bearer_auth(&token).json(&json!({ "version": case["version"] }));
                    let answer = receive.send().await.unwrap();
                    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
                    numbers.push(no);
                }
                numbers
            })
        })
        .collect();
    let mut numbers = BTreeSet::new();
    for writer in writers {
        numbers.extend(writer.await.unwrap());
    }
    let cases = i64::try_from(WRITERS * EACH).unwrap();
    assert_eq!(i64::try_from(numbers.len()).unwrap(), cases);

    // 每件收件后都被评价区的反应登记一次，每件都进了指标，没有多也没有少
    ground.settles(RATED, rated + cases).await;
    ground.settles(APPLIED, applied + cases).await;
    assert_eq!(ground.count("SELECT COUNT(*) FROM reaction_failures").await, 0);
    // 任务都做完了，没有一件做过两次
    ground.settles(SENT, sent + PHONES).await;
    ground.settles("SELECT COUNT(*) FROM jobs WHERE state = 0 AND tries > 0", 0).await;
    assert_eq!(ground.count("SELECT COUNT(*) FROM jobs WHERE tries > 1 OR state = 2").await, 0);
    let notices = "SELECT COUNT(*) FROM (SELECT person FROM messages_messages GROUP BY person, title, body, href HAVING COUNT(*) > 1) AS twice";
    assert_eq!(ground.count(notices).await, 0, "同一条消息发了两次");
    drop((first, second));
    let verdict = ground.run(&["journal", "verify"]);
    assert!(verdict.contains("完整"), "{verdict}");
}
