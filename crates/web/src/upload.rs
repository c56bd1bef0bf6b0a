//! 上传：边收边数大小，按内容认类型，图片与文书之外一律拒绝，文件名清洗（api-conventions §8）。

use axum::extract::multipart::{Field, Multipart, MultipartError};
use bytes::{Bytes, BytesMut};
use tongban_kernel::problem::{Code, Problem};

/// 收下的一份文件。
#[derive(Debug, Clone)]
pub struct Upload {
    /// 清洗过的原文件名。
    pub name: String,
    /// 按内容认出的媒体类型。
    pub media: &'static str,
    pub content: Bytes,
}

/// 收文件的办法：放在内存里，或边收边写进临时文件。
pub trait Received: Sized + Send {
    /// 一张表单至多几份文件。
    const MOST: usize;

    /// 收下一份；`input` 是字段名，`name` 是清洗过的文件名。
    ///
    /// # Errors
    /// 太大 413、类型不对 422、读不懂 400。
    fn receive(field: Field<'_>, input: &str, name: String, limit: usize) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// 一张上传表单：普通字段与文件。
#[derive(Debug)]
pub struct FormOf<F> {
    pub fields: Vec<(String, String)>,
    /// （字段名，文件）
    pub files: Vec<(String, F)>,
}

/// 文件放在内存里的上传表单。
pub type UploadForm = FormOf<Upload>;

/// 单个普通字段的上限，字节。
const FIELD_LIMIT: usize = 64 * 1024;

impl<F: Received> FormOf<F> {
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// 收完整张表单。
    ///
    /// # Errors
    /// 太大、太多 413，类型不对 422，读不懂 400。
    pub async fn receive(mut parts: Multipart, limit: usize) -> Result<Self, Problem> {
        let mut form = Self { fields: Vec::new(), files: Vec::new() };
        while let Some(field) = parts.next_field().await.map_err(|e| broken(&e))? {
            let name = field.name().unwrap_or("").to_owned();
            match field.file_name().map(clean_name) {
                // 没有选文件的空文件框
                Some(file) if file.is_empty() => drain(field).await,
                Some(_) if form.files.len() >= F::MOST => {
                    drain(field).await;
                    return Err(Problem::new(Code::PayloadTooLarge, format!("一次最多上传 {} 份", F::MOST)));
                }
                Some(file) => {
                    let file = F::receive(field, &name, file, limit).await?;
                    form.files.push((name, file));
                }
                None => {
                    let text = text(&name, field).await?;
                    form.fields.push((name, text));
                }
            }
        }
        Ok(form)
    }
}

impl Received for Upload {
    const MOST: usize = 20;

    async fn receive(field: Field<'_>, input: &str, name: String, limit: usize) -> Result<Self, Problem> {
        let content = collect(field, limit).await?;
        check(name, content).map_err(|detail| Problem::field(input, "file", detail))
    }
}

/// 一个普通字段。
async fn text(name: &str, field: Field<'_>) -> Result<String, Problem> {
    let content = collect(field, FIELD_LIMIT).await?;
    if content.contains(&0) {
        return Err(Problem::field(name, "text", "内容里有看不见的零字符，请删掉后重新填写"));
    }
    Ok(String::from_utf8_lossy(&content).into_owned())
}

pub(crate) fn broken(error: &MultipartError) -> Problem {
    tracing::debug!(%error, "上传读不懂");
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(Code::PayloadTooLarge, "上传的内容太大");
    }
    Problem::new(Code::BadRequest, "上传中断或内容不完整，请重新上传这一份")
}

async fn collect(mut field: Field<'_>, limit: usize) -> Result<Bytes, Problem> {
    let mut content = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|e| broken(&e))? {
        if content.len() + chunk.len() > limit {
            drain(field).await;
            let text = format!("这份文件超过 {} MB，请压缩或分成几份再传", limit / 1024 / 1024);
            return Err(Problem::new(Code::PayloadTooLarge, text));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content.freeze())
}

/// 太大的一份读完再回答（总量另有上限），浏览器才看得到为什么，而不是“连接被重置”。
pub(crate) async fn drain(mut field: Field<'_>) {
    while let Ok(Some(_)) = field.chunk().await {}
}

/// 去掉路径与控制字符，留后 120 个字。
pub(crate) fn clean_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or("");
    let kept: Vec<char> = base.chars().filter(|c| !c.is_control() && !"<>:\"|?*".contains(*c)).collect();
    kept[kept.len().saturating_sub(120)..].iter().collect()
}

