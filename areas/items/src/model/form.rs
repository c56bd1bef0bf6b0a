//! 申报表：字段清单，能校验、能渲染，能从证照与账号带出。

mod schema;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tongban_kernel::FieldError;
use tongban_kernel::codes::{DivisionCode, IdNumber, Mobile, Uscc, phone};
use tongban_kernel::problem::Reason;

use super::situations::{Answers, When};

/// 一项的申报表。没有字段时只收申请人与材料。
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FormSchema {
    pub sections: Vec<Section>,
}

/// 一页填一段：一页一个主题。
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub title: String,
    pub hint: String,
    pub fields: Vec<FormField>,
}

/// 字段的种类，决定控件与检查。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    #[default]
    Text,
    Textarea,
    /// 可带小数的数。
    Number,
    /// 整数。
    Integer,
    /// 元，至多两位小数。
    Money,
    Date,
    Mobile,
    Phone,
    IdNumber,
    Uscc,
    /// 12 位区划。
    Division,
    /// 单选，选项少。
    Radio,
    /// 单选，选项多。
    Select,
    /// 多选。
    Checkbox,
}

impl FieldKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Textarea => "textarea",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Money => "money",
            Self::Date => "date",
            Self::Mobile => "mobile",
            Self::Phone => "phone",
            Self::IdNumber => "id_number",
            Self::Uscc => "uscc",
            Self::Division => "division",
            Self::Radio => "radio",
            Self::Select => "select",
            Self::Checkbox => "checkbox",
        }
    }

    const fn chooses(self) -> bool {
        matches!(self, Self::Radio | Self::Select | Self::Checkbox)
    }
}

/// 一个字段。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FormField {
    pub name: String,
    pub label: String,
    pub kind: FieldKind,
    pub hint: String,
    /// 单位：`平方米`。
    pub unit: String,
    pub required: bool,
    pub options: Vec<FormOption>,
    pub rule: Rule,
    /// 从哪里带出：`person.name`、`person.id_number`、`person.mobile`、`entity.name`、`licence.营业执照.地址`。
    pub prefill: String,
    /// 哪些情形才要填。
    pub when: When,
}

impl Default for FormField {
    fn default() -> Self {
        Self {
            name: String::new(),
            label: String::new(),
            kind: FieldKind::Text,
            hint: String::new(),
            unit: String::new(),
            required: true,
            options: Vec::new(),
            rule: Rule::default(),
            prefill: String::new(),
            when: When::default(),
        }
    }
}

/// 一个选项。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormOption {
    pub id: String,
    pub label: String,
}

/// 值的范围；不限的留空。
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub min_chars: Option<usize>,
    pub max_chars: Option<usize>,
    /// 不得晚于今天。
    pub past: bool,
    /// 不得早于今天。
    pub future: bool,
    /// 错误提示里的例子：`比如 46`。
    pub example: String,
}

/// 文字字段不写上限时的上限。
const TEXT_LIMIT: usize = 200;
const TEXTAREA_LIMIT: usize = 2_000;

impl FormSchema {
    /// 这种情形要填的字段。
    pub fn fields<'s>(&'s self, answers: &'s Answers) -> impl Iterator<Item = &'s FormField> {
        self.sections.iter().flat_map(|section| &section.fields).filter(|field| field.when.holds(answers))
    }

    /// 一共几个字段。
    #[must_use]
    pub fn len(&self) -> usize {
        self.sections.iter().map(|section| section.fields.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// 检查一份填写，一次给全；不认识的字段也是错（防拼写错）。
    #[must_use]
    pub fn validate(&self, answers: &Answers, filled: &Map<String, Value>, today: Date) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for field in self.fields(answers) {
            if let Err(reason) = check(field, filled.get(&field.name), today) {
                errors.push(FieldError::new(&field.name, reason.code, reason.detail));
            }
        }
        let known: BTreeMap<&str, ()> = self.fields(answers).map(|field| (field.name.as_str(), ())).collect();
        for name in filled.keys().filter(|name| !known.contains_key(name.as_str())) {
            errors.push(FieldError::new(name, "unknown-field", format!("申报表里没有“{name}”这一项")));
        }
        errors
    }

    /// 表自身有没有毛病：重名、缺选项、缺标签。编辑时查。
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for field in self.sections.iter().flat_map(|section| &section.fields) {
            if field.name.is_empty() || field.label.is_empty() {
                faults.push("申报表有字段没有名字或标签".to_owned());
            }
            if !seen.insert(&field.name) {
                faults.push(format!("申报表里“{}”重名", field.name));
            }
            if field.kind.chooses() && field.options.len() < 2 && field.kind != FieldKind::Checkbox {
                faults.push(format!("“{}”是选择题，至少要有两个选项", field.label));
            }
            if !field.prefill.is_empty() && !known_source(&field.prefill) {
                faults.push(format!("“{}”的带出来源“{}”不认识，请从列出的里面选", field.label, field.prefill));
            }
        }
        faults
    }
}

