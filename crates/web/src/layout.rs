//! 布局与跳转：每个页面结构体带一个 [`Layout`]，模板从它取页眉页脚要的一切。

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tongban_kernel::ActorKind;

use crate::area::{Html, MenuItem};
use crate::ctx::{Ctx, Flash, Preferences};
use crate::failure::Failure;

/// 全站不变的信息，启动时备好。
#[derive(Debug, Clone, Default)]
pub struct Site {
    pub name: String,
    pub owner: String,
    pub demo: bool,
    pub menu: Vec<Menu>,
    /// 权限码与中文名：没有权限的一页上说中文。
    pub permissions: Vec<(&'static str, &'static str)>,
    pub css: String,
    pub js: String,
    pub icons: String,
}

/// 左栏的一项。
#[derive(Debug, Clone)]
pub struct Menu {
    pub group: &'static str,
    pub title: &'static str,
    pub href: &'static str,
    pub icon: &'static str,
    pub needs: &'static str,
}

impl From<MenuItem> for Menu {
    fn from(item: MenuItem) -> Self {
        Self { group: item.group, title: item.title, href: item.href, icon: item.icon, needs: item.needs }
    }
}

/// 左栏各组的先后。
const GROUPS: [&str; 4] = ["收办", "质量", "事项", "其他"];

/// 左栏的一组。
#[derive(Debug, Clone)]
pub struct MenuGroup {
    pub title: &'static str,
    pub items: Vec<Menu>,
}

/// 一页的布局。
#[derive(Debug, Clone)]
pub struct Layout {
    pub title: String,
    pub site: Arc<Site>,
    pub csrf: String,
    pub once: String,
    pub signed_in: bool,
    pub is_staff: bool,
    pub who: String,
    pub preferences: Preferences,
    pub flash: Option<Flash>,
    pub path: String,
    pub uri: String,
    pub menu: Vec<MenuGroup>,
    /// 表单有错：标题前加“错误：”。
    pub failed: bool,
}

impl Layout {
    /// 公众页。
    #[must_use]
    pub fn public(ctx: &Ctx, title: &str) -> Self {
        let actor = &ctx.actor;
        Self {
            title: title.to_owned(),
            site: Arc::clone(&ctx.site),
            csrf: ctx.csrf(),
            once: crate::guard::random_hex(16),
            signed_in: actor.is_signed_in(),
            is_staff: actor.kind == ActorKind::Staff,
            who: actor.name.to_string(),
            preferences: ctx.preferences,
            flash: ctx.flash.clone(),
            path: ctx.path().to_owned(),
            uri: ctx.uri.to_string(),
            menu: Vec::new(),
            failed: false,
        }
    }

    /// 工作人员页：左栏按权限裁剪。
    #[must_use]
    pub fn staff(ctx: &Ctx, title: &str) -> Self {
        let mut menu: Vec<MenuGroup> = Vec::new();
        let open = ctx.actor.detour.is_none();
        for item in ctx.site.menu.iter().filter(|item| open && (item.needs.is_empty() || ctx.actor.may(item.needs))) {
            match menu.iter_mut().find(|group| group.title == item.group) {
                Some(group) => group.items.push(item.clone()),
                None => menu.push(MenuGroup { title: item.group, items: vec![item.clone()] }),
            }
        }
        menu.sort_by_key(|group| GROUPS.iter().position(|known| *known == group.title).unwrap_or(GROUPS.len()));
        Self { menu, ..Self::public(ctx, title) }
    }

    /// 同一页带着错误重画。
    #[must_use]
    pub fn with_errors(mut self) -> Self {
        self.failed = true;
        self
    }

    /// 每个 POST 表单里的令牌。
    #[must_use]
    pub fn csrf_field(&self) -> String {
        format!("<input type=\"hidden\" name=\"_csrf\" value=\"{}\">", self.csrf)
    }

