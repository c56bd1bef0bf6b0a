//! 事项快照：办件固定引用受理时的那一版（cases §2.3 第 4 条），与事项区的内部结构脱开。

use serde::{Deserialize, Serialize};
use tongban_kernel::Place;

use super::case::Applicant;
use super::flow::Flow;

/// 一版可申办的事项。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Offer {
    pub item_id: i64,
    pub version: i64,
    pub code: String,
    pub name: String,
    pub task_type: String,
    pub place: Place,
    /// 受理机关区划前 6 位。
    pub region: String,
    pub org_name: String,
    /// 机关代字，如“广昭审”；没有时文号用缺省代字。
    pub doc_prefix: Option<String>,
    pub phone: Option<String>,
    /// 现在能不能申办。
    pub open: bool,
    pub closed_reason: Option<String>,
    /// 承诺、法定时限，工作日。
    pub promise_days: u32,
    pub legal_days: u32,
    /// 即办件。
    pub instant: bool,
    /// 可以网上申办。
    pub online: bool,
    pub min_real_level: u8,
    pub for_person: bool,
    pub for_legal: bool,
    /// 承办、审核、批准可以是同一人（即办、乡镇便民）。
    pub single_post: bool,
    /// 办件与评价都不公开的事项（涉密、信访举报类）。
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// 可以告知承诺。
    pub commitment: bool,
    /// 声明可以停表的程序（29–32）。
    pub stoppable: Vec<u8>,
    /// 准予后出的证照名称；不出证照为空。
    pub licence: Option<String>,
    pub situations: Vec<Situation>,
    /// 某些情况下不同的时限。
    pub variants: Vec<Variant>,
    pub materials: Vec<OfferMaterial>,
    pub fields: Vec<Field>,
    /// 受理之后的环节。
    #[serde(default)]
    pub flow: Flow,
    /// 一件事里各成员的编码；单个事项为空。
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// 一个要先问清的情况。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Situation {
    pub key: String,
    pub question: String,
    pub options: Vec<Choice>,
    /// 前面选了什么才问这一题；空表示总是问。
    pub when: Vec<String>,
}

/// 某些情况下的时限，工作日；没写的按事项本身。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Variant {
    pub when: Vec<String>,
    pub promise_days: Option<u32>,
    pub legal_days: Option<u32>,
}

/// `when` 里的选项键写作“题.选项”：同一题选中任一即可，不同的题都要满足；空表示总是满足。
#[must_use]
pub fn holds(when: &[String], chosen: &[String]) -> bool {
    let question = |key: &str| key.split_once('.').map_or(String::new(), |(question, _)| question.to_owned());
    when.iter().all(|key| {
        let asked = question(key);
        when.iter().any(|other| question(other) == asked && chosen.contains(other))
    })
}

/// 选项。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Choice {
    pub key: String,
    pub label: String,
    /// 选了它就不用办这一项：为什么、该办什么。
    pub stop: Option<String>,
}

/// 要交的一样材料。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OfferMaterial {
    pub key: String,
    pub name: String,
    /// 1 必要 2 非必要 3 容缺（ISNEED）。
    pub need: u8,
    pub copies: u32,
    pub hint: Option<String>,
    /// 选了其中任一选项才要；空表示总是要。
    pub when: Vec<String>,
    /// 可以告知承诺代替。
    pub by_promise: bool,
    /// 可以从证照库或共享核验取得，免提交。
    pub by_licence: bool,
}

/// 表单里的一项。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Field {
    pub key: String,
    pub label: String,
    pub kind: FieldKind,
    pub required: bool,
    pub options: Vec<Choice>,
    pub hint: Option<String>,
    pub unit: Option<String>,
    /// 哪些情况才要填；空表示总是要填。
    pub when: Vec<String>,
    /// 从申请人信息带出：`person.name`、`person.id_number`、`person.mobile`、`entity.name`、`entity.uscc`。
    #[serde(default)]
    pub prefill: String,
}

