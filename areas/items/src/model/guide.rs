//! 办事指南的内容：一个办理项的全部要素（items §4）。
//!
//! 工作稿与发布的快照是同一个类型；线上线下看到的是同一份（一库一源）。

use serde::{Deserialize, Serialize};
use tongban_kernel::FieldError;

use super::codes::{
    CopyType, DeptType, HandleArea, HandleForm, MaterialClass, MaterialFormat, Need, OnlineDepth, OnlineStep, PlaceKind, PowerSource,
    ProjectType, ResultType, ServiceObject, Source, TaskType, Waive, online_depth,
};
use super::form::FormSchema;
use super::limit::Limit;
use super::service::Service;
use super::situations::{Question, Variant, When};

/// 一份办事指南。缺省值即“还没填”。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guide {
    pub name: String,
    pub task_type: TaskType,
    /// 一句大白话：谁、什么时候要办。
    pub summary: String,
    /// 大白话别名，搜索用。
    pub aliases: Vec<String>,

    pub power_source: PowerSource,
    pub dept_type: DeptType,
    /// 委托部门：权力来源 5、6 时必填。
    pub entrust: String,
    /// 联办机构。
    pub joint_depts: Vec<String>,
    /// 设定依据。
    pub basis: Vec<Basis>,

    pub objects: Vec<ServiceObject>,
    pub person_themes: Vec<String>,
    pub corp_themes: Vec<String>,
    pub project_type: ProjectType,
    pub forms: Vec<HandleForm>,
    pub area: Option<HandleArea>,
    pub legal: Limit,
    pub promise: Limit,
    /// 到办事现场次数 0–9。
    pub visits: u8,
    /// 必须到现场的原因；次数为 0 时留空。
    pub visits_reason: String,
    pub online: Online,

    /// 受理条件，一条一句。
    pub conditions: Vec<String>,
    /// 数量限制；没有留空。
    pub quantity_limit: String,
    /// 特别程序（听证、招标、检验、鉴定、专家评审）；没有留空。
    pub special_procedure: String,
    /// 可以停表的特别程序（cases §3.4 的 29–32：公示公告、现场勘验、受理后补正、等待上级）。
    pub stoppable: Vec<u8>,
    /// 适用告知承诺。
    pub commitment: bool,
    /// 一人可办完：即办件与乡镇便民事项，豁免承办、审核、批准分岗。
    pub single_post: bool,
    /// 中介服务；没有留空。
    pub intermediary: String,

    /// 先问的问题；答案决定材料、时限、收费。
    pub questions: Vec<Question>,
    /// 不同情形下的不同时限、次数。
    pub variants: Vec<Variant>,
    pub materials: Vec<Material>,
    /// 明确不用交材料。
    pub no_materials: bool,
    pub fees: Vec<Fee>,
    pub fee_basis: String,
    pub pay_online: bool,
    pub steps: Vec<Step>,
    pub result: Outcome,

    pub entry_centre: bool,
    pub booking: bool,
    pub express: bool,
    pub terminal: bool,
    pub places: Vec<Place>,
    pub consult_phone: String,
    pub supervise_phone: String,

    pub faq: Vec<Faq>,
    /// 容易被退回的原因。
    pub pitfalls: Vec<String>,
    pub remedy: Remedy,
    /// 办理这一项最低的实名等级。
    pub real_level: u8,
    /// 本平台申报表。
    pub form: FormSchema,
    /// 经主管批准的豁免：从哪个指标的分母剔除、依据什么。
    pub exemptions: Vec<Exemption>,
    /// 综合窗口、印章、代办点等其余要素。
    pub service: Service,
}

impl Default for Guide {
    fn default() -> Self {
        Self {
            name: String::new(),
            task_type: TaskType::Service,
            summary: String::new(),
            aliases: Vec::new(),
            power_source: PowerSource::OwnLevel,
            dept_type: DeptType::Statutory,
            entrust: String::new(),
            joint_depts: Vec::new(),
            basis: Vec::new(),
            objects: Vec::new(),
            person_themes: Vec::new(),
            corp_themes: Vec::new(),
            project_type: ProjectType::Promised,
            forms: Vec::new(),
            area: None,
            legal: Limit::default(),
            promise: Limit::default(),
            visits: 0,
            visits_reason: String::new(),
            online: Online::default(),
            conditions: Vec::new(),
            quantity_limit: String::new(),
            special_procedure: String::new(),
            stoppable: Vec::new(),
            commitment: false,
            single_post: false,
            intermediary: String::new(),
            questions: Vec::new(),
            variants: Vec::new(),
            materials: Vec::new(),
            no_materials: false,
            fees: Vec::new(),
            fee_basis: String::new(),
            pay_online: false,
            steps: Vec::new(),
            result: Outcome::default(),
            entry_centre: false,
            booking: false,
            express: false,
            terminal: false,
            places: Vec::new(),
            consult_phone: String::new(),
            supervise_phone: String::new(),
            faq: Vec::new(),
            pitfalls: Vec::new(),
            remedy: Remedy::default(),
            real_level: 2,
            form: FormSchema::default(),
            exemptions: Vec::new(),
            service: Service::default(),
        }
    }
}

impl Guide {
    /// 网办等级。
    #[must_use]
    pub fn depth(&self) -> OnlineDepth {
        online_depth(&self.online.steps, self.visits)
    }

    /// 有网办地址或本平台能申报。
    #[must_use]
    pub fn entrance_open(&self) -> bool {
        self.online.here || !self.online.url.is_empty()
    }

    /// 是否收费。
    #[must_use]
    pub fn charges(&self) -> bool {
        !self.fees.is_empty()
    }

