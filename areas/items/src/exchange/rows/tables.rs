//! 三张子表：材料、收费、常见问题，一列一个 JSON 数组，数组里用子表的列名。

use serde::{Deserialize, Serialize};

use super::{CellError, Reader, json, yes};
use crate::model::codes::{CopyType, MaterialFormat, Need, Source};
use crate::model::guide::{Faq, Fee, Guide, Material};

#[derive(Serialize, Deserialize, Default)]
#[serde(default, rename_all = "UPPERCASE")]
struct MaterialCells {
    materialguid: String,
    materialname: String,
    materialtype: String,
    materialformat: String,
    isneed: String,
    formguid: String,
    exampleguid: String,
    sourcetype: String,
    sourceexplain: String,
    pagenum: String,
    pageformat: String,
    fillexplain: String,
    acceptstand: String,
    bylaw: String,
    remark: String,
    ordernum: i64,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default, rename_all = "UPPERCASE")]
struct FeeCells {
    feename: String,
    feestand: String,
    bylaw: String,
    isdesc: String,
    descexplain: String,
    remark: String,
    ordernum: i64,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default, rename_all = "UPPERCASE")]
struct QuestionCells {
    question: String,
    answer: String,
    ordernum: i64,
}

pub(super) fn materials(guide: &Guide) -> String {
    let cells = |(order, m): (i64, &Material)| MaterialCells {
        materialguid: m.id.clone(),
        materialname: m.name.clone(),
        materialtype: m.copy_type.code().to_owned(),
        materialformat: m.format.code().to_owned(),
        isneed: m.need.code().to_owned(),
        formguid: m.blank_form.clone(),
        exampleguid: m.example.clone(),
        sourcetype: m.source.code().to_owned(),
        sourceexplain: m.source_note.clone(),
        pagenum: m.copies.to_string(),
        pageformat: m.page_format.clone(),
        fillexplain: m.hint.clone(),
        acceptstand: m.standard.clone(),
        bylaw: m.basis.clone(),
        remark: m.remark.clone(),
        ordernum: order,
    };
    json(&(1_i64..).zip(&guide.materials).map(cells).collect::<Vec<_>>())
}

pub(super) fn fees(guide: &Guide) -> String {
    let cells = |(order, fee): (i64, &Fee)| FeeCells {
        feename: fee.name.clone(),
        feestand: fee.standard.clone(),
        bylaw: fee.basis.clone(),
        isdesc: yes(!fee.reduction.is_empty()).to_owned(),
        descexplain: fee.reduction.clone(),
        remark: fee.remark.clone(),
        ordernum: order,
    };
    json(&(1_i64..).zip(&guide.fees).map(cells).collect::<Vec<_>>())
}

pub(super) fn questions(guide: &Guide) -> String {
    let cells = |(order, faq): (i64, &Faq)| QuestionCells { question: faq.question.clone(), answer: faq.answer.clone(), ordernum: order };
    json(&(1_i64..).zip(&guide.faq).map(cells).collect::<Vec<_>>())
}

/// 给了的子表换成新的；与打底的写法一样就不动。
pub(super) fn read(r: &mut Reader<'_>, g: &mut Guide) {
    let now = materials(g);
    if let Some(cells) = r.table::<MaterialCells>("TASK_GENERAL_MATERIAL", &now) {
        let found = cells.into_iter().enumerate().map(|(at, cells)| read_material(r, g, at, cells)).collect();
        g.materials = found;
        g.no_materials = g.materials.is_empty();
    }
    let now = fees(g);
    if let Some(cells) = r.table::<FeeCells>("FEE_PROJECT", &now) {
        let found = cells
            .into_iter()
            .map(|cells| {
                let old = g.fees.iter().find(|fee| fee.name == cells.feename).cloned().unwrap_or_default();
                Fee {
                    name: cells.feename,
                    standard: cells.feestand,
                    basis: cells.bylaw,
                    reduction: cells.descexplain,
                    remark: cells.remark,
                    ..old
                }
            })
            .collect();
        g.fees = found;
    }
    let now = questions(g);
    if let Some(cells) = r.table::<QuestionCells>("QUESTIONS", &now) {
        g.faq = cells.into_iter().map(|cells| Faq { question: cells.question, answer: cells.answer }).collect();
    }
}

fn read_material(r: &mut Reader<'_>, g: &Guide, at: usize, cells: MaterialCells) -> Material {
    let id = if cells.materialguid.is_empty() { format!("m{}", at + 1) } else { cells.materialguid };
    let old = g.materials.iter().find(|material| material.id == id).cloned().unwrap_or_default();
    let mut bad = |rule: &str, what: &str, value: &str| {
        if !value.is_empty() {
            let column = format!("TASK_GENERAL_MATERIAL/{}/{what}", at + 1);
            r.errors.push(CellError::new(&column, value, rule, "不在代码表内"));
        }
    };
    let copy_type = CopyType::parse(&cells.materialtype).unwrap_or_else(|| {
        bad("Q22", "MATERIALTYPE", &cells.materialtype);
        old.copy_type
    });
    let format = MaterialFormat::parse(&cells.materialformat).unwrap_or_else(|| {
        bad("Q22", "MATERIALFORMAT", &cells.materialformat);
        old.format
    });
    let need = Need::parse(&cells.isneed).unwrap_or_else(|| {
        bad("Q22", "ISNEED", &cells.isneed);
        old.need
    });
    let source = Source::parse(&cells.sourcetype).unwrap_or_else(|| {
        bad("Q22", "SOURCETYPE", &cells.sourcetype);
        old.source
    });
    Material {
        id,
        name: cells.materialname,
        hint: cells.fillexplain,
        copy_type,
        format,
        need,
        source,
        source_note: cells.sourceexplain,
        copies: cells.pagenum.parse().unwrap_or(old.copies),
        page_format: cells.pageformat,
        blank_form: cells.formguid,
        example: cells.exampleguid,
        standard: cells.acceptstand,
        basis: cells.bylaw,
        remark: cells.remark,
        ..old
    }
}
