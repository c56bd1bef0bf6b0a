//! 驾驶舱的每个数都等于点进去的记录：县区一级全部指标，再各挑几个单位；全量重算与增量对得上。

use serde_json::Value;
use tongban_store::testing::engines;

use crate::ground::{Ground, Server};

/// 每条指标另看几个单位。
const UNITS: usize = 2;

struct Reader {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Reader {
    async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}：{status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// 构成一个数的记录，逐页加起来。
    async fn weigh(&self, figure: &Value, part: &str) -> i64 {
        let (id, org, period) = (figure["id"].as_str().unwrap(), figure["org"].as_str().unwrap(), figure["period"].as_str().unwrap());
        let (mut total, mut cursor) = (0, String::new());
        loop {
            let page = self.get(&format!("indicators/{id}/records?org={org}&period={period}&part={part}&limit=100{cursor}")).await;
            total += page["items"].as_array().unwrap().iter().map(|record| record["weight"].as_i64().unwrap()).sum::<i64>();
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return total,
            }
        }
    }

    async fn check(&self, figure: &Value) -> bool {
        let (Some(num), true) = (figure["num"].as_i64(), figure["source"] == "computed") else { return false };
        assert_eq!(self.weigh(figure, "num").await, num, "分子：{figure}");
        if let Some(den) = figure["den"].as_i64() {
            assert_eq!(self.weigh(figure, "den").await, den, "分母：{figure}");
        }
        true
    }
}

async fn every_number(server: &Server, token: String) -> usize {
    let reader = Reader { http: crate::client::http(), url: server.url.clone(), token };
    let mut checked = 0;
    let year = reader.get("indicators").await["items"][0]["period"].as_str().unwrap()[..4].to_owned();
    let month = reader.get("indicators").await["items"][0]["period"].as_str().unwrap().to_owned();
    for period in [year, month] {
        let county = reader.get(&format!("indicators?period={period}")).await;
        for figure in county["items"].as_array().unwrap() {
            checked += usize::from(reader.check(figure).await);
            let id = figure["id"].as_str().unwrap();
            let rows = reader.get(&format!("indicators/{id}?period={period}")).await;
            let below = rows["items"].as_array().unwrap().iter().filter(|row| row["org"] != figure["org"] && row["num"].as_i64().unwrap_or(0) > 0);
            for row in below.take(UNITS) {
                checked += usize::from(reader.check(row).await);
            }
        }
    }
    checked
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_equals_its_records_and_a_full_recount() {
    for engine in engines() {
        let ground = Ground::demo(engine, 250).await;
        let token = ground.token(&["indicators.read", "indicators.manage", "cases.read"]);
        let server = ground.serve().await;
        // 造数时落下的日志由后台读完，动过的指标都重算过，再来核对
        let cases = ground.count("SELECT COUNT(*) FROM cases_cases").await;
        ground.settles("SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM indicators_tally WHERE grain = 0 AND measure = 'cases.applied'", cases).await;
        ground.settles("SELECT COUNT(*) FROM indicators_touched", 0).await;
        let checked = every_number(&server, token.clone()).await;
        eprintln!("{engine:?}：核对了 {checked} 个数");
        assert!(checked >= 40, "{engine:?}：只核对了 {checked} 个数");
        let recount = crate::client::http().post(format!("{}/api/v1/indicators/recount", server.url)).bearer_auth(&token).send().await.unwrap();
        let done: Value = recount.json().await.unwrap();
        assert_eq!(done["mismatches"], 0, "{engine:?}：{done}");
        assert!(done["records"].as_i64().unwrap() > 250, "{done}");
    }
}
