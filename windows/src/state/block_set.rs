/// A set of block numbers, a bit each, so that a walk over a few among many
/// passes the others 64 at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockSet {
    words: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl BlockSet {
    pub(crate) fn insert(&mut self, block: usize) {
        let word = block / BITS;
        if word >= self.words.len() {
            self.words.resize((word + 1).next_power_of_two(), 0);
        }
        self.words[word] |= 1 << (block % BITS);
    }

    pub(crate) fn remove(&mut self, block: usize) {
        if let Some(word) = self.words.get_mut(block / BITS) {
            *word &= !(1 << (block % BITS));
        }
    }

    /// The lowest member from `from` on.
    #[inline]
    pub(crate) fn next(&self, from: usize) -> Option<usize> {
        let mut word = from / BITS;
        let mut bits = self.words.get(word)? & (u64::MAX << (from % BITS));
        while bits == 0 {
            word += 1;
            bits = *self.words.get(word)?;
        }
        Some(word * BITS + bits.trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_walks_as_an_ordered_set_does() {
        let mut set = BlockSet::default();
        let mut oracle = BTreeSet::new();
        let mut random = 1u64;
        for _ in 0..3_000 {
            random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            let block = (random >> 33) as usize % 500;
            match oracle.remove(&block) {
                true => set.remove(block),
                false => {
                    oracle.insert(block);
                    set.insert(block);
                }
            }
            let from = (random >> 20) as usize % 600;
            assert_eq!(set.next(from), oracle.range(from..).next().copied());
        }
        set.remove(1_000_000);
    }
}