/// 带出的来源：申请人、单位的各项，或某类证照上的一项。
fn known_source(source: &str) -> bool {
    const OWN: [&str; 9] = [
        "person.name",
        "person.id_number",
        "person.mobile",
        "person.address",
        "entity.name",
        "entity.uscc",
        "entity.id_number",
        "entity.legal_person",
        "entity.address",
    ];
    let licence = source.strip_prefix("licence.").and_then(|rest| rest.split_once('.'));
    OWN.contains(&source) || licence.is_some_and(|(kind, field)| !kind.is_empty() && !field.is_empty())
}

/// 空白视同没填。
fn texts(value: Option<&Value>) -> Result<Vec<String>, Reason> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(if *flag { "1" } else { "0" }.to_owned()),
        _ => Err(Reason::new("type", "这一项的内容形状不对，请重新填写")),
    };
    let list = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().map(one).collect::<Result<Vec<_>, _>>()?,
        Some(single) => vec![one(single)?],
    };
    Ok(list.into_iter().filter(|text| !text.is_empty()).collect())
}

fn check(field: &FormField, value: Option<&Value>, today: Date) -> Result<(), Reason> {
    let label = &field.label;
    let filled = texts(value)?;
    if filled.is_empty() {
        if !field.required {
            return Ok(());
        }
        let verb = if field.kind.chooses() { "选择" } else { "填写" };
        return Err(Reason::new("required", format!("请{verb}{label}")));
    }
    if field.kind.chooses() {
        return check_choice(field, &filled);
    }
    let [text] = filled.as_slice() else {
        return Err(Reason::new("type", format!("{label}只能填一个")));
    };
    match field.kind {
        FieldKind::Number | FieldKind::Money | FieldKind::Integer => check_number(field, text),
        FieldKind::Date => check_date(field, text, today),
        FieldKind::Mobile => Mobile::parse(text).map(drop),
        FieldKind::Phone => phone(text).map(drop),
        FieldKind::IdNumber => IdNumber::parse(text, today).map(drop),
        FieldKind::Uscc => Uscc::parse(text).map(drop),
        FieldKind::Division => DivisionCode::parse(text).map(drop),
        _ => check_text(field, text),
    }
}

fn check_choice(field: &FormField, filled: &[String]) -> Result<(), Reason> {
    let label = &field.label;
    if field.kind != FieldKind::Checkbox && filled.len() > 1 {
        return Err(Reason::new("type", format!("{label}只能选一个")));
    }
    if filled.iter().any(|chosen| !field.options.iter().any(|option| option.id == *chosen)) {
        return Err(Reason::new("unknown-option", format!("{label}没有这个选项，请重新选择")));
    }
    Ok(())
}

fn example(rule: &Rule) -> String {
    if rule.example.is_empty() { String::new() } else { format!("，比如 {}", rule.example) }
}

fn check_number(field: &FormField, text: &str) -> Result<(), Reason> {
    let (label, rule) = (&field.label, &field.rule);
    let digits: String = text.chars().filter(|c| *c != ',' && *c != '，').map(half_width).collect();
    let number: f64 = digits
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && !digits.contains(['e', 'E']))
        .ok_or_else(|| Reason::new("number", format!("{label}要填数字{}", example(rule))))?;
    let decimals = digits.split_once('.').map_or(0, |(_, tail)| tail.len());
    if field.kind == FieldKind::Integer && decimals > 0 {
        return Err(Reason::new("integer", format!("{label}要填整数{}", example(rule))));
    }
    if field.kind == FieldKind::Money && decimals > 2 {
        return Err(Reason::new("money", format!("{label}最多到分，也就是两位小数")));
    }
    let unit = &field.unit;
    if rule.min.is_some_and(|min| number < min) {
        return Err(Reason::new("range", format!("{label}不能小于 {}{unit}", rule.min.unwrap_or_default())));
    }
    if rule.max.is_some_and(|max| number > max) {
        return Err(Reason::new("range", format!("{label}不能大于 {}{unit}", rule.max.unwrap_or_default())));
    }
    Ok(())
}