    /// 一次性的提交键：按两次也只做一次。
    #[must_use]
    pub fn once_field(&self) -> String {
        format!("<input type=\"hidden\" name=\"_once\" value=\"{}\">", self.once)
    }

    /// 上传表单（multipart）的网址后缀：令牌与提交键放在查询串里。
    #[must_use]
    pub fn upload_query(&self) -> String {
        format!("_csrf={}&_once={}", self.csrf, self.once)
    }

    /// 左栏当前项。
    #[must_use]
    pub fn is_here(&self, href: &str) -> bool {
        self.path == href || (href.len() > 6 && self.path.starts_with(href))
    }

    /// `<html>` 的类名。
    #[must_use]
    pub fn html_class(&self) -> String {
        let mut classes = Vec::new();
        if self.preferences.elder {
            classes.push(["elder", "elder elder-2", "elder elder-3"][usize::from(self.preferences.size.min(2))]);
        }
        if self.preferences.contrast {
            classes.push("contrast");
        }
        classes.join(" ")
    }

    /// 图标。
    #[must_use]
    pub fn icon(&self, name: &str) -> String {
        format!("<svg class=\"ic\" aria-hidden=\"true\"><use href=\"{}#{name}\"/></svg>", self.site.icons)
    }
}

/// 渲染一页。
///
/// # Errors
/// 模板出错。
pub fn render(page: &impl Template) -> Result<Html, Failure> {
    Ok(axum::response::Html(page.render()?))
}

/// 带状态码渲染，如 422 重画表单。
///
/// # Errors
/// 模板出错。
pub fn render_status(status: u16, page: &impl Template) -> Result<Response, Failure> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok((status, render(page)?).into_response())
}

/// 写操作之后的跳转（303），可带一句话。
#[derive(Debug, Clone)]
pub struct Redirect {
    location: String,
    flash: Option<Flash>,
    cookies: Vec<String>,
}

/// POST 之后跳到 `location`。
#[must_use]
pub fn see_other(location: impl Into<String>) -> Redirect {
    Redirect { location: location.into(), flash: None, cookies: Vec::new() }
}

impl Redirect {
    /// 新页顶部的成功提示。
    #[must_use]
    pub fn flash(mut self, text: impl Into<String>) -> Self {
        self.flash = Some(Flash { text: text.into(), tone: "g".to_owned() });
        self
    }

    /// 新页顶部的提醒。
    #[must_use]
    pub fn warn(mut self, text: impl Into<String>) -> Self {
        self.flash = Some(Flash { text: text.into(), tone: "y".to_owned() });
        self
    }

    /// 附带一个 `Set-Cookie`。
    #[must_use]
    pub fn cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        let mut response = StatusCode::SEE_OTHER.into_response();
        let headers = response.headers_mut();
        if let Ok(location) = HeaderValue::from_str(&encode_location(&self.location)) {
            headers.insert(header::LOCATION, location);
        }
        let flash = self.flash.map(|flash| crate::guard::flash_cookie(&flash));
        for cookie in self.cookies.into_iter().chain(flash) {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                headers.append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

/// 网址里的汉字等转成百分号形式；控制字符一律去掉。
fn encode_location(location: &str) -> String {
    location
        .bytes()
        .filter(|byte| !byte.is_ascii_control())
        .map(|byte| if byte.is_ascii() && byte != b' ' { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// 只允许站内跳转的目标；别处来的一律回首页。
#[must_use]
pub fn local_target(next: &str) -> &str {
    let inside = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.contains("/\t");
    if inside { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_targets_are_followed() {
        assert_eq!(local_target("/me/cases?x=1"), "/me/cases?x=1");
        for bad in ["https://example.org", "//example.org", "/\\example.org", "javascript:alert(1)"] {
            assert_eq!(local_target(bad), "/");
        }
    }

    #[test]
    fn locations_cannot_split_the_header() {
        assert_eq!(encode_location("/s?q=低保\r\nX: y"), "/s?q=%E4%BD%8E%E4%BF%9DX:%20y");
    }
}
