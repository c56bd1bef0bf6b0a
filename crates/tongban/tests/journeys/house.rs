//! 旅程用的房子：真的可执行文件、真的端口、临时数据。

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tongban_store::Engine;

use crate::template;

/// 一个 HTTP 客户端；加密库要先装好（只连本机，其实用不到）。
pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// 一个正在跑的服务；离开作用域就停掉、删掉数据。
pub struct House {
    child: Child,
    pub url: String,
    pub data: PathBuf,
}

impl House {
    /// 演示县区的一份拷贝，起好服务。
    pub async fn demo(cases: u32) -> Self {
        let data = std::env::temp_dir().join(format!("tongban-journey-{}", tongban_web::guard::random_hex(6)));
        let plot = template::copy(Engine::Sqlite, cases, data).await;
        assert!(plot.database.is_none(), "旅程只在 SQLite 上走");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_tongban"))
            .arg("serve")
            .env("TONGBAN_DATA", &plot.data)
            .env("TONGBAN_LISTEN", format!("127.0.0.1:{port}"))
            .env("TONGBAN_DEMO", "true")
            .env("TONGBAN_REQUESTS_PER_MINUTE", "0")
            .env("TONGBAN_LOG", "warn")
            .env_remove("TONGBAN_DATABASE")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let house = Self { child, url: format!("http://127.0.0.1:{port}"), data: plot.data };
        house.wait().await;
        house
    }

    async fn wait(&self) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            if crate::house::http().get(format!("{}/readyz", self.url)).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("服务一分钟还没有起来");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}
