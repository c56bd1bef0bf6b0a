//! 成文与用印：排证面、组 OFD、盖章、存文件、落账。是任务，可以重来；同一张证照只会落账一次。

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Deserialize;
use tongban_documents::paper::{PaperError, Sheet, font};
use tongban_gm::{Certificate, MasterKey, SecretKey, hash};
use tongban_kernel::{Actor, Problem};
use tongban_ofd::subset::Subsetter;
use tongban_ofd::{Attachment, Document, Edge, Info, Package, Page, Part, Placed, Sealing, Tag, Template, seal};
use tongban_store::jobs::Job;
use tongban_store::{Error, Result, Tx};
use tongban_web::{App, Work};

use crate::commands::{self, Parked, Sealed};
use crate::maker::master;
use crate::model::licence::{show_day, show_until};
use crate::model::{LicenceState, Spec};
use crate::rules::face::{self, Printed};
use crate::rules::metadata::Metadata;
use crate::store::{Grant, Kind, LicenceRow, SealRow, Use, grants, kinds, licences};

/// 任务的内容。
#[derive(Deserialize)]
struct Payload {
    id: i64,
    /// 复核人的账号；0 为办结自动出证。
    account: i64,
}

/// 任务：签发一张证照。
pub fn issue<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let payload: Payload = serde_json::from_str(&job.payload)?;
        issue_one(app, payload.id, payload.account).await
    })
}

/// 成文要用的一切，一次读出。
pub struct Ready {
    pub row: LicenceRow,
    pub kind: Kind,
    pub holder_name: String,
    pub holder_code: String,
    pub fields: BTreeMap<String, String>,
    pub base: String,
}

/// 盖章要用的一切。
pub struct Stamp {
    pub seal: SealRow,
    pub grant: Grant,
    wrap: MasterKey,
}

/// 读出一张证照，解开密文。
///
/// # Errors
/// 没有这张证照，或密文损坏。
pub fn ready(tx: &mut Tx<'_>, id: i64, base: &str) -> Result<Ready> {
    let row = licences::find(tx, id)?.ok_or_else(Problem::not_found)?;
    let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
    let fields = serde_json::from_str(&tx.unseal(&row.fields)?)?;
    Ok(Ready { holder_name: tx.unseal(&row.holder_name)?, holder_code: tx.unseal(&row.holder_code)?, fields, kind, row, base: base.to_owned() })
}

/// 找到可以用的章与授权：复核人自己的授权优先，没有就用机用授权。
///
/// # Errors
/// 没有章、章没启用、没有授权。
pub fn stamp(tx: &mut Tx<'_>, org: i64, account: i64, what: &str, at: Timestamp) -> Result<Stamp> {
    let seal = commands::usable(tx, org, at)?;
    let all = grants::of_seal(tx, seal.id)?;
    let own = all.iter().find(|grant| account != 0 && grant.covers(account, what, at));
    let grant = own.or_else(|| all.iter().find(|grant| grant.covers(0, what, at))).cloned();
    let refused = || Problem::new(tongban_kernel::Code::Forbidden, format!("没有用“{}”盖“{what}”的授权；请保管人在印章台账里授权", seal.name));
    Ok(Stamp { grant: grant.ok_or_else(refused)?, wrap: master(tx), seal })
}

async fn issue_one(app: &App, id: i64, account: i64) -> Result<()> {
    let (base, now) = (app.config().base_url.clone(), app.now());
    let found = app
        .db()
        .snapshot("credentials.issue", move |tx| {
            let ready = ready(tx, id, &base)?;
            if ready.row.state != LicenceState::ToSign {
                return Ok(None);
            }
            let (org, what) = (ready.row.place.unit, ready.kind.name.clone());
            let stamp = match stamp(tx, org, account, &what, now) {
                Ok(stamp) => Ok(stamp),
                Err(Error::Refused(problem)) => Err(problem),
                Err(error) => return Err(error),
            };
            Ok(Some((ready, stamp)))
        })
        .await?;
    let Some((ready, stamp)) = found else { return Ok(()) };
    let stamp = match stamp {
        Ok(stamp) => stamp,
        Err(_) => return park(app, &ready.row, account, "", now).await,
    };
    let (bytes, sealed) = tokio::task::spawn_blocking(move || make(&ready, &Pen::new(stamp)?, now)).await.map_err(|error| Error::Io(error.to_string()))??;
    let file = app.files().put(bytes.into(), tongban_ofd::MEDIA_TYPE).await?;
    let sealed = Sealed { file, ..sealed };
    app.db().write("credentials.sealed", move |tx| commands::sealed(tx, &Actor::system(), &sealed, now)).await?;
    Ok(())
}

