//! 像没有脚本的浏览器那样用：会话、链接、表单。

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::multipart;
use scraper::{ElementRef, Html, Selector};

use crate::ground::{PASSWORD, Server};

/// 一个 HTTP 客户端；加密库要先装好（只连本机，其实用不到）。
pub fn http() -> reqwest::Client {
    builder().build().unwrap()
}

fn builder() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// 一个人的浏览器。
pub struct Browser {
    pub http: reqwest::Client,
    jar: Arc<reqwest::cookie::Jar>,
    pub url: String,
}

/// 一页。
pub struct Page {
    pub status: u16,
    pub path: String,
    pub media: String,
    pub text: String,
}

/// 一个输入框。
#[derive(Clone, Debug)]
pub struct Input {
    pub name: String,
    pub kind: Kind,
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Hidden,
    Text,
    /// 口令一类，出错也不回显。
    Secret,
    Date,
    Choice,
    File,
}

/// 页面上的一张要提交的表。
#[derive(Clone, Debug)]
pub struct Form {
    pub page: String,
    pub action: String,
    pub multipart: bool,
    pub inputs: Vec<Input>,
}

impl Browser {
    pub fn new(server: &Server) -> Self {
        let jar = Arc::new(reqwest::cookie::Jar::default());
        let http = builder().cookie_provider(Arc::clone(&jar)).redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, jar, url: server.url.clone() }
    }

    /// 用演示账号登录。
    pub async fn signed_in(server: &Server, login: &str) -> Self {
        let browser = Self::new(server);
        let door = if login.starts_with('1') { "/login" } else { "/desk/login" };
        let page = browser.get(door).await;
        let form = page.forms().into_iter().find(|form| form.inputs.iter().any(|input| input.name == "password")).unwrap();
        let form = form.with("login", login).with("password", PASSWORD);
        let answer = browser.submit(&form).await;
        assert_eq!(answer.status, 303, "{login} 登录不了：{}", answer.text);
        browser
    }

    /// 现在的 Cookie，自己拼请求时用。
    pub fn cookie(&self) -> String {
        let url = self.url.parse().unwrap();
        reqwest::cookie::CookieStore::cookies(&*self.jar, &url).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    }

    /// 同一个浏览器去看另一个节点。
    pub fn at(self, server: &Server) -> Self {
        let cookies = self.cookie();
        let url = server.url.parse().unwrap();
        for pair in cookies.split("; ") {
            self.jar.add_cookie_str(pair, &url);
        }
        Self { url: server.url.clone(), ..self }
    }

    pub async fn get(&self, path: &str) -> Page {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap_or_else(|e| panic!("GET {path}：{e}"));
        page(path.to_owned(), answer).await
    }

    pub async fn submit(&self, form: &Form) -> Page {
        let request = self.http.post(format!("{}{}", self.url, form.action));
        let request = if form.multipart {
            let mut parts = multipart::Form::new();
            for input in &form.inputs {
                parts = match input.kind {
                    Kind::File => {
                        let part = multipart::Part::bytes(input.value.clone().into_bytes()).file_name("坏文件.pdf");
                        parts.part(input.name.clone(), part)
                    }
                    _ => parts.text(input.name.clone(), input.value.clone()),
                };
            }
            request.multipart(parts)
        } else {
            let pairs: Vec<(&str, &str)> = form.inputs.iter().map(|input| (input.name.as_str(), input.value.as_str())).collect();
            request.form(&pairs)
        };
        let sent = request.send().await;
        let answer = sent.unwrap_or_else(|error| panic!("POST {}：{error}", form.action));
        page(form.action.clone(), answer).await
    }
}

async fn page(path: String, answer: reqwest::Response) -> Page {
    let status = answer.status().as_u16();
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let (media, location) = (header("content-type"), header("location"));
    let bytes = answer.bytes().await.unwrap();
    let text = if location.is_empty() { String::from_utf8_lossy(&bytes).into_owned() } else { location };
    Page { status, path, media, text }
}

fn attribute(element: ElementRef<'_>, name: &str) -> String {
    element.value().attr(name).unwrap_or("").to_owned()
}

impl Page {
    /// 站内链接，不带锚点。
    pub fn links(&self) -> BTreeSet<String> {
        let anchors = Selector::parse("a[href]").unwrap();
        let document = Html::parse_document(&self.text);
        let hrefs = document.select(&anchors).map(|a| attribute(a, "href"));
        hrefs.map(|href| href.split('#').next().unwrap_or("").to_owned()).filter(|href| href.starts_with('/') && !href.starts_with("//")).collect()
    }

    /// 要提交的表。
    pub fn forms(&self) -> Vec<Form> {
        let selector = Selector::parse("form").unwrap();
        let document = Html::parse_document(&self.text);
        let own = self.path.clone();
        let posts = document.select(&selector).filter(|form| attribute(*form, "method").eq_ignore_ascii_case("post"));
        posts
            .map(|form| {
                let action = attribute(form, "action");
                Form {
                    page: own.clone(),
                    action: if action.is_empty() { own.clone() } else { action },
                    multipart: attribute(form, "enctype").starts_with("multipart"),
                    inputs: inputs(form),
                }
            })
            .collect()
    }
}

fn inputs(form: ElementRef<'_>) -> Vec<Input> {
    let selector = Selector::parse("input[name], select[name], textarea[name], button[name]").unwrap();
    let mut found: Vec<Input> = Vec::new();
    for element in form.select(&selector) {
        let (name, given) = (attribute(element, "name"), attribute(element, "value"));
        let kind = match (element.value().name(), attribute(element, "type").as_str()) {
            ("input", "hidden") => Kind::Hidden,
            ("input", "password") => Kind::Secret,
            ("input", "date") => Kind::Date,
            ("input", "file") => Kind::File,
            ("select" | "button", _) | ("input", "radio" | "checkbox") => Kind::Choice,
            _ => Kind::Text,
        };
        // 单选与多个按钮只留第一个
        if found.iter().any(|input| input.name == name) {
            continue;
        }
        let value = if element.value().name() == "select" {
            let option = Selector::parse("option[value]:not([value=''])").unwrap();
            element.select(&option).next().map_or(String::new(), |option| attribute(option, "value"))
        } else {
            given
        };
        found.push(Input { name, kind, value });
    }
    found
}

impl Form {
    /// 换掉一个输入框的值；没有这一项就加上。
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.inputs.iter_mut().find(|input| input.name == name) {
            Some(input) => value.clone_into(&mut input.value),
            None => self.inputs.push(Input { name: name.to_owned(), kind: Kind::Text, value: value.to_owned() }),
        }
        self
    }

    /// 同一种表：路径里的编号不算，项目相同。
    pub fn shape(&self) -> String {
        let names: BTreeSet<&str> = self.inputs.iter().map(|input| input.name.as_str()).collect();
        format!("{} {names:?}", shape(&self.action))
    }
}

/// 路径的样子：带数字的一段写成 `#`，查询只留名字。
pub fn shape(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').map(|part| if part.bytes().any(|b| b.is_ascii_digit()) { "#" } else { part }).collect();
    let names: BTreeSet<&str> = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or("")).collect();
    format!("{}?{names:?}", parts.join("/"))
}
