//! 编辑：七个分页，任一页可存；多项内容一行一条、用“｜”分栏，材料是一张表。

mod lines;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::Problem;
use tongban_web::area::Html;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Layout, render, render_status, see_other};

use super::desk::mine;
use crate::commands;
use crate::model::Guide;
use crate::model::codes::{
    CORP_THEMES, CopyType, HandleArea, HandleForm, LimitUnit, Need, OnlineStep, PERSON_THEMES, ProjectType, ResultType, ServiceObject,
    Waive,
};
use crate::model::guide::Material;
use crate::store::{self, FindingRow, ItemRow};

/// 分页：标识、文字。
const TABS: &[(&str, &str)] = &[
    ("basic", "基本"),
    ("situations", "情形"),
    ("materials", "材料"),
    ("steps", "流程与结果"),
    ("places", "窗口与电话"),
    ("basis", "依据与收费"),
    ("faq", "问答"),
];

/// 质量问题的字段在哪个分页。
pub(super) fn tab_of(field: &str) -> &'static str {
    match field.split('/').next().unwrap_or_default() {
        "questions" => "situations",
        "materials" | "no_materials" => "materials",
        "steps" | "result" => "steps",
        "places" | "consult_phone" | "supervise_phone" => "places",
        "basis" | "fees" | "fee_basis" | "pay_online" | "conditions" => "basis",
        "faq" => "faq",
        _ => "basic",
    }
}

/// 全部分页的表单字段；没在当前分页上的不提交，也就不改。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EditForm {
    pub version: i64,
    // 基本
    pub name: String,
    pub summary: String,
    pub aliases: String,
    pub objects: Vec<String>,
    pub person_themes: Vec<String>,
    pub corp_themes: Vec<String>,
    pub project_type: String,
    pub forms: Vec<String>,
    pub area: String,
    pub legal: String,
    pub legal_unit: String,
    pub promise: String,
    pub promise_unit: String,
    pub visits: String,
    pub visits_reason: String,
    pub online_steps: Vec<String>,
    pub online_here: Option<String>,
    pub online_mobile: Option<String>,
    pub online_url: String,
    // 其余分页
    pub questions: String,
    pub m_id: Vec<String>,
    pub m_name: Vec<String>,
    pub m_hint: Vec<String>,
    pub m_need: Vec<String>,
    pub m_copy: Vec<String>,
    pub m_waive: Vec<String>,
    pub m_copies: Vec<String>,
    pub m_when: Vec<String>,
    pub m_basis: Vec<String>,
    pub no_materials: Option<String>,
    pub steps: String,
    pub result_name: String,
    pub result_types: Vec<String>,
    pub result_validity: String,
    pub pitfalls: String,
    pub places: String,
    pub consult_phone: String,
    pub supervise_phone: String,
    pub basis: String,
    pub conditions: String,
    pub fees: String,
    pub fee_basis: String,
    pub faq: String,
}

#[derive(Template)]
#[template(path = "catalog_edit.html")]
struct EditPage {
    l: Layout,
    row: ItemRow,
    tab: &'static str,
    fields: Vec<Field>,
    /// 材料分页的行，末尾两行空的。
    materials: Vec<Material>,
    findings: Vec<FindingRow>,
    summary: ErrorSummary,
}

impl EditPage {
    fn tabs(&self) -> &'static [(&'static str, &'static str)] {
        TABS
    }

    fn needs(&self) -> &'static [Need] {
        Need::ALL
    }

    fn copies(&self) -> &'static [CopyType] {
        CopyType::ALL
    }

    fn waives(&self) -> &'static [Waive] {
        Waive::ALL
    }

    fn when(&self, material: &Material) -> String {
        lines::write_when(&material.when)
    }

    fn here(&self, finding: &FindingRow) -> bool {
        tab_of(&finding.field) == self.tab
    }
}

fn options<T: Copy>(all: &[T], code: fn(T) -> &'static str, label: fn(T) -> &'static str) -> Vec<(String, String)> {
    all.iter().map(|value| (code(*value).to_owned(), label(*value).to_owned())).collect()
}

fn themes(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect()
}

fn codes<T: Copy>(values: &[T], code: fn(T) -> &'static str) -> Vec<String> {
    values.iter().map(|value| code(*value).to_owned()).collect()
}

