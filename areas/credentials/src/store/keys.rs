//! 本地制章者的密钥（已封装）与信任的根。

use jiff::Timestamp;
use tongban_store::{Result, Tx, args};

const INSERT: &str = "INSERT INTO credentials_keys (id, purpose, name, cert, wrapped, created) VALUES ($1, $2, $3, $4, $5, $6)";
const FIND: &str = "SELECT name, cert, wrapped FROM credentials_keys WHERE purpose = $1";
const TRUST: &str = "INSERT INTO credentials_anchors (id, name, fingerprint, cert, added) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (fingerprint) DO NOTHING";
const ANCHORS: &str = "SELECT name, fingerprint, cert, added FROM credentials_anchors ORDER BY id LIMIT 200";

const PUT_CRL: &str = "INSERT INTO credentials_crls (issuer, bytes, added) VALUES ($1, $2, $3) ON CONFLICT (issuer) DO UPDATE SET bytes = $2, added = $3";
const CRL: &str = "SELECT bytes FROM credentials_crls WHERE issuer = $1";

pub(super) const STATEMENTS: &[&str] = &[INSERT, FIND, TRUST, ANCHORS, PUT_CRL, CRL];

/// 一把钥匙：名称、证书、封装的私钥。
#[derive(Clone)]
pub struct Key {
    pub name: String,
    pub cert: Vec<u8>,
    pub wrapped: Vec<u8>,
}

/// 一个信任的根。
#[derive(Clone)]
pub struct Anchor {
    pub name: String,
    pub fingerprint: String,
    pub cert: Vec<u8>,
    pub added: Timestamp,
}

/// 存一把。
pub fn insert(tx: &mut Tx<'_>, purpose: &str, key: &Key, at: Timestamp) -> Result<()> {
    let id = tx.new_id();
    tx.exec(INSERT, args![id, purpose, &key.name, &key.cert, &key.wrapped, at])?;
    Ok(())
}

/// 取一把。
pub fn find(tx: &mut Tx<'_>, purpose: &str) -> Result<Option<Key>> {
    tx.row(FIND, args![purpose], |r| Ok(Key { name: r.get(0)?, cert: r.get(1)?, wrapped: r.get(2)? }))
}

/// 加一个根；已有的不重复加。
pub fn trust(tx: &mut Tx<'_>, name: &str, fingerprint: &str, cert: &[u8], at: Timestamp) -> Result<bool> {
    let id = tx.new_id();
    Ok(tx.exec(TRUST, args![id, name, fingerprint, cert, at])? == 1)
}

/// 全部根。
pub fn anchors(tx: &mut Tx<'_>) -> Result<Vec<Anchor>> {
    tx.rows(ANCHORS, &[], |r| {
        Ok(Anchor { name: r.get(0)?, fingerprint: r.get(1)?, cert: r.get(2)?, added: tongban_kernel::time::from_millis(r.get(3)?) })
    })
}

/// 存一个颁发者的吊销列表，换掉旧的。
pub fn put_crl(tx: &mut Tx<'_>, issuer: &str, bytes: &[u8], at: Timestamp) -> Result<()> {
    tx.exec(PUT_CRL, args![issuer, bytes, at])?;
    Ok(())
}

/// 一个颁发者的吊销列表。
pub fn crl(tx: &mut Tx<'_>, issuer: &str) -> Result<Option<Vec<u8>>> {
    tx.row(CRL, args![issuer], |r| r.get(0))
}
