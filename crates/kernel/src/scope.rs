//! 数据范围：一条记录属于谁、一个人能看到哪里（foundations §6）。

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// 范围的深度，对应记录上的一列。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// 县区或市：`tenant` 列。
    Tenant,
    /// 部门或乡镇：`unit` 列。
    Unit,
    /// 具体机构（科室、下属单位、撤并乡镇）：`org` 列。
    Org,
}

/// 一段可见范围。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reach {
    pub depth: Depth,
    pub id: i64,
}

/// 记录所在的位置：三列各是机构行键，层层包含。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    pub tenant: i64,
    pub unit: i64,
    pub org: i64,
}

/// 一个人能看到的全部范围，几乎总是一段，至多 16 段。
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope(Vec<Reach>);

impl Scope {
    /// 至多保留 16 段，去重。
    #[must_use]
    pub fn new(reaches: impl IntoIterator<Item = Reach>) -> Self {
        let mut kept: Vec<Reach> = Vec::new();
        for reach in reaches {
            if kept.len() < 16 && !kept.contains(&reach) {
                kept.push(reach);
            }
        }
        Self(kept)
    }

    /// 整个县区。
    #[must_use]
    pub fn tenant(id: i64) -> Self {
        Self(vec![Reach { depth: Depth::Tenant, id }])
    }

    /// 一个部门或乡镇。
    #[must_use]
    pub fn unit(id: i64) -> Self {
        Self(vec![Reach { depth: Depth::Unit, id }])
    }

    #[must_use]
    pub fn reaches(&self) -> &[Reach] {
        &self.0
    }

    /// 记录是否在范围内。
    #[must_use]
    pub fn covers(&self, place: &Place) -> bool {
        self.0.iter().any(|reach| match reach.depth {
            Depth::Tenant => place.tenant == reach.id,
            Depth::Unit => place.unit == reach.id,
            Depth::Org => place.org == reach.id,
        })
    }

    /// 不在范围内与不存在是同一个回答（accounts §5.2）。
    ///
    /// # Errors
    /// 范围外：`not-found`。
    pub fn check(&self, place: &Place) -> Result<(), Problem> {
        if self.covers(place) { Ok(()) } else { Err(Problem::not_found()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_depth_looks_at_its_own_column() {
        let place = Place { tenant: 1, unit: 2, org: 3 };
        assert!(Scope::tenant(1).covers(&place));
        assert!(Scope::unit(2).covers(&place));
        assert!(!Scope::unit(1).covers(&place));
        assert!(!Scope::default().covers(&place));
        assert_eq!(Scope::unit(9).check(&place).unwrap_err().code.as_str(), "not-found");
    }
}