/// 没有授权或章没启用：停在“待用印章”，任务就此做完；章启用、授权之后由 [`wake`] 叫醒。
pub(crate) async fn park(app: &App, row: &LicenceRow, account: i64, batch: &str, at: Timestamp) -> Result<()> {
    let (id, batch) = (row.id, batch.to_owned());
    let parked = app.db().write("credentials.parked", move |tx| commands::park(tx, id, account, &batch, at)).await?;
    if parked == (Parked::Waiting { first: true }) {
        tracing::info!(unit = row.place.unit, issuer = row.issuer, "有证照待用印章，章启用、授权之后自动接着签发");
    }
    Ok(())
}

#[derive(Deserialize)]
struct Roused {
    unit: i64,
}

/// 任务：一个单位的章可以用了，等着的证照一页一页送去用印。
pub fn wake<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let roused: Roused = serde_json::from_str(&job.payload)?;
        let (mut after, at) = (Some(0), app.now());
        while let Some(from) = after {
            after = app.db().bulk("credentials.wake", move |tx| commands::wake(tx, roused.unit, from, at)).await?;
        }
        Ok(())
    })
}

pub(crate) fn blank_use(row: &LicenceRow, at: Timestamp) -> Use {
    Use {
        id: 0,
        place: row.place,
        seal: 0,
        es_id: String::new(),
        seal_name: String::new(),
        grant: 0,
        who: "系统（办结出证）".to_owned(),
        account: row.reviewed_by,
        source: row.identifier.clone(),
        item_code: row.item_code.clone(),
        purpose: row.kind_name.clone(),
        file_name: format!("{}.ofd", row.number),
        before: String::new(),
        after: String::new(),
        spot: String::new(),
        ip: String::new(),
        request: String::new(),
        at,
        done: true,
        reason: String::new(),
        digest: String::new(),
    }
}

pub(crate) fn make(ready: &Ready, pen: &Pen, at: Timestamp) -> Result<(Vec<u8>, Sealed)> {
    let (stamp, failed) = (&pen.stamp, |error: String| Error::from(Problem::conflict(error)));
    let (document, anchor, size) = document(ready, &stamp.seal.name, None).map_err(|error| failed(error.to_string()))?;
    let (bytes, placed, before) = seal_document(&document, pen, anchor, size, at)?;
    let entry = stamped(ready, pen, &bytes, (before, &placed), at);
    let file = tongban_store::files::Stored { digest: String::new(), size: 0, media: String::new() };
    Ok((bytes, Sealed { id: ready.row.id, file, seal_name: stamp.seal.name.clone(), entry }))
}

/// 盖成了的一条用印日志。
fn stamped(ready: &Ready, pen: &Pen, bytes: &[u8], (before, placed): (String, &Placed), at: Timestamp) -> Use {
    let stamp = &pen.stamp;
    Use {
        seal: stamp.seal.id,
        es_id: stamp.seal.es_id.clone(),
        seal_name: stamp.seal.name.clone(),
        grant: stamp.grant.id,
        who: if stamp.grant.staff == 0 { "系统（机用授权）".to_owned() } else { stamp.grant.staff_name.clone() },
        before,
        after: hash::hex(&hash::sm3(bytes)),
        spot: spot(placed),
        ..blank_use(&ready.row, at)
    }
}

pub(crate) fn spot(placed: &Placed) -> String {
    format!("第 {} 页 {:.0},{:.0}", placed.page + 1, placed.area.x, placed.area.y)
}

/// 拿起来的章：印章、证书、私钥都打开好了，盖一批共用；用完私钥即清零。
pub struct Pen {
    pub stamp: Stamp,
    seal: Arc<Part>,
    signer: Certificate,
    key: SecretKey,
    /// 章的宽高，毫米。
    size: (f64, f64),
}

impl Pen {
    /// 打开私钥，读出章的大小。
    ///
    /// # Errors
    /// 印章不完整、读不出，私钥打不开。
    pub fn new(stamp: Stamp) -> Result<Self> {
        let failed = |error: String| Error::from(Problem::conflict(error));
        let row = &stamp.seal;
        let (Some(esl), Some(cert), Some(wrapped)) = (&row.esl, &row.cert, &row.wrapped) else { return Err(failed("印章不完整".to_owned())) };
        let signer = Certificate::parse(cert).map_err(|fault| failed(fault.to_string()))?;
        let key = stamp.wrap.open_key(wrapped, &row.es_id).map_err(|error| failed(error.to_string()))?;
        let seal = tongban_gm::ses::Seal::parse(esl).map_err(|fault| failed(fault.to_string()))?;
        let size = (f64::from(seal.picture.width), f64::from(seal.picture.height));
        Ok(Self { seal: Part::stored(esl.as_slice()), signer, key, size, stamp })
    }
}

