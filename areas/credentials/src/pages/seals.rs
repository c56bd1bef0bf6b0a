//! 印章台账、一枚印章、用印日志、省统计表核对。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::{Actor, Problem, Scope, time};
use tongban_store::{Result, Tx};
use tongban_web::components::{ErrorSummary, Field, Pager};
use tongban_web::{App, Ctx, Failure, Html, Layout, Listing, PageQuery, Query, render};

use crate::model::seal::{SEAL_KINDS, TRANSITIONS};
use crate::model::{SealAction, SealState};
use crate::permissions::{SEAL_APPLY, SEAL_KEEP, SEAL_MAKE, SEAL_REVIEW};
use crate::rules::uses::{Summary, summary};
use crate::store::{Grant, Province, SealRow, Use, grants, kinds, seals};

/// 列表条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// 五态之一。
    state: String,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// 汇总：应有、已申请、已制作、已授权、已启用、停用过期，另单列乡镇已申请。
#[derive(Default)]
struct Totals {
    expected: i64,
    applied: i64,
    made: i64,
    authorized: i64,
    active: i64,
    towns: i64,
    towns_applied: i64,
}

#[derive(Template)]
#[template(path = "seals.html")]
struct LedgerPage {
    l: Layout,
    totals: Totals,
    state: String,
    states: Vec<&'static str>,
    rows: Vec<SealRow>,
    pager: Pager,
    may_review: bool,
    may_make: bool,
}

impl LedgerPage {
    fn kind(&self, row: &SealRow) -> &'static str {
        kind_label(row.kind)
    }
}

fn kind_label(code: i64) -> &'static str {
    SEAL_KINDS.iter().find(|(kind, _)| *kind == code).map_or("其他", |(_, label)| *label)
}

fn totals(tx: &mut Tx<'_>, scope: &Scope) -> Result<Totals> {
    let (mut out, mut after) = (Totals::default(), 0);
    loop {
        let rows = seals::list(tx, scope, after, 500)?;
        let Some(last) = rows.last() else { return Ok(out) };
        after = last.id;
        for row in rows.iter().filter(|row| row.legal_org.is_some()) {
            let count = |holds: bool, n: &mut i64| *n += i64::from(holds);
            count(true, &mut out.expected);
            count(row.state.is_applied(), &mut out.applied);
            count(row.state.is_made(), &mut out.made);
            count(row.state.is_authorized(), &mut out.authorized);
            count(row.state == SealState::Active, &mut out.active);
            count(row.town, &mut out.towns);
            count(row.town && row.state.is_applied(), &mut out.towns_applied);
        }
    }
}

/// `GET /seals`
pub async fn ledger(State(app): State<App>, ctx: Ctx, Query(filter): Query<Filter>) -> Result<Html, Failure> {
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor.clone() };
    let limit = page.limit()?;
    let after: Option<i64> = page.after(&filter.state)?;
    let (scope, state) = (ctx.actor.scope.clone(), filter.state.clone());
    let (totals, rows) = app
        .db()
        .snapshot("credentials.seals", move |tx| {
            let (totals, mut found, mut from) = (totals(tx, &scope)?, Vec::new(), after.unwrap_or(0));
            // 按五态筛是派生的：逐块取，够一页就停
            while found.len() <= limit {
                let rows = seals::list(tx, &scope, from, 500)?;
                let Some(last) = rows.last() else { break };
                from = last.id;
                found.extend(rows.into_iter().filter(|row| state.is_empty() || row.state.shown() == state));
            }
            found.truncate(limit + 1);
            Ok((totals, found))
        })
        .await?;
    let listing = Listing::cut(rows, limit, &filter.state, |row| row.id);
    let note = format!("本页 {} 枚", listing.items.len());
    render(&LedgerPage {
        l: Layout::staff(&ctx, "电子印章"),
        totals,
        states: vec!["未申请", "已报", "退回", "已制", "已授权", "停用", "过期", "注销"],
        state: filter.state,
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note),
        rows: listing.items,
        may_review: ctx.actor.may(SEAL_REVIEW),
        may_make: ctx.actor.may(SEAL_MAKE),
    })
}

