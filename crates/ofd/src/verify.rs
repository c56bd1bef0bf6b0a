//! 验 OFD（规格 §3.4）：签章 G1–G7、印章 S1–S4 由 `gm` 验，这里再验
//! O1 每个引用的杂凑、O2 覆盖、O3 Seal.esl 与内嵌印章相同、O4 章在页框内，与容器的完整。
//!
//! 每一步都做、都有结果；任何一步没过都不会报有效。有效的签名才算覆盖，一份有效、一份无效时按最坏的说。

mod report;

use std::collections::{BTreeSet, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use md5::Digest as _;
use tongban_gm::Trust;
use tongban_gm::ses::{Conclusion, verify_signature};

pub use report::{Line, Outcome, Report, Signed, Stamp};

use crate::package::{Package, PackageError, Part};
use crate::read::{ReadError, Rect, Structure, find, load, visible};
use crate::xml::Node;

/// 一份文件最多验几个签名。
const MOST_SIGNATURES: usize = 64;
/// 一份 Signature.xml 最多多大：一万条引用也不过一兆多。
const LARGEST_SIGNATURE: usize = 4 * 1024 * 1024;

/// 验一份文件。`now` 只用来说“现已过期”与拒绝将来的签章时间。
pub fn verify(bytes: &[u8], trust: &Trust, now: Timestamp) -> Report {
    match Package::read(bytes) {
        Ok(package) => verify_package(&package, trust, now),
        Err(error) => Report::broken(Line::failed("F1", "文件格式", &error), container_conclusion(&error)),
    }
}

/// 包已解开时验。
pub fn verify_package(package: &Package, trust: &Trust, now: Timestamp) -> Report {
    let structure = match Structure::read(package) {
        Ok(structure) => structure,
        Err(error) => return Report::broken(Line::failed("F2", "文档结构", &error), Conclusion::Malformed),
    };
    let mut report = Report::new(&structure);
    report.lines.push(Line::passed("F1", "文件格式"));
    report.lines.push(Line::passed("F2", "文档结构"));
    if package.whole == Some(false) {
        report.add(Line::failed("F3", "容器完整", "文件的字节被改动过（容器摘要不符）"), Conclusion::Tampered);
    }
    let listed = match listed(package, &structure) {
        Ok(listed) => listed,
        Err(error) => {
            report.add(Line::failed("F4", "签名清单", &error), Conclusion::Malformed);
            return report;
        }
    };
    let (mut covered, mut digests) = (BTreeSet::new(), Digests::default());
    // 签名自身的文件由 G2、G5 保护，不要求被引用；签名清单可以不被引用（允许续签）
    covered.extend(structure.signatures.iter().cloned());
    for entry in &listed {
        let signed = one(package, &structure, entry, trust, now, &mut covered, &mut digests);
        report.conclude(signed.conclusion);
        report.signatures.push(signed);
    }
    cover(package, &covered, listed.is_empty(), &mut report);
    report
}

fn container_conclusion(error: &PackageError) -> Conclusion {
    match error {
        // 内容与校验值不符、重名、越界：不是写坏，是被动过手脚
        PackageError::Checksum(_) | PackageError::Duplicate(_) | PackageError::Escapes(_) => Conclusion::Tampered,
        PackageError::Encrypted(_) | PackageError::Method(_) => Conclusion::Unsupported,
        PackageError::Broken(_) | PackageError::Bomb => Conclusion::Malformed,
    }
}

struct Listed {
    id: String,
    kind: String,
    path: String,
}

fn listed(package: &Package, structure: &Structure) -> Result<Vec<Listed>, ReadError> {
    let Some(path) = &structure.signatures else { return Ok(Vec::new()) };
    let list = load(package, path)?;
    let mut out = Vec::new();
    for node in list.all("Signature") {
        if out.len() >= MOST_SIGNATURES {
            return Err(ReadError::TooMany);
        }
        let location = node.attribute("BaseLoc").ok_or_else(|| ReadError::Lacks { path: path.clone(), what: "签名的 BaseLoc" })?;
        out.push(Listed {
            id: node.attribute("ID").unwrap_or_default().to_owned(),
            kind: node.attribute("Type").unwrap_or("Seal").to_owned(),
            path: find(package, path, location)?.0,
        });
    }
    Ok(out)
}

/// 一个签名：没过的不增加覆盖。
fn one(
    package: &Package,
    structure: &Structure,
    entry: &Listed,
    trust: &Trust,
    now: Timestamp,
    covered: &mut BTreeSet<String>,
    digests: &mut Digests,
) -> Signed {
    let mut signed = Signed::new(&entry.id, &entry.path);
    let files = match Files::read(package, &entry.path) {
        Ok(files) => files,
        Err(error) => {
            signed.add(Line::failed("O0", "签名文件", &error), Conclusion::Malformed);
            return signed;
        }
    };
    signed.provider = files.info.child("Provider").and_then(|p| p.attribute("ProviderName")).unwrap_or_default().to_owned();
    if entry.kind != "Seal" {
        signed.add(Line::failed("O0", "签名文件", "不是电子签章（Type 不是 Seal），不支持"), Conclusion::Unsupported);
        return signed;
    }
    signed.add(Line::passed("O0", "签名文件"), Conclusion::Valid);
    let bytes = files.value.data();
    let result = verify_signature(bytes, files.signature.data(), trust, now);
    signed.take(&result);
    let references = references(package, &entry.path, &files.info, digests);
    match &references {
        Ok(References { foreign: None, .. }) => signed.add(Line::passed("O1", "引用的杂凑"), Conclusion::Valid),
        Ok(References { foreign: Some(name), .. }) => signed.note("O1", "引用的杂凑", &format!("符合；杂凑算法是 {name}，非国密")),
        Err((fault, conclusion)) => signed.add(Line::failed("O1", "引用的杂凑", fault), *conclusion),
    }
    let embedded = result.signature.as_ref().map(|signature| signature.seal.raw);
    match (&files.seal, embedded) {
        (Some((_, part)), Some(raw)) if part.data() != raw => {
            signed.add(Line::failed("O3", "印章文件与内嵌印章相同", "Seal.esl 与签章里的印章不同"), Conclusion::Tampered);
        }
        (Some(_), Some(_)) => signed.add(Line::passed("O3", "印章文件与内嵌印章相同"), Conclusion::Valid),
        (None, Some(_)) => signed.note("O3", "印章文件与内嵌印章相同", "没有另附印章文件，以签章内嵌的为准"),
        (_, None) => signed.lines.push(Line::not_reached("O3", "印章文件与内嵌印章相同")),
    }
    match stamps(structure, &files.info) {
        Ok(stamps) => {
            signed.stamps = stamps;
            signed.add(Line::passed("O4", "章在页框内"), Conclusion::Valid);
        }
        Err(why) => signed.add(Line::failed("O4", "章在页框内", why), Conclusion::Malformed),
    }
    if let (true, Ok(references)) = (signed.conclusion.is_valid(), references) {
        covered.extend(references.names);
        covered.extend([entry.path.clone(), files.value_path]);
        covered.extend(files.seal.map(|(path, _)| path));
    }
    signed
}

/// 一个签名的几份文件。
struct Files<'a> {
    signature: &'a Part,
    info: Node,
    value_path: String,
    value: &'a Part,
    seal: Option<(String, &'a Part)>,
}

impl<'a> Files<'a> {
    fn read(package: &'a Package, path: &str) -> Result<Self, ReadError> {
        let (_, signature) = find(package, "", &format!("/{path}"))?;
        if signature.data().len() > LARGEST_SIGNATURE {
            return Err(ReadError::TooMany);
        }
        let root = load(package, path)?;
        let lacks = |what| ReadError::Lacks { path: path.to_owned(), what };
        let value = root.text_at(&["SignedValue"]).ok_or_else(|| lacks("SignedValue"))?;
        let (value_path, value) = find(package, path, value)?;
        let info = root.child("SignedInfo").ok_or_else(|| lacks("SignedInfo"))?.clone();
        let seal = match info.text_at(&["Seal", "BaseLoc"]) {
            Some(location) => find(package, path, location).map(|(path, part)| Some((path, part.as_ref())))?,
            None => None,
        };
        Ok(Self { signature, info, value_path, value, seal })
    }
}

/// 引用都对上时：覆盖的文件，与非国密的算法名。
struct References {
    names: Vec<String>,
    foreign: Option<&'static str>,
}

fn references(package: &Package, from: &str, info: &Node, digests: &mut Digests) -> Result<References, (String, Conclusion)> {
    let malformed = |why: &str| (why.to_owned(), Conclusion::Malformed);
    let list = info.child("References").ok_or_else(|| malformed("没有 References"))?;
    let method = list.attribute("CheckMethod").unwrap_or("MD5");
    let method = Method::parse(method).ok_or_else(|| (format!("杂凑算法 {} 不认识", short(method)), Conclusion::Unsupported))?;
    let mut out = References { names: Vec::new(), foreign: method.foreign() };
    for node in list.all("Reference") {
        let location = node.attribute("FileRef").ok_or_else(|| malformed("引用没有 FileRef"))?;
        let value = node.text_at(&["CheckValue"]).ok_or_else(|| malformed("引用没有 CheckValue"))?;
        let expected = STANDARD.decode(value).map_err(|_| malformed("CheckValue 不是 base64"))?;
        let (path, part) = find(package, from, location).map_err(|_| (format!("签过的文件 {} 不见了", short(location)), Conclusion::Tampered))?;
        if *digests.of(method, &path, part) != *expected {
            return Err((format!("文件 /{path} 的内容在签章之后被改动"), Conclusion::Tampered));
        }
        out.names.push(path);
    }
    Ok(out)
}

/// 算过的杂凑：一份文件被引用许多次也只算一次（SM3 另由 [`Part`] 记着）。
#[derive(Default)]
struct Digests(HashMap<(Method, String), Vec<u8>>);

impl Digests {
    fn of(&mut self, method: Method, path: &str, part: &Part) -> &[u8] {
        self.0.entry((method, path.to_owned())).or_insert_with(|| method.digest(part))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Method {
    Sm3,
    Sha256,
    Sha1,
    Md5,
}

impl Method {
    fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_uppercase().as_str() {
            "1.2.156.10197.1.401" | "SM3" => Some(Self::Sm3),
            "SHA256" | "SHA-256" | "2.16.840.1.101.3.4.2.1" => Some(Self::Sha256),
            "SHA1" | "SHA-1" | "1.3.14.3.2.26" => Some(Self::Sha1),
            "MD5" | "1.2.840.113549.2.5" => Some(Self::Md5),
            _ => None,
        }
    }

    fn foreign(self) -> Option<&'static str> {
        match self {
            Self::Sm3 => None,
            Self::Sha256 => Some("SHA256"),
            Self::Sha1 => Some("SHA1"),
            Self::Md5 => Some("MD5"),
        }
    }

    fn digest(self, part: &Part) -> Vec<u8> {
        match self {
            Self::Sm3 => part.digest().to_vec(),
            Self::Sha256 => sha2::Sha256::digest(part.data()).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(part.data()).to_vec(),
            Self::Md5 => md5::Md5::digest(part.data()).to_vec(),
        }
    }
}

/// O4：每枚章的页都在，整枚（裁过的，看得见的那一块）在页框里。
fn stamps(structure: &Structure, info: &Node) -> Result<Vec<Stamp>, String> {
    let mut out = Vec::new();
    for node in info.all("StampAnnot").take(10_000) {
        let id = node.attribute("PageRef").unwrap_or_default();
        let page = structure.page(id).ok_or_else(|| format!("章所在的页 {} 不存在", short(id)))?;
        let area = node.attribute("Boundary").and_then(Rect::parse).ok_or("章的 Boundary 不是四个数")?;
        let clip = match node.attribute("Clip") {
            Some(text) => Some(Rect::parse(text).ok_or("章的 Clip 不是四个数")?),
            None => None,
        };
        let seen = visible(&area, clip.as_ref()).ok_or("章被 Clip 裁得一点不剩")?;
        if !seen.inside(&Rect { x: 0.0, y: 0.0, ..page.area }) {
            return Err("章落在页框外".to_owned());
        }
        out.push(Stamp { page: page.id.clone(), area, clip });
    }
    Ok(out)
}

/// O2：包里每个文件都要被某个有效签名覆盖。
fn cover(package: &Package, covered: &BTreeSet<String>, unsigned: bool, report: &mut Report) {
    if unsigned {
        report.add(Line::failed("O2", "覆盖", "文件没有电子签章"), Conclusion::Uncovered);
        return;
    }
    if !report.conclusion.is_valid() {
        report.lines.push(Line::not_reached("O2", "覆盖"));
        return;
    }
    let loose: Vec<String> = package.entries().filter(|(name, _)| !covered.contains(*name)).map(|(name, _)| format!("/{}", short(name))).take(5).collect();
    if loose.is_empty() {
        report.lines.push(Line::passed("O2", "覆盖"));
    } else {
        report.add(Line::failed("O2", "覆盖", format!("没有被签名覆盖的文件：{}", loose.join("、"))), Conclusion::Uncovered);
    }
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}
