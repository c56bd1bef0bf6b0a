//! 字体子集：只嵌用到的字，保留 Unicode cmap（只为 PDF 设计的子集没有 cmap，OFD 阅读器显示不出）。
//!
//! 思源一类字体有六万多个字形，每次从头取子集要几毫秒。所以先取一份“底本”（GB 2312 六千多字，进程里一次），
//! 平常的文书从底本再取；底本里没有的字才回到全字体。常用的几套字另有缓存。

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use allsorts::binary::read::ReadScope;
use allsorts::font_data::FontData;
use allsorts::subset::{CmapTarget, SubsetProfile};
use tongban_documents::paper::{Font, FontError};

use crate::package::Part;

/// 缓存几套字。
const CACHED: usize = 512;

/// 取不成子集。
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubsetError {
    #[error(transparent)]
    Font(#[from] FontError),
    #[error("字体取不成子集：{0}")]
    Library(String),
}

/// 一款字体的子集机，带底本与缓存；全进程一款字体一台。
pub struct Subsetter {
    font: Font,
    base: OnceLock<Option<Base>>,
    cache: Mutex<HashMap<String, Arc<Part>>>,
}

struct Base {
    data: Vec<u8>,
    letters: BTreeSet<char>,
}

impl Subsetter {
    /// 给一款字体造一台。
    pub fn new(font: Font) -> Self {
        Self { font, base: OnceLock::new(), cache: Mutex::new(HashMap::new()) }
    }

    /// 全进程共用的那台，用 `documents` 装好的字体。
    ///
    /// # Errors
    /// 本机没有可用的字体。
    pub fn shared() -> Result<&'static Self, FontError> {
        static SHARED: OnceLock<Subsetter> = OnceLock::new();
        let font = tongban_documents::paper::font::shared()?;
        Ok(SHARED.get_or_init(|| Self::new(font.clone())))
    }

    /// 字体。
    pub fn font(&self) -> &Font {
        &self.font
    }

    /// 这些字的子集；同一套字只取一次。
    ///
    /// # Errors
    /// 字体里没有某个字，或字体文件有问题。
    pub fn subset(&self, letters: &BTreeSet<char>) -> Result<Arc<Part>, SubsetError> {
        let key: String = letters.iter().collect();
        if let Some(found) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(found.clone());
        }
        let base = self.base.get_or_init(|| self.make_base());
        let data = match base {
            Some(base) if letters.is_subset(&base.letters) => cut(&base.data, 0, letters)?,
            _ => cut(self.font.data(), self.font.index() as usize, letters)?,
        };
        let part = Part::new(data);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        // 满了就清空重来：命中靠的是同一模板连着出，不必记谁先谁后
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(key, part.clone());
        Ok(part)
    }

    fn make_base(&self) -> Option<Base> {
        let ruler = self.font.ruler();
        let letters: BTreeSet<char> = common_letters().filter(|letter| ruler.glyph(*letter).is_ok()).collect();
        let data = cut(self.font.data(), self.font.index() as usize, &letters).ok()?;
        Some(Base { data, letters })
    }
}

/// 底本的字：西文、标点、全部 GB 2312 汉字（按区位算出来，不另存一张表）。
fn common_letters() -> impl Iterator<Item = char> {
    let symbols = (' '..='~').chain("·—‘’“”…‰℃、。〈〉《》「」『』【】〔〕！（），．：；？￥①②③④⑤⑥⑦⑧⑨⑩×÷±Ⅰ Ⅱ Ⅲ Ⅳ Ⅴ　".chars());
    let hanzi = (0xb0_u8..=0xf7).flat_map(|high| (0xa1_u8..=0xfe).map(move |low| [high, low])).filter_map(|pair| {
        let (text, bad) = encoding_rs::GB18030.decode_without_bom_handling(&pair);
        (!bad).then(|| text.chars().next()).flatten()
    });
    symbols.chain(hanzi)
}

fn cut(data: &[u8], index: usize, letters: &BTreeSet<char>) -> Result<Vec<u8>, SubsetError> {
    let failed = |error: String| SubsetError::Library(error);
    let face = skrifa::FontRef::from_index(data, u32::try_from(index).unwrap_or(0)).map_err(|e| failed(e.to_string()))?;
    let charmap = skrifa::MetadataProvider::charmap(&face);
    // 零号字形必须在最前；其余按字形号排，库要求不重复
    let mut glyphs = BTreeSet::from([0_u16]);
    for letter in letters {
        let glyph = charmap.map(*letter).map(|id| id.to_u32()).and_then(|id| u16::try_from(id).ok()).filter(|id| *id != 0);
        glyphs.insert(glyph.ok_or(FontError::Lacks(*letter))?);
    }
    let glyphs: Vec<u16> = glyphs.into_iter().collect();
    let file = ReadScope::new(data).read::<FontData<'_>>().map_err(|e| failed(e.to_string()))?;
    let provider = file.table_provider(index).map_err(|e| failed(e.to_string()))?;
    allsorts::subset::subset(&provider, &glyphs, &SubsetProfile::Minimal, CmapTarget::Unicode).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subset_keeps_its_cmap_and_is_small() {
        let subsetter = Subsetter::shared().unwrap();
        // 第二套有 GB 2312 之外的字，回到全字体取
        for (text, most) in [("食品经营许可证 510811 王小明", 80_000), ("食品经营许可证 㙟", 80_000)] {
            let letters: BTreeSet<char> = text.chars().collect();
            let part = subsetter.subset(&letters).unwrap();
            assert!(part.data().len() < most, "{} 字节", part.data().len());
            let face = skrifa::FontRef::new(part.data()).unwrap();
            for letter in &letters {
                assert!(skrifa::MetadataProvider::charmap(&face).map(*letter).is_some_and(|id| id.to_u32() != 0), "{letter}");
            }
            assert!(Arc::ptr_eq(&part, &subsetter.subset(&letters).unwrap()), "同一套字只取一次");
        }
        assert!(matches!(subsetter.subset(&BTreeSet::from(['\u{10FFFD}'])), Err(SubsetError::Font(FontError::Lacks(_)))));
    }
}
