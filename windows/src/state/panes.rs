use crate::state::blocks::{slot_at, Blocks, SpareBlocks, Table};
use crate::state::idle_keys::IdleKeys;
use crate::state::slab::{KeySlab, Slot, StateLimit, StateStats, TooManyKeys};
use crate::{Ahead, Prefetch, Timestamp, Window};
use std::collections::VecDeque;
use std::hash::Hash;

/// Spare panes kept for use again; more are given back to the allocator.
const SPARE_PANES: usize = 4;

/// Up to so many bytes of keys and cells, memory is near enough that the
/// processor looks ahead by itself: with 100,000 keys, 8 MB, doing it for it
/// costs 15 % of the time; with a million it saves more than half.
const IN_CACHE: usize = 8 << 20;

/// For how many windows blocks are kept that were in use once.
const AGE: usize = 8;

/// Panes at hand at once: where time is a little out of order, records go back
/// and forth between a window and the next, and which of them is a number, not
/// a branch to mispredict.
const HOT_PANES: usize = 2;

/// The state of every key in one stretch of time: a dense cell a slot.
#[derive(Debug)]
struct Pane<Acc> {
    window: Window,
    blocks: Blocks<Acc>,
}

/// A pane that was taken out of its arena to be emptied, and how far that is.
#[derive(Debug)]
pub struct ClosingPane<Acc> {
    pane: Pane<Acc>,
    block: usize,
    /// The touched cells of this block that are still to be visited.
    remaining: u64,
    /// How many keys were in the blocks that are done with.
    came: usize,
}

impl<Acc> ClosingPane<Acc> {
    /// The stretch of time that the pane covers.
    pub fn window(&self) -> Window {
        self.pane.window
    }
}

/// How far the results of a pane that is kept are handed out.
#[derive(Debug)]
pub(crate) struct FiringPane {
    window: Window,
    block: usize,
    /// The touched cells of this block that are still to be visited.
    remaining: u64,
}

impl FiringPane {
    /// The stretch of time that the pane covers.
    pub(crate) fn window(&self) -> Window {
        self.window
    }
}

/// One key's state in a pane.
#[derive(Debug, PartialEq, Eq)]
pub struct PaneEntry<K, Acc> {
    /// The key.
    pub key: K,
    /// What was folded under it.
    pub accumulator: Acc,
}

/// A hash-slab arena cut into panes: one [`KeySlab`], and for every open
/// stretch of time one dense array of cells over its slots.
///
/// ```text
///   keys     0:"ant"  1:"bee"  2:"cow"            one slot a key
///   pane 10  [  3   ,   .   ,   1   ]  bits 101   cells by slot, in blocks of 64
///   pane 11  [  .   ,   2   ,   .   ]  bits 010
/// ```
///
/// A record touches one cell, whatever windows its pane belongs to. Emptying a
/// pane visits its touched cells in slot order, which is memory order, and can
/// stop after any of them. A key that no pane holds any more keeps its slot for
/// a while, so that keys that come now and again are not freed and made again:
/// as long as they are few. It gives way before memory grows, and before another
/// key is refused.
///
/// Panes that were emptied are used again: in the steady state nothing is
/// allocated.
#[derive(Debug)]
pub struct Panes<K, Acc> {
    slab: KeySlab<K>,
    /// Ordered by the start of their windows. The hot ones' tables are away.
    open: VecDeque<Pane<Acc>>,
    /// How many of them, from the front, have fired and are kept.
    fired: usize,
    /// The tables of the panes that updates go to, and their positions.
    hot: [Table<Acc>; HOT_PANES],
    hot_positions: [Option<usize>; HOT_PANES],
    /// Panes that hold nothing, and blocks for all of them.
    spare: Vec<Blocks<Acc>>,
    spare_blocks: SpareBlocks<Acc>,
    /// Panes that were taken out and not given back: they still use their keys.
    taken: usize,
    idle: IdleKeys,
    /// How many keys had been let go of when keys were looked for ahead. What
    /// was found holds until another one is.
    looked_ahead_at: u64,
}

