//! 一块地：一种引擎上的一个空库与一个数据文件夹；可以在上面起一个或几个节点。

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tongban_store::{Engine, Tx};
use tongban_store::testing::TestDb;

use crate::template;

/// 演示账号共用的口令。
pub const PASSWORD: &str = "Tongban-2026";

/// 一个空库；离开作用域就清掉。
pub struct Ground {
    pub data: PathBuf,
    database: Option<TestDb>,
}

/// 一个正在跑的节点；离开作用域就停掉。
pub struct Server {
    child: Child,
    pub url: String,
}

impl Ground {
    /// 带一个演示县区。
    pub async fn demo(engine: Engine, cases: u32) -> Self {
        let data = std::env::temp_dir().join(format!("tongban-house-{}", tongban_web::guard::random_hex(6)));
        let plot = template::copy(engine, cases, data).await;
        Self { data: plot.data, database: plot.database }
    }

    fn command(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tongban"));
        command.args(arguments).env("TONGBAN_DATA", data).env("TONGBAN_LOG", "error").env("TONGBAN_REQUESTS_PER_MINUTE", "0");
        command.env("TONGBAN_KEY_FILE", self.data.join("master.key")).env("TONGBAN_FILES", self.data.join("files"));
        match &self.database {
            Some(database) => command.env("TONGBAN_DATABASE", &database.url),
            None => command.env_remove("TONGBAN_DATABASE"),
        };
        command
    }

    /// 跑一条命令，回答它打印的；没有做成就是测试失败。
    pub fn run(&self, arguments: &[&str]) -> String {
        let out = self.command(&self.data, arguments).output().unwrap();
        assert!(out.status.success(), "{arguments:?}：{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// 试一条命令，回答做没做成与它说的话。
    pub fn attempt(&self, arguments: &[&str]) -> (bool, String) {
        let out = self.command(&self.data, arguments).output().unwrap();
        (out.status.success(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
    }

    /// 一张对接凭证。
    pub fn token(&self, scopes: &[&str]) -> String {
        let mut arguments = vec!["token", "--name", "压测"];
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        self.run(&arguments)
    }

    /// 起一个节点。
    pub async fn serve(&self) -> Server {
        self.node("").await
    }

    /// 起第二个节点：同一个库、同一把主钥，另一个数据文件夹（检索索引各有一份）。
    pub async fn node(&self, name: &str) -> Server {
        let data = if name.is_empty() { self.data.clone() } else { self.data.join(name) };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = self.command(&data, &["serve"]);
        command.env("TONGBAN_LISTEN", format!("127.0.0.1:{port}")).env("TONGBAN_DEMO", "true").stdout(Stdio::null());
        let server = Server { child: command.spawn().unwrap(), url: format!("http://127.0.0.1:{port}") };
        let started = Instant::now();
        while !crate::client::http().get(format!("{}/readyz", server.url)).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(started.elapsed() < Duration::from_secs(60), "一分钟还没有起来");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    /// 从旁边看一眼库：数一数。
    pub async fn count(&self, sql: &'static str) -> i64 {
        let database = self.database.as_ref().map(|database| database.db.clone());
        let opened = match database {
            Some(db) => db,
            None => {
                let url = format!("sqlite:{}", self.data.join("tongban.db").display());
                tongban_store::Database::open(tongban_store::Options { url, keys: tongban_store::testing::keys(), connections: 1 }).await.unwrap()
            }
        };
        opened.read("test.count", move |tx: &mut Tx<'_>| Ok(tx.row(sql, &[], |r| r.get::<i64>(0))?.unwrap_or(0))).await.unwrap()
    }

    /// 反复数，到等于 `wanted` 为止；一分钟还不等就失败。
    pub async fn settles(&self, sql: &'static str, wanted: i64) {
        let started = Instant::now();
        loop {
            let found = self.count(sql).await;
            if found == wanted {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "等了一分钟，{sql} 是 {found}，应为 {wanted}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// 拔电源。
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// 一件不用填表就能登记的事项的编码。
    pub async fn simple_item(&self) -> String {
        let list: Value = crate::client::http().get(format!("{}/api/v1/items?complete=true&limit=100", self.url)).send().await.unwrap().json().await.unwrap();
        let items = list["items"].as_array().unwrap_or_else(|| panic!("{list}"));
        let found = items.iter().find(|item| item["name"] == "个体工商户注销登记").unwrap_or_else(|| panic!("没有这件事项：{list}"));
        found["code"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// 对接系统登记一件。
pub fn registration(item: &str) -> Value {
    json!({
        "item_code": item,
        "applicant": { "name": "王小明", "id_number": "510811199003070017", "mobile": "13900000001" },
        "allow_same": true,
    })
}
