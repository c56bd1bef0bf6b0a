//! 量速度与扛不扛得住：`cargo run --release -p tongban-ofd --example measure`。
//!
//! 打印签与验的速率（对照裸 SM2）、一份完整证照的用时、翻遍每个字节与一万次变异的结果。
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../tests/demo/mod.rs"]
mod demo;

use std::sync::Arc;
use std::time::{Duration, Instant};

use demo::{NOW, at, key};
use sm2::dsa::SigningKey;
use sm2::dsa::signature::{Signer, Verifier};
use sm2::pkcs8::DecodePrivateKey;
use tongban_documents::paper::{Mark, Paper};
use tongban_gm::SecretKey;
use tongban_gm::ses::{SignatureRequest, sign, verify_signature};
use tongban_ofd::subset::Subsetter;
use tongban_ofd::{Document, Package, Placed, Template, verify};

/// 同一把私钥，直接用 `sm2` 库。
fn bare(key: &SecretKey) -> SigningKey {
    let secret = sm2::SecretKey::from_pkcs8_der(&key.to_pkcs8().unwrap()).unwrap();
    SigningKey::new("1234567812345678", &secret).unwrap()
}

/// 本线程用掉的处理器时间；没有 `/proc` 的机器按钟表算。机器再忙，被挤掉的时间也不算在内。
fn spent(since: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = text.as_deref().and_then(|text| text.split(' ').next()).and_then(|first| first.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// 做到用掉这么多处理器时间为止，回做了几次、用了多少。
fn run(work: &mut impl FnMut(), most: Duration) -> (u32, Duration) {
    let clock = Instant::now();
    let (began, mut count) = (spent(clock), 0);
    loop {
        work();
        count += 1;
        let took = spent(clock).saturating_sub(began);
        if took >= most {
            return (count, took);
        }
    }
}

/// 用掉一秒处理器时间，回每秒多少次。
fn rate(mut work: impl FnMut()) -> f64 {
    work();
    let (count, took) = run(&mut work, Duration::from_secs(1));
    f64::from(count) / took.as_secs_f64()
}

/// 两件事一小段一小段交替着量，回各自每秒（处理器时间）多少次。
fn together(mut one: impl FnMut(), mut two: impl FnMut()) -> (f64, f64) {
    const SLICE: Duration = Duration::from_millis(50);
    let mut sums = [(0, Duration::ZERO); 2];
    for _ in 0..20 {
        for (n, (count, took)) in [run(&mut one, SLICE), run(&mut two, SLICE)].into_iter().enumerate() {
            sums[n] = (sums[n].0 + count, sums[n].1 + took);
        }
    }
    let rate = |(count, took): (u32, Duration)| f64::from(count) / took.as_secs_f64();
    (rate(sums[0]), rate(sums[1]))
}

fn main() {
    let demo = demo::demo();
    // 与签章内容一样大：SM3 的那一份两边都要算
    let message = vec![7_u8; demo.esl.len() + 120];
    let secret = key(demo::SIGNER);
    let raw = bare(&secret);
    let signed = raw.sign(&message);
    let request = SignatureRequest::over(&demo.esl, b"xml", "/Doc_0/Signs/Sign_0/Signature.xml", at("2026-11-23T07:00:00Z"));
    let value = sign(&request, &demo.signer, &secret).unwrap();
    let (raw_sign, ses_sign) = together(|| drop(Box::new(raw.sign(&message))), || drop(sign(&request, &demo.signer, &secret).unwrap()));
    let (raw_verify, ses_verify) = together(
        || assert!(raw.verifying_key().verify(&message, &signed).is_ok()),
        || assert!(verify_signature(&value, b"xml", &demo.trust, at(NOW)).conclusion.is_valid()),
    );
    println!("裸 sm2 库（{} 字节，同一进程，交替着量）　签 {raw_sign:.0}/秒　验 {raw_verify:.0}/秒", message.len());
    println!("签章层　签 {ses_sign:.0}/秒（裸的 {:.0} %，要求 ≥ 90）　验 {ses_verify:.0}/秒，一次验两个签名（裸的 {:.0} %，要求 ≥ 90）", 100.0 * ses_sign / raw_sign, 200.0 * ses_verify / raw_verify);
    let fonts = Subsetter::shared().unwrap();
    let paper = demo::paper();
    let template = under(&paper);
    let whole = rate(|| drop(licence(&demo, &paper, &template, fonts)));
    println!("整份证照（排值、组包、签、压缩；底与子集缓存命中）　{whole:.0}/秒 = {:.2} 毫秒（要求 ≤ 1.5）", 1000.0 / whole);
    let (document, _) = split(&paper, &template);
    let plain = rate(|| drop(document.package(fonts).unwrap().to_bytes()));
    println!("　　其中组包压缩 {:.3} 毫秒、裸签 {:.3} 毫秒", 1000.0 / plain, 1000.0 / raw_sign);
    let whole = rate(|| drop(demo.sealed().to_bytes()));
    println!("整份公文（没有底，全排）　{whole:.0}/秒 = {:.2} 毫秒", 1000.0 / whole);
    let lay = rate(|| drop(demo::document(&paper)));
    let (document, _) = demo::document(&paper);
    let pack = rate(|| drop(document.package(fonts).unwrap()));
    println!("　　其中排版 {:.3} 毫秒、组包 {:.3} 毫秒", 1000.0 / lay, 1000.0 / pack);
    let bytes = demo.sealed().to_bytes();
    let check = rate(|| assert!(verify(&bytes, &demo.trust, at(NOW)).conclusion.is_valid()));
    println!("整份验证　{check:.0}/秒 = {:.2} 毫秒；文件 {} 字节", 1000.0 / check, bytes.len());
    let letters = |n: u32| (0..60).filter_map(|k| char::from_u32(0x4e00 + n * 61 % 1500 + k * 7)).collect();
    let mut n = 0;
    let cold = rate(|| {
        n += 1;
        let _ = fonts.subset(&letters(n));
    });
    println!("未命中的子集（约 60 字）　{:.2} 毫秒", 1000.0 / cold);
    flips(&demo, &bytes);
    mutations(&demo, &bytes);
}

/// 会变的：各项的值、日期、二维码；其余都是底。
fn varies(mark: &Mark) -> bool {
    match mark {
        Mark::Run(run) => ["JY25", "MAMA", "2031", "2026"].iter().any(|part| run.text.contains(part)),
        mark => matches!(mark, Mark::Blocks { .. }),
    }
}

fn under(paper: &Paper) -> Arc<Template> {
    let mut sheet = demo::document(paper).0.pages.remove(0).sheet;
    sheet.marks.retain(|mark| !varies(mark));
    Template::new(sheet)
}

/// 值在页上，底用现成的。
fn split(paper: &Paper, template: &Arc<Template>) -> (Document, Placed) {
    let (mut document, placed) = demo::document(paper);
    document.tags.clear();
    document.pages[0].sheet.marks.retain(varies);
    document.pages[0].template = Some(0);
    document.templates = vec![template.clone()];
    (document, placed)
}

fn licence(demo: &demo::Demo, paper: &Paper, template: &Arc<Template>, fonts: &Subsetter) -> Vec<u8> {
    let (document, placed) = split(paper, template);
    let mut package = document.package(fonts).unwrap();
    demo.stamp(&mut package, &[placed], true, at("2026-11-23T07:00:00Z"));
    package.to_bytes()
}

/// 逐个字节翻一位。
fn flips(demo: &demo::Demo, bytes: &[u8]) {
    let passed = (0..bytes.len())
        .filter(|position| {
            let mut changed = bytes.to_vec();
            changed[*position] ^= 1 << (position % 8);
            verify(&changed, &demo.trust, at(NOW)).conclusion.is_valid()
        })
        .count();
    println!("逐个翻 {} 个字节：{passed} 个没被发现", bytes.len());
}

/// 一万次变异与截断，内容与容器各半。
fn mutations(demo: &demo::Demo, bytes: &[u8]) {
    let sealed = Package::read(bytes).unwrap();
    let names: Vec<String> = sealed.entries().map(|(name, _)| name.to_owned()).collect();
    let (mut seed, mut longest, mut passed) = (88_172_645_463_325_252_u64, Duration::ZERO, 0);
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 16).unwrap_or(0) % below.max(1)
    };
    for n in 0..10_000 {
        let changed = if n % 2 == 0 {
            let mut changed = bytes.to_vec();
            let place = random(changed.len());
            if random(4) == 0 { changed.truncate(place) } else { changed[place] ^= u8::try_from(random(255)).unwrap_or(0) + 1 }
            changed
        } else {
            let (target, place, cut) = (&names[random(names.len())], random(1 << 20), random(4) == 0);
            demo::repack(&sealed, |name, data| {
                if name == target && !data.is_empty() {
                    let position = place % data.len();
                    if cut { data.truncate(position) } else { data[position] ^= 0x41 }
                }
            })
        };
        let began = Instant::now();
        passed += usize::from(verify(&changed, &demo.trust, at(NOW)).conclusion.is_valid());
        longest = longest.max(began.elapsed());
    }
    println!("一万次变异：没有恐慌，{passed} 次没被发现，最长 {longest:?}");
}
