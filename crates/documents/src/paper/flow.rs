//! 排版：内容自上而下流进 A4 页，满了换页；表格不断行、跨页重复表头；落款右空四字，日期处是盖章的位置。

use std::sync::Arc;

use super::font::{Font, Ruler};
use super::line::wrap;
use super::sheet::{Ink, Mark, Run, Sheet, Stroke};
use super::{Block, Paper, PaperError, Qr, SignOff, Table};

/// A4。
pub const PAGE: (f64, f64) = (210.0, 297.0);
const LEFT: f64 = 26.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 26.0;
const WIDTH: f64 = PAGE.0 - 2.0 * LEFT;
/// 字号，毫米：二号、三号、四号、小四、五号、小五。
const HUGE: f64 = 7.76;
const BODY: f64 = 4.94;
const TABLE: f64 = 4.23;
const SMALL: f64 = 3.18;
/// 行距与字号之比。
const LEADING: f64 = 1.75;
const THIN: Stroke = Stroke { ink: Ink(60, 60, 60), width: 0.18 };
const PAD: f64 = 1.6;

/// 排好的文书。
#[derive(Debug, Clone)]
pub struct Laid {
    /// 各页。
    pub sheets: Vec<Sheet>,
    /// 盖章的位置；没有落款就没有。
    pub anchor: Option<Anchor>,
}

/// 盖章的位置：成文日期的中心。
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchor {
    /// 第几页，从 0 起。
    pub page: usize,
    /// 中心。
    pub at: (f64, f64),
}

/// 排一份文书。
///
/// # Errors
/// 缺字，或二维码装不下。
pub fn lay(paper: &Paper, font: &Font) -> Result<Laid, PaperError> {
    let mut flow = Flow { ruler: font.ruler(), sheets: vec![Sheet::new(PAGE.0, PAGE.1)], y: TOP };
    flow.letterhead(&paper.letterhead)?;
    flow.centred(&paper.title, HUGE, Ink::BLACK)?;
    flow.centred(&paper.number, TABLE, Ink::GREY)?;
    flow.y += 4.0;
    if !paper.addressee.is_empty() {
        flow.paragraph(&paper.addressee, BODY, 0.0)?;
    }
    for block in &paper.blocks {
        flow.block(block)?;
    }
    let codes = paper.qr.as_ref().map(|qr| Ok::<_, PaperError>((qr, qr.modules()?))).transpose()?;
    let anchor = flow.ending(paper.sign_off.as_ref(), codes)?;
    flow.footers(&paper.footer, &paper.watermark)?;
    Ok(Laid { sheets: flow.sheets, anchor })
}

struct Flow<'a> {
    ruler: Ruler<'a>,
    sheets: Vec<Sheet>,
    /// 下一行的顶。
    y: f64,
}

