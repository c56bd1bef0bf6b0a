//! 一个真的浏览器：可以关脚本、换宽度，看控制台与无障碍。

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;

/// 浏览器与它的驱动。
pub struct Browser {
    pub client: Client,
    driver: Child,
    base: String,
    scripts: bool,
    shots: PathBuf,
    profile: PathBuf,
}

impl Browser {
    /// 没有设 `TONGBAN_TEST_BROWSER` 就不开，并大声说出来。
    pub async fn open(base: &str, scripts: bool, width: u32) -> Option<Self> {
        if std::env::var_os("TONGBAN_TEST_BROWSER").is_none() {
            eprintln!("注意：没有设 TONGBAN_TEST_BROWSER，跳过浏览器旅程；完整测试请用 cargo xtask test");
            return None;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver").arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let profile = std::env::temp_dir().join(format!("tongban-chrome-{port}"));
        let client = connect(port, width, &profile).await;
        if !scripts {
            block_scripts(&client).await;
        }
        let shots = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/screens");
        std::fs::create_dir_all(&shots).unwrap();
        Some(Self { client, driver, base: base.to_owned(), scripts, shots, profile })
    }

    pub async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    pub async fn text(&self) -> String {
        self.client.find(Locator::Css("body")).await.unwrap().text().await.unwrap()
    }

    /// 页面上必须有这些字。
    pub async fn sees(&self, wanted: &str) {
        let text = self.text().await;
        assert!(text.contains(wanted), "{} 上没有“{wanted}”：\n{text}", self.path().await);
    }

    pub async fn fill(&self, css: &str, value: &str) {
        let field = self.client.find(Locator::Css(css)).await.unwrap_or_else(|_| panic!("没有 {css}"));
        field.clear().await.unwrap();
        field.send_keys(value).await.unwrap();
    }

    pub async fn click(&self, css: &str) {
        let found = self.client.find(Locator::Css(css)).await.unwrap_or_else(|_| panic!("没有 {css}"));
        activate(&found).await;
        self.settle().await;
    }

    /// 点写着这些字的链接或按钮。
    pub async fn press(&self, words: &str) {
        let xpath = format!("//main//*[self::a or self::button][contains(normalize-space(.), '{words}')]");
        let here = self.path().await;
        let found = self.client.find(Locator::XPath(&xpath)).await.unwrap_or_else(|_| panic!("{here} 上没有“{words}”可点"));
        activate(&found).await;
        self.settle().await;
    }

    pub async fn has(&self, css: &str) -> bool {
        !self.client.find_all(Locator::Css(css)).await.unwrap().is_empty()
    }

    pub async fn value_of(&self, css: &str) -> String {
        self.client.find(Locator::Css(css)).await.unwrap().text().await.unwrap()
    }

    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    /// 存一张截图，看一遍控制台与无障碍。
    pub async fn check(&self, name: &str) {
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(self.shots.join(format!("{name}.png")), picture).unwrap();
        if self.scripts {
            self.axe(name).await;
        }
    }

    /// axe 零违规（WCAG 2.2 AA）；脚本不在就跳过。
    async fn axe(&self, name: &str) {
        let Some(path) = std::env::var_os("TONGBAN_TEST_AXE") else { return };
        let source = std::fs::read_to_string(path).unwrap();
        self.client.execute(&source, vec![]).await.unwrap();
        let run = "const done = arguments[arguments.length - 1]; \
             axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }) \
             .then(r => done(r.violations.map(v => v.id + '：' + v.nodes.slice(0, 4).map(n => n.html).join(' ｜ '))), e => done([String(e)]));";
        let faults = self.client.execute_async(run, vec![]).await.unwrap();
        assert_eq!(faults, json!([]), "{name}（{}）无障碍有问题", self.path().await);
    }

    pub async fn close(mut self) {
        let _ = self.client.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// 浏览器开发者协议的一条命令。
#[derive(Debug)]
struct Protocol {
    command: &'static str,
    parameters: serde_json::Value,
}

impl WebDriverCompatibleCommand for Protocol {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.command, "params": self.parameters }).to_string()))
    }
}

/// 本站唯一的脚本取不到，等于没有脚本。
async fn block_scripts(client: &Client) {
    for (command, parameters) in [("Network.enable", json!({})), ("Network.setBlockedURLs", json!({ "urls": ["*/assets/app.*.js"] }))] {
        client.issue_cmd(Protocol { command, parameters }).await.unwrap();
    }
}

/// 点它；被吸底的导航盖住时用键盘：选项按空格，链接与按钮按回车。
async fn activate(element: &fantoccini::elements::Element) {
    if element.clone().click().await.is_err() {
        let choice = element.tag_name().await.unwrap() == "input";
        element.send_keys(if choice { " " } else { "\u{E007}" }).await.unwrap();
    }
}

async fn connect(port: u16, width: u32, profile: &std::path::Path) -> Client {
    let mut options = json!({
        "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", format!("--window-size={width},1200"), format!("--user-data-dir={}", profile.display())],
    });
    if width < 500 {
        // 窗口本身窄不到手机那么窄，按手机屏幕模拟
        options["mobileEmulation"] = json!({ "deviceMetrics": { "width": width, "height": 844, "pixelRatio": 1.0, "touch": true } });
    }
    let mut capabilities = serde_json::Map::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    for _ in 0..100 {
        let mut builder = ClientBuilder::new(hyper_connector());
        if let Ok(client) = builder.capabilities(capabilities.clone()).connect(&format!("http://127.0.0.1:{port}")).await {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("chromedriver 没有起来");
}

fn hyper_connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}
