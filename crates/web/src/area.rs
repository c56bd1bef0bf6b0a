//! 一个区交给屋顶的一切：普通数据，没有泛型（foundations §2）。

use std::future::Future;
use std::pin::Pin;

use axum::http::Method;
use axum::routing::MethodRouter;
use jiff::Timestamp;
use rustc_hash::FxHashMap;
use tongban_kernel::{Actor, Permission};
use tongban_store::jobs::Job;
use tongban_store::{Clock, Migration, Reaction, Result, Tx};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::app::App;
use crate::demo::Demo;

type Str = &'static str;
type List<T> = &'static [T];

/// 已经渲染好的一段 HTML。
pub type Html = axum::response::Html<String>;

/// 后台任务的活。
pub type Work<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// 一个区。
#[derive(Clone, Copy)]
pub struct Area {
    /// 表名、权限码、日志种类的前缀。
    pub name: Str,
    pub title: Str,
    pub migrations: List<Migration>,
    /// 全部 SQL 常量；测试在两种引擎上逐条预备。
    pub statements: List<List<Str>>,
    pub reference: List<ReferenceSet>,
    /// 权限码与中文名。
    pub permissions: List<(Permission, Str)>,
    pub routes: List<Route>,
    pub reactions: List<Reaction>,
    pub clocks: List<Clock>,
    /// 不急的钟：晚上八点到早上七点才响，白天不与窗口争机器；造数据收尾时也不响。
    pub leisure: List<Clock>,
    pub jobs: List<JobKind>,
    pub steps: List<Step>,
    pub measures: List<Measures>,
    /// 工作人员的待办来源。
    pub desk: List<Queue>,
    /// 群众 `/me` 的待办来源。
    pub mine: List<Queue>,
    /// 放在别的区记录页上的面板。
    pub panels: List<Panel>,
    pub findable: List<Findable>,
    pub menu: List<MenuItem>,
    pub samples: List<Sample>,
    pub demo: Option<fn(&mut Demo<'_>) -> Result<()>>,
    /// 本区记的日志种类与中文名；记了没有名字的种类，测试不过。
    pub events: List<(Str, Str)>,
    /// 工作人员手里还没办完的；离职之前要交给别人。
    pub holdings: List<Holding>,
    /// 日志里的账号写给人看；只有管账号的区交来。
    pub people: Option<People>,
}

impl Area {
    #[must_use]
    pub const fn new(name: Str, title: Str) -> Self {
        Self {
            name,
            title,
            migrations: &[],
            statements: &[],
            reference: &[],
            permissions: &[],
            routes: &[],
            reactions: &[],
            clocks: &[],
            leisure: &[],
            jobs: &[],
            steps: &[],
            measures: &[],
            desk: &[],
            mine: &[],
            panels: &[],
            findable: &[],
            menu: &[],
            samples: &[],
            demo: None,
            events: &[],
            holdings: &[],
            people: None,
        }
    }
}

/// 谁能走这条路由；声明就是检查。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Public,
    /// 登录的群众（本人或他代表的法人），实名等级不低于 `level`。
    SignedIn { level: u8 },
    Staff(Permission),
    /// 任何工作人员。
    AnyStaff,
    Device,
    /// 对接系统，要有这项授权。
    Client(Str),
}

/// 页面或接口。
#[derive(Clone, Copy)]
pub enum Door {
    Page(Str, Str, fn() -> MethodRouter<App>),
    Api(fn() -> UtoipaMethodRouter<App>),
}

/// 一条路由。
#[derive(Clone, Copy)]
pub struct Route {
    pub access: Access,
    pub door: Door,
}

impl Route {
    #[must_use]
    pub const fn get(path: Str, access: Access, handler: fn() -> MethodRouter<App>) -> Self {
        Self { access, door: Door::Page("GET", path, handler) }
    }

    #[must_use]
    pub const fn post(path: Str, access: Access, handler: fn() -> MethodRouter<App>) -> Self {
        Self { access, door: Door::Page("POST", path, handler) }
    }

