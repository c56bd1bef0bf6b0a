//! 开发者的命令：`cargo xtask test | bench | lint`。

mod lint;
mod machine;
mod postgres;
mod test;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("test") => test::run_tests(&arguments[1..]),
        Some("bench") => bench(&arguments[1..]),
        Some("lint") => lint::run(),
        _ => {
            eprintln!("用法：cargo xtask test [--no-browser] | bench [--cases N] | lint");
            return ExitCode::FAILURE;
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("没有通过：{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// 仓库根。
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// 跑一条命令，失败就停。
fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command.current_dir(root()).status()?;
    if status.success() { Ok(()) } else { bail!("{shown} 退出 {status}") }
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn bench(arguments: &[String]) -> Result<()> {
    run(cargo().args(["build", "--release", "--package", "tongban", "--package", "tongban-bench"]))?;
    run(cargo().args(["run", "--release", "--quiet", "--package", "tongban-bench", "--"]).args(arguments))
}
