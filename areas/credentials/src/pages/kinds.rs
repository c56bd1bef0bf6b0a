//! 证照类型与版式、应录与已录。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_documents::paper::font;
use tongban_kernel::Problem;
use tongban_ofd::{Document, Info, Page as OfdPage};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Redirect, render, render_status, see_other};

use super::mendable;
use crate::commands::{self, NewKind};
use crate::model::{Element, FieldSpec, HolderKind, Spec, Validity};
use crate::permissions::MANAGE;
use crate::store::{Kind, Quota, kinds};

#[derive(Template)]
#[template(path = "kinds.html")]
struct ListPage {
    l: Layout,
    rows: Vec<Kind>,
    fields: Vec<Field>,
    errors: ErrorSummary,
}

fn new_fields(code: &str, name: &str, problem: Option<&Problem>) -> Vec<Field> {
    vec![
        Field::text("name", "证照名称").value(name).errors_of(problem),
        Field::text("code", "类型代码").hint("21 位：定义机构统一社会信用代码 18 位加 3 位顺序，照上级目录抄").value(code).errors_of(problem),
    ]
}

async fn list_page(app: &App, ctx: &Ctx, fields: Vec<Field>, problem: Option<&Problem>) -> Result<ListPage, Failure> {
    let tenant = ctx.actor.tenant;
    let rows = app.db().snapshot("credentials.kinds", move |tx| kinds::all(tx, tenant)).await?;
    Ok(ListPage { l: Layout::staff(ctx, "证照类型"), rows, fields, errors: ErrorSummary::of(problem) })
}

/// `GET /certs/types`
pub async fn list(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&list_page(&app, &ctx, new_fields("", "", None), None).await?)
}

/// 新类型的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewForm {
    name: String,
    code: String,
}

/// `POST /certs/types`
pub async fn create(State(app): State<App>, ctx: Ctx, Form(form): Form<NewForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let (name, code) = (form.name.clone(), form.code.clone());
    let result = app
        .act(&ctx, "credentials.kind_create", move |tx| {
            let input = NewKind { org: actor.org, code: code.clone(), name: name.clone(), spec: Spec::default() };
            commands::create_kind(tx, &actor, input, at)
        })
        .await;
    match result {
        Ok(id) => Ok(see_other(format!("/certs/types/{id}")).flash("已建，请设字段与版式").into_response()),
        Err(error) => match mendable(Err(error))? {
            Some(problem) => render_status(422, &list_page(&app, &ctx, new_fields(&form.code, &form.name, Some(&problem)), Some(&problem)).await?),
            None => Err(Problem::not_found().into()),
        },
    }
}

#[derive(Template)]
#[template(path = "kind.html")]
struct KindPage {
    l: Layout,
    kind: Kind,
    fields: Vec<Field>,
    elements: Vec<Element>,
    errors: ErrorSummary,
    stamp: i64,
}

fn validity_text(validity: Validity) -> String {
    match validity {
        Validity::Years(years) => years.to_string(),
        Validity::Given => "given".to_owned(),
        Validity::Forever => "forever".to_owned(),
    }
}

fn field_lines(fields: &[FieldSpec]) -> String {
    fields.iter().map(|field| format!("{} {}{}", field.key, field.label, if field.required { " 必填" } else { "" })).collect::<Vec<_>>().join("\n")
}

fn rule_fields(spec: &Spec, problem: Option<&Problem>) -> Vec<Field> {
    let holder = match spec.holder {
        HolderKind::Person => "person",
        HolderKind::Legal => "legal",
        HolderKind::Both => "both",
    };
    let yes = |on: bool| if on { "1" } else { "0" };
    let mut years: Vec<(String, String)> = vec![("forever".into(), "长期".into()), ("given".into(), "录入时给止日".into())];
    years.extend([1, 2, 3, 4, 5, 6, 8, 10, 15, 20].map(|n| (n.to_string(), format!("{n} 年"))));
    let all = vec![
        Field::select("holder", "发给", [("both", "个人与单位"), ("person", "个人"), ("legal", "单位")]).value(holder),
        Field::select("validity", "有效期", years).value(validity_text(spec.validity)),
        Field::text("prefix", "编号前缀").optional().value(&spec.prefix),
        Field::area("aliases", "别名").hint("材料清单里的叫法，一行一个；免提交按它认").optional().value(spec.aliases.join("\n")),
        Field::area("fields", "扩展字段").hint("一行一个：短名 空格 名称，必填的再加“必填”，如：JYCS 经营场所 必填").optional().value(field_lines(&spec.fields)),
        Field::text("title", "证面标题").hint("不填用证照名称").optional().value(&spec.face.title),
        Field::text("preface", "标题下的话").optional().value(&spec.face.preface),
        Field::text("colour", "边框颜色").hint("六位十六进制，如 B8860B").value(&spec.face.colour),
        Field::radios("landscape", "版式", [("0", "竖版"), ("1", "横版")]).value(yes(spec.face.landscape)),
        Field::radios("show", "许可亮证", [("1", "许可"), ("0", "不许可")]).value(yes(spec.show)),
        Field::radios("show_many", "一个码核验几次", [("0", "一次"), ("1", "60 秒内可多次")]).value(yes(spec.show_many)),
    ];
    all.into_iter().map(|field| field.errors_of(problem)).collect()
}

