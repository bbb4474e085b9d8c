use crate::slab::{KeySlab, Slot, StateLimit, StateStats, TooManyKeys};
use crate::{Timestamp, Window};
use std::collections::VecDeque;
use std::hash::Hash;

/// Spare panes kept for use again; more are given back to the allocator.
const SPARE_PANES: usize = 4;

/// Panes at hand at once: where time is a little out of order, records go back
/// and forth between a window and the next, and which of them is a number, not
/// a branch to mispredict.
const HOT_PANES: usize = 2;

/// How many cells lie together with the bits that say which were touched.
const CELLS: usize = u64::BITS as usize;

/// Cells side by side, and a bit for each: touched since it was made.
///
/// Together, so that an update finds both with one address. Aligned to a cache
/// line, so that a cell whose size divides one never lies in two.
#[derive(Debug)]
#[repr(align(64))]
struct Block<Acc> {
    touched: u64,
    cells: [Acc; CELLS],
}

impl<Acc> Block<Acc> {
    fn new(create: &impl Fn() -> Acc) -> Self {
        Self {
            touched: 0,
            cells: std::array::from_fn(|_| create()),
        }
    }
}

/// The state of every key in one stretch of time: a dense cell a slot.
///
/// Cells are made in advance and are always whole, so that an update is one
/// bit set and one fold, without asking whether the cell is in use.
#[derive(Debug)]
struct Pane<Acc> {
    window: Window,
    blocks: Vec<Block<Acc>>,
}

impl<Acc> Pane<Acc> {
    fn with_room_for(slots: usize, window: Window, create: &impl Fn() -> Acc) -> Self {
        let mut blocks = Vec::new();
        extend_to(&mut blocks, slots, create);
        Self { window, blocks }
    }

    /// The bits of one block; none when the pane has no such block.
    fn touched(&self, block: usize) -> u64 {
        self.blocks.get(block).map_or(0, |block| block.touched)
    }
}

/// The cell of `slot`, marked as touched, if there are enough blocks.
#[inline(always)]
fn touch<Acc>(blocks: &mut [Block<Acc>], slot: Slot) -> Option<&mut Acc> {
    let (block, cell) = (slot.index() / CELLS, slot.index() % CELLS);
    let block = blocks.get_mut(block)?;
    block.touched |= 1 << cell;
    Some(&mut block.cells[cell])
}

/// Makes sure that there are cells for this many slots.
fn extend_to<Acc>(blocks: &mut Vec<Block<Acc>>, slots: usize, create: &impl Fn() -> Acc) {
    let enough = slots.div_ceil(CELLS);
    if enough > blocks.len() {
        blocks.resize_with(enough, || Block::new(create));
    }
}

/// A pane that was taken out of its arena to be emptied, and how far that is.
#[derive(Debug)]
pub struct ClosingPane<Acc> {
    pane: Pane<Acc>,
    block: usize,
    /// The touched cells of this block that are still to be visited.
    remaining: u64,
}

