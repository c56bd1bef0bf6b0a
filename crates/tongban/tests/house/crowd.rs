//! 一齐提交：编号按区划与日从 1 起，不重不断；同一个幂等键只成一件。

use std::collections::BTreeSet;

use serde_json::Value;
use tongban_store::testing::engines;

use crate::ground::{Ground, registration};

const CLIENTS: usize = 64;
const EACH: usize = 3;

async fn register(http: &reqwest::Client, url: &str, token: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = http.post(format!("{url}/api/v1/cases")).bearer_auth(token).header("idempotency-key", key).json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn number(case: &Value) -> String {
    case["no"].as_str().unwrap_or_else(|| panic!("{case}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_get_distinct_gapless_numbers() {
    for engine in engines() {
        let ground = Ground::demo(engine, 0).await;
        let token = ground.token(&["cases.receive", "cases.submit_for", "cases.read"]);
        let server = ground.serve().await;
        let body = registration(&server.simple_item().await);
        let crowd = (0..CLIENTS).map(|client| {
            let (url, token, body) = (server.url.clone(), token.clone(), body.clone());
            tokio::spawn(async move {
                let (http, mut numbers) = (crate::client::http(), Vec::new());
                for n in 0..EACH {
                    let (status, case) = register(&http, &url, &token, &format!("c{client}-{n}"), &body).await;
                    assert_eq!(status, 201, "{case}");
                    numbers.push(number(&case));
                }
                numbers
            })
        });
        let mut numbers = BTreeSet::new();
        for client in crowd.collect::<Vec<_>>() {
            numbers.extend(client.await.unwrap());
        }
        assert_eq!(numbers.len(), CLIENTS * EACH, "{engine:?}：有重号");
        let mut days: BTreeSet<&str> = BTreeSet::new();
        for (n, no) in numbers.iter().enumerate() {
            let (day, serial) = no.rsplit_once('-').unwrap();
            days.insert(day);
            // 跨过午夜的那一次不查连续
            assert!(days.len() > 1 || serial.parse::<usize>().unwrap() == n + 1, "{engine:?}：断号，第 {n} 个是 {no}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_twenty_times_at_once_makes_one_case() {
    for engine in engines() {
        let ground = Ground::demo(engine, 0).await;
        let token = ground.token(&["cases.receive", "cases.submit_for", "cases.read"]);
        let server = ground.serve().await;
        let body = registration(&server.simple_item().await);
        let sent = (0..20).map(|_| {
            let (url, token, body) = (server.url.clone(), token.clone(), body.clone());
            tokio::spawn(async move { register(&crate::client::http(), &url, &token, "only-one", &body).await })
        });
        let mut numbers = BTreeSet::new();
        for answer in sent.collect::<Vec<_>>() {
            let (status, case) = answer.await.unwrap();
            assert_eq!(status, 201, "{engine:?}：{case}");
            numbers.insert(number(&case));
        }
        assert_eq!(numbers.len(), 1, "{engine:?}：{numbers:?}");
        assert_eq!(ground.count("SELECT COUNT(*) FROM cases_cases").await, 1);
    }
}
