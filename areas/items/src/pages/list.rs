//! 事项列表：对象、主题、部门、镇、网办程度筛选，字母序，游标翻页，导出。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_documents::table::{Cell, Column, Format, Kind};
use tongban_kernel::problem::Problem;
use tongban_web::components::Pager;
use tongban_web::{App, Ctx, Cursor, Failure, Layout, PageQuery, Query, export, render};

use crate::cache;
use crate::model::codes::{CORP_THEMES, OnlineDepth, PERSON_THEMES, ServiceObject, TaskType};
use crate::store::{self, ShelfRow};

/// 网址里的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// `person` 个人、`corp` 企业，或服务对象代码。
    pub object: String,
    pub theme: String,
    /// 部门机构行键。
    pub dept: String,
    pub town: String,
    pub depth: String,
    #[serde(rename = "type")]
    pub task_type: String,
    /// `1` 只看写全的，`0` 只看待完善的。
    pub complete: String,
    pub format: String,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

/// 一个筛选：参数名、标签、选项（值、文字）。
pub struct Filter {
    pub name: &'static str,
    pub label: &'static str,
    pub chosen: String,
    pub options: Vec<(String, String)>,
}

impl ListQuery {
    /// 翻成书架标签；最窄的在前，沿它走。
    fn tags(&self) -> Vec<String> {
        let object = match self.object.as_str() {
            "person" => "1",
            "corp" => "2",
            other => other,
        };
        let named =
            [("unit", self.town.as_str()), ("theme", &self.theme), ("depth", &self.depth), ("type", &self.task_type), ("object", object)];
        let mut tags: Vec<String> =
            named.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}:{value}")).collect();
        if !self.dept.is_empty() {
            tags.insert(0, format!("unit:{}", self.dept));
        }
        if self.town.is_empty() && self.dept.is_empty() {
            tags.push("all".to_owned());
        }
        if !self.complete.is_empty() {
            tags.push(format!("complete:{}", self.complete));
        }
        tags
    }

    /// 语句最多五个标签；再多的条件没有意义。
    fn checked_tags(&self) -> Result<Vec<String>, Problem> {
        let tags = self.tags();
        if tags.len() > 5 || tags.iter().any(|tag| tag.len() > 60) {
            return Err(Problem::field("query", "filters", "筛选条件太多，请去掉一个"));
        }
        Ok(tags)
    }
}

#[derive(Template)]
#[template(path = "items.html")]
struct ListPage {
    l: Layout,
    filters: Vec<Filter>,
    filtered: bool,
    rows: Vec<ShelfRow>,
    total: Option<i64>,
    pager: Pager,
    export_query: String,
}

/// `GET /items`
///
/// # Errors
/// 条件不合格：422。
pub async fn index(State(app): State<App>, ctx: Ctx, Query(query): Query<ListQuery>) -> Result<Response, Failure> {
    let tags = query.checked_tags()?;
    if !query.format.is_empty() {
        return download(app, tags, &query.format).await;
    }
    let page = PageQuery { limit: query.limit, cursor: query.cursor.clone() };
    let (limit, mark) = (page.limit()?, tags.join(","));
    let (sort, id): (String, i64) = page.after(&mark)?.unwrap_or_default();
    let wanted = tags.clone();
    let units = cache::units(&app).await?;
    let (mut rows, total) = app
        .db()
        .snapshot("items.list", move |tx| {
            let rows = store::shelf_list(tx, &wanted, (&sort, id), i64::try_from(limit + 1).unwrap_or(i64::MAX))?;
            let total = if let [single] = wanted.as_slice() { Some(store::count_tag(tx, single)?) } else { None };
            Ok((rows, total))
        })
        .await?;
    let next = (rows.len() > limit).then(|| {
        rows.truncate(limit);
        rows.last().map(|last| Cursor::encode(&(last.sort.clone(), last.id), &mark)).unwrap_or_default()
    });
    let note = format!("本页 {} 项", rows.len());
    let html = render(&ListPage {
        l: Layout::public(&ctx, "办事"),
        filtered: query.tags() != ["all"],
        filters: filters(&query, &units.0, &units.1),
        rows,
        total,
        pager: Pager::of(&ctx.uri, next.as_deref(), note),
        export_query: export_query(&ctx.uri),
    })?;
    Ok(html.into_response())
}

/// 当前条件，去掉翻页。
fn export_query(uri: &str) -> String {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !["cursor=", "back=", "limit=", "format="].iter().any(|name| pair.starts_with(name)))
        .collect();
    kept.iter().map(|pair| format!("{pair}&")).collect()
}