async fn load(app: &App, ctx: &Ctx, id: i64) -> Result<Kind, Failure> {
    let actor = ctx.actor.clone();
    let kind = app
        .db()
        .snapshot("credentials.kind", move |tx| {
            let kind = kinds::find(tx, id)?.ok_or_else(Problem::not_found)?;
            actor.scope.check(&kind.place)?;
            Ok(kind)
        })
        .await?;
    Ok(kind)
}

/// `GET /certs/types/{kind}`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Html, Failure> {
    let kind = load(&app, &ctx, id).await?;
    render(&KindPage {
        l: Layout::staff(&ctx, &kind.name),
        fields: rule_fields(&kind.spec, None),
        elements: kind.spec.face.elements.clone(),
        errors: ErrorSummary::of(None),
        stamp: kind.version,
        kind,
    })
}

/// 规则与版式的表单；各字段的位置按行一一对应。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct KindForm {
    version: i64,
    holder: String,
    validity: String,
    prefix: String,
    aliases: String,
    fields: String,
    title: String,
    preface: String,
    colour: String,
    landscape: String,
    show: String,
    show_many: String,
    active: String,
    arrange: String,
    key: Vec<String>,
    label: Vec<String>,
    x: Vec<String>,
    y: Vec<String>,
    width: Vec<String>,
    size: Vec<String>,
}

impl KindForm {
    fn spec(&self, mut spec: Spec) -> Spec {
        let lines = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        spec.holder = match self.holder.as_str() {
            "person" => HolderKind::Person,
            "legal" => HolderKind::Legal,
            _ => HolderKind::Both,
        };
        spec.validity = match self.validity.as_str() {
            "given" => Validity::Given,
            years => years.parse().map_or(Validity::Forever, Validity::Years),
        };
        spec.prefix = self.prefix.trim().chars().take(20).collect();
        spec.aliases = lines(&self.aliases);
        spec.fields = lines(&self.fields).iter().map(|line| field_spec(line)).collect();
        spec.face.title = self.title.trim().to_owned();
        spec.face.preface = self.preface.trim().to_owned();
        spec.face.colour = self.colour.trim().to_ascii_uppercase();
        spec.face.landscape = self.landscape == "1";
        (spec.show, spec.show_many) = (self.show == "1", self.show_many == "1");
        // 重排：清空，核对时自上而下排好
        spec.face.elements = if self.arrange == "1" { Vec::new() } else { self.elements() };
        spec
    }

    fn elements(&self) -> Vec<Element> {
        let number = |list: &[String], n: usize| list.get(n).and_then(|text| text.trim().parse::<f64>().ok()).filter(|v| v.is_finite()).unwrap_or(-1.0);
        let one = |(n, key): (usize, &String)| Element {
            key: key.clone(),
            label: self.label.get(n).cloned().unwrap_or_default(),
            x: number(&self.x, n),
            y: number(&self.y, n),
            width: number(&self.width, n),
            size: number(&self.size, n),
        };
        self.key.iter().enumerate().map(one).collect()
    }
}

fn field_spec(line: &str) -> FieldSpec {
    let mut words = line.split_whitespace();
    let key = words.next().unwrap_or_default().to_ascii_uppercase();
    let mut rest: Vec<&str> = words.collect();
    let required = rest.last() == Some(&"必填");
    if required {
        rest.pop();
    }
    FieldSpec { key, label: rest.join(" "), required }
}

