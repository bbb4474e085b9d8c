use crate::state::blocks::{places, slot_at, CELLS};
use crate::state::slab::{KeySlab, StateLimit};
use std::hash::Hash;

/// Keys that are let go of in one call, give or take a block of them.
const KEYS: usize = 128;

/// Beyond so many keys only those of the last window are kept: about as many as
/// there is room for in 8 MB, with a few accumulators each. A number of keys, not
/// of bytes, so that the order of results does not depend on the size of an
/// accumulator.
const NEAR: usize = 1 << 17;

/// Blocks that are looked at in one call, if few keys in them are idle.
const BLOCKS: usize = 64;

/// How many keys are kept, and where the search goes on for those that nothing
/// holds any more.
///
/// A key keeps its slot after its last window, as long as no more keys are held
/// than memory was set aside for, or than twice those of the window that closed
/// last: keys come again, and to take one out of the index and put it back costs
/// more than to fold its records. Up to the expectation nothing is won by letting
/// go, as the memory is there; beyond it, idle keys are no more than the others.
/// They give way before memory grows, and before a key is refused.
///
/// None is kept where the state would leave the processor's cache by it. There
/// the cells of a window that lie side by side save more than its keys cost: with
/// a tenth of a million keys in each window, keeping all took a tenth longer.
///
/// The search goes around block by block, a few at a call. A key becomes idle
/// only when a pane leaves, so that after one round it rests until the next one
/// does.
#[derive(Debug)]
pub(crate) struct IdleKeys {
    expected: usize,
    /// More keys than these are searched for idle ones.
    most: usize,
    /// The block that is looked at next.
    next: usize,
    /// How many blocks of this round are still to be looked at.
    left: usize,
}

impl IdleKeys {
    pub(crate) fn new(limit: StateLimit) -> Self {
        Self {
            expected: limit.expected(),
            most: limit.expected().min(NEAR),
            next: 0,
            left: 0,
        }
    }

    /// A window has closed in which so many keys came.
    pub(crate) fn came(&mut self, keys: usize) {
        self.most = self.expected.max(2 * keys).min(NEAR).max(keys);
    }

    /// A pane has left: any of these slots may have become idle.
    pub(crate) fn left(&mut self, slots: usize) {
        self.left = slots.div_ceil(CELLS);
    }

    /// Whether more keys are held than are kept, and some of them may be idle.
    #[inline]
    pub(crate) fn is_due<K: Hash + Eq>(&self, slab: &KeySlab<K>) -> bool {
        self.left > 0 && slab.len() > self.most
    }

    /// Lets go of some idle keys, down to those that are kept.
    ///
    /// `idle` is asked which slots of a block nothing holds, of those that are
    /// in use.
    pub(crate) fn tidy<K: Hash + Eq>(
        &mut self,
        slab: &mut KeySlab<K>,
        idle: impl Fn(usize, u64) -> u64,
    ) {
        let most = self.most.max(slab.len().saturating_sub(KEYS));
        self.search(slab, most, BLOCKS, idle);
    }

    /// Whether a new key is to take the slot of an idle one, if there is any.
    #[inline]
    pub(crate) fn gives_way<K: Hash + Eq>(&self, slab: &KeySlab<K>) -> bool {
        self.left > 0 && (slab.len() >= self.most || slab.is_full())
    }

    /// Lets go of idle keys so that a new one finds a slot. At the limit all
    /// blocks are looked at, if need be; while memory may grow, only some.
    pub(crate) fn make_room<K: Hash + Eq>(
        &mut self,
        slab: &mut KeySlab<K>,
        idle: impl Fn(usize, u64) -> u64,
    ) {
        let is_limit = slab.len() == slab.limit().limit();
        // One is enough for this key; more spare those that follow the search.
        let (fewer, blocks) = match is_limit {
            true => (1, self.left),
            false => (KEYS, BLOCKS),
        };
        self.search(slab, slab.len().saturating_sub(fewer), blocks, idle);
    }

    /// Looks at so many blocks, or until only `most` keys are held.
    fn search<K: Hash + Eq>(
        &mut self,
        slab: &mut KeySlab<K>,
        most: usize,
        blocks: usize,
        idle: impl Fn(usize, u64) -> u64,
    ) {
        let all = slab.slots().div_ceil(CELLS);
        for _ in 0..blocks.min(self.left) {
            if slab.len() <= most {
                return;
            }
            self.left -= 1;
            let block = if self.next < all { self.next } else { 0 };
            self.next = block + 1;
            for cell in places(idle(block, slab.held(block))) {
                slab.release(slot_at(block, cell));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slab(expected: usize, limit: usize, keys: u32) -> (KeySlab<u32>, IdleKeys) {
        let limit = StateLimit::new(expected, limit);
        let mut slab = KeySlab::new(limit);
        for key in 0..keys {
            slab.slot(key).unwrap();
        }
        (slab, IdleKeys::new(limit))
    }

    #[test]
    fn idle_keys_are_kept_within_the_expectation_or_as_many_as_the_others() {
        for (expected, came, kept) in [(1_000, 10, 1_000), (100, 400, 800), (100, 5, 100)] {
            let (mut slab, mut idle) = slab(expected, 1 << 20, 1_000);
            idle.came(came);
            idle.left(slab.slots());
            for _ in 0..1_000 {
                let before = slab.len();
                idle.tidy(&mut slab, |_, held| held);
                assert!(before - slab.len() < KEYS + CELLS, "a call is bounded");
            }
            let fewest = kept - CELLS;
            assert!((fewest..=kept).contains(&slab.len()), "{}", slab.len());
        }
    }

    #[test]
    fn beyond_the_cache_only_those_of_the_last_window_are_kept() {
        let mut idle = IdleKeys::new(StateLimit::new(1 << 20, 1 << 20));
        for (came, most) in [(10, NEAR), (NEAR - 1, NEAR), (NEAR + 9, NEAR + 9)] {
            idle.came(came);
            assert_eq!(idle.most, most);
        }
    }

    #[test]
    fn what_is_held_stays_and_is_looked_at_once() {
        let (mut slab, mut idle) = slab(0, 200, 200);
        idle.left(slab.slots());
        idle.make_room(&mut slab, |_, _| 0);
        assert_eq!((slab.len(), idle.left), (200, 0));
        // Until a pane leaves there is nothing to be found.
        idle.make_room(&mut slab, |_, _| panic!("no block is looked at"));
        idle.left(slab.slots());
        idle.make_room(&mut slab, |block, held| match block {
            3 => held & 0b10,
            _ => 0,
        });
        assert_eq!((slab.len(), slab.find(&193)), (199, None));
    }

    #[test]
    fn free_slots_are_not_released_again() {
        let (mut slab, mut idle) = slab(0, 1 << 20, 130);
        for _ in 0..3 {
            idle.left(slab.slots());
            for _ in 0..10 {
                idle.tidy(&mut slab, |_, held| held);
            }
            assert_eq!((slab.len(), slab.slots()), (0, 130));
        }
    }
}
