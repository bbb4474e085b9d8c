use crate::{Ahead, KeySlab, Prefetch, Slot, StateLimit, StateStats};
use std::hash::Hash;

/// The keys of a join, each in a slot of its own.
///
/// A key of which nothing is held any more keeps its slot, as long as there are no
/// more such keys than others: it is likely to come again, and to take it out of the
/// index and to put it back is half of what a record costs. Such keys give way before
/// memory grows, and before a key is refused.
#[derive(Debug)]
pub(crate) struct JoinKeys<K> {
    slab: KeySlab<K>,
    /// How many keys have a slot and nothing else.
    idle: usize,
    /// The most keys of which something was held at once.
    most_held: usize,
    /// Where the search for an idle key goes on.
    search_from: usize,
}

/// Idle keys that are always kept.
const FEW: usize = 64;
/// Slots that are looked at for an idle key, before memory grows.
const LOOK_AT: usize = 64;

impl<K: Hash + Eq> JoinKeys<K> {
    pub(crate) fn new(limit: StateLimit) -> Self {
        Self {
            slab: KeySlab::new(limit),
            idle: 0,
            most_held: 0,
            search_from: 0,
        }
    }

    /// The slot of `key`, of which something is held from now on; a new one if need
    /// be, none when the limit is met. It may be known already where it was.
    #[inline(always)]
    pub(crate) fn slot(
        &mut self,
        known: Option<Slot>,
        key: K,
        is_idle: impl Fn(Slot) -> bool,
    ) -> Option<Slot> {
        match known {
            // A freed slot keeps its key: it must not be among the free ones.
            Some(slot) if self.slab.key(slot) == &key && !is_idle(slot) => Some(slot),
            _ => self.find_or_give(key, is_idle),
        }
    }

    #[inline(never)]
    fn find_or_give(&mut self, key: K, is_idle: impl Fn(Slot) -> bool) -> Option<Slot> {
        let slot = match self.slab.find(&key) {
            Some(slot) if is_idle(slot) => {
                self.idle -= 1;
                slot
            }
            Some(slot) => return Some(slot),
            None => self.new_slot(key, is_idle)?,
        };
        self.most_held = self.most_held.max(self.held());
        Some(slot)
    }

    #[inline(never)]
    fn new_slot(&mut self, key: K, is_idle: impl Fn(Slot) -> bool) -> Option<Slot> {
        if self.slab.is_full() && self.idle > 0 {
            self.let_an_idle_key_go(is_idle);
        }
        self.slab.slot(key).ok()
    }

    /// Frees the slot of an idle key. While there is room to grow only a few slots
    /// are looked at.
    #[cold]
    fn let_an_idle_key_go(&mut self, is_idle: impl Fn(Slot) -> bool) {
        let slots = self.slab.slots();
        let is_limit = self.slab.len() == self.slab.limit().limit();
        let most = if is_limit { slots } else { slots.min(LOOK_AT) };
        for _ in 0..most {
            if self.search_from >= slots {
                self.search_from = 0;
            }
            // All slots are in use: this is asked only when none is free.
            let slot = Slot(self.search_from as u32);
            self.search_from += 1;
            if is_idle(slot) {
                self.idle -= 1;
                self.slab.release(slot);
                return;
            }
        }
    }

    /// Nothing is held of this key any more.
    #[inline]
    pub(crate) fn let_go(&mut self, slot: Slot) {
        self.idle += 1;
        if self.idle > self.held() + FEW {
            self.idle -= 1;
            self.slab.release(slot);
        }
    }

    /// How many keys there are of which something is held.
    #[inline]
    fn held(&self) -> usize {
        self.slab.len() - self.idle
    }

    /// The slot of a key, if it has one.
    pub(crate) fn find(&self, key: &K) -> Option<Slot> {
        self.slab.find(key)
    }

    /// The key in a slot.
    #[inline]
    pub(crate) fn key(&self, slot: Slot) -> &K {
        self.slab.key(slot)
    }

    /// Asks for the memory in which the look-up of a key begins.
    #[inline]
    pub(crate) fn expect<T>(&self, record: &mut Ahead<K, T>, memory: &impl Prefetch) {
        self.slab.expect(record, memory);
    }

    /// Finds the slots of keys that were expected.
    #[inline]
    pub(crate) fn look_ahead<T>(&self, records: &mut [Ahead<K, T>], memory: &impl Prefetch) {
        self.slab.look_ahead(records, memory);
    }

    /// Bytes of memory that look-ups touch here and there.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.slab.len() * self.slab.bytes_a_key()
    }

    pub(crate) fn limit(&self) -> StateLimit {
        self.slab.limit()
    }

    /// The keys of which something is held.
    pub(crate) fn stats(&self) -> StateStats {
        StateStats {
            keys: self.held(),
            keys_high_water: self.most_held,
            ..self.slab.stats()
        }
    }
}
