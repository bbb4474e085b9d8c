use crate::slab::{KeySlab, Slot, StateLimit, StateStats, TooManyKeys};
use crate::Window;
use std::hash::Hash;

/// Spare panes kept for use again; more are given back to the allocator.
const SPARE_PANES: usize = 4;

/// The state of every key in one stretch of time: a dense cell a slot.
///
/// Cells are made in advance and are always whole, so that an update is one
/// bit set and one fold, without asking whether the cell is in use.
#[derive(Debug)]
struct Pane<Acc> {
    window: Window,
    cells: Vec<Acc>,
    /// One bit a slot: whether the cell was updated since it was made.
    touched: Vec<u64>,
}

impl<Acc> Pane<Acc> {
    fn with_room_for(slots: usize, window: Window, create: &impl Fn() -> Acc) -> Self {
        let mut pane = Self {
            window,
            cells: Vec::new(),
            touched: Vec::new(),
        };
        pane.extend_to(slots, create);
        pane
    }

    fn extend_to(&mut self, slots: usize, create: &impl Fn() -> Acc) {
        if slots > self.cells.len() {
            self.cells.resize_with(slots, create);
            self.touched.resize(slots.div_ceil(64), 0);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, slot: Slot, create: &impl Fn() -> Acc) {
        let enough = (slot.index() + 1).next_power_of_two().max(64);
        self.extend_to(enough, create);
    }

    #[inline(always)]
    fn cell(&mut self, slot: Slot, create: &impl Fn() -> Acc) -> &mut Acc {
        let slot_index = slot.index();
        if slot_index >= self.cells.len() {
            self.grow(slot, create);
        }
        self.touched[slot_index / 64] |= 1 << (slot_index % 64);
        &mut self.cells[slot_index]
    }

    fn is_touched(&self, word: usize) -> u64 {
        self.touched.get(word).copied().unwrap_or(0)
    }
}

/// A pane that was taken out of its arena to be emptied, and how far that is.
#[derive(Debug)]
pub struct ClosingPane<Acc> {
    pane: Pane<Acc>,
    word: usize,
    /// The bits of `pane.touched[word]` that are still to be visited.
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
///   pane 10  [  3   ,   .   ,   1   ]  bits 101   cells by slot
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
    /// Ordered by the start of their windows.
    open: Vec<Pane<Acc>>,
    spare: Vec<Pane<Acc>>,
    /// One bit a slot: keys of the pane that was emptied last.
    recent: Vec<u64>,
}

impl<K: Hash + Eq + Clone, Acc> Panes<K, Acc> {
    /// An empty arena; two panes of the expected size are set aside.
    pub fn new(limit: StateLimit, create: &impl Fn() -> Acc) -> Self {
        let nowhere = Window::new(crate::Timestamp::MIN, crate::Timestamp::MIN);
        let mut spare = Vec::with_capacity(SPARE_PANES);
        spare.extend((0..2).map(|_| Pane::with_room_for(limit.expected(), nowhere, create)));
        Self {
            slab: KeySlab::new(limit),
            open: Vec::with_capacity(16),
            spare,
            recent: Vec::with_capacity(limit.expected().div_ceil(64)),
        }
    }

    /// The position among the open panes of the one for `window`, opened if it
    /// is not. Positions hold until a pane is opened or taken.
    pub fn position(&mut self, window: Window, create: &impl Fn() -> Acc) -> usize {
        let found = self
            .open
            .binary_search_by_key(&window.start(), |pane| pane.window.start());
        match found {
            Ok(position) => position,
            Err(position) => {
                let pane = match self.spare.pop() {
                    Some(spare) => Pane { window, ..spare },
                    None => Pane::with_room_for(self.slab.slots(), window, create),
                };
                self.open.insert(position, pane);
                position
            }
        }
    }

    /// The cell of `key` in the pane at `position`, marked as touched.
    ///
    /// # Errors
    /// [`TooManyKeys`] when the key is new and the limit is met, keys that have
    /// nothing open being dropped first.
    ///
    /// # Panics
    /// When there is no open pane at `position`.
    #[inline(always)]
    pub fn cell(
        &mut self,
        position: usize,
        key: K,
        create: &impl Fn() -> Acc,
    ) -> Result<&mut Acc, TooManyKeys<K>> {
        let slot = match self.slab.slot(key) {
            Ok(slot) => slot,
            Err(refused) => self.slot_after_release(refused)?,
        };
        Ok(self.open[position].cell(slot, create))
    }

    #[cold]
    fn slot_after_release(&mut self, refused: TooManyKeys<K>) -> Result<Slot, TooManyKeys<K>> {
        self.release_idle_keys(None);
        self.slab.slot(refused.key)
    }

    /// The window of the earliest open pane.
    pub fn first_open(&self) -> Option<Window> {
        self.open.first().map(|pane| pane.window)
    }

    /// Takes the earliest open pane out, to be emptied.
    pub fn take_first(&mut self) -> Option<ClosingPane<Acc>> {
        if self.open.is_empty() {
            return None;
        }
        let pane = self.open.remove(0);
        let remaining = pane.is_touched(0);
        Some(ClosingPane {
            pane,
            word: 0,
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
            closing.word += 1;
            closing.remaining = *closing.pane.touched.get(closing.word)?;
        }
        let slot_index = closing.word * 64 + closing.remaining.trailing_zeros() as usize;
        closing.remaining &= closing.remaining - 1;
        let accumulator = std::mem::replace(&mut closing.pane.cells[slot_index], create());
        Some(PaneEntry {
            // At most `MOST_KEYS` slots exist, so it fits.
            key: self.slab.key(Slot(slot_index as u32)).clone(),
            accumulator,
        })
    }

    /// Takes an emptied pane back, and lets go of the keys that were in the
    /// pane before it and are in neither it nor an open one.
    pub fn recycle(&mut self, emptied: ClosingPane<Acc>) {
        let mut pane = emptied.pane;
        self.release_idle_keys(Some(&pane));
        self.recent.clear();
        self.recent.extend_from_slice(&pane.touched);
        pane.touched.fill(0);
        if self.spare.len() < SPARE_PANES {
            self.spare.push(pane);
        }
    }

    /// Frees the keys of the pane emptied last that nothing else holds.
    fn release_idle_keys(&mut self, kept: Option<&Pane<Acc>>) {
        for word in 0..self.recent.len() {
            let candidates = std::mem::take(&mut self.recent[word]);
            if candidates == 0 {
                continue;
            }
            let held = self
                .open
                .iter()
                .chain(kept)
                .fold(0, |held, pane| held | pane.is_touched(word));
            let mut idle = candidates & !held;
            while idle != 0 {
                let slot_index = word * 64 + idle.trailing_zeros() as usize;
                idle &= idle - 1;
                self.slab.release(Slot(slot_index as u32));
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
