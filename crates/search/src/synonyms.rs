//! 同义词表：大白话 → 官方说法（`reference/synonyms.csv`）。

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::sounds;
use crate::words::squeeze;

/// 随程序带的一张；管理员可以换成自己的。
const BUILT_IN: &str = include_str!("../../../reference/synonyms.csv");

/// 一个大白话说法。
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub word: String,
    /// 官方说法，任一即可。
    pub terms: Vec<String>,
    initials: String,
    spelling: String,
    syllables: Vec<String>,
}

/// 查询时用的同义词表。
#[derive(Debug, Clone, Default)]
pub struct Synonyms {
    entries: Vec<Entry>,
    /// 首字 → 以它开头的条目，长的在前。
    by_first: HashMap<char, Vec<usize>>,
    /// 第一个音节 → 三个音节以上的条目，长的在前。
    by_sound: HashMap<String, Vec<usize>>,
}

/// 词再长也不超过这么多字。
const LONGEST: usize = 12;

impl Synonyms {
    /// 随程序带的同义词表。
    ///
    /// # Errors
    /// 表内有坏行（测试保证没有）。
    pub fn built_in() -> Result<Self> {
        Self::parse(BUILT_IN)
    }

    /// 读 `word,terms` 两列的 CSV；`terms` 里用分号分开几种说法。
    ///
    /// # Errors
    /// 缺列、空词、重复的词，报出行号。
    pub fn parse(text: &str) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
        let mut table = Self::default();
        let mut seen = std::collections::HashSet::new();
        for record in reader.records() {
            let record =
                record.map_err(|e| Error::Synonyms { line: e.position().map_or(0, csv::Position::line), reason: e.to_string() })?;
            let line = record.position().map_or(0, csv::Position::line);
            let word = squeeze(record.get(0).unwrap_or_default());
            let terms: Vec<String> = record.get(1).unwrap_or_default().split(';').map(squeeze).filter(|term| !term.is_empty()).collect();
            if word.is_empty() || terms.is_empty() {
                return Err(Error::Synonyms { line, reason: "word and terms must not be empty".to_owned() });
            }
            if !seen.insert(word.clone()) {
                return Err(Error::Synonyms { line, reason: format!("{word} appears twice") });
            }
            table.add(word, terms);
        }
        let longest_first = |list: &mut Vec<usize>| {
            list.sort_by_key(|at| std::cmp::Reverse(table.entries[*at].word.len()));
        };
        table.by_first.values_mut().for_each(longest_first);
        table.by_sound.values_mut().for_each(longest_first);
        Ok(table)
    }

    fn add(&mut self, word: String, terms: Vec<String>) {
        if let Some(first) = word.chars().next() {
            self.by_first.entry(first).or_default().push(self.entries.len());
        }
        let syllables = sounds::syllables(&word).concat();
        if let [first, _, _, ..] = syllables.as_slice() {
            self.by_sound.entry(first.clone()).or_default().push(self.entries.len());
        }
        self.entries.push(Entry { initials: sounds::initials_of(&word), spelling: sounds::spelling_of(&word), syllables, word, terms });
    }

    /// 有多少条。
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// `text` 开头最长的一条；三个字以上的同音写法（社保咖）也算。
    pub(crate) fn at_start(&self, text: &str) -> Option<&Entry> {
        let first = text.chars().next()?;
        let written =
            self.by_first.get(&first).and_then(|list| list.iter().map(|at| &self.entries[*at]).find(|entry| text.starts_with(&entry.word)));
        let heard = sounds::syllable_of(first).and_then(|sound| self.by_sound.get(&sound)).and_then(|list| {
            let head: String = text.chars().take(LONGEST).take_while(|c| !c.is_whitespace()).collect();
            let syllables = sounds::syllables(&head).concat();
            list.iter().map(|at| &self.entries[*at]).find(|entry| syllables.starts_with(&entry.syllables))
        });
        match (written, heard) {
            (Some(written), Some(heard)) if heard.syllables.len() > written.syllables.len() => Some(heard),
            (None, heard) => heard,
            (written, _) => written,
        }
    }

    /// 首字母或全拼就是它的；全拼 5 个字母以上容一处错，4 个以上可以只打前半。
    pub(crate) fn by_letters(&self, letters: &str) -> Vec<&Entry> {
        let exact: Vec<&Entry> = self.entries.iter().filter(|e| e.initials == letters || e.spelling == letters).collect();
        if !exact.is_empty() || letters.len() < 4 {
            return exact;
        }
        self.entries
            .iter()
            .filter(|e| e.spelling.starts_with(letters) || (letters.len() >= 5 && sounds::nearly_equal(&e.spelling, letters)))
            .take(5)
            .collect()
    }

    /// 读音出现在这串音节里的（同音错字）。
    pub(crate) fn heard_in(&self, syllables: &[String]) -> Vec<&Entry> {
        self.entries
            .iter()
            .filter(|e| e.syllables.len() >= 2 && syllables.windows(e.syllables.len()).any(|run| run == e.syllables))
            .take(5)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_sound_and_large_enough() {
        let table = Synonyms::built_in().unwrap();
        assert!(table.len() >= 80, "只有 {} 条", table.len());
    }

    #[test]
    fn the_longest_word_wins() {
        let table = Synonyms::parse("word,terms\n社保,社会保险\n社保卡,社会保障卡\n").unwrap();
        assert_eq!(table.at_start("社保卡丢了").unwrap().word, "社保卡");
        assert_eq!(table.at_start("社保转移").unwrap().word, "社保");
        assert!(table.at_start("卡").is_none());
    }

    #[test]
    fn bad_lines_are_named() {
        let error = Synonyms::parse("word,terms\n社保,社会保险\n社保,养老保险\n").unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
        assert!(Synonyms::parse("word,terms\n社保,\n").is_err());
    }
}