/// 盖章并打包：回字节、位置、签前摘要。
///
/// # Errors
/// 缺字、印章与证书不配。
pub fn seal_document(document: &Document, pen: &Pen, anchor: (usize, (f64, f64)), sheet: (f64, f64), at: Timestamp) -> Result<(Vec<u8>, Placed, String)> {
    let failed = |error: String| Error::from(Problem::conflict(error));
    let fonts = Subsetter::shared().map_err(|error| failed(error.to_string()))?;
    let mut package = document.package(fonts).map_err(|error| failed(error.to_string()))?;
    let placed = Placed::centred(anchor.0, anchor.1, pen.size, sheet);
    let before = package_digest(&package);
    let mut stamps = vec![placed];
    // 几页的文书另盖骑缝，换页、抽页一眼看得出
    if document.pages.len() > 1 {
        let sheets: Vec<_> = document.pages.iter().map(|page| (page.sheet.width, page.sheet.height)).collect();
        stamps.extend(Placed::across(&sheets, Edge::Right, sheet.1 / 2.0, pen.size));
    }
    let sealing = Sealing { seal: &pen.seal, signer: &pen.signer, key: &pen.key, at, stamps: &stamps, close: true };
    seal(&mut package, &sealing).map_err(|error| failed(error.to_string()))?;
    Ok((package.to_bytes(), placed, before))
}

/// 签前摘要：各文件杂凑的杂凑，不必先打一次包。
fn package_digest(package: &Package) -> String {
    let all: Vec<&[u8]> = package.entries().flat_map(|(name, part)| [name.as_bytes(), part.digest().as_slice()]).collect();
    hash::hex(&hash::sm3_of(&all))
}

/// 同一类型的底只排一次：键是类型与版本。
type Unders = Mutex<BTreeMap<(i64, i64), Arc<Template>>>;
static UNDERS: Unders = Mutex::new(BTreeMap::new());

fn under(kind: &Kind) -> Result<Arc<Template>, PaperError> {
    let key = (kind.id, kind.version);
    if let Some(found) = UNDERS.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(found.clone());
    }
    let template = Template::new(face::under(&kind.name, &kind.spec, font::shared()?)?);
    let mut unders = UNDERS.lock().unwrap_or_else(PoisonError::into_inner);
    unders.retain(|(id, _), _| *id != kind.id);
    unders.insert(key, template.clone());
    Ok(template)
}

/// 证面上要印的。
#[must_use]
pub fn printed(ready: &Ready, watermark: &str) -> Printed {
    let row = &ready.row;
    let mut values = ready.fields.clone();
    let common = [
        ("name", row.kind_name.clone()),
        ("number", row.number.clone()),
        ("holder", ready.holder_name.clone()),
        ("code", ready.holder_code.clone()),
        ("issuer", row.issuer.clone()),
        ("issued", chinese_day(row.issued_day)),
        ("until", if row.valid_to >= crate::model::licence::FOREVER { "长期".to_owned() } else { chinese_day(row.valid_to) }),
    ];
    values.extend(common.map(|(key, value)| (key.to_owned(), value)));
    Printed { name: row.kind_name.clone(), values, link: format!("{}/verify?no={}", ready.base, row.identifier), watermark: watermark.to_owned() }
}

/// 那一刻在北京时间的日子，`2026-11-23`；文件里的日期都这样写，可以直接比先后。
#[must_use]
pub fn iso_day(at: Timestamp) -> String {
    show_day(tongban_kernel::time::day_number(tongban_kernel::time::date_of(at)))
}

