//! 图：服务端画的内联 SVG，每根柱、每个点都是链接并带说明；没有脚本也能看、能打印（ux §5）。

use std::fmt::Write;

use crate::components::escape;

/// 一根柱或一个点。
#[derive(Debug, Clone)]
pub struct Point {
    pub label: String,
    pub value: f64,
    /// 给人看的数，如 `96.20%`。
    pub text: String,
    pub href: String,
    /// `g`、`y`、`r`，空为品牌色。
    pub tone: &'static str,
}

const WIDTH: f64 = 640.0;
const LABEL: f64 = 150.0;
const VALUE: f64 = 80.0;
const ROW: f64 = 28.0;

/// 横条图；`target` 画一条竖线。`summary` 是一句话结论。
#[must_use]
pub fn bars(summary: &str, points: &[Point], target: Option<f64>) -> String {
    let top = points.iter().map(|p| p.value).chain(target).fold(0.0_f64, f64::max).max(1e-9);
    let scale = |value: f64| (value.max(0.0) / top * (WIDTH - LABEL - VALUE)).max(0.0);
    let height = ROW * points.len() as f64 + 8.0;
    let mut out = open(summary, height);
    for (n, point) in points.iter().enumerate() {
        let y = n as f64 * ROW + 4.0;
        let _ = write!(
            out,
            "<a href=\"{}\"><title>{}：{}</title><text x=\"{}\" y=\"{}\" class=\"ch-l\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LABEL}\" y=\"{y}\" width=\"{:.1}\" height=\"20\" rx=\"3\" class=\"ch-b {}\"/>\
             <text x=\"{:.1}\" y=\"{}\" class=\"ch-v\">{}</text></a>",
            escape(&point.href),
            escape(&point.label),
            escape(&point.text),
            LABEL - 8.0,
            y + 15.0,
            escape(&shorten(&point.label, 10)),
            scale(point.value).max(1.0),
            tone_class(point.tone),
            LABEL + scale(point.value) + 6.0,
            y + 15.0,
            escape(&point.text),
        );
    }
    if let Some(target) = target {
        let x = LABEL + scale(target);
        let _ = write!(out, "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{height}\" class=\"ch-t\"><title>目标</title></line>");
    }
    out.push_str("</svg>");
    out
}

/// 折线图，一条线。
#[must_use]
pub fn line(summary: &str, points: &[Point], target: Option<f64>) -> String {
    const HEIGHT: f64 = 180.0;
    let (low, high) = points.iter().map(|p| p.value).chain(target).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
    let (low, span) = if low > high { (0.0, 1.0) } else { (low, (high - low).max(1e-9)) };
    let step = (WIDTH - 40.0) / (points.len().max(2) - 1) as f64;
    let at = |n: usize, value: f64| (20.0 + n as f64 * step, 20.0 + (1.0 - (value - low) / span) * (HEIGHT - 50.0));
    let mut out = open(summary, HEIGHT);
    if let Some(target) = target {
        let (_, y) = at(0, target);
        let _ = write!(out, "<line x1=\"20\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" class=\"ch-t\"><title>目标</title></line>", WIDTH - 20.0);
    }
    let path: Vec<String> = points.iter().enumerate().map(|(n, p)| at(n, p.value)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = write!(out, "<polyline points=\"{}\" class=\"ch-p\"/>", path.join(" "));
    let every = points.len().div_ceil(8).max(1);
    for (n, point) in points.iter().enumerate() {
        let (x, y) = at(n, point.value);
        let _ = write!(
            out,
            "<a href=\"{}\"><title>{}：{}</title><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" class=\"ch-d\"/></a>",
            escape(&point.href),
            escape(&point.label),
            escape(&point.text),
        );
        if n % every == 0 {
            // 两头的字往里靠，免得被画框切掉
            let anchor = if n == 0 { "start" } else if n + 1 == points.len() { "end" } else { "middle" };
            let x = if n == 0 { 0.0 } else if n + 1 == points.len() { WIDTH } else { x };
            let _ = write!(out, "<text x=\"{x:.1}\" y=\"{}\" class=\"ch-l\" text-anchor=\"{anchor}\">{}</text>", HEIGHT - 6.0, escape(&point.label));
        }
    }
    out.push_str("</svg>");
    out
}

/// 表格里的迷你趋势。
#[must_use]
pub fn spark(values: &[f64]) -> String {
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    let span = (high - low).max(1e-9);
    let step = 80.0 / (values.len().max(2) - 1) as f64;
    let points: Vec<String> =
        values.iter().enumerate().map(|(n, v)| format!("{:.1},{:.1}", n as f64 * step + 2.0, 22.0 - (v - low) / span * 18.0)).collect();
    format!("<svg class=\"spark\" viewBox=\"0 0 84 24\" aria-hidden=\"true\"><polyline points=\"{}\" class=\"ch-p\"/></svg>", points.join(" "))
}

fn open(summary: &str, height: f64) -> String {
    format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"group\" aria-label=\"{}\">", escape(summary))
}

fn tone_class(tone: &str) -> &'static str {
    match tone {
        "g" => "ch-g",
        "y" => "ch-y",
        "r" => "ch-r",
        _ => "",
    }
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: f64) -> Point {
        Point { label: "昭化镇<".into(), value, text: format!("{value}"), href: "/cockpit/u/1?a=1&b=2".into(), tone: "r" }
    }

    #[test]
    fn every_bar_is_a_link_and_text_is_escaped() {
        let svg = bars("两家未达标", &[point(1.0), point(0.0)], Some(2.0));
        assert_eq!(svg.matches("<a href=").count(), 2);
        assert!(svg.contains("昭化镇&lt;") && svg.contains("a=1&amp;b=2") && !svg.contains("NaN"));
    }

    #[test]
    fn empty_and_single_points_draw_without_nan() {
        for points in [vec![], vec![point(3.0)]] {
            assert!(!line("", &points, None).contains("NaN"));
            assert!(!bars("", &points, None).contains("NaN"));
        }
        assert!(!spark(&[]).contains("NaN"));
    }
}
