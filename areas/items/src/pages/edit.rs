//! 编辑：七个分页，任一页可存；多项内容一行一条、用“｜”分栏，材料是一张表。

mod designer;
pub(super) mod diff;
mod fields;
pub(super) mod lines;
mod material;
mod merge;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::{Code, Problem};
use tongban_web::area::Html;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, render, render_status, see_other};

use diff::Change;

use super::desk::mine;
use crate::commands;
use crate::model::Guide;
use crate::model::codes::{CopyType, MaterialClass, MaterialFormat, Need, Source, Waive};
use crate::model::form::{FieldKind, FormField};
use crate::model::guide::Material;
use crate::queries;
use crate::store::{self, FindingRow, ItemRow, NoteRow};

/// 分页：标识、文字。
const TABS: &[(&str, &str)] = &[
    ("basic", "基本"),
    ("situations", "情形"),
    ("materials", "材料"),
    ("form", "申报表"),
    ("steps", "流程与结果"),
    ("service", "办理方式"),
    ("places", "窗口与电话"),
    ("basis", "依据与收费"),
    ("faq", "问答"),
];

/// 质量问题的字段在哪个分页。
pub(super) fn tab_of(field: &str) -> &'static str {
    match field.split('/').next().unwrap_or_default() {
        "questions" | "variants" => "situations",
        "form" => "form",
        "power_source" | "dept_type" | "entrust" | "exemptions" | "real_level" | "remedy" | "service" | "special_procedure" => "service",
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
    /// 打开时各要素的指纹。
    pub base: String,
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
    pub variants: String,
    pub m_id: Vec<String>,
    pub m_name: Vec<String>,
    pub m_hint: Vec<String>,
    pub m_need: Vec<String>,
    pub m_copy: Vec<String>,
    pub m_waive: Vec<String>,
    pub m_copies: Vec<String>,
    /// 勾中的情形：`行号:题号.选项号`。
    pub m_when: Vec<String>,
    pub m_basis: Vec<String>,
    pub m_class: Vec<String>,
    pub m_format: Vec<String>,
    pub m_source: Vec<String>,
    pub m_source_note: Vec<String>,
    pub m_licence: Vec<String>,
    pub m_standard: Vec<String>,
    pub m_page: Vec<String>,
    pub m_remark: Vec<String>,
    pub m_blank: Vec<String>,
    pub m_example: Vec<String>,
    /// 删去、上移的行号。
    pub m_drop: Vec<String>,
    pub m_up: String,
    pub no_materials: Option<String>,
    // 申报表：一行一栏，各列同序
    pub f_section: Vec<String>,
    pub f_name: Vec<String>,
    pub f_label: Vec<String>,
    pub f_kind: Vec<String>,
    pub f_required: Vec<String>,
    pub f_hint: Vec<String>,
    pub f_unit: Vec<String>,
    pub f_options: Vec<String>,
    pub f_rule: Vec<String>,
    pub f_prefill: Vec<String>,
    pub f_when: Vec<String>,
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
    pub pay_online: Option<String>,
    pub faq: String,
    pub legal_note: String,
    pub promise_note: String,
    // 办理方式
    pub power_source: String,
    pub dept_type: String,
    pub power_kind: String,
    pub entrust: String,
    pub joint_depts: String,
    pub guiding_dept: String,
    pub quantity_limit: String,
    pub special_procedure: String,
    pub stoppable: Vec<String>,
    pub intermediary: String,
    pub real_level: String,
    pub commitment: Option<String>,
    pub single_post: Option<String>,
    pub entry_centre: Option<String>,
    pub comprehensive_window: Option<String>,
    pub seal_mode: String,
    pub ab_post: Option<String>,
    pub plan_effective: String,
    pub plan_cancel: String,
    pub booking: Option<String>,
    pub express: Option<String>,
    pub mail_materials: Option<String>,
    pub terminal: Option<String>,
    pub single_login: Option<String>,
    pub mobile_url: String,
    pub mobile_login: Option<String>,
    pub agents: String,
    pub rights: String,
    pub duties: String,
    pub review_org: String,
    pub review_contact: String,
    pub court: String,
    pub court_contact: String,
    pub exemptions: String,
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
    /// 申报表分页的行：段名与字段，末尾三行空的。
    designed: Vec<(String, FormField)>,
    findings: Vec<FindingRow>,
    notes: Vec<NoteRow>,
    /// 库里此刻各要素的指纹，随表单带回。
    base: String,
    /// 别人先改了：他们的与我的不同之处。
    conflict: Vec<Change>,
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

    fn classes(&self) -> &'static [MaterialClass] {
        MaterialClass::ALL
    }

    fn formats(&self) -> &'static [MaterialFormat] {
        MaterialFormat::ALL
    }

    fn sources(&self) -> &'static [Source] {
        Source::ALL
    }

    /// 这一格勾不勾：没有写这一题的条件就是都要。
    fn ticked(&self, material: &Material, question: &str, option: &str) -> bool {
        material.when.0.get(question).is_none_or(|options| options.iter().any(|known| known == option))
    }

    fn kinds(&self) -> &'static [(FieldKind, &'static str)] {
        designer::KINDS
    }

    fn prefills(&self) -> &'static [(&'static str, &'static str)] {
        designer::PREFILLS
    }

    fn options_of(&self, field: &FormField) -> String {
        designer::write_options(&field.options)
    }

    fn rule_of(&self, field: &FormField) -> String {
        designer::write_rule(&field.rule)
    }

    fn has_more(&self, field: &FormField) -> bool {
        designer::has_more(field)
    }

    fn when_of(&self, field: &FormField) -> String {
        designer::when_of(field)
    }

    /// 这个分页有几处要改。
    fn wrong_in(&self, tab: &str) -> usize {
        self.findings.iter().filter(|finding| tab_of(&finding.field) == tab && finding.severity != crate::rules::Severity::I).count()
            + self.notes.iter().filter(|note| tab_of(&note.field) == tab).count()
    }

    fn notes_here(&self) -> Vec<&NoteRow> {
        self.notes.iter().filter(|note| tab_of(&note.field) == self.tab).collect()
    }

    fn passed(&self) -> usize {
        let rules = crate::rules::RULES.len();
        let mut broken: Vec<&str> = self.findings.iter().map(|finding| finding.rule.as_str()).collect();
        broken.sort_unstable();
        broken.dedup();
        rules - broken.len().min(rules)
    }

    fn rules(&self) -> usize {
        crate::rules::RULES.len()
    }

    fn tab_of(&self, field: &str) -> &'static str {
        tab_of(field)
    }

    fn here(&self, finding: &FindingRow) -> bool {
        tab_of(&finding.field) == self.tab
    }
}

