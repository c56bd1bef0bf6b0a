//! SM2 密钥与 SM2-with-SM3 签名（GB/T 32918.2）。
//!
//! 标识固定为 `1234567812345678`：空标识与默认标识算出的 Z 不同，互不相认（规格 §2）。

use std::fmt;

use sm2::dsa::signature::hazmat::RandomizedPrehashSigner;
use sm2::dsa::signature::rand_core::{TryCryptoRng, TryRng};
use sm2::dsa::signature::{Signer, Verifier};
use sm2::dsa::{SigningKey, VerifyingKey};
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm2::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::der::{self, Malformed, Reader, tag};
use crate::{hash, oid};

/// 默认用户标识。
pub const DEFAULT_ID: &str = "1234567812345678";

/// 密钥或签名不能用。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// 私钥不在 1..n-2 之间。
    #[error("私钥不合 SM2 的范围")]
    Secret,
    /// 公钥不在曲线上。
    #[error("公钥不是 SM2 曲线上的点")]
    Public,
    /// 私钥文件读不出。
    #[error("私钥不是 SM2 的 PKCS#8")]
    Pkcs8,
    /// 签名没有算成，可换一份随机数重试。
    #[error("没有算出签名")]
    Sign,
}

/// SM2 签名值 r、s。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(sm2::dsa::Signature);

impl Signature {
    /// 从 DER 的 `SEQUENCE{r, s}` 读；只认最短写法。
    pub fn from_der(bytes: &[u8]) -> Result<Self, Malformed> {
        const FIELD: &str = "签名值";
        let mut outer = Reader::new(bytes);
        let mut inner = outer.sequence(FIELD)?;
        outer.end(FIELD)?;
        let (r, s) = (scalar(&mut inner)?, scalar(&mut inner)?);
        inner.end(FIELD)?;
        let raw = [r, s].concat();
        Self::from_raw(&raw).ok_or(Malformed { field: FIELD, why: "r 或 s 超出范围", at: 0 })
    }

    /// 从 64 字节的 r‖s 读。
    pub fn from_raw(bytes: &[u8]) -> Option<Self> {
        sm2::dsa::Signature::from_slice(bytes).ok().map(Self)
    }

    /// 写成 DER。
    pub fn to_der(&self) -> Vec<u8> {
        let raw = self.to_raw();
        let (r, s) = raw.split_at(32);
        der::sequence(&[&der::unsigned(r), &der::unsigned(s)])
    }

    /// 写成 64 字节的 r‖s。
    pub fn to_raw(&self) -> [u8; 64] {
        let mut out = [0; 64];
        for (to, from) in out.iter_mut().zip(self.0.to_bytes().iter()) {
            *to = *from;
        }
        out
    }
}

fn scalar(reader: &mut Reader<'_>) -> Result<[u8; 32], Malformed> {
    let item = reader.take(tag::INTEGER, "签名值")?;
    let digits = match item.body {
        [0, second, ..] if second & 0x80 == 0 => return Err(item.fault("签名值", "整数多写了前导零")),
        [0, rest @ ..] => rest,
        [first, ..] if first & 0x80 != 0 => return Err(item.fault("签名值", "整数为负")),
        body => body,
    };
    let mut out = [0; 32];
    let start = out.len().checked_sub(digits.len()).ok_or_else(|| item.fault("签名值", "整数超过 32 字节"))?;
    for (to, from) in out.iter_mut().skip(start).zip(digits) {
        *to = *from;
    }
    Ok(out)
}