impl<Acc> ClosingPane<Acc> {
    /// The stretch of time that the pane covers.
    pub fn window(&self) -> Window {
        self.pane.window
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
/// stop after any of them. A key leaves when a whole pane has passed without
/// it (so that keys that come in every pane are not freed and made again).
///
/// Panes that were emptied are used again: in the steady state nothing is
/// allocated.
#[derive(Debug)]
pub struct Panes<K, Acc> {
    slab: KeySlab<K>,
    /// Ordered by the start of their windows. The hot ones' blocks are away.
    open: VecDeque<Pane<Acc>>,
    /// The blocks of the panes that updates go to, and their positions.
    hot: [Vec<Block<Acc>>; HOT_PANES],
    hot_positions: [Option<usize>; HOT_PANES],
    spare: Vec<Pane<Acc>>,
    /// Panes that were taken out and not given back: they still use their keys.
    taken: usize,
    /// A word a block: keys of the pane that was emptied last.
    recent: Vec<u64>,
}

impl<K: Hash + Eq + Clone, Acc> Panes<K, Acc> {
    /// An empty arena; two panes of the expected size are set aside.
    pub fn new(limit: StateLimit, create: &impl Fn() -> Acc) -> Self {
        let nowhere = Window::new(Timestamp::MIN, Timestamp::MIN);
        let mut spare = Vec::with_capacity(SPARE_PANES);
        spare.extend((0..2).map(|_| Pane::with_room_for(limit.expected(), nowhere, create)));
        Self {
            slab: KeySlab::new(limit),
            open: VecDeque::with_capacity(16),
            taken: 0,
            hot: Default::default(),
            hot_positions: [None; HOT_PANES],
            spare,
            recent: Vec::with_capacity(limit.expected().div_ceil(64)),
        }
    }

    /// Puts the pane of `window` at hand, in this place. Opens it if it is not
    /// open. No pane may be at hand: see [`cool`](Self::cool).
    pub fn warm(&mut self, place: usize, window: Window, create: &impl Fn() -> Acc) {
        debug_assert_eq!(self.hot_positions, [None; HOT_PANES]);
        if let Err(position) = self.find(window) {
            let pane = match self.spare.pop() {
                Some(spare) => Pane { window, ..spare },
                None => Pane::with_room_for(self.slab.slots(), window, create),
            };
            self.open.insert(position, pane);
        }
        self.warm_if_open(place, window);
    }

    /// Puts the pane of `window` at hand too, in this place, if it is open.
    pub fn warm_if_open(&mut self, place: usize, window: Window) {
        if let Ok(position) = self.find(window) {
            self.lend(place, position);
        }
    }

    /// Takes the blocks of the pane at `position` to this place.
    fn lend(&mut self, place: usize, position: usize) {
        std::mem::swap(&mut self.hot[place], &mut self.open[position].blocks);
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
        for (blocks, position) in self.hot.iter_mut().zip(&mut self.hot_positions) {
            if let Some(position) = position.take() {
                std::mem::swap(blocks, &mut self.open[position].blocks);
            }
        }
    }

    /// The cell of `key` in the pane at hand in this place, marked as touched,
    /// if that takes no more than finding it.
    #[inline(always)]
    pub fn known_cell(&mut self, place: usize, key: &K) -> Option<&mut Acc> {
        let slot = self.slab.find(key)?;
        touch(self.hot.get_mut(place)?, slot)
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
        let slot = match self.slab.slot(key) {
            Ok(slot) => slot,
            Err(refused) => self.slot_after_release(refused)?,
        };
        let blocks = &mut self.hot[place];
        if slot.index() >= CELLS * blocks.len() {
            extend_to(blocks, (slot.index() + 1).next_power_of_two(), create);
        }
        Ok(touch(blocks, slot).expect("the pane was extended to the slot"))
    }

    #[cold]
    fn slot_after_release(&mut self, refused: TooManyKeys<K>) -> Result<Slot, TooManyKeys<K>> {
        if self.taken > 0 {
            // A pane that is being emptied may hold any of them.
            return Err(refused);
        }
        self.release_idle_keys(None);
        self.slab.slot(refused.key)
    }

    /// The window of the earliest open pane.
    pub fn first_open(&self) -> Option<Window> {
        self.open.front().map(|pane| pane.window)
    }

    /// Takes the earliest open pane out, to be emptied.
    pub fn take_first(&mut self) -> Option<ClosingPane<Acc>> {
        self.cool();
        let pane = self.open.pop_front()?;
        self.taken += 1;
        let remaining = pane.touched(0);
        Some(ClosingPane {
            pane,
            block: 0,
            remaining,
        })
    }

    /// The next touched cell of a pane that is being emptied, in slot order; a
    /// new one takes its place.
    #[inline]
    pub fn next_entry(
        &self,
        closing: &mut ClosingPane<Acc>,
        create: &impl Fn() -> Acc,
    ) -> Option<PaneEntry<K, Acc>> {
        while closing.remaining == 0 {
            closing.block += 1;
            closing.remaining = closing.pane.blocks.get(closing.block)?.touched;
        }
        let cell = closing.remaining.trailing_zeros() as usize;
        closing.remaining &= closing.remaining - 1;
        let block = closing.pane.blocks.get_mut(closing.block)?;
        let accumulator = std::mem::replace(&mut block.cells[cell % CELLS], create());
        let slot = closing.block * CELLS + cell;
        Some(PaneEntry {
            // At most `MOST_KEYS` slots exist, so it fits.
            key: self.slab.key(Slot(slot as u32)).clone(),
            accumulator,
        })
    }

    /// Takes an emptied pane back, and lets go of the keys that were in the
    /// pane before it and are in neither it nor an open one.
    pub fn recycle(&mut self, emptied: ClosingPane<Acc>) {
        let mut pane = emptied.pane;
        self.taken = self.taken.saturating_sub(1);
        self.release_idle_keys(Some(&pane));
        self.recent.clear();
        let touched = pane.blocks.iter_mut();
        self.recent
            .extend(touched.map(|block| std::mem::take(&mut block.touched)));
        if self.spare.len() < SPARE_PANES {
            self.spare.push(pane);
        }
    }

    /// Frees the keys of the pane emptied last that nothing else holds.
    fn release_idle_keys(&mut self, kept: Option<&Pane<Acc>>) {
        let hot = self.hot_positions;
        self.cool();
        for block in 0..self.recent.len() {
            let candidates = std::mem::take(&mut self.recent[block]);
            if candidates == 0 {
                continue;
            }
            let mut idle = candidates;
            for pane in kept.into_iter().chain(&self.open) {
                idle &= !pane.touched(block);
                if idle == 0 {
                    break;
                }
            }
            while idle != 0 {
                let slot = block * CELLS + idle.trailing_zeros() as usize;
                idle &= idle - 1;
                self.slab.release(Slot(slot as u32));
            }
        }
        for (place, position) in hot.into_iter().enumerate() {
            if let Some(position) = position {
                self.lend(place, position);
            }
        }
    }

    /// What the arena holds.
    pub fn stats(&self) -> StateStats {
        StateStats {
            panes: self.open.len(),
            ..self.slab.stats()
        }
    }
}
