//! 一份演示证照：当场生成的根、制章者、签章者与印章，排一张证照、盖章。不碰数据库，给命令行与互认核对用。

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tongban_documents::paper::font;
use tongban_gm::cert::{CertRequest, Role, issue, issue_root};
use tongban_gm::picture::{Design, Face as SealFace};
use tongban_gm::ses::{ListBy, SealKind, SealRequest, make_seal};
use tongban_gm::{Certificate, SecretKey};
use tongban_kernel::Problem;
use tongban_kernel::time::{date_of, day_number};
use tongban_ofd::subset::Subsetter;
use tongban_ofd::{Attachment, Document, Info, Page, Part, Placed, Sealing, Tag, Template, seal};
use tongban_store::{Error, Result};

use crate::maker::random;
use crate::model::licence::show_day;
use crate::model::{FieldSpec, Identifier, Spec, Validity};
use crate::rules::face::{self, Printed};
use crate::rules::metadata::Metadata;

const ISSUER: &str = "广元市昭化区行政审批局";
const NAME: &str = "食品经营许可证";

/// 演示文件与演示根证书。
pub struct Sample {
    pub ofd: Vec<u8>,
    pub root: Vec<u8>,
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Problem::conflict(error.to_string()).into()
}

/// 造一份。
///
/// # Errors
/// 没有中文字体，或随机数取不到。
pub fn sample(at: Timestamp) -> Result<Sample> {
    let keys = [SecretKey::generate(&random()?), SecretKey::generate(&random()?), SecretKey::generate(&random()?)];
    let [root_key, maker_key, signer_key] = keys.map(|key| key.map_err(wrong));
    let (root_key, maker_key, signer_key) = (root_key?, maker_key?, signer_key?);
    let from = at - SignedDuration::from_hours(24);
    let request = |common_name, role| -> Result<CertRequest<'_>> {
        Ok(CertRequest { common_name, organisation: "通办演示", serial: random()?, not_before: from, not_after: at + SignedDuration::from_hours(24 * 3650), role })
    };
    let root = issue_root(&request("通办演示根证书", Role::Authority { path_len: 1 })?, &root_key).map_err(wrong)?;
    let leaf = |name, key: &SecretKey| -> Result<Certificate> { issue(&request(name, Role::Signer)?, &key.public(), &root, &root_key).map_err(wrong) };
    let (maker, signer) = (leaf("通办演示制章者", &maker_key)?, leaf(ISSUER, &signer_key)?);
    let esl = stamp(&signer, &maker, &maker_key, at)?;
    let (document, anchor, sheet) = document(at)?;
    let mut package = document.package(Subsetter::shared().map_err(wrong)?).map_err(wrong)?;
    let stamps = [Placed::centred(0, anchor, (42.0, 42.0), sheet)];
    seal(&mut package, &Sealing { seal: &Part::stored(esl), signer: &signer, key: &signer_key, at, stamps: &stamps, close: true }).map_err(wrong)?;
    Ok(Sample { ofd: package.to_bytes(), root: root.der().to_vec() })
}

fn stamp(signer: &Certificate, maker: &Certificate, key: &SecretKey, at: Timestamp) -> Result<Vec<u8>> {
    let design = Design { face: SealFace::Department, name: ISSUER, purpose: "" };
    let image = tongban_ofd::stamp::png(&design, font::shared().map_err(wrong)?).map_err(wrong)?;
    let from = at - SignedDuration::from_hours(12);
    let request = SealRequest {
        es_id: "51081100000001",
        kind: SealKind::Legal,
        name: ISSUER,
        signers: std::slice::from_ref(signer),
        list_by: ListBy::Certificate,
        created: from,
        valid_from: from,
        valid_to: at + SignedDuration::from_hours(24 * 1825),
        format: "png",
        image: &image,
        width: 42,
        height: 42,
    };
    make_seal(&request, maker, key).map_err(wrong)
}

type Laid = (Document, (f64, f64), (f64, f64));

