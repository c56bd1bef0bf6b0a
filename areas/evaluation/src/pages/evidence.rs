//! 差评的证据文件：随处理表单收下、按内容认类型、存进文件库；看得到那条差评的人才下载得到。

use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tongban_kernel::Problem;
use tongban_web::upload::{FormOf, Received, Upload};
use tongban_web::{App, Ctx, Failure, Form};

use super::desk::Sent;
use crate::commands::EvidenceFile;
use crate::{rules, store};

/// 收下的一份，或为什么收不下：一份不对，别的内容照样留着。
struct Tried(Result<Upload, Problem>);

impl Received for Tried {
    const MOST: usize = 10;

    async fn receive(field: Field<'_>, _: &str, name: String, limit: usize) -> Result<Self, Problem> {
        Ok(Self(Upload::receive(field, "files", name, limit).await))
    }
}

/// 处理表单：填的、存好的文件，与第一份不对的文件为什么不对。
pub(super) struct Given {
    pub sent: Sent,
    pub files: Vec<EvidenceFile>,
    pub wrong: Option<Problem>,
}

/// 收下处理表单；没有文件框的（接口、旧页面）也收。
pub(super) async fn receive(app: &App, request: Request) -> Result<Given, Failure> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !kind.starts_with("multipart/form-data") {
        let Form(sent) = Form::<Sent>::from_request(request, app).await?;
        return Ok(Given { sent, files: Vec::new(), wrong: None });
    }
    let parts = Multipart::from_request(request, app).await.map_err(|_| Problem::new(tongban_kernel::Code::BadRequest, "上传的内容读不懂，请返回重试"))?;
    let form = FormOf::<Tried>::receive(parts, app.config().upload_limit).await?;
    let sent = Sent::of(|name| form.get(name).to_owned());
    let mut given = Given { sent, files: Vec::new(), wrong: None };
    for (_, Tried(file)) in form.files {
        match file {
            Ok(file) => {
                let stored = app.files().put(file.content, file.media).await?;
                given.files.push(EvidenceFile { name: file.name, stored });
            }
            Err(problem) => {
                let detail = problem.errors.first().map_or(problem.detail, |error| error.detail.clone());
                given.wrong.get_or_insert(Problem::field("files", "file", format!("{detail}。这一步还没有提交，请重新选择全部文件")));
            }
        }
    }
    Ok(given)
}

/// `GET /desk/rates/{task}/evidence/{evidence}`
pub async fn download(State(app): State<App>, ctx: Ctx, Path((no, id)): Path<(String, i64)>) -> Result<Response, Failure> {
    let viewer = ctx.actor.clone();
    let found = app.db().snapshot("evaluation.evidence", move |tx| {
        let task = store::task_by_no(tx, &no)?.ok_or_else(Problem::not_found)?;
        let task = store::task(tx, task)?.ok_or_else(Problem::not_found)?;
        task.check(&viewer.scope)?;
        rules::not_about_oneself(&viewer, task.staff)?;
        Ok(store::evidence(tx, task.id)?.into_iter().find(|file| file.id == id).ok_or_else(Problem::not_found)?)
    });
    let file = found.await?;
    let content = app.files().get(&file.digest).await?;
    let headers = [
        (header::CONTENT_TYPE, file.media.clone()),
        (header::CONTENT_DISPOSITION, disposition(&file.name)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, content).into_response())
}

/// 存成原来的文件名；老浏览器用不带中文的那个。
fn disposition(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let encoded: String = name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect();
    let extension: String = name.rsplit('.').next().unwrap_or("").chars().filter(char::is_ascii_alphanumeric).collect();
    format!("attachment; filename=\"evidence.{extension}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_file_name_cannot_break_the_header() {
        let header = disposition("监控 3\"\r\nX: y.pdf");
        assert!(header.is_ascii() && !header.contains('\n') && header.matches('"').count() == 2, "{header}");
        assert!(header.starts_with("attachment; filename=\"evidence.pdf\""));
    }
}
