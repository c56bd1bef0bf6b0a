//! ZIP 包：写得固定（同样的内容得同样的字节），读得多疑。
//!
//! 写出的包在末尾的注释里放全文的 SM3（各条目先各算一次，几份文件共用的字体只算一回）：容器里任何一个字节变了（哪怕不影响解压）都说得出来；
//! 别的系统把包重新压过、注释没了，不算错——签名管的是内容。

use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use tongban_gm::hash::{Digest32, hex, sm3};

/// 条目上限。
pub const MOST_ENTRIES: usize = 10_000;
/// 解压比上限。
pub const MOST_RATIO: u64 = 200;
/// 全部解开后的上限。
pub const MOST_BYTES: u64 = 128 * 1024 * 1024;
/// 多小算小。
const SMALL: usize = 64 * 1024;
/// 注释开头：各条目的数据先各算一次，与其余字节连着再算。
const COMMENT: &str = "SM3:";
/// 早先写的：全文连着算一次。
const COMMENT_WHOLE: &str = "sm3:";
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// 名字用 UTF-8。
const UTF8: u16 = 0x0800;
/// 1980-01-01：固定，免得同样的内容每次字节不同。
const DAY: u16 = 0x0021;

/// 包里一个文件的内容。可以几份文件共用：压缩与杂凑都只算一次。
#[derive(Default)]
pub struct Part {
    data: Vec<u8>,
    /// 压不动的（图像、印章、签名值），不费力去试。
    stored: bool,
    packed: OnceLock<Packed>,
    digest: OnceLock<Digest32>,
}

struct Packed {
    method: u16,
    crc: u32,
    /// 压过的；原样放的不另存一份。
    bytes: Option<Vec<u8>>,
    digest: OnceLock<Digest32>,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} 字节", self.data.len())
    }
}

impl Part {
    /// 由内容构成。
    pub fn new(data: impl Into<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self { data: data.into(), ..Self::default() })
    }

    /// 由压不动的内容构成：照原样放进包。
    pub fn stored(data: impl Into<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self { data: data.into(), stored: true, ..Self::default() })
    }

    /// 内容。
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// 内容的 SM3。
    pub fn digest(&self) -> &Digest32 {
        self.digest.get_or_init(|| sm3(&self.data))
    }

    fn packed(&self) -> &Packed {
        self.packed.get_or_init(|| {
            let crc = crc32fast::hash(&self.data);
            let whole = |crc| Packed { method: 0, crc, bytes: None, digest: OnceLock::new() };
            if self.stored {
                return whole(crc);
            }
            let mut bytes = Vec::with_capacity(self.data.len() / 2 + 64);
            // 小的图快，大的（字体、附件）一般共用，值得压紧
            let level = if self.data.len() < SMALL { Compression::fast() } else { Compression::default() };
            let done = DeflateEncoder::new(self.data.as_slice(), level).read_to_end(&mut bytes);
            if done.is_ok() && bytes.len() + bytes.len() / 16 < self.data.len() {
                Packed { method: 8, bytes: Some(bytes), ..whole(crc) }
            } else {
                whole(crc)
            }
        })
    }

    /// 放进包里的样子。
    fn body(&self) -> &[u8] {
        self.packed().bytes.as_deref().unwrap_or(&self.data)
    }

    /// 放进包里的样子的 SM3。
    fn body_digest(&self) -> &Digest32 {
        match &self.packed().bytes {
            Some(bytes) => self.packed().digest.get_or_init(|| sm3(bytes)),
            None => self.digest(),
        }
    }
}

/// 一个包：按序的名字与内容，名字不带开头的 `/`。
#[derive(Debug, Clone, Default)]
pub struct Package {
    entries: Vec<(String, Arc<Part>)>,
    /// 名字在 `entries` 的第几个：外来文件可以有上万个条目、上万条引用，不能逐个找。
    index: HashMap<String, usize>,
    /// 读入时：末尾注释里的杂凑对不对；没有注释为空。
    pub(crate) whole: Option<bool>,
}

/// 包读不得。
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    #[error("不是完整的 OFD（ZIP）文件：{0}")]
    Broken(&'static str),
    #[error("文件里有两个同名的条目：{0}")]
    Duplicate(String),
    #[error("条目的名字越出了文件：{0}")]
    Escapes(String),
    #[error("条目加了密，读不了：{0}")]
    Encrypted(String),
    #[error("条目的压缩方法不支持：{0}")]
    Method(String),
    #[error("条目太多、太大或压得反常（疑似炸弹）")]
    Bomb,
    #[error("条目的内容与它的校验值不符：{0}")]
    Checksum(String),
}

