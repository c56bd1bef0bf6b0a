//! 一件事：几个部门的事合在一起，一张清单看全。

use askama::Template;
use axum::extract::{Path, State};
use tongban_kernel::problem::Problem;
use tongban_store::{Result as Stored, Tx};
use tongban_web::area::Html;
use tongban_web::{App, Ctx, Failure, Layout, render};

use crate::model::Limit;
use crate::model::guide::Material;
use crate::model::lifecycle::State as ItemState;
use crate::store::{self, BundleRow, ItemRow};

/// 一件事里的一项。
struct Member {
    name: String,
    item: Option<ItemRow>,
}

/// 一件事与它的成员。
struct Event {
    row: BundleRow,
    members: Vec<Member>,
}

impl Event {
    fn load(tx: &mut Tx<'_>, row: BundleRow) -> Stored<Self> {
        let mut members = Vec::new();
        for member in store::members(tx, row.id)? {
            let item = match member.catalogue {
                0 => None,
                catalogue => store::same_catalogue(tx, catalogue, 1)?.into_iter().find(|item| item.status.state != ItemState::Cancelled),
            };
            members.push(Member { name: member.name, item });
        }
        Ok(Self { row, members })
    }

    fn departments(&self) -> usize {
        let mut names: Vec<&str> = self.members.iter().filter_map(|m| m.item.as_ref()).map(|item| item.dept_name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }

    /// 并着办，最慢的一项决定多久。
    fn longest(&self) -> Option<&Limit> {
        let published = self.members.iter().filter_map(|m| m.item.as_ref()).filter(|item| item.edition > 0);
        published.map(|item| &item.promise).max_by_key(|limit| limit.parts())
    }

    /// 各项材料合起来，同名的只要一份：材料名、哪些事项要、是否免提交。
    fn materials(&self) -> Vec<(String, Vec<String>, bool)> {
        let mut merged: Vec<(String, Vec<String>, bool)> = Vec::new();
        for item in self.members.iter().filter_map(|member| member.item.as_ref()).filter(|item| item.complete) {
            let answers = item.draft.default_answers();
            for material in item.draft.plan(&answers).materials {
                match merged.iter_mut().find(|(name, ..)| *name == material.name) {
                    Some((_, users, waived)) => {
                        users.push(item.name.clone());
                        *waived &= Material::waived(material);
                    }
                    None => merged.push((material.name.clone(), vec![item.name.clone()], material.waived())),
                }
            }
        }
        merged
    }
}

#[derive(Template)]
#[template(path = "events.html")]
struct ListPage {
    l: Layout,
    groups: Vec<(&'static str, Vec<Event>)>,
}

/// 一件事最多这么多件。
const MANY: i64 = 200;

/// `GET /events`
///
/// # Errors
/// 引擎故障。
pub async fn index(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let events = app
        .db()
        .snapshot("items.bundles", |tx| {
            let rows = store::bundles(tx, 0, MANY)?;
            rows.into_iter().map(|row| Event::load(tx, row)).collect::<Stored<Vec<_>>>()
        })
        .await?;
    let (corporate, personal): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.row.object == "法人");
    let groups = vec![("个人的事", personal), ("企业的事", corporate)];
    render(&ListPage { l: Layout::public(&ctx, "一件事"), groups })
}

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    l: Layout,
    event: Event,
    materials: Vec<(String, Vec<String>, bool)>,
}

/// `GET /events/{id}`
///
/// # Errors
/// 没有这件事：404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path(number): Path<String>) -> Result<Html, Failure> {
    let number: i64 = number.parse().map_err(|_| Problem::not_found())?;
    let event = app
        .db()
        .snapshot("items.bundle", move |tx| {
            let row = store::bundles(tx, number - 1, 1)?.into_iter().find(|row| row.number == number);
            row.map(|row| Event::load(tx, row)).transpose()
        })
        .await?
        .ok_or_else(Problem::not_found)?;
    let title = format!("{}一件事", event.row.name);
    render(&EventPage { l: Layout::public(&ctx, &title), materials: event.materials(), event })
}
