//! 导出：按游标一块块取、一块块发，内存平稳；CSV 与 XLSX 同一套行（api-conventions §10）。

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tongban_documents::table::{Cell, Column, Format, Header, TableWriter, attachment};
use tongban_kernel::problem::{Code, Problem};

use crate::failure::Failure;

type Block = Result<Bytes, std::io::Error>;

/// 一页行与下一页的键；没有下一页为 `None`。
pub type Page<K> = (Vec<Vec<Cell>>, Option<K>);

/// 把 `page` 给出的各页流式发出去。`page(None)` 是第一页。
///
/// # Errors
/// 第一页取不出来（此后出错只能中断下载）。
pub async fn stream<K, F, Fut>(format: Format, ascii: &str, name: &str, columns: Vec<Column>, mut page: F) -> Result<Response, Failure>
where
    K: Send + 'static,
    F: FnMut(Option<K>) -> Fut + Send + 'static,
    Fut: Future<Output = tongban_store::Result<Page<K>>> + Send + 'static,
{
    let failed = |error: tongban_documents::table::Error| {
        tracing::error!(%error, "导出失败");
        Failure::from(Problem::new(Code::Internal, Code::Internal.title()))
    };
    let first = page(None).await?;
    let writer = TableWriter::new(format, name, columns, Header::Title).map_err(failed)?;
    let (sender, receiver) = mpsc::channel::<Block>(4);
    tokio::spawn(async move {
        if let Err(error) = produce(writer, first, page, &sender).await {
            tracing::error!(error, "导出中断");
            let _ = sender.send(Err(std::io::Error::other(error))).await;
        }
    });
    let blocks = futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|block| (block, receiver)) });
    // 压缩层在末尾之后还会再问一次，要 fuse 过才许
    let body = Body::from_stream(blocks.fuse());
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Ok(value) = HeaderValue::from_str(&attachment(ascii, name, format)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn produce<K, F, Fut>(mut writer: TableWriter, first: Page<K>, mut page: F, sender: &mpsc::Sender<Block>) -> Result<(), String>
where
    F: FnMut(Option<K>) -> Fut,
    Fut: Future<Output = tongban_store::Result<Page<K>>>,
{
    let (mut rows, mut next) = first;
    loop {
        let block = writer.push(&rows).map_err(|e| e.to_string())?;
        if !block.is_empty() && sender.send(Ok(block.into())).await.is_err() {
            return Ok(()); // 下载的人走了
        }
        let Some(key) = next else { break };
        (rows, next) = page(Some(key)).await.map_err(|e| e.to_string())?;
    }
    let sender = sender.clone();
    tokio::task::spawn_blocking(move || {
        for block in writer.finish().map_err(|e| e.to_string())? {
            if sender.blocking_send(block.map(Bytes::from)).is_err() {
                return Ok(());
            }
        }
        Ok(())
    })
    .await
    .map_err(|e| e.to_string())?
}
