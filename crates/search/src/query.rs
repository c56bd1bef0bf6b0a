//! 把一句大白话变成一个布尔查询。
//!
//! 一句话切成若干“意思”，每个意思有几种说法（原话、官方说法、同音），任一命中即可；
//! 命中的意思越多、落在标题与别名上越重，排得越前。

use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Term};

use crate::model::Filters;
use crate::sounds;
use crate::synonyms::{Entry, Synonyms};
use crate::words;

/// 一句话最多看这么多字，再长的截断。
const MAX_CHARS: usize = 60;
/// 一句话最多这么多个意思。
const MAX_CONCEPTS: usize = 8;

const TITLE: f32 = 4.0;
const ALIAS: f32 = 3.0;
const BODY: f32 = 0.5;
const PIECE: f32 = 2.5;
const EXACT: f32 = 30.0;
/// 换成官方说法后的命中比原话略轻。
const TRANSLATED: f32 = 0.9;

/// 索引的字段。
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub key: Field,
    pub kind: Field,
    pub id: Field,
    pub facet: Field,
    pub weight: Field,
    pub exact: Field,
    pub title: Field,
    pub alias: Field,
    pub body: Field,
    /// 标题与别名的二字片段。
    pub grams: Field,
    /// 标题与别名的相邻音节。
    pub sounds: Field,
    /// 标题与别名的首字母片段。
    pub initials: Field,
    pub stored: Field,
}

/// 解析后的一句话。
pub(crate) struct Parsed {
    pub query: Box<dyn Query>,
    /// 用来标出命中的词。
    pub words: Vec<String>,
}

type Boxed = Box<dyn Query>;

fn term(field: Field, text: &str) -> Boxed {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::WithFreqs))
}

fn boosted(query: Boxed, boost: f32) -> Boxed {
    Box::new(BoostQuery::new(query, boost))
}

fn all(mut queries: Vec<Boxed>) -> Option<Boxed> {
    match queries.len() {
        0 => None,
        1 => queries.pop(),
        _ => Some(Box::new(BooleanQuery::intersection(queries))),
    }
}

fn best_of(mut queries: Vec<Boxed>) -> Option<Boxed> {
    match queries.len() {
        0 => None,
        1 => queries.pop(),
        _ => Some(Box::new(DisjunctionMaxQuery::with_tie_breaker(queries, 0.1))),
    }
}

/// 一个词落在标题、别名或正文里；也可以按二字片段出现在标题、别名里（切词不一致时靠它）。
fn word_clause(f: &Fields, word: &str) -> Option<Boxed> {
    let mut ways = vec![boosted(term(f.title, word), TITLE), boosted(term(f.alias, word), ALIAS), boosted(term(f.body, word), BODY)];
    if word.chars().count() >= 2 {
        let pieces = words::bigrams(word).iter().map(|gram| term(f.grams, gram)).collect();
        ways.extend(all(pieces).map(|query| boosted(query, PIECE)));
    }
    best_of(ways)
}

/// 一种说法：切成词，词都要有。
fn phrase_clause(f: &Fields, phrase: &str) -> Option<Boxed> {
    let cut = words::meaningful(words::cut_coarse(phrase));
    all(cut.iter().filter_map(|word| word_clause(f, word)).collect())
}

/// 一条大白话：原话或任一官方说法。
fn entry_clause(f: &Fields, entry: &Entry) -> Option<Boxed> {
    let mut ways: Vec<Boxed> = phrase_clause(f, &entry.word).into_iter().collect();
    ways.extend(entry.terms.iter().filter_map(|t| phrase_clause(f, t)).map(|query| boosted(query, TRANSLATED)));
    best_of(ways)
}

/// 一串字母：首字母、全拼、同义词的拼音，或者本来就是英文词。
fn letters_clause(f: &Fields, synonyms: &Synonyms, letters: &str, seen: &mut Vec<String>) -> Option<Boxed> {
    let mut ways = vec![boosted(term(f.title, letters), TITLE), boosted(term(f.alias, letters), ALIAS)];
    if letters.len() >= 2 && letters.bytes().all(|b| b.is_ascii_lowercase()) {
        let grams = sounds::initial_query(letters).iter().map(|gram| term(f.initials, gram)).collect();
        ways.extend(all(grams));
        if let Some(parts) = sounds::split_spelling(letters) {
            ways.extend(all(sounds::pairs(&parts).iter().map(|pair| term(f.sounds, pair)).collect()));
        }
        for entry in synonyms.by_letters(letters) {
            note_entry(seen, entry);
            ways.extend(entry_clause(f, entry).map(|query| boosted(query, 2.0)));
        }
    }
    best_of(ways)
}

fn note_entry(seen: &mut Vec<String>, entry: &Entry) {
    seen.push(entry.word.clone());
    seen.extend(entry.terms.iter().cloned());
}

