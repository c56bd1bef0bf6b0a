//! 有界的 DER 读写。
//!
//! 印章与证书都要对**原字节**验签，外来数据又常有编码瑕疵，所以读的时候只借切片、从不重编码：
//! 每一项都留着原字节与所在偏移，长度先核对再取用，没有递归，不会越界，也不会按伪造的长度分配内存。

use thiserror::Error;

/// 常用标签。
pub mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const OID: u8 = 0x06;
    pub const UTF8: u8 = 0x0c;
    pub const PRINTABLE: u8 = 0x13;
    pub const TELETEX: u8 = 0x14;
    pub const IA5: u8 = 0x16;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const BMP: u8 = 0x1e;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    /// 上下文标签 `[n]`，构造型。
    pub const fn context(n: u8) -> u8 {
        0xa0 | n
    }
    /// 上下文标签 `[n]`，简单型。
    pub const fn implicit(n: u8) -> u8 {
        0x80 | n
    }
}

/// 格式错误：哪个字段、为什么、在第几个字节。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{field}：{why}（第 {at} 字节）")]
pub struct Malformed {
    /// 正在读的字段。
    pub field: &'static str,
    /// 哪里不合格式。
    pub why: &'static str,
    /// 距数据开头的偏移。
    pub at: usize,
}

/// 读出的一项。
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// 标签字节。
    pub tag: u8,
    /// 内容字节。
    pub body: &'a [u8],
    /// 含标签与长度的原字节。
    pub raw: &'a [u8],
    body_at: usize,
}

impl<'a> Item<'a> {
    /// 逐项读它的内容。
    pub fn reader(&self) -> Reader<'a> {
        Reader { bytes: self.body, pos: 0, base: self.body_at }
    }

    /// 在这一项上报格式错误。
    pub fn fault(&self, field: &'static str, why: &'static str) -> Malformed {
        Malformed { field, why, at: self.body_at }
    }

    /// 非负小整数。
    pub fn small(&self, field: &'static str) -> Result<u32, Malformed> {
        match self.body {
            [] => Err(self.fault(field, "整数没有内容")),
            [first, ..] if first & 0x80 != 0 => Err(self.fault(field, "整数为负")),
            [0, second, ..] if second & 0x80 == 0 => Err(self.fault(field, "整数多写了前导零")),
            body if body.len() > 5 || (body.len() == 5 && body.first() != Some(&0)) => Err(self.fault(field, "整数过大")),
            body => Ok(body.iter().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte))),
        }
    }

    /// UTF-8 文本（含 IA5、Printable）。
    pub fn text(&self, field: &'static str) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.body).map_err(|_| self.fault(field, "不是合法的文字"))
    }

    /// 整字节的比特串：去掉“未用位数”前导字节，它必须为零。
    pub fn bits(&self, field: &'static str) -> Result<&'a [u8], Malformed> {
        match self.body.split_first() {
            Some((0, rest)) => Ok(rest),
            Some(_) => Err(self.fault(field, "比特串不是整字节")),
            None => Err(self.fault(field, "比特串没有内容")),
        }
    }
}

/// 在一段字节上按序读。
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    pos: usize,
    base: usize,
}

