//! 记下一个单元跑过的语句，再原样重放：量“同样的语句”的原始速度用，不进正式构建。

use std::collections::HashMap;

use tongban_kernel::Actor;

use crate::args::Value;
use crate::error::Result;
use crate::journal::{APPEND, Entry};
use crate::tx::Tx;

/// 一个自有的参数值。
#[derive(Debug, Clone)]
enum Owned {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Owned {
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(n) => Self::Int(n),
            Value::Real(x) => Self::Real(x),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

/// 一条跑过的语句。
#[derive(Debug, Clone)]
struct Step {
    sql: &'static str,
    is_query: bool,
    args: Vec<Owned>,
}

/// 一个单元跑过的全部语句与它要过的行键。
#[derive(Debug, Clone, Default)]
pub struct Trace {
    steps: Vec<Step>,
    ids: Vec<i64>,
}

impl Trace {
    pub(crate) fn statement(&mut self, sql: &'static str, is_query: bool, args: &[Value<'_>]) {
        self.steps.push(Step { sql, is_query, args: args.iter().map(|value| Owned::of(*value)).collect() });
    }

    pub(crate) fn id(&mut self, id: i64) {
        self.ids.push(id);
    }

    /// 有多少条语句。
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// 重放：行键换成新的，`numbers` 这些编号换成 `fresh`，日志照样入链。
    ///
    /// # Errors
    /// 引擎拒绝。
    pub fn replay(&self, tx: &mut Tx<'_>, numbers: &[&str], fresh: &str) -> Result<()> {
        let ids: HashMap<i64, i64> = self.ids.iter().map(|id| (*id, tx.new_id())).collect();
        for step in &self.steps {
            let text = |text: &str| numbers.iter().fold(text.to_owned(), |text, number| if text.contains(number) { text.replace(number, fresh) } else { text });
            let changed: Vec<Owned> = step
                .args
                .iter()
                .map(|value| match value {
                    Owned::Int(n) => Owned::Int(ids.get(n).copied().unwrap_or(*n)),
                    Owned::Text(value) => Owned::Text(text(value)),
                    other => other.clone(),
                })
                .collect();
            let args: Vec<Value<'_>> = changed.iter().map(lent).collect();
            if step.sql == APPEND {
                append(tx, &changed)?;
            } else if step.is_query {
                tx.rows(step.sql, &args, |_| Ok(()))?;
            } else {
                tx.exec(step.sql, &args)?;
            }
        }
        Ok(())
    }
}

fn lent(value: &Owned) -> Value<'_> {
    match value {
        Owned::Null => Value::Null,
        Owned::Int(n) => Value::Int(*n),
        Owned::Real(x) => Value::Real(*x),
        Owned::Text(text) => Value::Text(text),
        Owned::Blob(bytes) => Value::Blob(bytes),
    }
}

/// 日志那一条：泳道、序号与散列要重新算。
fn append(tx: &mut Tx<'_>, args: &[Owned]) -> Result<()> {
    let int = |index: usize| if let Some(Owned::Int(n)) = args.get(index) { *n } else { 0 };
    let text = |index: usize| if let Some(Owned::Text(text)) = args.get(index) { text.as_str() } else { "" };
    let at = tongban_kernel::time::from_millis(int(2));
    tx.journal(Entry { kind: REPLAYED, subject: int(7), rev: int(8), at, actor: &Actor::system(), tenant: int(3), body: text(9) })
}

/// 重放出来的日志另取种类，反应与指标不当真。
const REPLAYED: &str = "bench.replayed";
