//! 三方合并：打开之后别人存过，再存时自己动过的以自己的为准，没动过的用别人存的。
//!
//! 表单只带回打开时各要素的指纹（`marks`），不带整份指南；材料等有短名的清单逐条合。

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use crate::model::Guide;

/// 一个要素的指纹；只在一次编辑之内比，撞上也只是当作没动过。
fn mark(value: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// 逐条合的清单：每条都有不重的短名。
fn keyed(value: &Value) -> Option<Vec<(&str, &Value)>> {
    let Value::Array(all) = value else { return None };
    let named: Option<Vec<_>> = all.iter().map(|one| Some((one.get("id")?.as_str().filter(|id| !id.is_empty())?, one))).collect();
    named.filter(|named| named.iter().enumerate().all(|(n, (id, _))| named.iter().skip(n + 1).all(|(other, _)| other != id)))
}

/// 各要素的路径与指纹：对象再往里一层，清单按短名。
fn leaves(value: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let Value::Object(top) = value else { return out };
    for (key, value) in top {
        match value {
            Value::Object(inner) => out.extend(inner.iter().map(|(name, value)| (format!("{key}/{name}"), mark(value)))),
            _ => match keyed(value) {
                Some(rows) => out.extend(rows.into_iter().map(|(id, value)| (format!("{key}/{id}"), mark(value)))),
                None => {
                    out.insert(key.clone(), mark(value));
                }
            },
        }
    }
    out
}

/// 随表单带回的指纹。
pub(super) fn marks(guide: &Guide) -> String {
    let value = serde_json::to_value(guide).unwrap_or_default();
    leaves(&value).into_iter().map(|(path, mark)| format!("{path}={mark}")).collect::<Vec<_>>().join(" ")
}

/// 打开时的指纹。
struct Opened<'a>(BTreeMap<&'a str, &'a str>);

impl Opened<'_> {
    /// 与打开时一样：没动过。
    fn untouched(&self, path: &str, value: &Value) -> bool {
        self.0.get(path).is_some_and(|known| *known == mark(value))
    }
}

/// 自己动过的用自己的，没动过的用库里的；没有带指纹来的照自己的。
pub(super) fn merged(base: &str, stored: &Guide, mine: &Guide) -> Guide {
    let opened = Opened(base.split_whitespace().filter_map(|pair| pair.split_once('=')).collect());
    let (Ok(Value::Object(theirs)), Ok(Value::Object(ours))) = (serde_json::to_value(stored), serde_json::to_value(mine)) else { return mine.clone() };
    if opened.0.is_empty() {
        return mine.clone();
    }
    let mut out = Map::new();
    for (key, value) in ours {
        let other = theirs.get(&key).cloned().unwrap_or_default();
        let whole = match (&value, &other) {
            (Value::Object(inner), Value::Object(stored)) => object(&opened, &key, inner, stored),
            _ => match (keyed(&value), keyed(&other)) {
                (Some(inner), Some(stored)) => rows(&opened, &key, &inner, &stored),
                _ if opened.untouched(&key, &value) => other,
                _ => value,
            },
        };
        out.insert(key, whole);
    }
    serde_json::from_value(Value::Object(out)).unwrap_or_else(|_| mine.clone())
}

fn object(opened: &Opened<'_>, key: &str, mine: &Map<String, Value>, stored: &Map<String, Value>) -> Value {
    let pick = |name: &String, value: &Value| {
        let untouched = opened.untouched(&format!("{key}/{name}"), value);
        let kept = if untouched { stored.get(name).unwrap_or(value) } else { value };
        (name.clone(), kept.clone())
    };
    Value::Object(mine.iter().map(|(name, value)| pick(name, value)).collect())
}

/// 先后照自己的；别人加的排在后面，别人删的、自己没动过的也删。
fn rows(opened: &Opened<'_>, key: &str, mine: &[(&str, &Value)], stored: &[(&str, &Value)]) -> Value {
    let theirs = |id: &str| stored.iter().find(|(known, _)| *known == id).map(|(_, value)| (*value).clone());
    let mut all: Vec<Value> = mine
        .iter()
        .filter_map(|(id, value)| if opened.untouched(&format!("{key}/{id}"), value) { theirs(id) } else { Some((*value).clone()) })
        .collect();
    let added = stored.iter().filter(|(id, _)| !opened.0.contains_key(format!("{key}/{id}").as_str()) && mine.iter().all(|(known, _)| known != id));
    all.extend(added.map(|(_, value)| (*value).clone()));
    Value::Array(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guide() -> Guide {
        crate::complete::built_in().unwrap().remove(0).guide
    }

    #[test]
    fn what_i_did_not_touch_is_theirs_and_what_i_touched_is_mine() {
        let opened = guide();
        let (mut theirs, mut mine) = (opened.clone(), opened.clone());
        theirs.summary = "别人改的".into();
        theirs.consult_phone = "0839-1".into();
        theirs.remedy.court = "别人写的法院".into();
        mine.name = "我改的".into();
        mine.consult_phone = "0839-2".into();
        mine.remedy.review_org = "我写的机关".into();
        let both = merged(&marks(&opened), &theirs, &mine);
        assert_eq!((both.name.as_str(), both.summary.as_str(), both.consult_phone.as_str()), ("我改的", "别人改的", "0839-2"));
        assert_eq!((both.remedy.court.as_str(), both.remedy.review_org.as_str()), ("别人写的法院", "我写的机关"));
        assert_eq!(merged(&marks(&opened), &theirs, &opened), theirs, "什么都没动，就是别人存的");
        assert_eq!(merged("", &theirs, &mine), mine, "没有带指纹来的照自己的");
    }

    #[test]
    fn materials_are_merged_one_by_one() {
        let opened = guide();
        assert!(opened.materials.len() >= 3);
        let (mut theirs, mut mine) = (opened.clone(), opened.clone());
        theirs.materials[0].hint = "别人改的提示".into();
        theirs.materials.remove(1);
        theirs.materials.push(crate::model::guide::Material { id: "added".into(), name: "别人加的".into(), ..opened.materials[0].clone() });
        mine.materials[2].name = "我改的名称".into();
        let both = merged(&marks(&opened), &theirs, &mine);
        assert_eq!(both.materials[0].hint, "别人改的提示");
        let names: Vec<&str> = both.materials.iter().map(|m| m.name.as_str()).collect();
        assert!(names.contains(&"我改的名称") && names.contains(&"别人加的") && !names.contains(&opened.materials[1].name.as_str()), "{names:?}");
    }
}
