/// An open-addressing index from hashes to slots, in buckets with tags.
///
/// A bucket is half a cache line: six slots, and before them a tag (one byte of
/// the hash) for each, so that one word says which of the six are worth a look.
///
/// ```text
///   tags  [ t0 | t1 | t2 | t3 | t4 | t5 |  passed  ]       one u64; 0: empty
///   slots [ s0 | s1 | s2 | s3 | s4 | s5 ]                  six u32
/// ```
///
/// A key lies in its home bucket, or if that is full in the next one with room;
/// every bucket that it passed counts it. A look-up goes on only while that
/// count is not zero, so deleting leaves no marks behind: it takes the counts
/// back. (The counts are those of F14, Bronson and Shi, Facebook 2019.)
///
/// Measured against linear probing over `tag | slot` words at a load of 5/8, on
/// W2 (10,000 keys in cache): what costs there is not memory but the
/// mispredicted end of a probe, which here comes in one look-up of thirty.
#[derive(Debug)]
pub(crate) struct Index {
    buckets: Vec<Bucket>,
    used: usize,
}

#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(crate) struct Bucket {
    tags: u64,
    slots: [u32; SLOTS],
}

const SLOTS: usize = 6;
/// What an empty place holds. Its tag may be taken for a match: then it must not
/// name the slot of a key that was removed.
const NO_SLOT: u32 = u32::MAX;
/// How many of them are in use on average, at the most.
const FILLED: usize = 4;
const SMALLEST: usize = 4;
/// The lowest and the highest bit of each tag.
const LOWS: u64 = 0x0000_0101_0101_0101;
const HIGHS: u64 = 0x0000_8080_8080_8080;
/// The bytes that are no tags.
const NO_TAGS: u64 = 0xFFFF_0000_0000_0000;
const PASSED_SHIFT: u32 = 48;
/// A count that has reached this stays until the index is empty or grows: it is
/// no longer exact. Only keys whose hashes are equal by the thousand get there.
const MOST_PASSED: u64 = 0xFFFF;

/// Empty.
impl Default for Bucket {
    fn default() -> Self {
        Self {
            tags: 0,
            slots: [NO_SLOT; SLOTS],
        }
    }
}

impl Bucket {
    /// A bit for each tag that may equal `tag`: the lowest one certainly does.
    #[inline]
    fn matches(&self, tag: u64) -> u64 {
        // A byte that equals the tag becomes zero, and a zero byte is what
        // subtracting one from each borrows for (Mycroft, 1987).
        let differences = (self.tags ^ (tag * LOWS)) | NO_TAGS;
        differences.wrapping_sub(LOWS) & !differences & HIGHS
    }

    /// The slot that a look-up of this hash will most likely find here; any
    /// number where it will find none.
    #[inline(always)]
    pub(crate) fn likely(&self, hash: u64) -> u32 {
        let place = self.matches(tag_of(hash)).trailing_zeros() as usize / 8;
        self.slots[place.min(SLOTS - 1)]
    }

    #[inline]
    fn passed(&self) -> u64 {
        self.tags >> PASSED_SHIFT
    }

    fn pass(&mut self) {
        if self.passed() < MOST_PASSED {
            self.tags += 1 << PASSED_SHIFT;
        }
    }

    fn take_back(&mut self) {
        if self.passed() < MOST_PASSED {
            self.tags -= 1 << PASSED_SHIFT;
        }
    }

    fn set(&mut self, place: usize, tag: u64, slot: u32) {
        let shift = 8 * place;
        self.tags = self.tags & !(0xFF << shift) | tag << shift;
        self.slots[place] = slot;
    }
}

/// The places that a word of [`Bucket::matches`] names, lowest first.
#[inline]
fn places(mut matches: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (matches != 0).then(|| matches.trailing_zeros() as usize / 8)?;
        matches &= matches - 1;
        Some(place)
    })
}

/// One byte of the hash, never zero, and never one: an empty place next to a
/// match on the tag one would read as a match itself, of slot 0 (see
/// [`Bucket::matches`]).
#[inline]
fn tag_of(hash: u64) -> u64 {
    (hash & 0xFF).max(2)
}

impl Index {
    /// On average, as it grows.
    pub(crate) const BYTES_AN_ENTRY: usize = 2 * std::mem::size_of::<Bucket>() / SLOTS;

    /// An index with room for `keys` before it grows.
    pub(crate) fn with_room_for(keys: usize) -> Self {
        let buckets = (keys / FILLED + 1).next_power_of_two().max(SMALLEST);
        Self {
            buckets: vec![Bucket::default(); buckets],
            used: 0,
        }
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        // Upper bits: the tag is made of the lower ones.
        (hash >> 32) as usize
    }

    /// The bucket in which a look-up of this hash begins.
    #[inline(always)]
    pub(crate) fn home_of(&self, hash: u64) -> &Bucket {
        &self.buckets[self.home(hash) & (self.buckets.len() - 1)]
    }