/// 能收的类型：扩展名与内容都要对得上。
const KINDS: &[(&str, &[&str])] = &[
    ("application/pdf", &["pdf"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/png", &["png"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("application/zip", &["ofd"]),
    ("text/csv", &["csv"]),
    ("application/json", &["json"]),
];

/// 按内容认类型，与扩展名核对。
///
/// # Errors
/// 说清哪里不对、能传什么。
pub fn check(name: String, content: Bytes) -> Result<Upload, String> {
    let media = media_of(&name, &content)?;
    Ok(Upload { name, media, content })
}

/// 由文件名与开头一段内容认类型。
pub(crate) fn media_of(name: &str, content: &[u8]) -> Result<&'static str, String> {
    const ALLOWED: &str = "可以上传 PDF、JPG、PNG、Word（docx）、Excel（xlsx）、OFD 文件";
    if content.is_empty() {
        return Err(format!("“{name}”是空文件，请重新选择"));
    }
    let extension = name.rsplit_once('.').map_or(String::new(), |(_, e)| e.to_ascii_lowercase());
    let Some((_, _)) = KINDS.iter().find(|(_, extensions)| extensions.contains(&extension.as_str())) else {
        return Err(format!("不能上传这种文件（{name}）。{ALLOWED}"));
    };
    let seen = infer::get(content).map(|kind| kind.mime_type());
    let media = match (seen, extension.as_str()) {
        (None, "csv") => Some("text/csv"),
        (None, "json") if looks_like_json(content) => Some("application/json"),
        (Some(seen), _) => KINDS.iter().find(|(media, list)| *media == seen && list.contains(&extension.as_str())).map(|(media, _)| *media),
        _ => None,
    };
    media.ok_or_else(|| format!("“{name}”的内容与扩展名不符，可能改过名字。{ALLOWED}"))
}

/// 第一个有字的字符是方括号或花括号（前面可以有 BOM）。
fn looks_like_json(content: &[u8]) -> bool {
    let text = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    matches!(text.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'[' | b'{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_not_the_name() {
        let pdf = Bytes::from_static(b"%PDF-1.7\n%abc");
        let zip = Bytes::from_static(b"PK\x03\x04\x14\x00\x00\x00\x00\x00aaaaaaaaaaaaaaaaaaaaaaaaaaa");
        assert_eq!(check("租房合同.pdf".into(), pdf.clone()).unwrap().media, "application/pdf");
        assert!(check("合同.pdf".into(), zip.clone()).unwrap_err().contains("内容与扩展名不符"));
        assert!(check("合同.exe".into(), pdf).unwrap_err().contains("不能上传这种文件"));
        assert!(check("空.png".into(), Bytes::new()).unwrap_err().contains("空文件"));
        assert_eq!(check("清单.json".into(), Bytes::from_static(b" [{}]")).unwrap().media, "application/json");
        assert!(check("清单.json".into(), Bytes::from_static(b"a,b")).unwrap_err().contains("不符"));
        assert_eq!(check("执照.ofd".into(), zip).unwrap().media, "application/zip");
    }

    #[test]
    fn names_lose_their_paths() {
        assert_eq!(clean_name("C:\\fakepath\\..\\合同\u{0}.pdf"), "合同.pdf");
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
    }
}
