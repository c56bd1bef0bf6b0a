//! 人员、岗位的表单：填的怎么变成命令要的，出错怎么画回去。

use jiff::civil::Date;
use serde::Deserialize;
use tongban_directory::model::{Appointment, FOREVER, NewPost, NewStaff, Post, PostChange, Role, reach_name};
use tongban_directory::queries::{Org, Staff, Window};
use tongban_kernel::time::{day_number, from_day_number};
use tongban_kernel::{Depth, Problem};
use tongban_web::components::Field;

/// 实名等级（accounts §2.1）。
pub const LEVELS: &[(&str, &str)] =
    &[("0", "0 级：没有核过，登录后本人认证"), ("1", "1 级：姓名与证件号一致"), ("2", "2 级：另核过手机或银行卡、社保卡"), ("3", "3 级：当面核过身份证原件")];

/// 表单里的日期；空着用 `blank`，读不懂为 0（命令会指出来）。
pub fn day_of(text: &str, blank: i64) -> i64 {
    if text.trim().is_empty() { blank } else { text.trim().parse::<Date>().map_or(0, day_number) }
}

fn day_value(day: i64) -> String {
    if day == FOREVER { String::new() } else { from_day_number(day).map_or_else(String::new, |date| date.to_string()) }
}

/// 人员的表单；新建时另有岗位与登录名。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StaffForm {
    pub version: i64,
    pub name: String,
    pub code: String,
    pub org: String,
    pub joined: String,
    pub real_level: String,
    pub login: String,
    pub role: String,
    pub title: String,
    pub reach: String,
}

impl StaffForm {
    pub fn of(staff: &Staff) -> Self {
        Self {
            version: staff.version,
            name: staff.name.clone(),
            code: staff.code.clone(),
            org: staff.org.to_string(),
            joined: day_value(staff.joined_day),
            real_level: staff.real_level.to_string(),
            ..Self::default()
        }
    }

    /// 新建时一并任的岗位。
    pub fn post(&self) -> PostForm {
        PostForm { role: self.role.clone(), org: self.org.clone(), title: self.title.clone(), reach: self.reach.clone(), ..PostForm::default() }
    }

    pub fn staff(&self) -> NewStaff {
        NewStaff {
            org: self.org.parse().unwrap_or(0),
            code: self.code.trim().to_owned(),
            name: self.name.trim().to_owned(),
            joined_day: day_of(&self.joined, 0),
            real_level: self.real_level.parse().unwrap_or(-1),
        }
    }

    pub fn fields(&self, orgs: &[Org], suffix: &str, problem: Option<&Problem>) -> Vec<Field> {
        finish(
            vec![
                Field::text("name", "姓名").width("w-m").hint("和身份证上一样").value(&self.name),
                Field::text("code", "人员编码").width("w-m").hint("工号：字母、数字、短横线").value(&self.code),
                org_field(orgs, &self.org),
                Field::date("joined", "入职日期").value(&self.joined),
                Field::radios("real_level", "实名等级", LEVELS.iter().copied()).value(&self.real_level),
            ],
            suffix,
            problem,
        )
    }
}

/// 别的表单的字段编号加个尾巴，一页里不重。
fn finish(fields: Vec<Field>, suffix: &str, problem: Option<&Problem>) -> Vec<Field> {
    let id = |field: Field| if suffix.is_empty() { field } else { let id = format!("{}-{suffix}", field.name); field.id(id) };
    fields.into_iter().map(|field| id(field.errors_of(problem))).collect()
}

fn org_field(orgs: &[Org], chosen: &str) -> Field {
    let options = std::iter::once((String::new(), "请选择".to_owned())).chain(orgs.iter().map(|org| (org.id.to_string(), org.name.clone())));
    Field::select("org", "单位", options).width("w-l").value(chosen)
}

/// 岗位的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PostForm {
    #[serde(rename = "post_version")]
    pub version: i64,
    pub role: String,
    #[serde(rename = "post_org")]
    pub org: String,
    pub title: String,
    pub window: String,
    pub reach: String,
    pub from: String,
    pub to: String,
    pub backup: String,
    pub away: String,
}

/// 选岗位要的名单。
#[derive(Default)]
pub struct Choices {
    pub orgs: Vec<Org>,
    pub roles: Vec<&'static Role>,
    pub windows: Vec<Window>,
    /// 能作 B 岗的岗位：行键与人名岗位名。
    pub backups: Vec<(i64, String)>,
}

fn parse_reach(text: &str) -> Depth {
    match text {
        "tenant" => Depth::Tenant,
        "org" => Depth::Org,
        _ => Depth::Unit,
    }
}

