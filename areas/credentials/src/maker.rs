//! 制章：本地的演示根、制章者，给一个单位生成签章密钥、证书、图像与印章。全在单元之外做。
//!
//! 私钥只以封装的样子进库：封装的密钥由主钥经带密钥散列派生，主钥在文件里，不进数据库、日志与备份。

use jiff::{SignedDuration, Timestamp};
use tongban_gm::cert::{CertRequest, Crl, Role, issue, issue_root};
use tongban_gm::picture::{Design, Face};
use tongban_gm::ses::{ListBy, SealKind, SealRequest, make_seal, verify_seal};
use tongban_gm::{Certificate, MasterKey, SecretKey, Trust};
use tongban_kernel::Problem;
use tongban_store::{Database, Error, Result, Tx};

use crate::commands::{Made, full_name};
use crate::model::seal::LEGAL_NAME;
use crate::store::keys::{self, Key};
use crate::store::{SealRow, seals};

/// 根与制章者证书多少年，印章多少年。
const ROOT_YEARS: i64 = 20;
const SEAL_YEARS: i64 = 5;
const ROOT: &str = "root";
const MAKER: &str = "maker";
const OFFLINE: &str = "offline";

fn wrong(what: &str, why: impl std::fmt::Display) -> Error {
    Problem::conflict(format!("{what}：{why}")).into()
}

/// 封装私钥的密钥：由主钥派生，只在内存里。
pub fn master(tx: &Tx<'_>) -> MasterKey {
    let digest = tx.digest("credentials.wrap", "sm2-keys-v1");
    let mut key = [0; 16];
    // 带密钥散列是 32 字节，取前一半作 SM4 密钥
    key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    MasterKey::new(key)
}

/// 取真随机数。
///
/// # Errors
/// 操作系统不给。
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(error.to_string()))?;
    Ok(bytes)
}

fn years(from: Timestamp, years: i64) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(years * 365 * 24)).unwrap_or(Timestamp::MAX)
}

/// 没有本地制章者就建一套：自签的根、根签发的制章者；根登记为信任。已有就什么都不做。
///
/// # Errors
/// 引擎拒绝，或随机数取不到。
pub async fn found(db: &Database, owner: &str, at: Timestamp) -> Result<()> {
    let ready = db.snapshot("credentials.found", |tx| Ok((keys::find(tx, MAKER)?.is_some(), master(tx)))).await?;
    let (false, wrap) = ready else { return Ok(()) };
    let (root_key, maker_key) = (secret()?, secret()?);
    // 倒签一天：各机时钟略有先后，刚建好的根也要立刻可用
    let from = at - SignedDuration::from_hours(24);
    let request = |name, role, years_| -> Result<CertRequest<'_>> {
        Ok(CertRequest { common_name: name, organisation: owner, serial: random()?, not_before: from, not_after: years(from, years_), role })
    };
    let bad = |error| wrong("建不成本地制章者", error);
    let root = issue_root(&request("本地电子印章根证书", Role::Authority { path_len: 1 }, ROOT_YEARS)?, &root_key).map_err(bad)?;
    let maker = issue(&request("本地印章制作者", Role::Signer, ROOT_YEARS - 1)?, &maker_key.public(), &root, &root_key).map_err(bad)?;
    let pack = |purpose: &str, cert: &Certificate, key: &SecretKey| -> Result<Key> {
        let wrapped = wrap.seal_key(key, purpose, &random()?).map_err(|error| wrong("私钥封装不成", error))?;
        Ok(Key { name: cert.subject.common().to_owned(), cert: cert.der().to_vec(), wrapped })
    };
    let (root_row, maker_row) = (pack(ROOT, &root, &root_key)?, pack(MAKER, &maker, &maker_key)?);
    let fingerprint = tongban_gm::hash::hex(&root.fingerprint());
    db.write("credentials.found", move |tx| {
        if keys::find(tx, MAKER)?.is_none() {
            keys::insert(tx, ROOT, &root_row, at)?;
            keys::insert(tx, MAKER, &maker_row, at)?;
            keys::trust(tx, &root_row.name, &fingerprint, &root_row.cert, at)?;
        }
        Ok(())
    })
    .await
}

/// 离线亮证用的证书与私钥。
pub struct OfflinePen {
    pub cert: Certificate,
    pub key: SecretKey,
}

