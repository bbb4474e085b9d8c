/// An open-addressing index from hashes to slots, looked up in pairs.
///
/// An entry is one word: 32 bits of the hash, its print, and the slot. A look-up
/// begins at the pair that the print names, and almost always ends there.
///
/// ```text
///   pairs  | print slot . print slot | print slot . vacant     | ..
///            └ home of its prints ─┘   └ what found no room there goes on here
/// ```
///
/// The pair is looked at without a branch: the second entry is taken if its
/// print fits, else the first, and the key itself, which has to be compared
/// anyway, decides. At most half of the words are used, so that one look-up in
/// ten (at most) has to go on, word by word, to the first vacant one.
///
/// The home of an entry is made of its print alone. So neither growing nor
/// removing asks for hashes again; and what stands behind an entry that is
/// removed moves up, so that nothing marks where one was (Knuth, The Art of
/// Computer Programming 3, 6.4, algorithm R).
///
/// Before, there were buckets of six slots with one byte of the hash for each
/// (the layout of F14): fewer look-ups went on, but to compare six tags in one
/// word took three times the instructions. On W2 (10,000 keys, in cache), see
/// `docs/performance.md`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pairs: Vec<Pair>,
    used: usize,
}

/// Aligned, so that no pair lies in two cache lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(16))]
pub(crate) struct Pair([u64; 2]);

impl Pair {
    /// The slot that a look-up of this hash will most likely find here; any
    /// number where it will find none.
    ///
    /// An index in place of a choice of values, which becomes a branch that is
    /// mispredicted at every fifth look-up.
    #[inline(always)]
    pub(crate) fn likely(&self, hash: u64) -> u32 {
        let Self(words) = self;
        slot_in(words[usize::from(print_in(words[1]) == print_of(hash))])
    }
}

/// A word that holds no entry. Its print may be taken for a match: then it must
/// not name the slot of any key.
const VACANT: u64 = u64::MAX;
const SMALLEST: usize = 16;