/// SM2 公钥。
#[derive(Clone)]
pub struct PublicKey(VerifyingKey);

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_affine() == other.0.as_affine()
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// 从曲线点的字节读（04‖x‖y 或压缩写法）。
    pub fn from_point(bytes: &[u8]) -> Result<Self, KeyError> {
        VerifyingKey::from_sec1_bytes(DEFAULT_ID, bytes).map(Self).map_err(|_| KeyError::Public)
    }

    /// 未压缩的曲线点 04‖x‖y。
    pub fn to_point(&self) -> Vec<u8> {
        self.0.as_affine().to_sec1_point(false).as_bytes().to_vec()
    }

    /// 从 SubjectPublicKeyInfo 读，曲线必须是 SM2。
    pub fn from_spki(bytes: &[u8]) -> Result<Self, Malformed> {
        const FIELD: &str = "公钥";
        let mut outer = Reader::new(bytes);
        let whole = outer.take(tag::SEQUENCE, FIELD)?;
        let mut inner = whole.reader();
        let mut algorithm = inner.sequence(FIELD)?;
        let (kind, curve) = (algorithm.take(tag::OID, FIELD)?, algorithm.take(tag::OID, FIELD)?);
        if kind.body != oid::EC_PUBLIC_KEY || curve.body != oid::SM2_CURVE {
            return Err(kind.fault(FIELD, "不是 SM2 公钥"));
        }
        let point = inner.take(tag::BIT_STRING, FIELD)?;
        Self::from_point(point.bits(FIELD)?).map_err(|_| point.fault(FIELD, "不是 SM2 曲线上的点"))
    }

    /// 写成 SubjectPublicKeyInfo。
    pub fn to_spki(&self) -> Vec<u8> {
        der::sequence(&[&der::sequence(&[&der::oid(oid::EC_PUBLIC_KEY), &der::oid(oid::SM2_CURVE)]), &der::bits(&self.to_point())])
    }

    /// 公钥的 SM3 前 20 字节，作证书的密钥标识。
    pub fn key_id(&self) -> [u8; 20] {
        let mut out = [0; 20];
        for (to, from) in out.iter_mut().zip(hash::sm3(&self.to_point())) {
            *to = from;
        }
        out
    }

    /// 验签。
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify(message, &signature.0).is_ok()
    }

    /// 验 DER 写法的签名；写法不对也算不过。
    pub fn verify_der(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|signature| self.verify(message, &signature))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hash::hex(&self.key_id()))
    }
}

/// SM2 私钥。调试输出只有公钥的指纹；离开内存时要先经 [`crate::wrap`] 封装。
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// 用 32 字节真随机数生成。同样的随机数得同样的密钥，所以每把密钥都要新取。
    pub fn generate(entropy: &[u8; 32]) -> Result<Self, KeyError> {
        // 每次不落在范围内的机会约 2^-32
        (0..=u8::MAX)
            .find_map(|round| {
                let candidate = Zeroizing::new(hash::sm3_of(&[b"tongban sm2 key", &[round], entropy]));
                Self::from_scalar(&candidate[..]).ok()
            })
            .ok_or(KeyError::Secret)
    }

    /// 从 32 字节大端私钥读。
    pub fn from_scalar(bytes: &[u8]) -> Result<Self, KeyError> {
        SigningKey::from_slice(DEFAULT_ID, bytes).map_err(|_| KeyError::Secret).and_then(Self::checked)
    }

    /// 从 PKCS#8（DER 或 PEM）读。
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, KeyError> {
        let secret = match std::str::from_utf8(bytes) {
            Ok(text) if text.contains("-----BEGIN") => sm2::SecretKey::from_pkcs8_pem(text.trim()),
            _ => sm2::SecretKey::from_pkcs8_der(bytes),
        };
        let secret = secret.map_err(|_| KeyError::Pkcs8)?;
        SigningKey::new(DEFAULT_ID, &secret).map_err(|_| KeyError::Secret).and_then(Self::checked)
    }

    /// d = n-1 时 1+d 不可逆，签不出（GB/T 32918.1 要求 d ≤ n-2）。
    fn checked(key: SigningKey) -> Result<Self, KeyError> {
        const LAST: [u8; 32] = *b"\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x72\x03\xdf\x6b\x21\xc6\x05\x2b\x53\xbb\xf4\x09\x39\xd5\x41\x22";
        let scalar = Zeroizing::new(key.to_bytes());
        if scalar.as_slice() == LAST { Err(KeyError::Secret) } else { Ok(Self(key)) }
    }

    /// 写成 PKCS#8 DER：明文私钥，用完即清零，只应交给 [`crate::wrap`]。
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = sm2::SecretKey::from(self.0.as_nonzero_scalar()).to_pkcs8_der().map_err(|_| KeyError::Pkcs8)?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// 对应的公钥。
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().clone())
    }

    /// 签名；k 由 RFC 6979 从私钥与消息算出，同样的消息得同样的签名。
    pub fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        self.0.try_sign(message).map(Signature).map_err(|_| KeyError::Sign)
    }

    /// 签名；k 由 RFC 6979 掺入调用者给的随机数算出，防故障注入。
    pub fn sign_with(&self, message: &[u8], entropy: &[u8; 32]) -> Result<Signature, KeyError> {
        let e = hash::sm3_of(&[&za(&self.public()), message]);
        self.0.sign_prehash_with_rng(&mut Given(entropy), &e).map(Signature).map_err(|_| KeyError::Sign)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(公钥 {})", hash::hex(&self.public().key_id()))
    }
}

