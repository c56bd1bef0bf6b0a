//! 编码规则 V01–V07（items §2.6）；段落检查在 kernel::codes。

use tongban_kernel::codes::{CatalogueCode, ImplementationCode, ItemCode, Uscc};

use super::{GuideView, Report};

pub(super) fn v01(v: &GuideView<'_>, out: &mut Report) {
    let checked = CatalogueCode::parse(v.catalogue_code).and_then(|code| code.check_v01(v.guide.task_type.code(), v.province));
    if let Err(reason) = checked {
        out.add("catalogue_code", reason.detail);
    }
}

pub(super) fn v02(v: &GuideView<'_>, out: &mut Report) {
    let checked = ImplementationCode::parse(v.implementation_code).and_then(|code| {
        let dept = Uscc::parse(v.dept_code)?;
        code.check_v02(&dept, v.level.digit(), &CatalogueCode::parse(v.catalogue_code)?)
    });
    if let Err(reason) = checked {
        out.add("implementation_code", reason.detail);
    }
}

pub(super) fn v03(v: &GuideView<'_>, out: &mut Report) {
    match ItemCode::parse(v.code) {
        Err(reason) => out.add("code", reason.detail),
        Ok(code) if code.implementation().as_str() != v.implementation_code => {
            out.add("code", "事项编码前 31 位应当就是实施编码");
        }
        Ok(_) if v.siblings.iter().any(|other| other == v.code) => {
            out.add("code", "这个顺序号已经用过，删过的也不能再用，请换一个");
        }
        Ok(_) => {}
    }
}

pub(super) fn v04(v: &GuideView<'_>, out: &mut Report) {
    if let (Some(division), Ok(code)) = (&v.division, ImplementationCode::parse(v.implementation_code))
        && let Err(reason) = code.check_v04(division)
    {
        out.add("level", reason.detail);
    }
}

pub(super) fn v05(v: &GuideView<'_>, out: &mut Report) {
    if !v.catalogue_levels.is_empty() && !v.catalogue_levels.contains(&v.level) {
        let allowed: Vec<&str> = v.catalogue_levels.iter().map(|level| level.label()).collect();
        out.add("level", format!("目录规定由{}行使，不能由{}实施", allowed.join("、"), v.level));
    }
}

pub(super) fn v06(v: &GuideView<'_>, out: &mut Report) {
    out.ensure(!v.catalogue_taken, "catalogue_code", "本单位对这条目录已经有一条实施清单，请在那一条上改");
}

pub(super) fn v07(v: &GuideView<'_>, out: &mut Report) {
    if let Some(published) = v.published_code
        && published != v.code
    {
        out.add("code", format!("编码发布后不能改，应为 {published}；主体换码请走变更并登记旧码"));
    }
}
