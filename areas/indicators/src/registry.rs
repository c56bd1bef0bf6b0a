//! 度量的清单：由屋顶的各区汇成。本区不认识任何一个区，只认度量代号。

use std::collections::BTreeMap;

use tongban_web::area::{Grain, Measure, Measures};
use tongban_web::{App, Area};

use crate::binding::Source;
use crate::definition::{Definitions, Indicator};

/// 全部度量。廉价克隆。
#[derive(Clone, Default)]
pub struct Registry {
    sets: Vec<Measures>,
    codes: BTreeMap<&'static str, Measure>,
}

impl Registry {
    #[must_use]
    pub fn of(app: &App) -> Self {
        Self::new(app.areas())
    }

    #[must_use]
    pub fn new(areas: &[Area]) -> Self {
        let sets: Vec<Measures> = areas.iter().flat_map(|area| area.measures).copied().collect();
        let codes = sets.iter().flat_map(|set| set.codes).map(|measure| (measure.code, *measure)).collect();
        Self { sets, codes }
    }

    #[must_use]
    pub fn sets(&self) -> &[Measures] {
        &self.sets
    }

    /// 一条日志归哪一组度量：看种类的前缀。
    #[must_use]
    pub fn set_of(&self, kind: &str) -> Option<&Measures> {
        let subject = kind.split_once('.').map_or(kind, |(subject, _)| subject);
        self.sets.iter().find(|set| set.subject == subject)
    }

    #[must_use]
    pub fn measure(&self, code: &str) -> Option<&Measure> {
        self.codes.get(code)
    }

    #[must_use]
    pub fn grain(&self, code: &str) -> Grain {
        self.codes.get(code).map_or(Grain::Flow, |measure| measure.grain)
    }

    /// 这条指标的度量都有人提供。
    #[must_use]
    pub fn provides(&self, source: &Source) -> bool {
        source.is_computed() && source.measures().all(|code| self.codes.contains_key(code))
    }

    /// 能算的指标：定义里写了度量，度量也有人提供。
    pub fn computed<'a>(&'a self, all: &'a Definitions) -> impl Iterator<Item = (&'a Indicator, &'a Source)> {
        all.indicators.iter().map(|indicator| (indicator, all.source(&indicator.id))).filter(|(_, source)| self.provides(source))
    }
}
