//! 规则要看的一切：指南本身，加上它所在的编码、目录、主体、点位。

use tongban_kernel::codes::DivisionCode;

use crate::model::{Guide, UseLevel};

/// 一份待查的指南与它的周围。外部事实取不到的用 `None`，相应规则不查。
#[derive(Debug, Clone)]
pub struct GuideView<'a> {
    pub guide: &'a Guide,
    /// 33 位办理项编码。
    pub code: &'a str,
    /// 31 位实施编码。
    pub implementation_code: &'a str,
    /// 12 位基本编码。
    pub catalogue_code: &'a str,
    pub catalogue_name: &'a str,
    /// 目录允许的行使层级。
    pub catalogue_levels: &'a [UseLevel],
    pub level: UseLevel,
    /// 实施主体信用代码。
    pub dept_code: &'a str,
    /// 实施主体所在区划。
    pub division: Option<DivisionCode>,
    /// 省级区划前两位。
    pub province: &'a str,
    /// 同一实施清单下别的办理项编码，含删过的。
    pub siblings: &'a [String],
    /// 同一主体、同一目录另有一条没取消的实施清单。
    pub catalogue_taken: bool,
    /// 已发布过的编码。
    pub published_code: Option<&'a str>,
    /// 点位库里的名字。
    pub sites: Option<&'a [String]>,
    /// 已废止的文件名。
    pub repealed: &'a [&'a str],
    /// 网办地址最近一次巡检是否可达。
    pub url_reachable: Option<bool>,
}