fn known_tab(tab: &str) -> Result<&'static str, Problem> {
    TABS.iter().map(|(known, _)| *known).find(|known| *known == tab).ok_or_else(Problem::not_found)
}

/// 编辑页要的：办理项、质检、没解决的批注。
struct Opened {
    row: ItemRow,
    findings: Vec<FindingRow>,
    notes: Vec<NoteRow>,
}

async fn load(app: &App, ctx: &Ctx, code: &str) -> Result<Opened, Failure> {
    let (actor, code) = (ctx.actor.clone(), code.to_owned());
    Ok(app
        .db()
        .snapshot("items.edit", move |tx| {
            let row = mine(tx, &actor, &code)?;
            let findings = store::findings(tx, row.id)?;
            let notes = store::open_notes(tx, row.id)?;
            Ok(Opened { row, findings, notes })
        })
        .await?)
}

fn page(ctx: &Ctx, tab: &'static str, opened: Opened, guide: &Guide, problem: Option<&Problem>) -> EditPage {
    let layout = Layout::staff(ctx, &format!("编辑 {}", opened.row.name));
    let mut materials = guide.materials.clone();
    materials.extend([Material::default(), Material::default()]);
    EditPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        fields: fields::fields(tab, guide).into_iter().map(|field| field.errors_of(problem)).collect(),
        designed: if tab == "form" { designer::rows(&guide.form) } else { Vec::new() },
        base: merge::marks(&opened.row.draft),
        row: opened.row,
        tab,
        materials,
        findings: opened.findings,
        notes: opened.notes,
        conflict: Vec::new(),
        summary: ErrorSummary::of(problem),
    }
}

