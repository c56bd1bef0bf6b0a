//! 演示数据：把随程序带的事项清单导入演示县区，机构由 directory 对上。

use std::sync::Arc;

use tongban_directory::model::{KIND_TENANT, KIND_TOWN};
use tongban_directory::queries::{self as directory, Org};
use tongban_kernel::Actor;
use tongban_store::{Error, Result, Tx};
use tongban_web::Demo;

use crate::commands::Implementer;
use crate::importer::{self, Resolver, Sources};
use crate::model::codes::UseLevel;

/// 去掉 `区`、`广安区`、`人民政府` 等前后缀再比：清单来自别的区，名字只是叫法不同。
fn short(name: &str) -> &str {
    let name = ["广元市昭化区", "昭化区", "广安区", "区"].iter().find_map(|head| name.strip_prefix(head)).unwrap_or(name);
    name.strip_suffix("人民政府").unwrap_or(name)
}

/// 清单里的叫法 → 机构全称里的字。
const NICKNAMES: &[(&str, &str)] = &[
    ("经信局", "经济信息化"),
    ("教科体局", "教育"),
    ("人社局", "人力资源"),
    ("住建局", "住房"),
    ("文广旅局", "文化"),
    ("卫健局", "卫生健康"),
    ("市监局", "市场监督"),
    ("发改局", "发展"),
    ("政府办", "政府办公室"),
    ("委办", "区委办公室"),
    ("委统战部", "统战"),
    ("公安分局", "公安"),
    ("公管办", "公共资源"),
    ("残联", "残疾人联合会"),
    ("消防大队", "消防"),
    ("综合执法局", "综合执法"),
    ("税务局", "税务"),
];

/// 在机构里找一个部门：全称、简称、叫法依次比。
fn matching<'o>(orgs: &'o [Org], name: &str) -> Option<&'o Org> {
    let wanted = short(name);
    let units = || orgs.iter().filter(|org| org.is_unit() && org.kind != KIND_TENANT && org.status == 1);
    units()
        .find(|org| org.name == name || org.short_name == name || short(&org.name) == wanted || short(&org.short_name) == wanted)
        .or_else(|| {
            let part = NICKNAMES.iter().find(|(nickname, _)| *nickname == wanted).map(|(_, part)| *part)?;
            units().find(|org| org.name.contains(part))
        })
        .or_else(|| units().find(|org| short(&org.name).contains(wanted)))
}

fn implementer(org: &Org) -> Implementer {
    Implementer {
        place: org.place(),
        name: if org.short_name.is_empty() { org.name.clone() } else { org.short_name.clone() },
        uscc: org.code.clone(),
        division: org.division.clone(),
        level: if org.kind == KIND_TOWN { UseLevel::Town } else { UseLevel::County },
    }
}

/// 演示县区的机构：没有信用代码的不能做实施主体。
fn resolver(orgs: Vec<Org>) -> Resolver {
    Arc::new(move |_: &mut Tx<'_>, name: &str| Ok(matching(&orgs, name).filter(|org| !org.code.is_empty()).map(implementer)))
}

/// 导入全部清单。
///
/// # Errors
/// 引擎故障，或还没有演示县区。
pub fn demo(demo: &mut Demo<'_>) -> Result<()> {
    let orgs = demo.runtime.block_on(demo.db.read("items.demo_orgs", directory::all_orgs))?;
    let tenant = orgs.iter().find(|org| org.kind == KIND_TENANT).ok_or(Error::Misuse("先造机构，再造事项"))?.id;
    let orgs: Vec<Org> = orgs.into_iter().filter(|org| org.tenant == tenant).collect();
    let towns =
        orgs.iter().filter(|org| org.kind == KIND_TOWN && org.status == 1 && org.unit == org.id).map(|org| org.name.clone()).collect();
    let sources = Sources::built_in(towns)?;
    let actor = Actor { tenant, ..Actor::system() };
    // 演示的办件从几个月前开始，事项要在那之前发布
    let at = demo.now - jiff::SignedDuration::from_hours(24 * 400);
    let progress = &mut *demo.progress;
    let report = demo.runtime.block_on(importer::import_all(demo.db, &actor, &sources, resolver(orgs), at, &mut |done, total, what| {
        progress(done, total, what)
    }))?;
    tracing::info!(rows = report.rows, added = report.added, published = report.published, problems = report.problems, "事项已导入");
    Ok(())
}
