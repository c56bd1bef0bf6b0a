//! 一件事的定义：成员、先后、引导问题，工作台里改。

mod mapping;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::{Checks, Problem};
use tongban_web::area::Html;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Layout, render, render_status, see_other};

use super::edit::lines;
use crate::commands::{self, Bundle};
use crate::model::bundle::MemberRule;
use crate::store::{self, BundleRow, MemberRow};

#[derive(Template)]
#[template(path = "catalog_bundles.html")]
struct ListPage {
    l: Layout,
    rows: Vec<BundleRow>,
}

/// 一件事最多这么多件。
const MANY: i64 = 200;

/// `GET /catalog/bundles`
///
/// # Errors
/// 引擎故障。
pub async fn index(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let rows = app.db().read("items.bundle_list", |tx| store::bundles(tx, 0, MANY)).await?;
    render(&ListPage { l: Layout::staff(&ctx, "一件事"), rows })
}

/// 定义表单；成员与规矩一行一个。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BundleForm {
    pub version: i64,
    pub name: String,
    pub object: String,
    pub lead: String,
    pub summary: String,
    pub aliases: String,
    pub members: String,
    pub questions: String,
    pub rules: String,
    pub binds: String,
    pub same_fields: String,
    pub same_materials: String,
}

#[derive(Template)]
#[template(path = "catalog_bundle.html")]
struct EditPage {
    l: Layout,
    number: i64,
    name: String,
    version: i64,
    members: Vec<MemberRow>,
    fields: Vec<Field>,
    summary: ErrorSummary,
    may_edit: bool,
}

fn write_rule(rule: &MemberRule) -> String {
    let must = if rule.optional { "可不办" } else { "必选" };
    format!("{}｜{}｜{must}｜{}", rule.key, rule.after.join(","), lines::write_when(&rule.when))
}

fn form_of(row: &BundleRow, members: &[MemberRow]) -> BundleForm {
    BundleForm {
        version: row.version,
        name: row.name.clone(),
        object: row.object.clone(),
        lead: row.lead.clone(),
        summary: row.guide.summary.clone(),
        aliases: row.guide.aliases.join("\n"),
        members: members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join("\n"),
        questions: lines::write_questions(&row.guide.questions),
        rules: row.guide.members.iter().map(write_rule).collect::<Vec<_>>().join("\n"),
        binds: mapping::write_binds(&row.guide),
        same_fields: mapping::write_same(&row.guide.same_fields),
        same_materials: mapping::write_same(&row.guide.same_materials),
    }
}

fn fields(form: &BundleForm, problem: Option<&Problem>) -> Vec<Field> {
    let all = vec![
        Field::text("name", "名称").value(&form.name),
        Field::radios("object", "给谁办", [("自然人", "个人"), ("法人", "企业")]).value(&form.object),
        Field::text("lead", "牵头").value(&form.lead),
        Field::text("summary", "一句大白话").value(&form.summary).max_length(200),
        Field::area("aliases", "别名").hint("一行一个").value(&form.aliases).optional(),
        Field::area("members", "包含哪几件事").hint("一行一件，写事项名称；第一行是 m1，第二行是 m2").value(&form.members),
        Field::area("questions", "先问的问题")
            .hint("问题一行：题号｜问题｜前面怎么答才问；选项各一行：- 选项号｜文字｜提示")
            .value(&form.questions)
            .optional(),
        Field::area("rules", "先后与条件")
            .hint("一行一件：m2｜等谁办好（m1,m3）｜必选或可不办｜怎么答才办（题号=选项号）；没写的必选、可以并着办")
            .value(&form.rules)
            .optional(),
        Field::area("binds", "成员自己的情形题怎么答")
            .hint("一行一题：m1.成员的题号｜用前面哪一题｜前面的选项=成员的选项，用逗号分开；总是同一个答案的写 m1.成员的题号｜固定｜成员的选项")
            .value(&form.binds)
            .optional(),
        Field::area("same_fields", "叫法不同、其实是同一栏的")
            .hint("一行一组，用等号连：m1.shop_name = m2.name；合并的表上只填一次")
            .value(&form.same_fields)
            .optional(),
        Field::area("same_materials", "叫法不同、其实是同一份的材料")
            .hint("一行一组，用等号连：m1.lease = m2.house")
            .value(&form.same_materials)
            .optional(),
    ];
    all.into_iter().map(|field| field.errors_of(problem)).collect()
}

