//! 游标翻页：键在游标里，绑定同一组条件，不用偏移（api-conventions §4）。

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};
use tongban_kernel::problem::{Code, FieldError, Problem};

/// 列表接口的公共参数。
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
pub struct PageQuery {
    /// 每页条数，1–100，默认 20。
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// 上一页给的 `next_cursor`。
    #[param(max_length = 2000)]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// 每页条数。
    ///
    /// # Errors
    /// 不在 1–100：`validation-failed`，不静默截断。
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(20) {
            limit @ 1..=100 => Ok(limit as usize),
            _ => Err(Problem::invalid(vec![FieldError {
                pointer: "#/query/limit".to_owned(),
                code: "range",
                detail: "limit 应为 1–100".to_owned(),
            }])),
        }
    }

    /// 游标里的键；没有游标为 `None`。
    ///
    /// # Errors
    /// 读不懂或换了条件：`cursor-invalid`。
    pub fn after<K: DeserializeOwned>(&self, filters: &str) -> Result<Option<K>, Problem> {
        self.cursor.as_deref().filter(|text| !text.is_empty()).map(|text| Cursor::decode(text, filters)).transpose()
    }
}

/// 不透明的翻页位置。
pub struct Cursor;

impl Cursor {
    /// `key` 是排序键（末尾是主键），`filters` 是当前条件与排序的文字。
    #[must_use]
    pub fn encode<K: Serialize>(key: &K, filters: &str) -> String {
        let text = serde_json::to_string(&(mark(filters), key)).unwrap_or_default();
        hex::encode(text)
    }

    /// # Errors
    /// 读不懂或换了条件：`cursor-invalid`。
    pub fn decode<K: DeserializeOwned>(text: &str, filters: &str) -> Result<K, Problem> {
        let invalid = || Problem::new(Code::CursorInvalid, "翻页位置已失效，请从第一页开始");
        let bytes = hex::decode(text).map_err(|_| invalid())?;
        let (seen, key): (String, K) = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
        if seen == mark(filters) { Ok(key) } else { Err(invalid()) }
    }
}

fn mark(filters: &str) -> String {
    hex::encode(&Sm3::digest(filters.as_bytes())[..4])
}

/// 接口的一页。
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Listing<T> {
    pub items: Vec<T>,
    /// 还有下一页时带回来；没有为 `null`。
    pub next_cursor: Option<String>,
}

impl<T> Listing<T> {
    /// `rows` 多取了一条就还有下一页；`key` 给出一行的排序键。
    pub fn cut<K: Serialize>(mut rows: Vec<T>, limit: usize, filters: &str, key: impl Fn(&T) -> K) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| Cursor::encode(&key(last), filters));
        Self { items: rows, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_filters() {
        let text = Cursor::encode(&(5_i64, "x"), "dept=1");
        assert_eq!(Cursor::decode::<(i64, String)>(&text, "dept=1").unwrap(), (5, "x".to_owned()));
        assert_eq!(Cursor::decode::<(i64, String)>(&text, "dept=2").unwrap_err().code, Code::CursorInvalid);
        assert!(Cursor::decode::<(i64, String)>("zz", "dept=1").is_err());
    }

    #[test]
    fn a_page_knows_whether_more_follows() {
        let page = Listing::cut(vec![1, 2, 3], 2, "", |n| *n);
        assert_eq!((page.items.len(), page.next_cursor.is_some()), (2, true));
        assert!(Listing::cut(vec![1, 2], 2, "", |n: &i32| *n).next_cursor.is_none());
    }
}
