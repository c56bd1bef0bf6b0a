//! 把排好的页组成 OFD 包：目录结构与元素次序照 GB/T 33190 的模式文件，引用一律写绝对路径（有读者不认相对路径）。

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use tongban_documents::paper::Sheet;

use crate::content::{Ids, Mm, page, push};
use crate::package::{Package, Part};
use crate::subset::{SubsetError, Subsetter};
use crate::xml::escape;
use crate::NAMESPACE;

/// 一份文档。
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// 文档信息。
    pub info: Info,
    /// 各页。
    pub pages: Vec<Page>,
    /// 模板页：各页共用的底；许多份文书也共用，只写一次。
    pub templates: Vec<Arc<Template>>,
    /// 附件。
    pub attachments: Vec<Attachment>,
    /// 自定义标引：业务字段在页上的哪里。
    pub tags: Vec<Tag>,
}

/// 文档信息。
#[derive(Debug, Clone, Default)]
pub struct Info {
    /// 文档编号，32 位十六进制；同一份文件重印应相同。
    pub id: String,
    /// 标题。
    pub title: String,
    /// 作者（机关）。
    pub author: String,
    /// 制作日期 `YYYY-MM-DD`。
    pub created: String,
    /// 制作软件。
    pub creator: String,
    /// 业务字段，短名与值（规格 §7.3）。
    pub data: Vec<(String, String)>,
}

/// 一页。
#[derive(Debug, Clone)]
pub struct Page {
    /// 页上的东西。
    pub sheet: Sheet,
    /// 用第几张模板页作底。
    pub template: Option<usize>,
}

/// 一张模板页。排在第一的编号总是一样，写好的内容连同其中的图可以留着给下一份用。
#[derive(Debug)]
pub struct Template {
    sheet: Sheet,
    letters: BTreeSet<char>,
    first: OnceLock<(Arc<Part>, Ids)>,
}

impl Template {
    /// 由排好的页构成。
    #[must_use]
    pub fn new(sheet: Sheet) -> Arc<Self> {
        Arc::new(Self { letters: sheet.letters().collect(), sheet, first: OnceLock::new() })
    }

    /// 页上的东西。
    #[must_use]
    pub fn sheet(&self) -> &Sheet {
        &self.sheet
    }
}

/// 附件。
#[derive(Debug, Clone)]
pub struct Attachment {
    /// 文件名，只用 ASCII。
    pub name: String,
    /// 内容。
    pub part: Arc<Part>,
}

/// 一处标引：字段名，与第几页第几个图元。
#[derive(Debug, Clone)]
pub struct Tag {
    /// 字段短名，如 `ZZBH`。
    pub name: String,
    /// 第几页。
    pub page: usize,
    /// 页上第几个图元。
    pub mark: usize,
}

