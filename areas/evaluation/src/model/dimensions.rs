//! 四川指标维度：选填的 1–5 分，与五级并存；整体满意度就是五级本身（evaluation §2.5）。

/// 一个维度。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimension {
    pub code: &'static str,
    pub title: &'static str,
    /// 线上服务的；否则是线下的。
    pub online: bool,
}

const fn dimension(code: &'static str, title: &'static str, online: bool) -> Dimension {
    Dimension { code, title, online }
}

/// 全部维度。
pub const DIMENSIONS: [Dimension; 7] = [
    dimension("efficiency", "办事效率", true),
    dimension("guide", "办事指南精确度", true),
    dimension("convenience", "办事便捷度", true),
    dimension("usability", "平台操作性", true),
    dimension("service_efficiency", "服务效率", false),
    dimension("competence", "服务水平", false),
    dimension("attitude", "服务态度", false),
];

/// 线上件问线上的，窗口件问线下的。
pub fn asked(online: bool) -> impl Iterator<Item = Dimension> {
    DIMENSIONS.into_iter().filter(move |dimension| dimension.online == online)
}

/// 交上来的 `efficiency:4`；读不懂为 `None`。
#[must_use]
pub fn parse(text: &str) -> Option<(&'static str, i64)> {
    let (code, score) = text.split_once(':')?;
    let found = DIMENSIONS.iter().find(|dimension| dimension.code == code)?;
    let score = score.parse().ok().filter(|score| (1..=5).contains(score))?;
    Some((found.code, score))
}
