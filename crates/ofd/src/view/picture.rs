//! 图像放进 SVG：按字节认格式，按文件头认大小。认不出的、像素太多的不放，不把炸弹转交给看的人的浏览器。

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use imagesize::ImageType;

/// 一张图最多多少点（规格 §10-12）。
pub const MOST_PIXELS: usize = 50_000_000;

/// 内联的地址；不能放的为空。
pub fn link(data: &[u8]) -> Option<String> {
    let kind = match imagesize::image_type(data).ok()? {
        ImageType::Png => "png",
        ImageType::Jpeg => "jpeg",
        ImageType::Gif => "gif",
        ImageType::Bmp => "bmp",
        _ => return None,
    };
    let size = imagesize::blob_size(data).ok()?;
    let pixels = size.width.checked_mul(size.height)?;
    (1..=MOST_PIXELS).contains(&pixels).then(|| format!("data:image/{kind};base64,{}", STANDARD.encode(data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 一张 PNG 的头：只有签名与 IHDR。
    fn png(width: u32, height: u32) -> Vec<u8> {
        let head = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        [head, vec![0; 16]].concat()
    }

    #[test]
    fn only_known_pictures_of_a_bearable_size() {
        assert!(link(&png(10_000, 5_000)).is_some_and(|link| link.starts_with("data:image/png;base64,")));
        for (width, height) in [(10_000, 5_001), (u32::MAX, u32::MAX), (0, 10), (100_000, 100_000)] {
            assert!(link(&png(width, height)).is_none(), "{width} × {height}");
        }
        for other in [&b""[..], b"PK\x03\x04", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", b"\x89PNG", b"GIF89a", b"\xff\xd8\xff"] {
            assert!(link(other).is_none());
        }
    }
}
