use crate::state::blocks::CELLS;
use crate::state::free_slots::FreeSlots;
use crate::state::index::Index;
use crate::state::key_hasher::KeyHashing;
use crate::{Ahead, Prefetch};
use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::mem::size_of;

/// The dense number of a key: an index into every pane of the same arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub(crate) u32);

impl Slot {
    /// None: no arena has as many slots.
    pub(crate) const NONE: Self = Self(u32::MAX);

    /// The slot as an index.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many keys an arena is made for, and how many it may ever hold at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateLimit {
    expected: usize,
    limit: usize,
    pub(crate) hash_seed: Option<u64>,
}

impl StateLimit {
    /// The largest limit that slots can number: 2^30 keys.
    pub const MOST_KEYS: usize = 1 << 30;

    /// Room for `expected` keys from the start, never more than `limit`.
    ///
    /// Both are brought into range: the limit into `1..=MOST_KEYS`, the
    /// expectation to at most the limit.
    pub fn new(expected: usize, limit: usize) -> Self {
        let limit = limit.clamp(1, Self::MOST_KEYS);
        Self {
            expected: expected.min(limit),
            limit,
            hash_seed: None,
        }
    }

    /// Hashes keys by this seed, in place of one drawn at random: the same work in
    /// every run, for measurements and tests. Against a seed that is known, keys
    /// from outside can be chosen to collide.
    pub fn with_hash_seed(self, seed: u64) -> Self {
        Self {
            hash_seed: Some(seed),
            ..self
        }
    }

    /// Keys for which memory is set aside at the start.
    pub fn expected(&self) -> usize {
        self.expected
    }

    /// Keys that may be held at once.
    pub fn limit(&self) -> usize {
        self.limit
    }
}

/// What an arena holds, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateStats {
    /// Keys held now. Tumbling windows count a key in each window that holds it;
    /// where panes share slots, these are all that have one: a key keeps its own
    /// for a while after its last window, as it may come again, and gives way when
    /// another one needs it.
    pub keys: usize,
    /// The most keys ever held at once.
    pub keys_high_water: usize,
    /// How often the arena outgrew the memory set aside for it.
    pub grown: u64,
    /// Panes open now.
    pub panes: usize,
}

/// The arena holds as many keys as it may; here is the one that did not fit.
#[derive(Debug)]
pub struct TooManyKeys<K> {
    /// The key, given back.
    pub key: K,
    /// The limit that was met.
    pub limit: usize,
}

impl<K> fmt::Display for TooManyKeys<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the state holds its limit of {} keys", self.limit)
    }
}

/// Keys, each in a slot of its own: dense, preallocated, recycled.
///
/// Slots are handed out from those that were freed (the lowest first), else in order,
/// so a slab of `n` keys uses the slots below its high-water mark. Hashing is
/// seeded, at random unless [told otherwise](StateLimit::with_hash_seed); nothing
/// but the time it takes depends on the seed.
///
/// A freed slot keeps its key's memory until the slot is used again.
///
/// # Invariants
/// - every slot below `keys.len()` is either free or indexed under its key;
/// - `keys.len() - free.len()` keys are live, at most `limit`.
#[derive(Debug)]
pub struct KeySlab<K> {
    hashing: KeyHashing,
    index: Index,
    keys: Vec<K>,
    free: FreeSlots,
    limit: StateLimit,
    high_water: usize,
    grown: u64,
    released: u64,
}

/// For how many keys the index has room from the start, if so many are expected:
/// for twice as many, as long as that is no more than a megabyte. Half full, one
/// look-up in eight has to go on from the pair where it begins, a quarter full one
/// in thirty; and whether one has to, no processor foresees.
fn room_in_index(expected: usize) -> usize {
    const NEAR: usize = 1 << 15;
    match expected {
        ..=NEAR => 2 * expected,
        _ => expected,
    }
}

