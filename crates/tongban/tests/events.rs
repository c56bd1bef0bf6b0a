//! 记进日志的每种动作都有中文名，写在所属区的 `events` 里：源码里看得见的一处一处查，
//! 拼出来的由 `TestApp` 收尾时查（跑过的每个测试，包括整个演示县区）。

#![allow(clippy::unwrap_used, reason = "测试")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// 记日志的写法；种类就写在同一行。
const CALLS: &[&str] = &["journal(", "journal_facts(", "Mark::new(", "Entry {", "entry("];

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("testing.rs") {
            out.push(path);
        }
    }
}

/// 一行里的 `"区.动作"`。
fn literals(line: &str) -> Vec<&str> {
    let looks = |text: &&str| {
        let mut parts = text.split('.');
        let word = |part: Option<&str>| part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        word(parts.next()) && word(parts.next()) && parts.next().is_none()
    };
    line.split('"').skip(1).step_by(2).filter(looks).collect()
}

#[test]
fn every_kind_written_to_the_journal_has_a_chinese_name() {
    let mut named: BTreeMap<&str, &str> = BTreeMap::new();
    for area in tongban::areas::all() {
        for (kind, title) in area.events {
            assert!(named.insert(kind, title).is_none(), "{kind} 有两个名字");
            assert!(!title.is_ascii() && title.chars().count() <= 16, "{kind}：“{title}”不是一句短的中文");
        }
    }
    let areas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../areas");
    let (mut files, mut unnamed, mut found) = (Vec::new(), BTreeSet::new(), 0);
    sources(&areas, &mut files);
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        for line in text.lines().filter(|line| CALLS.iter().any(|call| line.contains(call))) {
            // 同一行里的任务名、单元名以 act(、write( 开头，不是日志种类
            let line = line.split("app.act(").next().unwrap_or(line);
            for kind in literals(line) {
                found += 1;
                if !named.contains_key(kind) {
                    unnamed.insert(format!("{kind}（{}）", file.strip_prefix(&areas).unwrap().display()));
                }
            }
        }
    }
    assert!(found > 80, "只查到 {found} 处，写法变了，请改这个测试");
    assert!(unnamed.is_empty(), "没有中文名：{unnamed:#?}");
}

#[test]
fn no_name_outlives_its_kind() {
    let areas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../areas");
    let mut files = Vec::new();
    sources(&areas, &mut files);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for file in &files {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            literals(line).into_iter().for_each(|kind| *seen.entry(kind.to_owned()).or_default() += 1);
        }
    }
    let gone: Vec<&str> = tongban::areas::all().iter().flat_map(|area| area.events).map(|(kind, _)| *kind).filter(|kind| seen.get(*kind).is_none_or(|n| *n < 2)).collect();
    assert!(gone.is_empty(), "只剩名字，没有人再记：{gone:?}");
}
