//! 读结构：入口、文档信息、各页与页框、签名清单。外来文件写法不一，路径容忍相对与绝对两种。

use std::collections::HashMap;
use std::sync::Arc;

use crate::package::{Package, Part};
use crate::xml::{Node, XmlError};

/// 页数上限。
const MOST_PAGES: usize = 5_000;

/// 结构读不出。
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("缺少文件 {0}")]
    Missing(String),
    #[error("{path}：{why}")]
    Xml { path: String, why: XmlError },
    #[error("{path} 里缺少 {what}")]
    Lacks { path: String, what: &'static str },
    #[error("页太多")]
    TooMany,
}

/// 一个方框：左上角与宽高，毫米。
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    /// 从 `x y w h` 读；不是四个有限的数不认。
    pub fn parse(text: &str) -> Option<Self> {
        let [x, y, width, height] = <[f64; 4]>::try_from(numbers(text)).ok()?;
        Some(Self { x, y, width, height })
    }

    /// 整个在另一个框里（容半毫米舍入）。
    pub fn inside(&self, outer: &Self) -> bool {
        const SLACK: f64 = 0.5;
        self.width > 0.0
            && self.height > 0.0
            && self.x >= outer.x - SLACK
            && self.y >= outer.y - SLACK
            && self.x + self.width <= outer.x + outer.width + SLACK
            && self.y + self.height <= outer.y + outer.height + SLACK
    }
}

/// 章的外框裁过之后还看得见的一块；`clip` 从外框左上角起算，都裁没了为空。
pub(crate) fn visible(area: &Rect, clip: Option<&Rect>) -> Option<Rect> {
    let Some(clip) = clip else { return Some(*area) };
    let (left, top) = (clip.x.max(0.0), clip.y.max(0.0));
    let (right, bottom) = ((clip.x + clip.width).min(area.width), (clip.y + clip.height).min(area.height));
    (left < right && top < bottom).then_some(Rect { x: area.x + left, y: area.y + top, width: right - left, height: bottom - top })
}

/// 空白隔开的有限小数；有一个不是就从那里停。
pub(crate) fn numbers(text: &str) -> Vec<f64> {
    text.split_ascii_whitespace().map_while(|word| word.parse::<f64>().ok().filter(|n| n.is_finite() && n.abs() < 1e7)).collect()
}

/// 一页。
#[derive(Debug, Clone)]
pub struct PageEntry {
    /// 编号。
    pub id: String,
    /// 内容文件的路径。
    pub path: String,
    /// 页框。
    pub area: Rect,
}

/// 读出的结构（第一个文档）。
#[derive(Debug, Clone)]
pub struct Structure {
    /// 标题。
    pub title: String,
    /// 业务字段。
    pub data: Vec<(String, String)>,
    /// 文档根文件的路径。
    pub root: String,
    /// 文档根。
    pub document: Node,
    /// 各页。
    pub pages: Vec<PageEntry>,
    /// 签名清单的路径；没有签名为空。
    pub signatures: Option<String>,
}

impl Structure {
    /// 读一个包的结构。
    ///
    /// # Errors
    /// 缺文件、XML 写错、缺必要的元素。
    pub fn read(package: &Package) -> Result<Self, ReadError> {
        let entry = load(package, "OFD.xml")?;
        let lacks = |what| ReadError::Lacks { path: "OFD.xml".to_owned(), what };
        let body = entry.child("DocBody").ok_or_else(|| lacks("DocBody"))?;
        let root = body.text_at(&["DocRoot"]).ok_or_else(|| lacks("DocRoot"))?;
        let (root, _) = find(package, "", root)?;
        let document = load(package, &root)?;
        let info = body.child("DocInfo");
        let data = info.and_then(|info| info.child("CustomDatas")).into_iter().flat_map(|datas| datas.all("CustomData"));
        let signatures = body.text_at(&["Signatures"]).filter(|text| !text.is_empty());
        Ok(Self {
            title: info.and_then(|info| info.text_at(&["Title"])).unwrap_or_default().to_owned(),
            data: data.map(|node| (node.attribute("Name").unwrap_or_default().to_owned(), node.text.trim().to_owned())).collect(),
            pages: pages(package, &root, &document)?,
            signatures: signatures.map(|text| find(package, "", text).map(|(path, _)| path)).transpose()?,
            root,
            document,
        })
    }

    /// 一个业务字段。
    pub fn datum(&self, name: &str) -> Option<&str> {
        self.data.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// 按编号找一页。
    pub fn page(&self, id: &str) -> Option<&PageEntry> {
        self.pages.iter().find(|page| page.id == id)
    }
}

fn pages(package: &Package, root: &str, document: &Node) -> Result<Vec<PageEntry>, ReadError> {
    let common = document.child("CommonData").and_then(|common| area(common, "PageArea"));
    let fallback = common.unwrap_or(Rect { x: 0.0, y: 0.0, width: 210.0, height: 297.0 });
    let listed: Vec<_> = document.child("Pages").into_iter().flat_map(|pages| pages.all("Page")).collect();
    if listed.len() > MOST_PAGES {
        return Err(ReadError::TooMany);
    }
    // 几千页都指着同一份大文件，也只读一次
    let mut known: HashMap<String, Option<Rect>> = HashMap::new();
    let mut out = Vec::new();
    for node in listed {
        let location = node.attribute("BaseLoc").ok_or_else(|| ReadError::Lacks { path: root.to_owned(), what: "页的 BaseLoc" })?;
        let (path, part) = find(package, root, location)?;
        let own = match known.get(&path) {
            Some(area) => *area,
            None => *known.entry(path.clone()).or_insert(area(&parse(&path, part)?, "Area")),
        };
        out.push(PageEntry { id: node.attribute("ID").unwrap_or_default().to_owned(), path, area: own.unwrap_or(fallback) });
    }
    Ok(out)
}

fn area(node: &Node, name: &str) -> Option<Rect> {
    node.text_at(&[name, "PhysicalBox"]).and_then(Rect::parse).filter(|rect| rect.width > 0.0 && rect.height > 0.0)
}

/// 读包里一份 XML。
///
/// # Errors
/// 没有这个文件，或写错。
pub fn load(package: &Package, path: &str) -> Result<Node, ReadError> {
    let part = package.get(path).ok_or_else(|| ReadError::Missing(path.to_owned()))?;
    parse(path, part)
}

fn parse(path: &str, part: &Part) -> Result<Node, ReadError> {
    Node::parse(part.data()).map_err(|why| ReadError::Xml { path: path.to_owned(), why })
}

/// 按引用找文件：绝对路径从包根起；相对路径先从引用它的文件所在的夹找，再从包根找（两种写法都见过）。
///
/// # Errors
/// 都没有。
pub fn find<'a>(package: &'a Package, from: &str, location: &str) -> Result<(String, &'a Arc<Part>), ReadError> {
    let location = location.trim();
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let candidates = if location.starts_with('/') { vec![normal("", location)] } else { vec![normal(folder, location), normal("", location)] };
    for path in candidates.into_iter().flatten() {
        if let Some(part) = package.get(&path) {
            return Ok((path, part));
        }
    }
    Err(ReadError::Missing(location.chars().take(120).collect()))
}

/// 并成包内路径；`..` 越出包根的不认。
fn normal(folder: &str, location: &str) -> Option<String> {
    let mut out: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(location.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                out.pop()?;
            }
            part => out.push(part),
        }
    }
    Some(out.join("/"))
}
