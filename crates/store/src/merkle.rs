//! RFC 6962 形状的默克尔树，散列用 SM3；边加边算，只留对数条中间结果。

use sm3::{Digest, Sm3};

/// 正在生长的树。
#[derive(Default)]
pub(crate) struct Tree {
    /// （叶子数，散列），叶子数从大到小，都是二的幂。
    peaks: Vec<(u64, [u8; 32])>,
    leaves: i64,
}

impl Tree {
    pub(crate) fn len(&self) -> i64 {
        self.leaves
    }

    pub(crate) fn add(&mut self, leaf: &[u8]) {
        self.leaves += 1;
        let mut top = (1, hash(0, &[leaf]));
        while let Some(&(size, left)) = self.peaks.last()
            && size == top.0
        {
            self.peaks.pop();
            top = (size * 2, hash(1, &[&left, &top.1]));
        }
        self.peaks.push(top);
    }

    /// 根；空树是空串的散列。
    pub(crate) fn root(&self) -> Vec<u8> {
        let mut peaks = self.peaks.iter().rev();
        let Some(&(_, mut right)) = peaks.next() else {
            return Sm3::digest([]).to_vec();
        };
        for &(_, left) in peaks {
            right = hash(1, &[&left, &right]);
        }
        right.to_vec()
    }
}

fn hash(prefix: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut sm3 = Sm3::new();
    sm3.update([prefix]);
    parts.iter().for_each(|part| sm3.update(part));
    sm3.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 按 RFC 6962 §2.1 的递归定义直接算。
    fn by_definition(leaves: &[Vec<u8>]) -> Vec<u8> {
        match leaves {
            [] => Sm3::digest([]).to_vec(),
            [one] => hash(0, &[one]).to_vec(),
            many => {
                let split = (many.len() - 1).next_power_of_two().min(1 << (usize::BITS - 1 - (many.len() - 1).leading_zeros()));
                hash(1, &[&by_definition(&many[..split]), &by_definition(&many[split..])]).to_vec()
            }
        }
    }

    #[test]
    fn grows_to_the_same_root_as_the_definition() {
        for count in 0..70_usize {
            let leaves: Vec<Vec<u8>> = (0..count).map(|n| n.to_be_bytes().to_vec()).collect();
            let mut tree = Tree::default();
            leaves.iter().for_each(|leaf| tree.add(leaf));
            assert_eq!(tree.root(), by_definition(&leaves), "{count} 片叶子");
        }
    }
}
