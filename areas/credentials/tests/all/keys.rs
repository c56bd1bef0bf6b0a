//! 私钥不落在任何看得见的地方：库里只有封装的，数据文件夹里找不到明文。

use tongban_credentials::maker::{self, master};
use tongban_credentials::store::{keys, seals};

use crate::support::{homes, now};

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

fn files(folder: &std::path::Path, out: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, out) } else { out.extend(std::fs::read(path)) }
    }
}

#[tokio::test]
async fn private_keys_are_only_ever_stored_wrapped() {
    for home in homes().await {
        let id = home.seal(home.bureau, "食品经营许可证").await;
        let db = home.app.app.db();
        let (wrapped, scalar, scalar_hex) = db
            .snapshot("test.keys", move |tx| {
                let wrap = master(tx);
                let row = seals::find(tx, id)?.unwrap();
                let key = wrap.open_key(row.wrapped.as_ref().unwrap(), &row.es_id).unwrap();
                assert!(wrap.open_key(row.wrapped.as_ref().unwrap(), "51081100000002").is_err(), "封装认印章编码");
                let root = keys::find(tx, "root")?.unwrap();
                assert!(wrap.open_key(&root.wrapped, "root").is_ok());
                let pkcs8 = key.to_pkcs8().unwrap();
                // PKCS#8 里私钥的 32 字节在 04 20 之后
                let at = pkcs8.windows(2).position(|pair| pair == [0x04, 0x20]).unwrap() + 2;
                let scalar = pkcs8[at..at + 32].to_vec();
                let hex: String = scalar.iter().map(|byte| format!("{byte:02x}")).collect();
                Ok((row.wrapped.unwrap(), scalar, hex))
            })
            .await
            .unwrap();
        assert!(!contains(&wrapped, &scalar));
        let mut all = Vec::new();
        files(home.app.folder(), &mut all);
        for file in &all {
            assert!(!contains(file, &scalar) && !contains(file, scalar_hex.as_bytes()));
        }
        maker::found(db, "测试", now()).await.unwrap();
    }
}
