use super::hot::HOT_SLICES;
use crate::blocks::{places, slot_at, Blocks, CELLS};
use crate::slab::{KeySlab, Slot, StateLimit, StateStats, TooManyKeys};
use crate::Timestamp;
use std::collections::VecDeque;
use std::hash::Hash;
use std::ops::{Range, RangeInclusive};

/// Spare blocks kept for use again; more are given back to the allocator.
const SPARE_SLICES: usize = 8;

/// The state of every key in one slice.
#[derive(Debug)]
pub(super) struct Slice<Acc> {
    pub(super) start: Timestamp,
    /// The numbers of the first and the last window that hold it.
    pub(super) first: i128,
    pub(super) last: i128,
    pub(super) cells: Blocks<Acc>,
}

/// Keys and slices: one [`KeySlab`], and for every slice in which a record lies
/// one dense array of cells over its slots.
///
/// ```text
///            joined by a window      not yet
///   slices   [ . . . . . . . . ]  [ . . . ]       ordered by their start
///              leave    stay       at hand
/// ```
///
/// A slice joins when the first window that holds it closes. From then on a
/// key's latest slice is written down, so that the key is let go when that
/// slice has left, without a look at all the others.
#[derive(Debug)]
pub(super) struct Slices<K, Acc> {
    slab: KeySlab<K>,
    /// Ordered by start. The cells of those at hand are away.
    open: VecDeque<Slice<Acc>>,
    hot: [Blocks<Acc>; HOT_SLICES],
    hot_positions: [Option<usize>; HOT_SLICES],
    spare: Vec<Blocks<Acc>>,
    /// For each slot the start of the latest slice that joined with it.
    latest: Vec<Timestamp>,
    /// A word a block: keys of the slices that left last. A key has until the
    /// next ones leave to come back, and is not freed and made again.
    recent: Vec<u64>,
    /// The start of the latest slice that has left.
    left: Timestamp,
}

impl<K: Hash + Eq + Clone, Acc> Slices<K, Acc> {
    pub(super) fn new(limit: StateLimit, create: &impl Fn() -> Acc) -> Self {
        let mut spare = Vec::with_capacity(SPARE_SLICES);
        for _ in 0..2 {
            let mut cells = Blocks::default();
            cells.extend_to(limit.expected(), create);
            spare.push(cells);
        }
        Self {
            slab: KeySlab::new(limit),
            open: VecDeque::with_capacity(16),
            hot: Default::default(),
            hot_positions: [None; HOT_SLICES],
            spare,
            latest: Vec::with_capacity(limit.expected()),
            recent: Vec::with_capacity(limit.expected().div_ceil(CELLS)),
            left: Timestamp::MIN,
        }
    }

    pub(super) fn get(&self, position: usize) -> Option<&Slice<Acc>> {
        self.open.get(position)
    }

    pub(super) fn range(&self, positions: Range<usize>) -> impl Iterator<Item = &Slice<Acc>> {
        let end = positions.end.min(self.open.len());
        self.open.range(positions.start.min(end)..end)
    }

    /// The position of the first slice for which this is false; it is true for
    /// none after that.
    pub(super) fn position(&self, is_before: impl FnMut(&Slice<Acc>) -> bool) -> usize {
        self.open.partition_point(is_before)
    }

    /// How many blocks it takes to hold every slot.
    pub(super) fn blocks(&self) -> usize {
        self.slab.slots().div_ceil(CELLS)
    }

    pub(super) fn key(&self, slot: Slot) -> &K {
        self.slab.key(slot)
    }

    /// The slot of `key`, which is given one if it has none.
    pub(super) fn slot(&mut self, key: K) -> Result<Slot, TooManyKeys<K>> {
        self.slab.slot(key)
    }

    /// Lets go of keys that nothing holds any more, though they may come back.
    /// Slices from `joined` on have not joined; none may be at hand.
    pub(super) fn release_idle_keys(&mut self, joined: usize) {
        for block in 0..self.recent.len() {
            self.release_recent(block, 0, joined);
        }
    }

