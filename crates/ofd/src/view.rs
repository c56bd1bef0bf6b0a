//! 把一页画成自足的 SVG，给浏览器看：字画成嵌入字体的字形轮廓，图与印章内联，不靠看的人装了什么。
//!
//! 只画常见的图元（文字、路径、图像、模板页、印章）；不认识的跳过。输出的大小有界。

mod draw;
mod path;

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tongban_documents::paper::Font;

use crate::package::Package;
use crate::read::{Rect, Structure, find, load};
use crate::verify::Signed;
use crate::xml::{Node, escape};
use draw::Canvas;

/// 一页的 SVG 最多多大。
const LARGEST: usize = 8 * 1024 * 1024;

/// 画第 `page` 页（从 0 起）。`signed` 是验证报告里的各签章，印章照它们画；`fallback` 给没嵌字体的外来文件用。
/// 页不存在或读不出时为空。
pub fn svg(package: &Package, page: usize, signed: &[Signed], fallback: Option<&Font>) -> Option<String> {
    let structure = Structure::read(package).ok()?;
    let entry = structure.pages.get(page)?;
    let resources = Resources::read(package, &structure);
    let mut canvas = Canvas::new(package, &resources, fallback, LARGEST);
    let content = load(package, &entry.path).ok()?;
    for layer in templates(package, &structure, &content) {
        canvas.page(&layer);
    }
    canvas.page(&content);
    for each in signed {
        for (_, area) in each.stamps.iter().filter(|(id, _)| *id == entry.id) {
            if let Some((format, data)) = &each.picture {
                stamp(&mut canvas.out, format, data, area, fallback);
            }
        }
    }
    let Rect { width, height, .. } = entry.area;
    let title = escape(&structure.title);
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title} 第 {} 页\"><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>{}</svg>",
        page + 1,
        canvas.out
    ))
}

/// 页下面垫的模板页，按先后。
fn templates(package: &Package, structure: &Structure, content: &Node) -> Vec<Node> {
    let listed: Vec<_> = structure.document.child("CommonData").into_iter().flat_map(|common| common.all("TemplatePage")).collect();
    let used = content.all("Template").filter_map(|node| node.attribute("TemplateID")).take(8);
    used.filter_map(|id| listed.iter().find(|node| node.attribute("ID") == Some(id)))
        .filter_map(|node| node.attribute("BaseLoc"))
        .filter_map(|location| find(package, &structure.root, location).ok())
        .filter_map(|(path, _)| load(package, &path).ok())
        .collect()
}

/// 印章图像：PNG、JPEG 直接放；内嵌的 OFD 画它的第一页（只嵌一层）。
fn stamp(out: &mut String, format: &str, data: &[u8], area: &Rect, fallback: Option<&Font>) {
    let Rect { x, y, width, height } = *area;
    let link = match format {
        "png" | "jpg" | "jpeg" | "gif" => {
            let kind = if format == "jpg" { "jpeg" } else { format };
            format!("data:image/{kind};base64,{}", STANDARD.encode(data))
        }
        "ofd" => {
            let Some(inner) = Package::read(data).ok().and_then(|package| svg(&package, 0, &[], fallback)) else { return };
            // 章的底是透明的：去掉垫的白
            format!("data:image/svg+xml;base64,{}", STANDARD.encode(inner.replacen("fill=\"#fff\"", "fill=\"none\"", 1)))
        }
        _ => return,
    };
    crate::content::push(out, format_args!("<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" href=\"{link}\"/>"));
}

/// 字体与图片：资源编号 → 包内路径。
#[derive(Default)]
struct Resources {
    files: HashMap<String, String>,
}

impl Resources {
    fn read(package: &Package, structure: &Structure) -> Self {
        let mut out = Self::default();
        let Some(common) = structure.document.child("CommonData") else { return out };
        for node in common.all("PublicRes").chain(common.all("DocumentRes")).take(16) {
            let Ok((path, _)) = find(package, &structure.root, node.text.trim()) else { continue };
            if let Ok(res) = load(package, &path) {
                out.take(package, &path, &res);
            }
        }
        out
    }

    fn take(&mut self, package: &Package, path: &str, res: &Node) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let base = res.attribute("BaseLoc").unwrap_or_default();
        // 资源文件相对 BaseLoc，BaseLoc 相对资源描述文件
        let from = if base.starts_with('/') { format!("{base}/x") } else { format!("{folder}/{base}/x") };
        let fonts = res.child("Fonts").into_iter().flat_map(|fonts| fonts.all("Font")).map(|node| (node, "FontFile"));
        let media = res.child("MultiMedias").into_iter().flat_map(|media| media.all("MultiMedia")).map(|node| (node, "MediaFile"));
        for (node, file) in fonts.chain(media) {
            let (Some(id), Some(location)) = (node.attribute("ID"), node.text_at(&[file])) else { continue };
            if let Ok((path, _)) = find(package, &from, location) {
                self.files.insert(id.to_owned(), path);
            }
        }
    }
}