/// `POST /certs/types/{kind}`
pub async fn save(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<KindForm>) -> Result<Response, Failure> {
    let kind = load(&app, &ctx, id).await?;
    let (actor, at, spec) = (ctx.actor.clone(), app.now(), form.spec(kind.spec.clone()));
    let (kept, version, active) = (spec.clone(), form.version, form.active != "0");
    let result = app.act(&ctx, "credentials.kind_save", move |tx| commands::save_kind(tx, &actor, id, version, spec.clone(), active, at)).await;
    if let Some(problem) = mendable(result)? {
        let page = KindPage {
            l: Layout::staff(&ctx, &kind.name).with_errors(),
            fields: rule_fields(&kept, Some(&problem)),
            elements: kept.face.elements,
            errors: ErrorSummary::of(Some(&problem)),
            stamp: kind.version,
            kind,
        };
        return render_status(422, &page);
    }
    Ok(see_other(format!("/certs/types/{id}")).flash("已保存，右边是新的样张").into_response())
}

/// `GET /certs/types/{kind}/preview.svg`
pub async fn preview(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Response, Failure> {
    let kind = load(&app, &ctx, id).await?;
    let drawn = tokio::task::spawn_blocking(move || -> Result<Option<String>, Problem> {
        let sheets = crate::issue::preview(&kind.name, &kind.spec).map_err(Problem::from)?;
        let fonts = tongban_ofd::subset::Subsetter::shared().map_err(|error| Problem::conflict(error.to_string()))?;
        let info = Info { title: format!("{}样张", kind.name), ..Info::default() };
        let pages = sheets.into_iter().map(|sheet| OfdPage { sheet, template: None }).collect();
        let package = Document { info, pages, ..Document::default() }.package(fonts).map_err(|error| Problem::conflict(error.to_string()))?;
        Ok(tongban_ofd::view::svg(&package, 0, &[], font::shared().ok()))
    });
    let svg = drawn.await.map_err(|_| Problem::not_found())??.ok_or_else(Problem::not_found)?;
    Ok(([("content-type", "image/svg+xml"), ("cache-control", "no-store")], svg).into_response())
}

/// 应录一行与它的已录数。
struct Line {
    quota: Quota,
    entered: i64,
}

#[derive(Template)]
#[template(path = "quotas.html")]
struct QuotaPage {
    l: Layout,
    rows: Vec<Line>,
    kinds: Vec<Kind>,
    orgs: Vec<(i64, String)>,
    may_manage: bool,
    errors: ErrorSummary,
}

async fn quota_page(app: &App, ctx: &Ctx, problem: Option<&Problem>) -> Result<QuotaPage, Failure> {
    let (actor, may_manage) = (ctx.actor.clone(), ctx.actor.may(MANAGE));
    let (rows, all, orgs) = app
        .db()
        .snapshot("credentials.quotas", move |tx| {
            let mut rows = Vec::new();
            for quota in kinds::quotas(tx, &actor.scope, 0, 500)? {
                let entered = kinds::entered(tx, quota.place.org, quota.kind)?;
                rows.push(Line { quota, entered });
            }
            let orgs = if may_manage { tongban_directory::queries::units(tx, actor.tenant)? } else { Vec::new() };
            Ok((rows, kinds::all(tx, actor.tenant)?, orgs.into_iter().filter(|org| actor.scope.covers(&org.place())).map(|org| (org.id, org.name)).collect()))
        })
        .await?;
    Ok(QuotaPage { l: Layout::staff(ctx, "应录与已录"), rows, kinds: all, orgs, may_manage, errors: ErrorSummary::of(problem) })
}

/// `GET /certs/quotas`
pub async fn quotas(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&quota_page(&app, &ctx, None).await?)
}

/// 应录数的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct QuotaForm {
    org: i64,
    kind: i64,
    expected: String,
}

/// `POST /certs/quotas`
pub async fn set_quota(State(app): State<App>, ctx: Ctx, Form(form): Form<QuotaForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let expected = form.expected.trim().parse::<i64>().map_err(|_| Problem::field("expected", "number", "应录数填整数，比如 120"));
    let result = match expected {
        Ok(expected) => app.act(&ctx, "credentials.quota", move |tx| commands::set_quota(tx, &actor, form.org, form.kind, expected, at)).await,
        Err(problem) => Err(problem.into()),
    };
    if let Some(problem) = mendable(result)? {
        return render_status(422, &quota_page(&app, &ctx, Some(&problem)).await?);
    }
    let done: Redirect = see_other("/certs/quotas").flash("已定应录数");
    Ok(done.into_response())
}