impl<K: Hash + Eq + Clone, Acc> Panes<K, Acc> {
    /// An empty arena; two panes of the expected size are set aside.
    pub fn new(limit: StateLimit, create: &impl Fn() -> Acc) -> Self {
        let mut spare = Vec::with_capacity(SPARE_PANES);
        spare.extend((0..2).map(|_| Blocks::with_room_for(limit.expected())));
        Self {
            slab: KeySlab::new(limit),
            open: VecDeque::with_capacity(16),
            fired: 0,
            taken: 0,
            looked_ahead_at: 0,
            hot: Default::default(),
            hot_positions: [None; HOT_PANES],
            spare,
            spare_blocks: SpareBlocks::new(2 * limit.expected(), AGE, create),
            idle: IdleKeys::new(limit),
        }
    }

    /// Puts the pane of `window` at hand, in this place. Opens it if it is not
    /// open. No pane may be at hand: see [`cool`](Self::cool).
    pub fn warm(&mut self, place: usize, window: Window) {
        debug_assert_eq!(self.hot_positions, [None; HOT_PANES]);
        let position = self.find(window);
        let position = position.unwrap_or_else(|gap| self.open_at(gap, window));
        self.lend(place, position);
    }

    fn open_at(&mut self, position: usize, window: Window) -> usize {
        let blocks = self.spare.pop();
        let blocks = blocks.unwrap_or_else(|| Blocks::with_room_for(self.slab.slots()));
        self.open.insert(position, Pane { window, blocks });
        position
    }

    /// Puts the pane of `window` at hand too, in this place, if it is open.
    pub fn warm_if_open(&mut self, place: usize, window: Window) {
        if let Ok(position) = self.find(window) {
            self.lend(place, position);
        }
    }

    /// Takes the blocks of the pane at `position` to this place.
    fn lend(&mut self, place: usize, position: usize) {
        std::mem::swap(&mut self.hot[place], &mut self.open[position].blocks.table);
        self.hot_positions[place] = Some(position);
    }

    /// Whether the pane of `window` is open.
    pub fn is_open(&self, window: Window) -> bool {
        self.find(window).is_ok()
    }

    /// The position of the pane of `window`, or where it would be.
    fn find(&self, window: Window) -> Result<usize, usize> {
        self.open
            .binary_search_by_key(&window.start(), |pane| pane.window.start())
    }

    /// Brings the blocks of the panes at hand home.
    pub fn cool(&mut self) {
        for (table, position) in self.hot.iter_mut().zip(&mut self.hot_positions) {
            if let Some(position) = position.take() {
                std::mem::swap(table, &mut self.open[position].blocks.table);
            }
        }
    }

    /// The cell of `key` in the pane at hand in this place, marked as touched,
    /// if that takes no more than finding it.
    #[inline(always)]
    pub fn known_cell(&mut self, place: usize, key: &K) -> Option<&mut Acc> {
        let slot = self.slab.find(key)?;
        self.hot.get_mut(place)?.touch(slot)
    }

    /// Asks for the memory in which the look-up of a key begins.
    #[inline(always)]
    pub(crate) fn expect<T>(&self, record: &mut Ahead<K, T>, memory: &impl Prefetch) {
        self.slab.expect(record, memory);
    }

    /// Looks for the keys of many records at once, and asks for their cells.
    #[inline(always)]
    pub(crate) fn look_ahead<T>(
        &mut self,
        records: &mut [Ahead<K, T>],
        place_of: impl Fn(Timestamp) -> Option<usize>,
        memory: &impl Prefetch,
    ) {
        self.slab.look_ahead(records, memory);
        self.looked_ahead_at = self.slab.released();
        for record in records {
            if let Some(place) = place_of(record.time) {
                self.hot[place].expect(record.slot, memory);
            }
        }
    }

