//! 取数方式：一条指标由哪些度量算出，或由人填报，或还没有接上数据（`reference/indicator-bindings.yaml`）。

use serde::Deserialize;

/// 取数表的一行；`numerator`+`denominator`、`value`、`manual`、`pending` 恰好写一种。
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    pub id: String,
    #[serde(default)]
    numerator: Option<String>,
    #[serde(default)]
    denominator: Option<String>,
    /// 分子分母是带权的和（如折算时限），不是记录条数。
    #[serde(default)]
    weighted: bool,
    #[serde(default)]
    value: Option<String>,
    /// 由谁填报、凭什么填。
    #[serde(default)]
    manual: Option<String>,
    /// 为什么还没有数据、接上要等什么。
    #[serde(default)]
    pending: Option<String>,
}

/// 一条指标的数从哪里来。
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// 分子、分母各是一个度量。
    Ratio { numerator: String, denominator: String, weighted: bool },
    /// 一个度量就是值。
    Value(String),
    /// 由人填报，注明填报人与依据。
    Manual(String),
    /// 还没有接上；文字说明缺什么。
    Pending(String),
}

impl Binding {
    /// # Errors
    /// 一种都没写，或写了不止一种。
    pub fn source(self) -> Result<Source, String> {
        let weighted = self.weighted;
        match (self.numerator, self.denominator, self.value, self.manual, self.pending) {
            (Some(numerator), Some(denominator), None, None, None) => Ok(Source::Ratio { numerator, denominator, weighted }),
            (None, None, Some(value), None, None) => Ok(Source::Value(value)),
            (None, None, None, Some(text), None) => Ok(Source::Manual(text)),
            (None, None, None, None, Some(text)) => Ok(Source::Pending(text)),
            _ => Err(format!("指标 {} 的取数方式要恰好写一种", self.id)),
        }
    }
}

impl Source {
    /// 用到的度量，分子在前。
    pub fn measures(&self) -> impl Iterator<Item = &str> {
        let (first, second) = match self {
            Self::Ratio { numerator, denominator, .. } => (Some(numerator.as_str()), Some(denominator.as_str())),
            Self::Value(value) => (Some(value.as_str()), None),
            Self::Manual(_) | Self::Pending(_) => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// 分子分母不是条数：差多少按百分点说，也没有“还没做到的”清单。
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        matches!(self, Self::Ratio { weighted: true, .. })
    }

    #[must_use]
    pub fn is_computed(&self) -> bool {
        matches!(self, Self::Ratio { .. } | Self::Value(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_way_per_indicator() {
        let parse = |text: &str| serde_yaml_ng::from_str::<Binding>(text).unwrap().source();
        assert!(parse("{id: a, value: x.y}").is_ok());
        assert!(parse("{id: a}").is_err());
        assert!(parse("{id: a, numerator: x}").is_err());
        assert!(parse("{id: a, value: x, pending: 等}").is_err());
        assert!(serde_yaml_ng::from_str::<Binding>("{id: a, vlaue: x}").is_err());
    }
}