/// 一枚章页面上的一个动作。
pub struct Step {
    pub code: &'static str,
    pub label: &'static str,
    pub reason: bool,
    /// 填写申请的一步带使用范围与保管人。
    pub draft: bool,
}

#[derive(Template)]
#[template(path = "seal.html")]
struct SealPage {
    l: Layout,
    row: SealRow,
    kind: &'static str,
    title: String,
    valid: String,
    steps: Vec<Step>,
    fields: Vec<Field>,
    grants: Vec<Grant>,
    uses: Vec<Use>,
    errors: ErrorSummary,
    may_make: bool,
    may_keep: bool,
    may_apply: bool,
    special: Vec<Field>,
    now: i64,
}

impl SealPage {
    fn live(&self, grant: &Grant) -> bool {
        grant.revoked == 0 && grant.valid_to.as_millisecond() > self.now && (grant.most == 0 || grant.used < grant.most)
    }
}

/// 现在能做、又有权做的动作；制作与授权有各自的表单。
fn steps(row: &SealRow, actor: &Actor) -> Vec<Step> {
    let own = |action| matches!(action, SealAction::Finish | SealAction::Authorize | SealAction::Expire);
    TRANSITIONS
        .iter()
        .filter(|rule| rule.from.contains(&row.state) && actor.may(rule.needs) && !own(rule.action))
        .map(|rule| Step { code: rule.code, label: rule.label, reason: rule.reason, draft: rule.action == SealAction::Draft })
        .collect()
}

/// 渲染一枚章；`problem` 是刚才的表单错误，原来填的留在 `fields` 里。
pub async fn page(app: &App, ctx: &Ctx, id: i64, problem: Option<&Problem>, fields: Option<Vec<Field>>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let (row, grants, uses) = app
        .db()
        .snapshot("credentials.seal", move |tx| {
            let row = seals::find(tx, id)?.ok_or_else(Problem::not_found)?;
            actor.scope.check(&row.place)?;
            Ok((row, grants::of_seal(tx, id)?, grants::uses(tx, &actor.scope, id, i64::MAX, 20)?))
        })
        .await?;
    let title = crate::commands::full_name(&row);
    let mut l = Layout::staff(ctx, &title);
    if problem.is_some() {
        l = l.with_errors();
    }
    let valid = if row.valid_to == 0 { "—".to_owned() } else { format!("{} 至 {}", day(row.valid_from), day(row.valid_to)) };
    let fields = fields.unwrap_or_else(|| draft_fields(&row.scope, &row.keeper, problem));
    render(&SealPage {
        steps: steps(&row, &ctx.actor),
        kind: kind_label(row.kind),
        valid,
        title,
        fields,
        grants,
        uses,
        errors: ErrorSummary::of(problem),
        may_make: ctx.actor.may(SEAL_MAKE) && row.state == SealState::Making,
        may_keep: ctx.actor.may(SEAL_KEEP) && matches!(row.state, SealState::Made | SealState::Authorized | SealState::Active),
        may_apply: ctx.actor.may(SEAL_APPLY) && row.legal_org.is_some(),
        special: special_fields(),
        now: app.now().as_millisecond(),
        row,
        l,
    })
}

/// 填写申请的两项。
pub fn draft_fields(scope: &str, keeper: &str, problem: Option<&Problem>) -> Vec<Field> {
    vec![
        Field::area("scope", "使用范围").hint("写清盖在哪些文书、证照上").value(scope).errors_of(problem),
        Field::text("keeper", "保管人").hint("姓名与岗位").value(keeper).errors_of(problem),
    ]
}