    /// 路径与方法取自 `#[utoipa::path]`。
    #[must_use]
    pub const fn api(access: Access, handler: fn() -> UtoipaMethodRouter<App>) -> Self {
        Self { access, door: Door::Api(handler) }
    }

    /// 这条路由的方法与路径；接口可能有多个。
    #[must_use]
    pub fn endpoints(&self) -> Vec<(Method, String)> {
        match self.door {
            Door::Page(method, path, _) => vec![(method.parse().unwrap_or(Method::GET), path.to_owned())],
            Door::Api(handler) => crate::router::api_endpoints(handler()),
        }
    }
}

/// 一种后台任务。
#[derive(Clone, Copy)]
pub struct JobKind {
    pub name: Str,
    /// 试几次之后进死信。
    pub tries: u32,
    pub run: for<'a> fn(&'a App, &'a Job) -> Work<'a>,
}

/// 后台步骤做了多少。
pub type Moved<'a> = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'a>>;

/// 一个要看全部区的清单才能做的后台步骤（指标投影）；每轮反应之后调用，回答做了多少。
#[derive(Clone, Copy)]
pub struct Step {
    pub name: Str,
    pub run: for<'a> fn(&'a App) -> Moved<'a>,
}

/// 一次事实对各度量的贡献：（度量，机构，日）→ 数。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub sums: FxHashMap<(Str, i64, i64), i64>,
    /// 去重度量：（度量，机构，期，键）→ 次数。
    pub presence: FxHashMap<(Str, i64, i64, i64), i64>,
}

impl Tally {
    /// `org` 叶机构，`day` 形如 20261122。
    pub fn add(&mut self, measure: Str, org: i64, day: i64, n: i64) {
        if n != 0 {
            *self.sums.entry((measure, org, day)).or_default() += n;
        }
    }

    /// 去重计数：同一键在同一期内只算一个；`period` 为 0 表示“曾经”。
    pub fn present(&mut self, measure: Str, org: i64, period: i64, key: i64) {
        *self.presence.entry((measure, org, period, key)).or_default() += 1;
    }
}

/// 一个度量：代号、中文名、存量还是流量、下钻语句。
#[derive(Clone, Copy)]
pub struct Measure {
    pub code: Str,
    pub title: Str,
    pub grain: Grain,
    /// 下钻：这些机构、这段日子里构成这个数的记录，按 `(日, 行键)` 先后。
    pub drill: fn(&mut Tx<'_>, &DrillQuery<'_>) -> Result<Vec<DrillRow>>,
}

/// 度量的时间含义。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// 一段日子里的和。
    Flow,
    /// 到某日为止的变化之和，即当日存量。
    Stock,
}

/// 下钻条件；`org` 一次一个叶机构。
#[derive(Debug, Clone, Copy)]
pub struct DrillQuery<'a> {
    pub org: i64,
    /// 存量时为 0。
    pub from_day: i64,
    pub to_day: i64,
    /// 上一页末尾的行键；0 从头。
    pub after: i64,
    pub limit: i64,
    pub actor: &'a Actor,
}

/// 下钻的一行：一条记录和它贡献的数。
#[derive(Debug, Clone)]
pub struct DrillRow {
    pub id: i64,
    /// 业务编号。
    pub number: String,
    pub title: String,
    pub detail: String,
    pub href: String,
    /// 贡献；计数类为 1。
    pub weight: i64,
}