fn half_width(c: char) -> char {
    match c {
        '０'..='９' | '．' | '－' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

fn check_date(field: &FormField, text: &str, today: Date) -> Result<(), Reason> {
    let label = &field.label;
    let date: Date = text.parse().map_err(|_| Reason::new("date", format!("{label}要填日期，写成“2026-11-22”这样")))?;
    if field.rule.past && date > today {
        return Err(Reason::new("range", format!("{label}不能晚于今天")));
    }
    if field.rule.future && date < today {
        return Err(Reason::new("range", format!("{label}不能早于今天")));
    }
    Ok(())
}

fn check_text(field: &FormField, text: &str) -> Result<(), Reason> {
    let (label, chars) = (&field.label, text.chars().count());
    let fallback = if field.kind == FieldKind::Textarea { TEXTAREA_LIMIT } else { TEXT_LIMIT };
    let most = field.rule.max_chars.unwrap_or(fallback);
    if chars > most {
        return Err(Reason::new("length", format!("{label}最多 {most} 个字，现在有 {chars} 个")));
    }
    if let Some(least) = field.rule.min_chars
        && chars < least
    {
        return Err(Reason::new("length", format!("{label}至少写 {least} 个字{}", example(&field.rule))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    fn schema() -> FormSchema {
        serde_yaml_ng::from_str(
            "
sections:
  - title: 场所
    fields:
      - {name: area, label: 经营面积, kind: number, unit: 平方米, rule: {min: 1, max: 100000, example: '46'}}
      - {name: kind, label: 主体业态, kind: radio, options: [{id: a, label: 餐饮}, {id: b, label: 销售}]}
      - {name: items, label: 经营项目, kind: checkbox, required: false, options: [{id: hot, label: 热食}]}
      - {name: since, label: 开业日期, kind: date, required: false, rule: {future: true}}
      - {name: mobile, label: 手机号, kind: mobile}
      - {name: school, label: 学校名称, when: {place: [school]}}
",
        )
        .unwrap()
    }

    fn errors(filled: Value) -> Vec<(String, &'static str)> {
        let Value::Object(filled) = filled else { unreachable!() };
        schema()
            .validate(&Answers::new(), &filled, date(2026, 11, 22))
            .into_iter()
            .map(|error| (error.field().to_owned(), error.code))
            .collect()
    }

    #[test]
    fn a_good_form_passes() {
        assert_eq!(errors(json!({"area": "４６．５", "kind": "a", "items": ["hot"], "mobile": "139 0000 1234"})), []);
        assert_eq!(errors(json!({"area": 46, "kind": "b", "mobile": "13900001234", "since": "2026-12-01"})), []);
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let found = errors(json!({"area": "四十六", "kind": "z", "items": ["cold"], "since": "2020-01-01", "typo": 1}));
        assert_eq!(
            found,
            [
                ("area", "number"),
                ("kind", "unknown-option"),
                ("items", "unknown-option"),
                ("since", "range"),
                ("mobile", "required"),
                ("typo", "unknown-field")
            ]
            .map(|(field, code)| (field.to_owned(), code))
        );
    }

    #[test]
    fn messages_say_what_to_do() {
        let Value::Object(filled) = json!({"area": "x", "kind": "a", "mobile": "13900001234"}) else { unreachable!() };
        let found = schema().validate(&Answers::new(), &filled, date(2026, 11, 22));
        assert_eq!(found[0].detail, "经营面积要填数字，比如 46");
    }

    #[test]
    fn fields_follow_the_situation() {
        let answers: Answers = [("place".to_owned(), "school".to_owned())].into();
        let Value::Object(filled) = json!({"area": 1, "kind": "a", "mobile": "13900001234"}) else { unreachable!() };
        let found = schema().validate(&answers, &filled, date(2026, 11, 22));
        assert_eq!(found.iter().map(FieldError::field).collect::<Vec<_>>(), ["school"]);
    }

    #[test]
    fn odd_shapes_are_refused_not_crashed_on() {
        assert_eq!(errors(json!({"area": {"x": 1}, "kind": ["a", "b"], "mobile": "13900001234"})).len(), 2);
        assert_eq!(errors(json!({"area": "1e5", "kind": "a", "mobile": "13900001234"})), [("area".to_owned(), "number")]);
    }

    #[test]
    fn faulty_schemas_are_named() {
        let bad: FormSchema =
            serde_yaml_ng::from_str("sections: [{title: x, fields: [{name: a, label: 甲}, {name: a, label: 乙, kind: radio}]}]").unwrap();
        assert_eq!(bad.faults().len(), 2);
        assert!(schema().faults().is_empty());
    }
}
