//! 固定种子的骰子：变异要随机，也要每次一样，失败了重跑还在。

pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % most.max(1)
    }

    fn byte(&mut self) -> u8 {
        const SHARP: [u8; 8] = [0, 0x30, 0x80, 0xff, 0x7f, b'<', b'"', b'-'];
        if self.below(2) == 0 { SHARP[self.below(8)] } else { u8::try_from(self.below(256)).unwrap_or(0) }
    }

    /// 改几处：换、翻位、插、删、拼进另一份的一段、截断。
    pub fn mutate(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = seed.to_vec();
        for _ in 0..=self.below(6) {
            let (at, byte) = (self.below(out.len()), self.byte());
            match self.below(7) {
                0 | 1 if !out.is_empty() => out[at] = byte,
                2 if !out.is_empty() => out[at] ^= 1 << (byte % 8),
                3 => out.insert(at.min(out.len()), byte),
                4 if !out.is_empty() => drop(out.drain(at..(at + self.below(40)).min(out.len()))),
                5 => {
                    let from = self.below(other.len());
                    let piece = &other[from..(from + self.below(200)).min(other.len())];
                    out.splice(at..at, piece.iter().copied());
                }
                _ if self.below(4) == 0 => out.truncate(at),
                _ => {}
            }
        }
        out
    }
}
