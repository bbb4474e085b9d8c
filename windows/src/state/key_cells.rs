use crate::state::index::Index;
use crate::state::key_hasher::KeyHashing;
use crate::{Prefetch, TooManyKeys};
use std::collections::VecDeque;
use std::hash::Hash;
use std::mem::size_of;

/// A key and what was folded under it.
#[derive(Debug)]
struct Cell<K, Acc> {
    key: K,
    accumulator: Acc,
}

/// Results between two looks at what is left to be cleared.
const STEP: usize = 64;

/// A window's keys and accumulators: a hash slab of its own.
///
/// ```text
///   index   | print 2 . print 0 | vacant . vacant | print 1 . vacant | ..
///                   └──────┐
///   cells   [ ant 3 | bee 1 | cow 7 ]           in the order of first touch
/// ```
///
/// A look-up reads a pair of the index and then a cell, in which key and
/// accumulator lie side by side; a key that is new is pushed behind the others.
/// So a window takes memory for the keys that came in it, however many there are
/// elsewhere, and handing them out is reading memory from front to back.
///
/// Before, all windows shared one slab of keys, and each had a table of blocks of
/// 64 cells with a bit for each. Where a window saw every tenth key it touched
/// every block, and keys that came and went were put into the index and taken out
/// of it again.
#[derive(Debug)]
pub(crate) struct KeyCells<K, Acc> {
    index: Index,
    cells: Vec<Cell<K, Acc>>,
}

impl<K: Hash + Eq, Acc> KeyCells<K, Acc> {
    /// Of no window: no key is in it, and none may be put in.
    pub(crate) fn none() -> Self {
        Self {
            index: Index::with_room_for(0),
            cells: Vec::new(),
        }
    }

    /// Room for so many keys.
    pub(crate) fn with_room_for(keys: usize) -> Self {
        Self {
            index: Index::with_room_for(keys),
            cells: Vec::with_capacity(keys),
        }
    }

