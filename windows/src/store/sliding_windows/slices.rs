use super::hot::HOT_SLICES;
use crate::state::blocks::{places, slot_at, Blocks, SpareBlocks, Table, CELLS};
use crate::state::idle_keys::IdleKeys;
use crate::state::slab::{KeySlab, Slot, StateLimit, StateStats, TooManyKeys};
use crate::Timestamp;
use std::collections::VecDeque;
use std::hash::Hash;
use std::ops::{Range, RangeInclusive};

/// Spare slices kept for use again; more are given back to the allocator.
const SPARE_SLICES: usize = 8;

/// For how many slices blocks are kept that were in use once.
const AGE: usize = 64;

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
/// key's latest slice is written down: once that has left the key may be let go,
/// without a look at all the others. It keeps its slot for a while, as it may
/// come again: see [`IdleKeys`].
#[derive(Debug)]
pub(super) struct Slices<K, Acc> {
    slab: KeySlab<K>,
    /// Ordered by start. The cells of those at hand are away.
    open: VecDeque<Slice<Acc>>,
    hot: [Table<Acc>; HOT_SLICES],
    hot_positions: [Option<usize>; HOT_SLICES],
    /// Slices that hold nothing, and blocks for all of them.
    spare: Vec<Blocks<Acc>>,
    spare_blocks: SpareBlocks<Acc>,
    /// For each slot the start of the latest slice that joined with it.
    latest: Vec<Timestamp>,
    idle: IdleKeys,
    /// The start of the latest slice that has left.
    left: Timestamp,
}

/// What may hold a key.
struct Holders<'a, Acc> {
    open: &'a VecDeque<Slice<Acc>>,
    /// Slices from here on have not joined.
    joined: usize,
    hot: &'a [Table<Acc>],
    latest: &'a [Timestamp],
    left: Timestamp,
}

impl<Acc> Holders<'_, Acc> {
    /// Those of a block's slots that no slice holds: their latest slice has left,
    /// and none that has not joined has seen them.
    fn none_holds(&self, block: usize, held: u64) -> u64 {
        let not_joined = self.open.range(self.joined..);
        let tables = not_joined.map(|slice| &slice.cells.table).chain(self.hot);
        let mut idle = held;
        for table in tables {
            if idle == 0 {
                return 0;
            }
            idle &= !table.touched(block);
        }
        for cell in places(idle) {
            let latest = self.latest.get(slot_at(block, cell).index());
            if latest.is_some_and(|latest| *latest > self.left) {
                idle &= !(1 << cell);
            }
        }
        idle
    }
}

