//! 离线亮证码（规格 §8 第 6 步）：证照标识的 SM3、状态、截止，SM2 签名；凭公钥离线验真，不含个人信息。
//!
//! 写作 `TB1.` + base64url（版本 1 字节、钥匙指纹头 4 字节、标识 SM3 32 字节、状态 1 字节、截止秒 8 字节、签名 DER）。
//! 离线只证明出码那一刻的状态；之后有没有注销，联网核验才知道。

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use tongban_gm::hash::{hex, sm3};
use tongban_gm::{Certificate, SecretKey};

use crate::model::LicenceState;

/// 码的开头。
pub const PREFIX: &str = "TB1.";
const VERSION: u8 = 1;
/// 签名之前的字节数。
const BODY: usize = 46;
/// 再长就不是这种码。
const LONGEST: usize = 400;

/// 码里写的。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// 证照标识的 SM3。
    pub digest: [u8; 32],
    pub state: LicenceState,
    pub expires: Timestamp,
}

impl Claim {
    /// 一张证照此刻的。
    #[must_use]
    pub fn of(identifier: &str, state: LicenceState, expires: Timestamp) -> Self {
        Self { digest: sm3(identifier.as_bytes()), state, expires }
    }

    /// 说的是不是这张证照。
    #[must_use]
    pub fn is_for(&self, identifier: &str) -> bool {
        self.digest == sm3(identifier.trim().as_bytes())
    }

    /// 标识杂凑的十六进制。
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.digest)
    }
}

/// 验得怎样。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 真的，还没过期。
    Good(Claim),
    /// 真的，过了截止。
    Expired(Claim),
    /// 签名不对：改过，或不是这把钥匙签的。
    Forged,
    /// 不是离线亮证码。
    Malformed,
}

impl Verdict {
    /// 代码，命令行与接口用。
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Good(_) => "good",
            Self::Expired(_) => "expired",
            Self::Forged => "forged",
            Self::Malformed => "malformed",
        }
    }

    /// 大白话。
    #[must_use]
    pub fn text(&self) -> &'static str {
        match self {
            Self::Good(_) => "码是真的，还在 60 秒之内",
            Self::Expired(_) => "码是真的，但过了 60 秒，已经作废；截屏、翻拍的不能用",
            Self::Forged => "码是假的，或被改过，或不是本平台出的",
            Self::Malformed => "这不是离线亮证码，请整段输入",
        }
    }

    /// 签名对得上的，码里写的什么。
    #[must_use]
    pub fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Good(claim) | Self::Expired(claim) => Some(claim),
            Self::Forged | Self::Malformed => None,
        }
    }
}

/// 出一枚离线码；签不成回空。
#[must_use]
pub fn sign(claim: &Claim, cert: &Certificate, key: &SecretKey, entropy: &[u8; 32]) -> Option<String> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(cert.fingerprint().get(..4)?);
    bytes.extend_from_slice(&claim.digest);
    bytes.push(u8::try_from(claim.state.code()).ok()?);
    bytes.extend_from_slice(&claim.expires.as_second().to_be_bytes());
    let signature = key.sign_with(&bytes, entropy).ok()?.to_der();
    bytes.extend_from_slice(&signature);
    Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// 凭离线核验证书验一枚码。
#[must_use]
pub fn check(code: &str, cert: &Certificate, now: Timestamp) -> Verdict {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(LONGEST + 1).collect();
    let bytes = code.strip_prefix(PREFIX).filter(|_| code.len() <= LONGEST).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let Some(bytes) = bytes.filter(|bytes| bytes.len() > BODY && bytes[0] == VERSION) else { return Verdict::Malformed };
    let (body, signature) = bytes.split_at(BODY);
    let right = cert.fingerprint().starts_with(&body[1..5]) && cert.public.as_ref().is_some_and(|public| public.verify_der(body, signature));
    if !right {
        return Verdict::Forged;
    }
    let (Ok(digest), Ok(seconds)) = (<[u8; 32]>::try_from(&body[5..37]), <[u8; 8]>::try_from(&body[38..46])) else { return Verdict::Malformed };
    let Ok(expires) = Timestamp::from_second(i64::from_be_bytes(seconds)) else { return Verdict::Malformed };
    let claim = Claim { digest, state: LicenceState::from_code(i64::from(body[37])), expires };
    if expires <= now { Verdict::Expired(claim) } else { Verdict::Good(claim) }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use tongban_gm::cert::{CertRequest, Role, issue_root};

    use super::*;

    fn pair(seed: u8, now: Timestamp) -> (Certificate, SecretKey) {
        let key = SecretKey::generate(&[seed; 32]).unwrap();
        let day = SignedDuration::from_hours(24);
        let request = CertRequest { common_name: "离线核验", organisation: "", serial: [seed; 16], not_before: now - day, not_after: now + day, role: Role::Authority { path_len: 0 } };
        (issue_root(&request, &key).unwrap(), key)
    }

    const IDENTIFIER: &str = "1.2.156.3005.2.11100000MB0341032Y002.11510811008500011B.202600000001.001.Q";

    #[test]
    fn good_expired_altered_and_foreign_codes_are_told_apart() {
        let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        let (cert, key) = pair(1, now);
        let claim = Claim::of(IDENTIFIER, LicenceState::Suspended, now + SignedDuration::from_secs(60));
        let code = sign(&claim, &cert, &key, &[7; 32]).unwrap();
        assert!(code.len() < 180, "{} 字，二维码不至于太密", code.len());
        assert_eq!(check(&code, &cert, now), Verdict::Good(claim));
        assert!(claim.is_for(IDENTIFIER) && !claim.is_for("1.2.156.3005.2"));
        assert_eq!(check(&format!(" {} \n{}", &code[..50], &code[50..]), &cert, now), Verdict::Good(claim), "折行、带空格的也认");
        assert_eq!(check(&code, &cert, now + SignedDuration::from_secs(59)), Verdict::Good(claim));
        assert_eq!(check(&code, &cert, now + SignedDuration::from_secs(60)), Verdict::Expired(claim));
        assert_eq!(check(&code, &pair(2, now).0, now), Verdict::Forged, "别处的钥匙");
        for bad in ["", "TB1.", "TB1.AAAA", "TB2.AAAA", "hello", &"A".repeat(9000)] {
            assert_eq!(check(bad, &cert, now), Verdict::Malformed, "{bad}");
        }
    }

    #[test]
    fn every_altered_character_is_found_and_nothing_personal_is_inside() {
        let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        let (cert, key) = pair(1, now);
        let code = sign(&Claim::of(IDENTIFIER, LicenceState::Valid, now + SignedDuration::from_secs(60)), &cert, &key, &[7; 32]).unwrap();
        for at in 0..code.len() {
            let mut altered = code.clone().into_bytes();
            altered[at] = if altered[at] == b'B' { b'C' } else { b'B' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(check(&altered, &cert, now).claim().is_none(), "第 {at} 个字符改了还说真");
        }
        let bytes = URL_SAFE_NO_PAD.decode(code.strip_prefix(PREFIX).unwrap()).unwrap();
        let part = IDENTIFIER.rsplit('.').nth(2).unwrap().as_bytes();
        assert!(!bytes.windows(part.len()).any(|window| window == part), "连证照标识也只有杂凑");
    }
}
