//! 门户的页面。

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use tongban_directory::model::{KIND_TENANT, KIND_TOWN};
use tongban_directory::queries::{self as directory, Org, Site};
use tongban_web::components::LightTag;
use tongban_web::guard::{PREFERENCES, cookie};
use tongban_web::layout::local_target;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Panel, Query, Queue, Redirect, Todo, render, see_other};

/// 常办的事：图标、名字、说明、搜索词、色号。
struct Tile {
    icon: &'static str,
    title: &'static str,
    note: &'static str,
    q: &'static str,
    tone: &'static str,
}

const fn tile(icon: &'static str, title: &'static str, note: &'static str, q: &'static str, tone: &'static str) -> Tile {
    Tile { icon, title, note, q, tone }
}

const PERSON_TILES: &[Tile] = &[
    tile("shield", "社保", "参保、缴费、退休", "社会保险", ""),
    tile("heart", "医保", "报销、异地就医", "医疗保险", "c2"),
    tile("card", "社保卡", "申领、补换、激活", "社保卡", "c2"),
    tile("house", "房屋建设", "建房、产权", "房屋", "c3"),
    tile("baby", "生育户口", "出生、落户、迁移", "户口", "c4"),
    tile("school", "入学教育", "报名、转学、资助", "入学", "c4"),
    tile("store", "开店办证", "营业执照、食品", "开店", "c3"),
    tile("car", "车辆运输", "道路运输、年审", "道路运输", ""),
    tile("elder", "养老敬老", "高龄津贴、认证", "高龄津贴", "c5"),
    tile("ring", "婚姻收养", "登记、补领", "婚姻登记", "c6"),
    tile("coin", "救助补贴", "低保、临时救助", "救助", "c2"),
    tile("grid", "全部事项", "按部门、按镇找", "", ""),
];

const FIRM_TILES: &[Tile] = &[
    tile("store", "设立变更", "企业、个体户登记", "企业登记", "c3"),
    tile("doc", "准营准办", "食品、卫生、运输", "许可证", ""),
    tile("build", "工程建设", "施工、验收", "建设工程", "c3"),
    tile("coin", "税费财务", "备案、发票", "备案", "c2"),
    tile("user", "人力资源", "用工、社保开户", "劳动", "c4"),
    tile("flower", "农林牧渔", "采伐、种子、养殖", "林木采伐", "c5"),
    tile("car", "交通运输", "营运、资格", "道路运输经营", ""),
    tile("heart", "医疗卫生", "执业、卫生许可", "卫生许可", "c2"),
    tile("school", "文体教育", "办学、演出、场所", "经营场所", "c4"),
    tile("warn", "安全生产", "危化、烟花爆竹", "安全生产", "c6"),
    tile("x", "企业注销", "清税、注销", "注销登记", ""),
    tile("grid", "全部事项", "按部门、按镇找", "", ""),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct HomeQuery {
    who: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    l: Layout,
    firm: bool,
    tiles: &'static [Tile],
    panels: Vec<String>,
    departments: Vec<Org>,
    towns: Vec<Org>,
    sites: Vec<Site>,
}

#[derive(Template)]
#[template(path = "elder.html")]
struct ElderPage {
    l: Layout,
}

/// 首页；长辈版是同一个网址。
pub async fn home(State(app): State<App>, ctx: Ctx, Query(query): Query<HomeQuery>) -> Result<Html, Failure> {
    if ctx.preferences.elder {
        return render(&ElderPage { l: Layout::public(&ctx, "首页") });
    }
    let panels: Vec<Panel> = app.areas().iter().flat_map(|area| area.panels).filter(|panel| panel.subject == "home").copied().collect();
    let actor = ctx.actor.clone();
    let (orgs, sites, panels) = app
        .db()
        .snapshot("portal.home", move |tx| {
            let mut shown = Vec::new();
            for panel in &panels {
                shown.extend((panel.render)(tx, &actor, 0)?.map(|html| html.0));
            }
            Ok((directory::all_orgs(tx)?, directory::sites(tx)?, shown))
        })
        .await?;
    let firm = query.who == "firm";
    let units = |towns: bool| {
        let wanted = move |org: &&Org| org.is_unit() && org.kind != KIND_TENANT && (org.kind == KIND_TOWN) == towns;
        orgs.iter().filter(wanted).cloned().collect::<Vec<Org>>()
    };
    render(&HomePage {
        l: Layout::public(&ctx, "首页"),
        firm,
        tiles: if firm { FIRM_TILES } else { PERSON_TILES },
        panels,
        departments: units(false),
        towns: units(true),
        sites: sites.into_iter().take(4).collect(),
    })
}

struct Group {
    title: &'static str,
    lines: Vec<(Todo, LightTag)>,
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    l: Layout,
    groups: Vec<Group>,
}

/// 我的：要我做的事在最上面。
pub async fn me(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let queues: Vec<Queue> = app.areas().iter().flat_map(|area| area.mine).copied().collect();
    let actor = ctx.actor.clone();
    let groups = app
        .db()
        .snapshot("portal.me", move |tx| {
            let mut groups = Vec::new();
            for queue in &queues {
                let lines = (queue.rows)(tx, &actor, None, 10)?;
                groups.push(Group { title: queue.title, lines: lines.into_iter().map(|todo| (todo.clone(), LightTag::from(todo.light))).collect() });
            }
            Ok(groups)
        })
        .await?;
    render(&MePage { l: Layout::public(&ctx, "我的"), groups: groups.into_iter().filter(|group| !group.lines.is_empty()).collect() })
}

#[derive(Template)]
#[template(path = "prefs.html")]
struct PrefsPage {
    l: Layout,
    back: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BackQuery {
    back: String,
}

/// 长辈版、字号、高对比度。
pub async fn preferences(ctx: Ctx, Query(query): Query<BackQuery>) -> Result<Html, Failure> {
    let back = local_target(&query.back).to_owned();
    render(&PrefsPage { l: Layout::public(&ctx, "显示设置"), back })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PrefsForm {
    mode: String,
    size: String,
    contrast: String,
    back: String,
}

/// 记住一年。
pub async fn save_preferences(State(app): State<App>, Form(form): Form<PrefsForm>) -> Redirect {
    let size = if matches!(form.size.as_str(), "1" | "2") { form.size.as_str() } else { "0" };
    let value = format!("{},{size},{}", u8::from(form.mode == "elder"), u8::from(form.contrast == "1"));
    see_other(local_target(&form.back)).cookie(cookie(PREFERENCES, &value, Some(31_536_000), app.config().https))
}

macro_rules! plain_page {
    ($(#[$doc:meta])* $name:ident, $page:ident, $path:literal, $title:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $page {
            l: Layout,
        }

        $(#[$doc])*
        pub async fn $name(ctx: Ctx) -> Result<Html, Failure> {
            render(&$page { l: Layout::public(&ctx, $title) })
        }
    };
}

plain_page!(
    /// 办事帮助。
    help, HelpPage, "help.html", "办事帮助"
);
plain_page!(
    /// 无障碍说明。
    accessibility, AccessibilityPage, "a11y.html", "无障碍说明"
);
plain_page!(
    /// 个人信息保护。
    privacy, PrivacyPage, "privacy.html", "个人信息保护"
);
plain_page!(
    /// 网站地图。
    sitemap, SitemapPage, "sitemap.html", "网站地图"
);
