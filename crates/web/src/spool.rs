//! 大表的上传：边收边写进临时文件，内存里只有手上这一块；收完由文件库一块块地存。

use std::fs::File;
use std::io::Write;
use std::path::Path;

use axum::extract::multipart::Field;
use bytes::Bytes;
use tempfile::NamedTempFile;
use tongban_kernel::problem::{Code, Problem};

use crate::upload::{FormOf, Received, broken, drain, media_of};

/// 认类型看开头多少字节。
const HEAD: usize = 64 * 1024;

/// 收在临时文件里的一份；丢开就删。
#[derive(Debug)]
pub struct Spooled {
    /// 清洗过的原文件名。
    pub name: String,
    pub media: &'static str,
    file: NamedTempFile,
}

impl Spooled {
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// 从头再读一遍。
    ///
    /// # Errors
    /// 临时文件打不开。
    pub fn reopen(&self) -> Result<File, Problem> {
        self.file.reopen().map_err(failed)
    }
}

/// 文件写在临时文件里的上传表单，只有一份文件。
pub type SpoolForm = FormOf<Spooled>;

#[allow(clippy::needless_pass_by_value, reason = "给 map_err 用")]
fn failed(error: std::io::Error) -> Problem {
    tracing::error!(%error, "上传的临时文件写不了");
    Problem::new(Code::Internal, "服务器的临时空间写不了，请稍后再传")
}

impl Received for Spooled {
    const MOST: usize = 1;

    async fn receive(mut field: Field<'_>, input: &str, name: String, limit: usize) -> Result<Self, Problem> {
        let mut file = NamedTempFile::new().map_err(failed)?;
        let (mut head, mut size) = (Vec::new(), 0_usize);
        while let Some(chunk) = field.chunk().await.map_err(|e| broken(&e))? {
            size += chunk.len();
            if size > limit {
                drain(field).await;
                return Err(Problem::new(Code::PayloadTooLarge, format!("这份文件超过 {} MB，请分成几份再传", limit / 1024 / 1024)));
            }
            head.extend_from_slice(&chunk[..chunk.len().min(HEAD - head.len().min(HEAD))]);
            file = written(file, chunk).await?;
        }
        let media = media_of(&name, &head).map_err(|detail| Problem::field(input, "file", detail))?;
        Ok(Self { name, media, file })
    }
}

/// 写盘占线程，放到专门的线程上。
async fn written(mut file: NamedTempFile, chunk: Bytes) -> Result<NamedTempFile, Problem> {
    let work = move || file.write_all(&chunk).map(|()| file);
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other).and_then(|done| done).map_err(failed)
}