const fn reach_code(reach: Depth) -> &'static str {
    match reach {
        Depth::Tenant => "tenant",
        Depth::Unit => "unit",
        Depth::Org => "org",
    }
}

fn key(text: &str) -> Option<i64> {
    // 填了而读不懂的也交给命令，由它说请选对
    (!text.trim().is_empty()).then(|| text.trim().parse().unwrap_or(-1))
}

impl PostForm {
    pub fn of(post: &Post) -> Self {
        let key = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
        Self {
            version: post.version,
            role: post.role.clone(),
            org: post.org.to_string(),
            title: post.title.clone(),
            window: key(post.window),
            reach: reach_code(post.reach).to_owned(),
            from: day_value(post.from_day),
            to: day_value(post.to_day),
            backup: key(post.backup),
            away: if post.away { "1" } else { "" }.to_owned(),
        }
    }

    pub fn appointment(&self, staff: i64, today: i64) -> Appointment {
        let reach = match self.reach.as_str() {
            "" => tongban_directory::model::role(&self.role).map_or(Depth::Unit, |role| role.reach),
            chosen => parse_reach(chosen),
        };
        let post = NewPost {
            staff,
            org: self.org.parse().unwrap_or(0),
            role: self.role.clone(),
            title: self.title.trim().to_owned(),
            window: key(&self.window),
            reach,
        };
        Appointment { post, from_day: day_of(&self.from, today), to_day: day_of(&self.to, FOREVER), backup: key(&self.backup) }
    }

    pub fn change(&self, today: i64) -> PostChange {
        PostChange {
            title: self.title.trim().to_owned(),
            window: key(&self.window),
            backup: key(&self.backup),
            away: self.away == "1",
            reach: parse_reach(&self.reach),
            from_day: day_of(&self.from, today),
            to_day: day_of(&self.to, FOREVER),
        }
    }

    /// 任职的字段；`optional` 是新建人员时，不选角色就暂不任职。
    pub fn fields(&self, choices: &Choices, optional: bool, suffix: &str, problem: Option<&Problem>) -> Vec<Field> {
        let none = if optional { "暂不任职" } else { "请选择" };
        let roles = std::iter::once((String::new(), none.to_owned())).chain(choices.roles.iter().map(|role| (role.code.clone(), role.name.clone())));
        let mut fields = vec![Field::select("role", "角色", roles).hint("只列您能给的").value(&self.role)];
        if !optional {
            let org = org_field(&choices.orgs, &self.org);
            fields.push(Field { name: "post_org".to_owned(), id: "org".to_owned(), ..org }.error(error_at(problem, "org")));
        }
        let reaches = std::iter::once(("", "按角色的默认")).chain([Depth::Tenant, Depth::Unit, Depth::Org].map(|reach| (reach_code(reach), reach_name(reach))));
        fields.push(Field::text("title", "岗位名").width("w-m").optional().hint("不填就用角色的名字").value(&self.title));
        fields.push(Field::select("reach", "看到哪里", reaches).value(&self.reach));
        if !optional {
            fields.extend(self.placing(choices));
        }
        finish(fields, suffix, problem)
    }

    /// 改岗位的字段：角色与单位不改。
    pub fn change_fields(&self, choices: &Choices, suffix: &str, problem: Option<&Problem>) -> Vec<Field> {
        let reaches = [Depth::Tenant, Depth::Unit, Depth::Org].map(|reach| (reach_code(reach), reach_name(reach)));
        let mut fields = vec![
            Field::text("title", "岗位名").width("w-m").optional().hint("不填就用角色的名字").value(&self.title),
            Field::select("reach", "看到哪里", reaches).value(&self.reach),
        ];
        fields.extend(self.placing(choices));
        fields.push(Field::checks("away", "在不在岗", [("1", "离岗（待办由 B 岗办）")]).value(&self.away).optional());
        finish(fields, suffix, problem)
    }

    fn placing(&self, choices: &Choices) -> Vec<Field> {
        let none = |text: &str| std::iter::once((String::new(), text.to_owned()));
        let windows = choices.windows.iter().map(|window| (window.id.to_string(), window.name.clone()));
        let backups = choices.backups.iter().map(|(id, name)| (id.to_string(), name.clone()));
        vec![
            Field::select("window", "窗口", none("不在窗口").chain(windows)).optional().value(&self.window),
            Field::select("backup", "B 岗", none("没有").chain(backups)).optional().value(&self.backup),
            Field::date("from", "从哪天起").hint("空着是今天").optional().value(&self.from),
            Field::date("to", "到哪天为止").hint("空着是一直任职").optional().value(&self.to),
        ]
    }
}

fn error_at(problem: Option<&Problem>, field: &str) -> Option<String> {
    problem?.errors.iter().find(|error| error.field() == field).map(|error| error.detail.clone())
}
