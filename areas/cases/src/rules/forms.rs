//! 申请内容的检查：申请人、表单、材料、情况选择；一次给全。

use std::collections::BTreeMap;

use jiff::civil::Date;
use tongban_kernel::codes::{self, DivisionCode, IdNumber, Mobile, Uscc};
use tongban_kernel::problem::{Checks, FieldError, Reason};

use crate::model::{Applicant, Field, FieldKind, MaterialStatus, Offer, holds};

/// 表单内容：字段名 → 填的值。
pub type Form = BTreeMap<String, String>;

/// 检查申请人并规范写法。
pub fn applicant(checks: &mut Checks, input: &Applicant, today: Date) -> Applicant {
    let mut clean = input.clone();
    if input.is_legal {
        let name = input.name.trim();
        checks.ensure((2..=100).contains(&name.chars().count()), "name", "length", "请填写单位全称，与营业执照或登记证一致");
        clean.name = name.to_owned();
        clean.id_type = "uscc".to_owned();
        if let Some(code) = checks.take("id_number", Uscc::parse(&input.id_number)) {
            clean.id_number = code.to_string();
        }
        if input.contact.trim().is_empty() {
            checks.ensure(false, "contact", "required", "企业、单位办理的，请填写经办人姓名");
        } else if let Some(contact) = checks.take("contact", codes::person_name(&input.contact)) {
            clean.contact = contact;
        }
    } else {
        if let Some(name) = checks.take("name", codes::person_name(&input.name)) {
            clean.name = name;
        }
        if input.id_type.is_empty() || input.id_type == "111" {
            clean.id_type = "111".to_owned();
            if let Some(id) = checks.take("id_number", IdNumber::parse(&input.id_number, today)) {
                clean.id_number = id.as_str().to_owned();
            }
        } else {
            let number: String = input.id_number.trim().to_uppercase();
            let sane = (5..=30).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
            checks.ensure(sane, "id_number", "id-format", "证件号应为 5 到 30 位字母或数字，请按证件填写");
            clean.id_number = number;
        }
        clean.contact = if input.contact.trim().is_empty() { clean.name.clone() } else { input.contact.trim().to_owned() };
    }
    if let Some(mobile) = checks.take("mobile", Mobile::parse(&input.mobile)) {
        clean.mobile = mobile.as_str().to_owned();
    }
    checks.ensure(input.address.chars().count() <= 200, "address", "length", "地址不超过 200 字");
    clean.address = input.address.trim().to_owned();
    clean
}

/// 检查表单并规范写法；能从申请人带出的用带出的，不认识的字段丢弃。
pub fn form(checks: &mut Checks, offer: &Offer, chosen: &[String], who: &Applicant, input: &Form, today: Date) -> Form {
    let mut clean = Form::new();
    for field in offer.fields_for(chosen) {
        let typed = input.get(&field.key).map_or("", String::as_str).trim();
        if let Some(known) = field.prefilled(who) {
            // 申请人那一栏已经查过、说过，不再报一遍
            clean.insert(field.key.clone(), field_value(field, known, today).unwrap_or_else(|_| known.to_owned()));
            continue;
        }
        if typed.is_empty() {
            checks.ensure(!field.required, &field.key, "required", format!("请填写{}", field.label));
            continue;
        }
        if let Some(value) = checks.take(&field.key, field_value(field, typed, today)) {
            clean.insert(field.key.clone(), value);
        }
    }
    clean
}

/// 窗口录的：与申请人相同、会自动带出的几栏也填了字的，填得要合格、要与申请人一致——不悄悄丢掉。
pub fn repeated(checks: &mut Checks, offer: &Offer, chosen: &[String], who: &Applicant, input: &Form, today: Date) {
    for field in offer.fields_for(chosen) {
        let typed = input.get(&field.key).map_or("", String::as_str).trim();
        let Some(known) = field.prefilled(who).filter(|_| !typed.is_empty()) else { continue };
        if let Some(value) = checks.take(&field.key, field_value(field, typed, today)) {
            checks.ensure(value == known, &field.key, "same", format!("{}与上面申请人填的不一样：一样的不用填，错了的请改上面", field.label));
        }
    }
}