/// The part of a hash that an entry keeps: the upper half.
#[inline(always)]
fn print_of(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[inline(always)]
fn print_in(word: u64) -> u32 {
    (word >> 32) as u32
}

#[inline(always)]
fn slot_in(word: u64) -> u32 {
    word as u32
}

impl Index {
    /// For each key that there is room for.
    pub(crate) const BYTES_A_KEY: usize = std::mem::size_of::<Pair>();

    /// An index with room for `keys` before it grows.
    pub(crate) fn with_room_for(keys: usize) -> Self {
        Self::with_pairs(keys.next_power_of_two().max(SMALLEST))
    }

    /// No entries, and `pairs` (a power of two) to fill half of.
    fn with_pairs(pairs: usize) -> Self {
        Self {
            pairs: vec![Pair([VACANT; 2]); pairs],
            used: 0,
        }
    }

    /// The pair in which a look-up of this hash begins.
    #[inline(always)]
    pub(crate) fn home_of(&self, hash: u64) -> &Pair {
        &self.pairs[print_of(hash) as usize & (self.pairs.len() - 1)]
    }

    /// The slot with this hash for which `is_same` holds. It is asked of slots
    /// with other hashes too, and of `u32::MAX`, which is none.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u64, mut is_same: impl FnMut(u32) -> bool) -> Option<u32> {
        let likely = self.home_of(hash).likely(hash);
        if is_same(likely) {
            return Some(likely);
        }
        let print = print_of(hash);
        let mut at = self.home(print);
        loop {
            let word = self.word(at);
            if word == VACANT {
                return None;
            }
            if print_in(word) == print && is_same(slot_in(word)) {
                return Some(slot_in(word));
            }
            at = self.after(at);
        }
    }

    /// The slot with this hash for which `is_same` holds, or the place of the vacant
    /// word into which [`fill`](Self::fill) puts a new one.
    #[inline(always)]
    pub(crate) fn find_or_gap(
        &self,
        hash: u64,
        mut is_same: impl FnMut(u32) -> bool,
    ) -> Result<u32, usize> {
        let print = print_of(hash);
        let mut at = self.home(print);
        loop {
            let word = self.word(at);
            if word == VACANT {
                return Err(at);
            }
            if print_in(word) == print && is_same(slot_in(word)) {
                return Ok(slot_in(word));
            }
            at = self.after(at);
        }
    }

    /// Adds an entry where there is room, at a [gap](Self::find_or_gap) that was
    /// found for its hash.
    #[inline(always)]
    pub(crate) fn fill(&mut self, gap: usize, hash: u64, slot: u32) {
        self.set(gap, u64::from(print_of(hash)) << 32 | u64::from(slot));
        self.used += 1;
    }

    /// Where the first word of a print's home pair lies.
    #[inline(always)]
    fn home(&self, print: u32) -> usize {
        2 * (print as usize & (self.pairs.len() - 1))
    }

    #[inline(always)]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (2 * self.pairs.len() - 1)
    }

    #[inline(always)]
    fn word(&self, at: usize) -> u64 {
        self.pairs[at / 2].0[at % 2]
    }

    #[inline(always)]
    fn set(&mut self, at: usize, word: u64) {
        self.pairs[at / 2].0[at % 2] = word;
    }

    /// How many entries there is room for.
    #[inline(always)]
    pub(crate) fn room(&self) -> usize {
        self.pairs.len()
    }

    /// Whether the next entry needs a larger index.
    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.used == self.pairs.len()
    }

    /// Empties it, with room for `keys` from here on. What memory is there is used.
    pub(crate) fn reset(&mut self, keys: usize) {
        self.pairs.clear();
        let pairs = keys.next_power_of_two().max(SMALLEST);
        self.pairs.resize(pairs, Pair([VACANT; 2]));
        self.used = 0;
    }

    /// Brings an empty index to the size that `keys` need; memory for `kept` keys
    /// stays set aside.
    pub(crate) fn fit(&mut self, keys: usize, kept: usize) {
        debug_assert_eq!(self.used, 0);
        let pairs = keys.next_power_of_two().max(SMALLEST);
        self.pairs.resize(pairs, Pair([VACANT; 2]));
        if self.pairs.capacity() > 4 * kept.max(SMALLEST) {
            self.pairs.shrink_to(kept.next_power_of_two());
        }
    }

    /// Makes pairs vacant, whatever was in them: so many from this one on. Once
    /// all are, [`cleared`](Self::cleared) is to be told.
    pub(crate) fn clear(&mut self, from: usize, count: usize) {
        let all = self.pairs.len();
        let from = from.min(all);
        let until = from.saturating_add(count).min(all);
        self.pairs[from..until].fill(Pair([VACANT; 2]));
    }

    /// Every pair was [made vacant](Self::clear).
    pub(crate) fn cleared(&mut self) {
        self.used = 0;
    }

    /// Adds an entry that is known to be absent, where there is room.
    #[inline(always)]
    pub(crate) fn put(&mut self, hash: u64, slot: u32) {
        self.place(u64::from(print_of(hash)) << 32 | u64::from(slot));
    }

    /// Adds an entry that is known to be absent; says whether the index grew.
    pub(crate) fn insert(&mut self, hash: u64, slot: u32) -> bool {
        // As many entries as pairs are half of the words.
        let grows = self.used == self.pairs.len();
        if grows {
            self.grow();
        }
        self.place(u64::from(print_of(hash)) << 32 | u64::from(slot));
        grows
    }

    #[inline]
    fn place(&mut self, word: u64) {
        let mut at = self.home(print_in(word));
        while self.word(at) != VACANT {
            at = self.after(at);
        }
        self.set(at, word);
        self.used += 1;
    }

    #[cold]
    fn grow(&mut self) {
        let mut larger = Self::with_pairs(2 * self.pairs.len());
        for word in self.pairs.iter().flat_map(|pair| pair.0) {
            if word != VACANT {
                larger.place(word);
            }
        }
        *self = larger;
    }

    /// Removes the entry of `slot`, which is known to have this hash.
    pub(crate) fn remove(&mut self, hash: u64, slot: u32) {
        let print = print_of(hash);
        let wanted = u64::from(print) << 32 | u64::from(slot);
        let mut gap = self.home(print);
        while self.word(gap) != wanted {
            if self.word(gap) == VACANT {
                debug_assert!(false, "slot {slot} is not indexed");
                return;
            }
            gap = self.after(gap);
        }
        self.used -= 1;
        let most = 2 * self.pairs.len() - 1;
        let mut at = self.after(gap);
        while self.word(at) != VACANT {
            let home = self.home(print_in(self.word(at)));
            // It may move up to the gap unless its home lies behind the gap.
            if at.wrapping_sub(home) & most >= at.wrapping_sub(gap) & most {
                self.set(gap, self.word(at));
                gap = at;
            }
            at = self.after(at);
        }
        self.set(gap, VACANT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Hashes that crowd into few homes, so that overflow, wrap-around and
    /// equal prints all happen.
    fn crowded(n: u32) -> u64 {
        u64::from(u32::MAX - n % 7) << 32
    }

    fn spread(n: u32) -> u64 {
        u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// Every entry is found from its home on without meeting a vacant word.
    fn assert_whole(index: &Index) {
        let mut entries = 0;
        for at in 0..2 * index.pairs.len() {
            let word = index.word(at);
            if word == VACANT {
                continue;
            }
            entries += 1;
            let mut step = index.home(print_in(word));
            while step != at {
                assert_ne!(index.word(step), VACANT);
                step = index.after(step);
            }
        }
        assert_eq!(entries, index.used);
    }

    #[test]
    fn it_agrees_with_a_map_while_entries_come_and_go() {
        for hash in [crowded as fn(u32) -> u64, spread, |_| u64::MAX] {
            let mut index = Index::with_room_for(0);
            let mut oracle: HashMap<u32, u32> = HashMap::new();
            let mut random = 1u64;
            for step in 0..20_000u32 {
                random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                let key = (random >> 33) as u32 % 300;
                match oracle.remove(&key) {
                    Some(slot) => {
                        assert_eq!(index.find(hash(key), |s| s == slot), Some(slot));
                        index.remove(hash(key), slot);
                    }
                    None => {
                        oracle.insert(key, key + 1000);
                        index.insert(hash(key), key + 1000);
                    }
                }
                if step % 500 == 0 {
                    assert_whole(&index);
                    for key in 0..300 {
                        let found = index.find(hash(key), |slot| slot == key + 1000);
                        assert_eq!(found, oracle.get(&key).copied(), "step {step}");
                    }
                }
            }
            assert_eq!(index.used, oracle.len());
        }
    }

    /// Hashes all alike, as from a key whose `Hash` leaves a part out: slow, but
    /// right, and it comes to an end.
    #[test]
    fn hashes_that_are_all_alike_are_slow_and_no_trap() {
        let mut index = Index::with_room_for(0);
        for round in 0..40u64 {
            let alike = round << 32 | 7;
            for n in 0..400 {
                index.insert(alike, n);
            }
            assert_eq!(index.find(alike, |slot| slot == 399), Some(399));
            assert_eq!(index.find(alike, |_| false), None);
            assert_eq!(index.find((round + 1) << 32 | 7, |_| false), None);
            for n in 0..400 {
                index.remove(alike, n);
            }
        }
        assert_eq!(index.used, 0);
        assert_whole(&index);
    }

    #[test]
    fn emptied_it_is_as_good_as_new() {
        let mut index = Index::with_room_for(64);
        let new = index.pairs.clone();
        for n in 0..64 {
            index.insert(crowded(n), n);
        }
        for n in 0..64 {
            index.remove(crowded(n), n);
        }
        assert_eq!(index.pairs, new);
    }

    #[test]
    fn a_vacant_word_is_no_slot_of_whatever_print() {
        let mut index = Index::with_room_for(6);
        for print in [0, 1, u64::from(u32::MAX)] {
            assert_eq!(index.find(print << 32, |slot| slot < u32::MAX), None);
            index.insert(print << 32, 5);
            assert_eq!(index.find(print << 32, |slot| slot == 5), Some(5));
            assert_eq!(index.find(print << 32, |slot| slot == 0), None);
        }
    }

    #[test]
    fn it_does_not_grow_before_its_room_is_used() {
        let mut index = Index::with_room_for(10_000);
        let grown = (0..10_000).filter(|&n| index.insert(spread(n), n)).count();
        assert_eq!(grown, 0);
        assert_eq!(index.pairs.len(), 16_384);
    }
}