impl<K: Hash + Eq> KeySlab<K> {
    /// An empty slab, its memory set aside as `limit` says.
    pub fn new(limit: StateLimit) -> Self {
        Self {
            hashing: KeyHashing::new(limit.hash_seed),
            index: Index::with_room_for(room_in_index(limit.expected)),
            keys: Vec::with_capacity(limit.expected),
            free: FreeSlots::with_room_for(limit.expected),
            limit,
            high_water: 0,
            grown: 0,
            released: 0,
        }
    }

    #[inline]
    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hashing.hash(key)
    }

    /// The slot of `key`, which is given one if it has none.
    ///
    /// # Errors
    /// [`TooManyKeys`] with the key when it is new and the limit is met.
    #[inline]
    pub fn slot(&mut self, key: K) -> Result<Slot, TooManyKeys<K>> {
        let hash = self.hash(&key);
        let keys = &self.keys;
        match self
            .index
            .find(hash, |slot| keys.get(slot as usize) == Some(&key))
        {
            Some(slot) => Ok(Slot(slot)),
            None => self.insert(hash, key),
        }
    }

    /// The slot of `key`, if it has one.
    #[inline(always)]
    pub fn find(&self, key: &K) -> Option<Slot> {
        self.find_by(key)
    }

    /// The slot of the key that borrows as `part`, if it has one.
    #[inline(always)]
    pub(crate) fn find_by<Q: Hash + Eq>(&self, part: &Q) -> Option<Slot>
    where
        K: Borrow<Q>,
    {
        if size_of::<K>() == 0 {
            // A type without a size has one value: the one key of a window over
            // a whole stream.
            return (!self.is_empty()).then_some(Slot(0));
        }
        let keys = &self.keys;
        self.index
            .find(self.hash(part), |slot| {
                keys.get(slot as usize).map(Borrow::borrow) == Some(part)
            })
            .map(Slot)
    }

    /// The slot of `key`; or its hash, for [`insert`](Self::insert), if it has none.
    #[inline(always)]
    pub(crate) fn find_or_hash(&self, key: &K) -> Result<Slot, u64> {
        let hash = self.hash(key);
        let is_same = |slot: u32| self.keys.get(slot as usize) == Some(key);
        self.index.find(hash, is_same).map(Slot).ok_or(hash)
    }

    /// Asks for the memory in which the look-up of a key begins.
    #[inline(always)]
    pub(crate) fn expect<Q: Hash, T>(&self, record: &mut Ahead<Q, T>, memory: &impl Prefetch) {
        record.hash = self.hash(&record.key);
        memory.prefetch(self.index.home_of(record.hash));
    }

    /// Finds the slots of many keys, which are [expected](Self::expect).
    #[inline(always)]
    pub(crate) fn look_ahead<Q: Eq, T>(&self, records: &mut [Ahead<Q, T>], memory: &impl Prefetch)
    where
        K: Borrow<Q>,
    {
        for record in &mut *records {
            let likely = self.index.home_of(record.hash).likely(record.hash);
            if let Some(key) = self.keys.get(likely as usize) {
                memory.prefetch(key);
            }
        }
        for record in records {
            let found = self.index.find(record.hash, |slot| {
                self.keys.get(slot as usize).map(Borrow::borrow) == Some(&record.key)
            });
            record.slot = found.map_or(Slot::NONE, Slot);
        }
    }

    /// A slot for a key that has none, and its hash.
    #[inline(never)]
    pub(crate) fn insert(&mut self, hash: u64, key: K) -> Result<Slot, TooManyKeys<K>> {
        if self.len() == self.limit.limit {
            return Err(TooManyKeys {
                key,
                limit: self.limit.limit,
            });
        }
        let slot = match self.free.pop() {
            Some(slot) => {
                self.keys[slot as usize] = key;
                slot
            }
            None => {
                self.grown += u64::from(self.keys.len() == self.keys.capacity());
                self.keys.push(key);
                // At most `MOST_KEYS` keys are live, so it fits.
                (self.keys.len() - 1) as u32
            }
        };
        self.grown += u64::from(self.index.insert(hash, slot));
        self.high_water = self.high_water.max(self.len());
        Ok(Slot(slot))
    }

    /// Frees a slot that is in use; its key is unknown from here on.
    pub fn release(&mut self, slot: Slot) {
        let hash = self.hash(&self.keys[slot.index()]);
        self.index.remove(hash, slot.0);
        self.released += 1;
        self.free.push(slot.0);
    }

    /// The key in `slot`: the one it was handed out for, or the last one before
    /// it was freed.
    #[inline]
    pub fn key(&self, slot: Slot) -> &K {
        &self.keys[slot.index()]
    }

    /// The key in `slot`, to change what neither its hash nor its equality knows.
    #[inline]
    pub(crate) fn key_mut(&mut self, slot: Slot) -> &mut K {
        &mut self.keys[slot.index()]
    }

    /// How many keys are held.
    pub fn len(&self) -> usize {
        self.keys.len() - self.free.len()
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the next new key is refused, or makes the memory for keys grow.
    pub(crate) fn is_full(&self) -> bool {
        let has_room = self.free.len() > 0 || self.keys.len() < self.keys.capacity();
        self.len() == self.limit.limit || !has_room
    }

    /// How many slots were ever in use at once: all slots are below.
    pub fn slots(&self) -> usize {
        self.keys.len()
    }

    /// The slots of a block of 64 that are in use, a bit each.
    pub(crate) fn held(&self, block: usize) -> u64 {
        let slots = self.keys.len().saturating_sub(block * CELLS);
        let all = match slots < CELLS {
            true => (1 << slots) - 1,
            false => u64::MAX,
        };
        all & !self.free.among(block)
    }

    /// How many slots were ever freed: as long as it stays, every key keeps its.
    #[inline(always)]
    pub(crate) fn released(&self) -> u64 {
        self.released
    }

    /// Bytes of memory that look-ups of a key may touch.
    #[inline(always)]
    pub(crate) const fn bytes_a_key(&self) -> usize {
        Index::BYTES_A_KEY + size_of::<K>()
    }

    /// The configured limit.
    pub fn limit(&self) -> StateLimit {
        self.limit
    }

    /// What the slab holds; it knows of no panes.
    pub fn stats(&self) -> StateStats {
        StateStats {
            keys: self.len(),
            keys_high_water: self.high_water,
            grown: self.grown,
            panes: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_its_slot_until_it_is_released() {
        let mut slab = KeySlab::new(StateLimit::new(4, 100));
        let a = slab.slot("a").unwrap();
        let b = slab.slot("b").unwrap();
        assert_ne!(a, b);
        assert_eq!(slab.slot("a").unwrap(), a);
        slab.release(a);
        assert_eq!(slab.find(&"a"), None);
        assert_eq!(slab.slot("c").unwrap(), a, "the slot is used again");
        assert_eq!(slab.key(a), &"c");
        assert_eq!(slab.find(&"b"), Some(b));
        assert_eq!(slab.len(), 2);
    }

    #[test]
    fn the_limit_gives_the_key_back() {
        let mut slab = KeySlab::new(StateLimit::new(10, 2));
        let first = slab.slot(1).unwrap();
        slab.slot(2).unwrap();
        let refused = slab.slot(3).unwrap_err();
        assert_eq!((refused.key, refused.limit), (3, 2));
        assert!(slab.slot(2).is_ok(), "keys that are held are still found");
        slab.release(first);
        assert!(slab.slot(3).is_ok());
    }

    #[test]
    fn growth_is_counted_and_does_not_happen_within_the_expectation() {
        let mut slab = KeySlab::new(StateLimit::new(1_000, 10_000));
        for key in 0..1_000 {
            slab.slot(key).unwrap();
        }
        assert_eq!(slab.stats().grown, 0);
        for key in 0..5_000 {
            slab.slot(key).unwrap();
        }
        assert!(slab.stats().grown > 0);
        assert_eq!(slab.stats().keys_high_water, 5_000);
    }

    #[test]
    fn regular_keys_do_not_crowd() {
        // `id << 40` is the family on which a bare multiplicative hash collapses.
        let mut slab = KeySlab::new(StateLimit::new(65_536, 65_536));
        for id in 0..65_536u64 {
            slab.slot(id << 40).unwrap();
        }
        assert_eq!(slab.len(), 65_536);
    }
}
