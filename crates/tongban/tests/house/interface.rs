//! 接口的坏输入：照接口文档，把每个路径参数、查询参数与正文的每一项换成坏东西。
//! 回答是 RFC 9457 的错误正文或成功，没有 5xx。

use serde_json::{Map, Value, json};
use tongban_store::testing::engines;

use crate::ground::{Ground, Server};

const NASTY: &[&str] = &[
    "<script>alert(1)</script>",
    "' OR 1=1; --",
    "%00",
    "..%2F..%2Fetc%2Fpasswd",
    "-1",
    "99999999999999999999",
    "9999-12-31",
    "2023-02-29",
    "%F0%9F%98%80",
    "nonsense",
    "",
];

struct Prober {
    http: reqwest::Client,
    url: String,
    token: String,
    sent: usize,
}

impl Prober {
    async fn send(&mut self, method: &str, path: &str, body: Option<String>) {
        let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body.clone() {
            request = request.header("content-type", "application/json").header("idempotency-key", format!("probe-{}", self.sent)).body(body);
        }
        self.sent += 1;
        let answer = request.send().await.unwrap_or_else(|error| panic!("{method} {path}：{error}"));
        let status = answer.status().as_u16();
        let media = answer.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
        let text = answer.text().await.unwrap();
        let shown: String = body.unwrap_or_default().chars().take(200).collect();
        assert!(status < 500, "{method} {path} {shown}：{status} {text}");
        if status >= 400 {
            assert!(media.starts_with("application/problem+json"), "{method} {path} {shown}：{status} {media}");
            let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}：{text}"));
            assert!(problem["title"].is_string() && problem["status"] == status, "{method} {path}：{problem}");
        }
    }
}

/// 文档里 `$ref` 的去处。
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or(schema),
        None => schema,
    }
}

/// 照模式造一个大体合格的值。
fn example(document: &Value, schema: &Value, depth: u8) -> Value {
    let schema = resolve(document, schema);
    if depth > 6 {
        return Value::Null;
    }
    if let Some(options) = schema["enum"].as_array() {
        return options[0].clone();
    }
    if let Some(first) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()).and_then(|list| list.iter().find(|s| s["type"] != "null")) {
        return example(document, first, depth + 1);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("");
    match kind {
        "object" => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            Value::Object(properties.iter().map(|(name, inner)| (name.clone(), example(document, inner, depth + 1))).collect())
        }
        "array" => json!([example(document, &schema["items"], depth + 1)]),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        _ => json!("样本"),
    }
}

/// 正文的各种坏法。
fn bodies(document: &Value, schema: &Value) -> Vec<String> {
    let good = example(document, schema, 0);
    let mut out: Vec<String> = ["", "{", "[]", "null", "\"文字\"", "{\"没有的项\":1}", "{\"a\":\"\\u0000\"}"].map(str::to_owned).to_vec();
    out.push("[".repeat(100_000));
    out.push(good.to_string());
    if let Some(object) = good.as_object() {
        for name in object.keys() {
            for bad in [json!(null), json!(-1), json!(1e300), json!([]), json!({}), json!("<script>alert(1)</script>"), json!("\u{0}'; --"), json!("长".repeat(50_000))] {
                let mut changed: Map<String, Value> = object.clone();
                changed.insert(name.clone(), bad);
                out.push(Value::Object(changed).to_string());
            }
        }
    }
    out
}

fn filled(path: &str, value: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { value } else { part }).collect::<Vec<_>>().join("/")
}

async fn probe(server: &Server, token: String) -> usize {
    let http = crate::client::http();
    let document: Value = http.get(format!("{}/api/v1/openapi.json", server.url)).send().await.unwrap().json().await.unwrap();
    let mut prober = Prober { http, url: server.url.clone(), token, sent: 0 };
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| matches!(name.as_str(), "get" | "post" | "put" | "patch" | "delete")) {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let body = schema.is_object().then(|| example(&document, schema, 0).to_string());
            for value in NASTY.iter().filter(|_| path.contains('{')) {
                prober.send(method, &filled(path, if value.is_empty() { "%20" } else { value }), body.clone()).await;
            }
            let target = filled(path, "1");
            for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query") {
                for value in NASTY {
                    prober.send(method, &format!("{target}?{}={value}", parameter["name"].as_str().unwrap()), body.clone()).await;
                }
            }
            prober.send(method, &format!("{target}?{}", "a=1&".repeat(500)), body.clone()).await;
            for bad in schema.is_object().then(|| bodies(&document, schema)).into_iter().flatten() {
                prober.send(method, &target, Some(bad)).await;
            }
        }
    }
    prober.sent
}

#[tokio::test(flavor = "multi_thread")]
async fn no_interface_breaks_on_any_input() {
    for engine in engines() {
        let ground = Ground::demo(engine, 250).await;
        let areas = tongban::areas::all();
        let scopes: Vec<&str> = areas.iter().flat_map(|area| area.permissions).map(|(code, _)| *code).collect();
        let token = ground.token(&scopes);
        let server = ground.serve().await;
        let sent = probe(&server, token).await;
        eprintln!("{engine:?}：{sent} 次坏请求");
        assert!(sent > 300, "只发了 {sent} 次");
        drop(server);
        assert!(ground.run(&["journal", "verify"]).contains("完整"));
    }
}
