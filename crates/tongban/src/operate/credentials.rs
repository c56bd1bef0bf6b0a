//! `tongban credentials`：造一份演示证照、验一份 OFD、加一个信任的根。

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use jiff::Timestamp;
use tongban_credentials::rules::offline;
use tongban_credentials::rules::verdict::{COPY_OVER, copy_is_over};
use tongban_credentials::{maker, sample};
use tongban_gm::{Certificate, Conclusion, Trust};

use crate::config::Settings;
use crate::house;

/// 造一份演示证照与它的演示根证书；每次密钥都是新的，不碰数据库。
///
/// # Errors
/// 没有中文字体，或文件写不进。
pub fn sample(settings: &Settings, out: &Path, root: &Path) -> Result<ExitCode> {
    tongban_documents::paper::font::choose(Path::new(settings.get("font")));
    let made = sample::sample(Timestamp::now())?;
    std::fs::write(out, &made.ofd).with_context(|| format!("写 {}", out.display()))?;
    std::fs::write(root, &made.root).with_context(|| format!("写 {}", root.display()))?;
    println!("已写 {}（{} 字节）与演示根证书 {}", out.display(), made.ofd.len(), root.display());
    Ok(ExitCode::SUCCESS)
}

/// 验一份 OFD：先印结论（规格 §3.4 的词），再说为什么；只有 `valid` 退出码是 0。
/// 给了根就只信它，没给就信本平台登记的根。
///
/// # Errors
/// 文件或证书读不出，数据库打不开。
pub async fn verify(settings: &Settings, file: &Path, root: Option<&Path>) -> Result<ExitCode> {
    let bytes = std::fs::read(file).with_context(|| format!("读 {}", file.display()))?;
    let trust = match root {
        Some(root) => only(root)?,
        None => {
            let db = house::database(settings).await?;
            house::migrate(&db).await?;
            db.snapshot("credentials.trust", maker::trust).await?
        }
    };
    let report = tongban_ofd::verify(&bytes, &trust, Timestamp::now());
    let until = report.datum("JZJYXQJZSJ").filter(|_| report.conclusion == Conclusion::Valid);
    if let Some(until) = until.filter(|until| copy_is_over(until, Timestamp::now())) {
        println!("{} {COPY_OVER}（截止 {until}）", Conclusion::ValidExpiredNow.code());
        return Ok(ExitCode::FAILURE);
    }
    println!("{} {}", report.conclusion.code(), report.reason());
    Ok(if report.conclusion == Conclusion::Valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn only(root: &Path) -> Result<Trust> {
    let bytes = std::fs::read(root).with_context(|| format!("读 {}", root.display()))?;
    let cert = Certificate::parse(&bytes).with_context(|| format!("{} 不是证书", root.display()))?;
    let mut trust = Trust::new();
    trust.add_anchor(cert).with_context(|| format!("{} 不能作为信任的根", root.display()))?;
    Ok(trust)
}

/// 验一枚离线亮证码：先印结论（good、expired、forged、malformed），再说为什么；只有 `good` 退出码是 0。
/// 给了离线核验证书就不碰数据库、不要网络，没给就用本平台的。
///
/// # Errors
/// 证书读不出或是根证书，数据库打不开，本平台还没有离线核验证书。
pub async fn verify_code(settings: &Settings, code: &str, cert: Option<&Path>, identifier: Option<&str>) -> Result<ExitCode> {
    let cert = match cert {
        Some(file) => {
            let bytes = std::fs::read(file).with_context(|| format!("读 {}", file.display()))?;
            Certificate::parse(&bytes).with_context(|| format!("{} 不是证书", file.display()))?
        }
        None => {
            let db = house::database(settings).await?;
            house::migrate(&db).await?;
            db.snapshot("credentials.offline_cert", maker::offline_cert).await?.context("本平台还没有离线亮证的证书：有人亮过证才有")?
        }
    };
    anyhow::ensure!(!cert.may_issue(), "这是根证书；离线亮证码要用离线核验证书验，在验真页下载 offline.cer");
    let verdict = offline::check(code, &cert, Timestamp::now());
    let Some(claim) = verdict.claim() else {
        println!("{} {}", verdict.code(), verdict.text());
        return Ok(ExitCode::FAILURE);
    };
    println!("{} {}；出码时的状态“{}”，{} 作废，证照标识的 SM3 {}", verdict.code(), verdict.text(), claim.state.label(), claim.expires, claim.hex());
    if identifier.is_some_and(|identifier| !claim.is_for(identifier)) {
        println!("不是 {} 这张证照的码", identifier.unwrap_or_default());
        return Ok(ExitCode::FAILURE);
    }
    Ok(if matches!(verdict, offline::Verdict::Good(_)) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// 把一张根证书登记为信任；给的是它签的吊销列表就换上新的。
///
/// # Errors
/// 不是自签的 SM2 根证书、也不是信任的根签的吊销列表，或数据库打不开。
pub async fn trust(settings: &Settings, file: &Path) -> Result<ExitCode> {
    let bytes = std::fs::read(file).with_context(|| format!("读 {}", file.display()))?;
    let db = house::database(settings).await?;
    house::migrate(&db).await?;
    if Certificate::parse(&bytes).is_err() {
        let (name, count) = maker::add_crl(&db, &bytes, Timestamp::now()).await?;
        println!("已登记“{name}”的吊销列表，{count} 条");
        return Ok(ExitCode::SUCCESS);
    }
    let (name, new) = maker::add_anchor(&db, &bytes, Timestamp::now()).await?;
    println!("{}“{name}”", if new { "已信任" } else { "早已信任" });
    Ok(ExitCode::SUCCESS)
}