/// 切成意思：先认大白话，余下的按词、按字母串。
fn concepts(f: &Fields, synonyms: &Synonyms, text: &str, seen: &mut Vec<String>) -> Vec<Boxed> {
    let mut clauses = Vec::new();
    let mut loose = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(entry) = synonyms.at_start(rest) {
            note_entry(seen, entry);
            clauses.extend(entry_clause(f, entry));
            loose.push(' ');
            rest = rest.char_indices().nth(entry.word.chars().count()).map_or("", |(at, _)| &rest[at..]);
        } else {
            loose.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    let translated = !clauses.is_empty();
    let loose = words::meaningful(words::cut_coarse(&loose));
    let single = |word: &str| word.chars().count() == 1 && !word.is_ascii();
    let skip_singles = translated || loose.iter().any(|word| !single(word));
    for word in loose {
        if (translated && words::is_filler(&word)) || (skip_singles && single(&word)) {
            continue;
        }
        if word.is_ascii() {
            clauses.extend(letters_clause(f, synonyms, &word, seen));
        } else {
            clauses.extend(word_clause(f, &word));
        }
        seen.push(word);
    }
    clauses.truncate(MAX_CONCEPTS);
    clauses
}

/// 至少命中 `least` 个（不足时全部），三个以上要中一半。
fn enough(clauses: Vec<Boxed>, least: usize) -> Boxed {
    let needed = clauses.len().div_ceil(2).max(least).min(clauses.len());
    Box::new(BooleanQuery::union_with_minimum_required_clauses(clauses, needed))
}

/// 照原话找。
pub(crate) fn plain(f: &Fields, synonyms: &Synonyms, text: &str) -> Option<Parsed> {
    let text: String = words::normalise(text).trim().chars().take(MAX_CHARS).collect();
    let mut seen = Vec::new();
    let clauses = concepts(f, synonyms, &text, &mut seen);
    if clauses.is_empty() {
        return None;
    }
    let whole = boosted(term(f.exact, &words::squeeze(&text)), EXACT);
    let query = BooleanQuery::new(vec![(Occur::Must, enough(clauses, 1)), (Occur::Should, whole)]);
    Some(Parsed { query: Box::new(query), words: tidy(seen) })
}

/// 照原话没找到时：同音字、错一两个字、漏字。
pub(crate) fn forgiving(f: &Fields, synonyms: &Synonyms, text: &str) -> Option<Parsed> {
    let text: String = words::squeeze(text).chars().take(MAX_CHARS).collect();
    let syllables: Vec<String> = sounds::syllables(&text).concat();
    let mut seen = Vec::new();
    let mut clauses: Vec<Boxed> = Vec::new();
    let mut least = 1;
    for entry in synonyms.heard_in(&syllables) {
        note_entry(&mut seen, entry);
        clauses.extend(entry_clause(f, entry));
    }
    if clauses.is_empty() {
        least = 2;
        let grams = words::bigrams(&text);
        let pairs = sounds::pairs(&syllables);
        for at in 0..grams.len().max(pairs.len()).min(20) {
            let mut ways: Vec<Boxed> = Vec::new();
            ways.extend(grams.get(at).map(|gram| boosted(term(f.grams, gram), 2.0)));
            ways.extend(pairs.get(at).map(|pair| term(f.sounds, pair)));
            clauses.extend(best_of(ways));
        }
        seen.extend(grams);
    }
    if clauses.is_empty() {
        return None;
    }
    // 片段太容易碰巧同音，至少要中两个
    Some(Parsed { query: enough(clauses, least), words: tidy(seen) })
}

/// 标出命中时长词优先，单字不标。
fn tidy(mut seen: Vec<String>) -> Vec<String> {
    seen.retain(|word| word.chars().count() >= 2);
    seen.sort_by_key(|word| std::cmp::Reverse(word.len()));
    seen.dedup();
    seen
}

/// 加上筛选；筛选不影响排序。
pub(crate) fn filtered(f: &Fields, query: Boxed, filters: &Filters) -> Boxed {
    let mut clauses = vec![(Occur::Must, query)];
    let mut want = |field: Field, text: &str| {
        clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(term(field, text), 0.0)) as Boxed));
    };
    if let Some(kind) = &filters.kind {
        want(f.kind, kind);
    }
    for (name, value) in [("object", &filters.object), ("theme", &filters.theme), ("dept", &filters.dept), ("town", &filters.town)] {
        if let Some(value) = value {
            want(f.facet, &facet(name, value));
        }
    }
    if clauses.len() == 1 {
        return clauses.pop().map_or_else(|| Box::new(tantivy::query::EmptyQuery) as Boxed, |(_, query)| query);
    }
    Box::new(BooleanQuery::new(clauses))
}

/// 标签在索引里的写法。
pub(crate) fn facet(name: &str, value: &str) -> String {
    format!("{name}:{value}")
}
