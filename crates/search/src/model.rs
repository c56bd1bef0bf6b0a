//! 放进去的文档与找出来的结果。

use serde::{Deserialize, Serialize};

/// 一份可以被找到的内容。
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Doc {
    /// 种类：`item`、`bundle`、`kb`、`site`、`app`……与 [`Doc::id`] 一起唯一。
    pub kind: String,
    /// 行键。
    pub id: i64,
    pub title: String,
    /// 大白话别名。
    pub aliases: Vec<String>,
    /// 正文：一句话说明、材料名、常见问题，纯文字。
    pub body: String,
    /// 站内地址，以 `/` 开头。
    pub url: String,
    pub facets: Facets,
    /// 排序权重，1 为平常；热门的、能网办的可以高一点。
    pub weight: f32,
}

/// 筛选用的标签。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    /// 服务对象代码（1 自然人、2 企业……）。
    pub object: Vec<String>,
    /// 主题代码。
    pub theme: Vec<String>,
    /// 部门。
    pub dept: Vec<String>,
    /// 乡镇。
    pub town: Vec<String>,
}

/// 只要符合这些条件的；空的不限。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    pub kind: Option<String>,
    pub object: Option<String>,
    pub theme: Option<String>,
    pub dept: Option<String>,
    pub town: Option<String>,
}

impl Filters {
    /// 只找某一种。
    #[must_use]
    pub fn kind(kind: &str) -> Self {
        Self { kind: Some(kind.to_owned()), ..Self::default() }
    }
}

/// 一条结果。
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    pub kind: String,
    pub id: i64,
    pub title: String,
    pub url: String,
    /// 命中附近的一小段文字（纯文字，不含标记）。
    pub snippet: String,
    pub score: f32,
}

/// 一次查询的结果。
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Hits {
    /// 符合条件的总数。
    pub total: usize,
    pub hits: Vec<Hit>,
    /// 实际用来找的词，页面用它标出命中（见 [`crate::highlight`]）。
    pub words: Vec<String>,
    /// 照原样没找到、按相近写法找到的。
    pub corrected: bool,
}
