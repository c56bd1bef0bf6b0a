//! 测试自带的 PostgreSQL：临时文件夹、随便一个端口，用完即弃。

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::machine;

/// 正在运行的临时服务器；离开作用域就停掉、删掉。
pub struct Postgres {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
}

/// `initdb` 在哪里；没有就试着装。
fn bin() -> Option<PathBuf> {
    locate().or_else(|| machine::install("PostgreSQL 服务器", &["postgresql"]).then(locate).flatten())
}

/// 三样都在的文件夹才算；系统装的各版本取最新的，再看 `PATH`。
fn locate() -> Option<PathBuf> {
    let whole = |bin: &PathBuf| ["initdb", "pg_ctl", "createdb"].iter().all(|tool| bin.join(tool).is_file());
    let mut versions: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).filter(whole).collect();
    versions.sort();
    versions.pop().or_else(|| machine::find("initdb").and_then(|path| path.parent().map(Path::to_path_buf)).filter(whole))
}

impl Postgres {
    /// 起一个；这台机器上没有又装不了时回答 `None`。
    pub fn start() -> Result<Option<Self>> {
        let Some(bin) = bin() else { return Ok(None) };
        let folder = std::env::temp_dir().join(format!("tongban-postgres-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Self { folder, bin, port };
        server.prepare()?;
        Ok(Some(server))
    }

    fn prepare(&self) -> Result<()> {
        if machine::is_root() {
            let owned = Command::new("chown").arg("postgres").arg(&self.folder).status()?;
            if !owned.success() {
                bail!("没有 postgres 系统用户，超级用户不能直接运行 PostgreSQL");
            }
        }
        let data = self.folder.join("data");
        self.tool("initdb", &["-D", text(&data)?, "--locale=C", "--encoding=UTF8", "-U", "tongban", "-A", "trust", "--no-sync"])?;
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=500 -c fsync=off -c shared_buffers=128MB",
            self.port,
            text(&self.folder)?
        );
        self.tool("pg_ctl", &["-D", text(&data)?, "-o", &options, "-l", text(&self.folder.join("log"))?, "-w", "start"])?;
        self.tool("createdb", &["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "tongban", "tongban"])
    }

    /// PostgreSQL 不许超级用户运行，换成 postgres 用户。
    fn tool(&self, name: &str, arguments: &[&str]) -> Result<()> {
        let program = self.bin.join(name);
        let mut command = if machine::is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let status = command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).status().with_context(|| format!("运行 {name}"))?;
        if status.success() { Ok(()) } else { bail!("{name} 没有成功，看 {}", self.folder.join("log").display()) }
    }

    pub fn url(&self) -> String {
        format!("postgres://tongban@127.0.0.1:{}/tongban?sslmode=disable", self.port)
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("路径不是 UTF-8")
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        if let Ok(data) = text(&data) {
            let _ = self.tool("pg_ctl", &["-D", data, "-m", "immediate", "stop"]);
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
