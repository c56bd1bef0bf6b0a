//! 属性之间要相符：Q01–Q12、Q22（items §6）。

use tongban_kernel::codes::phone;

use super::{GuideView, Report};
use crate::model::codes::{HandleForm, ProjectType, ResultType, corp_theme, person_theme};
use crate::model::{OnlineDepth, ServiceObject};

pub(super) fn q01(v: &GuideView<'_>, out: &mut Report) {
    let zero = v.guide.promise.amount == 0;
    match v.guide.project_type {
        ProjectType::Instant => out.ensure(zero, "promise", "即办件当场办好，承诺时限应填 0；要等几天的请把办件类型改成承诺件"),
        ProjectType::Promised => out.ensure(!zero, "project_type", "承诺时限是 0，就是当场办好，办件类型应选即办件"),
        ProjectType::Other => {}
    }
}

pub(super) fn q02(v: &GuideView<'_>, out: &mut Report) {
    if v.guide.promise.amount > 0 && v.guide.project_type == ProjectType::Instant {
        out.add("project_type", format!("承诺 {} 才办好，办件类型应选承诺件", v.guide.promise.promise_words()));
    }
}

pub(super) fn q03(v: &GuideView<'_>, out: &mut Report) {
    let (legal, promise) = (&v.guide.legal, &v.guide.promise);
    if legal.amount > 0 && promise.parts() > legal.parts() {
        out.add("promise", format!("承诺（{}）比法定（{}）还长，请缩短承诺时限", promise.promise_words(), legal.legal_words()));
    }
}

pub(super) fn q04(v: &GuideView<'_>, out: &mut Report) {
    let result = &v.guide.result;
    let name = result.name.trim_end_matches(['》', '）', ')']);
    // “凭证”是收据一类，不是证照
    let licence = (name.ends_with('证') || name.ends_with('照')) && !name.ends_with("凭证");
    if licence && !result.types.contains(&ResultType::Licence) {
        out.add("result/types", format!("结果“{}”是证照，结果类型请勾选证照", result.name));
    }
    let document = ["批复", "文", "决定书"].iter().any(|tail| name.ends_with(tail));
    if document && !result.types.contains(&ResultType::Document) {
        out.add("result/types", format!("结果“{}”是批文，结果类型请勾选批文", result.name));
    }
}

fn no_reason(text: &str) -> bool {
    matches!(text.trim(), "" | "无")
}

pub(super) fn q05(v: &GuideView<'_>, out: &mut Report) {
    if v.guide.visits > 0 {
        out.ensure(!no_reason(&v.guide.visits_reason), "visits_reason", format!("要到现场 {} 次，请写明为什么非去不可", v.guide.visits));
    }
}

pub(super) fn q06(v: &GuideView<'_>, out: &mut Report) {
    if v.guide.visits == 0 {
        out.ensure(no_reason(&v.guide.visits_reason), "visits_reason", "到现场次数是 0，不该有必须到现场的原因，请删去或改次数");
    }
}

pub(super) fn q07(v: &GuideView<'_>, out: &mut Report) {
    if v.guide.visits == 0 && !v.guide.depth().can_apply() {
        out.ensure(v.guide.forms.contains(&HandleForm::Express), "forms", "不用到现场又不能网上办，办理形式要有快递申请");
    }
}

pub(super) fn q08(v: &GuideView<'_>, out: &mut Report) {
    if v.guide.depth() == OnlineDepth::Full {
        out.ensure(v.guide.entrance_open(), "online", "标了全程网办，却没有网办地址，也没有开通在本平台申报");
    }
}

pub(super) fn q09(v: &GuideView<'_>, out: &mut Report) {
    if v.guide.charges() {
        let based = !v.guide.fee_basis.trim().is_empty() || v.guide.fees.iter().all(|fee| !fee.basis.trim().is_empty());
        out.ensure(based, "fee_basis", "收费要写明依据：哪个文件、第几条");
        for (at, fee) in v.guide.fees.iter().enumerate() {
            out.ensure(!fee.name.trim().is_empty() && !fee.standard.trim().is_empty(), &format!("fees/{at}"), "收费项目要写名称和标准");
        }
    } else {
        out.ensure(v.guide.fee_basis.trim().is_empty(), "fees", "写了收费依据，却没有收费项目；不收费请把依据删去");
    }
}

pub(super) fn q10(v: &GuideView<'_>, out: &mut Report) {
    if !v.guide.charges() {
        out.ensure(!v.guide.pay_online, "pay_online", "不收费的不用开网上支付");
    }
}

pub(super) fn q11(v: &GuideView<'_>, out: &mut Report) {
    let (consult, supervise) = (v.guide.consult_phone.trim(), v.guide.supervise_phone.trim());
    for (field, name, number) in [("consult_phone", "咨询电话", consult), ("supervise_phone", "投诉电话", supervise)] {
        if number.is_empty() {
            out.add(field, format!("请填写{name}，带区号，比如 0839-1234567"));
        } else if number != "12345" && phone(number).is_err() {
            out.add(field, format!("{name}“{number}”打不通：座机要带区号 0839，或填 11 位手机号、12345"));
        }
    }
    if !consult.is_empty() && consult == supervise {
        out.add("supervise_phone", "投诉电话与咨询电话相同，投诉应当打给别人");
    }
}

pub(super) fn q12(v: &GuideView<'_>, out: &mut Report) {
    let person = v.guide.objects.contains(&ServiceObject::Person);
    let corp = v.guide.objects.iter().any(|object| *object != ServiceObject::Person);
    let sides = [
        ("person_themes", "个人", person, &v.guide.person_themes, person_theme as fn(&str) -> Option<&'static str>),
        ("corp_themes", "企业", corp, &v.guide.corp_themes, corp_theme),
    ];
    for (field, name, served, themes, known) in sides {
        if served && themes.is_empty() {
            out.add(field, format!("服务对象有{name}，请至少选一个{name}主题"));
        } else if !served && !themes.is_empty() {
            out.add(field, format!("服务对象没有{name}，不该有{name}主题"));
        }
        for theme in themes.iter().filter(|theme| known(theme).is_none()) {
            out.add(field, format!("{name}主题 {theme} 不在代码表内"));
        }
    }
}

pub(super) fn q22(v: &GuideView<'_>, out: &mut Report) {
    out.ensure(!v.guide.objects.is_empty(), "objects", "请选择服务对象：个人、企业还是别的");
    out.ensure(!v.guide.forms.is_empty(), "forms", "请选择办理形式：窗口、网上还是手机");
    out.ensure(v.guide.visits <= 9, "visits", "到现场次数应在 0 到 9 之间");
    out.ensure(v.guide.real_level <= 3, "real_level", "最低实名等级应在 0 到 3 之间");
    for exemption in &v.guide.exemptions {
        let sound = matches!(exemption.from.as_str(), "online" | "visit" | "public")
            && !exemption.basis.trim().is_empty()
            && !exemption.approved_by.trim().is_empty();
        out.ensure(sound, "exemptions", "豁免要写明从哪个指标剔除（online、visit）或不公开（public）、法律依据和批准的主管");
    }
}
