//! 放在别的区页面上的：办件页的评价一块；工作台与 `/me` 的待办。

use askama::Template;
use jiff::Timestamp;
use tongban_kernel::lights::Light;
use tongban_kernel::{Actor, ActorKind, time};
use tongban_store::{Error, Result, Tx};
use tongban_web::area::{Panel, Queue, Sample, Todo, Where};
use tongban_web::Html;

use crate::commands;
use crate::pages::{NodeLine, nodes};
use crate::permissions::READ;
use crate::store;

/// 办件页上的评价一块，首页上的公开监督。
pub const PANELS: &[Panel] = &[Panel { subject: "case", render: case_panel }, Panel { subject: "home", render: home_panel }];

#[derive(Template)]
#[template(path = "home_rates.html")]
struct HomePanel {
    total: i64,
    good_rate: String,
    bad: i64,
    closed: i64,
}

/// 首页：近 30 天；还没有评价时整块不显示。
fn home_panel(tx: &mut Tx<'_>, _: &Actor, _: i64) -> Result<Option<Html>> {
    let found = store::recent_summary(tx, Timestamp::now())?;
    if found.total == 0 {
        return Ok(None);
    }
    let page = HomePanel { total: found.total, good_rate: crate::pages::percent(found.good, found.total), bad: found.bad, closed: found.bad_closed };
    Ok(Some(axum::response::Html(page.render().map_err(|error| Error::Io(error.to_string()))?)))
}

/// 工作人员的待办。
pub const DESK: &[Queue] = &[Queue { title: "差评整改", needs: READ, rows: desk_rows }];

/// 群众的待办：还没评的。
pub const MINE: &[Queue] = &[Queue { title: "请您评价", needs: "", rows: my_rows }];

#[derive(Template)]
#[template(path = "panel.html")]
struct CasePanel {
    case_no: String,
    nodes: Vec<NodeLine>,
}

/// 本人的办件页上：轮到的去评，评过的看结果、追评。
#[derive(Template)]
#[template(path = "panel_mine.html")]
struct MyPanel {
    nodes: Vec<(NodeLine, String)>,
}

fn my_panel(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<Option<Html>> {
    if actor.person == 0 || store::subject(tx, id)?.is_none_or(|subject| subject.person != actor.person) {
        return Ok(None);
    }
    let lines = nodes(tx, id, 0, Timestamp::now())?.into_iter().filter(|line| line.open || line.rating.is_some());
    let nodes: Vec<_> = lines
        .map(|line| {
            let href = format!("/r/{}?from=web", commands::token(tx, line.invited.id));
            (line, href)
        })
        .collect();
    if nodes.is_empty() {
        return Ok(None);
    }
    Ok(Some(axum::response::Html(MyPanel { nodes }.render().map_err(|error| Error::Io(error.to_string()))?)))
}

fn case_panel(tx: &mut Tx<'_>, actor: &Actor, case_id: i64) -> Result<Option<Html>> {
    let citizen = actor.kind == ActorKind::Citizen;
    if !citizen && !actor.may(READ) {
        return Ok(None);
    }
    let Some(id) = store::find_case(tx, case_id)? else { return Ok(None) };
    if citizen {
        return my_panel(tx, actor, id);
    }
    let Some(subject) = store::subject(tx, id)?.filter(|subject| actor.is_internal() || actor.scope.covers(&subject.place)) else {
        return Ok(None);
    };
    let page = CasePanel { case_no: subject.case_no, nodes: nodes(tx, id, actor.staff, Timestamp::now())? };
    Ok(Some(axum::response::Html(page.render().map_err(|error| Error::Io(error.to_string()))?)))
}

fn desk_rows(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    let now = Timestamp::now();
    let todo = |task: store::TaskListed| Todo {
        id: task.id,
        due: task.due.as_millisecond(),
        light: task.light(now),
        title: format!("{}（{}）", task.item_name, task.level.label()),
        detail: format!("{} · {}", task.state.label(), task.org_name),
        href: format!("/desk/rates/{}", task.no),
    };
    Ok(store::tasks_open(tx, actor, after, limit)?.into_iter().map(todo).collect())
}

fn my_rows(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    if actor.person == 0 {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for (invited, case_no, item) in store::mine(tx, actor.person, after.unwrap_or((0, 0)), limit)? {
        rows.push(Todo {
            id: invited.id,
            due: invited.expires.as_millisecond(),
            light: Light::Grey,
            title: format!("{item}（{}）办得怎么样", invited.node.label()),
            detail: format!("{case_no} · {} 前评", time::show_day(time::date_of(invited.expires))),
            href: format!("/r/{}?from=web", commands::token(tx, invited.id)),
        });
    }
    Ok(rows)
}

/// 路由测试用的样本：范围内外各一条。
pub const SAMPLES: &[Sample] = &[
    Sample { param: "rated_case", value: |tx, place| Ok(sample(tx, place)?.map_or_else(missing, |subject| subject.case_no)) },
    Sample { param: "rating", value: sample_rating },
    Sample { param: "task", value: sample_rating },
    Sample { param: "token", value: sample_token },
    Sample { param: "window", value: |_, _| Ok("1".to_owned()) },
    Sample { param: "seat", value: |_, _| Ok("1".to_owned()) },
    Sample { param: "appraisal", value: |_, _| Ok("1".to_owned()) },
    Sample { param: "inspection", value: |_, _| Ok("1".to_owned()) },
    Sample { param: "point", value: sample_point },
    Sample { param: "evidence", value: |_, _| Ok("1".to_owned()) },
];

fn missing() -> String {
    "510811-20210531-999999-3-1".to_owned()
}

/// 与办件区的样本同一个约定：第一件所在的单位算范围内。
fn sample(tx: &mut Tx<'_>, place: Where) -> Result<Option<store::Subject>> {
    let mut first = None;
    for id in store::subject_ids(tx, 0, 200)? {
        let Some(subject) = store::subject(tx, id)? else { continue };
        let home = *first.get_or_insert(subject.place.unit);
        if (subject.place.unit == home) == (place == Where::Inside) {
            return Ok(Some(subject));
        }
    }
    Ok(None)
}

fn sample_rating(tx: &mut Tx<'_>, place: Where) -> Result<String> {
    let Some(subject) = sample(tx, place)? else { return Ok(missing()) };
    for invited in store::invitations(tx, subject.id)? {
        if let Some(rating) = store::rating_of(tx, subject.id, invited.node, crate::model::Round::First)? {
            return Ok(rating.no);
        }
    }
    Ok(missing())
}

/// 点位：与办件的样本同一个单位算范围内；没有就是不存在的。
fn sample_point(tx: &mut Tx<'_>, place: Where) -> Result<String> {
    let home = sample(tx, Where::Inside)?.map_or(0, |subject| subject.place.unit);
    let all = store::points(tx, &tongban_kernel::Scope::unit(home), 0, 1)?;
    Ok(match place {
        Where::Inside => all.first().map_or(1, |point| point.id).to_string(),
        Where::Outside => "1".to_owned(),
    })
}

fn sample_token(tx: &mut Tx<'_>, place: Where) -> Result<String> {
    let Some(subject) = sample(tx, place)? else { return Ok("0000000000000000".to_owned()) };
    let first = store::invitations(tx, subject.id)?.into_iter().next();
    Ok(first.map_or_else(|| "0000000000000000".to_owned(), |invited| commands::token(tx, invited.id)))
}