fn basic_fields(g: &Guide) -> Vec<Field> {
    let flag = |name: &str, label: &str, on: bool| Field::checks(name, label, [("1", label)]).values(on.then(|| "1".to_owned())).optional();
    vec![
        Field::text("name", "事项名称").value(&g.name),
        Field::text("summary", "一句大白话").hint("谁、什么时候要办").value(&g.summary).max_length(200),
        Field::area("aliases", "大白话别名").hint("一行一个，群众怎么说就怎么写").value(g.aliases.join("\n")).optional(),
        Field::checks("objects", "服务对象", options(ServiceObject::ALL, ServiceObject::code, ServiceObject::label))
            .values(codes(&g.objects, ServiceObject::code)),
        Field::checks("person_themes", "个人主题", themes(PERSON_THEMES)).values(g.person_themes.clone()).optional(),
        Field::checks("corp_themes", "企业主题", themes(CORP_THEMES)).values(g.corp_themes.clone()).optional(),
        Field::radios("project_type", "办件类型", options(ProjectType::ALL, ProjectType::code, ProjectType::label))
            .value(g.project_type.code()),
        Field::checks("forms", "办理形式", options(HandleForm::ALL, HandleForm::code, HandleForm::label))
            .values(codes(&g.forms, HandleForm::code)),
        Field::select(
            "area",
            "通办范围",
            [("", "不通办")].map(|(v, t)| (v.to_owned(), t.to_owned())).into_iter().chain(options(
                HandleArea::ALL,
                HandleArea::code,
                HandleArea::label,
            )),
        )
        .value(g.area.map_or("", HandleArea::code))
        .optional(),
        Field::number("legal", "法定时限", "").hint("没有法定期限填 0").value(g.legal.amount.to_string()),
        Field::select("legal_unit", "法定时限单位", options(LimitUnit::ALL, LimitUnit::code, LimitUnit::label)).value(g.legal.unit.code()),
        Field::number("promise", "承诺时限", "").hint("当场办好填 0").value(g.promise.amount.to_string()),
        Field::select("promise_unit", "承诺时限单位", options(LimitUnit::ALL, LimitUnit::code, LimitUnit::label))
            .value(g.promise.unit.code()),
        Field::number("visits", "到现场次数", "次").value(g.visits.to_string()),
        Field::text("visits_reason", "必须到现场的原因").value(&g.visits_reason).optional(),
        Field::checks("online_steps", "网上办理深度", options(OnlineStep::ALL, OnlineStep::code, OnlineStep::label))
            .values(codes(&g.online.steps, OnlineStep::code))
            .optional(),
        flag("online_here", "在本平台申报", g.online.here),
        flag("online_mobile", "手机能申报", g.online.mobile),
        Field::text("online_url", "外部网办地址").value(&g.online.url).optional(),
    ]
}

fn fields(tab: &str, g: &Guide) -> Vec<Field> {
    let bar = "一行一条，栏与栏之间用“｜”分开：";
    match tab {
        "situations" => vec![
            Field::area("questions", "先问的问题")
                .hint("问题一行：题号｜问题；选项各一行：- 选项号｜文字｜提示｜不用办的说明")
                .value(lines::write_questions(&g.questions))
                .optional(),
        ],
        "steps" => vec![
            Field::area("steps", "办理流程").hint(format!("{bar}环节｜怎么办｜工作日")).value(lines::write_steps(&g.steps)),
            Field::text("result_name", "办好后拿到什么").value(&g.result.name),
            Field::checks("result_types", "结果类型", options(ResultType::ALL, ResultType::code, ResultType::label))
                .values(codes(&g.result.types, ResultType::code)),
            Field::text("result_validity", "有效期").value(&g.result.validity).optional(),
            Field::area("pitfalls", "容易被退回的原因").hint("一行一条").value(g.pitfalls.join("\n")).optional(),
        ],
        "places" => vec![
            Field::area("places", "办理地点")
                .hint(format!("{bar}名称｜窗口｜地址｜时间｜电话｜怎么来"))
                .value(lines::write_places(&g.places)),
            Field::tel("consult_phone", "咨询电话").value(&g.consult_phone),
            Field::tel("supervise_phone", "投诉电话").value(&g.supervise_phone),
        ],
        "basis" => vec![
            Field::area("basis", "设定依据").hint(format!("{bar}《文件名》｜文号｜条款｜要点")).value(lines::write_basis(&g.basis)),
            Field::area("conditions", "受理条件").hint("一行一条").value(g.conditions.join("\n")),
            Field::area("fees", "收费项目")
                .hint(format!("不收费留空。{bar}名称｜标准｜金额（元）｜依据｜减免"))
                .value(lines::write_fees(&g.fees))
                .optional(),
            Field::text("fee_basis", "收费依据").value(&g.fee_basis).optional(),
        ],
        "faq" => vec![Field::area("faq", "常见问题").hint(format!("{bar}问题｜回答")).value(lines::write_faq(&g.faq)).optional()],
        "basic" => basic_fields(g),
        _ => Vec::new(),
    }
}

