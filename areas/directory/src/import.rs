//! 区划导入：现行四级区划与撤并乡镇（accounts §4.1），可以重复执行。

use tongban_kernel::Actor;
use tongban_kernel::codes::DivisionCode;
use tongban_store::{Database, Error, Result};

use crate::commands;
use crate::store::Division;

/// 现行区划。
pub const CURRENT: &str = include_str!("../../../reference/divisions-5108.csv");
/// 撤并、改名的乡镇与承接乡镇。
pub const ABOLISHED: &str = include_str!("../../../reference/divisions-5108-abolished.csv");

fn rows(text: &str) -> Result<Vec<csv::StringRecord>> {
    csv::Reader::from_reader(text.as_bytes()).records().collect::<Result<_, _>>().map_err(|error| Error::Io(error.to_string()))
}

fn column(row: &csv::StringRecord, index: usize) -> String {
    row.get(index).unwrap_or("").to_owned()
}

/// 不是法定区划的：类似乡级（400 以上）与虚拟生活区（598）。
fn kind_of(code: &str) -> &'static str {
    let number = |range: std::ops::Range<usize>| code.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    if number(6..9) >= 400 || number(9..12) == 598 { "statistical" } else { "statutory" }
}

/// 两份文件里的全部区划。
///
/// # Errors
/// 文件读不懂。
pub fn divisions() -> Result<Vec<Division>> {
    let mut found = Vec::new();
    for row in rows(CURRENT)? {
        let code = column(&row, 0);
        let level = DivisionCode::parse(&code).map_or(0, |code| i64::from(code.level()));
        found.push(Division { kind: kind_of(&code).to_owned(), name: column(&row, 1), level, parent: column(&row, 3), successor: String::new(), code });
    }
    for row in rows(ABOLISHED)? {
        found.push(Division {
            code: column(&row, 0),
            name: column(&row, 1),
            level: 4,
            parent: column(&row, 3),
            kind: "abolished".to_owned(),
            successor: column(&row, 5),
        });
    }
    Ok(found)
}

/// 写进库，分块；回答写了多少行。
///
/// # Errors
/// 文件读不懂或引擎拒绝。
pub async fn load(db: &Database) -> Result<usize> {
    let all = divisions()?;
    for chunk in all.chunks(200) {
        let chunk = chunk.to_vec();
        db.bulk("directory.import_divisions", move |tx| {
            chunk.iter().try_for_each(|division| {
                commands::put_division(tx, &Actor::system(), division, "国家统计局统计用区划代码 2023-06-30")
            })
        })
        .await?;
    }
    Ok(all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_hold_what_the_specification_counts() {
        let all = divisions().unwrap();
        let count = |test: &dyn Fn(&Division) -> bool| all.iter().filter(|d| test(d)).count();
        assert_eq!(count(&|d| d.kind != "abolished"), 1890);
        assert_eq!(count(&|d| d.kind == "abolished"), 122);
        assert_eq!(count(&|d| d.parent == "510811000000" && d.kind == "statutory"), 12, "昭化区 12 镇");
        assert_eq!(count(&|d| d.kind == "statistical"), 8);
        let codes: std::collections::BTreeSet<&str> = all.iter().map(|d| d.code.as_str()).collect();
        assert!(all.iter().filter(|d| !d.successor.is_empty()).all(|d| codes.contains(d.successor.as_str())));
    }
}