    /// How many keys are in it.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Bytes in which look-ups read here and there, once there are as many keys as
    /// are likely.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> usize {
        self.index.room() * (Index::BYTES_A_KEY + size_of::<Cell<K, Acc>>())
    }

    /// The number of a key's cell.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u64, key: &K) -> Option<usize> {
        if size_of::<K>() == 0 {
            // A type without a size has one value: the one key of a window over
            // a whole stream.
            return (!self.cells.is_empty()).then_some(0);
        }
        let cells = &self.cells;
        let is_same = |number| cells.get(number as usize).map(|cell| &cell.key) == Some(key);
        self.index.find(hash, is_same).map(|number| number as usize)
    }

    /// The accumulator of a key that is in it.
    #[inline(always)]
    pub(crate) fn known(&mut self, hash: u64, key: &K) -> Option<&mut Acc> {
        let number = self.find(hash, key)?;
        Some(&mut self.cells.get_mut(number)?.accumulator)
    }

    /// Asks for the memory in which a look-up begins.
    #[inline(always)]
    pub(crate) fn expect(&self, hash: u64, memory: &impl Prefetch) {
        memory.prefetch(self.index.home_of(hash));
    }

    /// Asks for the cell that a look-up most likely ends at.
    #[inline(always)]
    pub(crate) fn expect_cell(&self, hash: u64, memory: &impl Prefetch) {
        let likely = self.index.home_of(hash).likely(hash) as usize;
        if let Some(cell) = self.cells.get(likely) {
            memory.prefetch(cell);
            // Where the next one begins, this one ends: in another cache line,
            // it may be.
            if 64 % size_of::<Cell<K, Acc>>() != 0 {
                if let Some(next) = self.cells.get(likely + 1) {
                    memory.prefetch(next);
                }
            }
        }
    }

    /// The accumulator of a cell.
    #[inline(always)]
    pub(crate) fn at(&mut self, number: usize) -> &mut Acc {
        &mut self.cells[number].accumulator
    }

    /// The number of a key's cell, which is made if the key is new and there is
    /// room: as long as nothing has to grow and fewer than `limit` are there.
    #[inline(always)]
    pub(crate) fn find_or_fill(
        &mut self,
        hash: u64,
        key: K,
        limit: usize,
        create: &impl Fn() -> Acc,
    ) -> Result<usize, K> {
        let cells = &self.cells;
        let is_same = |number| cells.get(number as usize).map(|cell| &cell.key) == Some(&key);
        let gap = match self.index.find_or_gap(hash, is_same) {
            Ok(number) => return Ok(number as usize),
            Err(gap) => gap,
        };
        let number = cells.len();
        if number == cells.capacity() || number >= limit || self.index.is_full() {
            return Err(key);
        }
        // At most `MOST_KEYS` keys, so it fits.
        self.index.fill(gap, hash, number as u32);
        let accumulator = create();
        self.cells.push(Cell { key, accumulator });
        Ok(number)
    }

    /// The number of a key's cell, which is made if the key is new and fewer than
    /// `limit` are there. Says whether memory grew by it, too.
    ///
    /// # Errors
    /// [`TooManyKeys`] when there are as many.
    #[inline(always)]
    pub(crate) fn find_or_push(
        &mut self,
        hashing: &KeyHashing,
        key: K,
        limit: usize,
        create: &impl Fn() -> Acc,
    ) -> Result<(usize, bool), TooManyKeys<K>> {
        let hash = hashing.hash(&key);
        match self.find(hash, &key) {
            Some(number) => Ok((number, false)),
            None if self.len() < limit => Ok(self.push(hashing, hash, key, create())),
            None => Err(TooManyKeys { key, limit }),
        }
    }

    /// Puts a key in that is not there yet, and gives its cell a number. Says
    /// whether memory grew by it, too.
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        hashing: &KeyHashing,
        hash: u64,
        key: K,
        accumulator: Acc,
    ) -> (usize, bool) {
        let number = self.cells.len();
        let grows = number == self.cells.capacity();
        if self.index.is_full() {
            self.widen(hashing);
        }
        self.cells.push(Cell { key, accumulator });
        // At most `MOST_KEYS` keys, so it fits.
        self.index.put(hash, number as u32);
        (number, grows)
    }

    /// Twice the places for keys. Memory that is there already is used.
    #[cold]
    #[inline(never)]
    fn widen(&mut self, hashing: &KeyHashing) {
        self.index.reset(2 * self.index.room());
        for (number, cell) in self.cells.iter().enumerate() {
            self.index.put(hashing.hash(&cell.key), number as u32);
        }
    }

    /// Brings an empty one to the size that `keys` need; memory for `kept` stays.
    pub(crate) fn fit(&mut self, keys: usize, kept: usize) {
        debug_assert!(self.cells.is_empty());
        self.index.fit(keys, kept.max(keys));
        if self.cells.capacity() > 4 * kept.max(keys).max(STEP) {
            self.cells.shrink_to(kept.max(keys));
        }
        self.cells.reserve(keys);
    }

    /// Copies a cell.
    pub(crate) fn copy(&self, number: usize) -> Option<(K, Acc)>
    where
        K: Clone,
        Acc: Clone,
    {
        let cell = self.cells.get(number)?;
        Some((cell.key.clone(), cell.accumulator.clone()))
    }

    /// Begins to hand out all cells.
    pub(crate) fn leave(self) -> Leaving<K, Acc> {
        let pairs = self.index.room();
        Leaving {
            step: 0,
            cleared: 0,
            // At most a page at a step.
            pairs_a_step: (pairs <= 16 * self.cells.len())
                .then(|| (STEP * pairs).div_ceil(self.cells.len())),
            number: 0,
            index: self.index,
            cells: VecDeque::from(self.cells),
        }
    }

    /// Lets go of all cells at once.
    pub(crate) fn clear(&mut self) {
        self.cells.clear();
        let room = self.index.room();
        self.index.reset(room);
    }
}

/// Cells that are handed out in the order of first touch, and the index that is
/// cleared beside.
///
/// Where the index is not much larger than the cells, a stretch of it is cleared
/// with every few cells; else the keys are taken out one by one.
#[derive(Debug)]
pub(crate) struct Leaving<K, Acc> {
    index: Index,
    cells: VecDeque<Cell<K, Acc>>,
    /// Cells until the index is seen to again.
    step: usize,
    /// Pairs that are vacant again, from the first one on.
    cleared: usize,
    /// Pairs that are cleared at each step; none: by key.
    pairs_a_step: Option<usize>,
    /// The number of the next cell that is taken out by key.
    number: usize,
}

impl<K: Hash + Eq, Acc> Leaving<K, Acc> {
    /// The next cell.
    #[inline(always)]
    pub(crate) fn next(&mut self, hashing: &KeyHashing) -> Option<(K, Acc)> {
        if self.step == 0 {
            self.clear_some(hashing);
        }
        self.step -= 1;
        let cell = self.cells.pop_front()?;
        Some((cell.key, cell.accumulator))
    }

