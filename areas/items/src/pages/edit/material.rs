//! 材料分页：一行一份，勾情形、删、上移。

use tongban_kernel::problem::Checks;

use super::EditForm;
use crate::model::Guide;
use crate::model::codes::{CopyType, MaterialClass, MaterialFormat, Need, Source, Waive};
use crate::model::guide::Material;
use crate::model::situations::When;

/// 一行材料勾中的情形：每题勾全或一个没勾都算不分情形。
fn chosen_when(form: &EditForm, g: &Guide, row: usize, old: &When) -> When {
    let prefix = format!("{row}:");
    let picked: Vec<(&str, &str)> =
        form.m_when.iter().filter_map(|text| text.strip_prefix(&prefix)).filter_map(|text| text.split_once('.')).collect();
    let mut when = When::default();
    for question in &g.questions {
        let options: Vec<String> = question
            .options
            .iter()
            .filter(|choice| picked.contains(&(question.id.as_str(), choice.id.as_str())))
            .map(|choice| choice.id.clone())
            .collect();
        if !options.is_empty() && options.len() < question.options.len() {
            // 勾的还是那几个：次序照旧
            let same = |known: &&Vec<String>| known.len() == options.len() && known.iter().all(|option| options.contains(option));
            let kept = old.0.get(&question.id).filter(same).cloned();
            when.0.insert(question.id.clone(), kept.unwrap_or(options));
        }
    }
    when
}

pub(super) fn apply(form: &EditForm, g: &mut Guide, checks: &mut Checks) {
    let at = |values: &[String], n: usize| values.get(n).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mut found: Vec<Material> = Vec::new();
    for (n, name) in form.m_name.iter().map(|name| name.trim()).enumerate().filter(|(_, name)| !name.is_empty()) {
        if form.m_drop.contains(&n.to_string()) {
            continue;
        }
        let id = Some(at(&form.m_id, n)).filter(|id| !id.is_empty()).unwrap_or_else(|| fresh_id(&g.materials, n));
        let old = g.materials.iter().find(|material| material.id == id).cloned().unwrap_or_default();
        let copies = at(&form.m_copies, n).parse::<u8>().ok();
        checks.ensure(copies.is_some(), "materials", "integer", format!("“{name}”的份数要填整数"));
        found.push(Material {
            id,
            name: name.to_owned(),
            hint: at(&form.m_hint, n),
            need: Need::parse(&at(&form.m_need, n)).unwrap_or(old.need),
            copy_type: CopyType::parse(&at(&form.m_copy, n)).unwrap_or(old.copy_type),
            class: MaterialClass::parse(&at(&form.m_class, n)).unwrap_or(old.class),
            format: MaterialFormat::parse(&at(&form.m_format, n)).unwrap_or(old.format),
            source: Source::parse(&at(&form.m_source, n)).unwrap_or(old.source),
            source_note: at(&form.m_source_note, n),
            waive: Waive::parse(&at(&form.m_waive, n)).unwrap_or(old.waive),
            licence_type: at(&form.m_licence, n),
            copies: copies.unwrap_or(old.copies),
            blank_form: at(&form.m_blank, n),
            example: at(&form.m_example, n),
            standard: at(&form.m_standard, n),
            page_format: at(&form.m_page, n),
            remark: at(&form.m_remark, n),
            basis: at(&form.m_basis, n),
            when: chosen_when(form, g, n, &old.when),
        });
        if form.m_up == n.to_string() && found.len() > 1 {
            let last = found.len() - 1;
            found.swap(last - 1, last);
        }
    }
    g.materials = found;
    g.no_materials = form.no_materials.is_some();
}

/// 没用过的短名。
fn fresh_id(known: &[Material], row: usize) -> String {
    (row + 1..).map(|n| format!("m{n}")).find(|id| !known.iter().any(|material| material.id == *id)).unwrap_or_default()
}