    /// The cell of a record whose key was looked for ahead.
    #[inline(always)]
    pub(crate) fn cell_ahead<T>(&mut self, place: usize, record: &Ahead<K, T>) -> Option<&mut Acc> {
        if self.looked_ahead_at != self.slab.released() {
            return None;
        }
        self.hot.get_mut(place)?.touch(record.slot)
    }

    /// The cell of `key` in the pane at hand in this place, marked as touched.
    /// Makes room for a new key.
    ///
    /// # Errors
    /// [`TooManyKeys`] when the key is new and the limit is met, keys that have
    /// nothing open being dropped first.
    pub fn cell(
        &mut self,
        place: usize,
        key: K,
        create: &impl Fn() -> Acc,
    ) -> Result<&mut Acc, TooManyKeys<K>> {
        let slot = self.slot(key)?;
        let position = self.hot_positions[place].expect("a pane was put in this place");
        let held = &mut self.open[position].blocks.held;
        Ok(self.hot[place].cell(slot, held, &mut self.spare_blocks, create))
    }

    /// The cell of `key` in the pane of a window that has fired and is kept,
    /// marked as touched. Opens the pane if it is not open; brings home those
    /// that are at hand.
    ///
    /// # Errors
    /// [`TooManyKeys`], as [`cell`](Self::cell).
    pub(crate) fn late_cell(
        &mut self,
        window: Window,
        key: K,
        create: &impl Fn() -> Acc,
    ) -> Result<(Slot, &mut Acc), TooManyKeys<K>> {
        let slot = self.slot(key)?;
        self.cool();
        let position = self.find(window).unwrap_or_else(|gap| {
            self.fired += 1;
            self.open_at(gap, window)
        });
        let blocks = &mut self.open[position].blocks;
        Ok((slot, blocks.cell(slot, &mut self.spare_blocks, create)))
    }

    /// The slot of `key`, which is given one if it has none.
    #[inline]
    fn slot(&mut self, key: K) -> Result<Slot, TooManyKeys<K>> {
        match self.slab.find(&key) {
            Some(slot) => Ok(slot),
            None => self.new_slot(key),
        }
    }

    #[inline(never)]
    fn new_slot(&mut self, key: K) -> Result<Slot, TooManyKeys<K>> {
        // A pane that is being emptied may hold any of them.
        if self.taken == 0 && self.idle.gives_way(&self.slab) {
            let (open, hot) = (&self.open, &self.hot);
            self.idle
                .make_room(&mut self.slab, |block, held| idle(open, hot, block, held));
        }
        self.slab.slot(key)
    }

    /// Lets go of some of the keys that no pane holds, if too many are kept.
    ///
    /// What it does is bounded, and can wait: to be called now and then, when
    /// nothing else is due.
    #[inline]
    pub(crate) fn tidy(&mut self) {
        if self.taken == 0 && self.idle.is_due(&self.slab) {
            let (open, hot) = (&self.open, &self.hot);
            self.idle
                .tidy(&mut self.slab, |block, held| idle(open, hot, block, held));
        }
    }

    /// The window of the earliest open pane that has not fired.
    #[inline]
    pub fn first_open(&self) -> Option<Window> {
        self.open.get(self.fired).map(|pane| pane.window)
    }

    /// Takes the earliest open pane out, to be emptied.
    pub fn take_first(&mut self) -> Option<ClosingPane<Acc>> {
        self.cool();
        let pane = self.open.pop_front()?;
        self.taken += 1;
        let remaining = pane.blocks.touched(0);
        Some(ClosingPane {
            pane,
            block: 0,
            remaining,
            came: 0,
        })
    }

