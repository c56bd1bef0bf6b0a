//! 办事指南：四格事实、先选情况再列材料、依据折叠、版本固定网址、打印、空白表与样本。

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tongban_kernel::problem::Problem;
use tongban_kernel::time::{date_of, from_day_number, show_day};
use tongban_web::{App, Ctx, Failure, Layout, Query, render};

use crate::cache;
use crate::model::codes::{OnlineDepth, ProjectType};
use crate::model::form::FormField;
use crate::model::guide::Material;
use crate::model::lifecycle::State as ItemState;
use crate::model::situations::{Answers, Plan, Question};
use crate::queries::{self, PublicGuide};

/// 查询串里的答案。
pub type Chosen = BTreeMap<String, String>;

/// 材料的三种交法。
#[derive(Debug, Clone, Copy)]
pub struct HowToHandIn {
    pub tone: &'static str,
    pub label: &'static str,
}

/// 指南页与打印页共用的内容。
pub struct View<'g> {
    pub g: &'g PublicGuide,
    pub plan: Plan<'g>,
    pub answers: Answers,
}

impl<'g> View<'g> {
    fn new(g: &'g PublicGuide, given: &Answers) -> Self {
        let answers = g.guide.settle_answers(given);
        Self { g, plan: g.guide.plan(&answers), answers }
    }

    fn questions(&self) -> Vec<&'g Question> {
        self.g.guide.questions.iter().filter(|question| question.when.holds(&self.answers)).collect()
    }

    fn chosen(&self, question: &str, option: &str) -> bool {
        self.answers.get(question).is_some_and(|chosen| chosen == option)
    }

    fn how(&self, material: &Material) -> HowToHandIn {
        if material.waived() {
            HowToHandIn { tone: "g", label: "免提交" }
        } else if material.promisable() {
            HowToHandIn { tone: "y", label: "可承诺" }
        } else {
            HowToHandIn { tone: "b", label: "要上传" }
        }
    }

    fn form_of(&self, material: &Material) -> String {
        if material.waived() {
            return material.waive.label().to_owned();
        }
        format!(
            "{} 份 · {}{}",
            material.copies,
            material.copy_type.label(),
            if material.format == crate::model::codes::MaterialFormat::Electronic { " · 电子件" } else { "" }
        )
    }

    fn money(&self) -> String {
        if self.plan.fees.is_empty() {
            return "不收费".to_owned();
        }
        match self.plan.cents() {
            0 => "按标准收费".to_owned(),
            cents if cents % 100 == 0 => format!("{} 元", cents / 100),
            cents => format!("{}.{:02} 元", cents / 100, cents % 100),
        }
    }

    fn depth_tag(&self) -> (&'static str, &'static str) {
        match self.g.depth() {
            OnlineDepth::Full => ("tag-g", "全程网办"),
            OnlineDepth::PreReview => ("tag-b", "可网上预审"),
            OnlineDepth::Apply => ("tag-b", "可网上申请"),
            _ => ("tag-y", "到窗口办"),
        }
    }

    fn objects(&self) -> String {
        self.g.guide.objects.iter().map(|object| object.label()).collect::<Vec<_>>().join("、")
    }

    fn kind_name(&self) -> &'static str {
        match self.g.guide.project_type {
            ProjectType::Instant => "即办件",
            ProjectType::Promised => "承诺件",
            ProjectType::Other => "其他",
        }
    }

    fn suspended(&self) -> bool {
        self.g.state == ItemState::Suspended
    }

    fn cancelled(&self) -> bool {
        self.g.state == ItemState::Cancelled
    }

    fn resume_words(&self) -> String {
        from_day_number(self.g.resume_day).map(|day| format!("预计 {} 恢复。", show_day(day))).unwrap_or_default()
    }

    fn version_words(&self) -> String {
        match self.g.published {
            Some(at) => format!("指南第 {} 版 · {} 更新 · {}编", self.g.edition, show_day(date_of(at)), self.g.dept_name),
            None => format!("指南待完善 · 由{}编写", self.g.dept_name),
        }
    }

    fn old(&self) -> bool {
        self.g.edition != self.g.current
    }

    /// 去申报时带上选好的情形。
    fn apply_href(&self) -> String {
        let query: Vec<String> = self.answers.iter().map(|(question, option)| format!("{question}={option}")).collect();
        if query.is_empty() { format!("/apply/{}", self.g.code) } else { format!("/apply/{}?{}", self.g.code, query.join("&")) }
    }

    /// 样表、样图：生成的或上传的。
    fn example(&self, material: &Material) -> Option<String> {
        if material.example.starts_with(super::samples::STORED) {
            return Some(format!("/items/{}/samples/{}", self.g.code, material.id));
        }
        self.paper(&material.example)
    }

    /// 由本平台生成的空白表、样表、样本；没有的不给链接。
    fn paper(&self, name: &str) -> Option<String> {
        let tail = match name {
            "@form" => "form",
            "@example" => "form?example=1",
            "@sample" => "sample",
            _ => return None,
        };
        Some(format!("/items/{}/{tail}", self.g.code))
    }
}

