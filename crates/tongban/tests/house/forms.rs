//! 坏输入：走遍每种角色看得到的页面，把每张表的每个框填上坏东西。
//! 回答必须是说得清的中文，没有 5xx；填进去的脚本在任何页面上都不会变成标签；日志链完整。

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use tongban_store::Engine;
use tongban_store::testing::engines;

use crate::client::{Browser, Form, Kind, Page, shape};
use crate::ground::{Ground, Server};

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
/// 出现在页面上就说明没有转义。
const RAW: [&str; 2] = ["<script>alert(1)", "<img src=x"];

/// 依次走遍的身份；空为没有登录。
const PEOPLE: &[&str] = &[
    "", "13900000001", "window_clerk", "delivery_clerk", "handler", "reviewer", "approver", "dept_head", "item_editor", "bureau_admin", "monitor",
    "leader", "inspector", "hotline_caller", "sys_admin", "security_admin",
];
/// 坏东西存下之后再看一遍的身份：他们合起来看得到全部记录。
const WITNESSES: &[&str] = &["", "13900000001", "window_clerk", "bureau_admin", "leader"];
const STARTS: &[&str] = &["/", "/items", "/s?q=sbk", "/s?q=%E6%B2%A1%E6%9C%89%E7%9A%84%E8%AF%8D", "/tools/due", "/tools/codes", "/track", "/register", "/me", "/desk", "/cockpit", "/catalog"];
/// 一个身份至多看多少页；同一种样子的至多看几页（不同状态的办件有不同的表）。
const MOST_PAGES: usize = 160;
const MOST_ALIKE: usize = 5;
/// 群众申办时要走的几步。
const STEPS: &[&str] = &["situation", "form/1", "materials", "check"];

/// 看遍一个身份的页面，回答各种表的样本。
async fn walk(browser: &Browser, more: Vec<String>, look: &mut dyn FnMut(&Page)) -> BTreeMap<String, Form> {
    let mut forms = BTreeMap::new();
    let mut queue: VecDeque<String> = more.into_iter().chain(STARTS.iter().map(|start| (*start).to_owned())).collect();
    let mut known: BTreeSet<String> = queue.iter().cloned().collect();
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let mut visited = 0;
    while let Some(path) = queue.pop_front() {
        if visited >= MOST_PAGES {
            break;
        }
        let times = alike.entry(shape(&path)).or_default();
        *times += 1;
        if *times > MOST_ALIKE {
            continue;
        }
        let page = browser.get(&path).await;
        assert!(page.status < 500, "GET {path}：{} {}", page.status, page.text);
        visited += 1;
        if page.status == 303 {
            if known.insert(page.text.clone()) {
                queue.push_back(page.text);
            }
            continue;
        }
        if page.status != 200 || !page.media.starts_with("text/html") {
            continue;
        }
        look(&page);
        for form in page.forms() {
            forms.entry(form.shape()).or_insert(form);
        }
        for link in page.links() {
            if known.insert(link.clone()) {
                queue.push_back(link);
            }
        }
    }
    forms
}

/// 一张表的各种坏填法：名字与填好的表。
fn spoiled(form: &Form) -> Vec<(&'static str, Form)> {
    let fill = |kinds: &[Kind], value: &str| {
        let mut bad = form.clone();
        for input in bad.inputs.iter_mut().filter(|input| kinds.contains(&input.kind) && !input.name.starts_with('_')) {
            value.clone_into(&mut input.value);
        }
        bad
    };
    let text = [Kind::Text, Kind::Secret];
    let dated = [Kind::Text, Kind::Secret, Kind::Date];
    let all = [Kind::Text, Kind::Secret, Kind::Date, Kind::Choice, Kind::Hidden];
    let mut out = vec![
        ("脚本", fill(&text, SCRIPT)),
        ("SQL", fill(&text, "'); DROP TABLE cases_cases; --")),
        ("零字节与怪字符", fill(&text, "甲\u{0}乙\u{202e}丙\u{feff}\u{1f600}\r\n\t")),
        ("很长", fill(&text, &"长".repeat(20_000))),
        ("平年二月廿九", fill(&dated, "2023-02-29")),
        ("闰年二月廿九", fill(&dated, "2024-02-29")),
        ("九九九九年", fill(&dated, "9999-12-31")),
        ("大数", fill(&dated, "99999999999999999999")),
        ("负数", fill(&dated, "-1")),
        ("没有的选项", fill(&[Kind::Choice], "nonsense")),
        ("全是脚本", fill(&all, SCRIPT)),
        ("全空", fill(&all, "")),
    ];
    let bare = Form { inputs: form.inputs.iter().filter(|input| input.name == "_csrf").cloned().collect(), ..form.clone() };
    out.push(("只有令牌", bare));
    if let Some(input) = form.inputs.iter().find(|input| input.kind == Kind::Text) {
        out.push(("十兆的框", form.clone().with(&input.name.clone(), &"x".repeat(10 * 1024 * 1024))));
    }
    out
}

