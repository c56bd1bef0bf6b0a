//! 公文：一份文书写什么（标题、文号、主送、正文、要素表、材料表、落款、二维码、页脚），由此排成页、印成 PDF 或 DOCX。
//!
//! - [`Paper`]：文书的内容，不管样子；
//! - [`Paper::lay`]：排成一页页的 [`Sheet`]（毫米，左上角原点），PDF 与 OFD 都照它画，所以两者逐字同位；
//! - [`Paper::pdf`]：嵌字体子集、文字可选可搜的 PDF；[`Paper::docx`]：可再编辑的 Word；
//! - [`font`]：找一款开源中文字体，进程里只装一次。

pub mod docx;
pub mod flow;
pub mod font;
pub mod line;
pub mod pdf;
pub mod sheet;

use crate::qr;
pub use flow::{Anchor, Laid};
pub use font::{Font, FontError};
pub use sheet::{Ink, Mark, Picture, PictureKind, Run, Sheet, Stroke};

/// 一份文书。空的项不印。
#[derive(Debug, Clone, Default)]
pub struct Paper {
    /// 发文机关标志（版头红字），如“广元市昭化区行政审批局”。
    pub letterhead: String,
    /// 标题，如“受理通知书”。
    pub title: String,
    /// 文号或编号。
    pub number: String,
    /// 主送，如“张三：”。
    pub addressee: String,
    /// 正文各块，按序。
    pub blocks: Vec<Block>,
    /// 落款；印章压在日期上。
    pub sign_off: Option<SignOff>,
    /// 右下角的二维码。
    pub qr: Option<Qr>,
    /// 每页页脚左边的字，如办件编号与打印时间。
    pub footer: String,
    /// 斜水印，空则没有。
    pub watermark: String,
}

/// 正文的一块。
#[derive(Debug, Clone)]
pub enum Block {
    /// 小标题。
    Heading(String),
    /// 一段话，首行缩进两字。
    Text(String),
    /// 要素表：名与值。
    Pairs(Vec<(String, String)>),
    /// 表格。
    Table(Table),
}

/// 一张有表头的表，如材料清单；跨页时表头重复。
#[derive(Debug, Clone)]
pub struct Table {
    /// 表头。
    pub head: Vec<String>,
    /// 各列宽的比例，个数与表头相同。
    pub widths: Vec<f64>,
    /// 各行，每行个数与表头相同；少的补空。
    pub rows: Vec<Vec<String>>,
}

/// 落款。
#[derive(Debug, Clone)]
pub struct SignOff {
    /// 机关署名。
    pub organisation: String,
    /// 成文日期，如“2026年11月23日”。
    pub date: String,
}

/// 二维码与它下面的字。
#[derive(Debug, Clone)]
pub struct Qr {
    /// 码里的内容，通常是网址。
    pub text: String,
    /// 码下面的说明，如“扫码查进度”。
    pub caption: String,
}

/// 一份文书印不出来。
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    #[error(transparent)]
    Font(#[from] FontError),
    /// 二维码内容太长。
    #[error("二维码的内容太长，装不下")]
    Qr,
    /// 图片读不出。
    #[error("图片读不出：{0}")]
    Picture(String),
    /// 写文件格式时出错。
    #[error("写不成{format}：{why}")]
    Write { format: &'static str, why: String },
}

impl From<PaperError> for tongban_kernel::Problem {
    fn from(error: PaperError) -> Self {
        Self::new(tongban_kernel::problem::Code::DependencyDown, error.to_string())
    }
}

impl Paper {
    /// 排成页。
    ///
    /// # Errors
    /// 没有可用的字体、字体缺字，或二维码装不下。
    pub fn lay(&self, font: &Font) -> Result<Laid, PaperError> {
        flow::lay(self, font)
    }

    /// 印成 PDF。
    ///
    /// # Errors
    /// 见 [`PaperError`]。
    pub fn pdf(&self) -> Result<Vec<u8>, PaperError> {
        let font = font::shared()?;
        pdf::write(&self.lay(font)?.sheets, &self.title, font)
    }

    /// 印成 PDF，落款处印上印模：给人看样子的，真伪以电子签章版为准。
    ///
    /// # Errors
    /// 见 [`PaperError`]。
    pub fn pdf_with(&self, seal: Picture, size: (f64, f64)) -> Result<Vec<u8>, PaperError> {
        let font = font::shared()?;
        let Laid { mut sheets, anchor } = self.lay(font)?;
        if let Some((anchor, sheet)) = anchor.and_then(|anchor| Some((anchor, sheets.get_mut(anchor.page)?))) {
            // 印模垫在字下面，字才看得清
            sheet.marks.insert(0, Mark::Picture { at: (anchor.at.0 - size.0 / 2.0, anchor.at.1 - size.1 / 2.0), size, picture: seal });
        }
        pdf::write(&sheets, &self.title, font)
    }

    /// 印成 Word。
    ///
    /// # Errors
    /// 二维码装不下，或打包失败；不需要本机字体。
    pub fn docx(&self) -> Result<Vec<u8>, PaperError> {
        docx::write(self)
    }
}

impl Qr {
    fn modules(&self) -> Result<Vec<Vec<bool>>, PaperError> {
        qr::modules(&self.text).map_err(|_| PaperError::Qr)
    }
}
