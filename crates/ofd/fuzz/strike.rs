//! 敲打的几种读法：模糊测试的目标、种子的回放、没有 libFuzzer 时的敲打都用这几个函数。

use tongban_gm::Trust;
use tongban_ofd::{Package, Part, view};

const ENTRY: &str = r#"<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>/Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"#;
const DOCUMENT: &str = r#"<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CommonData><ofd:MaxUnitID>9</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="/Doc_0/P.xml"/></ofd:Pages></ofd:Document>"#;

/// 当整份文件来验、来画：什么都不信任，绝不有效。
pub fn verify(data: &[u8]) {
    let report = tongban_ofd::verify(data, &Trust::new(), jiff::Timestamp::UNIX_EPOCH);
    assert!(!report.conclusion.is_valid(), "什么都不信任却有效");
    let _ = report.reason();
    if let Ok(package) = Package::read(data) {
        let _ = view::svg(&package, 0, &report.signatures, None);
    }
}

/// 当一页的内容来画：绕过 ZIP 的校验，直接变异 XML。
pub fn page(data: &[u8]) {
    let mut package = Package::default();
    for (path, part) in [("OFD.xml", Part::new(ENTRY)), ("Doc_0/Document.xml", Part::new(DOCUMENT)), ("Doc_0/P.xml", Part::new(data))] {
        package.put(path, part);
    }
    let _ = view::svg(&package, 0, &[], None);
}