/// 一种记录的全量扫描。
pub type Scan = fn(&mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>>;

/// 一类记录的全部度量。
#[derive(Clone, Copy)]
pub struct Measures {
    /// 记录种类，等于日志种类的前缀（`cases` 的日志 `cases.accepted` 归它）。
    pub subject: Str,
    pub codes: List<Measure>,
    /// 事实 JSON → 贡献；纯函数。
    pub tally: fn(facts: &str, out: &mut Tally) -> Result<()>,
    /// 全量重算：行键大于 `after` 的至多 `limit` 条记录的现有事实。
    pub scan: Scan,
}

/// 待办的一行。
#[derive(Debug, Clone)]
pub struct Todo {
    pub id: i64,
    /// 到期毫秒，没有期限用 `i64::MAX`。
    pub due: i64,
    pub title: String,
    pub detail: String,
    pub href: String,
    pub light: tongban_kernel::lights::Light,
}

/// 某人的待办：`after` 之后的至多几行。
pub type QueueRows = fn(&mut Tx<'_>, &Actor, Option<(i64, i64)>, u32) -> Result<Vec<Todo>>;

/// 一种待办。`rows` 按（到期，行键）先后，给出 `after` 之后的至多 `limit` 行。
#[derive(Clone, Copy)]
pub struct Queue {
    pub title: Str,
    pub needs: Permission,
    pub rows: QueueRows,
}

/// 一名工作人员手里的至多几件，按到期先后。
pub type HeldRows = fn(&mut Tx<'_>, staff: i64, limit: u32) -> Result<Vec<Todo>>;

/// 把一名工作人员手里的全部交给另一名；回答交了几件。
pub type HandOver = fn(&mut Tx<'_>, &Actor, from: i64, to: i64, at: Timestamp) -> Result<u64>;

/// 一类挂在某人名下、没办完的事（accounts §5.1：离职即停用并移交在办件）。
#[derive(Clone, Copy)]
pub struct Holding {
    pub title: Str,
    pub rows: HeldRows,
    pub hand_over: HandOver,
}

/// 日志里做事的人：姓名（群众脱敏）、登录名、单位、岗位；不知道的空着。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doer {
    pub name: String,
    pub login: String,
    pub unit: String,
    pub post: String,
}

/// 一页日志里各条是谁做的：与给的（账号，岗位）一一对应。
pub type Names = fn(&mut Tx<'_>, &[(i64, i64)]) -> Result<Vec<Doer>>;

/// 认日志里的人。`names` 一页一次读完，与给的（账号，岗位）一一对应；
/// `find` 由姓名、登录名或对接系统的名称找出本县区的账号。
#[derive(Clone, Copy)]
pub struct People {
    pub names: Names,
    pub find: fn(&mut Tx<'_>, tenant: i64, text: &str) -> Result<Vec<i64>>,
}

/// 放在别的区记录页上的一块。
#[derive(Clone, Copy)]
pub struct Panel {
    /// 放在哪种记录上，如 `"case"`、`"item"`。
    pub subject: Str,
    pub render: fn(&mut Tx<'_>, &Actor, i64) -> Result<Option<Html>>,
}

/// 进检索的一类公开内容。
#[derive(Clone, Copy)]
pub struct Findable {
    /// 检索文档的种类，如 `item`。
    pub kind: Str,
    /// 哪些日志会改变它。
    pub kinds: List<Str>,
    pub one: fn(&mut Tx<'_>, i64) -> Result<Option<tongban_search::Doc>>,
    pub scan: fn(&mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<tongban_search::Doc>>,
}

/// 工作台左栏的一项；没有权限的不显示。
#[derive(Clone, Copy)]
pub struct MenuItem {
    /// `收办`、`质量`、`事项`、`其他`。
    pub group: Str,
    pub title: Str,
    pub href: Str,
    /// `icons.svg` 里的名字。
    pub icon: Str,
    /// 空为每个工作人员都有。
    pub needs: Permission,
}

/// 内置的参考数据，可被管理员覆盖。
#[derive(Clone, Copy)]
pub struct ReferenceSet {
    pub name: Str,
    pub title: Str,
    pub version: Str,
    pub content: Str,
}

/// 给路由测试填路径参数：范围内与范围外各一个真实的值。
#[derive(Clone, Copy)]
pub struct Sample {
    pub param: Str,
    pub value: fn(&mut Tx<'_>, Where) -> Result<String>,
}

/// 样本记录在调用者的范围内还是范围外。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Inside,
    Outside,
}