/// 一项的值。
///
/// # Errors
/// 不合格：哪里错、怎么改。
pub fn field_value(field: &Field, raw: &str, today: Date) -> Result<String, Reason> {
    let limit = if field.kind == FieldKind::Textarea { 2_000 } else { 200 };
    if raw.chars().count() > limit {
        return Err(Reason::new("length", format!("{}不超过 {limit} 字", field.label)));
    }
    match field.kind {
        FieldKind::Text | FieldKind::Textarea => Ok(raw.to_owned()),
        FieldKind::Number => number(field, raw),
        FieldKind::Date => raw
            .parse::<Date>()
            .map(|date| date.to_string())
            .map_err(|_| Reason::new("date", format!("{}要填日期，如 {today}", field.label))),
        FieldKind::Radio | FieldKind::Select => {
            if field.options.iter().any(|choice| choice.key == raw) {
                Ok(raw.to_owned())
            } else {
                Err(Reason::new("choice", format!("请选择{}", field.label)))
            }
        }
        FieldKind::Integer => {
            let plain = number(field, raw)?;
            plain.parse::<i64>().map(|n| n.to_string()).map_err(|_| Reason::new("number", format!("{}要填整数，比如 3", field.label)))
        }
        FieldKind::Money => {
            let plain = number(field, raw)?;
            let fine = plain.split_once('.').is_none_or(|(_, cents)| cents.len() <= 2) && !plain.starts_with('-');
            if fine { Ok(plain) } else { Err(Reason::new("money", format!("{}要填金额，至多两位小数，比如 46.50", field.label))) }
        }
        FieldKind::Checkbox => {
            let known = raw.split(',').all(|part| field.options.iter().any(|choice| choice.key == part));
            if known { Ok(raw.to_owned()) } else { Err(Reason::new("choice", format!("请选择{}", field.label))) }
        }
        FieldKind::Division => DivisionCode::parse(raw).map(|code| code.to_string()),
        FieldKind::Mobile => Mobile::parse(raw).map(|mobile| mobile.to_string()),
        FieldKind::Phone => codes::phone(raw),
        FieldKind::Id => IdNumber::parse(raw, today).map(|id| id.as_str().to_owned()),
        FieldKind::Uscc => Uscc::parse(raw).map(|code| code.to_string()),
    }
}

fn number(field: &Field, raw: &str) -> Result<String, Reason> {
    let half: String = raw.chars().map(|c| if ('０'..='９').contains(&c) { char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c) } else { c }).collect();
    let plain = half.replace(',', "");
    let sane = plain.len() <= 15
        && plain.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-')
        && plain.parse::<f64>().is_ok_and(f64::is_finite);
    if sane { Ok(plain) } else { Err(Reason::new("number", format!("{}要填数字，比如 46", field.label))) }
}

/// 检查情况选择：每问必选其一。
pub fn situations(checks: &mut Checks, offer: &Offer, chosen: &[String]) {
    for situation in offer.situations.iter().filter(|situation| holds(&situation.when, chosen)) {
        let answered = situation.options.iter().any(|choice| chosen.contains(&choice.key));
        checks.ensure(answered, &format!("s_{}", situation.key), "required", format!("请选择：{}", situation.question));
        let stop = situation.options.iter().filter(|choice| chosen.contains(&choice.key)).find_map(|choice| choice.stop.clone());
        if let Some(stop) = stop {
            checks.push(FieldError::new(&format!("s_{}", situation.key), "stop", stop));
        }
    }
}

