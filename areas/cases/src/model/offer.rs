//! 事项快照：办件固定引用受理时的那一版（cases §2.3 第 4 条），与事项区的内部结构脱开。

use serde::{Deserialize, Serialize};
use tongban_kernel::Place;

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
    /// 可以告知承诺。
    pub commitment: bool,
    /// 声明可以停表的程序（29–32）。
    pub stoppable: Vec<u8>,
    /// 准予后出的证照名称；不出证照为空。
    pub licence: Option<String>,
    pub situations: Vec<Situation>,
    pub materials: Vec<OfferMaterial>,
    pub fields: Vec<Field>,
}

/// 一个要先问清的情况。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Situation {
    pub key: String,
    pub question: String,
    pub options: Vec<Choice>,
}

/// 选项。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Choice {
    pub key: String,
    pub label: String,
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
}

/// 表单项的种类。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    #[default]
    Text,
    Textarea,
    Number,
    Date,
    Radio,
    Select,
    Mobile,
    Id,
    Uscc,
}

impl Offer {
    /// 在所选情况下要交的材料。
    pub fn materials_for<'a>(&'a self, chosen: &'a [String]) -> impl Iterator<Item = &'a OfferMaterial> {
        self.materials.iter().filter(|material| material.when.is_empty() || material.when.iter().any(|key| chosen.contains(key)))
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