/// 取离线亮证的钥匙；有本地的根而还没有它，就由根签发一把。没有本地根的（印章都由省里制）为空。
///
/// # Errors
/// 引擎拒绝，或随机数取不到。
pub async fn offline(db: &Database, owner: &str, at: Timestamp) -> Result<Option<OfflinePen>> {
    if db.snapshot("credentials.offline", |tx| Ok(keys::find(tx, OFFLINE)?.is_none() && keys::find(tx, ROOT)?.is_some())).await? {
        let (root, wrap) = db.snapshot("credentials.offline_root", |tx| Ok((bench(tx)?.root, master(tx)))).await?;
        let key = secret()?;
        let request = CertRequest { common_name: "离线亮证核验", organisation: owner, serial: random()?, not_before: at - SignedDuration::from_hours(24), not_after: years(at, ROOT_YEARS - 2), role: Role::Signer };
        let cert = issue(&request, &key.public(), &root.0, &root.1).map_err(|error| wrong("证书签发不成", error))?;
        let wrapped = wrap.seal_key(&key, OFFLINE, &random()?).map_err(|error| wrong("私钥封装不成", error))?;
        let row = Key { name: cert.subject.common().to_owned(), cert: cert.der().to_vec(), wrapped };
        // 别的节点先建了就用它的
        db.write("credentials.offline_new", move |tx| if keys::find(tx, OFFLINE)?.is_none() { keys::insert(tx, OFFLINE, &row, at) } else { Ok(()) }).await?;
    }
    db.snapshot("credentials.offline_pen", |tx| {
        let Some(found) = keys::find(tx, OFFLINE)? else { return Ok(None) };
        let cert = Certificate::parse(&found.cert).map_err(|fault| wrong("证书读不出", fault))?;
        let key = master(tx).open_key(&found.wrapped, OFFLINE).map_err(|error| wrong("私钥打不开", error))?;
        Ok(Some(OfflinePen { cert, key }))
    })
    .await
}

/// 离线核验证书；还没有的为空。
///
/// # Errors
/// 引擎拒绝，或证书读不出。
pub fn offline_cert(tx: &mut Tx<'_>) -> Result<Option<Certificate>> {
    let found = keys::find(tx, OFFLINE)?;
    found.map(|key| Certificate::parse(&key.cert).map_err(|fault| wrong("证书读不出", fault))).transpose()
}

fn secret() -> Result<SecretKey> {
    SecretKey::generate(&random()?).map_err(|error| wrong("密钥生成不成", error))
}

/// 打开的制章者：根与制章者的证书、私钥。
struct Bench {
    root: (Certificate, SecretKey),
    maker: (Certificate, SecretKey),
    wrap: MasterKey,
}

fn bench(tx: &mut Tx<'_>) -> Result<Bench> {
    let wrap = master(tx);
    let mut open = |purpose: &str| -> Result<(Certificate, SecretKey)> {
        let key = keys::find(tx, purpose)?.ok_or_else(|| Problem::conflict("还没有本地制章者，请先在印章台账里建立，或导入省里下发的印章"))?;
        let cert = Certificate::parse(&key.cert).map_err(|fault| wrong("证书读不出", fault))?;
        let secret = wrap.open_key(&key.wrapped, purpose).map_err(|error| wrong("私钥打不开", error))?;
        Ok((cert, secret))
    };
    Ok(Bench { root: open(ROOT)?, maker: open(MAKER)?, wrap })
}

/// 图像的外形：乡镇、部门 ∅42，其他 ∅38；县级政府用国徽章，必须导入。
fn face(row: &SealRow) -> Face {
    match (row.kind, row.town) {
        (LEGAL_NAME, true) => Face::Township,
        (LEGAL_NAME, false) => Face::Department,
        _ => Face::Small,
    }
}

/// 制一枚章：生成密钥、签发证书、画图像、制章者签名，再自己验一遍 S1–S4。
///
/// # Errors
/// 没有制章者、名称画不下、字体缺字，或引擎拒绝。
pub async fn make(db: &Database, seal: i64, at: Timestamp) -> Result<Made> {
    let (row, bench, es_id) = db
        .write("credentials.make", move |tx| {
            let row = seals::find(tx, seal)?.ok_or_else(Problem::not_found)?;
            let es_id = if row.es_id.is_empty() { crate::commands::next_es_id(tx, &row.region)? } else { row.es_id.clone() };
            Ok((row, bench(tx)?, es_id))
        })
        .await?;
    tokio::task::spawn_blocking(move || build(&row, &bench, es_id, at)).await.map_err(|error| Error::Io(error.to_string()))?
}