impl Flow<'_> {
    fn put(&mut self, mark: Mark) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.marks.push(mark);
        }
    }

    /// 后面要这么高；放不下就换页，换了回真。
    fn need(&mut self, height: f64) -> bool {
        let full = self.y + height > PAGE.1 - BOTTOM && self.y > TOP + 0.1;
        if full {
            self.sheets.push(Sheet::new(PAGE.0, PAGE.1));
            self.y = TOP;
        }
        full
    }

    fn write(&mut self, text: &str, x: f64, baseline: f64, size: f64, ink: Ink) -> Result<(), PaperError> {
        if !text.is_empty() {
            let run = self.ruler.run(text, (x, baseline), size, ink)?;
            self.put(Mark::Run(run));
        }
        Ok(())
    }

    fn letterhead(&mut self, text: &str) -> Result<(), PaperError> {
        if text.is_empty() {
            return Ok(());
        }
        self.centred(text, 6.35, Ink::RED)?;
        let y = self.y;
        self.put(Mark::Line { from: (LEFT, y), to: (PAGE.0 - LEFT, y), stroke: Stroke { ink: Ink::RED, width: 0.5 } });
        self.y += 8.0;
        Ok(())
    }

    fn centred(&mut self, text: &str, size: f64, ink: Ink) -> Result<(), PaperError> {
        if text.is_empty() {
            return Ok(());
        }
        for line in wrap(&self.ruler, text, size, WIDTH, 0.0)? {
            self.need(size * LEADING);
            let x = (PAGE.0 - self.ruler.width(&line, size)?) / 2.0;
            self.write(&line, x, self.y + size * 1.15, size, ink)?;
            self.y += size * LEADING;
        }
        Ok(())
    }

    fn block(&mut self, block: &Block) -> Result<(), PaperError> {
        match block {
            Block::Heading(text) => {
                self.y += 2.0;
                // 小标题不单独留在页底
                self.need(BODY * LEADING * 2.5);
                self.paragraph(text, BODY, 0.0)
            }
            Block::Text(text) => self.paragraph(text, BODY, 2.0 * BODY),
            Block::Pairs(pairs) => {
                let rows = pairs.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
                self.table(&Table { head: Vec::new(), widths: vec![1.0, 3.0], rows })
            }
            Block::Table(table) => self.table(table),
        }
    }

    fn paragraph(&mut self, text: &str, size: f64, indent: f64) -> Result<(), PaperError> {
        let lines = wrap(&self.ruler, text, size, WIDTH, indent)?;
        let count = lines.len();
        for (n, line) in lines.into_iter().enumerate() {
            self.need(size * LEADING);
            let x = if n == 0 { LEFT + indent } else { LEFT };
            let mut run = self.ruler.run(&line, (x, self.y + size * 1.2), size, Ink::BLACK)?;
            if n + 1 < count {
                spread(&mut run, LEFT + WIDTH - x);
            }
            self.put(Mark::Run(run));
            self.y += size * LEADING;
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> Result<(), PaperError> {
        let total: f64 = table.widths.iter().sum();
        let widths: Vec<f64> = table.widths.iter().map(|share| share / total.max(f64::EPSILON) * WIDTH).collect();
        self.y += 2.0;
        if !table.head.is_empty() {
            self.row(&table.head, &widths, true)?;
        }
        for row in &table.rows {
            let height = self.row_height(row, &widths)?;
            if self.need(height) && !table.head.is_empty() {
                self.row(&table.head, &widths, true)?;
            }
            self.row(row, &widths, table.head.is_empty())?;
        }
        self.y += 3.0;
        Ok(())
    }

    fn cell(&self, text: &str, width: f64) -> Result<Vec<String>, PaperError> {
        Ok(wrap(&self.ruler, text, TABLE, width - 2.0 * PAD, 0.0)?)
    }

    fn row_height(&self, cells: &[String], widths: &[f64]) -> Result<f64, PaperError> {
        let mut lines = 1;
        for (text, width) in cells.iter().zip(widths) {
            lines = lines.max(self.cell(text, *width)?.len());
        }
        #[allow(clippy::cast_precision_loss)]
        Ok(lines as f64 * TABLE * 1.45 + 2.0 * PAD)
    }

    /// 画一行；`shaded` 给表头，或要素表的名字那一列，垫一层浅灰。
    fn row(&mut self, cells: &[String], widths: &[f64], shaded: bool) -> Result<(), PaperError> {
        let height = self.row_height(cells, widths)?;
        self.need(height);
        let (mut x, top) = (LEFT, self.y);
        let named = cells.len() == 2 && shaded;
        for (n, width) in widths.iter().enumerate() {
            let fill = (shaded && (n == 0 || !named)).then_some(Ink(0xf2, 0xf4, 0xf7));
            self.put(Mark::Rect { at: (x, top), size: (*width, height), stroke: Some(THIN), fill });
            let lines = cells.get(n).map_or(Ok(Vec::new()), |text| self.cell(text, *width))?;
            for (k, line) in lines.iter().enumerate() {
                #[allow(clippy::cast_precision_loss)]
                let baseline = top + PAD + TABLE * (1.1 + 1.45 * k as f64);
                self.write(line, x + PAD, baseline, TABLE, Ink::BLACK)?;
            }
            x += width;
        }
        self.y += height;
        Ok(())
    }

    /// 落款与二维码并排：码在左，署名与日期在右；整块不拆到两页。
    fn ending(&mut self, sign_off: Option<&SignOff>, qr: Option<(&Qr, Vec<Vec<bool>>)>) -> Result<Option<Anchor>, PaperError> {
        if sign_off.is_none() && qr.is_none() {
            return Ok(None);
        }
        self.need(52.0);
        let top = self.y + 10.0;
        if let Some((qr, rows)) = qr {
            self.code(qr, rows, top)?;
        }
        let Some(sign_off) = sign_off else { return Ok(None) };
        let (name, date) = (self.ruler.width(&sign_off.organisation, BODY)?, self.ruler.width(&sign_off.date, BODY)?);
        // 日期右空四字，署名与日期居中对齐；署名太长则右齐版心
        let centre = (LEFT + WIDTH - 4.0 * BODY - date / 2.0).min(LEFT + WIDTH - name / 2.0);
        self.write(&sign_off.organisation, centre - name / 2.0, top + 12.0, BODY, Ink::BLACK)?;
        self.write(&sign_off.date, centre - date / 2.0, top + 12.0 + BODY * LEADING, BODY, Ink::BLACK)?;
        self.y = top + 42.0;
        Ok(Some(Anchor { page: self.sheets.len() - 1, at: (centre, top + 10.0 + BODY * 1.3) }))
    }

    fn code(&mut self, qr: &Qr, rows: Vec<Vec<bool>>, top: f64) -> Result<(), PaperError> {
        #[allow(clippy::cast_precision_loss)]
        // 每格不小于半毫米，否则印出来扫不动
        let cell = (26.0 / rows.len().max(1) as f64).max(0.5);
        #[allow(clippy::cast_precision_loss)]
        let side = cell * rows.len() as f64;
        self.put(Mark::Blocks { at: (LEFT, top), cell, rows: Arc::new(rows) });
        let width = self.ruler.width(&qr.caption, SMALL)?;
        self.write(&qr.caption, LEFT + ((side - width) / 2.0).max(0.0), top + side + SMALL * 1.5, SMALL, Ink::GREY)?;
        Ok(())
    }

    fn footers(&mut self, footer: &str, watermark: &str) -> Result<(), PaperError> {
        let (pages, y) = (self.sheets.len(), PAGE.1 - 14.0);
        for n in 0..pages {
            let number = format!("第 {} 页 共 {pages} 页", n + 1);
            let width = self.ruler.width(&number, SMALL)?;
            let mut marks = vec![Mark::Line { from: (LEFT, y - 5.0), to: (PAGE.0 - LEFT, y - 5.0), stroke: THIN }];
            marks.push(Mark::Run(self.ruler.run(footer, (LEFT, y), SMALL, Ink::GREY)?));
            marks.push(Mark::Run(self.ruler.run(&number, (PAGE.0 - LEFT - width, y), SMALL, Ink::GREY)?));
            let mut under = watermarks(&self.ruler, watermark)?;
            let Some(sheet) = self.sheets.get_mut(n) else { continue };
            under.append(&mut sheet.marks);
            under.append(&mut marks);
            sheet.marks = under;
        }
        Ok(())
    }
}

/// 铺满一页的斜水印。
///
/// # Errors
/// 缺字。
pub fn watermarks(ruler: &Ruler<'_>, text: &str) -> Result<Vec<Mark>, PaperError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // 写得下两遍就铺两列
    let columns: &[f64] = if ruler.width(text, 4.6)? < 88.0 { &[22.0, 116.0] } else { &[22.0] };
    let mut marks = Vec::new();
    for row in 0..4 {
        for x in columns {
            let mut run = ruler.run(text, (*x, 92.0 + 68.0 * f64::from(row)), 4.6, Ink::PALE)?;
            run.turn = 24.0;
            marks.push(Mark::Run(run));
        }
    }
    Ok(marks)
}

/// 两端对齐：把剩下的空当匀到字间；空得太多（西文长词断下去的）就不匀。
fn spread(run: &mut Run, room: f64) {
    let (slack, gaps) = (room - run.width(), run.glyphs.len().saturating_sub(1));
    if gaps == 0 || slack <= 0.0 || slack > run.size * 3.0 {
        return;
    }
    #[allow(clippy::cast_precision_loss)]
    let each = slack / gaps as f64;
    for (_, advance) in run.glyphs.iter_mut().take(gaps) {
        *advance += each;
    }
}