impl Package {
    /// 全部条目。
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Arc<Part>)> {
        self.entries.iter().map(|(name, part)| (name.as_str(), part))
    }

    /// 取一个文件；路径可以带开头的 `/`。
    pub fn get(&self, path: &str) -> Option<&Arc<Part>> {
        let path = path.trim_start_matches('/');
        self.index.get(path).and_then(|at| self.entries.get(*at)).map(|(_, part)| part)
    }

    /// 放一个文件；已有同名的就换掉。
    pub fn put(&mut self, path: &str, part: Arc<Part>) {
        let path = path.trim_start_matches('/');
        match self.index.get(path).and_then(|at| self.entries.get_mut(*at)) {
            Some((_, old)) => *old = part,
            None => {
                self.index.insert(path.to_owned(), self.entries.len());
                self.entries.push((path.to_owned(), part));
            }
        }
    }

    /// 写成字节。
    pub fn to_bytes(&self) -> Vec<u8> {
        let size: usize = self.entries.iter().map(|(name, part)| part.body().len() + 2 * name.len() + 100).sum();
        let (mut out, mut central, mut covered) = (Vec::with_capacity(size + 128), Vec::new(), Vec::new());
        for (name, part) in &self.entries {
            let begun = out.len();
            put32(&mut out, LOCAL);
            header(&mut out, part, name);
            out.extend_from_slice(name.as_bytes());
            covered.extend_from_slice(&out[begun..]);
            covered.extend_from_slice(part.body_digest());
            out.extend_from_slice(part.body());
            put32(&mut central, CENTRAL);
            put16(&mut central, 20);
            header(&mut central, part, name);
            // 注释长、盘号、内部属性各两字节，外部属性四字节
            central.extend_from_slice(&[0; 10]);
            put32(&mut central, low32(begun));
            central.extend_from_slice(name.as_bytes());
        }
        let start = out.len();
        let (count, length) = (low16(self.entries.len()), low32(central.len()));
        out.append(&mut central);
        put32(&mut out, END);
        put32(&mut out, 0);
        put16(&mut out, count);
        put16(&mut out, count);
        put32(&mut out, length);
        put32(&mut out, low32(start));
        put16(&mut out, low16(COMMENT.len() + 64));
        covered.extend_from_slice(&out[start..]);
        out.extend_from_slice(COMMENT.as_bytes());
        out.extend_from_slice(hex(&sm3(&covered)).as_bytes());
        out
    }

    /// 从字节读，凡可疑的都拒绝。
    ///
    /// # Errors
    /// 见 [`PackageError`]。
    pub fn read(bytes: &[u8]) -> Result<Self, PackageError> {
        let end = find_end(bytes).ok_or(PackageError::Broken("找不到末尾的目录"))?;
        let tail = Cursor(bytes.get(end..).unwrap_or_default());
        let (disk, count, total) = (tail.u32(4), tail.u16(8), tail.u16(10));
        let (length, start) = (tail.u32(12) as usize, tail.u32(16) as usize);
        if disk != 0 || count != total || start.checked_add(length) != Some(end) {
            return Err(PackageError::Broken("末尾的目录前后不一"));
        }
        if usize::from(count) > MOST_ENTRIES || count == u16::MAX {
            return Err(PackageError::Bomb);
        }
        let listed = directory(&bytes[start..end], count)?;
        let mut package = Self { entries: Vec::with_capacity(listed.len()), ..Self::default() };
        let (mut budget, mut covered) = (MOST_BYTES, Vec::new());
        let mut previous = 0;
        for entry in listed {
            // 目录按位置先后列，条目互不重叠：一段数据不许被说成两个文件
            if entry.offset < previous {
                return Err(PackageError::Broken("条目重叠或次序颠倒"));
            }
            let (data, body) = entry.extract(bytes, start, &mut budget)?;
            covered.extend_from_slice(&bytes[previous..body.start]);
            covered.extend_from_slice(&sm3(&bytes[body.clone()]));
            previous = body.end;
            if entry.name.ends_with('/') && data.is_empty() {
                continue;
            }
            // 重名在目录里已经拒绝
            package.put(&entry.name, Part::new(data));
        }
        covered.extend_from_slice(&bytes[previous..end + 22]);
        package.whole = comment(bytes, end, &covered);
        Ok(package)
    }
}

struct Listed {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    offset: usize,
}

fn directory(bytes: &[u8], count: u16) -> Result<Vec<Listed>, PackageError> {
    const SHORT: PackageError = PackageError::Broken("目录不完整");
    let (mut at, mut out, mut seen) = (0, Vec::new(), std::collections::HashSet::new());
    for _ in 0..count {
        let head = Cursor(bytes.get(at..at + 46).ok_or(SHORT)?);
        if head.u32(0) != CENTRAL {
            return Err(SHORT);
        }
        let (name_len, extra, note) = (usize::from(head.u16(28)), usize::from(head.u16(30)), usize::from(head.u16(32)));
        let name = bytes.get(at + 46..at + 46 + name_len).ok_or(SHORT)?;
        let name = std::str::from_utf8(name).map_err(|_| PackageError::Broken("条目的名字不是 UTF-8"))?.to_owned();
        check_name(&name)?;
        if !seen.insert(name.clone()) {
            return Err(PackageError::Duplicate(name));
        }
        out.push(Listed {
            name,
            flags: head.u16(8),
            method: head.u16(10),
            crc: head.u32(16),
            packed: head.u32(20),
            size: head.u32(24),
            offset: head.u32(42) as usize,
        });
        at += 46 + name_len + extra + note;
    }
    if at == bytes.len() { Ok(out) } else { Err(SHORT) }
}

