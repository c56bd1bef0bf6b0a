//! 指南与交换行之间的来回。
//!
//! 导出：平面列由指南写出，全文另放一列。导入：全文打底（没有就从空白起），每个给了值的平面列盖上去；
//! 像办理流程这样一列装几样的，与打底的写法一字不差就不动，不同才按行读。

mod tables;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::codes::{
    DeptType, HandleArea, HandleForm, LimitUnit, OnlineStep, PowerSource, ProjectType, ResultType, ServiceObject, TaskType,
};
use crate::model::guide::{Basis, Guide, Step};
use crate::model::limit::Limit;
use crate::store::{join, split};

/// 一行：列名 → 文字。没有的列不出现。
pub type Record = BTreeMap<String, String>;

/// 一处错：哪一列、什么值、哪条规则、怎么改。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellError {
    pub column: String,
    pub value: String,
    pub rule: String,
    pub message: String,
}

impl CellError {
    pub(super) fn new(column: &str, value: &str, rule: &str, message: impl Into<String>) -> Self {
        let value = value.chars().take(60).collect();
        Self { column: column.to_owned(), value, rule: rule.to_owned(), message: message.into() }
    }
}

const fn yes(flag: bool) -> &'static str {
    if flag { "1" } else { "0" }
}

fn codes<T: Copy>(values: &[T], code: fn(T) -> &'static str) -> String {
    join(values.iter().map(|value| code(*value)))
}

fn flow(guide: &Guide) -> String {
    guide.steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join("→")
}

fn bylaw(guide: &Guide) -> String {
    let one = |basis: &Basis| {
        format!("{}{}{}", basis.title, if basis.number.is_empty() { String::new() } else { format!("（{}）", basis.number) }, basis.article)
    };
    guide.basis.iter().map(one).collect::<Vec<_>>().join("；")
}

fn address(guide: &Guide) -> String {
    guide.places.iter().map(|place| format!("{}{}：{}", place.name, place.window, place.address)).collect::<Vec<_>>().join("；")
}

fn hours(guide: &Guide) -> String {
    let mut all: Vec<&str> = guide.places.iter().map(|place| place.hours.as_str()).collect();
    all.dedup();
    all.join("；")
}

