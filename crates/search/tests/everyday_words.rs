//! 用真实事项名称验证：大白话、拼音、错字都能找到，且排在前面。
#![allow(clippy::unwrap_used, reason = "测试")]

use tongban_search::{Doc, Facets, Filters, Index};

const ITEMS: &str = include_str!("../../../reference/items-sichuan-county.csv");

fn real_items() -> Vec<Doc> {
    let mut reader = csv::Reader::from_reader(ITEMS.as_bytes());
    reader
        .records()
        .map(|row| row.unwrap())
        .map(|row| Doc {
            kind: "item".into(),
            id: row[0].parse().unwrap(),
            title: row[3].to_owned(),
            body: format!("由{}办理。", &row[1]),
            url: format!("/items/{}", &row[0]),
            facets: Facets { dept: vec![row[1].to_owned()], object: vec!["1".into()], ..Facets::default() },
            weight: 1.0,
            ..Doc::default()
        })
        .collect()
}

fn index() -> Index {
    let index = Index::in_memory().unwrap();
    index.put(&real_items()).unwrap();
    index.commit("{\"0\":1135}").unwrap();
    index
}

fn titles(index: &Index, text: &str, limit: usize) -> Vec<String> {
    index.search(text, &Filters::default(), limit).unwrap().hits.into_iter().map(|hit| hit.title).collect()
}

/// 前五条里要有这些字的标题。
fn expect(index: &Index, text: &str, part: &str) {
    let top = titles(index, text, 5);
    assert!(top.iter().any(|title| title.contains(part)), "“{text}”前五条没有“{part}”：{top:?}");
}

#[test]
fn everyday_words_find_the_official_item() {
    let index = index();
    for (text, part) in [
        ("开小吃店", "食品(含保健食品)经营许可核发"),
        ("开餐馆", "食品(含保健食品)经营许可核发"),
        ("社保卡丢了", "社会保障卡"),
        ("社保卡丢了怎么办", "社会保障卡挂失"),
        ("生娃", "出生医学证明"),
        ("低保", "最低生活保障"),
        ("我想办低保", "最低生活保障"),
        ("养老金", "养老"),
        ("落户", "户口"),
        ("砍树", "林木采伐"),
        ("开店", "个体工商户设立登记"),
        ("注册公司", "公司设立登记"),
        ("外地看病", "异地"),
        ("老年证", "老年人优待证"),
        ("高龄补贴", "高龄津贴"),
        ("残疾证丢了", "残疾人证挂失补办"),
        ("营运证", "道路运输证"),
        ("教师证", "教师资格"),
        ("卖烟", "烟草专卖零售许可证新办"),
        ("健康证", "预防性体检合格证"),
        ("养猪", "畜禽养殖场"),
        ("结婚", "婚姻登记"),
        ("拖欠工资", "劳动人事争议仲裁"),
        ("网约车", "网络预约出租汽车"),
        ("企业登记", "登记"),
    ] {
        expect(&index, text, part);
    }
}

#[test]
fn the_full_official_name_comes_first() {
    let index = index();
    for name in ["社会保障卡申领", "临时救助", "个体工商户设立登记", "残疾人证新办", "护士新办执业注册"] {
        assert_eq!(titles(&index, name, 1), [name]);
    }
    // 官方名称写全了也不会被大白话表带偏
    assert_eq!(titles(&index, "居民身份证办理（包括临时）", 1), ["居民身份证办理（包括临时）"]);
}

#[test]
fn pinyin_initials_and_full_spelling() {
    let index = index();
    expect(&index, "sbk", "社会保障卡");
    expect(&index, "shebaoka", "社会保障卡");
    expect(&index, "SheBaoKa", "社会保障卡");
    expect(&index, "linshijiuzhu", "临时救助");
    expect(&index, "lsjz", "临时救助");
    expect(&index, "dibao", "最低生活保障");
    expect(&index, "gtgsh", "个体工商户");
}

#[test]
fn slips_of_the_pen_are_forgiven() {
    let index = index();
    expect(&index, "社保咖", "社会保障卡");
    expect(&index, "身份正", "居民身份证");
    expect(&index, "临食救助", "临时救助");
    expect(&index, "shebaka", "社会保障卡");
    expect(&index, "低宝", "最低生活保障");
    let found = index.search("临食救助", &Filters::default(), 5).unwrap();
    assert!(found.corrected || found.hits.iter().any(|hit| hit.title == "临时救助"));
}

