//! 质量规则 Q01–Q25 与编码规则 V01–V07（items §2.6、§6）：纯函数，逐条成表。
//!
//! 保存草稿只提示；上报与发布时 E 级必须全过。E、W 都计入指南不准确。

mod attributes;
mod codes;
mod content;
mod view;

use serde::Serialize;

pub use view::GuideView;

/// 严重度。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Severity {
    /// 阻断上报与发布。
    E,
    /// 提示，计入指南不准确。
    W,
    /// 建议。
    I,
}

impl Severity {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::E => "必须改",
            Self::W => "应当改",
            Self::I => "建议",
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::E => "E",
            Self::W => "W",
            Self::I => "I",
        }
    }
}

/// 一处问题：哪条规则、多重、在哪个字段、怎么改。
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub rule: &'static str,
    pub severity: Severity,
    /// 指南的字段名，如 `promise`、`materials/2/name`。
    pub field: String,
    pub message: String,
}

/// 一条规则。
pub struct Rule {
    pub id: &'static str,
    pub severity: Severity,
    /// 规则的意思，规则清单页用。
    pub title: &'static str,
    pub(crate) check: fn(&GuideView<'_>, &mut Report),
}

/// 一条规则收集到的问题。
#[derive(Default)]
pub(crate) struct Report(Vec<(Option<Severity>, String, String)>);

impl Report {
    pub(crate) fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((None, field.into(), message.into()));
    }

    /// 比规则本身轻或重的一处（如 Q20 的废止依据是 W）。
    pub(crate) fn add_as(&mut self, severity: Severity, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((Some(severity), field.into(), message.into()));
    }

    pub(crate) fn ensure(&mut self, holds: bool, field: &str, message: impl Into<String>) {
        if !holds {
            self.add(field, message);
        }
    }
}

const fn rule(id: &'static str, severity: Severity, title: &'static str, check: fn(&GuideView<'_>, &mut Report)) -> Rule {
    Rule { id, severity, title, check }
}

/// 全部规则。
pub const RULES: &[Rule] = &[
    rule("Q01", Severity::E, "承诺时限为 0 就是即办件，反之亦然", attributes::q01),
    rule("Q02", Severity::E, "承诺时限大于 0 就是承诺件", attributes::q02),
    rule("Q03", Severity::E, "承诺时限不超过法定时限", attributes::q03),
    rule("Q04", Severity::W, "结果名称与结果类型相符", attributes::q04),
    rule("Q05", Severity::E, "要到现场的写明原因", attributes::q05),
    rule("Q06", Severity::E, "不用到现场的不写原因", attributes::q06),
    rule("Q07", Severity::W, "不用到现场又不能网办的可以快递申请", attributes::q07),
    rule("Q08", Severity::E, "全程网办的不跑现场、有网办入口", attributes::q08),
    rule("Q09", Severity::E, "收费的写明依据与项目", attributes::q09),
    rule("Q10", Severity::W, "不收费的不设网上支付", attributes::q10),
    rule("Q11", Severity::E, "咨询电话、投诉电话齐全、可拨、不相同", attributes::q11),
    rule("Q12", Severity::W, "服务对象与主题分类相符", attributes::q12),
    rule("Q13", Severity::W, "行政许可至少一条常见问题", content::q13),
    rule("Q14", Severity::W, "行政许可流程完整，各环节时限之和不超过承诺", content::q14),
    rule("Q15", Severity::W, "有结果的附结果样本", content::q15),
    rule("Q16", Severity::E, "材料与条件不得有兜底话", content::q16),
    rule("Q17", Severity::E, "材料不重名，必要材料至少一份或明说不用", content::q17),
    rule("Q18", Severity::W, "申请表类材料有空白表与示例样表", content::q18),
    rule("Q19", Severity::W, "政府核发的材料应当免提交", content::q19),
    rule("Q20", Severity::E, "设定依据写明文件与条款", content::q20),
    rule("Q21", Severity::E, "办理地点在点位库里，办理时间看得懂", content::q21),
    rule("Q22", Severity::E, "服务对象、办理层级填写齐全且在代码表内", attributes::q22),
    rule("Q23", Severity::W, "名称与目录一致", content::q23),
    rule("Q24", Severity::W, "网办地址 30 天内打得开", content::q24),
    rule("Q25", Severity::I, "有大白话别名", content::q25),
    rule("V01", Severity::E, "基本编码格式正确", codes::v01),
    rule("V02", Severity::E, "实施编码与主体、层级、目录一致", codes::v02),
    rule("V03", Severity::E, "办理项编码与实施编码一致、不重复", codes::v03),
    rule("V04", Severity::E, "行使层级与主体区划一致", codes::v04),
    rule("V05", Severity::E, "行使层级在目录允许的层级内", codes::v05),
    rule("V06", Severity::E, "同一主体对同一目录只有一条实施清单", codes::v06),
    rule("V07", Severity::E, "编码发布后不改", codes::v07),
];

/// 常被误引的已废止文件。
pub const REPEALED: &[&str] = &[
    "《个体工商户条例》",
    "《中华人民共和国公司登记管理条例》",
    "《企业法人登记管理条例》",
    "《食品经营许可管理办法》",
    "《食品流通许可证管理办法》",
    "《中华人民共和国婚姻法》",
    "《中华人民共和国物权法》",
    "《中华人民共和国合同法》",
    "《中华人民共和国收养法》",
    "《中华人民共和国民法通则》",
];

/// 逐条检查，按规则号排列。
#[must_use]
pub fn check(view: &GuideView<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        let mut report = Report::default();
        (rule.check)(view, &mut report);
        findings.extend(report.0.into_iter().map(|(severity, field, message)| Finding {
            rule: rule.id,
            severity: severity.unwrap_or(rule.severity),
            field,
            message,
        }));
    }
    findings
}

/// 有没有阻断上报与发布的。
#[must_use]
pub fn blocked(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::E)
}

/// 机器核查是否准确：没有 E、W。
#[must_use]
pub fn accurate(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity == Severity::I)
}

#[cfg(test)]
mod tests;
