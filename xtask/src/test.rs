//! `cargo xtask test`：规矩、全部测试（两种引擎）、浏览器旅程。

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::postgres::Postgres;
use crate::{cargo, lint, machine, root, run};

/// 跑全部测试。`--no-browser` 不跑浏览器旅程。
pub fn run_tests(arguments: &[String]) -> Result<()> {
    lint::run()?;
    let server = Postgres::start()?;
    if server.is_none() {
        eprintln!("注意：没有 PostgreSQL，下面只测 SQLite");
    }
    let mut environment: Vec<(&str, String)> = Vec::new();
    environment.extend(server.as_ref().map(|server| ("TONGBAN_TEST_POSTGRES", server.url())));
    if !arguments.iter().any(|argument| argument == "--no-browser") {
        environment.extend(browser());
    }
    let mut command = cargo();
    if machine::has("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        command.args(["test", "--workspace", "--no-fail-fast"]);
    }
    run(command.envs(environment))
}

/// 浏览器旅程要的：Chromium、它的驱动、中文字体、axe。
fn browser() -> Vec<(&'static str, String)> {
    let ready = machine::has("chromedriver") || machine::install("浏览器", &["chromium", "chromium-driver", "fonts-noto-cjk"]);
    if !ready {
        eprintln!("注意：没有浏览器，跳过浏览器旅程");
        return Vec::new();
    }
    let mut found = vec![("TONGBAN_TEST_BROWSER", "1".to_owned())];
    found.extend(axe().map(|path| ("TONGBAN_TEST_AXE", path.display().to_string())));
    found
}

/// 无障碍检查的脚本：不进仓库，用 npm 装到 target 里；没有 npm 就跳过这一项。
fn axe() -> Option<PathBuf> {
    let folder = root().join("target/axe");
    let script = folder.join("node_modules/axe-core/axe.min.js");
    if !script.is_file() {
        if !machine::has("npm") {
            eprintln!("注意：没有 npm，跳过无障碍自动检查");
            return None;
        }
        fs::create_dir_all(&folder).ok()?;
        let installed = Command::new("npm").args(["install", "--silent", "--no-save", "--prefix"]).arg(&folder).arg("axe-core@4").status();
        if !installed.is_ok_and(|status| status.success()) {
            eprintln!("注意：axe-core 装不上，跳过无障碍自动检查");
            return None;
        }
    }
    Some(script)
}
