//! 验证的步骤、逐项结果与结论（规格 §3.4 的原词）。

use jiff::Timestamp;
use thiserror::Error;

use super::read::{Edition, Seal, SealedSignature};
use crate::cert::CertFault;
use crate::der::Malformed;

/// 验证的一步。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    S1,
    S2,
    S3,
    S4,
    G1,
    G2,
    G3,
    G4,
    G5,
    G6,
    G7,
}

impl Step {
    /// 印章的四步。
    pub const SEAL: [Step; 4] = [Step::S1, Step::S2, Step::S3, Step::S4];
    /// 签章的七步。
    pub const SIGNATURE: [Step; 7] = [Step::G1, Step::G2, Step::G3, Step::G4, Step::G5, Step::G6, Step::G7];

    /// 步骤号。
    pub fn code(self) -> &'static str {
        match self {
            Step::S1 => "S1",
            Step::S2 => "S2",
            Step::S3 => "S3",
            Step::S4 => "S4",
            Step::G1 => "G1",
            Step::G2 => "G2",
            Step::G3 => "G3",
            Step::G4 => "G4",
            Step::G5 => "G5",
            Step::G6 => "G6",
            Step::G7 => "G7",
        }
    }

    /// 名称。
    pub fn title(self) -> &'static str {
        match self {
            Step::S1 => "印章格式",
            Step::S2 => "制章者签名",
            Step::S3 => "制章者证书",
            Step::S4 => "印章有效期",
            Step::G1 => "签章格式",
            Step::G2 => "签章值",
            Step::G3 => "签章者证书",
            Step::G4 => "签章时间",
            Step::G5 => "原文杂凑",
            Step::G6 => "印章有效",
            Step::G7 => "签章者在印章证书列表",
        }
    }
}

/// 一步为什么没过。
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// 格式不对。
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// 算法不支持（只认 SM2-with-SM3）。
    #[error("签名算法 {0} 不支持，只认 SM2-with-SM3")]
    Algorithm(String),
    /// 签名值不合 DER。
    #[error("签名值格式错误：{0}")]
    SignatureFormat(Malformed),
    /// 签名验不过。
    #[error("签名与内容不符，内容被改动或不是本人所签")]
    Signature,
    /// 证书读不出。
    #[error("证书读不出：{0}")]
    CertMalformed(Malformed),
    /// 证书不可信。
    #[error(transparent)]
    Cert(#[from] CertFault),
    /// 没有可用的签章时间。
    #[error("读不出签章时间（旧版的时间戳令牌不支持）")]
    NoTime,
    /// 签章时间不在证书有效期。
    #[error("签章时间 {0} 不在签章者证书有效期内")]
    OutsideCert(Timestamp),
    /// 签章时间在将来。
    #[error("签章时间 {0} 晚于现在")]
    Future(Timestamp),
    /// 原文被改。
    #[error("原文的 SM3 与签章里的不符，原文被改动")]
    Data,
    /// 不在印章有效期。
    #[error("{0} 不在印章有效期内")]
    OutsideSeal(Timestamp),
    /// 内嵌的印章无效。
    #[error("印章无效：{} {}：{}", .0.code(), .0.title(), .1)]
    Seal(Step, Box<Fault>),
    /// 签章者不在列表。
    #[error("签章者证书不在印章的证书列表里")]
    NotListed,
}

/// 一步的结果。
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 通过。
    Passed,
    /// 没过。
    Failed(Fault),
    /// 前面读不出，无从验起。
    NotReached,
}

/// 逐项结果里的一项。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// 哪一步。
    pub step: Step,
    /// 结果。
    pub outcome: Outcome,
}

impl Check {
    pub(super) fn new(step: Step, result: Result<(), Fault>) -> Self {
        let outcome = match result {
            Ok(()) => Outcome::Passed,
            Err(fault) => Outcome::Failed(fault),
        };
        Self { step, outcome }
    }

    /// 第一步读不出：它失败，其余未及。
    pub(super) fn stopped(steps: &[Step], fault: Malformed) -> Vec<Self> {
        let mut checks: Vec<Self> = steps.iter().map(|step| Self { step: *step, outcome: Outcome::NotReached }).collect();
        if let Some(first) = checks.first_mut() {
            first.outcome = Outcome::Failed(Fault::Malformed(fault));
        }
        checks
    }
}

pub(super) fn first_fault(checks: &[Check]) -> Option<(Step, &Fault)> {
    checks.iter().find_map(|check| match &check.outcome {
        Outcome::Failed(fault) => Some((check.step, fault)),
        _ => None,
    })
}

/// 结论。`uncovered` 只由文件一层（OFD）得出，放在这里是为了全平台一张表。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conclusion {
    Valid,
    ValidExpiredNow,
    Tampered,
    SealInvalid,
    SignerNotAuthorized,
    CertUntrusted,
    RevokedBeforeSigning,
    Uncovered,
    Malformed,
    Unsupported,
}

impl Conclusion {
    /// 接口里的写法。
    pub fn code(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::ValidExpiredNow => "valid_expired_now",
            Self::Tampered => "tampered",
            Self::SealInvalid => "seal_invalid",
            Self::SignerNotAuthorized => "signer_not_authorized",
            Self::CertUntrusted => "cert_untrusted",
            Self::RevokedBeforeSigning => "revoked_before_signing",
            Self::Uncovered => "uncovered",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
        }
    }

    /// 给人看的一句话。
    pub fn text(self) -> &'static str {
        match self {
            Self::Valid => "有效",
            Self::ValidExpiredNow => "签时有效，印章或证书现已过期",
            Self::Tampered => "内容被改动",
            Self::SealInvalid => "印章无效",
            Self::SignerNotAuthorized => "签章者无权使用这枚印章",
            Self::CertUntrusted => "证书不可信",
            Self::RevokedBeforeSigning => "证书在签章之前已被撤销",
            Self::Uncovered => "有内容未被签名覆盖",
            Self::Malformed => "格式错误",
            Self::Unsupported => "不支持的版本或算法",
        }
    }

    /// 算不算有效（签时有效也算）。
    pub fn is_valid(self) -> bool {
        matches!(self, Self::Valid | Self::ValidExpiredNow)
    }
}

/// 验印章的报告。
#[derive(Debug, Clone)]
pub struct SealReport<'a> {
    /// 读出的印章；格式不对时为空。
    pub seal: Option<Seal<'a>>,
    /// 逐项结果。
    pub checks: Vec<Check>,
    /// 结论。
    pub conclusion: Conclusion,
}

/// 验签章的报告。
#[derive(Debug, Clone)]
pub struct SignatureReport<'a> {
    /// 读出的签章；格式不对时为空。
    pub signature: Option<SealedSignature<'a>>,
    /// 逐项结果 G1–G7。
    pub checks: Vec<Check>,
    /// 内嵌印章的逐项结果 S1–S4，按签章时间。
    pub seal_checks: Vec<Check>,
    /// 结论。
    pub conclusion: Conclusion,
}

impl SealReport<'_> {
    /// 第一处没过的步骤与原因。
    pub fn first_fault(&self) -> Option<(Step, &Fault)> {
        first_fault(&self.checks)
    }
}

impl SignatureReport<'_> {
    /// 第一处没过的步骤与原因。
    pub fn first_fault(&self) -> Option<(Step, &Fault)> {
        first_fault(&self.checks)
    }

    /// 印章结构的版本。
    pub fn edition(&self) -> Option<Edition> {
        self.signature.as_ref().map(|signature| signature.seal.edition)
    }
}
