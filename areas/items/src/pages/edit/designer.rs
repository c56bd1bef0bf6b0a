//! 申报表设计：一行一栏，段名相同的归一段。

use tongban_kernel::problem::Checks;

use super::EditForm;
use super::lines::{read_when, write_when};
use crate::model::Guide;
use crate::model::form::{FieldKind, FormField, FormOption, FormSchema, Rule, Section};

/// 种类与叫法。
pub(super) const KINDS: &[(FieldKind, &str)] = &[
    (FieldKind::Text, "一行字"),
    (FieldKind::Textarea, "多行字"),
    (FieldKind::Number, "数（可带小数）"),
    (FieldKind::Integer, "整数"),
    (FieldKind::Money, "金额（元）"),
    (FieldKind::Date, "日期"),
    (FieldKind::Mobile, "手机号"),
    (FieldKind::Phone, "电话"),
    (FieldKind::IdNumber, "身份证号"),
    (FieldKind::Uscc, "信用代码"),
    (FieldKind::Division, "区划"),
    (FieldKind::Radio, "单选（选项少）"),
    (FieldKind::Select, "单选（选项多）"),
    (FieldKind::Checkbox, "多选"),
];

/// 常用的带出来源；别的照写。
pub(super) const PREFILLS: &[(&str, &str)] = &[
    ("person.name", "本人姓名"),
    ("person.id_number", "本人身份证号"),
    ("person.mobile", "本人手机号"),
    ("person.address", "本人住址"),
    ("entity.name", "单位名称"),
    ("entity.uscc", "单位信用代码"),
    ("entity.legal_person", "法定代表人"),
    ("entity.address", "单位地址"),
];

/// `a=甲，b=乙`；没有等号的编号自动给。
fn read_options(text: &str) -> Vec<FormOption> {
    let parts = text.split(['，', '\n', ',', ';', '；']).map(str::trim).filter(|part| !part.is_empty());
    parts
        .enumerate()
        .map(|(at, part)| match part.split_once('=') {
            Some((id, label)) => FormOption { id: id.trim().to_owned(), label: label.trim().to_owned() },
            None => FormOption { id: (at + 1).to_string(), label: part.to_owned() },
        })
        .collect()
}

pub(super) fn write_options(options: &[FormOption]) -> String {
    options.iter().map(|option| format!("{}={}", option.id, option.label)).collect::<Vec<_>>().join("，")
}

/// `最小=1，最大=500，最少字=2，最多字=40，不晚于今天，不早于今天，比如=46`。
pub(super) fn write_rule(rule: &Rule) -> String {
    let mut parts = Vec::new();
    parts.extend(rule.min.map(|n| format!("最小={n}")));
    parts.extend(rule.max.map(|n| format!("最大={n}")));
    parts.extend(rule.min_chars.map(|n| format!("最少字={n}")));
    parts.extend(rule.max_chars.map(|n| format!("最多字={n}")));
    parts.extend(rule.past.then(|| "不晚于今天".to_owned()));
    parts.extend(rule.future.then(|| "不早于今天".to_owned()));
    parts.extend((!rule.example.is_empty()).then(|| format!("比如={}", rule.example)));
    parts.join("，")
}

fn read_rule(text: &str) -> Result<Rule, String> {
    let mut rule = Rule::default();
    // 例子里可能有逗号：“比如=”之后全是例子
    let (head, example) = match text.split_once("比如=") {
        Some((head, example)) => (head, example.trim()),
        None => (text, ""),
    };
    example.clone_into(&mut rule.example);
    for part in head.split(['，', ',']).map(str::trim).filter(|part| !part.is_empty()) {
        let bad = || format!("规则“{part}”读不懂");
        match part.split_once('=').map_or((part, ""), |(name, value)| (name.trim(), value.trim())) {
            ("最小", value) => rule.min = Some(value.parse().map_err(|_| bad())?),
            ("最大", value) => rule.max = Some(value.parse().map_err(|_| bad())?),
            ("最少字", value) => rule.min_chars = Some(value.parse().map_err(|_| bad())?),
            ("最多字", value) => rule.max_chars = Some(value.parse().map_err(|_| bad())?),
            ("不晚于今天", _) => rule.past = true,
            ("不早于今天", _) => rule.future = true,
            _ => return Err(bad()),
        }
    }
    Ok(rule)
}

/// 每一栏与它的段名，末尾三行空的给人添。
pub(super) fn rows(form: &FormSchema) -> Vec<(String, FormField)> {
    let mut rows: Vec<(String, FormField)> =
        form.sections.iter().flat_map(|section| section.fields.iter().map(|field| (section.title.clone(), field.clone()))).collect();
    rows.extend(std::iter::repeat_n((String::new(), FormField::default()), 3));
    rows
}

