//! 验证的报告：逐步结果、签章的身份，与一个结论。

use jiff::Timestamp;
use tongban_gm::ses::{Check, Conclusion, Outcome as SesOutcome, SignatureReport};
use tongban_gm::{Certificate, hash};

use crate::read::{Rect, Structure};

/// 一步的结果。
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 通过；有话就说（如非国密）。
    Passed(String),
    /// 没过，为什么。
    Failed(String),
    /// 前面读不出，无从验起。
    NotReached,
}

/// 逐项结果里的一项。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 步骤号，如 `G2`、`O1`。
    pub code: &'static str,
    /// 名称。
    pub title: &'static str,
    /// 结果。
    pub outcome: Outcome,
}

impl Line {
    pub(super) fn passed(code: &'static str, title: &'static str) -> Self {
        Self { code, title, outcome: Outcome::Passed(String::new()) }
    }

    pub(super) fn failed(code: &'static str, title: &'static str, why: impl ToString) -> Self {
        Self { code, title, outcome: Outcome::Failed(why.to_string()) }
    }

    pub(super) fn not_reached(code: &'static str, title: &'static str) -> Self {
        Self { code, title, outcome: Outcome::NotReached }
    }

    fn from_ses(check: &Check) -> Self {
        let outcome = match &check.outcome {
            SesOutcome::Passed => Outcome::Passed(String::new()),
            SesOutcome::Failed(fault) => Outcome::Failed(fault.to_string()),
            SesOutcome::NotReached => Outcome::NotReached,
        };
        Self { code: check.step.code(), title: check.step.title(), outcome }
    }
}

/// 章盖在哪里。
#[derive(Debug, Clone, PartialEq)]
pub struct Stamp {
    /// 页的编号。
    pub page: String,
    /// 整枚章的外框，从页的左上角起算；骑缝章的外框会伸出页外。
    pub area: Rect,
    /// 只画外框里的这一块（骑缝），从外框的左上角起算。
    pub clip: Option<Rect>,
}

/// 一个签章。
#[derive(Debug, Clone)]
pub struct Signed {
    /// 签名编号。
    pub id: String,
    /// Signature.xml 的路径。
    pub path: String,
    /// 签章软件。
    pub provider: String,
    /// 印章名称。
    pub seal_name: String,
    /// 印章编码。
    pub es_id: String,
    /// 印章的 SM3，十六进制。
    pub seal_digest: String,
    /// 签章者证书的通用名。
    pub signer: String,
    /// 制章者证书的通用名。
    pub maker: String,
    /// 签章时间。
    pub signed_at: Option<Timestamp>,
    /// 印章有效期止。
    pub seal_valid_to: Option<Timestamp>,
    /// 印章图像：格式与字节。
    pub picture: Option<(String, Vec<u8>)>,
    /// 章在哪些页的哪里。
    pub stamps: Vec<Stamp>,
    /// 逐步结果。
    pub lines: Vec<Line>,
    /// 这个签章的结论。
    pub conclusion: Conclusion,
}

/// 一份文件的报告。
#[derive(Debug, Clone)]
pub struct Report {
    /// 标题。
    pub title: String,
    /// 业务字段。
    pub data: Vec<(String, String)>,
    /// 页数。
    pub pages: usize,
    /// 文件一层的逐步结果。
    pub lines: Vec<Line>,
    /// 各签章。
    pub signatures: Vec<Signed>,
    /// 结论：各步里最坏的。
    pub conclusion: Conclusion,
}

impl Signed {
    pub(super) fn new(id: &str, path: &str) -> Self {
        Self {
            id: id.to_owned(),
            path: path.to_owned(),
            provider: String::new(),
            seal_name: String::new(),
            es_id: String::new(),
            seal_digest: String::new(),
            signer: String::new(),
            maker: String::new(),
            signed_at: None,
            seal_valid_to: None,
            picture: None,
            stamps: Vec::new(),
            lines: Vec::new(),
            conclusion: Conclusion::Valid,
        }
    }

