//! 中文字体：在本机找一款开源的，整个进程只装一次。
//!
//! 只认开源字体（思源/Noto、方正开源之外的文泉驿、AR PL 等）——文书要把字体子集嵌进文件里发出去，商用宋体不许这样用。
//! 路径可以指定：环境变量 `TONGBAN_FONT`（或启动时 [`choose`]）；没有就由 `fontdb` 在系统字体里按 [`FAMILIES`] 的先后找。

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

use super::sheet::{Ink, Run};

/// 按先后找的字族：宋体类在前（公文正文用宋体），黑体类在后。
pub const FAMILIES: &[&str] = &[
    "Noto Serif CJK SC",
    "Noto Serif SC",
    "Source Han Serif SC",
    "Source Han Serif CN",
    "思源宋体",
    "AR PL UMing CN",
    "AR PL SungtiL GB",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "思源黑体",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
];

/// 字体用不了。
#[derive(Debug, Clone, thiserror::Error)]
pub enum FontError {
    /// 本机没有可用的中文字体。
    #[error("本机没有可以嵌入文书的中文字体；请安装开源字体（Debian/Ubuntu：apt install fonts-noto-cjk；麒麟/欧拉：dnf install google-noto-serif-cjk-fonts），或用 TONGBAN_FONT 指定字体文件")]
    Missing,
    /// 指定的字体文件不能用。
    #[error("字体文件 {path} 不能用：{why}；请用 TONGBAN_FONT 另指一个 .otf、.ttf 或 .ttc 文件")]
    Unusable { path: String, why: String },
    /// 字体里没有这个字。
    #[error("字体里没有“{0}”这个字；请安装字数更全的字体（如 fonts-noto-cjk），或用 TONGBAN_FONT 指定")]
    Lacks(char),
}

/// 一款装好的字体。复制很便宜。
#[derive(Clone)]
pub struct Font {
    data: Arc<Vec<u8>>,
    index: u32,
    family: String,
    krilla: krilla::text::Font,
}

impl std::fmt::Debug for Font {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Font({} #{})", self.family, self.index)
    }
}

static CHOSEN: OnceLock<PathBuf> = OnceLock::new();
static SHARED: OnceLock<Result<Font, FontError>> = OnceLock::new();

/// 指定字体文件；要在第一次用字体之前。空路径不算指定。
pub fn choose(path: &Path) {
    if !path.as_os_str().is_empty() {
        // 第二次指定不起作用：字体只装一次
        let _ = CHOSEN.set(path.to_owned());
    }
}

/// 全进程共用的字体，第一次用时装入。
///
/// # Errors
/// 本机没有可用的中文字体，或指定的文件不能用。
pub fn shared() -> Result<&'static Font, FontError> {
    SHARED
        .get_or_init(|| {
            let named = CHOSEN.get().cloned().or_else(|| std::env::var_os("TONGBAN_FONT").filter(|v| !v.is_empty()).map(PathBuf::from));
            named.map_or_else(Font::find, |path| Font::open(&path))
        })
        .as_ref()
        .map_err(Clone::clone)
}

impl Font {
    /// 在系统字体里找。
    ///
    /// # Errors
    /// 一款可用的都没有。
    pub fn find() -> Result<Self, FontError> {
        let mut database = fontdb::Database::new();
        database.load_system_fonts();
        let families: Vec<_> = FAMILIES.iter().map(|name| fontdb::Family::Name(name)).collect();
        for family in &families {
            let query = fontdb::Query { families: std::slice::from_ref(family), ..fontdb::Query::default() };
            let Some(face) = database.query(&query).and_then(|id| database.face(id)) else { continue };
            if let fontdb::Source::File(path) = &face.source
                && let Ok(font) = std::fs::read(path).map_err(drop).and_then(|data| Self::new(Arc::new(data), face.index).ok_or(()))
            {
                return Ok(font);
            }
        }
        Err(FontError::Missing)
    }

