//! 组件：`Display` 出 HTML 的值，模板里写 `{{ x|safe }}`（ux §5）。全部文字都已转义。

use std::fmt::{self, Display, Formatter};

use tongban_kernel::lights::Light;
use tongban_kernel::problem::{FieldError, Problem};

/// HTML 转义。
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// 多于这么多个选项就排成几列。
const MANY: usize = 7;

/// 表单字段的样子。
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// 单行；参数是 `type`：`text`、`tel`、`date`、`password`、`search`……
    Input(&'static str),
    /// 数字，带单位后缀。
    Number(String),
    Area,
    Select,
    Radios,
    Checks,
    File,
}

/// 一个表单字段：标签、提示、错误、已填内容。
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    /// 页面里的编号，平常就是 `name`；一页有几个同名字段时错开。
    pub id: String,
    pub label: String,
    pub kind: Kind,
    pub hint: String,
    pub values: Vec<String>,
    pub options: Vec<(String, String)>,
    pub error: Option<String>,
    pub optional: bool,
    pub width: &'static str,
    pub autocomplete: &'static str,
    pub max_length: Option<u32>,
}

impl Field {
    fn new(name: &str, label: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            id: name.to_owned(),
            label: label.to_owned(),
            kind,
            hint: String::new(),
            values: Vec::new(),
            options: Vec::new(),
            error: None,
            optional: false,
            width: "w-l",
            autocomplete: "off",
            max_length: None,
        }
    }

    #[must_use]
    pub fn text(name: &str, label: &str) -> Self {
        Self::new(name, label, Kind::Input("text"))
    }

    #[must_use]
    pub fn tel(name: &str, label: &str) -> Self {
        Self { width: "w-m", autocomplete: "tel", ..Self::new(name, label, Kind::Input("tel")) }
    }

    #[must_use]
    pub fn password(name: &str, label: &str) -> Self {
        Self { width: "w-m", autocomplete: "current-password", ..Self::new(name, label, Kind::Input("password")) }
    }

    #[must_use]
    pub fn date(name: &str, label: &str) -> Self {
        Self { width: "w-m", ..Self::new(name, label, Kind::Input("date")) }
    }

    #[must_use]
    pub fn number(name: &str, label: &str, unit: &str) -> Self {
        Self { width: "w-s", ..Self::new(name, label, Kind::Number(unit.to_owned())) }
    }

    #[must_use]
    pub fn area(name: &str, label: &str) -> Self {
        Self::new(name, label, Kind::Area)
    }

    #[must_use]
    pub fn file(name: &str, label: &str) -> Self {
        Self::new(name, label, Kind::File)
    }

    fn chosen<V: Into<String>, L: Into<String>>(name: &str, label: &str, kind: Kind, options: impl IntoIterator<Item = (V, L)>) -> Self {
        let options = options.into_iter().map(|(value, label)| (value.into(), label.into())).collect();
        Self { options, width: "w-m", ..Self::new(name, label, kind) }
    }

    #[must_use]
    pub fn select<V: Into<String>, L: Into<String>>(name: &str, label: &str, options: impl IntoIterator<Item = (V, L)>) -> Self {
        Self::chosen(name, label, Kind::Select, options)
    }

    #[must_use]
    pub fn radios<V: Into<String>, L: Into<String>>(name: &str, label: &str, options: impl IntoIterator<Item = (V, L)>) -> Self {
        Self::chosen(name, label, Kind::Radios, options)
    }

    #[must_use]
    pub fn checks<V: Into<String>, L: Into<String>>(name: &str, label: &str, options: impl IntoIterator<Item = (V, L)>) -> Self {
        Self::chosen(name, label, Kind::Checks, options)
    }

    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.values = vec![value.into()];
        self
    }

    #[must_use]
    pub fn values(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.values = values.into_iter().collect();
        self
    }

    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    #[must_use]
    pub fn width(mut self, class: &'static str) -> Self {
        self.width = class;
        self
    }

    #[must_use]
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    #[must_use]
    pub fn max_length(mut self, length: u32) -> Self {
        self.max_length = Some(length);
        self
    }

    #[must_use]
    pub fn error(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }

    /// 从一次拒绝里取自己的错误，与汇总一字不差。
    #[must_use]
    pub fn errors_of(self, problem: Option<&Problem>) -> Self {
        let found = problem.and_then(|p| p.errors.iter().find(|e| e.field() == self.name)).map(|e| e.detail.clone());
        if found.is_some() { self.error(found) } else { self }
    }

    fn first(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if !self.hint.is_empty() {
            ids.push(format!("{}-h", self.id));
        }
        if self.error.is_some() {
            ids.push(format!("{}-e", self.id));
        }
        if ids.is_empty() { String::new() } else { format!(" aria-describedby=\"{}\"", escape(&ids.join(" "))) }
    }

    fn invalid(&self) -> &'static str {
        if self.error.is_some() { " aria-invalid=\"true\"" } else { "" }
    }

    fn input(&self, f: &mut Formatter<'_>, kind: &str, extra: &str) -> fmt::Result {
        let (name, id) = (escape(&self.name), escape(&self.id));
        let limit = self.max_length.map_or(String::new(), |n| format!(" maxlength=\"{n}\""));
        write!(
            f,
            "<input class=\"inp {}\" id=\"{id}\" name=\"{name}\" type=\"{kind}\" autocomplete=\"{}\"{extra}{limit}{}{} value=\"{}\">",
            self.width,
            self.autocomplete,
            self.invalid(),
            self.described_by(),
            escape(if kind == "password" { "" } else { self.first() }),
        )
    }

    fn control(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (name, id) = (escape(&self.name), escape(&self.id));
        match &self.kind {
            Kind::Input("tel") => self.input(f, "tel", " inputmode=\"tel\""),
            Kind::Input(kind) => self.input(f, kind, ""),
            Kind::Number(unit) => {
                write!(f, "<div class=\"suffix\">")?;
                self.input(f, "text", " inputmode=\"decimal\"")?;
                write!(f, "<span>{}</span></div>", escape(unit))
            }
            Kind::Area => write!(
                f,
                "<textarea class=\"inp\" id=\"{id}\" name=\"{name}\" rows=\"{}\"{}{}{}>{}</textarea>",
                // 写了几行露几行，多一行好接着写
                (self.first().lines().count() + 1).clamp(4, 14),
                self.max_length.map_or(String::new(), |n| format!(" maxlength=\"{n}\"")),
                self.invalid(),
                self.described_by(),
                escape(self.first()),
            ),
            Kind::Select => self.select_control(f, &name, &id),
            Kind::File => write!(
                f,
                "<div class=\"drop\"><input type=\"file\" id=\"{id}\" name=\"{name}\"{}{}></div>",
                self.invalid(),
                self.described_by(),
            ),
            Kind::Radios | Kind::Checks => self.choices(f, &name, &id),
        }
    }

    fn select_control(&self, f: &mut Formatter<'_>, name: &str, id: &str) -> fmt::Result {
        write!(f, "<select class=\"inp {}\" id=\"{id}\" name=\"{name}\"{}{}>", self.width, self.invalid(), self.described_by())?;
        for (value, label) in &self.options {
            let selected = if value == self.first() { " selected" } else { "" };
            write!(f, "<option value=\"{}\"{selected}>{}</option>", escape(value), escape(label))?;
        }
        write!(f, "</select>")
    }

    fn choices(&self, f: &mut Formatter<'_>, name: &str, first: &str) -> fmt::Result {
        let kind = if self.kind == Kind::Radios { "radio" } else { "checkbox" };
        // 选项多的排成几列，不让一页拉得老长
        let width = if self.options.len() > MANY { "many" } else { self.width };
        write!(f, "<div class=\"opts {width}\">")?;
        for (n, (value, label)) in self.options.iter().enumerate() {
            // 第一个选项的 id 就是字段的，错误汇总的链接落在它上面
            let id = if n == 0 { first.to_owned() } else { format!("{first}-{n}") };
            let checked = if self.values.contains(value) { " checked" } else { "" };
            write!(
                f,
                "<label class=\"ck\"><input type=\"{kind}\" id=\"{id}\" name=\"{name}\" value=\"{}\"{checked}><span>{}</span></label>",
                escape(value),
                escape(label),
            )?;
        }
        write!(f, "</div>")
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let grouped = matches!(self.kind, Kind::Radios | Kind::Checks);
        let class = if self.error.is_some() { "fld err" } else { "fld" };
        let optional = if self.optional { "<span class=\"opt\">（选填）</span>" } else { "" };
        let id = escape(&self.id);
        if grouped {
            write!(f, "<fieldset class=\"{class}\"{}><legend>{}{optional}</legend>", self.described_by(), escape(&self.label))?;
        } else {
            write!(f, "<div class=\"{class}\"><label for=\"{id}\">{}{optional}</label>", escape(&self.label))?;
        }
        if !self.hint.is_empty() {
            write!(f, "<p class=\"hint\" id=\"{id}-h\">{}</p>", escape(&self.hint))?;
        }
        if let Some(error) = &self.error {
            write!(f, "<p class=\"msg-err\" id=\"{id}-e\"><span class=\"vh\">错误：</span>{}</p>", escape(error))?;
        }
        self.control(f)?;
        f.write_str(if grouped { "</fieldset>" } else { "</div>" })
    }
}

