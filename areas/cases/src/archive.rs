//! 电子卷宗：一件办件的文书、材料、过程、日志摘录装进一个 zip，附清单与每份的 SM3，离线可核对（cases §6 档案）。

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};
use tongban_kernel::{Actor, Problem, time};
use tongban_store::jobs::Job;
use tongban_store::{Entry, Error, Result, Tx, files};
use tongban_web::{App, Work};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::papers;
use crate::queries::{self, CaseView};
use crate::store::{self, archives};

/// 清单：离线核对就照它。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub case_no: String,
    pub item_code: String,
    pub item_name: String,
    pub org_name: String,
    pub state: String,
    pub made_at: String,
    pub entries: Vec<ManifestEntry>,
}

/// 卷宗里的一份。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    pub path: String,
    pub size: u64,
    /// SM3，十六进制。
    pub sm3: String,
}

const MANIFEST: &str = "清单.json";
/// 卷宗里一份解开来至多多大，防解压炸弹。
const LARGEST: u64 = 512 * 1024 * 1024;

/// 要装进去的一份。
struct Piece {
    path: String,
    content: Vec<u8>,
}

/// 到期的排成任务。
///
/// # Errors
/// 引擎拒绝。
pub fn ring(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    if archives::queue(tx, id)? {
        tx.enqueue(JOB, &serde_json::json!({ "case": id }).to_string(), due)?;
    }
    Ok(())
}

/// 任务的种类。
pub const JOB: &str = "cases.archive";

#[derive(Deserialize)]
struct Payload {
    case: i64,
}

/// 任务：做一件的卷宗。
pub fn run<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let payload: Payload = serde_json::from_str(&job.payload)?;
        make(app, payload.case).await.map(|_| ())
    })
}

/// 做一件的卷宗，存进文件库；回答它的名字。
///
/// # Errors
/// 办件不存在或还没到头；文件库不可用。
pub async fn make(app: &App, id: i64) -> Result<String> {
    let at = app.now();
    let (view, journal) = app
        .db()
        .snapshot("cases.archive_read", move |tx| {
            let case = store::find(tx, id)?.ok_or_else(Problem::not_found)?;
            if !case.state.is_terminal() {
                return Err(Problem::conflict("还没办结，不能归档").into());
            }
            let view = queries::view(tx, &Actor::system(), case.no.as_str(), at)?;
            Ok((view, tx.timeline(id)?))
        })
        .await?;
    let mut pieces = papers_of(app, &view).await?;
    let mut lost = Vec::new();
    for sealed in &view.seals {
        let Some(document) = view.documents.iter().find(|document| document.id == sealed.document) else { continue };
        let name = format!("{} {}", document.kind.title(), plain(&document.number));
        match app.files().get(&sealed.file).await {
            Ok(content) => pieces.push(Piece { path: format!("文书/{name}.ofd"), content: content.to_vec() }),
            Err(_) => lost.push(format!("{name} 的电子签章版")),
        }
    }
    for (n, material) in view.materials.iter().enumerate() {
        for file in &material.files {
            match app.files().get(&file.id).await {
                Ok(content) => pieces.push(Piece { path: format!("材料/{:02}-{}/{}", n + 1, plain(&material.name), plain(&file.name)), content: content.to_vec() }),
                Err(_) => lost.push(format!("{}：{}", material.name, file.name)),
            }
        }
    }
    pieces.push(Piece { path: "办件.json".to_owned(), content: facts(&view, &lost)? });
    pieces.push(Piece { path: "过程.json".to_owned(), content: serde_json::to_vec_pretty(&steps(&view))? });
    let logged: Vec<_> = journal
        .iter()
        .map(|entry| serde_json::json!({ "lane": entry.lane, "seq": entry.seq, "at": time::rfc3339(entry.at), "kind": entry.kind, "rev": entry.rev }))
        .collect();
    pieces.push(Piece { path: "日志摘录.json".to_owned(), content: serde_json::to_vec_pretty(&logged)? });
    let head = manifest(&view, at);
    let packed = tokio::task::spawn_blocking(move || pack(head, pieces)).await.map_err(|error| Error::Io(error.to_string()))??;
    let stored = app.files().put(Bytes::from(packed), "application/zip").await?;
    let digest = stored.digest.clone();
    let (tenant, version, no) = (view.case.place.tenant, view.case.version, view.case.no.to_string());
    app.db()
        .write("cases.archived", move |tx| {
            files::record(tx, &stored, at)?;
            archives::done(tx, id, &stored.digest)?;
            let body = serde_json::json!({ "case_no": no, "sm3": stored.digest }).to_string();
            tx.journal(Entry { kind: "cases.archived", subject: id, rev: version, at, actor: &Actor::system(), tenant, body: &body })
        })
        .await?;
    Ok(digest)
}