/// 特别程序“无则填无”。
fn or_none(text: &str) -> String {
    if text.is_empty() { "无".to_owned() } else { text.to_owned() }
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// 指南的全部平面列与全文。编码、状态、主体等由调用者补上。
#[must_use]
pub fn write(guide: &Guide) -> Record {
    let mut row = Record::new();
    let mut put = |column: &str, text: String| {
        row.insert(column.to_owned(), text);
    };
    put("TASKNAME", guide.name.clone());
    put("TASKTYPE", guide.task_type.code().to_owned());
    put("BYLAW", bylaw(guide));
    put("POWERSOURCE", guide.power_source.code().to_owned());
    put("DEPTTYPE", guide.dept_type.code().to_owned());
    put("ENTRUSTNAME", guide.entrust.clone());
    for (limit, day, unit, note) in [
        (&guide.legal, "ANTICIPATEDAY", "ANTICIPATETYPE", "ANTICIPATEEXPLAIN"),
        (&guide.promise, "PROMISEDAY", "PROMISETYPE", "PROMISEEXPLAIN"),
    ] {
        put(day, limit.amount.to_string());
        put(unit, limit.unit.code().to_owned());
        put(note, limit.note.clone());
    }
    put("ACCEPTCONDITION", guide.conditions.join("\n"));
    put("HANDLEFLOW", flow(guide));
    put("ISFEE", yes(guide.charges()).to_owned());
    put("FEEBASIS", guide.fee_basis.clone());
    put("SERVERTYPE", codes(&guide.objects, ServiceObject::code));
    put("PROJECTTYPE", guide.project_type.code().to_owned());
    put("HANDLETYPE", codes(&guide.forms, HandleForm::code));
    put("LIMITSCENENUM", guide.visits.to_string());
    put("LIMITSCENEEXPLAIN", guide.visits_reason.clone());
    put("SPECIALPROCEDURE", or_none(&guide.special_procedure));
    put("LINKWAY", guide.consult_phone.clone());
    put("SUPERVISEWAY", guide.supervise_phone.clone());
    put("TRANSACTADDR", address(guide));
    put("TRANSACTTIME", hours(guide));
    put("LINKADDR", guide.online.url.clone());
    put("PLANEFFECTIVEDATE", guide.service.plan_effective.clone());
    put("PLANCANCELDATE", guide.service.plan_cancel.clone());
    put("MOBILETERMINALURL", guide.service.mobile_url.clone());
    put("ISSINGLELOGIN", yes(guide.online.single_login).to_owned());
    put("APPISSINGLELOGIN", yes(guide.service.mobile_login).to_owned());
    put("ISENTRYCENTER", yes(guide.entry_centre).to_owned());
    put("HANDLEAREA", guide.area.map_or("", HandleArea::code).to_owned());
    put("OTHERDEPT", guide.joint_depts.join("^"));
    put("SERVICETYPE", guide.intermediary.clone());
    put("LIMITEXPLAIN", guide.quantity_limit.clone());
    put("RESULTTYPE", codes(&guide.result.types, ResultType::code));
    put("RESULTNAME", guide.result.name.clone());
    put("RESULTGUID", guide.result.sample.clone());
    put("ISSCHEDULE", yes(guide.booking).to_owned());
    put("ISPAYONLINE", yes(guide.pay_online).to_owned());
    put("ISEXPRESS", yes(guide.express).to_owned());
    put("ISSERVICETERMINALS", yes(guide.terminal).to_owned());
    put("ISONLINE", yes(guide.depth().can_apply() && guide.entrance_open()).to_owned());
    put("ONLINEHANDLEDEPTH", codes(&guide.online.steps, OnlineStep::code));
    put("USERTOPICTYPE", join(guide.person_themes.iter().map(String::as_str)));
    put("USERCHARACTERTOPICTYPE", guide.service.person_local_theme.clone());
    put("CORPTOPICTYPE", join(guide.corp_themes.iter().map(String::as_str)));
    put("CORPCHARACTERTOPICTYPE", guide.service.corp_local_theme.clone());
    put("EXTENDFIELD", guide.service.extend.clone());
    put("TASK_GENERAL_MATERIAL", tables::materials(guide));
    put("FEE_PROJECT", tables::fees(guide));
    put("QUESTIONS", tables::questions(guide));
    for (column, part) in WHOLE.iter().zip(pieces(&json(guide))) {
        put(column, part);
    }
    row
}

/// 全文分放的几列：表格软件一格装不下太长的字。
pub const WHOLE: &[&str] = &["GUIDE", "GUIDE2", "GUIDE3", "GUIDE4", "GUIDE5", "GUIDE6"];
/// 一格至多几个字；XLSX 的上限是 32,767。
const CELL_CHARS: usize = 30_000;

/// 切成几段；不在空白处切，读回来不会少字。
fn pieces(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut count = 0;
    let mut blank = true;
    for c in text.chars() {
        if count >= CELL_CHARS && !blank && !c.is_whitespace() {
            parts.push(String::new());
            count = 0;
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
        blank = c.is_whitespace();
        count += 1;
    }
    parts.resize(WHOLE.len().max(parts.len()), String::new());
    parts
}

/// 读一行时的工具：取值、记错。
struct Reader<'r> {
    row: &'r Record,
    errors: Vec<CellError>,
}

impl Reader<'_> {
    fn text(&self, column: &str) -> Option<&str> {
        self.row.get(column).map(String::as_str)
    }

    fn wrong(&mut self, column: &str, rule: &str, message: impl Into<String>) {
        let value = self.text(column).unwrap_or_default().to_owned();
        self.errors.push(CellError::new(column, &value, rule, message));
    }

    fn copy(&self, column: &str, into: &mut String) {
        // 表格里首尾空白会被去掉，只差这个的不算改
        if let Some(text) = self.text(column).filter(|text| *text != into.trim()) {
            text.clone_into(into);
        }
    }

    fn flag(&mut self, column: &str, into: &mut bool) {
        match self.text(column) {
            None | Some("") => {}
            Some("1" | "是") => *into = true,
            Some("0" | "否") => *into = false,
            Some(_) => self.wrong(column, "Q22", "只能填 1（是）或 0（否）"),
        }
    }

    fn code<T>(&mut self, column: &str, parse: fn(&str) -> Option<T>, into: &mut T) {
        let Some(text) = self.text(column).filter(|text| !text.is_empty()) else { return };
        match parse(text) {
            Some(value) => *into = value,
            None => self.wrong(column, "Q22", "不在代码表内"),
        }
    }

    fn list<T: Copy + PartialEq>(&mut self, column: &str, parse: fn(&str) -> Option<T>, code: fn(T) -> &'static str, into: &mut Vec<T>) {
        let Some(text) = self.text(column) else { return };
        if codes(into, code) == text {
            return;
        }
        match split(text).map(parse).collect::<Option<Vec<T>>>() {
            Some(values) => *into = values,
            None => self.wrong(column, "Q22", "有值不在代码表内；多个值用 ^ 连接"),
        }
    }

    fn number(&mut self, column: &str, most: u32) -> Option<u32> {
        let text = self.text(column).filter(|text| !text.is_empty())?;
        let parsed = text.parse::<u32>().ok().filter(|number| *number <= most);
        if parsed.is_none() {
            self.wrong(column, "Q22", format!("要填 0 到 {most} 的整数"));
        }
        parsed
    }

    fn limit(&mut self, day: &str, unit: &str, note: &str, into: &mut Limit) {
        if let Some(amount) = self.number(day, 10_000) {
            into.amount = amount;
        }
        // 旧码 G 工作日、Z 自然日
        let parse = |text: &str| match text {
            "G" => Some(LimitUnit::Workday),
            "Z" => Some(LimitUnit::Day),
            other => LimitUnit::parse(other),
        };
        self.code(unit, parse, &mut into.unit);
        self.copy(note, &mut into.note);
    }

    fn table<T: for<'de> Deserialize<'de>>(&mut self, column: &str, now: &str) -> Option<Vec<T>> {
        let text = self.text(column).filter(|text| !text.is_empty() && *text != now)?;
        let parsed = serde_json::from_str(text).ok();
        if parsed.is_none() {
            self.wrong(column, "JSON", "要写成 JSON 数组，数组里用子表的列名");
        }
        parsed
    }
}

