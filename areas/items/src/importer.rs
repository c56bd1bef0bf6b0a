//! 导入：真实县区事项、乡镇事项、一件事。
//!
//! 先整份检查，读不懂的行列出来；再一段一段地导入，每段一个单元。可以反复导入：按“类型 + 名称”认旧，
//! 已经有的不重复、不覆盖人改过的。脏主体代码、重复行、对不上的部门只记问题单，不妨碍导入。

mod county;
mod town;

use std::sync::Arc;

use jiff::Timestamp;
use tongban_kernel::{Actor, Place};
use tongban_store::{Database, Result, Tx};

use crate::commands::{self, Bundle, Implementer};
use crate::complete::Complete;
use crate::model::bundle::BundleGuide;
use crate::store::{self, ItemRow, ProblemRow};

pub use county::{CountyRow, import_county, parse_county};
pub use town::{TownRow, import_town, parse_town};

/// 每个单元导入多少行。
const CHUNK: usize = 50;

/// 部门名或乡镇名 → 实施主体；对不上为 `None`。
pub type Resolver = Arc<dyn Fn(&mut Tx<'_>, &str) -> Result<Option<Implementer>> + Send + Sync>;

/// 读不懂的一行。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    pub line: u64,
    pub message: String,
}

/// 导入的结果。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// 读到的行。
    pub rows: usize,
    /// 新进的办理项。
    pub added: usize,
    /// 已经有的。
    pub same: usize,
    /// 内容齐全、已发布的。
    pub published: usize,
    /// 新记的问题单。
    pub problems: usize,
    pub errors: Vec<RowError>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.added += other.added;
        self.same += other.same;
        self.published += other.published;
        self.problems += other.problems;
        self.errors.extend(other.errors);
    }
}

/// 要记的一处脏数据。
struct Note<'a> {
    place: Place,
    source: &'a str,
    line: u64,
    kind: &'a str,
    value: &'a str,
    message: String,
}

/// 记一张问题单，回答新记了几张。
fn note(tx: &mut Tx<'_>, found: Note<'_>, at: Timestamp) -> Result<usize> {
    let row = ProblemRow {
        id: tx.new_id(),
        place: found.place,
        source: found.source.to_owned(),
        line: i64::try_from(found.line).unwrap_or(0),
        kind: found.kind.to_owned(),
        value: found.value.to_owned(),
        message: found.message,
        state: "open".to_owned(),
        found: at,
        version: 1,
    };
    Ok(usize::from(store::note_problem(tx, &row)?))
}

/// 从未动过的办理项：刚认领，还没有人编辑。
fn untouched(row: &ItemRow) -> bool {
    row.edition == 0 && row.version == 1
}

/// 用写完整的内容走完编辑、上报、审核、发布。
fn publish_complete(tx: &mut Tx<'_>, actor: &Actor, row: &ItemRow, guide: &crate::model::Guide, at: Timestamp) -> Result<()> {
    let version = commands::edit(tx, actor, row.id, row.version, guide, at)?;
    let version = commands::report(tx, actor, row.id, version, at)?;
    let version = commands::approve(tx, actor, row.id, version, at)?;
    commands::publish(tx, actor, row.id, version, commands::Publish::default(), at).map(drop)
}

/// 放进池里并认领；回答办理项，以及是不是新的。
fn adopt_into(tx: &mut Tx<'_>, actor: &Actor, catalogue: i64, implementer: &Implementer, at: Timestamp) -> Result<(ItemRow, bool)> {
    let (id, added) = commands::pool(tx, actor, catalogue, implementer, at)?;
    let implementation = store::lock_implementation(tx, id)?;
    let item = match store::items_of(tx, id)?.into_iter().next() {
        Some(item) => item,
        None => {
            let item = commands::claim(tx, actor, id, implementation.version, at)?;
            store::lock_item(tx, item)?
        }
    };
    Ok((item, added))
}

/// 一整套导入的来源。
#[derive(Clone)]
pub struct Sources {
    /// `items-sichuan-county.csv`。
    pub county: &'static str,
    /// `items-town-sample.csv`。
    pub town: &'static str,
    /// `bundles.csv`。
    pub bundles: &'static str,
    /// `bundle-members.csv`：成员的叫法 → 事项名称。
    pub members: &'static str,
    /// `bundles-complete.yaml`：各件事的引导问题与先后。
    pub definitions: &'static str,
    pub complete: Arc<Vec<Complete>>,
    /// 乡镇事项给哪些镇。
    pub towns: Arc<Vec<String>>,
}

impl Sources {
    /// 随程序带的一套。
    ///
    /// # Errors
    /// 内容文件损坏（测试保证没有）。
    pub fn built_in(towns: Vec<String>) -> Result<Self> {
        let complete = crate::complete::built_in().map_err(|error| tongban_store::Error::Io(error.to_string()))?;
        Ok(Self {
            county: include_str!("../../../reference/items-sichuan-county.csv"),
            town: include_str!("../../../reference/items-town-sample.csv"),
            bundles: include_str!("../../../reference/bundles.csv"),
            members: include_str!("../../../reference/bundle-members.csv"),
            definitions: include_str!("../../../reference/bundles-complete.yaml"),
            complete: Arc::new(complete),
            towns: Arc::new(towns),
        })
    }
}

