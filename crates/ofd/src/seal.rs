//! 在 OFD 上盖章（规格 §6.3-7、8）：先写好签名清单与入口，再逐文件算 SM3，写出 Signature.xml 的最终字节，
//! 算它的 SM3，组 TBS、签名。Signature.xml 写出之后一个字节也不再动。

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tongban_gm::ses::{SignatureRequest, WriteError as SesError};
use tongban_gm::{Certificate, SecretKey};

use crate::NAMESPACE;
use crate::content::{Mm, push};
use crate::package::{Package, Part};
use crate::read::{ReadError, Rect, Structure, load, visible};

/// 一次盖章。
pub struct Sealing<'a> {
    /// 印章（.esl 的字节，由 [`Part::stored`] 得）；同一枚章盖许多份时共用，杂凑只算一次。
    pub seal: &'a Arc<Part>,
    /// 签章者证书。
    pub signer: &'a Certificate,
    /// 签章者私钥。
    pub key: &'a SecretKey,
    /// 签章时间。
    pub at: Timestamp,
    /// 章盖在哪些页的哪里；不可见的签章为空。
    pub stamps: &'a [Placed],
    /// 封口：连签名清单一起签，之后不得再签。
    pub close: bool,
}

/// 一枚章的位置。
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// 第几页，从 0 起。
    pub page: usize,
    /// 整枚章的左上角与宽高，毫米；看得见的部分须在页框内。
    pub area: Rect,
    /// 只盖出这一块（骑缝），从章的左上角起算；空为整枚。
    pub clip: Option<Rect>,
}

/// 骑缝章盖在页的哪一边。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Left,
    Right,
    Top,
    Bottom,
}

/// 一页上最窄露出多少毫米：再窄认不出是哪枚章，页多时分几枚盖。
const NARROWEST: f64 = 3.0;

/// 盖不成。
#[derive(Debug, Clone, thiserror::Error)]
pub enum SealError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Ses(#[from] SesError),
    #[error("文件没有第 {0} 页")]
    Page(usize),
    #[error("章落在页框外")]
    Outside,
    #[error("文件已封口，不能再盖章")]
    Closed,
    #[error("OFD.xml 的写法不认识，加不了签名入口")]
    Entry,
}

impl Placed {
    /// 圆章的中心落在 `at`，再收进页框。
    pub fn centred(page: usize, at: (f64, f64), size: (f64, f64), sheet: (f64, f64)) -> Self {
        let fit = |centre: f64, length: f64, limit: f64| (centre - length / 2.0).clamp(0.0, (limit - length).max(0.0));
        let area = Rect { x: fit(at.0, size.0, sheet.0), y: fit(at.1, size.1, sheet.1), width: size.0, height: size.1 };
        Self { page, area, clip: None }
    }

