//! 一个对象一行的 JSON 数组，读一个交一个。

use std::fmt;

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::{Map, Value};
use tongban_documents::table;
use tongban_kernel::Problem;

use super::Line;

struct Rows<'t, E> {
    take: &'t mut dyn FnMut(Line) -> Result<(), E>,
    stopped: &'t mut Option<E>,
}

impl<'de, E: From<Problem>> Visitor<'de> for Rows<'_, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("对象的数组")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut number = 0_i64;
        while let Some(row) = rows.next_element::<Map<String, Value>>()? {
            number += 1;
            let line = Line { number, record: row.into_iter().map(|(column, value)| (column, plain(value))).collect() };
            let kept = if usize::try_from(number).is_ok_and(|n| n > table::MAX_ROWS) {
                Err(Problem::field("file", "rows", format!("一次最多 {} 行，请分批导入", table::MAX_ROWS)).into())
            } else {
                (self.take)(line)
            };
            if let Err(error) = kept {
                *self.stopped = Some(error);
                return Err(A::Error::custom("停下"));
            }
        }
        Ok(())
    }
}

/// 子表与全文照 JSON 原样留作文字。
fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn each<E: From<Problem>>(text: &[u8], take: &mut dyn FnMut(Line) -> Result<(), E>) -> Result<(), E> {
    let mut stopped = None;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = reader.deserialize_seq(Rows { take, stopped: &mut stopped }).and_then(|()| reader.end());
    match (stopped, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(Problem::field("file", "json", format!("JSON 读不懂：{error}")).into()),
        (None, Ok(())) => Ok(()),
    }
}