/// 各份文书：有字体就印成 PDF，没有就成 DOCX。
async fn papers_of(app: &App, view: &CaseView) -> Result<Vec<Piece>> {
    let base = app.config().base_url.clone();
    let all: Vec<_> = view.documents.iter().map(|document| (document.kind.title(), document.number.clone(), papers::paper(view, document, &base, ""))).collect();
    let made = tokio::task::spawn_blocking(move || {
        all.into_iter()
            .map(|(title, number, paper)| {
                let (content, extension) = match paper.pdf() {
                    Ok(pdf) => (pdf, "pdf"),
                    Err(_) => (paper.docx().map_err(Problem::from)?, "docx"),
                };
                Ok(Piece { path: format!("文书/{title} {}.{extension}", plain(&number)), content })
            })
            .collect::<std::result::Result<Vec<_>, Problem>>()
    })
    .await
    .map_err(|error| Error::Io(error.to_string()))?;
    Ok(made?)
}

fn manifest(view: &CaseView, at: Timestamp) -> Manifest {
    Manifest {
        case_no: view.case.no.to_string(),
        item_code: view.case.item_code.clone(),
        item_name: view.case.item_name.clone(),
        org_name: view.case.org_name.clone(),
        state: view.case.state.as_str().to_owned(),
        made_at: time::rfc3339(at),
        entries: Vec::new(),
    }
}

fn facts(view: &CaseView, lost: &[String]) -> Result<Vec<u8>> {
    let (case, who) = (&view.case, &view.details.applicant);
    let show = |at: Option<Timestamp>| at.map(time::rfc3339);
    let body = serde_json::json!({
        "case_no": case.no.as_str(), "item": case.item_name, "item_code": case.item_code, "item_version": case.item_version,
        "org": case.org_name, "channel": case.channel.code(), "state": case.state.as_str(),
        "applicant": who.name, "id_type": who.id_type, "id_number": who.id_number, "contact": who.contact, "mobile": who.mobile, "address": who.address,
        "form": view.details.form, "situations": view.details.situations,
        "submitted_at": time::rfc3339(case.submitted_at), "received_at": show(case.received_at), "accepted_at": show(case.accepted_at),
        "decided_at": show(case.decided_at), "ended_at": show(case.ended_at), "due_on_time": case.on_time, "used_workdays": case.used_days,
        "outcome": case.outcome.map(crate::model::Outcome::as_str), "result": case.result_note,
        "materials": view.materials.iter().map(|m| serde_json::json!({ "name": m.name, "status": m.status.label(), "copies": m.copies, "remark": m.remark })).collect::<Vec<_>>(),
        "opinions": view.opinions.iter().map(|o| serde_json::json!({ "org": o.org_name, "state": o.state.label(), "opinion": o.opinion })).collect::<Vec<_>>(),
        "missing_files": lost,
    });
    Ok(serde_json::to_vec_pretty(&body)?)
}

fn steps(view: &CaseView) -> Vec<serde_json::Value> {
    let step = |s: &store::StepRow| {
        serde_json::json!({ "name": s.name, "from": s.from.as_str(), "to": s.to.as_str(), "actor": s.actor_name, "opinion": s.opinion, "at": time::rfc3339(s.ended_at) })
    };
    view.steps.iter().map(step).collect()
}

/// 文件名里不许有的字换掉。
fn plain(name: &str) -> String {
    let kept: String = name.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c }).take(80).collect();
    if kept.trim_matches('.').is_empty() { "文件".to_owned() } else { kept }
}

fn digest_of(content: &[u8]) -> String {
    hex::encode(Sm3::digest(content))
}