/// 写不成。
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Subset(#[from] SubsetError),
    #[error("图片写不成：{0}")]
    Picture(String),
    #[error("文档没有页")]
    Empty,
    #[error("附件名只能用英文字母、数字、点、横线：{0}")]
    Name(String),
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

impl Document {
    /// 组成包；还没有签名。
    ///
    /// # Errors
    /// 没有页、缺字、图片坏了或附件名不合。
    pub fn package(&self, fonts: &Subsetter) -> Result<Package, WriteError> {
        let first = self.pages.first().ok_or(WriteError::Empty)?;
        let mut letters: BTreeSet<char> = self.pages.iter().flat_map(|page| page.sheet.letters()).collect();
        self.templates.iter().for_each(|template| letters.extend(&template.letters));
        let font = if letters.is_empty() { None } else { Some(fonts.subset(&letters)?) };
        let mut ids = Ids::new();
        let font_id = ids.take();
        let mut body = Body { package: Package::default(), ids, font: font_id, objects: Vec::new() };
        // OFD.xml 放最前，末了再换成真的：有读者只看第一个条目认格式
        body.package.put("OFD.xml", Part::new(Vec::new()));
        let templates = body.templates(&self.templates)?;
        let pages = body.pages(&self.pages, &templates)?;
        let tags = body.tags(&self.tags, &pages)?;
        let attachments = body.attachments(&self.attachments, &self.info.created)?;
        body.resources(font, fonts.font().family());
        let mut xml = format!("{HEAD}<ofd:Document xmlns:ofd=\"{NAMESPACE}\"><ofd:CommonData>");
        push(&mut xml, format_args!("<ofd:MaxUnitID>{}</ofd:MaxUnitID>", body.ids.last()));
        push(&mut xml, format_args!("<ofd:PageArea><ofd:PhysicalBox>0 0 {} {}</ofd:PhysicalBox></ofd:PageArea>", Mm(first.sheet.width), Mm(first.sheet.height)));
        xml.push_str("<ofd:PublicRes>/Doc_0/PublicRes.xml</ofd:PublicRes>");
        if !body.ids.pictures().is_empty() {
            xml.push_str("<ofd:DocumentRes>/Doc_0/DocumentRes.xml</ofd:DocumentRes>");
        }
        for (n, id) in templates.iter().enumerate() {
            push(&mut xml, format_args!("<ofd:TemplatePage ID=\"{id}\" Name=\"底版{n}\" ZOrder=\"Background\" BaseLoc=\"/Doc_0/Tpls/Tpl_{n}/Content.xml\"/>"));
        }
        xml.push_str("</ofd:CommonData><ofd:Pages>");
        for (n, id) in pages.iter().enumerate() {
            push(&mut xml, format_args!("<ofd:Page ID=\"{id}\" BaseLoc=\"/Doc_0/Pages/Page_{n}/Content.xml\"/>"));
        }
        push(&mut xml, format_args!("</ofd:Pages>{tags}{attachments}</ofd:Document>"));
        body.put("Doc_0/Document.xml", xml);
        body.put("OFD.xml", self.info.entry());
        Ok(body.package)
    }
}

impl Info {
    /// OFD.xml；签名清单的入口盖章时再加。
    fn entry(&self) -> String {
        let mut out = format!("{HEAD}<ofd:OFD xmlns:ofd=\"{NAMESPACE}\" Version=\"1.0\" DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo>");
        for (name, value) in [("DocID", &self.id), ("Title", &self.title), ("Author", &self.author), ("CreationDate", &self.created), ("Creator", &self.creator)] {
            if !value.is_empty() {
                push(&mut out, format_args!("<ofd:{name}>{}</ofd:{name}>", escape(value)));
            }
        }
        if !self.data.is_empty() {
            out.push_str("<ofd:CustomDatas>");
            for (name, value) in &self.data {
                push(&mut out, format_args!("<ofd:CustomData Name=\"{}\">{}</ofd:CustomData>", escape(name), escape(value)));
            }
            out.push_str("</ofd:CustomDatas>");
        }
        out.push_str("</ofd:DocInfo><ofd:DocRoot>/Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>");
        out
    }
}

struct Body {
    package: Package,
    ids: Ids,
    font: u32,
    /// 各页各图元的编号。
    objects: Vec<Vec<u32>>,
}

impl Body {
    fn put(&mut self, path: &str, xml: String) {
        self.package.put(path, Part::new(xml));
    }

    fn templates(&mut self, templates: &[Arc<Template>]) -> Result<Vec<u32>, WriteError> {
        let mut out = Vec::new();
        for (n, template) in templates.iter().enumerate() {
            let id = self.ids.take();
            let part = match template.first.get().filter(|_| n == 0) {
                Some((part, ids)) => {
                    self.ids = ids.clone();
                    part.clone()
                }
                None => {
                    let part = Part::new(page(&template.sheet, None, self.font, &mut self.ids)?.0);
                    if n == 0 {
                        template.first.get_or_init(|| (part.clone(), self.ids.clone()));
                    }
                    part
                }
            };
            self.package.put(&format!("Doc_0/Tpls/Tpl_{n}/Content.xml"), part);
            out.push(id);
        }
        Ok(out)
    }

    fn pages(&mut self, pages: &[Page], templates: &[u32]) -> Result<Vec<u32>, WriteError> {
        let mut out = Vec::new();
        for (n, each) in pages.iter().enumerate() {
            let id = self.ids.take();
            let template = each.template.and_then(|n| templates.get(n)).copied();
            let (xml, objects) = page(&each.sheet, template, self.font, &mut self.ids)?;
            self.put(&format!("Doc_0/Pages/Page_{n}/Content.xml"), xml);
            self.objects.push(objects);
            out.push(id);
        }
        Ok(out)
    }

    fn tags(&mut self, tags: &[Tag], pages: &[u32]) -> Result<String, WriteError> {
        if tags.is_empty() {
            return Ok(String::new());
        }
        let mut xml = format!("{HEAD}<tb:Licence xmlns:tb=\"urn:tongban:licence\" xmlns:ofd=\"{NAMESPACE}\">");
        for tag in tags {
            let (Some(page), Some(object)) = (pages.get(tag.page), self.objects.get(tag.page).and_then(|marks| marks.get(tag.mark))) else { continue };
            push(&mut xml, format_args!("<tb:Field Name=\"{}\"><ofd:ObjectRef PageRef=\"{page}\">{object}</ofd:ObjectRef></tb:Field>", escape(&tag.name)));
        }
        xml.push_str("</tb:Licence>");
        self.put("Doc_0/Tags/Licence.xml", xml);
        self.put(
            "Doc_0/Tags/CustomTags.xml",
            format!("{HEAD}<ofd:CustomTags xmlns:ofd=\"{NAMESPACE}\"><ofd:CustomTag NameSpace=\"urn:tongban:licence\"><ofd:FileLoc>/Doc_0/Tags/Licence.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>"),
        );
        Ok("<ofd:CustomTags>/Doc_0/Tags/CustomTags.xml</ofd:CustomTags>".to_owned())
    }

    fn attachments(&mut self, attachments: &[Attachment], created: &str) -> Result<String, WriteError> {
        if attachments.is_empty() {
            return Ok(String::new());
        }
        let mut xml = format!("{HEAD}<ofd:Attachments xmlns:ofd=\"{NAMESPACE}\">");
        for attachment in attachments {
            let name = &attachment.name;
            let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) && !name.contains("..");
            let Some((stem, extension)) = name.split_once('.').filter(|_| plain) else { return Err(WriteError::Name(name.clone())) };
            #[allow(clippy::cast_precision_loss)]
            let kilobytes = attachment.part.data().len() as f64 / 1024.0;
            push(
                &mut xml,
                format_args!(
                    "<ofd:Attachment ID=\"a{}\" Name=\"{stem}\" Format=\"{extension}\" CreationDate=\"{created}T00:00:00\" Size=\"{kilobytes:.2}\" Visible=\"false\"><ofd:FileLoc>/Doc_0/Attachs/{name}</ofd:FileLoc></ofd:Attachment>",
                    self.ids.take(),
                ),
            );
            self.package.put(&format!("Doc_0/Attachs/{name}"), attachment.part.clone());
        }
        xml.push_str("</ofd:Attachments>");
        self.put("Doc_0/Attachs/Attachments.xml", xml);
        Ok("<ofd:Attachments>/Doc_0/Attachs/Attachments.xml</ofd:Attachments>".to_owned())
    }

    fn resources(&mut self, font: Option<Arc<Part>>, family: &str) {
        let mut xml = format!("{HEAD}<ofd:Res xmlns:ofd=\"{NAMESPACE}\" BaseLoc=\"Res\">");
        if let Some(part) = font {
            let (id, family) = (self.font, escape(family));
            push(&mut xml, format_args!("<ofd:Fonts><ofd:Font ID=\"{id}\" FontName=\"{family}\" FamilyName=\"{family}\"><ofd:FontFile>font_{id}.otf</ofd:FontFile></ofd:Font></ofd:Fonts>"));
            self.package.put(&format!("Doc_0/Res/font_{id}.otf"), part);
        }
        xml.push_str("</ofd:Res>");
        self.put("Doc_0/PublicRes.xml", xml);
        if self.ids.pictures().is_empty() {
            return;
        }
        let mut xml = format!("{HEAD}<ofd:Res xmlns:ofd=\"{NAMESPACE}\" BaseLoc=\"Res\"><ofd:MultiMedias>");
        for (id, extension, part) in self.ids.pictures() {
            let format = extension.to_uppercase();
            push(&mut xml, format_args!("<ofd:MultiMedia ID=\"{id}\" Type=\"Image\" Format=\"{format}\"><ofd:MediaFile>image_{id}.{extension}</ofd:MediaFile></ofd:MultiMedia>"));
            self.package.put(&format!("Doc_0/Res/image_{id}.{extension}"), part.clone());
        }
        xml.push_str("</ofd:MultiMedias></ofd:Res>");
        self.put("Doc_0/DocumentRes.xml", xml);
    }
}