/// 同上，写到秒：`2026-11-23 10:00:00`。
#[must_use]
pub fn iso_second(at: Timestamp) -> String {
    at.to_zoned(tongban_kernel::time::china()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn chinese_day(day: i64) -> String {
    format!("{}年{}月{}日", day / 10_000, day / 100 % 100, day % 100)
}

/// 样张：改版式时预览。
///
/// # Errors
/// 缺字。
pub fn preview(name: &str, spec: &Spec) -> Result<Vec<Sheet>, PaperError> {
    let font = font::shared()?;
    let mut values: BTreeMap<String, String> = spec.fields.iter().map(|field| (field.key.clone(), format!("（{}）", field.label))).collect();
    values.extend(crate::model::face::COMMON.iter().map(|(key, label)| ((*key).to_owned(), format!("（{label}）"))));
    let printed = Printed { name: name.to_owned(), values, link: "https://example.cn/verify?no=1.2.156.3005.2".to_owned(), watermark: "样张".to_owned() };
    let laid = face::lay(spec, &printed, font)?;
    let mut sheet = face::under(name, spec, font)?;
    sheet.marks.extend(laid.over.marks);
    Ok(vec![sheet])
}

/// 写进文件的元数据。
#[must_use]
pub fn metadata(ready: &Ready, seal_name: &str) -> Metadata {
    let row = &ready.row;
    Metadata {
        identifier: row.identifier.clone(),
        kind_code: ready.kind.code.clone(),
        name: row.kind_name.clone(),
        number: row.number.clone(),
        issuer: row.issuer.clone(),
        issuer_code: row.issuer_code.clone(),
        issued: show_day(row.issued_day),
        holder_name: ready.holder_name.clone(),
        holder_code: ready.holder_code.clone(),
        holder_type: if row.legal { "001" } else { "111" },
        valid_from: show_day(row.valid_from),
        valid_to: if row.valid_to >= crate::model::licence::FOREVER { "9999-12-31".to_owned() } else { show_until(row.valid_to) },
        area_code: row.area_code.clone(),
        item_name: row.item_name.clone(),
        item_code: row.item_code.clone(),
        seal_name: seal_name.to_owned(),
        fields: ready.fields.clone(),
        copy: None,
    }
}

/// 加注件写明的：制作者、给谁、做什么用、到何时，与附进去的原件。
pub struct Note {
    pub maker: String,
    pub whom: String,
    pub why: String,
    pub until: Timestamp,
    pub original: Arc<Part>,
}

/// 一张证照的 OFD 文档：底是模板页，值是正文页；`copy` 是加注件的内容与制作时刻。
///
/// # Errors
/// 缺字。
pub fn document(ready: &Ready, seal_name: &str, copy: Option<(&Note, Timestamp)>) -> Result<Laid, PaperError> {
    let font = font::shared()?;
    let watermark = copy.map_or_else(String::new, |(note, made)| format!("仅供{}使用\n用于{}\n{} 至 {}", note.whom, note.why, iso_day(made), iso_second(note.until)));
    let laid = face::lay(&ready.kind.spec, &printed(ready, &watermark), font)?;
    let mut data = metadata(ready, seal_name);
    let mut attachments = Vec::new();
    if let Some((note, made)) = copy {
        data.copy = Some([iso_second(made), note.maker.clone(), note.why.clone(), iso_second(note.until)]);
        attachments.push(Attachment { name: "original.ofd".to_owned(), part: Arc::clone(&note.original) });
    }
    attachments.insert(0, Attachment { name: "licence.xml".to_owned(), part: Part::new(data.xml()) });
    let size = (laid.over.width, laid.over.height);
    let id = hash::hex(&hash::sm3(ready.row.identifier.as_bytes()));
    let document = Document {
        info: Info {
            id: id.get(..32).unwrap_or_default().to_owned(),
            title: ready.row.kind_name.clone(),
            author: ready.row.issuer.clone(),
            created: show_day(ready.row.issued_day),
            creator: "通办".to_owned(),
            data: data.short(),
        },
        templates: vec![under(&ready.kind)?],
        tags: laid.tags.into_iter().map(|(name, mark)| Tag { name, page: 0, mark }).collect(),
        pages: vec![Page { sheet: laid.over, template: Some(0) }],
        attachments,
    };
    Ok((document, (0, laid.anchor), size))
}

/// 文档、盖章处（第几页、中心）、页的大小。
pub type Laid = (Document, (usize, (f64, f64)), (f64, f64));

/// 加注件：原件附入，首页斜水印，再盖同一枚章。回字节与用印日志。
///
/// # Errors
/// 缺字，盖不成。
pub fn annotated(ready: &Ready, pen: &Pen, note: &Note, at: Timestamp) -> Result<(Vec<u8>, Use)> {
    let name = &pen.stamp.seal.name;
    let (document, anchor, size) = document(ready, name, Some((note, at))).map_err(|error| Error::from(Problem::from(error)))?;
    let (bytes, placed, before) = seal_document(&document, pen, anchor, size, at)?;
    let purpose = format!("{}加注件", ready.row.kind_name);
    let entry = Use { purpose, file_name: format!("{}（加注件）.ofd", ready.row.number), ..stamped(ready, pen, &bytes, (before, &placed), at) };
    Ok((bytes, entry))
}
