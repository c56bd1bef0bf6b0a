//! 写进文件的元数据（规格 §7.3）：CustomDatas 用拼音短名，附件 licence.xml 放全量。短名的表是数据，随时可改。

use std::collections::BTreeMap;
use std::fmt::Write;

/// 一张证照写进文件的全部内容。
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    pub identifier: String,
    pub kind_code: String,
    pub name: String,
    pub number: String,
    pub issuer: String,
    pub issuer_code: String,
    pub issued: String,
    pub holder_name: String,
    pub holder_code: String,
    /// 主体代码类型：001 统一社会信用代码、111 公民身份号码（GB/T 36903 附录 A）。
    pub holder_type: &'static str,
    pub valid_from: String,
    pub valid_to: String,
    pub area_code: String,
    pub item_name: String,
    pub item_code: String,
    pub seal_name: String,
    /// 扩展字段：短名与值。
    pub fields: BTreeMap<String, String>,
    /// 加注件：制作时间、制作者、事由、截止。
    pub copy: Option<[String; 4]>,
}

impl Metadata {
    /// 短名与值，空的不写。
    #[must_use]
    pub fn short(&self) -> Vec<(String, String)> {
        let holder_type = if self.holder_type == "001" { "统一社会信用代码" } else { "公民身份号码" };
        let fixed: [(&str, &str); 17] = [
            ("ZZLXMC", &self.name),
            ("ZZLXDM", &self.kind_code),
            ("ZZMC", &self.name),
            ("ZZBH", &self.number),
            ("ZZBS", &self.identifier),
            ("ZZBFJG", &self.issuer),
            ("ZZBFJGDM", &self.issuer_code),
            ("ZZBFRQ", &self.issued),
            ("CZZT", &self.holder_name),
            ("CZZTDM", &self.holder_code),
            ("CZZTDMLX", holder_type),
            ("CZZTDMLXDM", self.holder_type),
            ("ZZYXQQSRQ", &self.valid_from),
            ("ZZYXQJZRQ", &self.valid_to),
            ("GLSXMC", &self.item_name),
            ("GLSXDM", &self.item_code),
            ("ZZQZMC", &self.seal_name),
        ];
        let mut out: Vec<(String, String)> = fixed.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        out.extend(self.fields.iter().map(|(key, value)| (format!("KZ_{key}"), value.clone())));
        if let Some(copy) = &self.copy {
            out.extend(["JZJZZSJ", "JZJZZZ", "JZJZZSY", "JZJYXQJZSJ"].iter().zip(copy).map(|(key, value)| ((*key).to_owned(), value.clone())));
        }
        out.retain(|(_, value)| !value.is_empty());
        out
    }

    /// 附件 licence.xml：短名全量，加管辖属地。
    #[must_use]
    pub fn xml(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<licence>");
        for (key, value) in self.short().into_iter().chain([("GXSD".to_owned(), self.area_code.clone())]) {
            // 往 String 里写不会失败
            let _ = write!(out, "<item name=\"{key}\">{}</item>", tongban_ofd::xml::escape(&value));
        }
        out.push_str("</licence>");
        out
    }
}