async fn load(app: &App, number: i64) -> Result<(BundleRow, Vec<MemberRow>), Failure> {
    let found = app
        .db()
        .snapshot("items.bundle_row", move |tx| match store::bundle_by_number(tx, number)? {
            Some(row) => Ok(Some((store::members(tx, row.id)?, row))),
            None => Ok(None),
        })
        .await?;
    let (members, row) = found.ok_or_else(Problem::not_found)?;
    Ok((row, members))
}

fn page(ctx: &Ctx, row: &BundleRow, members: Vec<MemberRow>, form: &BundleForm, problem: Option<&Problem>) -> EditPage {
    let layout = Layout::staff(ctx, &format!("{}一件事", row.name));
    EditPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        number: row.number,
        name: row.name.clone(),
        version: row.version,
        members,
        fields: fields(form, problem),
        summary: ErrorSummary::of(problem),
        may_edit: ctx.actor.may(crate::permissions::IMPORT),
    }
}

/// `GET /catalog/bundles/{number}`
///
/// # Errors
/// 没有这件事：404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path(number): Path<i64>) -> Result<Html, Failure> {
    let (row, members) = load(&app, number).await?;
    let form = form_of(&row, &members);
    render(&page(&ctx, &row, members, &form, None))
}

/// 表单 → 定义。
fn read(form: &BundleForm, row: &BundleRow) -> Result<Bundle, Problem> {
    let mut checks = Checks::new();
    let mut guide = row.guide.clone();
    checks.ensure(!form.name.trim().is_empty(), "name", "required", "请填写名称");
    checks.ensure(matches!(form.object.as_str(), "自然人" | "法人"), "object", "required", "请选择给谁办");
    form.summary.trim().clone_into(&mut guide.summary);
    guide.aliases = lines::list(&form.aliases);
    guide.questions = lines::read_questions(&form.questions, &mut checks);
    let old = std::mem::take(&mut guide.members);
    for line in lines::rows(&form.rules) {
        let parts = lines::columns(line);
        let part = |at: usize| parts.get(at).cloned().unwrap_or_default();
        let kept = old.iter().find(|rule| rule.key == part(0)).cloned().unwrap_or_default();
        checks.ensure(matches!(part(2).as_str(), "" | "必选" | "可不办"), "rules", "format", format!("“{line}”第三栏要写“必选”或“可不办”"));
        guide.members.push(MemberRule {
            key: part(0),
            after: part(1).split([',', '，']).map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect(),
            optional: part(2) == "可不办",
            when: lines::read_when(&part(3)),
            ..kept
        });
    }
    mapping::read_binds(&form.binds, &mut guide, &mut checks);
    guide.same_fields = mapping::read_same("same_fields", &form.same_fields, &mut checks);
    guide.same_materials = mapping::read_same("same_materials", &form.same_materials, &mut checks);
    let members = lines::list(&form.members);
    checks.ensure(!members.is_empty(), "members", "required", "至少要有一件事");
    for fault in guide.faults(members.len()) {
        checks.ensure(false, "rules", "bundle-fault", fault);
    }
    checks.finish()?;
    Ok(Bundle {
        number: row.number,
        name: form.name.trim().to_owned(),
        object: form.object.clone(),
        lead: form.lead.trim().to_owned(),
        members,
        guide,
    })
}

/// `POST /catalog/bundles/{number}`
///
/// # Errors
/// 没有权限 403，别人先改了 412，读不懂 422。
pub async fn save(State(app): State<App>, ctx: Ctx, Path(number): Path<i64>, Form(form): Form<BundleForm>) -> Result<Response, Failure> {
    let (row, members) = load(&app, number).await?;
    if row.version != form.version {
        return Err(Problem::stale(row.version).into());
    }
    let input = match read(&form, &row) {
        Ok(input) => input,
        Err(problem) => return render_status(422, &page(&ctx, &row, members, &form, Some(&problem))),
    };
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "items.bundle_save", move |tx| commands::write_bundle(tx, &actor, &input, at)).await?;
    Ok(see_other(format!("/catalog/bundles/{number}")).flash("已保存").into_response())
}