#[derive(Template)]
#[template(path = "guide.html")]
struct GuidePage<'g> {
    l: Layout,
    v: View<'g>,
    json_ld: String,
    /// 工作稿的预览：链接回编辑台，不给搜索引擎看。
    preview: bool,
}

#[derive(Template)]
#[template(path = "guide_print.html")]
struct PrintPage<'g> {
    l: Layout,
    v: View<'g>,
}

/// 匿名、标准版、没有提示条的访客看到的是同一页，可以整页留着。
fn cacheable(ctx: &Ctx) -> bool {
    !ctx.actor.is_signed_in() && ctx.preferences == tongban_web::ctx::Preferences::default() && ctx.flash.is_none() && !ctx.swap
}

fn html(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

fn situation_key(chosen: &Chosen) -> String {
    chosen.iter().map(|(question, option)| format!("{question}={option}&")).collect()
}

/// `GET /items/{code}`
///
/// # Errors
/// 编码不存在：404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path(code): Path<String>, Query(chosen): Query<Chosen>) -> Result<Response, Failure> {
    let situation = situation_key(&chosen);
    let shared = cacheable(&ctx);
    if shared && let Some(page) = cache::page(&app, &code, &situation) {
        return Ok(html(page));
    }
    let Some(guide) = cache::guide(&app, &code).await? else {
        // 主体更名换过码的，旧网址转到新的
        let wanted = code.clone();
        let renamed = app.db().read("items.renamed", move |tx| crate::store::renamed_code(tx, &wanted)).await?;
        return match renamed {
            Some(new) => Ok(axum::response::Redirect::permanent(&format!("/items/{new}")).into_response()),
            None => Err(Problem::not_found().into()),
        };
    };
    let body = Bytes::from(draw(&ctx, &app, &guide, &chosen)?);
    // 只留认得的答案，乱写的参数撑不满
    if shared && (chosen.is_empty() || guide.guide.settle_answers(&chosen) == chosen) {
        cache::keep_page(&app, &guide, &situation, body.clone());
    }
    Ok(html(body))
}

/// `GET /items/{code}/v/{edition}`：每一版都有固定网址。
///
/// # Errors
/// 没有这一版：404。
pub async fn edition(
    State(app): State<App>,
    ctx: Ctx,
    Path((code, number)): Path<(String, i64)>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Failure> {
    let found = app.db().snapshot("items.edition", move |tx| queries::public_guide(tx, &code, Some(number))).await?;
    let guide = found.ok_or_else(Problem::not_found)?;
    Ok(html(Bytes::from(draw(&ctx, &app, &guide, &chosen)?)))
}

fn draw(ctx: &Ctx, app: &App, guide: &Arc<PublicGuide>, chosen: &Chosen) -> Result<String, Failure> {
    let page = GuidePage {
        l: Layout::public(ctx, &format!("{} - 办事指南", guide.guide.name)),
        v: View::new(guide, chosen),
        json_ld: json_ld(app, guide),
        preview: false,
    };
    Ok(page.render()?)
}

/// 工作稿用同一个模板画出来。
pub(super) fn preview(ctx: &Ctx, app: &App, guide: &Arc<PublicGuide>, chosen: &Chosen) -> Result<Response, Failure> {
    let page = GuidePage {
        l: Layout::public(ctx, &format!("预览 {}", guide.guide.name)),
        v: View::new(guide, chosen),
        json_ld: json_ld(app, guide),
        preview: true,
    };
    Ok(html(Bytes::from(page.render()?)))
}

/// `GET /items/{code}/print`
///
/// # Errors
/// 编码不存在：404。
pub async fn print(
    State(app): State<App>,
    ctx: Ctx,
    Path(code): Path<String>,
    Query(chosen): Query<Chosen>,
) -> Result<impl IntoResponse, Failure> {
    let guide = cache::guide(&app, &code).await?.ok_or_else(Problem::not_found)?;
    render(&PrintPage { l: Layout::public(&ctx, &format!("{}（打印）", guide.guide.name)), v: View::new(&guide, &chosen) })
}

/// 空白表的参数。
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct FormQuery {
    /// 1 = 填好的样表。
    pub example: Option<u8>,
}

#[derive(Template)]
#[template(path = "guide_form.html")]
struct FormPage<'g> {
    l: Layout,
    g: &'g PublicGuide,
    example: bool,
}