    /// Clears what belongs to the next cells.
    #[inline(never)]
    fn clear_some(&mut self, hashing: &KeyHashing) {
        self.step = STEP;
        match self.pairs_a_step {
            Some(pairs) => {
                self.index.clear(self.cleared, pairs);
                self.cleared += pairs;
            }
            None => {
                let next = self.cells.len().min(STEP);
                for cell in self.cells.range(..next) {
                    self.index
                        .remove(hashing.hash(&cell.key), self.number as u32);
                    self.number += 1;
                }
            }
        }
    }

    /// All cells were handed out: the memory, to be used again.
    pub(crate) fn emptied(mut self, hashing: &KeyHashing) -> KeyCells<K, Acc> {
        while !self.cells.is_empty() {
            self.next(hashing);
        }
        if self.pairs_a_step.is_some() {
            self.index.clear(self.cleared, usize::MAX);
            self.index.cleared();
        }
        KeyCells {
            index: self.index,
            cells: Vec::from(self.cells),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(
        hashing: &KeyHashing,
        mut cells: KeyCells<u32, u32>,
        keys: std::ops::Range<u32>,
    ) -> KeyCells<u32, u32> {
        for round in 0..2 {
            for key in keys.clone() {
                let (number, _) = cells
                    .find_or_push(hashing, key, 1 << 20, &|| 7)
                    .expect("there is room");
                assert_eq!(number, (key - keys.start) as usize);
                *cells.at(number) += 1;
                assert_eq!(*cells.at(number), 8 + round);
            }
        }
        cells
    }

    /// Whether the index is as large as it is new, and not the keys, or the other
    /// way round: what comes out is right, and nothing is left behind.
    #[test]
    fn all_come_out_in_the_order_of_first_touch_and_leave_nothing_behind() {
        let hashing = KeyHashing::new(Some(3));
        for (room, keys) in [
            (0, 0),
            (0, 1),
            (0, 1_000),
            (100, 130),
            (5_000, 3),
            (5_000, 400),
        ] {
            let mut cells = KeyCells::with_room_for(room);
            for round in 0..3 {
                let first = round * 1_000;
                cells = filled(&hashing, cells, first..first + keys);
                let mut leaving = cells.leave();
                for key in first..first + keys {
                    assert_eq!(leaving.next(&hashing), Some((key, 9)));
                }
                assert_eq!(leaving.next(&hashing), None);
                cells = leaving.emptied(&hashing);
                let room = cells.index.room();
                assert_eq!(
                    cells.index,
                    Index::with_room_for(room),
                    "{room}, {keys} keys"
                );
            }
        }
    }

    #[test]
    fn a_step_clears_at_most_a_few_pages() {
        for (room, keys) in [(0, 1_000), (5_000, 400), (5_000, 320), (1 << 20, 70_000)] {
            let hashing = KeyHashing::new(Some(3));
            let cells = filled(&hashing, KeyCells::with_room_for(room), 0..keys);
            let pairs = cells.index.room();
            let leaving = cells.leave();
            let a_step = leaving.pairs_a_step.unwrap_or(0);
            assert!(
                a_step <= 16 * STEP,
                "{a_step} of {pairs} pairs, {keys} keys"
            );
            let steps = (keys as usize).div_ceil(STEP);
            assert!(a_step == 0 || a_step * steps >= pairs);
        }
    }

    #[test]
    fn at_its_limit_it_gives_the_key_back() {
        let hashing = KeyHashing::new(None);
        let mut cells = KeyCells::none();
        for (key, fits) in [("a", true), ("b", true), ("c", false), ("a", true)] {
            let found = cells.find_or_push(&hashing, key, 2, &|| 0);
            assert_eq!(found.is_ok(), fits, "{key}");
            if let Err(refused) = found {
                assert_eq!((refused.key, refused.limit), (key, 2));
            }
        }
    }

    #[test]
    fn it_shrinks_to_what_is_kept_and_grows_to_what_is_asked_for() {
        let hashing = KeyHashing::new(None);
        let burst = filled(&hashing, KeyCells::none(), 0..10_000);
        let mut cells = burst.leave().emptied(&hashing);
        assert_eq!(cells.index.room(), 16_384);
        cells.fit(10, 10_000);
        assert_eq!(cells.index.room(), 16);
        assert!(cells.cells.capacity() >= 10_000);
        cells.fit(10, 10);
        assert!(
            cells.cells.capacity() <= 64,
            "what a burst took is given back"
        );
        cells.fit(3_000, 10);
        assert_eq!(cells.index, Index::with_room_for(3_000));
        assert!(cells.cells.capacity() >= 3_000);
    }
}
