//! 没有 libFuzzer 的机器上敲打读入：`cargo run --release -p tongban-ofd --example hammer -- 120`（秒）。
//!
//! 与 `fuzz/` 里的目标敲同样的函数，从同样的种子出发，随机翻、删、插、拼、截；不恐慌，什么都不信任时绝不有效，
//! 并报最慢的一次。
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../tests/demo/mod.rs"]
mod demo;

#[path = "../../gm/fuzz/strike.rs"]
mod gm;
#[path = "../fuzz/strike.rs"]
mod strike;

use std::time::{Duration, Instant};

use demo::dice::Dice;

/// 一种读法：名字、敲一下。
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 4] = [("整份文件", strike::verify), ("一页", strike::page), ("印章与签章", gm::seal), ("证书与密钥", gm::certificate)];

/// 一个目录里的种子。
fn folder(path: &str) -> Vec<Vec<u8>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_dir(path).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(60);
    let demo = demo::demo();
    let sealed = demo.sealed();
    let texts: Vec<Vec<u8>> = sealed.entries().map(|(_, part)| part.data().to_vec()).filter(|data| data.starts_with(b"<?xml")).collect();
    let seeds: [Vec<Vec<u8>>; 4] = [
        [vec![sealed.to_bytes(), demo::without_comment(&sealed)], folder("../ofd/fuzz/seeds/verify")].concat(),
        [texts, folder("../ofd/fuzz/seeds/page")].concat(),
        folder("../gm/fuzz/seeds/seal"),
        [folder("../gm/fuzz/seeds/certificate"), vec![demo.key.to_pkcs8().unwrap().to_vec()]].concat(),
    ];
    let (mut dice, mut counts, mut slowest) = (Dice(0x9e37_79b9_7f4a_7c15), [0_u64; 4], [Duration::ZERO; 4]);
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        for (n, (_, strike)) in TARGETS.iter().enumerate() {
            let (one, two) = (dice.below(seeds[n].len()), dice.below(seeds[n].len()));
            let data = dice.mutate(&seeds[n][one], &seeds[n][two]);
            let began = Instant::now();
            strike(&data);
            slowest[n] = slowest[n].max(began.elapsed());
            counts[n] += 1;
        }
    }
    for (n, (name, _)) in TARGETS.iter().enumerate() {
        println!("{name}：{} 次，没有恐慌，没有误报有效，最慢 {:?}", counts[n], slowest[n]);
    }
}
