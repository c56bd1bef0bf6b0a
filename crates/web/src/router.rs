//! 由区的清单建路由：路由上声明的 [`Access`] 就是检查，没有第二处。

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::Histogram;
use rustc_hash::FxHashMap;
use tongban_kernel::problem::{Code, Problem};
use tongban_kernel::{Actor, ActorKind};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::app::App;
use crate::area::{Access, Area, Door};
use crate::ctx::Ctx;
use crate::failure::{Failure, problem_json};
use crate::layout::{Layout, render_status};
use crate::{assets, guard};

/// 一张上传表单的总量至多是单份上限的几倍。
const FILES_IN_ONE_FORM: usize = 3;

/// 全部路由。
pub fn build(app: App) -> Router {
    let (mut router, document) = routes(app.areas());
    let document = Arc::new(serde_json::to_string(&document).unwrap_or_default());
    router = router
        .route("/assets/{name}", get(assets::serve))
        .route("/api/v1/openapi.json", get(move || openapi(Arc::clone(&document))))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/problems/{code}", get(problem_page))
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method);
    // 一张表单可以带几份文件；单份的上限由 UploadForm 再查一遍
    let whole = app.config().upload_limit.saturating_mul(FILES_IN_ONE_FORM);
    // 叠成一层再套到路由上：分开套，每一层都要把里面的各层装箱复制一遍，层数的平方
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(observe))
        .layer(CompressionLayer::new().gzip(true))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .layer(DefaultBodyLimit::max(whole));
    router.layer(layers).with_state(app)
}

fn routes(areas: &[Area]) -> (Router<App>, OpenApi) {
    let mut pages = Router::new();
    let mut api = OpenApiRouter::with_openapi(base_document());
    for route in areas.iter().flat_map(|area| area.routes) {
        let access = route.access;
        let check = middleware::from_fn(move |request: Request, next: Next| enter(access, request, next));
        match route.door {
            Door::Page(_, path, handler) => pages = pages.route(path, handler().route_layer(check)),
            Door::Api(handler) => api = api.merge(OpenApiRouter::new().routes(handler()).route_layer(check)),
        }
    }
    let (api, document) = api.split_for_parts();
    (pages.merge(api), document)
}

fn base_document() -> OpenApi {
    OpenApiBuilder::new().info(Info::new("通办接口", env!("CARGO_PKG_VERSION"))).build()
}

/// 全部接口的文档。
#[must_use]
pub fn document(areas: &[Area]) -> OpenApi {
    routes(areas).1
}

/// 一组接口的方法与路径。
pub(crate) fn api_endpoints(handlers: UtoipaMethodRouter<App>) -> Vec<(Method, String)> {
    let (_, document) = OpenApiRouter::new().routes(handlers).split_for_parts();
    let mut found = Vec::new();
    for (path, item) in &document.paths.paths {
        let methods = [
            (Method::GET, item.get.is_some()),
            (Method::POST, item.post.is_some()),
            (Method::PUT, item.put.is_some()),
            (Method::PATCH, item.patch.is_some()),
            (Method::DELETE, item.delete.is_some()),
        ];
        found.extend(methods.into_iter().filter(|(_, declared)| *declared).map(|(method, _)| (method, path.clone())));
    }
    found
}

/// 声明的权限就是检查。
async fn enter(access: Access, request: Request, next: Next) -> Response {
    let Some(ctx) = request.extensions().get::<Arc<Ctx>>().cloned() else {
        return Failure::from(Problem::unauthenticated()).into_response();
    };
    match permit(access, &ctx.actor) {
        Ok(()) => match detour(access, &ctx) {
            Some(answer) => answer,
            None => next.run(request).await,
        },
        Err(problem) if problem.code == Code::Unauthenticated && !ctx.is_api() => to_login(&ctx, access, request.method()),
        Err(problem) => Failure::from(problem).into_response(),
    }
}

/// 要先改口令、先认证的工作人员，别的工作页都转到那一页去。
fn detour(access: Access, ctx: &Ctx) -> Option<Response> {
    let to = ctx.actor.detour.filter(|to| matches!(access, Access::Staff(_) | Access::AnyStaff) && ctx.path() != *to)?;
    if ctx.is_api() {
        let problem = Problem::new(Code::Forbidden, "请先在网页上登录，改掉初始口令、完成实名认证");
        return Some(Failure::from(problem).into_response());
    }
    Some(crate::layout::see_other(to).into_response())
}

/// 某人能不能走某种路由。
///
/// # Errors
/// `unauthenticated`、`forbidden`、`insufficient-scope`。
pub fn permit(access: Access, actor: &Actor) -> Result<(), Problem> {
    let signed_in = || if actor.kind == ActorKind::Anonymous { Err(Problem::unauthenticated()) } else { Ok(()) };
    match access {
        Access::Public => Ok(()),
        Access::SignedIn { level } => {
            signed_in()?;
            if actor.kind != ActorKind::Citizen {
                return Err(Problem::new(Code::Forbidden, "这里是群众、企业自己办事的地方；工作人员代办请到工作台的“窗口收件”"));
            }
            if actor.real_level < level {
                return Err(Problem::new(Code::Forbidden, format!("这项服务需要实名等级 {level} 级，请到“我的—个人资料”完成实名认证")));
            }
            Ok(())
        }
        Access::Staff(permission) => {
            signed_in()?;
            actor.require(permission)
        }
        Access::AnyStaff => {
            signed_in()?;
            if actor.kind == ActorKind::Staff { Ok(()) } else { Err(Problem::new(Code::Forbidden, "这里只供工作人员使用")) }
        }
        Access::Device => {
            signed_in()?;
            if actor.kind == ActorKind::Device { Ok(()) } else { Err(Problem::new(Code::Forbidden, "这里只供登记过的设备使用")) }
        }
        Access::Client(scope) => {
            signed_in()?;
            if actor.kind == ActorKind::Client && actor.may(scope) {
                Ok(())
            } else {
                Err(Problem::new(Code::InsufficientScope, format!("对接凭证没有 {scope} 授权")))
            }
        }
    }
}

