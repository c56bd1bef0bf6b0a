//! 通办：一个可执行文件就是整个一网通办平台。

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match tongban::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("没有做成：{error:#}");
            ExitCode::FAILURE
        }
    }
}