impl Field {
    /// 能从申请人带出的值；带得出的不让填。
    #[must_use]
    pub fn prefilled<'a>(&self, who: &'a Applicant) -> Option<&'a str> {
        let value = match self.prefill.as_str() {
            "person.name" if who.is_legal => &who.contact,
            "person.name" => &who.name,
            "person.id_number" if !who.is_legal => &who.id_number,
            "person.mobile" => &who.mobile,
            "person.address" | "entity.address" => &who.address,
            "entity.name" if who.is_legal => &who.name,
            "entity.uscc" | "entity.id_number" if who.is_legal => &who.id_number,
            _ => return None,
        };
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// 值给人看的样子：选项显示名称，数字带单位。
    #[must_use]
    pub fn shown(&self, value: &str) -> String {
        let labels: Vec<&str> = self.options.iter().filter(|c| value.split(',').any(|part| part == c.key)).map(|c| c.label.as_str()).collect();
        let label = (!labels.is_empty()).then(|| labels.join("、"));
        let unit = self.unit.as_deref().filter(|_| !value.is_empty()).map(|u| format!(" {u}")).unwrap_or_default();
        format!("{}{unit}", label.unwrap_or_else(|| value.to_owned()))
    }
}

/// 表单项的种类。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    #[default]
    Text,
    Textarea,
    Number,
    Integer,
    /// 元，至多两位小数。
    Money,
    Date,
    Radio,
    Select,
    /// 多选；存作逗号相连的选项。
    Checkbox,
    Mobile,
    Phone,
    Id,
    Uscc,
    /// 12 位区划。
    Division,
}

impl Offer {
    /// 在所选情况下要交的材料。
    pub fn materials_for<'a>(&'a self, chosen: &'a [String]) -> impl Iterator<Item = &'a OfferMaterial> {
        self.materials.iter().filter(|material| holds(&material.when, chosen))
    }

    /// 在所选情况下要填的表单项。
    pub fn fields_for<'a>(&'a self, chosen: &'a [String]) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(|field| holds(&field.when, chosen))
    }

    /// 在所选情况下的承诺、法定时限。
    #[must_use]
    pub fn limits_for(&self, chosen: &[String]) -> (u32, u32) {
        self.variants.iter().filter(|variant| holds(&variant.when, chosen)).fold((self.promise_days, self.legal_days), |(promise, legal), variant| {
            (variant.promise_days.unwrap_or(promise), variant.legal_days.unwrap_or(legal))
        })
    }

    /// 办的是哪几项：一件事是各成员，其余就是它自己。授权要管得到每一项。
    #[must_use]
    pub fn codes(&self) -> &[String] {
        if self.members.is_empty() { std::slice::from_ref(&self.code) } else { &self.members }
    }

    /// 办事指南在哪里看；一件事看一件事的页。
    #[must_use]
    pub fn guide_href(&self) -> String {
        self.code.strip_prefix("bundle:").map_or_else(|| format!("/items/{}", self.code), |number| format!("/events/{number}"))
    }

    #[must_use]
    pub fn material(&self, key: &str) -> Option<&OfferMaterial> {
        self.materials.iter().find(|material| material.key == key)
    }

    /// 三岗可以同一人。
    #[must_use]
    pub fn posts_may_coincide(&self) -> bool {
        self.instant || self.single_post
    }
}

impl OfferMaterial {
    #[must_use]
    pub fn deferrable(&self) -> bool {
        self.need == 3
    }

    #[must_use]
    pub fn required(&self) -> bool {
        self.need != 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_option_of_one_question_and_all_questions_together() {
        let keys = |list: &[&str]| list.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let when = keys(&["size.small", "size.middle", "food.cold"]);
        assert!(holds(&[], &[]));
        assert!(holds(&when, &keys(&["size.middle", "food.cold"])));
        assert!(!holds(&when, &keys(&["size.middle", "food.hot"])));
        assert!(!holds(&when, &keys(&["food.cold"])));
    }

    #[test]
    fn variants_change_the_limits() {
        let offer = Offer {
            promise_days: 5,
            legal_days: 20,
            variants: vec![Variant { when: vec!["size.large".into()], promise_days: Some(10), legal_days: None }],
            ..Offer::default()
        };
        assert_eq!(offer.limits_for(&["size.large".into()]), (10, 20));
        assert_eq!(offer.limits_for(&[]), (5, 20));
    }
}
