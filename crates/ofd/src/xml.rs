//! 读一份小 XML：不许 DTD 与自定义实体，层数与节点数有界，名字只看本地名。写用 [`escape`] 与 `format!`，字节由自己说了算。

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// 一份最多多少字节。
const LARGEST: usize = 32 * 1024 * 1024;
/// 最多几层。
const DEEPEST: usize = 64;
/// 一个元素最多几个属性：查重要逐对比，多了慢得出奇。
const MOST_ATTRIBUTES: usize = 64;
/// 最多几个节点。
const MOST_NODES: usize = 300_000;

/// 一个元素。
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// 本地名，不含前缀。
    pub name: String,
    /// 属性，本地名与值。
    pub attributes: Vec<(String, String)>,
    /// 子元素。
    pub children: Vec<Node>,
    /// 直接的文字。
    pub text: String,
}

/// XML 读不得。
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    #[error("XML 不完整或写错")]
    Broken,
    #[error("XML 里有 DTD 或自定义实体，不许")]
    Dtd,
    #[error("XML 太深或太大")]
    TooBig,
}

impl Node {
    /// 从字节读，回根元素。
    ///
    /// # Errors
    /// 见 [`XmlError`]。
    pub fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        if bytes.len() > LARGEST {
            return Err(XmlError::TooBig);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Broken)?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        // 栈底是文档，根元素是它唯一的孩子
        let mut stack = vec![Self::default()];
        let mut nodes = 0;
        loop {
            match reader.read_event().map_err(|_| XmlError::Broken)? {
                Event::Start(tag) => {
                    nodes += 1;
                    if stack.len() > DEEPEST || nodes > MOST_NODES {
                        return Err(XmlError::TooBig);
                    }
                    stack.push(open(&tag)?);
                }
                Event::Empty(tag) => {
                    nodes += 1;
                    if nodes > MOST_NODES {
                        return Err(XmlError::TooBig);
                    }
                    let node = open(&tag)?;
                    top(&mut stack)?.children.push(node);
                }
                Event::End(_) => {
                    let node = stack.pop().ok_or(XmlError::Broken)?;
                    top(&mut stack)?.children.push(node);
                }
                Event::Text(text) => top(&mut stack)?.text.push_str(&text),
                Event::CData(text) => top(&mut stack)?.text.push_str(&text),
                Event::GeneralRef(name) => top(&mut stack)?.text.push(entity(&name)?),
                Event::DocType(_) => return Err(XmlError::Dtd),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        let [mut document] = <[Self; 1]>::try_from(stack).map_err(|_| XmlError::Broken)?;
        match document.children.len() {
            1 => document.children.pop().ok_or(XmlError::Broken),
            _ => Err(XmlError::Broken),
        }
    }

    /// 一个属性的值。
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// 第一个叫这个名字的子元素。
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|node| node.name == name)
    }

    /// 叫这个名字的各个子元素。
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |node| node.name == name)
    }

    /// 沿着路走到底，回那里的文字（去掉首尾空白）。
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        let node = path.iter().try_fold(self, |node, name| node.child(name))?;
        Some(node.text.trim())
    }
}

fn top(stack: &mut [Node]) -> Result<&mut Node, XmlError> {
    stack.last_mut().ok_or(XmlError::Broken)
}

fn open(tag: &BytesStart<'_>) -> Result<Node, XmlError> {
    let mut node = Node { name: tag.local_name().into_inner().to_owned(), ..Node::default() };
    for attribute in tag.attributes() {
        if node.attributes.len() >= MOST_ATTRIBUTES {
            return Err(XmlError::TooBig);
        }
        let attribute = attribute.map_err(|_| XmlError::Broken)?;
        let name = attribute.key.local_name().into_inner().to_owned();
        // 属性里也只许那五个预定义实体与字符引用
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| XmlError::Dtd)?.into_owned();
        node.attributes.push((name, value));
    }
    Ok(node)
}

fn entity(name: &BytesRef<'_>) -> Result<char, XmlError> {
    if let Some(letter) = name.resolve_char_ref().map_err(|_| XmlError::Broken)? {
        return Ok(letter);
    }
    match &**name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(XmlError::Dtd),
    }
}

/// 写进 XML 的文字：转义，控制字符换成空格。
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_prefix_and_entities_are_only_the_five() {
        let node = Node::parse(r#"<?xml version="1.0"?><ofd:A xmlns:ofd="x" ID="&lt;1&gt;"><ofd:B>甲&amp;乙&#x4E2D;</ofd:B><C/></ofd:A>"#.as_bytes()).unwrap();
        assert_eq!((node.name.as_str(), node.attribute("ID")), ("A", Some("<1>")));
        assert_eq!(node.text_at(&["B"]), Some("甲&乙中"));
    }

    #[test]
    fn what_an_attacker_writes_is_refused() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>"#;
        assert_eq!(Node::parse(bomb.as_bytes()).unwrap_err(), XmlError::Dtd);
        assert_eq!(Node::parse(b"<a>&x;</a>").unwrap_err(), XmlError::Dtd);
        assert_eq!(Node::parse(b"<a b=\"&x;\"/>").unwrap_err(), XmlError::Dtd);
        let wide = format!("<a {}/>", (0..200_000).map(|n| format!("k{n}='' ")).collect::<String>());
        assert_eq!(Node::parse(wide.as_bytes()).unwrap_err(), XmlError::TooBig);
        assert_eq!(Node::parse(&vec![b' '; LARGEST + 1]).unwrap_err(), XmlError::TooBig);
        assert_eq!(Node::parse("<a>".repeat(100).as_bytes()).unwrap_err(), XmlError::TooBig);
        for broken in ["", "<a>", "<a/><b/>", "</a>", "<a b=c/>", "甲"] {
            assert!(Node::parse(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
