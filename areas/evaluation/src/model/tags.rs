//! 评价标签：全国一体化编码（evaluation §2.4）。编码首位是适用级别；停用的旧码仍能显示。

use super::Satisfaction;

/// 一个标签。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    pub code: i64,
    pub text: &'static str,
    /// 只对网上件或混合件展示。
    pub online_only: bool,
}

const fn both(code: i64, text: &'static str) -> Tag {
    Tag { code, text, online_only: false }
}

const fn online(code: i64, text: &'static str) -> Tag {
    Tag { code, text, online_only: true }
}

/// 现行标签，按级别从高到低、编码从小到大。
pub const TAGS: &[Tag] = &[
    both(510, "一窗受理一次办结"),
    both(511, "可以先受理后补材料"),
    both(512, "不用提交证明"),
    online(513, "可以全程网上办理"),
    online(514, "可以使用手机办理"),
    both(515, "可以就近办理"),
    both(516, "无需材料直接办理"),
    both(517, "服务热情效率高"),
    both(406, "填写一张表单就可完成申报"),
    online(407, "在线提交材料窗口核验"),
    both(408, "一张清单告知全部申报材料"),
    both(409, "用告知承诺减免申报材料"),
    online(410, "可以在线预约办理"),
    both(411, "跑大厅一次办完"),
    both(412, "可以使用自助机办理"),
    both(413, "服务态度较好"),
    both(307, "一次性告知需要补正的材料"),
    both(308, "提供申报材料样本"),
    both(309, "在承诺的时间内办结"),
    both(310, "办事指南指引准确"),
    both(311, "按办事指南要求的材料即可办理"),
    both(312, "可以快递送达"),
    both(313, "跑动次数与承诺的一致"),
    both(314, "服务态度一般"),
    both(207, "没有提供材料样本"),
    both(208, "没有提供材料清单"),
    both(209, "未在承诺时间内办结"),
    both(210, "同样内容的证明材料被要求多次提交"),
    online(211, "承诺网办但无法在线办理"),
    online(212, "在线预约办理后到实体大厅重复取号排队"),
    both(213, "窗口人员业务不熟练"),
    both(214, "服务态度生硬"),
    both(108, "在办事指南之外增加新的审批条件"),
    both(109, "需提供办事指南之外的申报材料"),
    both(110, "无理由超过法定办理时间"),
    both(111, "办事指南提供样本有错"),
    online(112, "承诺在线收取申报材料实际无法收取"),
    both(113, "多头跑窗口和部门"),
    both(114, "跑动次数与承诺的不一致"),
    both(115, "服务态度差效率低"),
];

/// 按编码找现行标签。
#[must_use]
pub fn tag(code: i64) -> Option<&'static Tag> {
    TAGS.iter().find(|tag| tag.code == code)
}

/// 某一级可以选的标签。
pub fn offered(level: Satisfaction, online: bool) -> impl Iterator<Item = &'static Tag> {
    TAGS.iter().filter(move |tag| tag.code / 100 == level.code() && (online || !tag.online_only))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_distinct_tags_eight_per_level() {
        let codes: std::collections::BTreeSet<i64> = TAGS.iter().map(|tag| tag.code).collect();
        assert_eq!(codes.len(), 40);
        for level in Satisfaction::ALL {
            assert_eq!(offered(level, true).count(), 8);
        }
    }

    #[test]
    fn online_tags_are_not_shown_for_window_cases() {
        let hidden: Vec<i64> = TAGS.iter().filter(|tag| tag.online_only).map(|tag| tag.code).collect();
        assert_eq!(hidden, [513, 514, 407, 410, 211, 212, 112]);
        assert!(offered(Satisfaction::VerySatisfied, false).all(|tag| !tag.online_only));
    }
}
