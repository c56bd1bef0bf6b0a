//! 短信：任务里经网关发出；网关收到过的编号不会再发一遍。没有通道就留在出箱里，管理员看得见。

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use standardwebhooks::Webhook as Signer;
use tongban_kernel::Problem;
use tongban_store::jobs::Job;
use tongban_store::{Error, Result, Tx};
use tongban_web::{App, Work};

use crate::{outbound, store};

/// 任务的名字。
pub const JOB: &str = "messages.sms";

/// 任务的内容：号码是加密后的十六进制；不知道号码的给人的行键，发的时候取他登记的手机。
#[derive(Deserialize)]
struct Sms {
    #[serde(default)]
    to: String,
    #[serde(default)]
    person: i64,
    text: String,
    /// 站内网址，发的时候补上本站的开头；没有为空。
    #[serde(default)]
    link: String,
}

/// 事情过去这么久的不再发短信。
const FRESH: SignedDuration = SignedDuration::from_hours(72);

/// 还新鲜，值得发短信；历史补录、停机很久之后补跑的不打扰人。
#[must_use]
pub fn is_fresh(happened: Timestamp, now: Timestamp) -> bool {
    now.duration_since(happened) < FRESH
}

/// 在调用者的单元里记下一条短信，给一个手机号。
///
/// # Errors
/// 引擎拒绝。
pub fn to_mobile(tx: &mut Tx<'_>, mobile: &str, text: &str, at: Timestamp) -> Result<()> {
    let payload = json!({ "to": hex::encode(tx.seal(mobile)), "text": text });
    tx.enqueue(JOB, &payload.to_string(), at).map(|_| ())
}

/// 同 [`to_mobile`]，给一个登记过的人，文字后面带一个站内网址。
///
/// # Errors
/// 引擎拒绝。
pub fn to_person(tx: &mut Tx<'_>, person: i64, text: &str, link: &str, at: Timestamp) -> Result<()> {
    let payload = json!({ "person": person, "text": text, "link": link });
    tx.enqueue(JOB, &payload.to_string(), at).map(|_| ())
}

/// 号码的密文；那个人没有手机的为空。
async fn number_of(app: &App, sms: &Sms) -> Result<Vec<u8>> {
    if sms.person == 0 {
        return hex::decode(&sms.to).map_err(|_| Error::from(Problem::conflict("短信号码读不懂")));
    }
    let person = sms.person;
    let read = move |tx: &mut Tx<'_>| Ok(tongban_parties::queries::person(tx, person)?.filter(|who| !who.mobile.is_empty()).map(|who| tx.seal(&who.mobile)));
    Ok(app.db().read("messages.sms_person", read).await?.unwrap_or_default())
}

/// 发一条；没有成功就由任务按次数再试，试完进死信。
pub fn send<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let sms: Sms = serde_json::from_str(&job.payload)?;
        let sealed = number_of(app, &sms).await?;
        if sealed.is_empty() {
            return Ok(());
        }
        let text = if sms.link.is_empty() { sms.text } else { format!("{}{}{}", sms.text, app.config().base_url, sms.link) };
        let (id, at) = (job.id, app.now());
        if app.config().sms_url.is_empty() {
            return app.db().write("messages.sms_kept", move |tx| store::keep_sms(tx, id, &sealed, &text, "no_channel", at)).await;
        }
        let number = sealed.clone();
        let to = app.db().read("messages.sms_number", move |tx| tx.unseal(&number)).await?;
        hand_over(app, id, &to, &text).await?;
        app.db().write("messages.sms_sent", move |tx| store::keep_sms(tx, id, &sealed, &text, "sent", at)).await
    })
}

/// 交给网关：JSON 一条，Standard Webhooks 签名，编号是任务的行键。
async fn hand_over(app: &App, id: i64, to: &str, text: &str) -> Result<()> {
    let config = app.config();
    let failed = |what: &str| Error::Io(format!("短信网关：{what}"));
    let body = json!({ "id": id.to_string(), "to": to, "text": text }).to_string();
    let signer = Signer::new(&config.sms_secret).map_err(|_| failed("签名密钥不是 whsec_ 开头的 base64"))?;
    let (event, stamp) = (format!("sms-{id}"), app.now().as_second());
    let signature = signer.sign(&event, stamp, body.as_bytes()).map_err(|_| failed("签不了名"))?;
    let request = outbound::client(config.private_endpoints)?
        .post(&config.sms_url)
        .header("content-type", "application/json; charset=utf-8")
        .header("webhook-id", event)
        .header("webhook-timestamp", stamp.to_string())
        .header("webhook-signature", signature)
        .body(body);
    let answer = request.send().await.map_err(|_| failed("连不上"))?;
    if answer.status().is_success() { Ok(()) } else { Err(failed(&format!("回答 {}", answer.status().as_u16()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_three_days_ago_disturbs_nobody() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(200);
        assert!(is_fresh(now - SignedDuration::from_hours(71), now));
        assert!(!is_fresh(now - SignedDuration::from_hours(72), now));
    }
}