/// 一行 → 指南。`before` 是已有的内容，没有给的列保持原样。
///
/// # Errors
/// 每一处读不懂的，一次给全。
pub fn read(row: &Record, before: &Guide) -> Result<Guide, Vec<CellError>> {
    let mut r = Reader { row, errors: Vec::new() };
    let whole: String = WHOLE.iter().filter_map(|column| r.text(column)).collect();
    let mut guide = match Some(whole).filter(|text| !text.is_empty()).map(|text| serde_json::from_str::<Guide>(&text)) {
        None => before.clone(),
        Some(Ok(guide)) => guide,
        Some(Err(_)) => {
            r.wrong("GUIDE", "JSON", "全文读不懂；不要手改这一列，或者留空");
            before.clone()
        }
    };
    attributes(&mut r, &mut guide);
    texts(&mut r, &mut guide);
    tables::read(&mut r, &mut guide);
    if r.errors.is_empty() { Ok(guide) } else { Err(r.errors) }
}

fn attributes(r: &mut Reader<'_>, g: &mut Guide) {
    r.copy("TASKNAME", &mut g.name);
    r.code("TASKTYPE", TaskType::parse, &mut g.task_type);
    r.code("POWERSOURCE", PowerSource::parse, &mut g.power_source);
    r.code("DEPTTYPE", DeptType::parse, &mut g.dept_type);
    r.limit("ANTICIPATEDAY", "ANTICIPATETYPE", "ANTICIPATEEXPLAIN", &mut g.legal);
    r.limit("PROMISEDAY", "PROMISETYPE", "PROMISEEXPLAIN", &mut g.promise);
    r.list("SERVERTYPE", ServiceObject::parse, ServiceObject::code, &mut g.objects);
    r.code("PROJECTTYPE", ProjectType::parse, &mut g.project_type);
    r.list("HANDLETYPE", HandleForm::parse, HandleForm::code, &mut g.forms);
    if let Some(visits) = r.number("LIMITSCENENUM", 9) {
        g.visits = u8::try_from(visits).unwrap_or(9);
    }
    let mut area = g.area.unwrap_or(HandleArea::County);
    r.code("HANDLEAREA", HandleArea::parse, &mut area);
    match r.text("HANDLEAREA") {
        Some("") => g.area = None,
        Some(_) => g.area = Some(area),
        None => {}
    }
    r.list("RESULTTYPE", ResultType::parse, ResultType::code, &mut g.result.types);
    r.list("ONLINEHANDLEDEPTH", OnlineStep::parse, OnlineStep::code, &mut g.online.steps);
    r.flag("ISSINGLELOGIN", &mut g.online.single_login);
    r.flag("APPISSINGLELOGIN", &mut g.service.mobile_login);
    r.flag("ISENTRYCENTER", &mut g.entry_centre);
    r.flag("ISSCHEDULE", &mut g.booking);
    r.flag("ISPAYONLINE", &mut g.pay_online);
    r.flag("ISEXPRESS", &mut g.express);
    r.flag("ISSERVICETERMINALS", &mut g.terminal);
}

