//! 文书用印：出文书时单位有能用的电子印章，就下一个任务，单元之外排版、盖章（GB/T 38540）、存 OFD、登记。
//!
//! 规格 cases §5：文书通用要素有电子印章与二维码查验；许可法第32条：受理通知书等加盖本机关专用印章、注明日期。
//! 没有章、没有授权的照常出文书，验真页上如实写没有用印。

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use tongban_credentials::{paper as credentials, queries as seals};
use tongban_documents::paper::Picture;
use tongban_kernel::{Actor, Problem};
use tongban_store::jobs::Job;
use tongban_store::{Entry, Result, Tx, files};
use tongban_web::{App, Failure, Work};

use crate::model::Case;
use crate::papers;
use crate::queries::{self, CaseView};
use crate::rules::documents::DocumentKind;
use crate::store::seals::Sealed;
use crate::store::{self, Document};

/// 任务的种类。
pub const JOB: &str = "cases.seal";

#[derive(Deserialize)]
struct Payload {
    document: i64,
}

/// 盖得了这种文书的机构：办理机关自己有章用自己的，否则用所属单位的。
fn sealer(tx: &mut Tx<'_>, case: &Case, kind: DocumentKind, at: Timestamp) -> Result<Option<i64>> {
    let place = case.place;
    for org in [place.org, place.unit] {
        if seals::can_issue(tx, org, kind.title(), at)? {
            return Ok(Some(org));
        }
    }
    Ok(None)
}

/// 出文书的单元里：该盖、盖得了的下任务。
///
/// # Errors
/// 引擎拒绝。
pub fn order(tx: &mut Tx<'_>, case: &Case, document: i64, kind: DocumentKind, at: Timestamp) -> Result<()> {
    if kind.is_sealed() && sealer(tx, case, kind, at)?.is_some() {
        enqueue(tx, document, at)?;
    }
    Ok(())
}

/// 排上一份。
///
/// # Errors
/// 引擎拒绝。
pub fn enqueue(tx: &mut Tx<'_>, document: i64, at: Timestamp) -> Result<()> {
    tx.enqueue(JOB, &serde_json::json!({ "document": document }).to_string(), at).map(drop)
}

/// 任务：盖一份。
pub fn run<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let payload: Payload = serde_json::from_str(&job.payload)?;
        seal(app, payload.document).await
    })
}

/// 验真网址：码是带密钥的散列，文号猜不出它。
#[must_use]
pub fn check_url(tx: &Tx<'_>, base_url: &str, document: &Document) -> String {
    format!("{base_url}/d/{}/{}", document.id, code_of(tx, document))
}

/// 验真码。
#[must_use]
pub fn code_of(tx: &Tx<'_>, document: &Document) -> String {
    tx.digest("document", &document.number).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// 要盖的一份：办件、文书、谁的章、验真网址。
type Wanted = (CaseView, Document, i64, String);

fn wanted(tx: &mut Tx<'_>, id: i64, base_url: &str, at: Timestamp) -> Result<Option<Wanted>> {
    let Some((case_id, document)) = store::document_by_id(tx, id)? else { return Ok(None) };
    if store::seals::of_document(tx, id)?.is_some() {
        return Ok(None);
    }
    let case = store::find(tx, case_id)?.ok_or_else(Problem::not_found)?;
    let Some(org) = sealer(tx, &case, document.kind, at)? else { return Ok(None) };
    let view = queries::view(tx, &Actor::system(), case.no.as_str(), at)?;
    let check = check_url(tx, base_url, &document);
    Ok(Some((view, document, org, check)))
}

/// 盖一份；盖过的、章停用了的不动。
async fn seal(app: &App, id: i64) -> Result<()> {
    let (base, at) = (app.config().base_url.clone(), app.now());
    let base_url = base.clone();
    let found = app.db().snapshot("cases.seal_read", move |tx| wanted(tx, id, &base_url, at)).await?;
    let Some((view, document, org, check)) = found else { return Ok(()) };
    let (no, kind) = (view.case.no.to_string(), document.kind);
    let paper = papers::paper(&view, &document, &base, &check);
    let made = tongban_credentials::sealed_paper(app, paper, org, &no, kind.title()).await?;
    let stored = app.files().put(Bytes::from(made.bytes), credentials::MEDIA_TYPE).await?;
    let (case_id, tenant, version) = (view.case.id, view.case.place.tenant, view.case.version);
    let sealed = Sealed { document: id, case_id, seal: made.seal, es_id: made.es_id, seal_name: made.seal_name, file: stored.digest.clone(), at: made.at };
    app.db()
        .write("cases.sealed", move |tx| {
            if store::seals::add(tx, &sealed)? {
                files::record(tx, &stored, sealed.at)?;
                let body = serde_json::json!({ "document": id, "es_id": sealed.es_id, "sm3": sealed.file }).to_string();
                tx.journal(Entry { kind: "cases.sealed", subject: case_id, rev: version, at: sealed.at, actor: &Actor::system(), tenant, body: &body })?;
            }
            Ok(())
        })
        .await
}

/// 电子签章版此刻验得怎样：印章名、何时盖的、过不过、结论的话。
pub struct Verdict {
    pub seal_name: String,
    pub at: Timestamp,
    pub valid: bool,
    pub text: String,
}

/// 取出电子签章版，从头验一遍；没盖为 `None`，文件不在了算没过。
///
/// # Errors
/// 引擎拒绝。
pub async fn verdict(app: &App, sealed: Option<Sealed>) -> std::result::Result<Option<Verdict>, Failure> {
    let Some(sealed) = sealed else { return Ok(None) };
    let (valid, text) = match app.files().get(&sealed.file).await {
        Ok(content) => credentials::checked(app, content.to_vec()).await?,
        Err(_) => (false, "电子签章版不在文件库里".to_owned()),
    };
    Ok(Some(Verdict { seal_name: sealed.seal_name, at: sealed.at, valid, text }))
}

/// 印模图与大小，印在 PDF 与网页的落款处。
///
/// # Errors
/// 引擎拒绝。
pub fn picture(tx: &mut Tx<'_>, sealed: &Sealed) -> Result<Option<(Picture, (f64, f64))>> {
    credentials::picture(tx, sealed.seal, &sealed.es_id)
}