/// `GET /catalog/items/{code}/edit/{tab}`
///
/// # Errors
/// 不存在或范围外：404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path((code, tab)): Path<(String, String)>) -> Result<Html, Failure> {
    let tab = known_tab(&tab)?;
    let opened = load(&app, &ctx, &code).await?;
    let guide = opened.row.draft.clone();
    render(&page(&ctx, tab, opened, &guide, None))
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
    let mut opened = load(&app, &ctx, &code).await?;
    let mut guide = opened.row.draft.clone();
    let problem = match lines::apply(tab, &form, &mut guide) {
        Err(problem) => problem,
        // 打开之后别人存过：两版并列，由人定夺
        Ok(()) if opened.row.version != form.version => return render_status(412, &conflicted(&ctx, tab, opened, &form.base, &guide)),
        Ok(()) => {
            let (actor, at, wanted, id) = (ctx.actor.clone(), app.now(), guide.clone(), opened.row.id);
            let saved = app.act(&ctx, "items.save", move |tx| commands::edit(tx, &actor, id, form.version, &wanted, at)).await;
            crate::cache::forget(&app, &code);
            match saved {
                Ok(_) => return Ok(see_other(format!("/catalog/items/{code}/edit/{tab}")).flash("已保存").into_response()),
                Err(error) => match error.problem() {
                    Some(problem) if problem.code == Code::PreconditionFailed => {
                        return render_status(412, &conflicted(&ctx, tab, load(&app, &ctx, &code).await?, &form.base, &guide));
                    }
                    Some(problem) if !problem.errors.is_empty() => problem.clone(),
                    _ => return Err(error.into()),
                },
            }
        }
    };
    // 还没存上：打开时的版本与指纹照旧带着，其间别人存过的，下一次存时才说得出来
    opened.row.version = form.version;
    render_status(422, &EditPage { base: form.base, ..page(&ctx, tab, opened, &guide, Some(&problem)) })
}

/// 别人先存了：列出两版不同。表单里自己动过的留着，没动过的换成别人存的，版本换成最新的；再存一次就照页上的。
fn conflicted(ctx: &Ctx, tab: &'static str, opened: Opened, base: &str, mine: &Guide) -> EditPage {
    let both = merge::merged(base, &opened.row.draft, mine);
    let conflict = diff::changes(&opened.row.draft, &both);
    EditPage { conflict, ..page(ctx, tab, opened, &both, None) }
}

/// `GET /catalog/items/{code}/preview`：用群众看的同一个模板画工作稿。
///
/// # Errors
/// 不存在或范围外：404。
pub async fn preview(
    State(app): State<App>,
    ctx: Ctx,
    Path(code): Path<String>,
    Query(chosen): Query<super::guide::Chosen>,
) -> Result<Response, Failure> {
    let opened = load(&app, &ctx, &code).await?;
    let guide = app.db().snapshot("items.preview", move |tx| queries::preview(tx, &opened.row)).await?;
    super::guide::preview(&ctx, &app, &guide, &chosen)
}

#[derive(Template)]
#[template(path = "catalog_diff.html")]
struct DiffPage {
    l: Layout,
    row: ItemRow,
    catalogue: Vec<Change>,
    previous: Option<Vec<Change>>,
}

/// `GET /catalog/items/{code}/diff`：与目录的四统一要素比，与现行版逐字段比。
///
/// # Errors
/// 不存在或范围外：404。
pub async fn compare(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let (row, before, catalogue) = app
        .db()
        .snapshot("items.diff", move |tx| {
            let row = mine(tx, &actor, &code)?;
            let before = store::edition(tx, row.id, row.edition)?.map(|found| found.guide);
            let catalogue = store::catalogue_by_id(tx, row.catalogue)?;
            Ok((row, before, catalogue))
        })
        .await?;
    render(&DiffPage {
        l: Layout::staff(&ctx, &format!("比较 {}", row.name)),
        catalogue: diff::against_catalogue(&catalogue, &row.draft, row.level.label()),
        previous: before.map(|before| diff::changes(&before, &row.draft)),
        row,
    })
}