    /// The next touched cell of a pane that is being emptied, in slot order; a
    /// new one takes its place. A block that is done with is used again.
    #[inline]
    pub fn next_entry(
        &mut self,
        closing: &mut ClosingPane<Acc>,
        create: &impl Fn() -> Acc,
    ) -> Option<PaneEntry<K, Acc>> {
        while closing.remaining == 0 {
            let blocks = &mut closing.pane.blocks;
            let touched = blocks.let_go(closing.block, &mut self.spare_blocks);
            closing.came += touched.count_ones() as usize;
            closing.block = blocks.next_held(closing.block + 1)?;
            closing.remaining = blocks.touched(closing.block);
        }
        let cell = closing.remaining.trailing_zeros() as usize;
        closing.remaining &= closing.remaining - 1;
        Some(PaneEntry {
            accumulator: closing.pane.blocks.take(closing.block, cell, create)?,
            key: self.slab.key(slot_at(closing.block, cell)).clone(),
        })
    }

    /// Takes an emptied pane back.
    pub fn recycle(&mut self, emptied: ClosingPane<Acc>) {
        self.taken = self.taken.saturating_sub(1);
        self.put_away(emptied.pane, emptied.came, Blocks::let_go);
    }

    /// Lets go of a pane in whose other blocks so many keys `came`; `clear` lets
    /// go of a block of it and says what was in it.
    fn put_away(
        &mut self,
        mut pane: Pane<Acc>,
        mut came: usize,
        clear: impl Fn(&mut Blocks<Acc>, usize, &mut SpareBlocks<Acc>) -> u64,
    ) {
        let mut next = pane.blocks.next_held(0);
        while let Some(block) = next {
            let touched = clear(&mut pane.blocks, block, &mut self.spare_blocks);
            came += touched.count_ones() as usize;
            next = pane.blocks.next_held(block + 1);
        }
        self.idle.came(came);
        self.idle.left(self.slab.slots());
        self.spare_blocks.turn();
        if self.spare.len() < SPARE_PANES {
            self.spare.push(pane.blocks);
        }
    }

    /// Fires the earliest open pane that has not, and keeps it.
    pub(crate) fn fire_first(&mut self) -> Option<FiringPane> {
        self.cool();
        let pane = self.open.get(self.fired)?;
        self.fired += 1;
        Some(FiringPane {
            window: pane.window,
            block: 0,
            remaining: pane.blocks.touched(0),
        })
    }

    /// The next touched cell of the pane that is firing, in slot order: a copy.
    pub(crate) fn next_copy(&self, firing: &mut FiringPane) -> Option<PaneEntry<K, Acc>>
    where
        Acc: Clone,
    {
        let blocks = &self.open[self.find(firing.window).ok()?].blocks;
        while firing.remaining == 0 {
            firing.block = blocks.next_held(firing.block + 1)?;
            firing.remaining = blocks.touched(firing.block);
        }
        let slot = slot_at(firing.block, firing.remaining.trailing_zeros() as usize);
        firing.remaining &= firing.remaining - 1;
        self.copy(firing.window, slot)
    }

    /// One key's cell in the pane of `window`: a copy.
    pub(crate) fn copy(&self, window: Window, slot: Slot) -> Option<PaneEntry<K, Acc>>
    where
        Acc: Clone,
    {
        let pane = &self.open[self.find(window).ok()?];
        Some(PaneEntry {
            key: self.slab.key(slot).clone(),
            accumulator: pane.blocks.seen(slot)?.clone(),
        })
    }

    /// The window of the earliest pane that has fired and is kept.
    pub(crate) fn first_kept(&self) -> Option<Window> {
        self.open
            .front()
            .map(|pane| pane.window)
            .filter(|_| self.fired > 0)
    }

    /// Drops the earliest pane that has fired and is kept.
    pub(crate) fn drop_first_kept(&mut self, create: &impl Fn() -> Acc) {
        if self.fired == 0 {
            return;
        }
        self.cool();
        self.fired -= 1;
        if let Some(pane) = self.open.pop_front() {
            self.put_away(pane, 0, |blocks, block, spare| {
                blocks.clear_block(block, spare, create)
            });
        }
    }