impl<K: Hash + Eq + Clone, Acc> Slices<K, Acc> {
    pub(super) fn new(limit: StateLimit, create: &impl Fn() -> Acc) -> Self {
        let mut spare = Vec::with_capacity(SPARE_SLICES);
        spare.extend((0..2).map(|_| Blocks::with_room_for(limit.expected())));
        Self {
            slab: KeySlab::new(limit),
            open: VecDeque::with_capacity(16),
            hot: Default::default(),
            hot_positions: [None; HOT_SLICES],
            spare,
            spare_blocks: SpareBlocks::new(2 * limit.expected(), AGE, create),
            latest: Vec::with_capacity(limit.expected()),
            idle: IdleKeys::new(limit),
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

    /// The first block from this one on in which any of these slices has cells.
    pub(super) fn next_held(
        &self,
        from: usize,
        positions: impl Iterator<Item = usize>,
    ) -> Option<usize> {
        let slices = positions.filter_map(|position| self.get(position));
        slices.filter_map(|slice| slice.cells.next_held(from)).min()
    }

    pub(super) fn key(&self, slot: Slot) -> &K {
        self.slab.key(slot)
    }

    /// The slot of `key`; or its hash, for [`new_slot`](Self::new_slot), if it has
    /// none.
    #[inline]
    pub(super) fn find(&self, key: &K) -> Result<Slot, u64> {
        self.slab.find_or_hash(key)
    }

    /// Whether idle keys are to give way to a new one.
    #[inline]
    pub(super) fn gives_way(&self) -> bool {
        self.idle.gives_way(&self.slab)
    }

    /// Lets go of some idle keys, so that a new one finds a slot. Slices from
    /// `joined` on have not joined, and nothing is being handed out.
    #[inline(never)]
    pub(super) fn make_room(&mut self, joined: usize) {
        let (slab, search, holders) = self.search(joined);
        search.make_room(slab, |block, held| holders.none_holds(block, held));
    }

    /// A slot for a key of this hash that has none.
    #[inline]
    pub(super) fn new_slot(&mut self, hash: u64, key: K) -> Result<Slot, TooManyKeys<K>> {
        self.slab.insert(hash, key)
    }

    /// Whether more keys are held than are kept, and some may be idle.
    #[inline]
    pub(super) fn is_untidy(&self) -> bool {
        self.idle.is_due(&self.slab)
    }

    /// Lets go of some idle keys. Slices from `joined` on have not joined, and
    /// nothing is being handed out.
    pub(super) fn tidy(&mut self, joined: usize) {
        let (slab, search, holders) = self.search(joined);
        search.tidy(slab, |block, held| holders.none_holds(block, held));
    }

    /// What a search for idle keys changes, and whom it asks.
    fn search(&mut self, joined: usize) -> (&mut KeySlab<K>, &mut IdleKeys, Holders<'_, Acc>) {
        let holders = Holders {
            open: &self.open,
            joined: joined.min(self.open.len()),
            hot: &self.hot,
            latest: &self.latest,
            left: self.left,
        };
        (&mut self.slab, &mut self.idle, holders)
    }

    /// A window has closed in which so many keys came.
    pub(super) fn came(&mut self, keys: usize) {
        self.idle.came(keys);
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
        // The remainder changes nothing and says so to the compiler.
        self.hot[place % HOT_SLICES].touch(slot)
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
        let position = self.hot_positions[place].expect("a slice is at hand in this place");
        let held = &mut self.open[position].cells.held;
        self.hot[place].cell(slot, held, &mut self.spare_blocks, create)
    }

    /// Brings the cells of the slices at hand home.
    pub(super) fn cool(&mut self) {
        for (table, position) in self.hot.iter_mut().zip(&mut self.hot_positions) {
            if let Some(position) = position.take() {
                std::mem::swap(table, &mut self.open[position].cells.table);
            }
        }
    }

    /// Puts the slice that begins at `start` at hand in this place, if it is
    /// open.
    pub(super) fn warm_if_open(&mut self, place: usize, start: Timestamp) {
        if let Ok(position) = self.find_slice(start) {
            std::mem::swap(&mut self.hot[place], &mut self.open[position].cells.table);
            self.hot_positions[place] = Some(position);
        }
    }

    /// The position of the slice that begins at `start`, or where it would be.
    pub(super) fn find_slice(&self, start: Timestamp) -> Result<usize, usize> {
        self.open.binary_search_by_key(&start, |slice| slice.start)
    }

    /// The position of the slice that begins at `start` and lies in these
    /// windows. It is opened if it is not open; then no slice may be at hand.
    pub(super) fn open(&mut self, start: Timestamp, numbers: &RangeInclusive<i128>) -> usize {
        debug_assert_eq!(self.hot_positions, [None; HOT_SLICES]);
        self.find_slice(start).unwrap_or_else(|gap| {
            let slice = Slice {
                start,
                first: *numbers.start(),
                last: *numbers.end(),
                cells: self.blank(),
            };
            self.open.insert(gap, slice);
            gap
        })
    }

    /// Cells that have seen nothing.
    fn blank(&mut self) -> Blocks<Acc> {
        let spare = self.spare.pop();
        spare.unwrap_or_else(|| Blocks::with_room_for(self.slab.slots()))
    }

    /// The cell of `slot` in the slice at `position`, marked as touched.
    pub(super) fn cell(
        &mut self,
        position: usize,
        slot: Slot,
        create: &impl Fn() -> Acc,
    ) -> &mut Acc {
        let cells = &mut self.open[position].cells;
        cells.cell(slot, &mut self.spare_blocks, create)
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

    /// Makes one block of the first `leaving` slices new.
    pub(super) fn leave_block(&mut self, block: usize, leaving: usize, create: &impl Fn() -> Acc) {
        for slice in self.open.iter_mut().take(leaving) {
            slice
                .cells
                .clear_block(block, &mut self.spare_blocks, create);
        }
    }

    /// Takes away the first `leaving` slices, whose cells were made new.
    pub(super) fn leave(&mut self, leaving: usize) {
        for _ in 0..leaving {
            let Some(slice) = self.open.pop_front() else {
                return;
            };
            self.left = self.left.max(slice.start);
            self.idle.left(self.slab.slots());
            self.spare_blocks.turn();
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
