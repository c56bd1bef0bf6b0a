//! 申报表 ↔ JSON Schema（2020-12）：别的系统照它校验、照它画表；本平台的控件、带出来源、情形条件放在 `x-` 开头的键里。

use serde_json::{Map, Value, json};

use super::{FieldKind, FormField, FormSchema, Section};

/// 方言的网址。
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

impl FormSchema {
    /// 写成 JSON Schema；段与次序记在 `x-sections`。
    #[must_use]
    pub fn json_schema(&self, title: &str) -> Value {
        let fields = || self.sections.iter().flat_map(|section| &section.fields);
        let properties: Map<String, Value> = fields().map(|field| (field.name.clone(), property(field))).collect();
        // 带情形条件的字段不是总要填
        let required: Vec<&str> = fields().filter(|field| field.required && field.when.always()).map(|field| field.name.as_str()).collect();
        let sections: Vec<Value> = self
            .sections
            .iter()
            .map(|section| {
                let names: Vec<&str> = section.fields.iter().map(|field| field.name.as_str()).collect();
                json!({ "title": section.title, "hint": section.hint, "fields": names })
            })
            .collect();
        json!({
            "$schema": DIALECT,
            "title": title,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
            "x-sections": sections,
        })
    }

    /// 从 [`FormSchema::json_schema`] 写出的读回来；不是这样写的为 `None`。
    #[must_use]
    pub fn from_json_schema(schema: &Value) -> Option<Self> {
        let properties = schema.get("properties")?.as_object()?;
        let sections = schema.get("x-sections")?.as_array()?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let section = |one: &Value| {
            let names = one.get("fields")?.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<&str>>>()?;
            let field = |name: &str| serde_json::from_value::<FormField>(properties.get(name)?.get("x-field")?.clone()).ok();
            let fields = names.into_iter().map(field).collect::<Option<Vec<FormField>>>()?;
            Some(Section { title: text(one, "title"), hint: text(one, "hint"), fields })
        };
        Some(Self { sections: sections.iter().map(section).collect::<Option<Vec<Section>>>()? })
    }
}

fn property(field: &FormField) -> Value {
    let mut shape = json!({ "title": field.label, "x-field": field });
    let ids: Vec<&str> = field.options.iter().map(|option| option.id.as_str()).collect();
    let rule = &field.rule;
    let mut set = |key: &str, value: Value| {
        shape[key] = value;
    };
    match field.kind {
        FieldKind::Number | FieldKind::Money | FieldKind::Integer => {
            set("type", json!(if field.kind == FieldKind::Integer { "integer" } else { "number" }));
            if field.kind == FieldKind::Money {
                set("multipleOf", json!(0.01));
            }
            rule.min.into_iter().for_each(|min| set("minimum", json!(min)));
            rule.max.into_iter().for_each(|max| set("maximum", json!(max)));
        }
        FieldKind::Date => {
            set("type", json!("string"));
            set("format", json!("date"));
        }
        FieldKind::Radio | FieldKind::Select => {
            set("type", json!("string"));
            set("enum", json!(ids));
        }
        FieldKind::Checkbox => {
            set("type", json!("array"));
            set("items", json!({ "type": "string", "enum": ids }));
            set("uniqueItems", json!(true));
        }
        kind => {
            set("type", json!("string"));
            let pattern = match kind {
                FieldKind::Mobile => Some("^1[0-9]{10}$"),
                FieldKind::IdNumber => Some("^[0-9]{17}[0-9X]$"),
                FieldKind::Uscc => Some("^[0-9A-HJ-NPQRTUWXY]{18}$"),
                FieldKind::Division => Some("^[0-9]{12}$"),
                _ => None,
            };
            pattern.into_iter().for_each(|pattern| set("pattern", json!(pattern)));
            rule.min_chars.into_iter().for_each(|least| set("minLength", json!(least)));
            rule.max_chars.into_iter().for_each(|most| set("maxLength", json!(most)));
        }
    }
    if !field.hint.is_empty() {
        shape["description"] = json!(field.hint);
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_survives_json_schema() {
        for complete in crate::complete::built_in().unwrap() {
            let schema = complete.guide.form.json_schema(&complete.guide.name);
            assert_eq!(FormSchema::from_json_schema(&schema), Some(complete.guide.form), "{}", complete.guide.name);
        }
    }

    #[test]
    fn rules_become_standard_keywords() {
        let form: FormSchema = serde_yaml_ng::from_str(
            "sections: [{title: 场所, fields: [
               {name: area, label: 面积, kind: number, rule: {min: 1, max: 500}},
               {name: kind, label: 业态, kind: radio, options: [{id: a, label: 甲}, {id: b, label: 乙}]},
               {name: day, label: 日子, kind: date, required: false},
               {name: extra, label: 另填, when: {kind: [a]}, rule: {max_chars: 9}}]}]",
        )
        .unwrap();
        let schema = form.json_schema("表");
        assert_eq!((&schema["properties"]["area"]["minimum"], &schema["properties"]["area"]["maximum"]), (&json!(1.0), &json!(500.0)));
        assert_eq!(schema["properties"]["kind"]["enum"], json!(["a", "b"]));
        assert_eq!(schema["properties"]["day"]["format"], "date");
        assert_eq!(schema["properties"]["extra"]["maxLength"], 9);
        assert_eq!(schema["required"], json!(["area", "kind"]), "带情形的、选填的不算总要填");
        assert_eq!(FormSchema::from_json_schema(&json!({"type": "object"})), None);
    }
}
