//! 写成 Word：给需要再改一改的人；字体写名字不嵌入，版式从简，内容与 PDF 一字不差。

use docx_rs::{
    AlignmentType, BreakType, Docx, Footer, Header, LineSpacing, PageMargin, Paragraph, Pic, Run, RunFonts, Shading, ShdType, SpecialIndentType, Table, TableCell, TableRow,
    WidthType,
};

use super::{Block, Paper, PaperError, Qr};

/// 一毫米多少缇（1/20 点）。
const TWIP: f64 = 1440.0 / 25.4;
/// 版心宽，缇。
const WIDTH: usize = 8960;
/// 一英寸 914400 EMU。
const EMU_PER_MM: u32 = 36_000;

/// 写一份 DOCX。
///
/// # Errors
/// 二维码装不下，或打包失败。
pub fn write(paper: &Paper) -> Result<Vec<u8>, PaperError> {
    let mut out = Docx::new()
        .page_size(twips(210.0).unsigned_abs(), twips(297.0).unsigned_abs())
        .page_margin(PageMargin::new().top(twips(28.0)).bottom(twips(26.0)).left(twips(26.0)).right(twips(26.0)))
        .default_fonts(fonts())
        .default_size(28);
    if !paper.watermark.is_empty() {
        // docx-rs 没有斜水印，写在页眉里：说明了用途就不致被当成原件
        out = out.header(Header::new().add_paragraph(centred(&paper.watermark, 20, "999999")));
    }
    out = out.footer(Footer::new().add_paragraph(Paragraph::new().add_run(run(&paper.footer, 18).color("5A5A5A"))));
    for (text, size, colour) in [(&paper.letterhead, 36, "D01010"), (&paper.title, 44, "000000"), (&paper.number, 24, "5A5A5A")] {
        if !text.is_empty() {
            out = out.add_paragraph(centred(text, size, colour));
        }
    }
    if !paper.addressee.is_empty() {
        out = out.add_paragraph(plain(&paper.addressee, 28));
    }
    for block in &paper.blocks {
        out = add(out, block);
    }
    if let Some(sign_off) = &paper.sign_off {
        for text in ["", &sign_off.organisation, &sign_off.date] {
            out = out.add_paragraph(plain(text, 28).align(AlignmentType::Right));
        }
    }
    if let Some(qr) = &paper.qr {
        out = out.add_paragraph(code(qr)?).add_paragraph(plain(&qr.caption, 18));
    }
    let mut file = std::io::Cursor::new(Vec::new());
    out.build().pack(&mut file).map_err(|error| PaperError::Write { format: " Word 文件", why: error.to_string() })?;
    Ok(file.into_inner())
}

fn add(out: Docx, block: &Block) -> Docx {
    match block {
        Block::Heading(text) => out.add_paragraph(Paragraph::new().add_run(run(text, 28).bold())),
        Block::Text(text) => out.add_paragraph(plain(text, 28).indent(None, Some(SpecialIndentType::FirstLine(560)), None, None)),
        Block::Pairs(pairs) => {
            let rows = pairs.iter().map(|(name, value)| TableRow::new(vec![cell(name, WIDTH / 4, true), cell(value, WIDTH * 3 / 4, false)]));
            out.add_table(Table::new(rows.collect()).width(WIDTH, WidthType::Dxa))
        }
        Block::Table(table) => {
            let total: f64 = table.widths.iter().sum::<f64>().max(f64::EPSILON);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let widths: Vec<usize> = table.widths.iter().map(|share| (share / total * WIDTH as f64) as usize).collect();
            let row = |texts: &[String], head: bool| TableRow::new(widths.iter().enumerate().map(|(n, w)| cell(texts.get(n).map_or("", String::as_str), *w, head)).collect());
            let rows = std::iter::once(row(&table.head, true)).chain(table.rows.iter().map(|texts| row(texts, false)));
            out.add_table(Table::new(rows.collect()).width(WIDTH, WidthType::Dxa))
        }
    }
}

fn cell(text: &str, width: usize, head: bool) -> TableCell {
    let cell = TableCell::new().width(width, WidthType::Dxa).add_paragraph(plain(text, 24));
    if head { cell.shading(Shading::new().shd_type(ShdType::Clear).color("auto").fill("F2F4F7")) } else { cell }
}

fn code(qr: &Qr) -> Result<Paragraph, PaperError> {
    let png = super::sheet::code_png(&qr.modules()?).map_err(|why| PaperError::Write { format: "二维码", why })?;
    let side = 26 * EMU_PER_MM;
    Ok(Paragraph::new().add_run(Run::new().add_image(Pic::new_with_dimensions(png, 200, 200).size(side, side))))
}

fn plain(text: &str, size: usize) -> Paragraph {
    Paragraph::new().line_spacing(LineSpacing::new().line(420)).add_run(run(text, size))
}

fn centred(text: &str, size: usize, colour: &str) -> Paragraph {
    Paragraph::new().align(AlignmentType::Center).add_run(run(text, size).color(colour))
}

/// 一段字；换行符成为行内换行。
fn run(text: &str, size: usize) -> Run {
    let mut lines = text.split('\n');
    let first = Run::new().size(size).fonts(fonts()).add_text(lines.next().unwrap_or_default());
    lines.fold(first, |run, line| run.add_break(BreakType::TextWrapping).add_text(line))
}

fn fonts() -> RunFonts {
    RunFonts::new().ascii("Times New Roman").east_asia("宋体")
}

#[allow(clippy::cast_possible_truncation)]
fn twips(millimetres: f64) -> i32 {
    (millimetres * TWIP).round() as i32
}
