//! 内容要完整、说人话：Q13–Q25（items §6）。

use std::collections::BTreeSet;

use super::{GuideView, Report, Severity};
use crate::model::TaskType;
use crate::model::codes::{MaterialClass, Need, Source, Waive};

pub(super) fn q13(v: &GuideView<'_>, out: &mut Report) {
    if v.guide.task_type == TaskType::Permit {
        let answered = v.guide.faq.iter().any(|faq| !faq.question.is_empty() && !faq.answer.is_empty());
        out.ensure(answered, "faq", "行政许可至少写一条常见问题和回答");
    }
}

pub(super) fn q14(v: &GuideView<'_>, out: &mut Report) {
    if v.guide.task_type == TaskType::Permit {
        let count = v.guide.steps.len();
        out.ensure(count >= 5, "steps", format!("行政许可流程至少有受理、审核、审批、办结、送达五步，现在有 {count} 步"));
    }
    let total: u32 = v.guide.steps.iter().map(|step| step.workdays).sum();
    let promise = v.guide.promise.whole_workdays();
    if promise > 0 && i64::from(total) > promise {
        out.add("steps", format!("各环节加起来 {total} 个工作日，超过承诺的 {promise} 个工作日"));
    }
}

pub(super) fn q15(v: &GuideView<'_>, out: &mut Report) {
    let result = &v.guide.result;
    if !result.name.is_empty() && result.name != "无" {
        out.ensure(!result.sample.is_empty(), "result/sample", format!("请上传结果“{}”的样本", result.name));
    }
}

/// 兜底话：安阳条例禁止，群众最烦。
const CATCH_ALL: &[&str] = &[
    "其他有关材料",
    "其他相关材料",
    "其它有关材料",
    "其它相关材料",
    "其他材料",
    "其它材料",
    "需要的其他",
    "等材料",
    "等相关材料",
    "等有关材料",
    "视情况提供",
    "其他证明材料",
];

fn catch_all(text: &str) -> Option<&'static str> {
    CATCH_ALL.iter().copied().find(|words| text.contains(words))
}

pub(super) fn q16(v: &GuideView<'_>, out: &mut Report) {
    for (at, material) in v.guide.materials.iter().enumerate() {
        if let Some(words) = catch_all(&material.name) {
            out.add(format!("materials/{at}/name"), format!("材料“{}”有兜底话“{words}”，请写清到底要哪几样", material.name));
        } else if material.name.trim_end().ends_with('等') {
            out.add(format!("materials/{at}/name"), format!("材料“{}”以“等”结尾，请写清到底要哪几样", material.name));
        }
    }
    for (at, condition) in v.guide.conditions.iter().enumerate() {
        if let Some(words) = catch_all(condition).or_else(|| condition.contains("其他条件").then_some("其他条件")) {
            out.add(format!("conditions/{at}"), format!("受理条件有兜底话“{words}”，请写清具体条件"));
        }
    }
}

pub(super) fn q17(v: &GuideView<'_>, out: &mut Report) {
    let mut names = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (at, material) in v.guide.materials.iter().enumerate() {
        let field = format!("materials/{at}/name");
        if material.name.trim().is_empty() {
            out.add(field, format!("第 {} 份材料没有名称", at + 1));
            continue;
        }
        // 同名材料只要适用的情形不同就不算重复
        if !names.insert((material.name.trim(), &material.when.0)) {
            out.add(field, format!("材料“{}”重复了", material.name));
        }
        out.ensure(
            !material.id.is_empty() && ids.insert(&material.id),
            &format!("materials/{at}/id"),
            format!("材料“{}”的短名为空或与别的重复", material.name),
        );
    }
    let required = v.guide.materials.iter().any(|material| material.need == Need::Required);
    if v.guide.no_materials {
        out.ensure(v.guide.materials.is_empty(), "no_materials", "标了“不用交材料”，又列了材料，请去掉一个");
    } else {
        out.ensure(required, "materials", "至少要有一份必要材料；确实不用材料，请勾选“不用交材料”");
    }
}

