//! 这台机器上有什么、缺了怎么装。

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// `PATH` 里有没有这个程序。
pub fn has(program: &str) -> bool {
    find(program).is_some()
}

/// `PATH` 里这个程序的位置。
pub fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// 是不是超级用户。
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| String::from_utf8_lossy(&out.stdout).trim() == "0")
}

/// 用系统的包管理器装；装不了就说清要人装什么。
pub fn install(what: &str, debian: &[&str]) -> bool {
    eprintln!("缺少{what}，尝试安装：{}", debian.join(" "));
    if !has("apt-get") || !is_root() {
        eprintln!("装不了：请自己装好 {}（Debian、Ubuntu：sudo apt-get install {}），再来一次", what, debian.join(" "));
        return false;
    }
    let quiet = |command: &mut Command| command.stdin(Stdio::null()).stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    quiet(Command::new("apt-get").args(["update", "-qq"]));
    let done = quiet(Command::new("apt-get").args(["install", "-y", "-qq", "--no-install-recommends"]).args(debian).env("DEBIAN_FRONTEND", "noninteractive"));
    if !done {
        eprintln!("安装{what}失败，相关的测试会跳过");
    }
    done
}
