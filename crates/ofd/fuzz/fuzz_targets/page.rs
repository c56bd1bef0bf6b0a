//! 任意字节当一页的内容来画：绕过 ZIP，直接变异 XML。
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongban_ofd::{Package, Part};

const ENTRY: &str = r#"<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>/Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"#;
const DOCUMENT: &str = r#"<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CommonData><ofd:MaxUnitID>9</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="/Doc_0/P.xml"/></ofd:Pages></ofd:Document>"#;

fuzz_target!(|data: &[u8]| {
    let mut package = Package::default();
    package.put("OFD.xml", Part::new(ENTRY));
    package.put("Doc_0/Document.xml", Part::new(DOCUMENT));
    package.put("Doc_0/P.xml", Part::new(data));
    let _ = tongban_ofd::view::svg(&package, 0, &[], None);
});
