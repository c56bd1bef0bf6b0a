//! 结果行：按列号取值，两种引擎同一写法。

use postgres::types::Type;

use crate::error::{Error, Result};

/// 一行结果。
pub enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

impl Row<'_> {
    /// 第 `column` 列（从 0 起）。
    ///
    /// # Errors
    /// 列不存在或类型不符。
    pub fn get<T: Column>(&self, column: usize) -> Result<T> {
        T::from_column(self, column)
    }
}

/// 能从一列读出的类型。
pub trait Column: Sized {
    /// # Errors
    /// 列不存在或类型不符。
    fn from_column(row: &Row<'_>, column: usize) -> Result<Self>;
}

/// 两个驱动都直接认识的类型。
macro_rules! direct {
    ($($kind:ty),*) => { $(impl Column for $kind {
        fn from_column(row: &Row<'_>, column: usize) -> Result<Self> {
            match row {
                Row::Sqlite(row) => Ok(row.get(column)?),
                Row::Postgres(row) => Ok(row.try_get(column)?),
            }
        }
    }
    impl Column for Option<$kind> {
        fn from_column(row: &Row<'_>, column: usize) -> Result<Self> {
            match row {
                Row::Sqlite(row) => Ok(row.get(column)?),
                Row::Postgres(row) => Ok(row.try_get(column)?),
            }
        }
    })* };
}
direct!(f64, String, Vec<u8>);

impl Column for Option<i64> {
    fn from_column(row: &Row<'_>, column: usize) -> Result<Self> {
        match row {
            Row::Sqlite(row) => Ok(row.get(column)?),
            Row::Postgres(row) => {
                let kind = row.columns().get(column).map(|c| c.type_().clone());
                Ok(match kind {
                    Some(Type::INT4) => row.try_get::<_, Option<i32>>(column)?.map(i64::from),
                    Some(Type::INT2) => row.try_get::<_, Option<i16>>(column)?.map(i64::from),
                    Some(Type::BOOL) => row.try_get::<_, Option<bool>>(column)?.map(i64::from),
                    _ => row.try_get(column)?,
                })
            }
        }
    }
}

impl Column for i64 {
    fn from_column(row: &Row<'_>, column: usize) -> Result<Self> {
        Option::<i64>::from_column(row, column)?.ok_or(Error::Shape("整数列为空"))
    }
}

impl Column for bool {
    fn from_column(row: &Row<'_>, column: usize) -> Result<Self> {
        i64::from_column(row, column).map(|value| value != 0)
    }
}