impl FormPage<'_> {
    /// 样表里填的：选择题勾第一项，别的用规则里的例子。
    fn sample(&self, field: &FormField) -> String {
        if !self.example {
            return String::new();
        }
        if let Some(first) = field.options.first() {
            return format!("☑ {}", first.label);
        }
        if !field.rule.example.is_empty() {
            return field.rule.example.clone();
        }
        match field.kind.as_str() {
            "date" => "2026-11-22",
            "mobile" => "13900000000",
            "id_number" => "510811199001010000（样例）",
            "number" | "integer" | "money" => "1",
            _ => "（按实际情况填写）",
        }
        .to_owned()
    }

    fn blank_options(&self, field: &FormField) -> String {
        field.options.iter().map(|option| format!("☐ {}", option.label)).collect::<Vec<_>>().join("　")
    }
}

/// `GET /items/{code}/form`：由申报表生成的空白表，`?example=1` 是填好的样表。
///
/// # Errors
/// 编码不存在：404。
pub async fn form(
    State(app): State<App>,
    ctx: Ctx,
    Path(code): Path<String>,
    Query(query): Query<FormQuery>,
) -> Result<impl IntoResponse, Failure> {
    let guide = cache::guide(&app, &code).await?.ok_or_else(Problem::not_found)?;
    let example = query.example == Some(1);
    let title = if example { "填写样表" } else { "空白表" };
    render(&FormPage { l: Layout::public(&ctx, &format!("{}{title}", guide.guide.name)), g: &guide, example })
}

/// `GET /items/{code}/schema.json`：申报表的 JSON Schema。
///
/// # Errors
/// 编码不存在：404。
pub async fn schema(State(app): State<App>, Path(code): Path<String>) -> Result<Response, Failure> {
    let guide = cache::guide(&app, &code).await?.ok_or_else(Problem::not_found)?;
    let schema = guide.guide.form.json_schema(&guide.guide.name);
    Ok(([(header::CONTENT_TYPE, "application/schema+json; charset=utf-8")], schema.to_string()).into_response())
}

#[derive(Template)]
#[template(path = "guide_sample.html")]
struct SamplePage<'g> {
    l: Layout,
    g: &'g PublicGuide,
}

/// `GET /items/{code}/sample`：办好后拿到的东西长什么样。
///
/// # Errors
/// 编码不存在：404。
pub async fn sample(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<impl IntoResponse, Failure> {
    let guide = cache::guide(&app, &code).await?.ok_or_else(Problem::not_found)?;
    render(&SamplePage { l: Layout::public(&ctx, &format!("{}样本", guide.guide.result.name)), g: &guide })
}

/// 给搜索引擎看的 schema.org 数据；`<` 转义，放进 `script type=application/ld+json` 不会被当成标签。
fn json_ld(app: &App, guide: &PublicGuide) -> String {
    let channel: Vec<serde_json::Value> = guide
        .guide
        .places
        .iter()
        .map(|place| {
            serde_json::json!({
                "@type": "ServiceChannel",
                "serviceLocation": { "@type": "GovernmentOffice", "name": place.name, "address": place.address, "telephone": place.phone },
            })
        })
        .collect();
    serde_json::json!({
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "name": guide.guide.name,
        "identifier": guide.code,
        "description": guide.guide.summary,
        "alternateName": guide.guide.aliases,
        "serviceType": guide.guide.task_type.label(),
        "provider": { "@type": "GovernmentOrganization", "name": guide.dept_name },
        "url": format!("{}/items/{}", app.config().base_url, guide.code),
        "availableChannel": channel,
    })
    .to_string()
    .replace('<', "\\u003c")
}