/// 导入一整套：县区事项、各镇事项、一件事。`progress` 报告做到第几行、总数、说明。
///
/// # Errors
/// 引擎故障。读不懂的行与对不上的部门在 [`Report`] 里，不算错误。
pub async fn import_all(
    db: &Database,
    actor: &Actor,
    sources: &Sources,
    resolver: Resolver,
    at: Timestamp,
    progress: &mut dyn FnMut(u64, u64, &str),
) -> Result<Report> {
    let (county, mut errors) = parse_county(sources.county);
    let (town, town_errors) = parse_town(sources.town);
    errors.extend(town_errors);
    let total = (county.len() + town.len() * sources.towns.len()) as u64;
    let mut report = Report { errors, ..Report::default() };
    let mut done = 0_u64;
    for chunk in county.chunks(CHUNK) {
        let (rows, actor, complete, resolver) = (chunk.to_vec(), actor.clone(), Arc::clone(&sources.complete), Arc::clone(&resolver));
        let part = db.bulk("items.import_county", move |tx| import_county(tx, &actor, &rows, &complete, &*resolver, at)).await?;
        report.add(part);
        done += chunk.len() as u64;
        progress(done, total, "县区事项");
    }
    for name in sources.towns.iter() {
        let (rows, actor, complete, resolver) = (town.clone(), actor.clone(), Arc::clone(&sources.complete), Arc::clone(&resolver));
        let town_name = name.clone();
        let part = db.bulk("items.import_town", move |tx| import_town(tx, &actor, &rows, &town_name, &complete, &*resolver, at)).await?;
        report.add(part);
        done += town.len() as u64;
        progress(done, total, name);
    }
    let (mut rows, bundle_errors) = parse_bundles(sources.bundles);
    let (names, name_errors) = read(sources.members, &["member", "item"], |field| Ok((field("member"), field("item"))));
    report.errors.extend(bundle_errors);
    report.errors.extend(name_errors);
    for member in rows.iter_mut().flat_map(|row| &mut row.members) {
        if let Some((_, item)) = names.iter().find(|(called, _)| called == member) {
            member.clone_from(item);
        }
    }
    let definitions = parse_definitions(sources.definitions)?;
    for row in &mut rows {
        if let Some((_, guide)) = definitions.iter().find(|(number, _)| *number == row.number) {
            row.guide.clone_from(guide);
        }
    }
    let actor = actor.clone();
    db.bulk("items.import_bundles", move |tx| {
        for row in &rows {
            commands::write_bundle(tx, &actor, row, at)?;
        }
        Ok(())
    })
    .await?;
    Ok(report)
}

/// 一件事的序号与定义。
#[derive(serde::Deserialize)]
struct Definition {
    number: i64,
    #[serde(flatten)]
    guide: serde_yaml_ng::Value,
}

/// 读 `bundles-complete.yaml`。
///
/// # Errors
/// 文件损坏。
pub fn parse_definitions(text: &str) -> Result<Vec<(i64, BundleGuide)>> {
    let broken = |error: serde_yaml_ng::Error| tongban_store::Error::Io(format!("一件事的定义读不懂：{error}"));
    let found: Vec<Definition> = serde_yaml_ng::from_str(text).map_err(broken)?;
    found.into_iter().map(|one| Ok((one.number, serde_yaml_ng::from_value(one.guide).map_err(broken)?))).collect()
}

/// 读 `bundles.csv`。
#[must_use]
pub fn parse_bundles(text: &str) -> (Vec<Bundle>, Vec<RowError>) {
    read(text, &["seq", "bundle_name", "user_object", "lead_line", "member_items"], |field| {
        let number = field("seq").parse().map_err(|_| format!("序号“{}”不是数字", field("seq")))?;
        let members = field("member_items").split(';').map(str::trim).filter(|m| !m.is_empty()).map(str::to_owned).collect();
        Ok(Bundle {
            number,
            name: field("bundle_name").to_owned(),
            object: field("user_object").to_owned(),
            lead: field("lead_line").to_owned(),
            members,
            guide: BundleGuide::default(),
        })
    })
}

/// 按表头读 CSV，逐行转换；缺列、坏行列出行号。
fn read<T>(
    text: &str,
    columns: &[&'static str],
    convert: impl Fn(&dyn Fn(&str) -> String) -> std::result::Result<T, String>,
) -> (Vec<T>, Vec<RowError>) {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return (Vec::new(), vec![RowError { line: 1, message: error.to_string() }]),
    };
    let missing: Vec<&str> = columns.iter().copied().filter(|name| !headers.iter().any(|h| h == *name)).collect();
    if !missing.is_empty() {
        return (Vec::new(), vec![RowError { line: 1, message: format!("缺少列：{}", missing.join("、")) }]);
    }
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for record in reader.records() {
        match record {
            Ok(record) => {
                let field = |name: &str| {
                    let at = headers.iter().position(|header| header == name);
                    at.and_then(|at| record.get(at)).unwrap_or_default().to_owned()
                };
                match convert(&field) {
                    Ok(row) => rows.push(row),
                    Err(message) => {
                        errors.push(RowError { line: record.position().map_or(0, csv::Position::line), message });
                    }
                }
            }
            Err(error) => {
                errors.push(RowError { line: error.position().map_or(0, csv::Position::line), message: error.to_string() });
            }
        }
    }
    (rows, errors)
}