/// 再申请一枚专用章要填的。
fn special_fields() -> Vec<Field> {
    vec![
        Field::select("kind", "印章类型", SEAL_KINDS.iter().skip(1).map(|(code, label)| (code.to_string(), *label))),
        Field::text("purpose", "用途").hint("印在五角星下面，如：行政审批专用章（1）").max_length(14),
        Field::text("scope", "盖在哪些文书上"),
        Field::text("keeper", "由谁保管"),
    ]
}

fn day(ms: i64) -> String {
    crate::model::licence::show_day(time::day_number(time::date_of(time::from_millis(ms))))
}

/// `GET /seals/{seal}`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Html, Failure> {
    page(&app, &ctx, id, None, None).await
}

/// `GET /seals/{seal}/picture.png`
pub async fn picture(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Response, Failure> {
    let actor = ctx.actor.clone();
    let row = app
        .db()
        .snapshot("credentials.picture", move |tx| {
            let row = seals::find(tx, id)?.ok_or_else(Problem::not_found)?;
            actor.scope.check(&row.place)?;
            Ok(row)
        })
        .await?;
    let esl = row.esl.ok_or_else(Problem::not_found)?;
    let seal = tongban_gm::ses::Seal::parse(&esl).map_err(|_| Problem::not_found())?;
    Ok(([("content-type", "image/png"), ("cache-control", "no-store")], seal.picture.data.to_vec()).into_response())
}

#[derive(Template)]
#[template(path = "seal_uses.html")]
struct UsesPage {
    l: Layout,
    rows: Vec<Use>,
    pager: Pager,
    /// 最近一千次的汇总。
    summary: Summary,
}

/// 汇总看最近多少次。
const RECENT: u32 = 1000;

/// `GET /seals/uses`
pub async fn uses(State(app): State<App>, ctx: Ctx, Query(page): Query<PageQuery>) -> Result<Html, Failure> {
    let (rows, pager) = super::newest(&app, &ctx, &page, "uses", "条", |tx, scope, before, more| grants::uses(tx, scope, 0, before, more), |row| row.id).await?;
    let scope = ctx.actor.scope.clone();
    let recent = app.db().snapshot("credentials.uses", move |tx| grants::uses(tx, &scope, 0, i64::MAX, RECENT)).await?;
    let summary = summary(&recent, &tongban_kernel::calendar::current());
    render(&UsesPage { l: Layout::staff(&ctx, "用印日志"), rows, pager, summary })
}

/// 省表一行与台账比对的结果。
struct Compared {
    row: Province,
    ours: &'static str,
    differs: bool,
}

#[derive(Template)]
#[template(path = "seal_province.html")]
struct ProvincePage {
    l: Layout,
    rows: Vec<Compared>,
    unmade: usize,
    strange: usize,
    differs: usize,
    errors: ErrorSummary,
}

/// 渲染省统计表核对。
pub async fn province_page(app: &App, ctx: &Ctx, problem: Option<&Problem>) -> Result<Html, Failure> {
    let tenant = ctx.actor.tenant;
    let rows = app
        .db()
        .snapshot("credentials.province", move |tx| {
            let mut out = Vec::new();
            for row in kinds::province(tx, tenant)? {
                let ours = if row.org == 0 { None } else { seals::of_org(tx, row.org)? };
                let label = ours.as_ref().map_or("台账里没有", |seal| seal.state.label());
                let differs = row.org == 0 || ours.is_none_or(|seal| seal.state.is_made() != row.made);
                out.push(Compared { row, ours: label, differs });
            }
            Ok(out)
        })
        .await?;
    render(&ProvincePage {
        l: Layout::staff(ctx, "省印章制作统计表核对"),
        unmade: rows.iter().filter(|each| !each.row.made).count(),
        strange: rows.iter().filter(|each| each.row.org == 0).count(),
        differs: rows.iter().filter(|each| each.differs).count(),
        rows,
        errors: ErrorSummary::of(problem),
    })
}

/// `GET /seals/province`
pub async fn province(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    province_page(&app, &ctx, None).await
}