/// 装成 zip；同名的加序号，清单放在最后。
fn pack(mut manifest: Manifest, pieces: Vec<Piece>) -> Result<Vec<u8>> {
    let failed = |error: zip::result::ZipError| Error::Io(format!("装卷宗：{error}"));
    let written = |error: std::io::Error| Error::Io(format!("装卷宗：{error}"));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for piece in pieces {
        let count = taken.entry(piece.path.clone()).or_insert(0);
        *count += 1;
        let path = if *count == 1 { piece.path } else { format!("{} ({count})", piece.path) };
        manifest.entries.push(ManifestEntry { path: path.clone(), size: piece.content.len() as u64, sm3: digest_of(&piece.content) });
        zip.start_file(path, options).map_err(failed)?;
        zip.write_all(&piece.content).map_err(written)?;
    }
    zip.start_file(MANIFEST, options).map_err(failed)?;
    zip.write_all(&serde_json::to_vec_pretty(&manifest)?).map_err(written)?;
    Ok(zip.finish().map_err(failed)?.into_inner())
}

/// 离线核对一份卷宗：清单里的每份都在、内容没变，也没有多出来的。不要数据库，也不联网。
///
/// # Errors
/// 全部不对的地方，一处一句。
pub fn verify(bytes: &[u8]) -> std::result::Result<Manifest, Vec<String>> {
    let broken = |what: String| vec![what];
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(format!("不是完整的 zip：{error}")))?;
    let listed = read_entry(&mut zip, MANIFEST).map_err(broken)?;
    let manifest: Manifest = serde_json::from_slice(&listed).map_err(|error| broken(format!("清单读不懂：{error}")))?;
    let mut faults = Vec::new();
    for entry in &manifest.entries {
        match read_entry(&mut zip, &entry.path) {
            Ok(content) if digest_of(&content) == entry.sm3 && content.len() as u64 == entry.size => {}
            Ok(_) => faults.push(format!("“{}”的内容被改过", entry.path)),
            Err(fault) => faults.push(fault),
        }
    }
    let extra = zip.file_names().filter(|name| *name != MANIFEST && !manifest.entries.iter().any(|entry| entry.path == **name));
    faults.extend(extra.map(|name| format!("“{name}”不在清单里")));
    if faults.is_empty() { Ok(manifest) } else { Err(faults) }
}

fn read_entry(zip: &mut ZipArchive<Cursor<&[u8]>>, path: &str) -> std::result::Result<Vec<u8>, String> {
    let file = zip.by_name(path).map_err(|_| format!("缺“{path}”"))?;
    let mut content = Vec::new();
    file.take(LARGEST).read_to_end(&mut content).map_err(|_| format!("“{path}”读不出来，文件可能损坏"))?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let head = Manifest {
            case_no: "510811-20211008-000001".into(),
            item_code: String::new(),
            item_name: "食品经营许可".into(),
            org_name: String::new(),
            state: "closed".into(),
            made_at: String::new(),
            entries: Vec::new(),
        };
        let piece = |path: &str, content: &str| Piece { path: path.into(), content: content.into() };
        pack(head, vec![piece("文书/受理通知书.pdf", "一"), piece("文书/受理通知书.pdf", "二"), piece("材料/01-平面图/图.png", "三")]).unwrap()
    }

    #[test]
    fn a_dossier_verifies_offline_and_any_change_shows() {
        let packed = sample();
        let manifest = verify(&packed).unwrap();
        let paths: Vec<_> = manifest.entries.iter().map(|e| e.path.as_str()).collect();
        assert_eq!(paths, ["文书/受理通知书.pdf", "文书/受理通知书.pdf (2)", "材料/01-平面图/图.png"]);
        // 换掉一份：拆开、改、装回，清单不动
        let mut zip = ZipArchive::new(Cursor::new(packed.as_slice())).unwrap();
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        for n in 0..zip.len() {
            let mut file = zip.by_index(n).unwrap();
            let (name, mut content) = (file.name().to_owned(), Vec::new());
            file.read_to_end(&mut content).unwrap();
            if name.starts_with("材料") {
                content = "改过".into();
            }
            out.start_file(name, SimpleFileOptions::default()).unwrap();
            out.write_all(&content).unwrap();
        }
        out.start_file("夹带.txt", SimpleFileOptions::default()).unwrap();
        let faults = verify(&out.finish().unwrap().into_inner()).unwrap_err();
        assert_eq!(faults, ["“材料/01-平面图/图.png”的内容被改过", "“夹带.txt”不在清单里"]);
        assert!(verify(b"not a zip").is_err());
        assert!(verify(&packed[..packed.len() / 2]).is_err());
    }

    #[test]
    fn names_cannot_climb_out() {
        assert_eq!(plain("../../etc/passwd"), ".._.._etc_passwd");
        assert_eq!(plain(".."), "文件");
    }
}