fn texts(r: &mut Reader<'_>, g: &mut Guide) {
    for (column, into) in [
        ("ENTRUSTNAME", &mut g.entrust),
        ("FEEBASIS", &mut g.fee_basis),
        ("LIMITSCENEEXPLAIN", &mut g.visits_reason),
        ("LINKWAY", &mut g.consult_phone),
        ("SUPERVISEWAY", &mut g.supervise_phone),
        ("LINKADDR", &mut g.online.url),
        ("MOBILETERMINALURL", &mut g.service.mobile_url),
        ("SERVICETYPE", &mut g.intermediary),
        ("LIMITEXPLAIN", &mut g.quantity_limit),
        ("RESULTNAME", &mut g.result.name),
        ("RESULTGUID", &mut g.result.sample),
        ("USERCHARACTERTOPICTYPE", &mut g.service.person_local_theme),
        ("CORPCHARACTERTOPICTYPE", &mut g.service.corp_local_theme),
        ("EXTENDFIELD", &mut g.service.extend),
    ] {
        r.copy(column, into);
    }
    for (column, into) in [("PLANEFFECTIVEDATE", &mut g.service.plan_effective), ("PLANCANCELDATE", &mut g.service.plan_cancel)] {
        match r.text(column).map(super::plan_day) {
            Some(Some(day)) => *into = day,
            Some(None) => r.wrong(column, "Q22", "日期要写成 2026-12-01，没有就空着"),
            None => {}
        }
    }
    if let Some(text) = r.text("SPECIALPROCEDURE") {
        if text == "无" { g.special_procedure.clear() } else { text.clone_into(&mut g.special_procedure) }
    }
    for (column, into) in [("USERTOPICTYPE", &mut g.person_themes), ("CORPTOPICTYPE", &mut g.corp_themes)] {
        let now = join(into.iter().map(String::as_str));
        if let Some(text) = r.text(column).filter(|text| *text != now) {
            *into = split(text).map(str::to_owned).collect();
        }
    }
    if let Some(text) = r.text("OTHERDEPT").filter(|text| *text != g.joint_depts.join("^")) {
        g.joint_depts = split(text).map(str::to_owned).collect();
    }
    let lines = |text: &str| text.split(['\n', '；']).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    if let Some(text) = r.text("ACCEPTCONDITION").filter(|text| *text != g.conditions.join("\n")) {
        g.conditions = lines(text);
    }
    if let Some(text) = r.text("BYLAW").filter(|text| *text != bylaw(g)) {
        g.basis = lines(text).iter().map(|line| read_basis(line)).collect();
    }
    if let Some(text) = r.text("HANDLEFLOW").filter(|text| *text != flow(g)) {
        let names = text.split(['→', '\n', '；']).map(str::trim).filter(|name| !name.is_empty());
        g.steps = names.map(|name| Step { name: name.to_owned(), ..Step::default() }).collect();
    }
    if let Some(text) = r.text("TRANSACTADDR").filter(|text| *text != address(g)) {
        let hours = r.text("TRANSACTTIME").unwrap_or_default();
        g.places = lines(text).iter().map(|line| read_place(line, hours)).collect();
    }
}

/// `《文件名》（文号）条款`。
fn read_basis(line: &str) -> Basis {
    let (title, rest) = match line.find('》') {
        Some(at) => line.split_at(at + '》'.len_utf8()),
        None => (line, ""),
    };
    let (number, article) = match rest.strip_prefix('（').and_then(|rest| rest.split_once('）')) {
        Some((number, article)) => (number, article),
        None => ("", rest),
    };
    Basis { title: title.to_owned(), number: number.to_owned(), article: article.trim().to_owned(), text: String::new() }
}

/// `点位：地址`。
fn read_place(line: &str, hours: &str) -> crate::model::guide::Place {
    let (name, address) = line.split_once('：').unwrap_or((line, line));
    crate::model::guide::Place { name: name.to_owned(), address: address.to_owned(), hours: hours.to_owned(), ..Default::default() }
}

#[cfg(test)]
mod tests;
