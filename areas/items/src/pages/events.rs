//! 一件事：先答几个问题，得到自己的清单——一张表、一份材料、谁先谁后、一共多久。

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::problem::Problem;
use tongban_store::Result as Stored;
use tongban_web::area::Html;
use tongban_web::{App, Ctx, Failure, Layout, Query, render};

use super::guide::Chosen;
use crate::model::bundle::{BundleOffer, BundlePlan, MergedMaterial, PlannedMember};
use crate::model::situations::{Answers, Question};
use crate::queries;
use crate::store;

/// 列表里的一件事。
struct Event {
    number: i64,
    name: String,
    summary: String,
    members: usize,
    departments: usize,
    /// 合起来要几天、少跑几次。
    plan: BundlePlan,
}

impl Event {
    fn of(offer: &BundleOffer) -> Self {
        let plan = offer.plan(&Answers::new());
        let mut depts: Vec<&str> = plan.members.iter().map(|member| member.dept_name.as_str()).collect();
        depts.sort_unstable();
        depts.dedup();
        Self {
            number: offer.number,
            name: offer.name.clone(),
            summary: offer.guide.summary.clone(),
            members: offer.members.len(),
            departments: depts.len(),
            plan,
        }
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
    let offers = app
        .db()
        .snapshot("items.bundles", |tx| {
            let rows = store::bundles(tx, 0, MANY)?;
            rows.into_iter().map(|row| queries::assemble(tx, row)).collect::<Stored<Vec<_>>>()
        })
        .await?;
    let (corporate, personal): (Vec<_>, Vec<_>) = offers.iter().partition(|offer| offer.object == "法人");
    let events = |offers: Vec<&BundleOffer>| offers.into_iter().map(Event::of).collect();
    let groups = vec![("个人的事", events(personal)), ("企业的事", events(corporate))];
    render(&ListPage { l: Layout::public(&ctx, "一件事"), groups })
}

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    l: Layout,
    offer: Arc<BundleOffer>,
    questions: Vec<Question>,
    answers: Answers,
    plan: BundlePlan,
}

impl EventPage {
    fn chosen(&self, question: &str, option: &str) -> bool {
        self.answers.get(question).is_some_and(|chosen| chosen == option)
    }

    fn name_of(&self, key: &str) -> &str {
        self.plan.members.iter().find(|member| member.key == key).map_or("", |member| member.name.as_str())
    }

    /// 要等谁办好；并着办为空。
    fn waits(&self, member: &PlannedMember) -> String {
        member.after.iter().map(|key| self.name_of(key)).collect::<Vec<_>>().join("、")
    }

    fn used_by(&self, material: &MergedMaterial) -> String {
        material.targets.iter().map(|(key, _)| self.name_of(key)).collect::<Vec<_>>().join("、")
    }

    fn fields(&self) -> usize {
        self.plan.form.len()
    }

    /// 各办各的时候一共要填几栏。
    fn fields_apart(&self) -> usize {
        self.plan.fields.len()
    }

    /// 有能在网上交的就能一起申请。
    fn can_apply(&self) -> bool {
        self.plan.members.iter().any(|member| member.online)
    }

    fn apply_href(&self) -> String {
        let query: Vec<String> = self.answers.iter().map(|(question, option)| format!("{question}={option}")).collect();
        format!("/apply/bundle/{}?{}", self.offer.number, query.join("&"))
    }

    /// 省了百分之几；没有可省的为 `None`。
    fn saved(&self, pair: &(i64, i64)) -> Option<i64> {
        (pair.0 > 0 && pair.1 < pair.0).then(|| (pair.0 - pair.1) * 100 / pair.0)
    }

    /// 省了多少：名目、合并前、合并后。
    fn gains(&self) -> [(&'static str, (i64, i64), &'static str); 4] {
        let gains = &self.plan.gains;
        [("材料", gains.materials, "份"), ("环节", gains.steps, "步"), ("时间", gains.days, "个工作日"), ("跑动", gains.visits, "次")]
    }
}

/// `GET /events/{number}`
///
/// # Errors
/// 没有这件事：404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path(number): Path<String>, Query(chosen): Query<Chosen>) -> Result<Response, Failure> {
    let number: i64 = number.parse().map_err(|_| Problem::not_found())?;
    let found = app.db().snapshot("items.bundle", move |tx| queries::bundle(tx, number)).await?;
    let offer = Arc::new(found.ok_or_else(Problem::not_found)?);
    let answers = offer.settle(&chosen);
    let page = EventPage {
        l: Layout::public(&ctx, &format!("{}一件事", offer.name)),
        questions: offer.questions(&answers),
        plan: offer.plan(&answers),
        answers,
        offer,
    };
    Ok(render(&page)?.into_response())
}