#[test]
fn nonsense_finds_nothing_and_breaks_nothing() {
    let index = index();
    for text in ["", "   ", "。。。", "!!!", "(", "\"", "a:b AND (", "\u{0}", "龘龘龘靐齉", "的了吗", "🙂🙂"] {
        let found = index.search(text, &Filters::default(), 10).unwrap();
        assert_eq!(found.total, 0, "{text}: {:?}", found.hits);
    }
    let long = "社".repeat(100_000);
    index.search(&long, &Filters::default(), 10).unwrap();
}

#[test]
fn filters_narrow_and_do_not_reorder() {
    let index = index();
    let filters = Filters { dept: Some("区民政局".into()), ..Filters::default() };
    let found = index.search("救助", &filters, 50).unwrap();
    assert!(found.total > 0 && found.hits.len() == found.total);
    assert!(found.hits.iter().all(|hit| hit.snippet.contains("区民政局")));
    assert_eq!(index.search("救助", &Filters::kind("kb"), 5).unwrap().total, 0);
}

#[test]
fn aliases_and_weights_count() {
    let index = index();
    let base = Doc { kind: "item".into(), title: "食品(含保健食品)经营许可核发".into(), weight: 1.0, ..Doc::default() };
    index
        .put(&[
            Doc { id: 9001, aliases: vec!["串串店开业证".into()], ..base.clone() },
            Doc { id: 9002, aliases: vec!["串串店开业证".into()], weight: 3.0, ..base },
        ])
        .unwrap();
    index.commit("").unwrap();
    let ids: Vec<i64> = index.search("串串店", &Filters::default(), 2).unwrap().hits.iter().map(|hit| hit.id).collect();
    assert_eq!(ids, [9002, 9001]);
}

#[test]
fn replaced_removed_and_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let doc = Doc { kind: "item".into(), id: 1, title: "养蜂证申领".into(), url: "/items/1".into(), ..Doc::default() };
    {
        let index = Index::open(dir.path()).unwrap();
        assert_eq!(index.position().unwrap(), None);
        index.put(std::slice::from_ref(&doc)).unwrap();
        index.put(&[Doc { title: "养蜂证换证".into(), ..doc.clone() }]).unwrap();
        assert!(index.is_empty(), "提交前看不到");
        index.commit("lane0=7").unwrap();
        assert_eq!(index.len(), 1);
    }
    let index = Index::open(dir.path()).unwrap();
    assert_eq!(index.position().unwrap().as_deref(), Some("lane0=7"));
    assert_eq!(titles(&index, "养蜜蜂", 5), ["养蜂证换证"]);
    index.remove("item", 1).unwrap();
    index.commit("lane0=8").unwrap();
    assert_eq!(index.len(), 0);
    index.put(&[doc]).unwrap();
    index.clear().unwrap();
    index.commit("").unwrap();
    assert!(index.is_empty());
}

/// 十万份文档里的查询耗时；不计入平时的测试：`cargo test --release -- --ignored`。
#[test]
#[ignore = "量速度用"]
fn a_hundred_thousand_documents() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let real = real_items();
    for round in 0..89_i64 {
        let batch: Vec<Doc> = real
            .iter()
            .map(|doc| Doc {
                id: doc.id + round * 10_000,
                title: if round == 0 { doc.title.clone() } else { format!("{}（{round}号片区）", doc.title) },
                ..doc.clone()
            })
            .collect();
        index.put(&batch).unwrap();
    }
    index.commit("").unwrap();
    let asked = ["开小吃店", "社保卡丢了", "sbk", "shebaoka", "临食救助", "登记", "企业变更登记", "养老保险", "生娃", "许可"];
    let mut took = Vec::new();
    for _ in 0..100 {
        for text in asked {
            let start = std::time::Instant::now();
            index.search(text, &Filters::default(), 20).unwrap();
            took.push((start.elapsed(), text));
        }
    }
    took.sort();
    println!("docs {}, p50 {:?}, p99 {:?}, max {:?}", index.len(), took[500], took[990], took[999]);
    assert!(took[990].0 < std::time::Duration::from_millis(10));
}
