//! 公文的电子签章版：排版、组 OFD、盖单位的章、记用印日志；别的区出文书要盖章，就用这里。

use std::sync::Arc;

use jiff::Timestamp;
use tongban_documents::paper::{Laid, Paper, PaperError, Picture, PictureKind, font};
use tongban_gm::hash;
use tongban_kernel::{Actor, Problem};
use tongban_ofd::{Document, Info, Page};
use tongban_store::{Error, Result, Tx};
use tongban_web::{App, Failure};

use crate::commands;
use crate::issue::{Pen, iso_day, seal_document, spot, stamp};
use crate::pages::check;
use crate::store::{Use, seals};

/// 电子签章版的媒体类型。
pub const MEDIA_TYPE: &str = tongban_ofd::MEDIA_TYPE;

/// 盖好的一份公文。
#[derive(Debug, Clone)]
pub struct SealedPaper {
    /// OFD 的字节。
    pub bytes: Vec<u8>,
    /// 印章的行键、编码、名称。
    pub seal: i64,
    pub es_id: String,
    pub seal_name: String,
    pub at: Timestamp,
}

/// 给一份公文盖上单位的章，得 OFD。用机用授权，目的写进用印日志。
///
/// # Errors
/// 没有可用的章或授权、排不成、盖不成。
pub async fn sealed_paper(app: &App, paper: Paper, org: i64, source: &str, purpose: &str) -> Result<SealedPaper> {
    let (at, what) = (app.now(), purpose.to_owned());
    let stamp = app.db().snapshot("credentials.paper", move |tx| stamp(tx, org, 0, &what, at)).await?;
    let (source, purpose) = (source.to_owned(), purpose.to_owned());
    let made = tokio::task::spawn_blocking(move || -> Result<_> {
        let failed = |error: PaperError| Error::from(Problem::from(error));
        let Laid { sheets, anchor } = paper.lay(font::shared().map_err(|error| failed(error.into()))?).map_err(failed)?;
        let anchor = anchor.ok_or_else(|| Problem::conflict("文书没有落款，不知道章盖在哪里"))?;
        let sheet = (sheets[0].width, sheets[0].height);
        let id = hash::hex(&hash::sm3(format!("{source}{purpose}{}", paper.number).as_bytes()));
        let info = Info {
            id: id.get(..32).unwrap_or_default().to_owned(),
            title: paper.title.clone(),
            author: stamp.seal.org_name.clone(),
            created: iso_day(at),
            creator: "通办".to_owned(),
            data: vec![("WSBH".to_owned(), paper.number.clone())],
        };
        let pages = sheets.into_iter().map(|sheet| Page { sheet, template: None }).collect();
        let document = Document { info, pages, ..Document::default() };
        let pen = Pen::new(stamp)?;
        let (bytes, placed, before) = seal_document(&document, &pen, (anchor.page, anchor.at), sheet, at)?;
        let stamp = &pen.stamp;
        let entry = Use {
            id: 0,
            place: stamp.seal.place,
            seal: stamp.seal.id,
            es_id: stamp.seal.es_id.clone(),
            seal_name: stamp.seal.name.clone(),
            grant: stamp.grant.id,
            who: "系统（机用授权）".to_owned(),
            account: 0,
            source,
            item_code: String::new(),
            purpose,
            file_name: format!("{}.ofd", paper.title),
            before,
            after: hash::hex(&hash::sm3(&bytes)),
            spot: spot(&placed),
            ip: String::new(),
            request: String::new(),
            at,
            done: true,
            reason: String::new(),
            digest: String::new(),
        };
        Ok((bytes, entry))
    });
    let (bytes, entry) = made.await.map_err(|error| Error::Io(error.to_string()))??;
    app.db()
        .write("credentials.paper_sealed", move |tx| {
            commands::log_use(tx, &Actor::system(), entry.clone(), at)?;
            Ok(entry.clone())
        })
        .await
        .map(|entry| SealedPaper { bytes, seal: entry.seal, es_id: entry.es_id, seal_name: entry.seal_name, at })
}

/// 一份电子签章版此刻验得过不过，与结论的话。
///
/// # Errors
/// 引擎拒绝。
pub async fn checked(app: &App, bytes: Vec<u8>) -> std::result::Result<(bool, String), Failure> {
    let (report, _) = check::inspect(app, bytes).await?;
    Ok((report.conclusion.is_valid(), report.conclusion.text().to_owned()))
}

/// 一枚章的印模图与宽高（毫米）；换过章、不是位图的为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn picture(tx: &mut Tx<'_>, seal: i64, es_id: &str) -> Result<Option<(Picture, (f64, f64))>> {
    let Some(esl) = seals::find(tx, seal)?.filter(|row| row.es_id == es_id).and_then(|row| row.esl) else { return Ok(None) };
    let Ok(seal) = tongban_gm::ses::Seal::parse(&esl) else { return Ok(None) };
    let data = seal.picture.data.to_vec();
    let size = (f64::from(seal.picture.width), f64::from(seal.picture.height));
    Ok(data.starts_with(b"\x89PNG").then(|| (Picture { kind: PictureKind::Png, data: Arc::new(data) }, size)))
}