    /// 即办件。
    #[must_use]
    pub fn instant(&self) -> bool {
        self.project_type == ProjectType::Instant
    }

    /// 比上一版多要的材料必须写明依据（营商条例第35条、许可法第16条）。
    #[must_use]
    pub fn unfounded_additions(&self, previous: &Self) -> Vec<FieldError> {
        let known = |material: &Material| previous.materials.iter().any(|old| old.id == material.id);
        self.materials
            .iter()
            .enumerate()
            .filter(|(_, material)| !known(material) && !material.waived() && material.basis.trim().is_empty())
            .map(|(at, material)| {
                let detail = format!("“{}”是新增的材料，要写明依据：哪个文件、第几条要求的", material.name);
                FieldError::new(&format!("materials/{at}/basis"), "basis-required", detail)
            })
            .collect()
    }

    /// 内容是否齐到可以给群众看：有一句话、依据、条件、材料或明说不用、流程、地点。
    #[must_use]
    pub fn complete(&self) -> bool {
        !self.summary.is_empty()
            && !self.basis.is_empty()
            && !self.conditions.is_empty()
            && (self.no_materials || !self.materials.is_empty())
            && !self.steps.is_empty()
            && !self.places.is_empty()
    }
}

/// 设定依据：文件名、条款、原文要点。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Basis {
    /// 文件名，带书名号。
    pub title: String,
    /// 文号，没有留空。
    pub number: String,
    /// 条款：`第三十五条`。
    pub article: String,
    /// 要点。
    pub text: String,
}

/// 网上办理。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Online {
    /// 网上办理深度。
    pub steps: Vec<OnlineStep>,
    /// 在本平台申报。
    pub here: bool,
    /// 外部网办地址。
    pub url: String,
    /// 手机能申报。
    pub mobile: bool,
    /// 对接单点登录。
    pub single_login: bool,
}

/// 一份材料。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Material {
    /// 在办理项内唯一的短名，办件引用它。
    pub id: String,
    pub name: String,
    /// 怎么准备，一句大白话。
    pub hint: String,
    pub copy_type: CopyType,
    pub class: MaterialClass,
    pub format: MaterialFormat,
    pub need: Need,
    pub source: Source,
    /// 谁核发、从哪里来。
    pub source_note: String,
    pub waive: Waive,
    /// 免提交时取哪一类证照。
    pub licence_type: String,
    /// 份数。
    pub copies: u8,
    /// 空白表格、示例样表在文件库里的名字。
    pub blank_form: String,
    pub example: String,
    /// 审查要点。
    pub standard: String,
    /// 要求提供的依据。
    pub basis: String,
    /// 规格，比如 A4。
    pub page_format: String,
    pub remark: String,
    /// 哪些情形才要。
    pub when: When,
}

impl Default for Material {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            hint: String::new(),
            copy_type: CopyType::Original,
            class: MaterialClass::Certificate,
            format: MaterialFormat::Both,
            need: Need::Required,
            source: Source::Applicant,
            source_note: String::new(),
            waive: Waive::No,
            licence_type: String::new(),
            copies: 1,
            blank_form: String::new(),
            example: String::new(),
            standard: String::new(),
            basis: String::new(),
            page_format: "A4".to_owned(),
            remark: String::new(),
            when: When::default(),
        }
    }
}

impl Material {
    /// 不用申请人交。
    #[must_use]
    pub fn waived(&self) -> bool {
        matches!(self.waive, Waive::Licence | Waive::Sharing)
    }

    /// 可以先签承诺书。
    #[must_use]
    pub fn promisable(&self) -> bool {
        self.waive == Waive::Commitment || self.need == Need::Deferrable
    }
}

/// 一项收费。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fee {
    pub name: String,
    /// 标准，给人看的话：`每证 10 元`。
    pub standard: String,
    /// 金额（分）；按数量计的为单价。
    pub cents: i64,
    pub basis: String,
    /// 减免条件；不减免留空。
    pub reduction: String,
    pub remark: String,
    pub when: When,
}

/// 一个办理环节。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// 申请、受理、审查、决定、送达……
    pub name: String,
    /// 谁办，怎么办，一句话。
    pub note: String,
    /// 承办角色代码（accounts §5.2）。
    pub role: String,
    /// 时限，工作日。
    pub workdays: u32,
    /// 审查标准。
    pub standard: String,
    /// 环节结果。
    pub result: String,
}

/// 审批结果。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outcome {
    pub types: Vec<ResultType>,
    pub name: String,
    /// 结果样本在文件库里的名字。
    pub sample: String,
    /// 证照类型代码；发电子证照时填。
    pub licence_type: String,
    /// 有效期说明。
    pub validity: String,
}

/// 到哪里办。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    pub kind: PlaceKind,
    /// 点位库里的名字。
    pub name: String,
    pub window: String,
    pub address: String,
    /// `周一至周五 9:00—17:00`。
    pub hours: String,
    pub phone: String,
    pub transit: String,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            kind: PlaceKind::ServiceCentre,
            name: String::new(),
            window: String::new(),
            address: String::new(),
            hours: String::new(),
            phone: String::new(),
            transit: String::new(),
        }
    }
}

/// 常见问题。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faq {
    pub question: String,
    pub answer: String,
}

/// 不服怎么办。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Remedy {
    /// 行政复议机关与它的地址、电话。
    pub review_org: String,
    pub review_contact: String,
    /// 行政诉讼法院与它的地址、电话。
    pub court: String,
    pub court_contact: String,
}

/// 一项豁免。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exemption {
    /// `online` 不计网上可办、全程网办；`visit` 不计最多跑一次；`public` 办件与评价都不公开（涉密、信访举报类）。
    pub from: String,
    pub basis: String,
    pub approved_by: String,
}