/// 页首的错误汇总；没有错误就什么也不出。
#[derive(Debug, Clone, Default)]
pub struct ErrorSummary(Vec<FieldError>);

impl ErrorSummary {
    #[must_use]
    pub fn of(problem: Option<&Problem>) -> Self {
        Self(problem.map(summary_rows).unwrap_or_default())
    }
}

fn summary_rows(problem: &Problem) -> Vec<FieldError> {
    if problem.errors.is_empty() {
        return vec![FieldError { pointer: String::new(), code: problem.code.as_str(), detail: problem.detail.clone() }];
    }
    problem.errors.clone()
}

impl From<&Problem> for ErrorSummary {
    fn from(problem: &Problem) -> Self {
        Self(summary_rows(problem))
    }
}

impl Display for ErrorSummary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, "<div class=\"errsum\" role=\"alert\" tabindex=\"-1\" id=\"errsum\"><h2>有 {} 处需要改</h2><ul>", self.0.len())?;
        for error in &self.0 {
            let field = error.field();
            if field.is_empty() || field == "#" {
                write!(f, "<li>{}</li>", escape(&error.detail))?;
            } else {
                write!(f, "<li><a href=\"#{}\">{}</a></li>", escape(field), escape(&error.detail))?;
            }
        }
        f.write_str("</ul></div>")
    }
}