fn check_name(name: &str) -> Result<(), PackageError> {
    let parts = name.trim_end_matches('/').split('/');
    let bad = name.is_empty()
        || name.len() > 512
        || name.contains(['\\', '\0', ':'])
        || parts.into_iter().any(|part| part.is_empty() || part == "." || part == "..");
    if bad { Err(PackageError::Escapes(name.chars().take(80).collect())) } else { Ok(()) }
}

impl Listed {
    /// 解开一个条目，回内容与它在文件里占的一段。
    fn extract(&self, bytes: &[u8], limit: usize, budget: &mut u64) -> Result<(Vec<u8>, Range<usize>), PackageError> {
        let broken = || PackageError::Broken("条目不完整");
        if self.flags & 0x2041 != 0 {
            return Err(PackageError::Encrypted(self.name.clone()));
        }
        let head = Cursor(bytes.get(self.offset..self.offset.saturating_add(30)).ok_or_else(broken)?);
        let name_len = usize::from(head.u16(26));
        let body = self.offset + 30 + name_len + usize::from(head.u16(28));
        let same = head.u32(0) == LOCAL && head.u16(8) == self.method && head.u16(6) == self.flags;
        // 第 3 位：大小写在数据之后，本地头里为零
        let later = self.flags & 8 != 0;
        let sizes = (head.u32(14), head.u32(18), head.u32(22));
        if !same
            || bytes.get(self.offset + 30..self.offset + 30 + name_len) != Some(self.name.as_bytes())
            || !(sizes == (self.crc, self.packed, self.size) || (later && sizes == (0, 0, 0)))
        {
            return Err(PackageError::Broken("条目的头与目录不一"));
        }
        let after = body.saturating_add(self.packed as usize);
        let packed = bytes.get(body..after).filter(|_| after <= limit).ok_or_else(broken)?;
        let size = u64::from(self.size);
        if size > *budget || size > (packed.len() as u64 + 64) * MOST_RATIO {
            return Err(PackageError::Bomb);
        }
        *budget -= size;
        let data = self.inflate(packed)?;
        if crc32fast::hash(&data) != self.crc {
            return Err(PackageError::Checksum(self.name.clone()));
        }
        Ok((data, body..after))
    }

    fn inflate(&self, packed: &[u8]) -> Result<Vec<u8>, PackageError> {
        let wrong = || PackageError::Checksum(self.name.clone());
        match self.method {
            0 if packed.len() == self.size as usize => Ok(packed.to_vec()),
            0 => Err(wrong()),
            8 => {
                // 说多大就只读多大再多一字节，谎报的当场露馅；先不信它的大小去占内存
                let mut data = Vec::with_capacity((self.size as usize).min(packed.len() * 8 + 64));
                let mut decoder = DeflateDecoder::new(packed).take(u64::from(self.size) + 1);
                decoder.read_to_end(&mut data).map_err(|_| wrong())?;
                if data.len() == self.size as usize { Ok(data) } else { Err(wrong()) }
            }
            _ => Err(PackageError::Method(self.name.clone())),
        }
    }
}

/// 从后往前找末尾记录，注释的长度必须正好到文件尾。
fn find_end(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(22)?;
    (last.saturating_sub(usize::from(u16::MAX))..=last)
        .rev()
        .find(|at| Cursor(&bytes[*at..]).u32(0) == END && at + 22 + usize::from(Cursor(&bytes[*at..]).u16(20)) == bytes.len())
}

/// 末尾注释：我方写的必须对得上；有别的注释也当对不上，没有注释不判。
fn comment(bytes: &[u8], end: usize, covered: &[u8]) -> Option<bool> {
    let (whole, note) = bytes.split_at(end + 22);
    if note.is_empty() {
        return None;
    }
    let note = std::str::from_utf8(note).unwrap_or_default();
    let same = |digest: &str, of: &[u8]| digest == hex(&sm3(of));
    Some(match (note.strip_prefix(COMMENT), note.strip_prefix(COMMENT_WHOLE)) {
        (Some(digest), _) => same(digest, covered),
        (None, Some(digest)) => same(digest, whole),
        (None, None) => false,
    })
}

fn header(out: &mut Vec<u8>, part: &Part, name: &str) {
    let packed = part.packed();
    for value in [20, UTF8, packed.method, 0, DAY] {
        put16(out, value);
    }
    put32(out, packed.crc);
    put32(out, low32(part.body().len()));
    put32(out, low32(part.data.len()));
    put16(out, low16(name.len()));
    put16(out, 0);
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// 写出的包远小于 4 GB、条目远少于 65,535，截断只为类型。
#[allow(clippy::cast_possible_truncation)]
fn low32(value: usize) -> u32 {
    value as u32
}

#[allow(clippy::cast_possible_truncation)]
fn low16(value: usize) -> u16 {
    value as u16
}

/// 定长头里的小端整数；越界为零，由调用处的签名核对拦下。
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn u16(&self, at: usize) -> u16 {
        self.0.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> u32 {
        self.0.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
    }
}