    /// 从文件装；集合（.ttc）里取第一款简体的，没有就取第一款。
    ///
    /// # Errors
    /// 文件读不出、不是字体，或没有汉字。
    pub fn open(path: &Path) -> Result<Self, FontError> {
        let unusable = |why: &str| FontError::Unusable { path: path.display().to_string(), why: why.to_owned() };
        let data = Arc::new(std::fs::read(path).map_err(|error| unusable(&error.to_string()))?);
        let mut database = fontdb::Database::new();
        database.load_font_source(fontdb::Source::Binary(data.clone()));
        let simplified = database.faces().find(|face| face.families.iter().any(|(name, _)| FAMILIES.contains(&name.as_str())));
        let index = simplified.or_else(|| database.faces().next()).map(|face| face.index).ok_or_else(|| unusable("不是字体文件"))?;
        Self::new(data, index).ok_or_else(|| unusable("没有汉字或格式不认识"))
    }

    fn new(data: Arc<Vec<u8>>, index: u32) -> Option<Self> {
        let face = FontRef::from_index(&data, index).ok()?;
        face.charmap().map('中')?;
        let family = face.localized_strings(skrifa::string::StringId::FAMILY_NAME).english_or_first()?.chars().collect();
        let krilla = krilla::text::Font::new(data.clone().into(), index)?;
        Some(Self { data, index, family, krilla })
    }

    /// 字体文件的全部字节（可能是集合）。
    pub fn data(&self) -> &Arc<Vec<u8>> {
        &self.data
    }

    /// 在集合里是第几款。
    pub fn index(&self) -> u32 {
        self.index
    }

    /// 字族名。
    pub fn family(&self) -> &str {
        &self.family
    }

    pub(super) fn krilla(&self) -> krilla::text::Font {
        self.krilla.clone()
    }

    /// 开始量字；一次排版用一把尺子。
    pub fn ruler(&self) -> Ruler<'_> {
        // 装入时已读过一遍，这里不会读不出；真读不出就当每个字都缺
        let face = FontRef::from_index(&self.data, self.index).ok();
        Ruler { charmap: face.as_ref().map(MetadataProvider::charmap), metrics: face.as_ref().map(|f| f.glyph_metrics(Size::new(1.0), LocationRef::default())) }
    }
}

/// 量字的尺子。
pub struct Ruler<'a> {
    charmap: Option<skrifa::charmap::Charmap<'a>>,
    metrics: Option<skrifa::metrics::GlyphMetrics<'a>>,
}

impl Ruler<'_> {
    /// 一个字的字形号与宽度（以字号为 1）。控制字符当空格。
    ///
    /// # Errors
    /// 字体里没有这个字——宁可报错，不画方框。
    pub fn glyph(&self, letter: char) -> Result<(u16, f64), FontError> {
        let drawn = if letter.is_control() { ' ' } else { letter };
        let glyph = self.charmap.as_ref().and_then(|map| map.map(drawn)).filter(|id| id.to_u32() != 0).ok_or(FontError::Lacks(letter))?;
        let advance = self.metrics.as_ref().and_then(|m| m.advance_width(glyph)).unwrap_or(1.0);
        Ok((u16::try_from(glyph.to_u32()).map_err(|_| FontError::Lacks(letter))?, f64::from(advance)))
    }

    /// 一段字有多宽。
    ///
    /// # Errors
    /// 缺字。
    pub fn width(&self, text: &str, size: f64) -> Result<f64, FontError> {
        text.chars().try_fold(0.0, |sum, letter| Ok(sum + self.glyph(letter)?.1 * size))
    }

    /// 把一段字放在基线左端 `at`。
    ///
    /// # Errors
    /// 缺字。
    pub fn run(&self, text: &str, at: (f64, f64), size: f64, ink: Ink) -> Result<Run, FontError> {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let glyphs = text.chars().map(|letter| self.glyph(letter).map(|(id, width)| (id, width * size))).collect::<Result<_, _>>()?;
        Ok(Run { at, size, ink, text, glyphs, turn: 0.0 })
    }
}
