//! 编译好的指南在内存里：现行版两秒内不查库，匿名访客的整页也留着（architecture §6 的指南页指标）。
//!
//! 键是库的标识与事项编码，一个进程里开几个库（测试）互不相干；本节点发布、暂停后立即丢掉，
//! 别的节点至多两秒后看到。

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tongban_web::App;

use crate::queries::PublicGuide;

/// 多久之内不再查库。
const FRESH: Duration = Duration::from_secs(2);
/// 至多留多少份；满了从头来过。
const CAPACITY: usize = 4_000;
/// 一份指南至多留多少种情形的整页。
const PAGES: usize = 16;

struct Entry {
    checked: Instant,
    guide: Option<Arc<PublicGuide>>,
    /// 情形 → 匿名访客看到的整页。
    pages: HashMap<String, Bytes>,
}

type Key = (String, String);

static GUIDES: LazyLock<RwLock<HashMap<Key, Entry>>> = LazyLock::new(RwLock::default);

fn key(app: &App, code: &str) -> Key {
    (app.db().owner().to_owned(), code.to_owned())
}

/// 筛选里的部门与镇：行键、名称、项数。
type Units = Vec<(i64, String, i64)>;

/// 部门、镇两张清单多久数一遍。
const COUNTED: Duration = Duration::from_secs(30);

/// 数的时刻与两张清单。
type Counted = (Instant, Arc<(Units, Units)>);

static UNITS: LazyLock<RwLock<HashMap<String, Counted>>> = LazyLock::new(RwLock::default);

/// 有事项的部门与镇；三十秒数一遍。
pub(crate) async fn units(app: &App) -> tongban_store::Result<Arc<(Units, Units)>> {
    let owner = app.db().owner().to_owned();
    let known = UNITS.read().unwrap_or_else(PoisonError::into_inner).get(&owner).cloned();
    if let Some((_, found)) = known.filter(|(counted, _)| counted.elapsed() < COUNTED) {
        return Ok(found);
    }
    let counted = app.db().snapshot("items.units", |tx| Ok((crate::store::departments(tx)?, crate::store::towns(tx)?))).await?;
    let found = Arc::new(counted);
    UNITS.write().unwrap_or_else(PoisonError::into_inner).insert(owner, (Instant::now(), Arc::clone(&found)));
    Ok(found)
}

/// 新鲜的一页；没有就要现画。
pub(crate) fn page(app: &App, code: &str, situation: &str) -> Option<Bytes> {
    let guides = GUIDES.read().unwrap_or_else(PoisonError::into_inner);
    let entry = guides.get(&key(app, code)).filter(|entry| entry.checked.elapsed() < FRESH)?;
    entry.pages.get(situation).cloned()
}

/// 留下画好的一页；其间换了版本的不留。
pub(crate) fn keep_page(app: &App, guide: &Arc<PublicGuide>, situation: &str, html: Bytes) {
    let mut guides = GUIDES.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = guides.get_mut(&key(app, &guide.code))
        && entry.pages.len() < PAGES
        && entry.guide.as_ref().is_some_and(|known| Arc::ptr_eq(known, guide))
    {
        entry.pages.insert(situation.to_owned(), html);
    }
}

/// 现行指南；过了两秒重新查库，没有变化的接着用原来那份。
pub(crate) async fn guide(app: &App, code: &str) -> tongban_store::Result<Option<Arc<PublicGuide>>> {
    if let Some(found) = fresh(app, code) {
        return Ok(found);
    }
    let wanted = code.to_owned();
    let loaded = app.db().snapshot("items.guide", move |tx| crate::queries::public_guide(tx, &wanted, None)).await?;
    let mut guides = GUIDES.write().unwrap_or_else(PoisonError::into_inner);
    if guides.len() >= CAPACITY {
        guides.clear();
    }
    if let (Some(new), Some(entry)) = (&loaded, guides.get_mut(&key(app, code)))
        && let Some(known) = entry.guide.clone().filter(|known| **known == **new)
    {
        entry.checked = Instant::now();
        return Ok(Some(known));
    }
    // 编码不存在的不留，免得被乱撞的编码撑满
    if loaded.is_some() {
        guides.insert(key(app, code), Entry { checked: Instant::now(), guide: loaded.clone(), pages: HashMap::new() });
    }
    Ok(loaded)
}

fn fresh(app: &App, code: &str) -> Option<Option<Arc<PublicGuide>>> {
    let guides = GUIDES.read().unwrap_or_else(PoisonError::into_inner);
    guides.get(&key(app, code)).filter(|entry| entry.checked.elapsed() < FRESH).map(|entry| entry.guide.clone())
}

/// 这一项变了，丢掉。
pub(crate) fn forget(app: &App, code: &str) {
    GUIDES.write().unwrap_or_else(PoisonError::into_inner).remove(&key(app, code));
}