pub(super) fn q18(v: &GuideView<'_>, out: &mut Report) {
    for (at, material) in v.guide.materials.iter().enumerate() {
        // 网上填表自动生成的不用下载空白表
        if material.class == MaterialClass::Form && material.waive == Waive::No {
            out.ensure(
                !material.blank_form.is_empty(),
                &format!("materials/{at}/blank_form"),
                format!("“{}”是申请表，请附空白表格", material.name),
            );
            out.ensure(
                !material.example.is_empty(),
                &format!("materials/{at}/example"),
                format!("“{}”是申请表，请附填写样表", material.name),
            );
        }
    }
}

pub(super) fn q19(v: &GuideView<'_>, out: &mut Report) {
    for (at, material) in v.guide.materials.iter().enumerate() {
        if material.source == Source::Government && material.waive == Waive::No && !material.licence_type.is_empty() {
            out.add(format!("materials/{at}/waive"), format!("“{}”由政府核发、已能电子调取，不应让群众交，请设免提交", material.name));
        }
    }
}

pub(super) fn q20(v: &GuideView<'_>, out: &mut Report) {
    out.ensure(!v.guide.basis.is_empty(), "basis", "请写设定依据：哪部法、第几条");
    for (at, basis) in v.guide.basis.iter().enumerate() {
        let field = format!("basis/{at}");
        if basis.title.trim().is_empty() || basis.article.trim().is_empty() {
            out.add(field.clone(), "设定依据要写全文件名和条款，比如《行政许可法》第三十二条");
        }
        if v.repealed.iter().any(|old| basis.title.contains(old)) {
            out.add_as(Severity::W, field, format!("{}已经废止，请换成现行依据", basis.title));
        }
    }
}

/// 能看出是哪几天、几点到几点：有“周”或“工作日”“每天”，且有两个以上的“时:分”。
fn readable_hours(text: &str) -> bool {
    let days = ["周", "星期", "工作日", "每天", "每日", "全年"].iter().any(|word| text.contains(word));
    let clocks = text.replace('：', ":").split(':').filter(|part| part.ends_with(|c: char| c.is_ascii_digit())).count();
    days && (clocks >= 2 || text.contains("24 小时") || text.contains("24小时"))
}

/// 点位库里有没有：可以省去前面的区县名；“各镇便民服务中心”指所有这样结尾的点位。
fn in_library(sites: &[String], name: &str) -> bool {
    let tail = name.trim_start_matches("各镇").trim_start_matches('区').trim_start_matches('县');
    !tail.is_empty() && sites.iter().any(|site| site == name || site.ends_with(tail))
}

pub(super) fn q21(v: &GuideView<'_>, out: &mut Report) {
    out.ensure(!v.guide.places.is_empty(), "places", "请写至少一个办理地点");
    for (at, place) in v.guide.places.iter().enumerate() {
        let field = format!("places/{at}");
        if let Some(sites) = v.sites
            && !in_library(sites, &place.name)
        {
            out.add(field.clone(), format!("办理地点“{}”不在点位库里，请从点位库选", place.name));
        }
        out.ensure(!place.address.trim().is_empty(), &field, format!("“{}”没有写地址", place.name));
        out.ensure(
            readable_hours(&place.hours),
            &field,
            format!("“{}”的办理时间“{}”看不懂，请写成“周一至周五 9:00—17:00”", place.name, place.hours),
        );
    }
}

/// 去空白、全半角一致后再比。
fn plain_name(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '（' => '(',
            '）' => ')',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => other,
        })
        .collect()
}

pub(super) fn q23(v: &GuideView<'_>, out: &mut Report) {
    let (name, catalogue) = (plain_name(&v.guide.name), plain_name(v.catalogue_name));
    // 拆分的办理项可以在目录名后加括号：食品经营许可（新办）
    let same = name == catalogue || name.strip_prefix(&catalogue).is_some_and(|tail| tail.starts_with('(') && tail.ends_with(')'));
    out.ensure(same, "name", format!("名称与目录“{}”不一致；拆分的办理项请写成“目录名（新办）”", v.catalogue_name));
}

pub(super) fn q24(v: &GuideView<'_>, out: &mut Report) {
    if !v.guide.online.url.is_empty() && v.url_reachable == Some(false) {
        out.add("online/url", "网办地址打不开，请核对");
    }
}

pub(super) fn q25(v: &GuideView<'_>, out: &mut Report) {
    out.ensure(!v.guide.aliases.is_empty(), "aliases", "写几个群众常说的别名，大家才搜得到");
}