/// 表单 → 申报表；标签空着的行不要。
pub(super) fn apply(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    let at = |values: &[String], n: usize| values.get(n).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mut sections: Vec<Section> = Vec::new();
    for (n, label) in form.f_label.iter().map(|label| label.trim()).enumerate().filter(|(_, label)| !label.is_empty()) {
        let title = Some(at(&form.f_section, n)).filter(|title| !title.is_empty());
        let title = title.or_else(|| sections.last().map(|section| section.title.clone())).unwrap_or_else(|| "申请内容".to_owned());
        let kind = KINDS.iter().find(|(kind, _)| kind.as_str() == at(&form.f_kind, n)).map_or(FieldKind::Text, |(kind, _)| *kind);
        let rule = read_rule(&at(&form.f_rule, n)).unwrap_or_else(|fault| {
            checks.ensure(false, "form", "rule", format!("“{label}”的{fault}，写成“最小=1，最大=500，比如=46”这样"));
            Rule::default()
        });
        let field = FormField {
            name: Some(at(&form.f_name, n)).filter(|name| !name.is_empty()).unwrap_or_else(|| format!("f{}", n + 1)),
            label: label.to_owned(),
            kind,
            hint: at(&form.f_hint, n),
            unit: at(&form.f_unit, n),
            required: at(&form.f_required, n) != "0",
            options: read_options(&at(&form.f_options, n)),
            rule,
            prefill: at(&form.f_prefill, n),
            when: read_when(&at(&form.f_when, n)),
        };
        let hint = g.form.sections.iter().find(|section| section.title == title).map(|section| section.hint.clone()).unwrap_or_default();
        match sections.iter_mut().find(|section| section.title == title) {
            Some(section) => section.fields.push(field),
            None => sections.push(Section { title, hint, fields: vec![field] }),
        }
    }
    g.form = FormSchema { sections };
    for fault in g.form.faults() {
        checks.ensure(false, "form", "form-fault", fault);
    }
}

/// 少用的几样填了没有：填了的一打开就露着；选择题要写选项，也露着。
pub(super) fn has_more(field: &FormField) -> bool {
    let chooses = matches!(field.kind, FieldKind::Radio | FieldKind::Select | FieldKind::Checkbox);
    let texts = [&field.hint, &field.unit, &field.prefill, &write_options(&field.options), &write_rule(&field.rule), &when_of(field)];
    chooses || texts.iter().any(|text| !text.is_empty())
}

pub(super) fn when_of(field: &FormField) -> String {
    write_when(&field.when)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 打开再原样保存，什么也不变。
    #[test]
    fn saving_unchanged_keeps_the_form() {
        for complete in crate::complete::built_in().unwrap() {
            let mut guide = complete.guide.clone();
            let rows = rows(&guide.form);
            let column = |write: &dyn Fn(&(String, FormField)) -> String| rows.iter().map(write).collect::<Vec<_>>();
            let form = EditForm {
                f_section: column(&|(section, _)| section.clone()),
                f_name: column(&|(_, f)| f.name.clone()),
                f_label: column(&|(_, f)| f.label.clone()),
                f_kind: column(&|(_, f)| f.kind.as_str().to_owned()),
                f_required: column(&|(_, f)| if f.required { "1" } else { "0" }.to_owned()),
                f_hint: column(&|(_, f)| f.hint.clone()),
                f_unit: column(&|(_, f)| f.unit.clone()),
                f_options: column(&|(_, f)| write_options(&f.options)),
                f_rule: column(&|(_, f)| write_rule(&f.rule)),
                f_prefill: column(&|(_, f)| f.prefill.clone()),
                f_when: column(&|(_, f)| when_of(f)),
                ..EditForm::default()
            };
            let mut checks = Checks::new();
            apply(&form, &mut guide, &mut checks);
            checks.finish().unwrap();
            assert_eq!(guide.form, complete.guide.form, "{}", complete.guide.name);
        }
    }

    #[test]
    fn faults_are_named() {
        let form = EditForm {
            f_label: vec!["面积".into(), "业态".into()],
            f_kind: vec!["number".into(), "radio".into()],
            f_rule: vec!["最小=很小".into()],
            f_options: vec![String::new(), "甲".into()],
            ..EditForm::default()
        };
        let mut checks = Checks::new();
        apply(&form, &mut Guide::default(), &mut checks);
        let errors = checks.finish().unwrap_err().errors;
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["rule", "form-fault"]);
    }

    #[test]
    fn an_unknown_source_is_named() {
        let saved = |prefill: &str| {
            let form = EditForm { f_label: vec!["姓名".into()], f_prefill: vec![prefill.into()], ..EditForm::default() };
            let mut checks = Checks::new();
            apply(&form, &mut Guide::default(), &mut checks);
            checks.finish()
        };
        for known in PREFILLS.iter().map(|(source, _)| *source).chain(["", "licence.营业执照.住所"]) {
            assert!(saved(known).is_ok(), "{known}");
        }
        for unknown in ["holder_name", "licence.", "licence.营业执照", "person.age"] {
            assert!(saved(unknown).unwrap_err().errors[0].detail.contains("不认识"), "{unknown}");
        }
    }
}
