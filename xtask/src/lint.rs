//! `cargo xtask lint`：房子的规矩，机器能查的都查。

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::root;

/// 区与区之间只许这些箭头（ARCHITECTURE.md）。
const ARROWS: &[(&str, &[&str])] = &[
    ("system", &[]),
    ("directory", &[]),
    ("parties", &["directory"]),
    ("items", &["directory"]),
    ("indicators", &["directory"]),
    ("messages", &["directory", "parties"]),
    ("credentials", &["directory", "parties", "messages"]),
    ("exchange", &["directory", "parties", "items"]),
    ("apps", &["directory", "parties", "items"]),
    ("hall", &["directory"]),
    ("cases", &["directory", "parties", "items", "messages", "credentials", "exchange"]),
    ("hotline", &["directory", "parties", "items", "messages"]),
    ("evaluation", &["directory", "parties", "items", "messages"]),
    ("construction", &["directory", "parties", "items", "messages", "credentials", "cases"]),
    ("supervision", &["directory", "parties", "messages", "indicators"]),
    ("portal", &["directory", "parties", "items"]),
    ("desk", &["directory", "parties"]),
];

/// 底座与地基之间的箭头。
const FLOORS: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("gm", &[]),
    ("ofd", &["documents", "gm"]),
    ("contracts", &[]),
    ("store", &["kernel"]),
    ("search", &["kernel"]),
    ("documents", &["kernel"]),
    ("web", &["kernel", "store", "search", "documents"]),
];

const LONGEST: usize = 600;

/// 全部检查；一次列全。
pub fn run() -> Result<()> {
    let mut faults = Vec::new();
    arrows(&mut faults)?;
    for file in sources(&root())? {
        let text = fs::read_to_string(&file).with_context(|| format!("读 {}", file.display()))?;
        let name = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        check_file(&name, &text, &mut faults);
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() {
        println!("规矩：没有问题");
        return Ok(());
    }
    bail!("{} 处不合规矩", faults.len())
}

fn check_file(name: &str, text: &str, faults: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > LONGEST {
        faults.push(format!("{name}：{lines} 行，超过 {LONGEST} 行，请按名词或动词拆开"));
    }
    if name.ends_with("src/lib.rs") && !text.starts_with("//!") {
        faults.push(format!("{name}：开头要用 //! 说清这个箱子做什么、可以依赖什么"));
    }
    let stem = Path::new(name).file_stem().map_or(String::new(), |s| s.to_string_lossy().into_owned());
    if ["util", "utils", "helper", "helpers", "misc", "common"].contains(&stem.as_str()) {
        faults.push(format!("{name}：没有名字的房间"));
    }
    if name.starts_with("areas/") && !is_store(name) {
        let product = text.split("#[cfg(test)]").next().unwrap_or("");
        for (n, line) in product.lines().enumerate().filter(|(_, line)| has_sql(line)) {
            faults.push(format!("{name}:{}：只有 store 里可以有 SQL：{}", n + 1, line.trim()));
        }
    }
}

fn is_store(name: &str) -> bool {
    name.contains("/store") || name.contains("/tests/") || name.ends_with("/tests.rs")
}

fn has_sql(line: &str) -> bool {
    let Some((_, quoted)) = line.split_once('"') else { return false };
    ["SELECT ", "INSERT INTO ", "DELETE FROM "].iter().any(|word| quoted.starts_with(word)) || (quoted.starts_with("UPDATE ") && quoted.contains(" SET "))
}

fn arrows(faults: &mut Vec<String>) -> Result<()> {
    let areas: BTreeMap<&str, BTreeSet<&str>> = ARROWS.iter().map(|(name, to)| (*name, to.iter().copied().collect())).collect();
    let floors: BTreeMap<&str, BTreeSet<&str>> = FLOORS.iter().map(|(name, to)| (*name, to.iter().copied().collect())).collect();
    for (folder, allowed) in [("areas", &areas), ("crates", &floors)] {
        for entry in fs::read_dir(root().join(folder))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let manifest = entry.path().join("Cargo.toml");
            if !manifest.is_file() || matches!(name.as_str(), "tongban" | "bench") {
                continue;
            }
            let Some(allowed) = allowed.get(name.as_str()) else {
                faults.push(format!("{folder}/{name}：不在 xtask/src/lint.rs 的箭头表里"));
                continue;
            };
            for to in dependencies(&manifest)? {
                let down = folder == "areas" && floors.contains_key(to.as_str());
                if !down && !allowed.contains(to.as_str()) {
                    faults.push(format!("{folder}/{name} 不许依赖 {to}"));
                }
            }
        }
    }
    Ok(())
}

/// 清单里依赖的本仓库箱子（不含测试用的）。
fn dependencies(manifest: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(manifest)?;
    let parsed: toml::Table = toml::from_str(&text).with_context(|| format!("读 {}", manifest.display()))?;
    let table = parsed.get("dependencies").and_then(toml::Value::as_table);
    Ok(table.into_iter().flat_map(toml::Table::keys).filter_map(|key| key.strip_prefix("tongban-")).map(str::to_owned).collect())
}

/// 全部 Rust 源文件。
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !name.starts_with('.') && !name.starts_with("target") && name != "data" {
                found.extend(sources(&path)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_outside_the_store_is_seen() {
        assert!(has_sql("const X: &str = \"SELECT id FROM x\";"));
        assert!(!has_sql("// SELECT id FROM x"));
        let mut faults = Vec::new();
        check_file("areas/x/src/pages.rs", "const X: &str = \"DELETE FROM x\";", &mut faults);
        check_file("areas/x/src/store.rs", "const X: &str = \"DELETE FROM x\";", &mut faults);
        assert_eq!(faults.len(), 1);
    }
}
