/// An open-addressing index from hashes to slots, with linear probing.
///
/// One entry is a `u64`: the upper half is the tag (32 bits of the hash), the
/// lower half the slot plus one; an empty entry is zero.
///
/// ```text
///   entry   [ tag: 32 bits | slot + 1: 32 bits ]
///   home of an entry = the upper bits of its tag
/// ```
///
/// So an entry knows its own home: growing and deleting (by backward shift,
/// Knuth 6.4 algorithm R) never touch a key or hash one again, and a probe that
/// passes over another key's entry compares 32 bits and not the key.
#[derive(Debug)]
pub(crate) struct Index {
    entries: Vec<u64>,
    /// `32 - log2(entries)`: what turns a tag into its home.
    shift: u32,
    used: usize,
}

const SMALLEST: usize = 16;
/// Grow beyond this load: 5/8 keeps a hit within two probes on average
/// (Knuth 6.4: `(1 + 1 / (1 - load)) / 2` = 1.8) and the index of 10,000 keys
/// at 128 KiB, inside a core's second-level cache.
const LOAD: (usize, usize) = (5, 8);

impl Index {
    /// An index with room for `keys` before it grows.
    pub(crate) fn with_room_for(keys: usize) -> Self {
        let entries = (keys.saturating_mul(LOAD.1) / LOAD.0 + 1)
            .next_power_of_two()
            .max(SMALLEST);
        Self::with_entries(entries)
    }

    fn with_entries(entries: usize) -> Self {
        Self {
            entries: vec![0; entries],
            shift: 32 - entries.trailing_zeros(),
            used: 0,
        }
    }

    #[inline]
    fn home(&self, tag: u32) -> usize {
        (tag >> self.shift) as usize
    }

    /// The slot with this tag for which `is_same` holds.
    #[inline]
    pub(crate) fn find(&self, tag: u32, mut is_same: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.entries.len() - 1;
        let mut at = self.home(tag);
        loop {
            let entry = self.entries[at & mask];
            if entry == 0 {
                return None;
            }
            if tag_of(entry) == tag && is_same(slot_of(entry)) {
                return Some(slot_of(entry));
            }
            at += 1;
        }
    }

    /// Adds an entry that is known to be absent; says whether the index grew.
    pub(crate) fn insert(&mut self, tag: u32, slot: u32) -> bool {
        let grows = (self.used + 1) * LOAD.1 > self.entries.len() * LOAD.0;
        if grows {
            self.grow();
        }
        self.place(pack(tag, slot));
        self.used += 1;
        grows
    }

    fn place(&mut self, entry: u64) {
        let mask = self.entries.len() - 1;
        let mut at = self.home(tag_of(entry));
        while self.entries[at & mask] != 0 {
            at += 1;
        }
        self.entries[at & mask] = entry;
    }

    #[cold]
    fn grow(&mut self) {
        let larger = Self::with_entries(self.entries.len() * 2);
        let smaller = std::mem::replace(self, larger);
        self.used = smaller.used;
        for entry in smaller.entries.into_iter().filter(|&entry| entry != 0) {
            self.place(entry);
        }
    }

    /// Removes the entry of `slot`, which is known to have this tag.
    pub(crate) fn remove(&mut self, tag: u32, slot: u32) {
        let mask = self.entries.len() - 1;
        let entry = pack(tag, slot);
        let mut hole = self.home(tag);
        while self.entries[hole & mask] != entry {
            debug_assert_ne!(self.entries[hole & mask], 0, "slot {slot} is not indexed");
            if self.entries[hole & mask] == 0 {
                return;
            }
            hole += 1;
        }
        hole &= mask;
        let mut next = (hole + 1) & mask;
        while self.entries[next] != 0 {
            let home = self.home(tag_of(self.entries[next]));
            let from_home = next.wrapping_sub(home) & mask;
            let from_hole = next.wrapping_sub(hole) & mask;
            if from_home >= from_hole {
                self.entries[hole] = self.entries[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.entries[hole] = 0;
        self.used -= 1;
    }
}

#[inline]
fn pack(tag: u32, slot: u32) -> u64 {
    u64::from(tag) << 32 | (u64::from(slot) + 1)
}

#[inline]
fn tag_of(entry: u64) -> u32 {
    (entry >> 32) as u32
}

/// The slot of an entry that is not empty.
#[inline]
fn slot_of(entry: u64) -> u32 {
    (entry as u32).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Tags that crowd into few homes, so that probing, wrap-around and
    /// backward shifts all happen.
    fn crowded(n: u32) -> u32 {
        n.wrapping_mul(0x9E37_79B9) | 0xFFF0_0000
    }

    #[test]
    fn it_agrees_with_a_map_while_entries_come_and_go() {
        for tag_for in [crowded as fn(u32) -> u32, |n| n << 5, |n| n.rotate_left(27)] {
            let mut index = Index::with_room_for(0);
            let mut oracle: HashMap<u32, u32> = HashMap::new();
            let mut random = 1u64;
            for step in 0..20_000u32 {
                random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                let key = (random >> 33) as u32 % 300;
                let tag = tag_for(key);
                match oracle.remove(&key) {
                    Some(slot) => {
                        assert_eq!(index.find(tag, |s| s == slot), Some(slot));
                        index.remove(tag, slot);
                    }
                    None => {
                        oracle.insert(key, key + 1000);
                        index.insert(tag, key + 1000);
                    }
                }
                if step % 500 == 0 {
                    for key in 0..300 {
                        let found = index.find(tag_for(key), |slot| slot == key + 1000);
                        assert_eq!(found, oracle.get(&key).copied(), "step {step}");
                    }
                }
            }
            assert_eq!(index.used, oracle.len());
        }
    }

    #[test]
    fn it_does_not_grow_before_its_room_is_used() {
        let mut index = Index::with_room_for(10_000);
        let grown = (0..10_000).filter(|&n| index.insert(crowded(n), n)).count();
        assert_eq!(grown, 0);
        assert_eq!(index.entries.len(), 16_384);
    }
}
