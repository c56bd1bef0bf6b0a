//! 索引本身：打开、放入、删除、提交、查找。

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{AllQuery, Query};
use tantivy::schema::{FAST, Field, IndexRecordOption, STORED, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions, Value};
use tantivy::{DocId, IndexReader, IndexWriter, ReloadPolicy, Score, SegmentReader, TantivyDocument, Term};

use crate::error::Result;
use crate::model::{Doc, Filters, Hit, Hits};
use crate::query::{self, Fields, Parsed};
use crate::sounds;
use crate::synonyms::Synonyms;
use crate::words;

/// 写缓冲：tantivy 允许的最小值。
const WRITER_BYTES: usize = 15_000_000;
/// 存下来供摘要用的正文长度。
const STORED_CHARS: usize = 400;
/// 摘要长度。
const SNIPPET_CHARS: usize = 64;
/// 结果少于这么多条就再按相近写法找一遍。
const FEW: usize = 1;

/// 存在索引里供显示的部分。
#[derive(Serialize, Deserialize)]
struct Shown {
    title: String,
    url: String,
    text: String,
}

/// 一个节点上的检索索引。可跨线程共享。
pub struct Index {
    index: tantivy::Index,
    reader: IndexReader,
    fields: Fields,
    /// 用到才建，提交后释放，平时不占内存。
    writer: Mutex<Option<IndexWriter>>,
    synonyms: RwLock<Synonyms>,
}

impl Index {
    /// 打开或新建目录里的索引；字段与程序不符的旧索引会清掉重建（位置为空，由调用者重放）。
    ///
    /// # Errors
    /// 目录不可用，或同义词表损坏。
    pub fn open(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let (schema, fields) = schema();
        let opened = tantivy::Index::open_in_dir(dir).ok().filter(|index| index.schema() == schema);
        let index = match opened {
            Some(index) => index,
            None => {
                std::fs::remove_dir_all(dir)?;
                std::fs::create_dir_all(dir)?;
                tantivy::Index::create_in_dir(dir, schema)?
            }
        };
        Self::over(index, fields)
    }

    /// 只在内存里的索引，测试与小工具用。
    ///
    /// # Errors
    /// 同义词表损坏。
    pub fn in_memory() -> Result<Self> {
        let (schema, fields) = schema();
        Self::over(tantivy::Index::create_in_ram(schema), fields)
    }

