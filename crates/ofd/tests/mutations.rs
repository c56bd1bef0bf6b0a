//! 规格 §11-4：一份签好的 OFD 随机改、截一万次——不恐慌、绝不误报有效、一次不到 50 毫秒、内存有界。
//!
//! 骰子的种子固定；单独一个二进制，好让计数的分配器只数这一件事。
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod demo;

use std::time::Duration;

use demo::clock::Clock;
use demo::dice::Dice;
use demo::{NOW, at, demo, without_comment};
use peak_alloc::PeakAlloc;
use tongban_gm::Trust;
use tongban_ofd::verify::{Report, verify_package};
use tongban_ofd::{Package, Part, verify, view};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// 规格的上限。
const SLOWEST: Duration = Duration::from_millis(50);
/// 验一次最多多占多少：文件本身一百来 KB，解开几百 KB。
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// 验一次，量时间与多占的内存；偶尔碰上换页、中断，超了就再跑两次取最快的。
fn measured(case: usize, once: impl Fn() -> Report) -> Report {
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let clock = Clock::start();
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        let report = once();
        let taken = HEAP.peak_usage().saturating_sub(before);
        fastest = fastest.min(clock.spent());
        assert!(taken < MOST_BYTES, "第 {case} 次多占了 {taken} 字节");
        if fastest < SLOWEST {
            return report;
        }
    }
    panic!("第 {case} 次用了 {fastest:?}");
}

fn same(package: &Package, sealed: &Package) -> bool {
    package.entries().map(|(name, part)| (name, part.data())).eq(sealed.entries().map(|(name, part)| (name, part.data())))
}

/// 敲 `count` 次：整份改、整份截、去掉容器摘要再改、只改里面一个文件，轮着来。
fn hammer(seed: u64, count: usize) {
    let demo = demo();
    let sealed = demo.sealed();
    let (whole, bare) = (sealed.to_bytes(), without_comment(&sealed));
    let names: Vec<&str> = sealed.entries().map(|(name, _)| name).collect();
    let (mut dice, trust, now): (_, &Trust, _) = (Dice(seed), &demo.trust, at(NOW));
    for case in 0..count {
        match case % 4 {
            0 => {
                let bytes = dice.mutate(&whole, &bare);
                let report = measured(case, || verify(&bytes, trust, now));
                assert!(bytes == whole || !report.conclusion.is_valid(), "第 {case} 次：改过还有效");
            }
            1 => {
                let bytes = &whole[..dice.below(whole.len())];
                assert!(!measured(case, || verify(bytes, trust, now)).conclusion.is_valid(), "第 {case} 次：截过还有效");
            }
            2 => {
                // 没有容器摘要，时间戳一类的字节改了可以仍然有效，内容必须原样
                let bytes = dice.mutate(&bare, &whole);
                let report = measured(case, || verify(&bytes, trust, now));
                assert!(!report.conclusion.is_valid() || Package::read(&bytes).is_ok_and(|package| same(&package, &sealed)), "第 {case} 次");
            }
            _ => {
                let (name, other) = (names[dice.below(names.len())], names[dice.below(names.len())]);
                let original = sealed.get(name).unwrap().data();
                let changed = dice.mutate(original, sealed.get(other).unwrap().data());
                let mut package = sealed.clone();
                package.put(name, Part::new(changed.as_slice()));
                let report = measured(case, || verify_package(&package, trust, now));
                assert!(changed == original || !report.conclusion.is_valid(), "第 {case} 次：{name} 改过还有效");
                if case % 32 == 3 {
                    let _ = view::svg(&package, 0, &report.signatures, None);
                }
            }
        }
    }
}

// 分成四份：一个用例占一个进程，两核的机器也跑得开
#[test]
fn ten_thousand_mutations_first() {
    hammer(0x9e37_79b9_7f4a_7c15, 2_500);
}

#[test]
fn ten_thousand_mutations_second() {
    hammer(0x2545_f491_4f6c_dd1d, 2_500);
}

#[test]
fn ten_thousand_mutations_third() {
    hammer(0xd1b5_4a32_d192_ed03, 2_500);
}

#[test]
fn ten_thousand_mutations_fourth() {
    hammer(0xaef1_7502_b3a8_91c5, 2_500);
}