/// Z = SM3(ENTL‖ID‖a‖b‖G‖P)，ID 用默认标识。
pub fn za(public: &PublicKey) -> hash::Digest32 {
    const A: [u8; 32] = *b"\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xfc";
    const B: [u8; 32] = *b"\x28\xe9\xfa\x9e\x9d\x9f\x5e\x34\x4d\x5a\x9e\x4b\xcf\x65\x09\xa7\xf3\x97\x89\xf5\x15\xab\x8f\x92\xdd\xbc\xbd\x41\x4d\x94\x0e\x93";
    const GX: [u8; 32] = *b"\x32\xc4\xae\x2c\x1f\x19\x81\x19\x5f\x99\x04\x46\x6a\x39\xc9\x94\x8f\xe3\x0b\xbf\xf2\x66\x0b\xe1\x71\x5a\x45\x89\x33\x4c\x74\xc7";
    const GY: [u8; 32] = *b"\xbc\x37\x36\xa2\xf4\xf6\x77\x9c\x59\xbd\xce\xe3\x6b\x69\x21\x53\xd0\xa9\x87\x7c\xc6\x2a\x47\x40\x02\xdf\x32\xe5\x21\x39\xf0\xa0";
    let bits = (DEFAULT_ID.len() as u16 * 8).to_be_bytes();
    let point = public.to_point();
    hash::sm3_of(&[&bits, DEFAULT_ID.as_bytes(), &A, &B, &GX, &GY, point.get(1..).unwrap_or_default()])
}

/// 把调用者给的字节当随机数：这一层自己不取随机数。
struct Given<'a>(&'a [u8; 32]);

impl TryRng for Given<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut out = [0; 4];
        self.try_fill_bytes(&mut out)?;
        Ok(u32::from_le_bytes(out))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut out = [0; 8];
        self.try_fill_bytes(&mut out)?;
        Ok(u64::from_le_bytes(out))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        for (to, from) in out.iter_mut().zip(self.0.iter().cycle()) {
            *to = *from;
        }
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    const D: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
    const P: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
    const R_S: &str =
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";

    /// GB/T 32918.5 附录 A 的数字签名示例。
    #[test]
    fn gb_t_32918_5_sample() {
        let key = SecretKey::from_scalar(&hex::decode(D).unwrap()).unwrap();
        assert_eq!(hex::encode(key.public().to_point()), P);
        assert_eq!(hex::encode(za(&key.public())), "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3");
        let e = hash::sm3_of(&[&za(&key.public()), b"message digest"]);
        assert_eq!(hex::encode(e), "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640");
        let signature = Signature::from_raw(&hex::decode(R_S).unwrap()).unwrap();
        assert!(key.public().verify(b"message digest", &signature));
        assert!(!key.public().verify(b"message digesT", &signature));
        assert_eq!(hex::encode(signature.to_raw()), R_S);
    }

    #[test]
    fn both_forms_round_trip() {
        let key = SecretKey::generate(&[7; 32]).unwrap();
        for n in 0..64u8 {
            let signature = key.sign_with(&[n; 40], &[n; 32]).unwrap();
            assert!(key.public().verify(&[n; 40], &signature));
            assert_eq!(Signature::from_der(&signature.to_der()).unwrap(), signature);
            assert_eq!(Signature::from_raw(&signature.to_raw()).unwrap(), signature);
            assert!(Signature::from_der(&signature.to_raw()).is_err(), "r‖s 不是 DER");
        }
        assert_eq!(key.sign(b"x").unwrap(), key.sign(b"x").unwrap());
        assert_ne!(key.sign_with(b"x", &[1; 32]).unwrap(), key.sign_with(b"x", &[2; 32]).unwrap());
    }

    #[test]
    fn every_flipped_byte_of_a_signature_is_refused() {
        let key = SecretKey::generate(&[9; 32]).unwrap();
        let good = key.sign(b"message").unwrap().to_der();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(!key.public().verify_der(b"message", &bad), "第 {at} 字节");
        }
    }

    #[test]
    fn unusable_keys_are_refused() {
        assert_eq!(SecretKey::from_scalar(&[0; 32]).unwrap_err(), KeyError::Secret);
        assert_eq!(SecretKey::from_scalar(&[0xff; 32]).unwrap_err(), KeyError::Secret);
        let n_minus_1 = hex::decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122").unwrap();
        assert_eq!(SecretKey::from_scalar(&n_minus_1).unwrap_err(), KeyError::Secret);
        assert!(PublicKey::from_point(&[4; 65]).is_err());
        assert!(PublicKey::from_point(&[]).is_err());
    }

    #[test]
    fn spki_round_trip() {
        let public = SecretKey::generate(&[1; 32]).unwrap().public();
        assert_eq!(PublicKey::from_spki(&public.to_spki()).unwrap(), public);
    }
}