fn known_tab(tab: &str) -> Result<&'static str, Problem> {
    TABS.iter().map(|(known, _)| *known).find(|known| *known == tab).ok_or_else(Problem::not_found)
}

async fn load(app: &App, ctx: &Ctx, code: &str) -> Result<(ItemRow, Vec<FindingRow>), Failure> {
    let (actor, code) = (ctx.actor.clone(), code.to_owned());
    Ok(app
        .db()
        .snapshot("items.edit", move |tx| {
            let row = mine(tx, &actor, &code)?;
            let findings = store::findings(tx, row.id)?;
            Ok((row, findings))
        })
        .await?)
}

fn page(ctx: &Ctx, tab: &'static str, row: ItemRow, findings: Vec<FindingRow>, guide: &Guide, problem: Option<&Problem>) -> EditPage {
    let layout = Layout::staff(ctx, &format!("编辑 {}", row.name));
    let mut materials = guide.materials.clone();
    materials.extend([Material::default(), Material::default()]);
    EditPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        fields: fields(tab, guide).into_iter().map(|field| field.errors_of(problem)).collect(),
        row,
        tab,
        materials,
        findings,
        summary: ErrorSummary::of(problem),
    }
}

/// `GET /catalog/items/{code}/edit/{tab}`
///
/// # Errors
/// 不存在或范围外：404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path((code, tab)): Path<(String, String)>) -> Result<Html, Failure> {
    let tab = known_tab(&tab)?;
    let (row, findings) = load(&app, &ctx, &code).await?;
    let guide = row.draft.clone();
    render(&page(&ctx, tab, row, findings, &guide, None))
}

/// `POST /catalog/items/{code}/edit/{tab}`
///
/// # Errors
/// 没有权限 403，范围外 404，状态不允许 409，版本不符 412，内容读不懂 422。
pub async fn save(
    State(app): State<App>,
    ctx: Ctx,
    Path((code, tab)): Path<(String, String)>,
    Form(form): Form<EditForm>,
) -> Result<Response, Failure> {
    let tab = known_tab(&tab)?;
    let (row, findings) = load(&app, &ctx, &code).await?;
    let mut guide = row.draft.clone();
    let problem = match lines::apply(tab, &form, &mut guide) {
        Err(problem) => problem,
        Ok(()) => {
            let (actor, at, wanted, id) = (ctx.actor.clone(), app.now(), guide.clone(), row.id);
            let saved = app.act(&ctx, "items.save", move |tx| commands::edit(tx, &actor, id, form.version, &wanted, at)).await;
            crate::cache::forget(&app, &code);
            match saved {
                Ok(_) => return Ok(see_other(format!("/catalog/items/{code}/edit/{tab}")).flash("已保存").into_response()),
                Err(error) => match error.problem().filter(|problem| !problem.errors.is_empty()).cloned() {
                    Some(problem) => problem,
                    None => return Err(error.into()),
                },
            }
        }
    };
    render_status(422, &page(&ctx, tab, row, findings, &guide, Some(&problem)))
}

#[derive(Template)]
#[template(path = "catalog_preview.html")]
struct PreviewPage {
    l: Layout,
    row: ItemRow,
}

/// `GET /catalog/items/{code}/preview`：群众会看到的样子。
///
/// # Errors
/// 不存在或范围外：404。
pub async fn preview(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<Html, Failure> {
    let (row, _) = load(&app, &ctx, &code).await?;
    render(&PreviewPage { l: Layout::staff(&ctx, &format!("预览 {}", row.name)), row })
}

#[derive(Template)]
#[template(path = "catalog_diff.html")]
struct DiffPage {
    l: Layout,
    row: ItemRow,
    changes: Vec<(String, String, String)>,
}

/// `GET /catalog/items/{code}/diff`：修订稿与现行版逐字段比。
///
/// # Errors
/// 不存在或范围外：404。
pub async fn diff(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let (row, before) = app
        .db()
        .snapshot("items.diff", move |tx| {
            let row = mine(tx, &actor, &code)?;
            let before = store::edition(tx, row.id, row.edition)?.map(|found| found.guide);
            Ok((row, before))
        })
        .await?;
    let before = before.ok_or_else(Problem::not_found)?;
    let changes = lines::changes(&before, &row.draft);
    render(&DiffPage { l: Layout::staff(&ctx, &format!("比较 {}", row.name)), row, changes })
}