    /// The start of the newest open slice.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.open.back().map(|slice| slice.start)
    }

    /// The cell of `key` in the slice at hand in this place, marked as touched,
    /// if that takes no more than finding it.
    #[inline(always)]
    pub(super) fn known_cell(&mut self, place: usize, key: &K) -> Option<&mut Acc> {
        let slot = self.slab.find(key)?;
        self.hot.get_mut(place)?.touch(slot)
    }

    /// Whether an open slice is at hand in this place.
    pub(super) fn is_at_hand(&self, place: usize) -> bool {
        self.hot_positions.get(place).is_some_and(Option::is_some)
    }

    /// The cell of `slot` in the slice at hand in this place, marked as touched.
    pub(super) fn hot_cell(
        &mut self,
        place: usize,
        slot: Slot,
        create: &impl Fn() -> Acc,
    ) -> &mut Acc {
        self.hot[place].cell(slot, create)
    }

    /// Brings the cells of the slices at hand home.
    pub(super) fn cool(&mut self) {
        for (cells, position) in self.hot.iter_mut().zip(&mut self.hot_positions) {
            if let Some(position) = position.take() {
                std::mem::swap(cells, &mut self.open[position].cells);
            }
        }
    }

    /// Puts the slice that begins at `start` at hand in this place, if it is
    /// open.
    pub(super) fn warm_if_open(&mut self, place: usize, start: Timestamp) {
        if let Ok(position) = self.find(start) {
            std::mem::swap(&mut self.hot[place], &mut self.open[position].cells);
            self.hot_positions[place] = Some(position);
        }
    }

    fn find(&self, start: Timestamp) -> Result<usize, usize> {
        self.open.binary_search_by_key(&start, |slice| slice.start)
    }

    /// The position of the slice that begins at `start` and lies in these
    /// windows. It is opened if it is not open; then no slice may be at hand.
    pub(super) fn open(
        &mut self,
        start: Timestamp,
        numbers: &RangeInclusive<i128>,
        create: &impl Fn() -> Acc,
    ) -> usize {
        debug_assert_eq!(self.hot_positions, [None; HOT_SLICES]);
        self.find(start).unwrap_or_else(|gap| {
            let slice = Slice {
                start,
                first: *numbers.start(),
                last: *numbers.end(),
                cells: self.blank(create),
            };
            self.open.insert(gap, slice);
            gap
        })
    }

    /// Cells that have seen nothing.
    fn blank(&mut self, create: &impl Fn() -> Acc) -> Blocks<Acc> {
        self.spare.pop().unwrap_or_else(|| {
            let mut cells = Blocks::default();
            cells.extend_to(self.slab.slots(), create);
            cells
        })
    }

    /// The cell of `slot` in the slice at `position`, marked as touched.
    pub(super) fn cell(
        &mut self,
        position: usize,
        slot: Slot,
        create: &impl Fn() -> Acc,
    ) -> &mut Acc {
        self.open[position].cells.cell(slot, create)
    }

    /// What is in a cell; a new one takes its place. The bit stays.
    pub(super) fn take(
        &mut self,
        position: usize,
        slot: Slot,
        create: &impl Fn() -> Acc,
    ) -> Option<Acc> {
        let cells = &mut self.open.get_mut(position)?.cells;
        cells.take(slot.index() / CELLS, slot.index() % CELLS, create)
    }

    /// The latest slice that joined with this key.
    pub(super) fn latest(&self, slot: Slot) -> Timestamp {
        let latest = self.latest.get(slot.index());
        latest.copied().unwrap_or(Timestamp::MIN)
    }

    /// Writes down that the slice that begins at `start` holds the key and has
    /// joined.
    pub(super) fn join(&mut self, slot: Slot, start: Timestamp) {
        if slot.index() >= self.latest.len() {
            let enough = (slot.index() + 1).next_power_of_two();
            self.latest.resize(enough, Timestamp::MIN);
        }
        let latest = &mut self.latest[slot.index()];
        *latest = start.max(*latest);
    }

    /// Writes down the keys of a block of the slices that join.
    pub(super) fn join_block(&mut self, block: usize, positions: Range<usize>) {
        for position in positions {
            let Some(slice) = self.open.get(position) else {
                return;
            };
            let (touched, start) = (slice.cells.touched(block), slice.start);
            for cell in places(touched) {
                self.join(slot_at(block, cell), start);
            }
        }
    }

    /// Makes one block of the first `leaving` slices new, and lets go of keys of
    /// those that left before which nothing holds. Slices from `joined` on have
    /// not joined.
    pub(super) fn leave_block(
        &mut self,
        block: usize,
        leaving: usize,
        joined: usize,
        create: &impl Fn() -> Acc,
    ) {
        let slices = self.open.iter_mut().take(leaving);
        let touched = slices.fold(0, |bits, slice| {
            bits | slice.cells.clear_block(block, create)
        });
        self.release_recent(block, touched, joined);
    }

    /// Lets go of the keys in `recent` whose latest slice has left and which no
    /// slice from `joined` on holds; `next` are the candidates of the next time.
    fn release_recent(&mut self, block: usize, next: u64, joined: usize) {
        if block >= self.recent.len() {
            if next == 0 {
                return;
            }
            self.recent.resize(block + 1, 0);
        }
        let mut idle = std::mem::replace(&mut self.recent[block], next);
        for slice in self.open.range(joined.min(self.open.len())..) {
            if idle == 0 {
                return;
            }
            idle &= !slice.cells.touched(block);
        }
        for slot in places(idle).map(|cell| slot_at(block, cell)) {
            if self.latest(slot) <= self.left {
                self.slab.release(slot);
            }
        }
    }

    /// Takes away the first `leaving` slices, whose cells were made new.
    pub(super) fn leave(&mut self, leaving: usize) {
        for _ in 0..leaving {
            let Some(slice) = self.open.pop_front() else {
                return;
            };
            self.left = self.left.max(slice.start);
            if self.spare.len() < SPARE_SLICES {
                self.spare.push(slice.cells);
            }
        }
    }

    /// What the state holds.
    pub(super) fn stats(&self) -> StateStats {
        StateStats {
            panes: self.open.len(),
            ..self.slab.stats()
        }
    }
}