    /// Whether the arena is so large that its memory has to be waited for.
    #[inline]
    pub(crate) fn is_large(&self) -> bool {
        let bytes_a_key = self.slab.bytes_a_key() + HOT_PANES * std::mem::size_of::<Acc>();
        self.slab.len() * bytes_a_key > IN_CACHE
    }

    /// What the arena holds.
    pub fn stats(&self) -> StateStats {
        StateStats {
            panes: self.open.len(),
            ..self.slab.stats()
        }
    }
}

/// Those of a block's slots that no pane holds. The tables of the hot ones are
/// not with the others.
fn idle<Acc>(open: &VecDeque<Pane<Acc>>, hot: &[Table<Acc>], block: usize, held: u64) -> u64 {
    let tables = open.iter().map(|pane| &pane.blocks.table).chain(hot);
    let mut idle = held;
    for table in tables {
        if idle == 0 {
            break;
        }
        idle &= !table.touched(block);
    }
    idle
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const BURST: u32 = 10_000;

    fn window(n: i64) -> Window {
        Window::new(
            Timestamp::from_nanos(10 * n),
            Timestamp::from_nanos(10 * n + 10),
        )
    }

    /// One window: its keys come, and it is emptied. Says how many blocks that
    /// visits.
    fn pass(
        panes: &mut Panes<u32, u64>,
        n: i64,
        keys: impl Iterator<Item = u32>,
        create: &impl Fn() -> u64,
    ) -> usize {
        panes.warm(0, window(n));
        let mut came = 0;
        for key in keys {
            *panes.cell(0, key, create).unwrap() += 1;
            came += 1;
        }
        let mut closing = panes.take_first().unwrap();
        let mut visited = std::collections::BTreeSet::new();
        while let Some(entry) = panes.next_entry(&mut closing, create) {
            assert_eq!(entry.accumulator, 1);
            visited.insert(closing.block);
            came -= 1;
        }
        assert_eq!(came, 0);
        let blocks = closing.pane.blocks.next_held(0);
        assert_eq!(blocks, None, "each is used again once it was visited");
        panes.recycle(closing);
        visited.len()
    }

    #[test]
    fn after_a_burst_idle_keys_go_and_a_close_visits_what_was_touched() {
        let zero = || 0;
        let mut panes = Panes::new(StateLimit::new(16, 1 << 20), &zero);
        // The last key of the burst stays, in a slot far behind.
        let last = BURST - 1;
        assert_eq!(pass(&mut panes, 0, 0..BURST, &zero), 157);
        assert_eq!(pass(&mut panes, 1, last..BURST, &zero), 1);
        for _ in 0..BURST / 64 {
            panes.tidy();
        }
        assert!(panes.stats().keys <= 16, "the others are let go of");
        // Those that come next gather at the front.
        let keys = (BURST..BURST + 64).chain([last]);
        assert_eq!(pass(&mut panes, 2, keys, &zero), 2);
        for key in BURST..BURST + 64 {
            let slot = panes.slab.find(&key).unwrap();
            assert!(slot.index() < 64, "{slot:?}");
        }
    }

    #[test]
    fn blocks_of_a_burst_are_given_back_and_none_is_made_in_the_steady_state() {
        let made = Cell::new(0);
        let create = || {
            made.set(made.get() + 1);
            0
        };
        let mut panes = Panes::new(StateLimit::new(128, 1 << 20), &create);
        let steady = |panes: &mut Panes<u32, u64>, n| {
            let before = made.get();
            assert_eq!(pass(panes, n, 0..128, &create), 2);
            // A cell that is taken leaves a new one behind.
            made.get() - before - 128
        };
        for n in 0..4 {
            assert_eq!(steady(&mut panes, n), 0);
        }
        pass(&mut panes, 4, 0..BURST, &create);
        let after = panes.spare_blocks.len();
        assert!(after >= 157, "{after}");
        for n in 5..30 {
            assert_eq!(steady(&mut panes, n), 0);
        }
        // Two panes of the expected size, as at the start.
        assert_eq!(panes.spare_blocks.len(), 4);
    }
}