fn to_login(ctx: &Ctx, access: Access, method: &Method) -> Response {
    let next = if *method == Method::GET { &*ctx.uri } else { ctx.path() };
    let door = if matches!(access, Access::Staff(_) | Access::AnyStaff) { "/desk/login" } else { "/login" };
    let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
    crate::layout::see_other(format!("{door}?{query}")).into_response()
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    l: Layout,
    problem: &'a Problem,
    trace: &'a str,
}

#[derive(Template)]
#[template(path = "failure_staff.html")]
struct StaffFailurePage<'a> {
    l: Layout,
    problem: &'a Problem,
    trace: &'a str,
}

/// 工作人员在工作页上被拒绝、没有权限的，还在工作台里：左栏在，说清缺什么、找谁。
fn at_desk(ctx: &Ctx, problem: &Problem) -> bool {
    ctx.actor.kind == ActorKind::Staff && (problem.code == Code::Forbidden || ctx.path().starts_with("/desk"))
}

/// 把拒绝变成这次请求该看到的样子。
pub(crate) fn answer(ctx: &Ctx, problem: &Problem) -> Response {
    if ctx.is_api() {
        return problem_json(problem, ctx.path(), &ctx.request_id);
    }
    let problem = &named(ctx, problem);
    let (status, trace, title) = (problem.code.status(), &*ctx.request_id, problem.code.title());
    let page = if at_desk(ctx, problem) {
        render_status(status, &StaffFailurePage { l: Layout::staff(ctx, title), problem, trace })
    } else {
        render_status(status, &FailurePage { l: Layout::public(ctx, title), problem, trace })
    };
    guard::finish(page.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()), problem)
}

/// 页面上的权限码换成中文名；接口照旧给码。
fn named(ctx: &Ctx, problem: &Problem) -> Problem {
    let mut shown = problem.clone();
    if problem.code == Code::Forbidden {
        for (code, title) in &ctx.site.permissions {
            shown.detail = shown.detail.replace(&format!("“{code}”"), &format!("“{title}”"));
        }
    }
    shown
}

async fn missing() -> Failure {
    Problem::new(Code::NotFound, "没有这个网页，可能地址输错了，或者已经搬走").into()
}

async fn wrong_method() -> Failure {
    Problem::new(Code::MethodNotAllowed, "这个地址不支持这种请求方法").into()
}

async fn problem_page(axum::extract::Path(code): axum::extract::Path<String>) -> Result<String, Failure> {
    let known = Code::ALL.iter().find(|known| known.as_str() == code).ok_or_else(Problem::not_found)?;
    Ok(format!("{}（HTTP {}）\n{}\n", known.as_str(), known.status(), known.title()))
}

async fn openapi(document: Arc<String>) -> impl IntoResponse {
    ([("content-type", "application/json")], document.to_string())
}

async fn ready(State(app): State<App>) -> Result<&'static str, Failure> {
    let down = |what: &str| Problem { retry_after: Some(5), ..Problem::new(Code::DependencyDown, format!("{what}没有就绪")) };
    app.db().read("web.ready", |tx| tx.rows("SELECT area FROM migrations WHERE area = 'web'", &[], |r| r.get::<String>(0))).await.map_err(|_| down("数据库"))?;
    app.files().ready().await.map_err(|_| down("文件库"))?;
    Ok("ready\n")
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("");
    tracing::error!(text, "处理函数恐慌");
    let problem = Problem::new(Code::Internal, Code::Internal.title());
    problem_json(&problem, "", "")
}

/// 每个请求一行日志与一个耗时；记路由，不记网址：网址里有一次性的码，查询串里可能有个人信息。
async fn observe(request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let (method, route) = (request.method().clone(), request.extensions().get::<MatchedPath>().cloned());
    let response = next.run(request).await;
    let elapsed = started.elapsed();
    seconds(&method, response.status()).record(elapsed.as_secs_f64());
    tracing::debug!(%method, route = route.as_ref().map_or("-", MatchedPath::as_str), status = response.status().as_u16(), ms = elapsed.as_millis(), "请求");
    response
}

/// 耗时的直方图；找一次就记住，不必每个请求都拼标签。
fn seconds(method: &Method, status: StatusCode) -> Histogram {
    static KNOWN: LazyLock<RwLock<FxHashMap<(Method, StatusCode), Histogram>>> = LazyLock::new(RwLock::default);
    let key = (method.clone(), status);
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return known.clone();
    }
    // 自编的方法名不各立一个标签，免得被乱撞的请求撑满
    let label = if METHODS.contains(method) { method.as_str().to_owned() } else { "other".to_owned() };
    let found = metrics::histogram!("tongban_http_seconds", "method" => label, "status" => status.as_str().to_owned());
    if METHODS.contains(method) {
        KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
    }
    found
}

/// 各自立标签的方法。
const METHODS: [Method; 7] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
