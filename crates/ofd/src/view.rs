//! 把一页画成自足的 SVG，给浏览器看：字画成嵌入字体的字形轮廓，图与印章内联，不靠看的人装了什么。
//!
//! 只画常见的图元（文字、路径、图像、模板页、印章）；不认识的跳过。输出的大小有界。

mod draw;
mod path;
mod picture;

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub use picture::MOST_PIXELS;
use tongban_documents::paper::Font;

use crate::package::Package;
use crate::read::{Rect, Structure, find, load, visible};
use crate::verify::{Signed, Stamp};
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
        let mut here = each.stamps.iter().filter(|stamp| stamp.page == entry.id).peekable();
        // 这一页上有才去画，一枚章画一次
        let Some((format, data)) = here.peek().and(each.picture.as_ref()) else { continue };
        let Some(link) = picture_of(format, data, fallback) else { continue };
        for stamp in here {
            if canvas.out.len() + link.len() > LARGEST {
                break;
            }
            press(&mut canvas.out, &link, stamp);
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

/// 印章图像的地址：PNG、JPEG 直接放；内嵌的 OFD 画它的第一页（只嵌一层）。
fn picture_of(format: &str, data: &[u8], fallback: Option<&Font>) -> Option<String> {
    if format != "ofd" {
        return picture::link(data);
    }
    let inner = Package::read(data).ok().and_then(|package| svg(&package, 0, &[], fallback))?;
    // 章的底是透明的：去掉垫的白
    Some(format!("data:image/svg+xml;base64,{}", STANDARD.encode(inner.replacen("fill=\"#fff\"", "fill=\"none\"", 1))))
}

/// 盖一枚：有 Clip 的只露出那一块（套一层只看得见那一块的画布）。
fn press(out: &mut String, link: &str, stamp: &Stamp) {
    let Rect { x, y, width, height } = stamp.area;
    let Some(clip) = &stamp.clip else {
        crate::content::push(out, format_args!("<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" href=\"{link}\"/>"));
        return;
    };
    let Some(seen) = visible(&stamp.area, Some(clip)) else { return };
    let (left, top) = (seen.x - x, seen.y - y);
    crate::content::push(
        out,
        format_args!(
            "<svg x=\"{:.3}\" y=\"{:.3}\" width=\"{w:.3}\" height=\"{h:.3}\" viewBox=\"{left:.3} {top:.3} {w:.3} {h:.3}\" overflow=\"hidden\"><image width=\"{width}\" height=\"{height}\" href=\"{link}\"/></svg>",
            seen.x,
            seen.y,
            w = seen.width,
            h = seen.height
        ),
    );
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