    /// The slot with this hash for which `is_same` holds. It is asked of slots
    /// with other hashes too, and of `u32::MAX`, which is none.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u64, mut is_same: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.buckets.len() - 1;
        let tag = tag_of(hash);
        let mut at = self.home(hash);
        let mut looked_at = 0;
        loop {
            let bucket = &self.buckets[at & mask];
            let mut matches = bucket.matches(tag);
            // Almost always one match, and the right one: the rest of the loop
            // is for the one look-up in fifty that is fooled by a tag.
            while matches != 0 {
                let slot = bucket.slots[matches.trailing_zeros() as usize / 8];
                if is_same(slot) {
                    return Some(slot);
                }
                matches &= matches - 1;
            }
            looked_at += 1;
            if bucket.passed() == 0 || looked_at > mask {
                return None;
            }
            at += 1;
        }
    }

    /// Adds an entry that is known to be absent; says whether the index grew.
    /// `hash_of` is asked for the hashes of slots that are in it already.
    pub(crate) fn insert(&mut self, hash: u64, slot: u32, hash_of: impl Fn(u32) -> u64) -> bool {
        let grows = self.used + 1 > self.buckets.len() * FILLED;
        if grows {
            self.grow(hash_of);
        }
        self.place(hash, slot);
        self.used += 1;
        grows
    }

    fn place(&mut self, hash: u64, slot: u32) {
        let mask = self.buckets.len() - 1;
        let mut at = self.home(hash);
        loop {
            let bucket = &mut self.buckets[at & mask];
            if let Some(place) = places(bucket.matches(0)).next() {
                bucket.set(place, tag_of(hash), slot);
                return;
            }
            bucket.pass();
            at += 1;
        }
    }

    #[cold]
    fn grow(&mut self, hash_of: impl Fn(u32) -> u64) {
        let larger = vec![Bucket::default(); self.buckets.len() * 2];
        for bucket in std::mem::replace(&mut self.buckets, larger) {
            for place in 0..SLOTS {
                if bucket.tags >> (8 * place) & 0xFF != 0 {
                    let slot = bucket.slots[place];
                    self.place(hash_of(slot), slot);
                }
            }
        }
    }

    /// Removes the entry of `slot`, which is known to have this hash.
    pub(crate) fn remove(&mut self, hash: u64, slot: u32) {
        let mask = self.buckets.len() - 1;
        let home = self.home(hash);
        let tag = tag_of(hash);
        for distance in 0..self.buckets.len() {
            let bucket = &mut self.buckets[(home + distance) & mask];
            let place = places(bucket.matches(tag)).find(|&place| bucket.slots[place] == slot);
            if let Some(place) = place {
                bucket.set(place, 0, NO_SLOT);
                self.used -= 1;
                for passed in 0..distance {
                    self.buckets[(home + passed) & mask].take_back();
                }
                if self.used == 0 && distance > 0 {
                    // Counts that were no longer exact begin anew.
                    self.buckets.fill(Bucket::default());
                }
                return;
            }
        }
        debug_assert!(false, "slot {slot} is not indexed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Hashes that crowd into few homes and few tags, so that overflow,
    /// wrap-around and false matches all happen.
    fn crowded(n: u32) -> u64 {
        u64::from(n % 7) << 32 | u64::from(n % 3)
    }

    fn spread(n: u32) -> u64 {
        u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// The place after a match is empty, and its tag differs in the lowest bit
    /// only: what borrows from byte to byte takes it for a match too.
    #[test]
    fn an_empty_place_is_never_a_match() {
        let mut index = Index::with_room_for(0);
        index.insert(1, 7, |_| 1);
        assert_eq!(index.find(1, |slot| slot == 7), Some(7));
        assert_eq!(index.find(1, |slot| slot == 0), None);
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
                        index.insert(hash(key), key + 1000, |slot| hash(slot - 1000));
                    }
                }
                if step % 500 == 0 {
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
            let alike = |_| round << 32 | 7;
            for n in 0..400 {
                index.insert(alike(n), n, alike);
            }
            assert_eq!(index.find(alike(0), |slot| slot == 399), Some(399));
            assert_eq!(index.find(alike(0), |_| false), None);
            assert_eq!(index.find((round + 1) << 32 | 7, |_| false), None);
            for n in 0..400 {
                index.remove(alike(n), n);
            }
        }
        assert!(index.buckets.iter().all(|bucket| bucket.tags == 0));
    }

    #[test]
    fn a_count_at_its_most_stays_and_look_ups_still_end() {
        let mut index = Index::with_room_for(6);
        for bucket in &mut index.buckets {
            bucket.tags = MOST_PASSED << PASSED_SHIFT;
            bucket.pass();
            bucket.take_back();
            assert_eq!(bucket.passed(), MOST_PASSED);
        }
        assert_eq!(index.find(3, |_| true), None);
        index.insert(3, 1, |_| 3);
        assert_eq!(index.find(3, |slot| slot == 1), Some(1));
    }

    #[test]
    fn emptied_it_is_as_good_as_new() {
        let mut index = Index::with_room_for(64);
        for n in 0..64 {
            index.insert(crowded(n), n, crowded);
        }
        for n in 0..64 {
            index.remove(crowded(n), n);
        }
        assert!(index.buckets.iter().all(|bucket| bucket.tags == 0));
    }

    #[test]
    fn an_empty_place_is_no_match_next_to_whatever_tag() {
        for tag in 0..=0xFF {
            let mut index = Index::with_room_for(6);
            index.insert(tag, 5, |_| tag);
            assert_eq!(index.find(tag, |slot| slot == 0), None, "tag {tag}");
        }
    }

    #[test]
    fn it_does_not_grow_before_its_room_is_used() {
        let mut index = Index::with_room_for(10_000);
        let grown = (0..10_000)
            .filter(|&n| index.insert(spread(n), n, spread))
            .count();
        assert_eq!(grown, 0);
        assert_eq!(index.buckets.len(), 4_096);
    }
}
