//! 演示县区每种只造一次，各测试各拿一份拷贝：同样的数据，互不相干。

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tongban_store::Engine;
use tongban_store::testing::{TestDb, has_database, replace_databases};

/// 一块地：数据文件夹；PostgreSQL 上还有一个库。
pub struct Plot {
    pub data: PathBuf,
    pub database: Option<TestDb>,
}

/// 一份有 `cases` 件办件的演示县区，放在 `data`。
pub async fn copy(engine: Engine, cases: u32, data: PathBuf) -> Plot {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("house");
    fs::create_dir_all(&root).unwrap();
    // 同一种同时只有一个在造，别的等它
    let lock = File::create(root.join(format!("{engine:?}-{cases}.lock"))).unwrap();
    lock.lock().unwrap();
    let kind = format!("{engine:?}-{cases}-");
    let folder = root.join(format!("{kind}{}", stamp()));
    let name = format!("{}{}", prefix(&root, cases), stamp());
    let ready = folder.join("ready").exists() && (engine == Engine::Sqlite || has_database(&name).await.unwrap());
    if !ready {
        remove_older(&root, &kind);
        let address = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(replace_databases(&prefix(&root, cases), &name).await.unwrap()),
        };
        build(&folder, address.as_deref(), cases);
        fs::write(folder.join("ready"), "").unwrap();
    }
    copy_folder(&folder, &data);
    let database = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(TestDb::copied(&name).await.unwrap()),
    };
    Plot { data, database }
}

/// 可执行文件换了，样板就要重造。
fn stamp() -> u128 {
    let built = fs::metadata(env!("CARGO_BIN_EXE_tongban")).and_then(|file| file.modified()).unwrap();
    built.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
}

/// 几个检出共用一台 PostgreSQL 时各用各的样板。
fn prefix(root: &Path, cases: u32) -> String {
    let sum = root.to_string_lossy().bytes().fold(5_381_u32, |sum, byte| sum.wrapping_mul(33) ^ u32::from(byte));
    format!("house_{sum:08x}_{cases}_")
}

fn remove_older(root: &Path, kind: &str) {
    for entry in fs::read_dir(root).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with(kind) && entry.path().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}

fn build(folder: &Path, database: Option<&str>, cases: u32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongban"));
    command.args(["demo", "--cases", &cases.to_string(), "--only-load"]).env("TONGBAN_DATA", folder).env("TONGBAN_LOG", "error");
    match database {
        Some(address) => command.env("TONGBAN_DATABASE", address),
        None => command.env_remove("TONGBAN_DATABASE"),
    };
    let out = command.output().unwrap();
    assert!(out.status.success(), "演示县区没有造成：{}", String::from_utf8_lossy(&out.stderr));
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