impl<'a> Reader<'a> {
    /// 从头读一段字节。
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, pos: 0, base: 0 }
    }

    /// 读完了没有。
    pub fn is_empty(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    /// 下一项的标签。
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn fault(&self, field: &'static str, why: &'static str) -> Malformed {
        Malformed { field, why, at: self.base.saturating_add(self.pos) }
    }

    /// 读任意一项。
    pub fn any(&mut self, field: &'static str) -> Result<Item<'a>, Malformed> {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        let (tag, first) = match rest {
            [] => return Err(self.fault(field, "缺少这一项")),
            [tag, ..] if tag & 0x1f == 0x1f => return Err(self.fault(field, "标签超出范围")),
            [_] => return Err(self.fault(field, "被截断")),
            [tag, first, ..] => (*tag, *first),
        };
        let (head, length) = if first < 0x80 {
            (2, usize::from(first))
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return Err(self.fault(field, "长度写法不合 DER"));
            }
            let digits = rest.get(2..2 + count).ok_or_else(|| self.fault(field, "被截断"))?;
            let length = digits.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
            if length < 0x80 || digits.first() == Some(&0) {
                return Err(self.fault(field, "长度没有用最短写法"));
            }
            (2 + count, usize::try_from(length).map_err(|_| self.fault(field, "长度超出范围"))?)
        };
        let total = head.checked_add(length).ok_or_else(|| self.fault(field, "长度超出范围"))?;
        let raw = rest.get(..total).ok_or_else(|| self.fault(field, "长度超出所在结构"))?;
        let body = raw.get(head..).unwrap_or_default();
        let body_at = self.base.saturating_add(self.pos).saturating_add(head);
        self.pos += total;
        Ok(Item { tag, body, raw, body_at })
    }

    /// 读一项，标签必须相符。
    pub fn take(&mut self, tag: u8, field: &'static str) -> Result<Item<'a>, Malformed> {
        match self.peek() {
            Some(found) if found != tag => Err(self.fault(field, "类型不符")),
            _ => self.any(field),
        }
    }

    /// 标签相符就读，否则当作没有。
    pub fn optional(&mut self, tag: u8, field: &'static str) -> Result<Option<Item<'a>>, Malformed> {
        if self.peek() == Some(tag) { self.any(field).map(Some) } else { Ok(None) }
    }

    /// 读一个 SEQUENCE 的内容。
    pub fn sequence(&mut self, field: &'static str) -> Result<Reader<'a>, Malformed> {
        self.take(tag::SEQUENCE, field).map(|item| item.reader())
    }

    /// 后面不许再有东西。
    pub fn end(&self, field: &'static str) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(self.fault(field, "后面有多余的内容")) }
    }

    /// 还剩几项（不改变位置）。
    pub fn count(&self, field: &'static str) -> Result<usize, Malformed> {
        let mut ahead = self.clone();
        let mut count = 0;
        while !ahead.is_empty() {
            ahead.any(field)?;
            count += 1;
        }
        Ok(count)
    }
}

/// 写一项：标签、最短长度、内容。
pub fn item(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 6);
    out.push(tag);
    let length = body.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        out.push(0x80 | digits.len() as u8);
        out.extend(digits);
    }
    out.extend_from_slice(body);
    out
}

/// 写一个由几项组成的结构。
pub fn group(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    item(tag, &parts.concat())
}

/// 写 SEQUENCE。
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    group(tag::SEQUENCE, parts)
}

/// 写非负整数。
pub fn integer(value: u32) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

/// 写大端的非负整数：去前导零，必要时补一个零。
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = bytes.get(start..).unwrap_or_default();
    let mut body = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|byte| byte & 0x80 != 0) {
        body.push(0);
    }
    body.extend_from_slice(digits);
    item(tag::INTEGER, &body)
}

/// 写整字节的比特串。
pub fn bits(bytes: &[u8]) -> Vec<u8> {
    group(tag::BIT_STRING, &[&[0], bytes])
}

/// 写八位串。
pub fn octets(bytes: &[u8]) -> Vec<u8> {
    item(tag::OCTET_STRING, bytes)
}

/// 写对象标识。
pub fn oid(content: &[u8]) -> Vec<u8> {
    item(tag::OID, content)
}

/// 去掉 PEM 外壳；本来就是 DER 的原样返回。
pub fn unarmour(bytes: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, Malformed> {
    use base64::Engine as _;
    let fault = |why| Malformed { field: "PEM", why, at: 0 };
    if bytes.first() == Some(&tag::SEQUENCE) {
        return Ok(bytes.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| fault("既不是 DER 也不是 PEM"))?;
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(|| fault("既不是 DER 也不是 PEM"))?;
    let (_, rest) = rest.split_once("-----").ok_or_else(|| fault("缺少 BEGIN 行"))?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(|| fault("缺少 END 行"))?;
    let packed: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(packed).map(Into::into).map_err(|_| fault("Base64 不对"))
}

/// 加 PEM 外壳。
pub fn armour(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let packed = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for (n, c) in packed.chars().enumerate() {
        if n > 0 && n % 64 == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    out.push_str(&format!("\n-----END {label}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_integers_are_canonical() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(0x80), [2, 2, 0, 0x80]);
        assert_eq!(item(4, &[7; 200])[..3], [4, 0x81, 200]);
        for value in [0, 1, 127, 128, 255, 256, u32::MAX] {
            let raw = integer(value);
            assert_eq!(Reader::new(&raw).any("值").unwrap().small("值").unwrap(), value);
        }
        assert!(Reader::new(&[4, 0x81, 5, 1, 2, 3, 4, 5]).any("值").is_err(), "非最短长度");
        assert!(Reader::new(&[4, 0x80, 0, 0]).any("值").is_err(), "不定长");
        assert!(Reader::new(&[4, 0x84, 0xff, 0xff, 0xff, 0xff]).any("值").is_err(), "伪造长度");
    }

    #[test]
    fn pem_round_trip() {
        let der = sequence(&[&octets(&[9; 100])]);
        assert_eq!(&*unarmour(armour("CERTIFICATE", &der).as_bytes()).unwrap(), &der[..]);
        assert!(unarmour(b"hello").is_err());
    }
}
