//! 工作台首页：一个人此刻的全部待办。
//!
//! - 走区的清单（`Area::desk`），按到期先后归并，不认识任何业务区；
//! - 没有权限的待办不显示、不置灰；
//! - 每种待办自己按数据范围取数，这里不加也不减。
//!
//! 可以依赖：底座、地基、directory、parties。

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use tongban_store::Tx;
use tongban_web::components::LightTag;
use tongban_web::{Access, App, Area, Ctx, Failure, Html, Layout, MenuItem, Queue, Route, Todo, render};

/// 进工作台。
pub const READ: &str = "desk.read";

/// 每种待办首页列几件。
const SHOWN: u32 = 12;

/// 工作台交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        permissions: &[(READ, "进入工作台")],
        routes: ROUTES,
        menu: &[MenuItem { group: "收办", title: "我的待办", href: "/desk", icon: "inbox", needs: READ }],
        ..Area::new("desk", "工作台")
    }
}

const ROUTES: &[Route] = &[Route::get("/desk", Access::Staff(READ), || get(page))];

struct Line {
    todo: Todo,
    light: LightTag,
}

struct Group {
    title: &'static str,
    lines: Vec<Line>,
    more: bool,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    l: Layout,
    groups: Vec<Group>,
    total: usize,
}

async fn page(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let queues: Vec<Queue> =
        app.areas().iter().flat_map(|area| area.desk).filter(|queue| ctx.actor.may(queue.needs)).copied().collect();
    let actor = ctx.actor.clone();
    let groups = app
        .db()
        .snapshot("desk.todos", move |tx| queues.iter().map(|queue| group(tx, queue, &actor)).collect::<tongban_store::Result<Vec<Group>>>())
        .await?;
    let groups: Vec<Group> = groups.into_iter().filter(|group| !group.lines.is_empty()).collect();
    let total = groups.iter().map(|group| group.lines.len()).sum();
    render(&DeskPage { l: Layout::staff(&ctx, "我的待办"), groups, total })
}

fn group(tx: &mut Tx<'_>, queue: &Queue, actor: &tongban_kernel::Actor) -> tongban_store::Result<Group> {
    let mut rows = (queue.rows)(tx, actor, None, SHOWN + 1)?;
    let more = rows.len() > SHOWN as usize;
    rows.truncate(SHOWN as usize);
    let lines = rows.into_iter().map(|todo| Line { light: LightTag::from(todo.light), todo }).collect();
    Ok(Group { title: queue.title, lines, more })
}