/// 不试的表：退出登录。
fn left_alone(form: &Form) -> bool {
    form.action.starts_with("/logout")
}

/// 这一次回答哪里不对。
fn judge(what: &str, form: &Form, answer: &Page) -> Vec<String> {
    let place = format!("{}（在 {}）的“{what}”", form.action, form.page);
    let mut wrong = Vec::new();
    if answer.status >= 500 {
        wrong.push(format!("{place}：{} {}", answer.status, answer.text));
    }
    if answer.status < 400 || !answer.media.starts_with("text/html") {
        return wrong;
    }
    if RAW.iter().any(|raw| answer.text.contains(raw)) {
        wrong.push(format!("{place}：回显没有转义"));
    }
    // 填错了让人改，填过的字要还在
    let kept = answer.status != 422 || what != "脚本" || !form.inputs.iter().any(|input| input.kind == Kind::Text) || answer.text.contains("alert(1)");
    if !kept {
        wrong.push(format!("{place}：422 之后填过的内容不见了"));
    }
    if !answer.text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        wrong.push(format!("{place}：{} 没有中文说明", answer.status));
    }
    wrong
}

/// 群众先开几份草稿，回答草稿各步的网址。
async fn drafts(server: &Server, browser: &Browser) -> Vec<String> {
    let list: Value = crate::client::http().get(format!("{}/api/v1/items?complete=true&limit=12", server.url)).send().await.unwrap().json().await.unwrap();
    let mut found = Vec::new();
    for item in list["items"].as_array().unwrap() {
        let page = browser.get(&format!("/apply/{}", item["code"].as_str().unwrap())).await;
        let Some(begin) = page.forms().into_iter().find(|form| form.action.starts_with("/apply/")) else { continue };
        let answer = browser.submit(&begin).await;
        let Some(draft) = answer.text.strip_prefix("/a/").and_then(|rest| rest.split('/').next()) else { continue };
        found.extend(STEPS.iter().map(|step| format!("/a/{draft}/{step}")));
    }
    found
}

async fn spoil(browser: &Browser, name: &str, more: Vec<String>, tried: &mut BTreeSet<String>, wrong: &mut Vec<String>) -> usize {
    let forms = walk(browser, more, &mut |_| {}).await;
    let mut sent = 0;
    for (shape, form) in forms {
        if left_alone(&form) || !tried.insert(format!("{}{shape}", if name.is_empty() { "匿名 " } else { "" })) {
            continue;
        }
        for (n, (what, bad)) in spoiled(&form).into_iter().enumerate() {
            let bad = if bad.inputs.iter().any(|input| input.name == "_once") { bad.with("_once", &format!("{sent}-{n}-{name}-bad")) } else { bad };
            let answer = browser.submit(&bad).await;
            wrong.extend(judge(what, &form, &answer));
            sent += 1;
        }
    }
    sent
}

async fn everything(engine: Engine) {
    let ground = Ground::demo(engine, 250).await;
    let server = ground.serve().await;
    let mut tried = BTreeSet::new();
    let (mut sent, mut wrong) = (0, Vec::new());
    for name in PEOPLE {
        let browser = open(&server, name).await;
        let more = if name.starts_with('1') { drafts(&server, &browser).await } else { Vec::new() };
        sent += spoil(&browser, name, more, &mut tried, &mut wrong).await;
    }
    eprintln!("{engine:?}：{} 种表，{sent} 次坏提交", tried.len());
    assert!(wrong.is_empty(), "{engine:?}：{wrong:#?}");
    assert!(tried.len() > 40, "只找到 {} 种表：{tried:#?}", tried.len());
    // 存下来的坏东西，再看一遍也不会变成标签
    for name in WITNESSES {
        let browser = open(&server, name).await;
        walk(&browser, Vec::new(), &mut |page| {
            for raw in RAW {
                assert!(!page.text.contains(raw), "{} 上有没有转义的 {raw}", page.path);
            }
        })
        .await;
    }
    drop(server);
    let verdict = ground.run(&["journal", "verify"]);
    assert!(verdict.contains("完整"), "{verdict}");
}

async fn open(server: &Server, name: &str) -> Browser {
    if name.is_empty() { Browser::new(server) } else { Browser::signed_in(server, name).await }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_breaks_on_any_input() {
    for engine in engines() {
        everything(engine).await;
    }
}
