//! 乡镇事项：`items-town-sample.csv`，给每个镇各一份。

use jiff::Timestamp;
use tongban_kernel::{Actor, Place};
use tongban_store::{Result, Tx};

use super::{Note, Report, RowError, adopt_into, note, publish_complete, read, untouched};
use crate::commands::{self, CatalogueInput, Implementer};
use crate::complete::{self, Complete};
use crate::model::codes::{HandleForm, OnlineStep, PlaceKind, ProjectType, ServiceObject, TaskType, UseLevel};
use crate::model::guide::{Online, Place as ServicePlace, Remedy, Step};
use crate::model::{Guide, Limit};

const SOURCE: &str = "items-town-sample.csv";

/// 一行乡镇事项。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TownRow {
    pub line: u64,
    pub name: String,
    pub task_type: TaskType,
    /// 业务条线：民政、人社……
    pub line_name: String,
    /// 镇上做什么：受理、初审、办结、代办。
    pub role: String,
    pub project_type: ProjectType,
    pub legal: u32,
    pub promise: u32,
    pub visits: u8,
    pub corporate: bool,
}

/// 读乡镇事项；读不懂的行另列。
#[must_use]
pub fn parse_town(text: &str) -> (Vec<TownRow>, Vec<RowError>) {
    let columns = [
        "seq",
        "name",
        "task_type",
        "business_line",
        "town_role",
        "project_type",
        "legal_workdays",
        "promise_workdays",
        "visits",
        "user_type",
    ];
    read(text, &columns, |field| {
        let number = |name: &str| field(name).parse::<u32>().map_err(|_| format!("{name} 列的“{}”不是数字", field(name)));
        let visits = u8::try_from(number("visits")?).ok().filter(|visits| *visits <= 9);
        let code = field("task_type");
        Ok(TownRow {
            line: u64::from(number("seq")?),
            name: Some(field("name")).filter(|name| !name.is_empty()).ok_or("没有事项名称")?,
            task_type: TaskType::parse(&code).ok_or_else(|| format!("事项类型“{code}”不在代码表内"))?,
            line_name: field("business_line"),
            role: field("town_role"),
            project_type: ProjectType::parse(&field("project_type")).ok_or("办件类型不在代码表内")?,
            legal: number("legal_workdays")?,
            promise: number("promise_workdays")?,
            visits: visits.ok_or("到现场次数应在 0 到 9 之间")?,
            corporate: field("user_type") == "2",
        })
    })
}

