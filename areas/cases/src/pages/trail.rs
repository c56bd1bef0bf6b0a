//! 从哪张列表打开的：页签、筛选与排到第几跟着链接走，办完一件，下一件还是那张列表里的下一件。

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use tongban_web::Ctx;

use super::Fields;
use super::desk::ListQuery;
use crate::queries::Listed;

/// 认得的列表：网址、名字、缺省的页签。
const LISTS: &[(&str, &str, &str)] = &[("/desk/cases", "我的待办", "all"), ("/desk/due", "将到期与超期", "red"), ("/desk", "我的待办", "all")];

/// 来路。没有来路的（搜到的、别处点来的）按全部待办。
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// 列表的网址，连同条件。
    from: String,
    /// 打开时这一件在列表里的位置；办过之后时限变了，下一件仍从这里数。
    at: String,
}

impl Trail {
    /// 列表 `from` 里排在 `at` 的一件。
    #[must_use]
    pub fn new(from: &str, at: i64) -> Self {
        Self { from: from.to_owned(), at: at.to_string() }
    }

    /// 表单带回来的。
    #[must_use]
    pub fn of(fields: &Fields) -> Self {
        Self { from: fields.get("from").to_owned(), at: fields.get("at").to_owned() }
    }

    /// 放进表单，由 [`Trail::of`] 取回。
    #[must_use]
    pub fn fields(&self) -> Fields {
        Fields(vec![("from".to_owned(), self.from.clone()), ("at".to_owned(), self.at.clone())])
    }

    /// 认得的列表，与网址里的条件。
    fn list(&self) -> Option<((&'static str, &'static str, &'static str), ListQuery)> {
        let uri: Uri = self.from.parse().ok()?;
        // 只认本站的相对网址
        let list = LISTS.iter().find(|(path, ..)| uri.authority().is_none() && uri.path() == *path)?;
        let Query(query) = Query::try_from_uri(&uri).ok()?;
        Some((*list, query))
    }

    /// 接在办件网址后面的查询串；没有来路为空。
    #[must_use]
    pub fn suffix(&self) -> String {
        if self.list().is_none() {
            return String::new();
        }
        format!("?{}", serde_urlencoded::to_string([("from", &self.from), ("at", &self.at)]).unwrap_or_default())
    }

    /// 同一张列表里的另一件。
    #[must_use]
    pub fn to(&self, no: &str, at: i64) -> String {
        format!("/desk/cases/{no}{}", Self { at: at.to_string(), ..self.clone() }.suffix())
    }

    /// 表单里跟着走的两格。
    #[must_use]
    pub fn inputs(&self) -> Option<(&str, &str)> {
        self.list().map(|_| (self.from.as_str(), self.at.as_str()))
    }

    /// 回到列表：网址、名字。
    #[must_use]
    pub fn back(&self) -> (&str, &'static str) {
        self.list().map_or(("/desk/cases", "我的待办"), |((_, title, _), _)| (self.from.as_str(), title))
    }

    /// 下一件从哪张列表里找。
    #[must_use]
    pub fn listed(&self, ctx: &Ctx) -> Listed {
        let Some(((_, _, tab), query)) = self.list() else { return Listed { tab: "all".to_owned(), ..Listed::default() } };
        Listed { tab: query.tab(tab), filter: query.filter(ctx), words: query.q.trim().to_owned(), at: self.at.parse().ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_lists_are_followed() {
        let known = Trail::new("/desk/cases?tab=pending&src=8", 7);
        assert_eq!(known.suffix(), "?from=%2Fdesk%2Fcases%3Ftab%3Dpending%26src%3D8&at=7");
        assert_eq!((known.back(), known.to("510811-20211008-000001", 9)), (("/desk/cases?tab=pending&src=8", "我的待办"), "/desk/cases/510811-20211008-000001?from=%2Fdesk%2Fcases%3Ftab%3Dpending%26src%3D8&at=9".to_owned()));
        assert_eq!(Trail::of(&known.fields()), known);
        for strange in ["", "//evil.example/desk/cases", "https://evil.example/desk/cases", "/desk/new", "javascript:alert(1)", "/desk/cases/../x"] {
            let trail = Trail::new(strange, 7);
            assert_eq!((trail.suffix(), trail.back(), trail.inputs()), (String::new(), ("/desk/cases", "我的待办"), None), "{strange}");
        }
    }
}
