//! 量检索：十万个事项的索引，轮着查常见的说法，报 p50 与 p99。
//!
//! `cargo run --release -p tongban-search --example search -- 100000`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "量速度的小程序")]

use std::time::{Duration, Instant};

use tongban_search::{Doc, Facets, Filters, Index};

const NAMES: &str = include_str!("../../../reference/items-sichuan-county.csv");
/// 大白话、全称、拼音、首字母、错字、同义词、几个词、查无此事。
const ASKED: &[&str] = &[
    "开饭店",
    "身份证",
    "营业执照",
    "残疾人补贴",
    "医保报销",
    "建房",
    "食品经营许可",
    "企业投资项目备案",
    "适龄儿童少年因身体状况需要延缓入学",
    "shenfenzheng",
    "yyzz",
    "营业执找",
    "老人钱",
    "户口 迁移",
    "林木采伐",
    "道路运输 许可 变更",
    "低保",
    "结婚",
    "公司注销",
    "火箭发射许可证补办",
];

fn main() {
    let n: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path()).unwrap();
    let lines: Vec<Vec<&str>> = NAMES.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let started = Instant::now();
    for start in (0..n).step_by(2_000) {
        let docs: Vec<Doc> = (start..n.min(start + 2_000)).map(|i| doc(i, &lines[i % lines.len()])).collect();
        index.put(&docs).unwrap();
    }
    index.commit("").unwrap();
    println!("{n} 个事项，建索引 {:.1?}", started.elapsed());
    for filters in [Filters::default(), Filters::kind("item"), Filters { theme: Some("005".into()), ..Filters::kind("item") }] {
        let mut slowest = (Duration::ZERO, "");
        let mut took: Vec<Duration> = (0..2_000)
            .map(|turn| {
                let asked = ASKED[turn % ASKED.len()];
                let started = Instant::now();
                let hits = index.search(asked, &filters, 20).unwrap();
                let took = started.elapsed();
                assert!(hits.hits.len() <= 20);
                slowest = slowest.max((took, asked));
                took
            })
            .collect();
        took.sort_unstable();
        println!("筛选 {:?}：p50 {:.2?}，p99 {:.2?}，最慢 {:.2?}（{}）", filters.theme.or(filters.kind), took[1_000], took[1_980], slowest.0, slowest.1);
    }
}

fn doc(i: usize, cells: &[&str]) -> Doc {
    let (dept, name) = (cells[1], cells[3]);
    let (town, theme) = (format!("第{}镇", i % 97), format!("{:03}", i % 40 * 5));
    Doc {
        kind: "item".into(),
        id: i64::try_from(i).unwrap(),
        title: format!("{name}（{town}）"),
        aliases: vec![format!("办{name}"), dept.trim_start_matches('区').to_owned()],
        body: format!("{name}由{dept}办理。材料：居民身份证、申请表、授权委托书。第 {i} 项，承诺 5 个工作日办结。"),
        url: format!("/items/{i}"),
        facets: Facets { object: vec!["1".into()], theme: vec![theme], dept: vec![dept.into()], town: vec![town] },
        weight: 1.0,
    }
}