/// 给一个镇导入全部乡镇事项。有写完整内容的按规则发布，别的按原平台接收，问题进质量清单。
///
/// # Errors
/// 没有导入权限，或引擎故障。
pub fn import_town(
    tx: &mut Tx<'_>,
    actor: &Actor,
    rows: &[TownRow],
    town: &str,
    complete: &[Complete],
    resolve: &dyn Fn(&mut Tx<'_>, &str) -> Result<Option<Implementer>>,
    at: Timestamp,
) -> Result<Report> {
    let mut report = Report::default();
    let Some(implementer) = resolve(tx, town)? else {
        let place = Place { tenant: actor.tenant, ..Place::default() };
        let message = format!("“{town}”没有对上机构，请先在机构里建好再导入");
        let source = format!("{SOURCE}#{town}");
        report.problems += note(tx, Note { place, source: &source, line: 0, kind: "dept_name", value: town, message }, at)?;
        return Ok(report);
    };
    for row in rows {
        report.rows += 1;
        let input = CatalogueInput {
            name: row.name.clone(),
            task_type: row.task_type,
            main_name: String::new(),
            local_code: String::new(),
            levels: vec![UseLevel::Town],
            basis: String::new(),
        };
        let catalogue = commands::import_catalogue(tx, actor, &input, at)?.id();
        let (item, added) = adopt_into(tx, actor, catalogue, &implementer, at)?;
        if !added || !untouched(&item) {
            report.same += 1;
            continue;
        }
        report.added += 1;
        report.published += 1;
        match complete::find(complete, row.task_type, &row.name) {
            Some(found) => {
                let guide = Guide { places: vec![centre(&implementer.name)], single_post: true, ..found.guide.clone() };
                publish_complete(tx, actor, &item, &guide, at)?;
            }
            None => {
                commands::adopt(tx, actor, item.id, item.version, &guide(row, &implementer.name), at)?;
            }
        }
    }
    Ok(report)
}

fn centre(town: &str) -> ServicePlace {
    let short = town.trim_end_matches("人民政府");
    ServicePlace {
        kind: PlaceKind::TownCentre,
        name: format!("{short}便民服务中心"),
        window: "综合窗口".to_owned(),
        address: format!("{short}人民政府驻地"),
        hours: "周一至周五 9:00—12:00，13:30—17:00".to_owned(),
        phone: "0839-8720005".to_owned(),
        transit: "村（社区）可以代办".to_owned(),
    }
}

/// 只有原表里有的要素；依据、材料、条件没有，留着待完善。
fn guide(row: &TownRow, town: &str) -> Guide {
    let online = if row.visits == 0 {
        vec![OnlineStep::Receive, OnlineStep::Accept, OnlineStep::Handle, OnlineStep::Feedback]
    } else {
        vec![OnlineStep::Receive, OnlineStep::PreReview]
    };
    let (person, corp) = themes(&row.line_name);
    Guide {
        name: row.name.clone(),
        task_type: row.task_type,
        objects: vec![if row.corporate { ServiceObject::Company } else { ServiceObject::Person }],
        person_themes: if row.corporate { Vec::new() } else { vec![person.to_owned()] },
        corp_themes: if row.corporate { vec![corp.to_owned()] } else { Vec::new() },
        project_type: row.project_type,
        forms: vec![HandleForm::Window, HandleForm::Online, HandleForm::Mobile],
        legal: Limit::workdays(row.legal),
        promise: Limit::workdays(row.promise),
        visits: row.visits,
        online: Online { steps: online, here: true, mobile: true, single_login: true, ..Online::default() },
        steps: steps(&row.role),
        places: vec![centre(town)],
        consult_phone: "0839-8720005".to_owned(),
        supervise_phone: "12345".to_owned(),
        single_post: true,
        remedy: Remedy {
            review_org: "昭化区人民政府".to_owned(), court: "广元市昭化区人民法院".to_owned(), ..Remedy::default()
        },
        ..Guide::default()
    }
}

fn steps(role: &str) -> Vec<Step> {
    let step = |name: &str, note: &str, role: &str| Step {
        name: name.to_owned(),
        note: note.to_owned(),
        role: role.to_owned(),
        ..Step::default()
    };
    let mut steps = vec![step("受理", "镇便民服务中心收件，村（社区）可以代办", "window_clerk")];
    match role {
        "初审" => steps.push(step("镇上初审", "核对情况后报区级部门", "handler")),
        "代办" => steps.push(step("代办上报", "帮您报到区级部门办理", "village_agent")),
        _ => {}
    }
    steps.push(step("办结", "办好后短信告诉您", "handler"));
    steps
}

/// 业务条线对应的主题：自然人、法人。
fn themes(line: &str) -> (&'static str, &'static str) {
    match line {
        "人社" | "医保" => ("085", "035"),
        "卫健" => ("145", "110"),
        "教育" => ("020", "120"),
        "住建" => ("075", "085"),
        "自然资源" => ("070", "085"),
        "林业" | "农业农村" => ("130", "075"),
        "司法" => ("120", "155"),
        "民政" | "残联" | "退役军人" | "应急" => ("065", "998"),
        _ => ("999", "999"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_file_reads_completely() {
        let (rows, errors) = parse_town(include_str!("../../../../reference/items-town-sample.csv"));
        assert_eq!((rows.len(), errors.len()), (68, 0));
        let instant = rows.iter().filter(|row| row.project_type == ProjectType::Instant).count();
        assert_eq!(instant * 100 / rows.len(), 38);
    }
}