    pub(super) fn add(&mut self, line: Line, conclusion: Conclusion) {
        self.lines.push(line);
        self.conclusion = worse(self.conclusion, conclusion);
    }

    pub(super) fn note(&mut self, code: &'static str, title: &'static str, note: &str) {
        self.lines.push(Line { code, title, outcome: Outcome::Passed(note.to_owned()) });
    }

    pub(super) fn take(&mut self, report: &SignatureReport<'_>) {
        self.lines.extend(report.checks.iter().chain(&report.seal_checks).map(Line::from_ses));
        self.conclusion = worse(self.conclusion, report.conclusion);
        let Some(signature) = &report.signature else { return };
        let common = |der: &[u8]| Certificate::parse(der).map(|cert| cert.subject.common().to_owned()).unwrap_or_default();
        let seal = &signature.seal;
        self.seal_name = seal.name.to_owned();
        self.es_id = seal.es_id.to_owned();
        self.seal_digest = hash::hex(&hash::sm3(seal.raw));
        self.signer = common(signature.signer_cert);
        self.maker = common(seal.maker_cert);
        self.signed_at = signature.signed_at;
        self.seal_valid_to = Some(seal.valid_to);
        self.picture = Some((seal.picture.format.to_ascii_lowercase(), seal.picture.data.to_vec()));
    }
}

impl Report {
    pub(super) fn broken(line: Line, conclusion: Conclusion) -> Self {
        Self { title: String::new(), data: Vec::new(), pages: 0, lines: vec![line], signatures: Vec::new(), conclusion }
    }

    pub(super) fn new(structure: &Structure) -> Self {
        Self {
            title: structure.title.clone(),
            data: structure.data.clone(),
            pages: structure.pages.len(),
            lines: Vec::new(),
            signatures: Vec::new(),
            conclusion: Conclusion::Valid,
        }
    }

    pub(super) fn add(&mut self, line: Line, conclusion: Conclusion) {
        self.lines.push(line);
        self.conclude(conclusion);
    }

    pub(super) fn conclude(&mut self, conclusion: Conclusion) {
        self.conclusion = worse(self.conclusion, conclusion);
    }

    /// 一句话说明结论：有效时说谁何时签，无效时说第一处没过的步骤。
    pub fn reason(&self) -> String {
        let every = || self.lines.iter().chain(self.signatures.iter().flat_map(|signed| &signed.lines));
        let failed = every().find_map(|line| if let Outcome::Failed(why) = &line.outcome { Some((line, why)) } else { None });
        match (failed, self.signatures.first()) {
            (Some((line, why)), _) => format!("{} {}：{why}", line.code, line.title),
            (None, Some(signed)) => {
                let when = signed.signed_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default();
                format!("{}，{} 于 {when} 签章，文件自签章以来未被改动", self.conclusion.text(), signed.seal_name)
            }
            (None, None) => self.conclusion.text().to_owned(),
        }
    }

    /// 一个业务字段。
    pub fn datum(&self, name: &str) -> Option<&str> {
        self.data.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// 两个结论取更坏的。先后：被改 > 格式 > 印章 > 无权 > 证书 > 撤销 > 不支持 > 未覆盖 > 签时有效 > 有效。
fn worse(a: Conclusion, b: Conclusion) -> Conclusion {
    const ORDER: [Conclusion; 10] = [
        Conclusion::Tampered,
        Conclusion::Malformed,
        Conclusion::SealInvalid,
        Conclusion::SignerNotAuthorized,
        Conclusion::CertUntrusted,
        Conclusion::RevokedBeforeSigning,
        Conclusion::Unsupported,
        Conclusion::Uncovered,
        Conclusion::ValidExpiredNow,
        Conclusion::Valid,
    ];
    ORDER.into_iter().find(|each| *each == a || *each == b).unwrap_or(a)
}
