//! 当事人区的类型。

pub mod grant;

use tongban_kernel::mask;

/// 账号的种类。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    Citizen,
    Staff,
    Device,
}

impl AccountKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::Staff => "staff",
            Self::Device => "device",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Citizen, Self::Staff, Self::Device].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// 账号。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: i64,
    pub kind: AccountKind,
    /// 自然人行键；没有为 0。
    pub person: i64,
    /// 工作人员行键；没有为 0。
    pub staff: i64,
    /// argon2 散列。
    pub password: String,
    pub active: bool,
    /// 工作人员的登录名；群众的只存散列，这里为空。
    pub login: String,
    /// 口令是别人给的，登录后要先改。
    pub must_change: bool,
    /// 最迟哪一刻实名，毫秒。
    pub verify_by: Option<i64>,
    pub version: i64,
}

impl Account {
    /// 新账号。
    #[must_use]
    pub fn new(id: i64, kind: AccountKind, password: &str) -> Self {
        Self {
            id,
            kind,
            person: 0,
            staff: 0,
            password: password.to_owned(),
            active: true,
            login: String::new(),
            must_change: false,
            verify_by: None,
            version: 1,
        }
    }
}

/// 解密后的自然人；不实现 `Debug`，免得进日志。
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    pub id: i64,
    pub name: String,
    /// 证件类型，111 为居民身份证（accounts §2.4）。
    pub id_type: String,
    pub id_number: String,
    pub mobile: String,
    /// 属地：身份证前 6 位。
    pub region: String,
    pub real_level: i64,
}

impl Person {
    /// `王*`。
    #[must_use]
    pub fn masked_name(&self) -> String {
        mask::name(&self.name)
    }
}

/// 一件申请的申请人：自然人或法人；不实现 `Debug`。
#[derive(Clone, PartialEq, Eq)]
pub struct Applicant {
    /// `person` 或 `legal`。
    pub kind: &'static str,
    pub name: String,
    pub id_type: String,
    pub id_number: String,
    pub mobile: String,
    pub region: String,
}

/// 会话。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub account: i64,
    pub post: i64,
    pub legal_entity: i64,
    pub created: i64,
    pub seen: i64,
}

/// 对接凭证。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: i64,
    pub name: String,
    /// 空格分隔的权限码。
    pub scopes: String,
    pub tenant: i64,
    pub until: i64,
}

/// 注册时填的。
#[derive(Clone, Default)]
pub struct Registration {
    pub name: String,
    pub id_number: String,
    pub mobile: String,
    /// argon2 散列，在单元之外算好。
    pub password: String,
}

/// 法人：企业、个体户、农专社、事业单位、社会组织、机关。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalEntity {
    pub id: i64,
    /// 统一社会信用代码。
    pub code: String,
    pub name: String,
    /// 属地：登记机关区划 6 位。
    pub region: String,
}

/// 自然人在法人里的身份（accounts §3.2）。
pub const AGENT_ROLES: &[(&str, &str)] = &[("legal_person", "法定代表人、经营者"), ("manager", "管理员"), ("agent", "经办人")];