fn filters(query: &ListQuery, depts: &[(i64, String, i64)], towns: &[(i64, String, i64)]) -> Vec<Filter> {
    let pick = |name, label, chosen: &str, options: Vec<(String, String)>| Filter { name, label, chosen: chosen.to_owned(), options };
    let units = |rows: &[(i64, String, i64)]| -> Vec<(String, String)> {
        rows.iter().map(|(id, name, n)| (id.to_string(), format!("{name}（{n}）"))).collect()
    };
    let corporate = query.object == "corp" || (!query.object.is_empty() && query.object != "person" && query.object != "1");
    let themes = if corporate { CORP_THEMES } else { PERSON_THEMES };
    let prefix = if corporate { 'c' } else { 'p' };
    let town_ids: Vec<i64> = towns.iter().map(|(id, ..)| *id).collect();
    let departments: Vec<_> = depts.iter().filter(|(id, ..)| !town_ids.contains(id)).cloned().collect();
    vec![
        pick("object", "谁来办", &query.object, ServiceObject::ALL.iter().map(|o| (o.code().to_owned(), o.label().to_owned())).collect()),
        pick("theme", "什么事", &query.theme, themes.iter().map(|(code, name)| (format!("{prefix}{code}"), (*name).to_owned())).collect()),
        pick("dept", "哪个部门", &query.dept, units(&departments)),
        pick("town", "哪个镇", &query.town, units(towns)),
        pick("depth", "能不能网办", &query.depth, OnlineDepth::ALL.iter().map(|d| (d.code().to_owned(), d.label().to_owned())).collect()),
        pick(
            "type",
            "哪一类",
            &query.task_type,
            TaskType::ALL.iter().filter(|t| t.apply_based()).map(|t| (t.code().to_owned(), t.label().to_owned())).collect(),
        ),
    ]
}

/// 每取一块多少行。
const BLOCK: i64 = 500;

async fn download(app: App, tags: Vec<String>, format: &str) -> Result<Response, Failure> {
    let format = match format {
        "csv" => Format::Csv,
        "xlsx" => Format::Xlsx,
        _ => return Err(Problem::field("format", "format", "只能导出 csv 或 xlsx").into()),
    };
    let columns = [
        ("事项编码", "code", Kind::Code),
        ("事项名称", "name", Kind::Text),
        ("事项类型", "task_type", Kind::Text),
        ("办理单位", "dept_name", Kind::Text),
        ("多久办好", "promise", Kind::Text),
        ("到现场次数", "visits", Kind::Int),
        ("网办程度", "online_depth", Kind::Text),
        ("指南", "guide", Kind::Text),
    ]
    .map(|(title, code, kind)| Column::new(title, code, kind))
    .to_vec();
    export::stream(format, "items", "政务服务事项", columns, move |after: Option<(String, i64)>| {
        let (db, tags) = (app.db().clone(), tags.clone());
        async move {
            let (sort, id) = after.unwrap_or_default();
            let rows = db.read("items.export", move |tx| store::shelf_list(tx, &tags, (&sort, id), BLOCK)).await?;
            let next =
                (i64::try_from(rows.len()).unwrap_or(0) == BLOCK).then(|| rows.last().map(|last| (last.sort.clone(), last.id))).flatten();
            Ok((rows.iter().map(cells).collect(), next))
        }
    })
    .await
}

fn cells(row: &ShelfRow) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let published = row.edition > 0;
    vec![
        text(&row.code),
        text(&row.name),
        text(row.task_type.label()),
        text(&row.dept_name),
        if published { Cell::Text(row.promise.promise_words()) } else { Cell::Empty },
        if published { Cell::Int(row.visits) } else { Cell::Empty },
        text(row.depth.label()),
        text(if row.complete { "已写全" } else { "待完善" }),
    ]
}

/// 网站地图一份至多多少条（协议上限 50,000）。
const SITEMAP: i64 = 50_000;

/// `GET /sitemap.xml`：给搜索引擎的全部公开页。
///
/// # Errors
/// 引擎故障。
pub async fn sitemap(State(app): State<App>) -> Result<Response, Failure> {
    let (rows, events) = app
        .db()
        .snapshot("items.sitemap", |tx| Ok((store::shelf_list(tx, &["all".to_owned()], ("", 0), SITEMAP)?, store::bundles(tx, 0, 1_000)?)))
        .await?;
    let base = &app.config().base_url;
    let mut xml =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    let fixed = ["/", "/items", "/events", "/sites", "/track"].map(str::to_owned);
    let guides = rows.iter().filter(|row| row.edition > 0).map(|row| format!("/items/{}", row.code));
    let bundles = events.iter().map(|row| format!("/events/{}", row.number));
    for path in fixed.into_iter().chain(bundles).chain(guides) {
        xml.push_str(&format!("<url><loc>{}{path}</loc></url>\n", tongban_web::components::escape(base)));
    }
    xml.push_str("</urlset>\n");
    Ok(([(axum::http::header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response())
}
