//! 证面版式：底上的固定文字与各字段的位置，毫米，页面上可以改。

use serde::{Deserialize, Serialize};

/// 证面。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Face {
    /// 横版 297×210，竖版 210×297。
    pub landscape: bool,
    /// 证面大字标题；空则用证照名称。
    pub title: String,
    /// 边框与标题的颜色，六位十六进制。
    pub colour: String,
    /// 标题下的一句话，如依据。
    pub preface: String,
    /// 各字段的位置。
    pub elements: Vec<Element>,
}

/// 一个字段在证面上的位置：标签在左，值在右。
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Element {
    /// 字段：本类型的字段名，或 `name`、`number`、`holder`、`code`、`issuer`、`issued`、`until`。
    pub key: String,
    pub label: String,
    pub x: f64,
    pub y: f64,
    /// 值最多占多宽，超过折行。
    pub width: f64,
    pub size: f64,
}

impl Default for Face {
    fn default() -> Self {
        Self { landscape: false, title: String::new(), colour: "B8860B".to_owned(), preface: String::new(), elements: Vec::new() }
    }
}

/// 每类证照都有的内容。
pub const COMMON: &[(&str, &str)] =
    &[("number", "证照编号"), ("holder", "持证主体"), ("code", "主体代码"), ("issuer", "颁发机构"), ("issued", "颁发日期"), ("until", "有效期至")];

impl Face {
    /// 页的宽与高。
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        if self.landscape { (297.0, 210.0) } else { (210.0, 297.0) }
    }

    /// 没有排过的字段自上而下排好：新类型一建出来就能看。
    #[must_use]
    pub fn arranged(fields: &[(String, String)], landscape: bool) -> Vec<Element> {
        let (x, top, width) = if landscape { (40.0, 62.0, 180.0) } else { (30.0, 88.0, 120.0) };
        let common = COMMON.iter().filter(|(key, _)| !matches!(*key, "issuer" | "issued")).map(|(key, label)| ((*key).to_owned(), (*label).to_owned()));
        let step = if landscape { 12.5 } else { 15.0 };
        let place = |(n, (key, label)): (usize, (String, String))| {
            #[allow(clippy::cast_precision_loss)]
            let y = top + step * n as f64;
            Element { key, label, x, y, width, size: 5.0 }
        };
        common.chain(fields.iter().cloned()).enumerate().map(place).collect()
    }
}