/// 检查材料：必要材料要有；只有容缺材料（ISNEED=3）可以后补。
pub fn materials(checks: &mut Checks, offer: &Offer, chosen: &[String], status: &BTreeMap<String, MaterialStatus>) {
    for material in offer.materials_for(chosen) {
        // 免提交的不用申请人动手
        let default = if material.by_licence { MaterialStatus::Licence } else { MaterialStatus::Missing };
        let now = status.get(&material.key).copied().filter(|now| *now != MaterialStatus::Missing).unwrap_or(default);
        let field = format!("m_{}", material.key);
        match now {
            MaterialStatus::Deferred => checks.ensure(
                material.deferrable(),
                &field,
                "not-deferrable",
                format!("“{}”是主要材料，不能容缺后补，请现在提交", material.name),
            ),
            MaterialStatus::Promised => checks.ensure(
                material.by_promise || offer.commitment,
                &field,
                "not-promisable",
                format!("“{}”不能用承诺代替，请上传", material.name),
            ),
            now => checks.ensure(
                now.is_supplied() || !material.required(),
                &field,
                "required",
                format!("还差“{}”，请上传{}", material.name, if material.deferrable() { "，或选择容缺后补" } else { "" }),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{person, sample_offer};
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 23);

    #[test]
    fn a_person_and_a_company() {
        let mut checks = Checks::new();
        let clean = applicant(&mut checks, &Applicant { id_number: "510811198512120022 ".into(), ..person() }, TODAY);
        assert!(checks.is_empty());
        assert_eq!((clean.id_number.as_str(), clean.contact.as_str()), ("510811198512120022", clean.name.as_str()));

        let mut checks = Checks::new();
        let company = Applicant { is_legal: true, name: "昭化某餐饮店".into(), id_number: "92510811MA0000031n".into(), contact: "王建国".into(), ..person() };
        assert_eq!(applicant(&mut checks, &company, TODAY).id_number, "92510811MA0000031N");
        assert!(checks.is_empty());
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let mut checks = Checks::new();
        applicant(&mut checks, &Applicant::default(), TODAY);
        form(&mut checks, &sample_offer(), &[], &person(), &Form::from([("area".into(), "四十六".into())]), TODAY);
        let problem = checks.finish().unwrap_err();
        let fields: Vec<_> = problem.errors.iter().map(|error| error.field().to_owned()).collect();
        assert_eq!(fields, ["name", "id_number", "mobile", "area", "water"]);
        assert_eq!(problem.errors[3].detail, "经营面积要填数字，比如 46");
    }

    #[test]
    fn unknown_fields_are_dropped_and_numbers_cleaned() {
        let mut checks = Checks::new();
        let input = Form::from([("area".into(), "１,２46".into()), ("water".into(), "y".into()), ("evil".into(), "x".into())]);
        let clean = form(&mut checks, &sample_offer(), &[], &person(), &input, TODAY);
        assert!(checks.is_empty());
        assert_eq!(clean, Form::from([("area".into(), "1246".into()), ("water".into(), "y".into())]));
    }

    #[test]
    fn only_deferrable_materials_may_wait() {
        let offer = sample_offer();
        let status = |key: &str, status| BTreeMap::from([("plan".to_owned(), MaterialStatus::Uploaded), (key.to_owned(), status)]);
        let errors = |status: &BTreeMap<String, MaterialStatus>| {
            let mut checks = Checks::new();
            materials(&mut checks, &offer, &["small".into()], status);
            checks.finish().err().map_or(0, |problem| problem.errors.len())
        };
        assert_eq!(errors(&BTreeMap::new()), 2);
        assert_eq!(errors(&status("lease", MaterialStatus::Deferred)), 0);
        assert_eq!(errors(&status("plan", MaterialStatus::Deferred)), 2);
        assert_eq!(errors(&status("lease", MaterialStatus::Uploaded)), 0);
    }

    #[test]
    fn each_question_needs_an_answer() {
        let mut checks = Checks::new();
        situations(&mut checks, &sample_offer(), &[]);
        assert_eq!(checks.finish().unwrap_err().errors[0].field(), "s_size");
        let mut checks = Checks::new();
        situations(&mut checks, &sample_offer(), &["small".into()]);
        assert!(checks.is_empty());
    }

    #[test]
    fn what_the_window_types_twice_must_be_right_and_the_same() {
        let mut offer = sample_offer();
        let field = |key: &str, kind, prefill: &str| Field { key: key.into(), label: "身份证号".into(), kind, prefill: prefill.into(), ..Field::default() };
        offer.fields = vec![field("f_id", FieldKind::Id, "person.id_number"), field("child_id", FieldKind::Id, "")];
        let wrong = |own: &str| {
            let input = Form::from([("f_id".into(), own.into()), ("child_id".into(), "12".into())]);
            let mut checks = Checks::new();
            repeated(&mut checks, &offer, &[], &person(), &input, TODAY);
            form(&mut checks, &offer, &[], &person(), &input, TODAY);
            checks.finish().unwrap_err().errors.iter().map(|error| (error.field().to_owned(), error.code.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(wrong("12").iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["f_id", "child_id"], "两栏都按身份证号查");
        assert_eq!(wrong("51081119850101001X").len(), 2, "校验位不对");
        assert_eq!(wrong("510811198512120022").len(), 1, "与申请人一样的可以");
        assert_eq!(wrong("").len(), 1, "不填自动带出");
        // 上面的证件号填错了，只在上面说
        let mut checks = Checks::new();
        form(&mut checks, &Offer { fields: vec![field("f_id", FieldKind::Id, "person.id_number")], ..sample_offer() }, &[], &Applicant { id_number: "12".into(), ..person() }, &Form::new(), TODAY);
        assert!(checks.is_empty());
        assert_eq!(wrong("11010519491231002X")[0], ("f_id".to_owned(), "same".to_owned()));
    }

    #[test]
    fn what_the_applicant_already_told_is_not_asked_again() {
        let mut offer = sample_offer();
        offer.fields = vec![
            Field { key: "f_name".into(), label: "姓名".into(), required: true, prefill: "person.name".into(), ..Field::default() },
            Field { key: "unit".into(), label: "单位".into(), required: true, prefill: "entity.name".into(), ..Field::default() },
        ];
        let mut checks = Checks::new();
        let clean = form(&mut checks, &offer, &[], &person(), &Form::from([("f_name".into(), "别人".into())]), TODAY);
        assert_eq!(clean, Form::from([("f_name".into(), "王秀兰".into())]));
        assert_eq!(checks.finish().unwrap_err().errors[0].field(), "unit");
    }
}