fn document(at: Timestamp) -> Result<Laid> {
    let font = font::shared().map_err(wrong)?;
    let fields = [("JYCS", "经营场所", "广元市昭化区元坝镇京昆路1号"), ("ZTYT", "主体业态", "餐饮服务经营者"), ("JYXM", "经营项目", "热食类食品制售")];
    let spec = Spec {
        validity: Validity::Years(5),
        fields: fields.iter().map(|(key, label, _)| FieldSpec { key: (*key).to_owned(), label: (*label).to_owned(), required: true }).collect(),
        ..Spec::default()
    }
    .checked()?;
    let today = date_of(at);
    let until = spec.until(today, None)?;
    // 规格 §7.1 的演示类型与机构代码
    let identifier = Identifier::new("11100000MB0341032Y002", "11510811008500011B", "202600000001", 1).map_err(|reason| wrong(reason.detail))?;
    let text = |day: i64| format!("{}年{}月{}日", day / 10_000, day / 100 % 100, day % 100);
    let mut values: BTreeMap<String, String> = fields.iter().map(|(key, _, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let metadata = Metadata {
        identifier: identifier.to_string(),
        kind_code: identifier.kind.clone(),
        name: NAME.to_owned(),
        number: "JY25108110012345".to_owned(),
        issuer: ISSUER.to_owned(),
        issuer_code: identifier.issuer.clone(),
        issued: show_day(day_number(today)),
        holder_name: "昭化区京昆路某某餐饮店".to_owned(),
        holder_code: "92510811MA6100001X".to_owned(),
        holder_type: "001",
        valid_from: show_day(day_number(today)),
        valid_to: show_day(until),
        area_code: "510811000000".to_owned(),
        seal_name: ISSUER.to_owned(),
        fields: values.clone(),
        ..Metadata::default()
    };
    let common = [("number", metadata.number.clone()), ("holder", metadata.holder_name.clone()), ("code", metadata.holder_code.clone()), ("issuer", ISSUER.to_owned()), ("issued", text(day_number(today))), ("until", text(until))];
    values.extend(common.map(|(key, value)| (key.to_owned(), value)));
    let printed = Printed { name: NAME.to_owned(), values, link: format!("https://example.cn/verify?no={identifier}"), watermark: String::new() };
    let under = face::under(NAME, &spec, font).map_err(wrong)?;
    let laid = face::lay(&spec, &printed, font).map_err(wrong)?;
    let sheet = (laid.over.width, laid.over.height);
    let id = tongban_gm::hash::hex(&tongban_gm::sm3(identifier.to_string().as_bytes()));
    let document = Document {
        info: Info {
            id: id.get(..32).unwrap_or_default().to_owned(),
            title: NAME.to_owned(),
            author: ISSUER.to_owned(),
            created: show_day(day_number(today)),
            creator: "通办".to_owned(),
            data: metadata.short(),
        },
        templates: vec![Template::new(under)],
        tags: laid.tags.into_iter().map(|(name, mark)| Tag { name, page: 0, mark }).collect(),
        pages: vec![Page { sheet: laid.over, template: Some(0) }],
        attachments: vec![Attachment { name: "licence.xml".to_owned(), part: Part::new(metadata.xml()) }],
    };
    Ok((document, laid.anchor, sheet))
}

#[cfg(test)]
mod tests {
    use tongban_gm::{Conclusion, Trust};

    use super::*;

    #[test]
    fn the_sample_is_valid_only_under_its_own_root() {
        let at = Timestamp::now();
        let made = sample(at).unwrap();
        let package = tongban_ofd::Package::read(&made.ofd).unwrap();
        let entry = String::from_utf8(package.get("OFD.xml").unwrap().data().to_vec()).unwrap();
        let day = entry.split("<ofd:CreationDate>").nth(1).unwrap().split('<').next().unwrap();
        assert!(day.parse::<jiff::civil::Date>().is_ok(), "模式要求 xs:date：{day}");
        let mut trust = Trust::new();
        trust.add_anchor(Certificate::parse(&made.root).unwrap()).unwrap();
        assert_eq!(tongban_ofd::verify(&made.ofd, &trust, at).conclusion, Conclusion::Valid);
        assert_eq!(tongban_ofd::verify(&made.ofd, &Trust::new(), at).conclusion, Conclusion::CertUntrusted);
    }
}