/// 时限灯：形状 + 文字 + 颜色。
#[derive(Debug, Clone)]
pub struct LightTag {
    pub light: Light,
    /// 如“剩 2 天”“超期 3 小时”。
    pub text: String,
    /// 悬停与读屏给的截止时刻。
    pub title: String,
}

impl From<Light> for LightTag {
    fn from(light: Light) -> Self {
        Self { light, text: light.label().to_owned(), title: String::new() }
    }
}

impl Display for LightTag {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let class = match self.light {
            Light::Green => "light light-g",
            Light::Yellow => "light light-y",
            Light::Red => "light light-r",
            Light::Grey => "light light-n",
        };
        let title = if self.title.is_empty() { String::new() } else { format!(" title=\"{}\"", escape(&self.title)) };
        write!(f, "<span class=\"{class}\"{title}>{}</span>", escape(&self.text))
    }
}

/// 状态标签。
#[derive(Debug, Clone)]
pub struct StatusTag {
    pub text: String,
    /// `""`、`b`、`g`、`y`、`r`。
    pub tone: &'static str,
}

impl Display for StatusTag {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let tone = if self.tone.is_empty() { String::new() } else { format!(" tag-{}", self.tone) };
        write!(f, "<span class=\"tag{tone}\">{}</span>", escape(&self.text))
    }
}

