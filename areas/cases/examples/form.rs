//! 量申报表：200 个字段（各种控件轮着来）变成页面上的输入框，报 p50 与 p99。
//!
//! `cargo run --release -p tongban-cases --example form`
#![allow(clippy::print_stdout, reason = "量速度的小程序")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tongban_cases::model::{Choice, Field, FieldKind};
use tongban_cases::pages::apply::item_input;

const KINDS: [FieldKind; 8] = [
    FieldKind::Text,
    FieldKind::Textarea,
    FieldKind::Money,
    FieldKind::Date,
    FieldKind::Radio,
    FieldKind::Select,
    FieldKind::Checkbox,
    FieldKind::Mobile,
];

fn field(n: usize) -> Field {
    let choice = |at: usize| Choice { key: format!("c{at}"), label: format!("第 {at} 种情况"), stop: None };
    Field {
        key: format!("field_{n}"),
        label: format!("第 {n} 项要填的内容"),
        kind: KINDS[n % KINDS.len()],
        required: !n.is_multiple_of(3),
        options: (0..6).map(choice).collect(),
        hint: Some("按证件上的写法填".to_owned()),
        unit: Some("元".to_owned()),
        ..Field::default()
    }
}

fn page(fields: &[Field]) -> String {
    fields.iter().fold(String::new(), |mut html, field| {
        // 写进字符串不会失败
        let _ = write!(html, "{}", item_input(field, "已经填过的", None));
        html
    })
}

fn main() {
    let (count, turns) = (200, 2_000);
    let fields: Vec<Field> = (0..count).map(field).collect();
    let size = page(&fields).len();
    let mut took: Vec<Duration> = (0..turns)
        .map(|_| {
            let started = Instant::now();
            assert_eq!(page(&fields).len(), size);
            started.elapsed()
        })
        .collect();
    took.sort_unstable();
    println!("{count} 个字段，{size} 字节：p50 {:.3?}，p99 {:.3?}", took[turns / 2], took[turns * 99 / 100]);
}