    fn over(index: tantivy::Index, fields: Fields) -> Result<Self> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(8).try_into()?;
        Ok(Self { index, reader, fields, writer: Mutex::new(None), synonyms: RwLock::new(Synonyms::built_in()?) })
    }

    /// 换一张同义词表，立即生效。
    pub fn set_synonyms(&self, table: Synonyms) {
        *self.synonyms.write().unwrap_or_else(PoisonError::into_inner) = table;
    }

    fn writing(&self) -> Result<MutexGuard<'_, Option<IndexWriter>>> {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = Some(self.index.writer_with_num_threads(1, WRITER_BYTES)?);
        }
        Ok(slot)
    }

    /// 放入或替换；[`Index::commit`] 之后才找得到。
    ///
    /// # Errors
    /// 写不进索引目录。
    pub fn put(&self, docs: &[Doc]) -> Result<()> {
        let slot = self.writing()?;
        if let Some(writer) = slot.as_ref() {
            for doc in docs {
                writer.delete_term(Term::from_field_text(self.fields.key, &key(&doc.kind, doc.id)));
                writer.add_document(self.document(doc))?;
            }
        }
        Ok(())
    }

    /// 删掉一份；[`Index::commit`] 之后生效。
    ///
    /// # Errors
    /// 写不进索引目录。
    pub fn remove(&self, kind: &str, id: i64) -> Result<()> {
        let slot = self.writing()?;
        if let Some(writer) = slot.as_ref() {
            writer.delete_term(Term::from_field_text(self.fields.key, &key(kind, id)));
        }
        Ok(())
    }

    /// 全部清空，准备重建；[`Index::commit`] 之后生效。
    ///
    /// # Errors
    /// 写不进索引目录。
    pub fn clear(&self) -> Result<()> {
        let slot = self.writing()?;
        if let Some(writer) = slot.as_ref() {
            writer.delete_query(Box::new(AllQuery))?;
        }
        Ok(())
    }

    /// 让改动生效，并记下 `position`（日志各道的位置），与改动同时落盘。
    ///
    /// # Errors
    /// 写不进索引目录；未提交的改动作废。
    pub fn commit(&self, position: &str) -> Result<()> {
        let mut slot = self.writing()?;
        if let Some(mut writer) = slot.take() {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(position);
            prepared.commit()?;
            writer.wait_merging_threads()?;
        }
        drop(slot);
        self.reader.reload()?;
        Ok(())
    }

    /// 上次提交时记下的位置；新建或不曾提交为 `None`。
    ///
    /// # Errors
    /// 索引目录读不出。
    pub fn position(&self) -> Result<Option<String>> {
        Ok(self.index.load_metas()?.payload)
    }

    /// 现有多少份。
    #[must_use]
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// 用大白话找，最相关的在前。空话（只有标点、问话词）没有结果。
    ///
    /// # Errors
    /// 索引读不出。
    pub fn search(&self, text: &str, filters: &Filters, limit: usize) -> Result<Hits> {
        let synonyms = self.synonyms.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = match query::plain(&self.fields, &synonyms, text) {
            Some(parsed) => self.run(parsed, filters, limit)?,
            None => Hits::default(),
        };
        if found.total < FEW
            && let Some(parsed) = query::forgiving(&self.fields, &synonyms, text)
        {
            let near = self.run(parsed, filters, limit)?;
            if near.total > 0 {
                found = Hits { corrected: true, ..near };
            }
        }
        Ok(found)
    }

    fn run(&self, parsed: Parsed, filters: &Filters, limit: usize) -> Result<Hits> {
        let Parsed { query, words } = parsed;
        let query: Box<dyn Query> = query::filtered(&self.fields, query, filters);
        let searcher = self.reader.searcher();
        let ranked = TopDocs::with_limit(limit.max(1)).tweak_score(weighted);
        let (top, total) = searcher.search(&query, &(ranked, Count))?;
        let mut hits = Vec::with_capacity(top.len().min(limit));
        for (score, address) in top.into_iter().take(limit) {
            let stored: TantivyDocument = searcher.doc(address)?;
            hits.extend(self.hit(&stored, score, &words));
        }
        Ok(Hits { total, hits, words, corrected: false })
    }

    fn hit(&self, stored: &TantivyDocument, score: f32, words: &[String]) -> Option<Hit> {
        let f = &self.fields;
        let text = |field: Field| stored.get_first(field).and_then(|value| value.as_str());
        let shown: Shown = serde_json::from_str(text(f.stored)?).ok()?;
        Some(Hit {
            kind: text(f.kind)?.to_owned(),
            id: stored.get_first(f.id).and_then(|value| value.as_i64())?,
            snippet: words::snippet(&shown.text, words, SNIPPET_CHARS),
            title: shown.title,
            url: shown.url,
            score,
        })
    }

    fn document(&self, doc: &Doc) -> TantivyDocument {
        let f = &self.fields;
        let mut made = TantivyDocument::default();
        made.add_text(f.key, key(&doc.kind, doc.id));
        made.add_text(f.kind, &doc.kind);
        made.add_i64(f.id, doc.id);
        made.add_f64(f.weight, f64::from(if doc.weight > 0.0 { doc.weight } else { 1.0 }));
        let facets = &doc.facets;
        for (name, values) in [("object", &facets.object), ("theme", &facets.theme), ("dept", &facets.dept), ("town", &facets.town)] {
            for value in values {
                made.add_text(f.facet, query::facet(name, value));
            }
        }
        made.add_text(f.title, words::cut_fine(&doc.title).join(" "));
        made.add_text(f.body, words::cut_fine(&doc.body).join(" "));
        for name in std::iter::once(&doc.title).chain(&doc.aliases) {
            made.add_text(f.exact, words::squeeze(name));
            made.add_text(f.grams, words::bigrams(name).join(" "));
            made.add_text(f.sounds, sounds::sound_pairs(name).join(" "));
            made.add_text(f.initials, sounds::initial_grams(name).join(" "));
        }
        for alias in &doc.aliases {
            made.add_text(f.alias, words::cut_fine(alias).join(" "));
        }
        let shown = Shown { title: doc.title.clone(), url: doc.url.clone(), text: doc.body.chars().take(STORED_CHARS).collect() };
        made.add_text(f.stored, serde_json::to_string(&shown).unwrap_or_default());
        made
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("docs", &self.len()).finish_non_exhaustive()
    }
}

/// 相关度乘以文档权重。
fn weighted(segment: &SegmentReader) -> impl Fn(DocId, Score) -> Score + use<> {
    let weights = segment.fast_fields().f64("weight").ok().map(|column| column.first_or_default_col(1.0));
    move |doc, score| weights.as_ref().map_or(score, |column| score * column.get_val(doc) as Score)
}

fn key(kind: &str, id: i64) -> String {
    format!("{kind}/{id}")
}

fn schema() -> (Schema, Fields) {
    let mut builder: SchemaBuilder = Schema::builder();
    // 词已经由我们切好、以空格相连，索引只按空格分开。
    let spaced = |option| {
        TextOptions::default().set_indexing_options(TextFieldIndexing::default().set_tokenizer("whitespace").set_index_option(option))
    };
    let scored = || spaced(IndexRecordOption::WithFreqs);
    let fields = Fields {
        key: builder.add_text_field("key", STRING),
        kind: builder.add_text_field("kind", STRING | STORED),
        id: builder.add_i64_field("id", STORED),
        facet: builder.add_text_field("facet", STRING),
        weight: builder.add_f64_field("weight", FAST),
        exact: builder.add_text_field("exact", STRING),
        title: builder.add_text_field("title", scored()),
        alias: builder.add_text_field("alias", scored()),
        body: builder.add_text_field("body", scored()),
        grams: builder.add_text_field("grams", scored()),
        sounds: builder.add_text_field("sounds", scored()),
        initials: builder.add_text_field("initials", scored()),
        stored: builder.add_text_field("stored", STORED),
    };
    (builder.build(), fields)
}