fn build(row: &SealRow, bench: &Bench, es_id: String, at: Timestamp) -> Result<Made> {
    let font = tongban_documents::paper::font::shared().map_err(|error| wrong("画不成印章", error))?;
    let face = face(row);
    let design = Design { face, name: &row.name, purpose: &row.purpose };
    let image = tongban_ofd::stamp::png(&design, font).map_err(|error| wrong("画不成印章", error))?;
    let (key, name) = (secret()?, full_name(row));
    let from = at - SignedDuration::from_hours(1);
    // 印章有效期不超过所绑证书
    let request = CertRequest { common_name: &name, organisation: &row.org_name, serial: random()?, not_before: from, not_after: years(from, SEAL_YEARS + 1), role: Role::Signer };
    let cert = issue(&request, &key.public(), &bench.root.0, &bench.root.1).map_err(|error| wrong("证书签发不成", error))?;
    let kind = SealKind::from_code(tongban_gm::ses::Edition::V4, u32::try_from(row.kind).unwrap_or(99));
    let (width, height) = face.size();
    let request = SealRequest {
        es_id: &es_id,
        kind,
        name: &name,
        signers: std::slice::from_ref(&cert),
        list_by: ListBy::Certificate,
        created: from,
        valid_from: from,
        valid_to: years(from, SEAL_YEARS),
        format: "png",
        image: &image,
        width,
        height,
    };
    let esl = make_seal(&request, &bench.maker.0, &bench.maker.1).map_err(|error| wrong("制章不成", error))?;
    let mut trust = Trust::new();
    trust.add_anchor(bench.root.0.clone()).map_err(|fault| wrong("根证书不可信", fault))?;
    let report = verify_seal(&esl, &trust, at);
    if !report.conclusion.is_valid() {
        return Err(wrong("制好的章验不过", report.conclusion.text()));
    }
    let wrapped = bench.wrap.seal_key(&key, &es_id, &random()?).map_err(|error| wrong("私钥封装不成", error))?;
    Ok(Made { es_id, esl, cert: cert.der().to_vec(), wrapped: Some(wrapped) })
}

/// 本平台信任的根与它们的吊销列表，组成验证用的信任。
///
/// # Errors
/// 引擎拒绝。
pub fn trust(tx: &mut Tx<'_>) -> Result<Trust> {
    let mut trust = Trust::new();
    for anchor in keys::anchors(tx)? {
        let cert = Certificate::parse(&anchor.cert);
        let added = cert.as_ref().ok().map(|cert| trust.add_anchor(cert.clone()));
        let (Some(Ok(())), Ok(cert)) = (added, cert) else {
            tracing::warn!(anchor = anchor.fingerprint, "信任的根读不出，跳过");
            continue;
        };
        let listed = keys::crl(tx, &anchor.fingerprint)?.and_then(|bytes| Crl::parse(&bytes).ok()?.revocations(&cert));
        listed.into_iter().flatten().for_each(|revocation| trust.revoke(revocation));
    }
    Ok(trust)
}

/// 登记一份吊销列表：必须是某个信任的根签的。回颁发者名称与条数。
///
/// # Errors
/// 读不出、没有哪个信任的根认它，或引擎拒绝。
pub async fn add_crl(db: &Database, bytes: &[u8], at: Timestamp) -> Result<(String, usize)> {
    let crl = Crl::parse(bytes).map_err(|fault| Problem::field("file", "format", format!("不是证书也不是吊销列表：{fault}")))?;
    let bytes = bytes.to_vec();
    db.write("credentials.crl", move |tx| {
        for anchor in keys::anchors(tx)? {
            let Ok(cert) = Certificate::parse(&anchor.cert) else { continue };
            if let Some(listed) = crl.revocations(&cert) {
                keys::put_crl(tx, &anchor.fingerprint, &bytes, at)?;
                return Ok((anchor.name, listed.len()));
            }
        }
        Err(Problem::field("file", "issuer", "这份吊销列表不是本平台信任的根签发的").into())
    })
    .await
}

/// 加一个信任的根；回它的名称与是不是新加的。
///
/// # Errors
/// 不是自签的 SM2 CA 证书，或引擎拒绝。
pub async fn add_anchor(db: &Database, bytes: &[u8], at: Timestamp) -> Result<(String, bool)> {
    let cert = Certificate::parse(bytes).map_err(|fault| Problem::field("file", "format", format!("证书读不出：{fault}")))?;
    Trust::new().add_anchor(cert.clone()).map_err(|fault| Problem::field("file", "anchor", format!("不能作为信任的根：{fault}")))?;
    let (name, fingerprint) = (cert.subject.common().to_owned(), tongban_gm::hash::hex(&cert.fingerprint()));
    let title = name.clone();
    let new = db.write("credentials.trust", move |tx| keys::trust(tx, &title, &fingerprint, cert.der(), at)).await?;
    Ok((name, new))
}
