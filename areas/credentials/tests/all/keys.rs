//! 私钥不落在任何看得见的地方：库、文件、备份、日志、日志链里都找不到明文，只有封装的。

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tongban_credentials::maker::{self, master};
use tongban_credentials::model::LicenceState;
use tongban_credentials::store::{keys, seals};
use tongban_gm::SecretKey;
use tongban_kernel::{Code, Problem};
use tongban_store::Tx;

use crate::support::{homes, now};

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

fn files(folder: &std::path::Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.file_name().is_none_or(|name| name != "master.key") {
            out.extend(std::fs::read(&path).map(|bytes| (path.display().to_string(), bytes)));
        }
    }
}

/// 收下全部运行日志，最细的也收。
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn held(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.held().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// 一段机密会以哪些样子露出来：原字节、十六进制大小写、两种 Base64、调试打印的数组。
fn shapes(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let listed = secret.iter().take(12).map(u8::to_string).collect::<Vec<_>>().join(", ");
    // Base64 三个对齐各不相同，取去头去尾的中段
    let middle = |shift: usize| {
        let text = STANDARD.encode([vec![0; shift], secret.to_vec()].concat());
        text.as_bytes()[4..text.len() - 4].to_vec()
    };
    vec![
        secret.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        listed.into_bytes(),
        middle(0),
        middle(1),
        middle(2),
        URL_SAFE_NO_PAD.encode(secret).into_bytes(),
    ]
}

/// PKCS#8 里私钥的 32 字节在 04 20 之后。
fn scalar(key: &SecretKey) -> Vec<u8> {
    let pkcs8 = key.to_pkcs8().unwrap();
    let at = pkcs8.windows(2).position(|pair| pair == [0x04, 0x20]).unwrap() + 2;
    pkcs8[at..at + 32].to_vec()
}

/// 一枚章、根、制章者的私钥。
fn secrets(tx: &mut Tx<'_>, seal: i64) -> tongban_store::Result<Vec<Vec<u8>>> {
    let wrap = master(tx);
    let row = seals::find(tx, seal)?.unwrap();
    let own = wrap.open_key(row.wrapped.as_ref().unwrap(), &row.es_id).unwrap();
    assert!(wrap.open_key(row.wrapped.as_ref().unwrap(), "51081100000002").is_err(), "封装认印章编码");
    let mut out = vec![scalar(&own)];
    for purpose in ["root", "maker"] {
        let key = keys::find(tx, purpose)?.unwrap();
        out.push(scalar(&wrap.open_key(&key.wrapped, purpose).unwrap()));
    }
    // 封装用的密钥本身
    out.push(tx.digest("credentials.wrap", "sm2-keys-v1")[..16].to_vec());
    Ok(out)
}

/// 制章、发证、失败的用印、备份都走一遍，再到处找。
#[test]
fn private_keys_never_leave_the_wrapping() {
    let captured = Captured::default();
    let writer = captured.clone();
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = tracing::subscriber::set_default(log);
    runtime.block_on(async {
        for home in homes().await {
            let id = home.seal(home.bureau, "食品经营许可证").await;
            let kind = home.kind("食品经营许可证").await;
            let row = home.licence(home.input(kind), 71).await;
            assert_eq!(row.state, LicenceState::Valid);
            let db = home.app.app.db();
            let secrets = db.snapshot("test.keys", move |tx| secrets(tx, id)).await.unwrap();
            // 出错的话里也不带
            tracing::error!(error = %Problem::new(Code::Conflict, "私钥打不开"), "用印失败");
            let mut all = Vec::new();
            files(home.app.folder(), &mut all);
            // SQLite：数据库文件与预写日志；备份就是它的副本
            if let Some(path) = home.app.test.url.strip_prefix("sqlite:") {
                let before = all.len();
                files(std::path::Path::new(path).parent().unwrap(), &mut all);
                assert!(all.len() > before, "数据库文件在找的范围里");
            }
            let journal = db.snapshot("test.journal", |tx| tx.rows("SELECT body FROM journal", tongban_store::args![], |r| r.get::<String>(0))).await.unwrap();
            assert!(journal.len() > 5);
            all.push(("日志链".to_owned(), journal.join("\n").into_bytes()));
            all.push(("运行日志".to_owned(), captured.held().clone()));
            assert!(contains(&captured.held(), "用印失败".as_bytes()), "日志确实收到了");
            let wrapped = db.snapshot("test.wrapped", move |tx| Ok(seals::find(tx, id)?.unwrap().wrapped.unwrap())).await.unwrap();
            all.push(("封装".to_owned(), wrapped));
            for secret in &secrets {
                for shape in shapes(secret) {
                    for (name, bytes) in &all {
                        assert!(!contains(bytes, &shape), "{name} 里有私钥");
                    }
                }
            }
            maker::found(db, "测试", now()).await.unwrap();
        }
    });
}
