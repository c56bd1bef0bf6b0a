//! 文件：按内容寻址，先存好再写引用它的记录（foundations §7）。本地文件夹或任何 S3 存储。

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use jiff::Timestamp;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use sm3::{Digest, Sm3};

use crate::error::{Error, Result};
use crate::tx::Tx;

const RECORD: &str = "INSERT INTO files (digest, size, media, stored) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING";
const FIND: &str = "SELECT digest, size, media FROM files WHERE digest = $1";
pub(crate) const STATEMENTS: &[&str] = &[RECORD, FIND];

/// 文件库。廉价克隆。
#[derive(Clone)]
pub struct Files(Arc<dyn ObjectStore>);

/// 存好的文件。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// SM3 十六进制，也是存放名。
    pub digest: String,
    pub size: i64,
    /// 按内容认出的媒体类型。
    pub media: String,
}

impl Files {
    /// 本地文件夹；没有就建。
    ///
    /// # Errors
    /// 建不了或打不开。
    pub fn local(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| Error::Io(format!("建 {}：{error}", folder.display())))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(io)?;
        Ok(Self(Arc::new(store)))
    }

    /// 任何对象存储。
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }

    /// 存一份；同样的内容只存一次。
    ///
    /// # Errors
    /// 存储不可用。
    pub async fn put(&self, content: Bytes, media: &str) -> Result<Stored> {
        let digest = hex::encode(Sm3::digest(&content));
        let size = content.len() as i64;
        let key = key(&digest);
        if self.0.head(&key).await.is_err() {
            self.0.put(&key, PutPayload::from_bytes(content)).await.map_err(io)?;
        }
        Ok(Stored { digest, size, media: media.to_owned() })
    }

    /// 取一份；内容与名字不符也当作没有。
    ///
    /// # Errors
    /// 没有或存储不可用。
    pub async fn get(&self, digest: &str) -> Result<Bytes> {
        let content = self.0.get(&key(digest)).await.map_err(io)?.bytes().await.map_err(io)?;
        if hex::encode(Sm3::digest(&content)) == digest { Ok(content) } else { Err(Error::Io(format!("文件 {digest} 内容已损坏"))) }
    }

    /// 存一份磁盘上的文件，一块块地走，内存与大小无关。
    ///
    /// # Errors
    /// 读不了或存储不可用。
    pub async fn put_file(&self, path: &Path, media: &str) -> Result<Stored> {
        let (mut hash, mut size) = (Sm3::new(), 0_i64);
        let mut source = std::fs::File::open(path).map_err(io)?;
        while let Some(block) = block(&mut source)? {
            hash.update(&block);
            size += block.len() as i64;
        }
        let digest = hex::encode(hash.finalize());
        let key = key(&digest);
        if self.0.head(&key).await.is_err() {
            source.seek(SeekFrom::Start(0)).map_err(io)?;
            let mut upload = self.0.put_multipart(&key).await.map_err(io)?;
            while let Some(block) = block(&mut source)? {
                upload.put_part(PutPayload::from_bytes(block)).await.map_err(io)?;
            }
            upload.complete().await.map_err(io)?;
        }
        Ok(Stored { digest, size, media: media.to_owned() })
    }

    /// 取一份写进磁盘上的文件，一块块地走；内容与名字不符也当作没有。
    ///
    /// # Errors
    /// 没有、写不进或存储不可用。
    pub async fn get_file(&self, digest: &str, to: &mut std::fs::File) -> Result<()> {
        let (mut hash, mut blocks) = (Sm3::new(), self.0.get(&key(digest)).await.map_err(io)?.into_stream());
        while let Some(block) = blocks.next().await {
            let block = block.map_err(io)?;
            hash.update(&block);
            to.write_all(&block).map_err(io)?;
        }
        to.seek(SeekFrom::Start(0)).map_err(io)?;
        if hex::encode(hash.finalize()) == digest { Ok(()) } else { Err(Error::Io(format!("文件 {digest} 内容已损坏"))) }
    }

    /// 能不能读写：就绪检查用。
    ///
    /// # Errors
    /// 存储不可用。
    pub async fn ready(&self) -> Result<()> {
        self.put(Bytes::from_static(b"ready"), "text/plain").await.map(|_| ())
    }
}

/// 分块上传的一块；S3 要求除末块外不小于 5 MiB。
const BLOCK: usize = 8 * 1024 * 1024;

fn block(source: &mut std::fs::File) -> Result<Option<Bytes>> {
    let mut content = Vec::new();
    source.take(BLOCK as u64).read_to_end(&mut content).map_err(io)?;
    Ok((!content.is_empty()).then(|| Bytes::from(content)))
}

fn key(digest: &str) -> Key {
    let (head, tail) = digest.split_at_checked(2).unwrap_or((digest, ""));
    Key::from_iter([head, tail])
}

fn io(error: impl std::fmt::Display) -> Error {
    Error::Io(format!("文件库：{error}"))
}

/// 在引用它的单元里登记。
///
/// # Errors
/// 引擎拒绝。
pub fn record(tx: &mut Tx<'_>, file: &Stored, at: Timestamp) -> Result<()> {
    tx.exec(RECORD, crate::args![&file.digest, file.size, &file.media, at])?;
    Ok(())
}

/// 登记过的文件。
///
/// # Errors
/// 引擎拒绝。
pub fn find(tx: &mut Tx<'_>, digest: &str) -> Result<Option<Stored>> {
    tx.row(FIND, crate::args![digest], |r| Ok(Stored { digest: r.get(0)?, size: r.get(1)?, media: r.get(2)? }))
}