    /// 骑缝：一枚章依次分在各页的同一边，各页错开摆就拼成整枚；`sheets` 是各页的宽高，`along` 是章的中心沿着那条边的位置。
    /// 页多就分成几组，一组一枚；只有一页时整枚靠边。
    pub fn across(sheets: &[(f64, f64)], edge: Edge, along: f64, size: (f64, f64)) -> Vec<Self> {
        let upright = matches!(edge, Edge::Left | Edge::Right);
        let length = if upright { size.0 } else { size.1 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let most = ((length / NARROWEST) as usize).max(3);
        let groups = sheets.len().div_ceil(most).max(1);
        let (each, longer) = (sheets.len() / groups, sheets.len() % groups);
        let (mut out, mut first) = (Vec::with_capacity(sheets.len()), 0);
        for group in 0..groups {
            let count = each + usize::from(group < longer);
            for (n, sheet) in sheets.iter().skip(first).take(count).enumerate() {
                let (from, to) = (cut(length, n, count), cut(length, n + 1, count));
                out.push(Self::part(first + n, *sheet, edge, along, size, (from, to)));
            }
            first += count;
        }
        out
    }

    /// 骑缝章在一页上的一份：章在 `from..to` 的那一条，贴着页边。
    fn part(page: usize, sheet: (f64, f64), edge: Edge, along: f64, size: (f64, f64), (from, to): (f64, f64)) -> Self {
        let fit = |length: f64, limit: f64| (along - length / 2.0).clamp(0.0, (limit - length).max(0.0));
        let (x, y) = match edge {
            Edge::Left => (-from, fit(size.1, sheet.1)),
            Edge::Right => (sheet.0 - to, fit(size.1, sheet.1)),
            Edge::Top => (fit(size.0, sheet.0), -from),
            Edge::Bottom => (fit(size.0, sheet.0), sheet.1 - to),
        };
        let clip = match edge {
            Edge::Left | Edge::Right => Rect { x: from, y: 0.0, width: to - from, height: size.1 },
            Edge::Top | Edge::Bottom => Rect { x: 0.0, y: from, width: size.0, height: to - from },
        };
        let whole = clip.width >= size.0 && clip.height >= size.1;
        Self { page, area: Rect { x, y, width: size.0, height: size.1 }, clip: (!whole).then_some(clip) }
    }
}

/// 把一段长分成几份的第几刀，取到微米：各份首尾相接，不重不漏。
#[allow(clippy::cast_precision_loss)]
fn cut(length: f64, n: usize, count: usize) -> f64 {
    (length * n as f64 / count.max(1) as f64 * 1000.0).round() / 1000.0
}

/// 盖章：往包里加签名清单、印章、签名。
///
/// # Errors
/// 结构读不出、章落在页外、已封口，或印章与证书不配。
pub fn seal(package: &mut Package, sealing: &Sealing<'_>) -> Result<(), SealError> {
    let structure = Structure::read(package)?;
    let (existing, base) = existing(package, &structure)?;
    let folder = format!("/Doc_0/Signs/Sign_{}", existing.len());
    let stamps = stamps(&structure, sealing.stamps, base)?;
    if structure.signatures.is_none() {
        add_entry(package)?;
    }
    package.put("Doc_0/Signs/Signatures.xml", Part::new(list(&existing, base, sealing.stamps.len(), &folder)));
    package.put(&format!("{folder}/Seal.esl"), sealing.seal.clone());
    let xml = signature_xml(package, sealing, &stamps, &folder);
    let path = format!("{folder}/Signature.xml");
    let request = SignatureRequest::over(sealing.seal.data(), xml.as_bytes(), &path, sealing.at);
    let value = tongban_gm::ses::sign(&request, sealing.signer, sealing.key)?;
    package.put(&path, Part::new(xml));
    package.put(&format!("{folder}/SignedValue.dat"), Part::stored(value));
    Ok(())
}

/// 已有的签名（编号与位置），与用过的最大编号；有封口的就不许再签。
fn existing(package: &Package, structure: &Structure) -> Result<(Vec<(String, String)>, usize), SealError> {
    let Some(path) = &structure.signatures else { return Ok((Vec::new(), 0)) };
    let list = load(package, path)?;
    let mut out = Vec::new();
    let mut highest = list.text_at(&["MaxSignId"]).map_or(0, digits);
    for node in list.all("Signature") {
        let location = node.attribute("BaseLoc").unwrap_or_default();
        let (file, _) = crate::read::find(package, path, location)?;
        let signature = load(package, &file)?;
        let covered = signature.child("SignedInfo").and_then(|info| info.child("References"));
        if covered.is_some_and(|refs| refs.all("Reference").any(|r| r.attribute("FileRef").is_some_and(|f| f.trim_start_matches('/') == path))) {
            return Err(SealError::Closed);
        }
        let id = node.attribute("ID").unwrap_or_default().to_owned();
        highest = highest.max(digits(&id));
        out.push((id, format!("/{file}")));
    }
    // 外来的编号可能大得离谱
    Ok((out, highest.min(1_000_000_000)))
}

fn stamps(structure: &Structure, placed: &[Placed], base: usize) -> Result<String, SealError> {
    let mut out = String::new();
    for (n, stamp) in placed.iter().enumerate() {
        let page = structure.pages.get(stamp.page).ok_or(SealError::Page(stamp.page + 1))?;
        let (area, sheet) = (stamp.area, page.area);
        // Boundary 相对页框左上角；骑缝章的外框伸出页外，看得见的那一块要在页里
        if !visible(&area, stamp.clip.as_ref()).ok_or(SealError::Outside)?.inside(&Rect { x: 0.0, y: 0.0, ..sheet }) {
            return Err(SealError::Outside);
        }
        let (x, y, w, h) = (Mm(area.x), Mm(area.y), Mm(area.width), Mm(area.height));
        push(&mut out, format_args!("<ofd:StampAnnot ID=\"{}\" PageRef=\"{}\" Boundary=\"{x} {y} {w} {h}\"", sign_id(base + n + 2), page.id));
        if let Some(clip) = stamp.clip {
            push(&mut out, format_args!(" Clip=\"{} {} {} {}\"", Mm(clip.x), Mm(clip.y), Mm(clip.width), Mm(clip.height)));
        }
        out.push_str("/>");
    }
    Ok(out)
}

/// 模式要求 xs:ID，不能是纯数字；签名与其下的章接着已用的往后排。
fn sign_id(n: usize) -> String {
    format!("s{n:03}")
}

/// 编号里的数字；外来文件写法不一，没有数字的当零。
fn digits(id: &str) -> usize {
    id.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

fn list(existing: &[(String, String)], base: usize, stamps: usize, folder: &str) -> String {
    let last = sign_id(base + 1 + stamps);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ofd:Signatures xmlns:ofd=\"{NAMESPACE}\"><ofd:MaxSignId>{last}</ofd:MaxSignId>"
    );
    let own = (sign_id(base + 1), format!("{folder}/Signature.xml"));
    for (id, path) in existing.iter().chain(std::iter::once(&own)) {
        push(&mut out, format_args!("<ofd:Signature ID=\"{}\" Type=\"Seal\" BaseLoc=\"{}\"/>", crate::xml::escape(id), crate::xml::escape(path)));
    }
    out.push_str("</ofd:Signatures>");
    out
}

fn signature_xml(package: &Package, sealing: &Sealing<'_>, stamps: &str, folder: &str) -> String {
    let time = sealing.at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y%m%d%H%M%S.%3fZ").to_string();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ofd:Signature xmlns:ofd=\"{NAMESPACE}\"><ofd:SignedInfo>\
         <ofd:Provider ProviderName=\"ywtb-seal\" Version=\"1.0\" Company=\"ywtb\"/>\
         <ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod><ofd:SignatureDateTime>{time}</ofd:SignatureDateTime>\
         <ofd:References CheckMethod=\"1.2.156.10197.1.401\">"
    );
    for (name, part) in package.entries() {
        // 允许续签时不含签名清单，封口则含
        if name == "Doc_0/Signs/Signatures.xml" && !sealing.close {
            continue;
        }
        let digest = STANDARD.encode(part.digest());
        push(&mut out, format_args!("<ofd:Reference FileRef=\"/{}\"><ofd:CheckValue>{digest}</ofd:CheckValue></ofd:Reference>", crate::xml::escape(name)));
    }
    push(
        &mut out,
        format_args!(
            "</ofd:References>{stamps}<ofd:Seal><ofd:BaseLoc>{folder}/Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>\
             <ofd:SignedValue>{folder}/SignedValue.dat</ofd:SignedValue></ofd:Signature>"
        ),
    );
    out
}

/// 在 OFD.xml 的文档末尾加签名清单的入口，其余一字不动。
fn add_entry(package: &mut Package) -> Result<(), SealError> {
    const END: &str = "</ofd:DocBody>";
    let entry = package.get("OFD.xml").ok_or(SealError::Entry)?;
    let text = std::str::from_utf8(entry.data()).map_err(|_| SealError::Entry)?;
    let (head, tail) = text.split_once(END).ok_or(SealError::Entry)?;
    let xml = format!("{head}<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>{END}{tail}");
    package.put("OFD.xml", Part::new(xml));
    Ok(())
}