/// 时间线的一步。
#[derive(Debug, Clone)]
pub struct TimelineStep {
    pub title: String,
    /// `done`、`now`、`todo`。
    pub state: &'static str,
    pub time: String,
    pub detail: String,
}

/// 时间线。
#[derive(Debug, Clone, Default)]
pub struct Timeline(pub Vec<TimelineStep>);

impl Display for Timeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("<ol class=\"steps-v\">")?;
        for step in &self.0 {
            let current = if step.state == "now" { " aria-current=\"step\"" } else { "" };
            write!(f, "<li class=\"{}\"{current}><b>{}</b>", step.state, escape(&step.title))?;
            if !step.time.is_empty() {
                write!(f, "<span class=\"t\">{}</span>", escape(&step.time))?;
            }
            if !step.detail.is_empty() {
                write!(f, "<p>{}</p>", escape(&step.detail))?;
            }
            f.write_str("</li>")?;
        }
        f.write_str("</ol>")
    }
}

/// 上一页、下一页；不设页码。
#[derive(Debug, Clone, Default)]
pub struct Pager {
    pub first: Option<String>,
    pub prev: Option<String>,
    pub next: Option<String>,
    /// 如“本页 20 件”。
    pub note: String,
}

impl Pager {
    /// `uri` 是当前网址，`next` 是下一页游标。上一页的游标经 `back` 参数带着走。
    #[must_use]
    pub fn of(uri: &str, next: Option<&str>, note: impl Into<String>) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let all: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let get = |name: &str| all.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let link = |cursor: Option<&str>, back: Option<&str>| {
            let mut pairs: Vec<(&str, &str)> =
                all.iter().filter(|(key, _)| key != "cursor" && key != "back").map(|(k, v)| (k.as_str(), v.as_str())).collect();
            pairs.extend(cursor.map(|value| ("cursor", value)));
            pairs.extend(back.map(|value| ("back", value)));
            let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
            if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
        };
        let (cursor, back) = (get("cursor"), get("back"));
        Self {
            first: cursor.is_some().then(|| link(None, None)),
            prev: back.map(|back| link((!back.is_empty()).then_some(back.as_str()), None)),
            next: next.map(|next| link(Some(next), Some(cursor.as_deref().unwrap_or("")))),
            note: note.into(),
        }
    }
}

impl Display for Pager {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "<nav class=\"pager\" aria-label=\"分页\"><span class=\"muted\" role=\"status\">{}</span><span class=\"push\"></span>", escape(&self.note))?;
        for (href, text) in [(&self.first, "第一页"), (&self.prev, "上一页"), (&self.next, "下一页")] {
            if let Some(href) = href {
                write!(f, "<a href=\"{}\">{text}</a>", escape(href))?;
            }
        }
        f.write_str("</nav>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_escape_everything_and_link_errors() {
        let field = Field::text("name", "姓名<b>").value("\"><script>").error(Some("请填写姓名".to_owned()));
        let html = field.to_string();
        assert!(html.contains("姓名&lt;b&gt;") && html.contains("&quot;&gt;&lt;script&gt;"));
        assert!(html.contains("aria-describedby=\"name-e\"") && html.contains("aria-invalid=\"true\""));
        let summary = ErrorSummary::from(&Problem::field("name", "required", "请填写姓名")).to_string();
        assert!(summary.contains("<a href=\"#name\">请填写姓名</a>"));
    }

    #[test]
    fn passwords_are_never_sent_back() {
        assert!(!Field::password("p", "口令").value("secret").to_string().contains("secret"));
    }

    #[test]
    fn pages_keep_their_filters() {
        let pager = Pager::of("/desk?tab=1&cursor=aa&back=", Some("bb"), "");
        assert_eq!(pager.next.as_deref(), Some("/desk?tab=1&cursor=bb&back=aa"));
        assert_eq!(pager.prev.as_deref(), Some("/desk?tab=1"));
    }
}
