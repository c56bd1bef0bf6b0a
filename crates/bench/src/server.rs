//! 被量的可执行文件：造数据、起服务、看它自己的内存与 CPU。

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::client::Connection;

/// 可执行文件与数据所在。
pub struct Ground {
    pub binary: PathBuf,
    pub data: PathBuf,
}

impl Ground {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env("TONGBAN_DATA", &self.data).env_remove("TONGBAN_DATABASE");
        command.env("TONGBAN_LOG", "error").env("TONGBAN_REQUESTS_PER_MINUTE", "0").env("TONGBAN_DEMO", "true");
        command
    }

    /// 造演示县区；造过的接着用。
    pub fn prepare(&self, cases: u64) -> Result<()> {
        let done = self.data.join(format!("bench-{cases}"));
        if done.exists() {
            return Ok(());
        }
        let status = self.command(&["demo", "--cases", &cases.to_string(), "--only-load"]).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "造演示县区没有成功");
        std::fs::write(done, "")?;
        Ok(())
    }

    /// 一张对接凭证。
    pub fn token(&self, scopes: &[&str]) -> Result<String> {
        let mut arguments = vec!["token", "--name", "压测"];
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let out = self.command(&arguments).output()?;
        ensure!(out.status.success(), "发凭证：{}", String::from_utf8_lossy(&out.stderr));
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }

    /// 起服务，等首页打得开。
    pub async fn serve(&self) -> Result<Server> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let begun = Instant::now();
        let child = self.command(&["serve"]).env("TONGBAN_LISTEN", format!("127.0.0.1:{port}")).stdout(Stdio::null()).spawn()?;
        let mut server = Server { child, port, started: Duration::ZERO };
        while begun.elapsed() < Duration::from_secs(60) {
            if let Ok(mut connection) = Connection::open(port, "").await
                && connection.get("/").await.is_ok_and(|answer| answer.status == 200)
            {
                server.started = begun.elapsed();
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("服务一分钟没有起来")
    }
}

/// 正在跑的服务；离开作用域就停掉。
pub struct Server {
    child: Child,
    pub port: u16,
    /// 从起进程到首页打开。
    pub started: Duration,
}

impl Server {
    /// 匿名常驻内存，MiB。
    pub fn anonymous(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("只能在 Linux 上量内存")?;
        let line = status.lines().find(|line| line.starts_with("RssAnon")).context("没有 RssAnon")?;
        let kb: f64 = line.split_whitespace().nth(1).context("没有数")?.parse()?;
        Ok(kb / 1024.0)
    }

    /// 至今用掉的 CPU 秒数（用户态与内核态）。
    pub fn cpu(&self) -> Result<f64> {
        const TICKS: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after = stat.rsplit_once(')').context("读不懂 stat")?.1;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        Ok((ticks(11) + ticks(12)) / TICKS)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
