//! 通办：一个可执行文件就是整个一网通办平台。

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 不用透明巨页：分配器按两兆一页要，空闲时的内存会成倍地大。内核不支持就照旧。
#[cfg(target_os = "linux")]
fn use_small_pages() {
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(not(target_os = "linux"))]
fn use_small_pages() {}

fn main() -> ExitCode {
    use_small_pages();
    match tongban::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("没有做成：{error:#}");
            ExitCode::FAILURE
        }
    }
}
