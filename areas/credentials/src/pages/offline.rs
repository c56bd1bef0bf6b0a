//! 离线亮证码的核验：验真页上输入，与下载离线核验证书（公钥）。

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_gm::Certificate;
use tongban_kernel::{Problem, time};
use tongban_web::{App, Ctx, Failure, Form, render_status};

use super::check::VerifyPage;
use crate::maker;
use crate::rules::offline::{self, Verdict};

/// 页面上的结论。
pub struct Shown {
    pub verdict: Verdict,
    pub until: String,
    /// 填了证照标识的：是不是这一张。
    pub same: Option<bool>,
}

impl Shown {
    #[must_use]
    pub fn tone(&self) -> &'static str {
        match (&self.verdict, self.same) {
            (Verdict::Good(_), Some(false)) => "r",
            (Verdict::Good(claim), _) => claim.state.tone(),
            _ => "r",
        }
    }

    /// 标签上的几个字：真的说状态，别的说不能用。
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (&self.verdict, self.same) {
            (Verdict::Good(_), Some(false)) => "不是同一张",
            (Verdict::Good(claim), _) => claim.state.label(),
            (Verdict::Expired(_), _) => "已作废",
            _ => "不能用",
        }
    }
}

/// 验的表单；码不走网址，免得进日志。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    code: String,
    no: String,
}

/// 本平台的离线核验证书。
///
/// # Errors
/// 还没有出过离线码 404。
pub async fn certificate(app: &App) -> Result<Certificate, Failure> {
    let key = app.db().snapshot("credentials.offline_cert", maker::offline_cert).await?;
    Ok(key.ok_or_else(|| Problem::new(tongban_kernel::Code::NotFound, "本平台还没有离线亮证的证书"))?)
}

/// `POST /verify/code`
pub async fn submit(State(app): State<App>, ctx: Ctx, Form(form): Form<CodeForm>) -> Result<Response, Failure> {
    let (verdict, no) = (offline::check(&form.code, &certificate(&app).await?, app.now()), form.no.trim());
    let shown = Shown {
        until: verdict.claim().map(|claim| time::show(claim.expires)).unwrap_or_default(),
        same: verdict.claim().filter(|_| !no.is_empty()).map(|claim| claim.is_for(no)),
        verdict,
    };
    let status = if shown.verdict == Verdict::Malformed { 422 } else { 200 };
    let mut page = VerifyPage::blank(&app, &ctx, "验真结果").await?;
    page.offline = Some(shown);
    render_status(status, &page)
}

/// `GET /verify/offline.cer`：没有网络的核验端先把它下载好。
pub async fn download(State(app): State<App>) -> Result<Response, Failure> {
    let cert = certificate(&app).await?;
    let disposition = super::files::disposition("attachment", "offline.cer");
    Ok(([("content-type", "application/pkix-cert".to_owned()), ("content-disposition", disposition)], cert.der().to_vec()).into_response())
}
