//! 公众验真：输证照标识、编号查状态，或上传 OFD 看它有没有被改过。结论用大白话。

use askama::Template;
use axum::extract::{Multipart, State};
use axum::response::Response;
use serde::Deserialize;
use tongban_gm::Conclusion;
use tongban_kernel::time::{self, date_of, day_number};
use tongban_kernel::Problem;
use tongban_ofd::verify::{Line, Outcome, Report};
use tongban_web::components::ErrorSummary;
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Failure, Html, Layout, Query, render, render_status};

use super::offline;
use crate::maker;
use crate::model::LicenceState;
use crate::model::licence::{show_day, show_until};
use crate::queries;
use crate::rules::verdict::{COPY_OVER, Verdict, copy_is_over, of_file};
use crate::store::{LicenceRow, licences};

/// 查哪个编号。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    no: String,
}

/// 证照此刻的状态，公众看得到的。
pub struct Found {
    pub kind_name: String,
    pub issuer: String,
    pub issued: String,
    pub until: String,
    pub label: &'static str,
    pub tone: &'static str,
    pub holder: String,
    pub tail: String,
    pub note: String,
}

/// 上传的文件验得怎样。
struct Checked {
    verdict: Verdict,
    report: Report,
    reason: String,
    /// 是加注件的，它的截止；过没过。
    copy: Option<String>,
    over: bool,
}

impl Checked {
    fn lines(&self) -> Vec<(&Line, &'static str, &str)> {
        let all = self.report.lines.iter().chain(self.report.signatures.iter().flat_map(|signed| &signed.lines));
        all.map(|line| match &line.outcome {
            Outcome::Passed(note) => (line, "通过", note.as_str()),
            Outcome::Failed(why) => (line, "没过", why.as_str()),
            Outcome::NotReached => (line, "未及", ""),
        })
        .collect()
    }

    /// 标签上的几个字。
    fn word(&self) -> &'static str {
        if self.over && self.report.conclusion.is_valid() { COPY_OVER } else { self.report.conclusion.text() }
    }

    fn signed_at(&self) -> String {
        self.report.signatures.first().and_then(|signed| signed.signed_at).map(time::show).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "verify.html")]
pub(super) struct VerifyPage {
    l: Layout,
    no: String,
    found: Option<Found>,
    checked: Option<Checked>,
    /// 离线亮证码验得怎样。
    pub offline: Option<offline::Shown>,
    /// 本平台出过离线亮证码，有证书可下载。
    has_offline: bool,
    errors: ErrorSummary,
}

impl VerifyPage {
    pub async fn blank(app: &App, ctx: &Ctx, title: &str) -> Result<Self, Failure> {
        let has_offline = app.db().snapshot("credentials.offline_cert", maker::offline_cert).await?.is_some();
        let l = Layout::public(ctx, title);
        Ok(Self { l, no: String::new(), found: None, checked: None, offline: None, has_offline, errors: ErrorSummary::of(None) })
    }
}

/// 公众看得到的一张。
#[must_use]
pub fn found(row: &LicenceRow, today: i64, newer: Option<&LicenceRow>) -> Found {
    let overdue = row.state == LicenceState::Valid && row.valid_to < today;
    let state = if overdue { LicenceState::Expired } else { row.state };
    let note = match newer {
        Some(new) if new.edition > row.edition && new.state.is_issued() => format!("已被 {:03} 版替代", new.edition),
        _ if state == LicenceState::Valid => String::new(),
        _ => row.reason.clone(),
    };
    Found {
        kind_name: row.kind_name.clone(),
        issuer: row.issuer.clone(),
        issued: show_day(row.issued_day),
        until: show_until(row.valid_to),
        label: state.label(),
        tone: state.tone(),
        holder: row.holder_masked.clone(),
        tail: row.number.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect(),
        note,
    }
}

/// `GET /verify`
pub async fn form(State(app): State<App>, ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let no = asked.no.trim().to_owned();
    let mut page = VerifyPage { no: no.clone(), ..VerifyPage::blank(&app, &ctx, "验真").await? };
    if no.is_empty() {
        return render_status(200, &page);
    }
    let today = day_number(date_of(app.now()));
    let result = app
        .db()
        .snapshot("credentials.check", move |tx| {
            let row = queries::by_text(tx, &no)?;
            let newer = licences::latest(tx, &row.stem)?;
            Ok(found(&row, today, newer.as_ref()))
        })
        .await;
    match result {
        Ok(found) => {
            page.found = Some(found);
            render_status(200, &page)
        }
        Err(tongban_store::Error::Refused(problem)) => {
            page.errors = ErrorSummary::of(Some(&problem));
            render_status(problem.code.status(), &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /verify`：上传一份 OFD。
pub async fn upload(State(app): State<App>, ctx: Ctx, parts: Multipart) -> Result<Response, Failure> {
    let received = UploadForm::receive(parts, app.config().upload_limit).await;
    let file = received.and_then(|form| form.files.into_iter().next().ok_or_else(|| Problem::field("file", "required", "请选择要验的 OFD 文件")));
    let file = match file {
        Ok((_, file)) => file,
        Err(problem) => {
            let blank = VerifyPage::blank(&app, &ctx, "验真").await?;
            let page = VerifyPage { l: Layout::public(&ctx, "验真").with_errors(), errors: ErrorSummary::of(Some(&problem)), ..blank };
            return render_status(422, &page);
        }
    };
    let (report, live) = inspect(&app, file.content.to_vec()).await?;
    let until = report.datum("JZJYXQJZSJ").map(str::to_owned);
    let over = until.as_deref().is_some_and(|until| copy_is_over(until, app.now()));
    let page = VerifyPage {
        found: live,
        checked: Some(Checked { verdict: of_file(report.conclusion, over), reason: report.reason(), copy: until, over, report }),
        ..VerifyPage::blank(&app, &ctx, "验真结果").await?
    };
    let html: Html = render(&page)?;
    Ok(axum::response::IntoResponse::into_response(html))
}

/// 验一份文件；是本平台的证照就带上它此刻的状态。页面与接口共用。
pub async fn inspect(app: &App, bytes: Vec<u8>) -> Result<(Report, Option<Found>), Failure> {
    let (trust, now) = (app.db().snapshot("credentials.trust", maker::trust).await?, app.now());
    let report = tokio::task::spawn_blocking(move || tongban_ofd::verify(&bytes, &trust, now)).await.map_err(|_| Problem::conflict("文件没有验成，请再试一次"))?;
    let known = report.datum("ZZBS").map(str::to_owned).filter(|_| report.conclusion.is_valid() || report.conclusion == Conclusion::CertUntrusted);
    let Some(identifier) = known else { return Ok((report, None)) };
    let today = day_number(date_of(now));
    let live = app
        .db()
        .snapshot("credentials.live", move |tx| {
            let row = licences::by_identifier(tx, &identifier)?;
            let newer = match &row {
                Some(row) => licences::latest(tx, &row.stem)?,
                None => None,
            };
            Ok(row.map(|row| found(&row, today, newer.as_ref())))
        })
        .await?;
    Ok((report, live))
}
