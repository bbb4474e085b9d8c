use crate::state::key_cells::{KeyCells, Leaving};
use crate::state::key_hasher::KeyHashing;
use crate::state::slab::{StateLimit, StateStats, TooManyKeys};
use crate::{Ahead, Prefetch, Window};
use std::collections::VecDeque;
use std::hash::Hash;

/// Up to so many bytes of index and cells in a pane, memory is near enough that
/// the processor looks ahead by itself. With 10,000 keys (1 MB) doing it for it
/// brought nothing to a loss of a third, with 30,000 nothing to a gain of a third,
/// with 60,000 (4 MB) it took half of the time, with a million less than that.
const IN_CACHE: usize = 2 << 20;

/// So many windows are an age: in one, use comes and goes as it always does.
const AGE: usize = 8;

/// Panes at hand at once: where time is a little out of order, records go back
/// and forth between a window and the next, and which of them is a number, not
/// a branch to mispredict.
const HOT_PANES: usize = 2;

/// The most of something in this age, and in the one before.
#[derive(Debug)]
struct Most([usize; 2]);

impl Most {
    fn note(&mut self, now: usize) {
        self.0[0] = self.0[0].max(now);
    }

    fn lately(&self) -> usize {
        self.0[0].max(self.0[1])
    }

    fn next_age(&mut self) {
        self.0 = [0, self.0[0]];
    }
}

/// The state of one stretch of time.
#[derive(Debug)]
struct Pane<K, Acc> {
    window: Window,
    cells: KeyCells<K, Acc>,
}

/// A pane that was taken out of its arena to be emptied, and how far that is.
#[derive(Debug)]
pub struct ClosingPane<K, Acc> {
    window: Window,
    /// How many keys were in it.
    came: usize,
    leaving: Leaving<K, Acc>,
}

impl<K, Acc> ClosingPane<K, Acc> {
    /// The stretch of time that the pane covers.
    pub fn window(&self) -> Window {
        self.window
    }
}

/// How far the results of a pane that is kept are handed out.
#[derive(Debug)]
pub(crate) struct FiringPane {
    window: Window,
    /// The number of the next cell.
    next: usize,
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

/// An arena cut into panes: for every open stretch of time a hash slab of its
/// own, keys and accumulators side by side in the order of first touch.
///
/// ```text
///   pane 10  [ ant 3 | cow 1 ]
///   pane 11  [ bee 2 ]
/// ```
///
/// A record touches one cell, whatever windows its pane belongs to. Emptying a
/// pane hands out its cells in the order of first touch, which is memory order,
/// and can stop after any of them.
///
/// Panes that were emptied are used again, with room for as many keys as came in
/// any of the last few: in the steady state nothing is allocated. Memory for the
/// expected keys stays set aside; what a burst took beyond it is given back.
#[derive(Debug)]
pub struct Panes<K, Acc> {
    hashing: KeyHashing,
    limit: StateLimit,
    /// Open panes, in the order of their windows.
    open: VecDeque<Pane<K, Acc>>,
    /// So many of the open panes, the first ones, have fired and are kept.
    fired: usize,
    /// The cells of the panes at hand, which lie here and not with the others.
    hot: [KeyCells<K, Acc>; HOT_PANES],
    hot_positions: [Option<usize>; HOT_PANES],
    spare: Vec<KeyCells<K, Acc>>,
    /// The most keys in a window, and the most panes open at once.
    most_keys: Most,
    most_open: Most,
    /// How many windows of this age were opened.
    turns: usize,
    /// Keys in panes that are not at hand.
    held: usize,
    high_water: usize,
    grown: u64,
}

impl<K: Hash + Eq, Acc> Panes<K, Acc> {
    /// An empty arena, its memory set aside as `limit` says.
    pub fn new(limit: StateLimit) -> Self {
        let set_aside = |_| KeyCells::with_room_for(limit.expected());
        Self {
            hashing: KeyHashing::new(limit.hash_seed),
            limit,
            open: VecDeque::with_capacity(16),
            fired: 0,
            hot: std::array::from_fn(|_| KeyCells::none()),
            hot_positions: [None; HOT_PANES],
            spare: (0..HOT_PANES).map(set_aside).collect(),
            most_keys: Most([limit.expected(), 0]),
            most_open: Most([HOT_PANES, 0]),
            turns: 0,
            held: 0,
            high_water: 0,
            grown: 0,
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
        self.turns += 1;
        if self.turns == AGE {
            self.turns = 0;
            self.most_keys.next_age();
            self.most_open.next_age();
        }
        let cells = match self.spare.pop() {
            Some(mut cells) => {
                cells.fit(self.most_keys.lately(), self.limit.expected());
                cells
            }
            // More windows are open than memory was set aside for: what each of
            // them will hold is not known.
            None => KeyCells::none(),
        };
        self.open.insert(position, Pane { window, cells });
        self.most_open.note(self.open.len());
        position
    }

    /// Puts the pane of `window` at hand too, in this place, if it is open.
    pub fn warm_if_open(&mut self, place: usize, window: Window) {
        if let Ok(position) = self.find(window) {
            self.lend(place, position);
        }
    }

    /// Takes the cells of the pane at `position` to this place.
    fn lend(&mut self, place: usize, position: usize) {
        std::mem::swap(&mut self.hot[place], &mut self.open[position].cells);
        self.held -= self.hot[place].len();
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

    /// Brings the cells of the panes at hand home.
    pub fn cool(&mut self) {
        for (cells, position) in self.hot.iter_mut().zip(&mut self.hot_positions) {
            if let Some(position) = position.take() {
                self.held += cells.len();
                std::mem::swap(cells, &mut self.open[position].cells);
            }
        }
    }

    /// Whether a pane is at hand in this place.
    #[inline(always)]
    pub(crate) fn is_warm(&self, place: usize) -> bool {
        self.hot_positions[place % HOT_PANES].is_some()
    }

    /// The cell of `key` in the pane at hand in this place, if that takes no more
    /// than finding it.
    #[inline(always)]
    pub fn known_cell(&mut self, place: usize, key: &K) -> Option<&mut Acc> {
        let hash = self.hashing.hash(key);
        self.hot.get_mut(place)?.known(hash, key)
    }

    /// The hash of a key, and a request for the memory in which its look-up begins.
    #[inline(always)]
    pub(crate) fn expect<T>(
        &self,
        place: Option<usize>,
        record: &mut Ahead<K, T>,
        memory: &impl Prefetch,
    ) {
        record.hash = self.hashing.hash(&record.key);
        if let Some(place) = place {
            self.hot[place % HOT_PANES].expect(record.hash, memory);
        }
    }

    /// Asks for the cell of a record that is [expected](Self::expect).
    #[inline(always)]
    pub(crate) fn expect_cell<T>(
        &self,
        place: usize,
        record: &Ahead<K, T>,
        memory: &impl Prefetch,
    ) {
        self.hot[place % HOT_PANES].expect_cell(record.hash, memory);
    }

    /// The cell of a record that is [expected](Self::expect), in the pane at hand
    /// in this place. None if there is no pane, or no room for its key.
    #[inline(always)]
    pub(crate) fn cell_ahead<T>(
        &mut self,
        place: usize,
        record: &Ahead<K, T>,
        create: &impl Fn() -> Acc,
    ) -> Option<&mut Acc>
    where
        K: Clone,
    {
        let cells = self.hot.get_mut(place)?;
        let number = match cells.find(record.hash, &record.key) {
            Some(number) => number,
            None if self.hot_positions[place].is_some() => {
                let (key, limit) = (record.key.clone(), self.limit.limit());
                cells.find_or_fill(record.hash, key, limit, create).ok()?
            }
            None => return None,
        };
        Some(cells.at(number))
    }

    /// The cell of a key that is likely new to the pane at hand in this place. Gives
    /// the key back if there is no pane, or no room without growing.
    #[inline(always)]
    pub(crate) fn new_cell(
        &mut self,
        place: usize,
        key: K,
        create: &impl Fn() -> Acc,
    ) -> Result<&mut Acc, K> {
        if !self.is_warm(place) {
            return Err(key);
        }
        let hash = self.hashing.hash(&key);
        let cells = &mut self.hot[place % HOT_PANES];
        let number = cells.find_or_fill(hash, key, self.limit.limit(), create)?;
        Ok(cells.at(number))
    }

    /// The cell of `key` in the pane at hand in this place. Makes room for a new
    /// key.
    ///
    /// # Errors
    /// [`TooManyKeys`] when the key is new and the pane holds as many as it may.
    #[inline(always)]
    pub fn cell(
        &mut self,
        place: usize,
        key: K,
        create: &impl Fn() -> Acc,
    ) -> Result<&mut Acc, TooManyKeys<K>> {
        let cells = &mut self.hot[place % HOT_PANES];
        let (number, grown) = cells.find_or_push(&self.hashing, key, self.limit.limit(), create)?;
        self.grown += u64::from(grown);
        Ok(cells.at(number))
    }

    /// The cell of `key` in the pane of a window that has fired and is kept, and
    /// its number there. Opens the pane if it is not open; brings home those that
    /// are at hand.
    ///
    /// # Errors
    /// [`TooManyKeys`], as [`cell`](Self::cell).
    pub(crate) fn late_cell(
        &mut self,
        window: Window,
        key: K,
        create: &impl Fn() -> Acc,
    ) -> Result<(usize, &mut Acc), TooManyKeys<K>> {
        self.cool();
        let position = self.find(window).unwrap_or_else(|gap| {
            self.fired += 1;
            self.open_at(gap, window)
        });
        let cells = &mut self.open[position].cells;
        let before = cells.len();
        let (number, grown) = cells.find_or_push(&self.hashing, key, self.limit.limit(), create)?;
        self.grown += u64::from(grown);
        self.held += cells.len() - before;
        Ok((number, cells.at(number)))
    }

    /// The window of the earliest open pane that has not fired.
    #[inline]
    pub fn first_open(&self) -> Option<Window> {
        self.open.get(self.fired).map(|pane| pane.window)
    }

    /// Takes the earliest open pane out, to be emptied.
    pub fn take_first(&mut self) -> Option<ClosingPane<K, Acc>> {
        self.cool();
        self.high_water = self.high_water.max(self.held);
        let Pane { window, cells } = self.open.pop_front()?;
        Some(ClosingPane {
            window,
            came: cells.len(),
            leaving: cells.leave(),
        })
    }

    /// The next cell of a pane that is being emptied, in the order of first touch.
    #[inline(always)]
    pub fn next_entry(&self, closing: &mut ClosingPane<K, Acc>) -> Option<PaneEntry<K, Acc>> {
        let (key, accumulator) = closing.leaving.next(&self.hashing)?;
        Some(PaneEntry { key, accumulator })
    }

    /// Takes an emptied pane back.
    pub fn recycle(&mut self, emptied: ClosingPane<K, Acc>) {
        let cells = emptied.leaving.emptied(&self.hashing);
        self.put_away(cells, emptied.came);
    }

    /// Lets go of an empty pane in which so many keys `came`.
    fn put_away(&mut self, cells: KeyCells<K, Acc>, came: usize) {
        self.held -= came;
        self.most_keys.note(came);
        // The one that is being emptied is open no more and not yet spare.
        let most = self.most_open.lately().max(HOT_PANES) + 1;
        self.spare.truncate(most);
        if self.spare.len() < most {
            self.spare.push(cells);
        }
    }

    /// Fires the earliest open pane that has not, and keeps it.
    pub(crate) fn fire_first(&mut self) -> Option<FiringPane> {
        self.cool();
        let window = self.open.get(self.fired)?.window;
        self.fired += 1;
        Some(FiringPane { window, next: 0 })
    }

    /// The next cell of the pane that is firing, in the order of first touch: a
    /// copy.
    pub(crate) fn next_copy(&self, firing: &mut FiringPane) -> Option<PaneEntry<K, Acc>>
    where
        K: Clone,
        Acc: Clone,
    {
        let entry = self.copy(firing.window, firing.next)?;
        firing.next += 1;
        Some(entry)
    }

    /// One cell of the pane of `window`, by its number: a copy.
    pub(crate) fn copy(&self, window: Window, number: usize) -> Option<PaneEntry<K, Acc>>
    where
        K: Clone,
        Acc: Clone,
    {
        let pane = &self.open[self.find(window).ok()?];
        let (key, accumulator) = pane.cells.copy(number)?;
        Some(PaneEntry { key, accumulator })
    }

    /// The window of the earliest pane that has fired and is kept.
    pub(crate) fn first_kept(&self) -> Option<Window> {
        self.open
            .front()
            .map(|pane| pane.window)
            .filter(|_| self.fired > 0)
    }

    /// Drops the earliest pane that has fired and is kept.
    pub(crate) fn drop_first_kept(&mut self) {
        if self.fired == 0 {
            return;
        }
        self.cool();
        self.high_water = self.high_water.max(self.held);
        self.fired -= 1;
        if let Some(Pane { mut cells, .. }) = self.open.pop_front() {
            let came = cells.len();
            cells.clear();
            self.put_away(cells, came);
        }
    }

    /// Whether a pane at hand is so large that its memory has to be waited for.
    #[inline(always)]
    pub(crate) fn is_large(&self) -> bool {
        let [one, other] = &self.hot;
        one.bytes().max(other.bytes()) > IN_CACHE
    }

    /// What the arena holds.
    pub fn stats(&self) -> StateStats {
        let keys = self.held + self.hot.iter().map(KeyCells::len).sum::<usize>();
        StateStats {
            keys,
            keys_high_water: self.high_water.max(keys),
            grown: self.grown,
            panes: self.open.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    const BURST: u32 = 10_000;

    fn window(n: i64) -> Window {
        Window::new(
            Timestamp::from_nanos(10 * n),
            Timestamp::from_nanos(10 * n + 10),
        )
    }

    /// One window: its keys come, and it is emptied.
    fn pass(panes: &mut Panes<u32, u64>, n: i64, keys: impl Iterator<Item = u32> + Clone) {
        panes.warm(0, window(n));
        for key in keys.clone() {
            *panes.cell(0, key, &|| 0).unwrap() += 1;
        }
        let held = panes.stats().keys;
        let mut closing = panes.take_first().unwrap();
        assert_eq!(closing.window(), window(n));
        for key in keys.clone() {
            let entry = panes.next_entry(&mut closing).unwrap();
            assert_eq!((entry.key, entry.accumulator), (key, 1));
        }
        assert_eq!(panes.next_entry(&mut closing), None);
        panes.recycle(closing);
        assert_eq!(panes.stats().keys, held - keys.count());
    }

    #[test]
    fn nothing_grows_in_the_steady_state_and_a_burst_is_forgotten() {
        let mut panes = Panes::new(StateLimit::new(128, 1 << 20));
        for n in 0..20 {
            pass(&mut panes, n, 0..128);
        }
        assert_eq!(panes.stats().grown, 0);
        pass(&mut panes, 20, 0..BURST);
        let grown = panes.stats().grown;
        assert!(grown > 0);
        for n in 21..60 {
            pass(&mut panes, n, BURST..BURST + 128);
        }
        assert_eq!(panes.stats().grown, grown);
        assert_eq!(panes.stats().keys_high_water, BURST as usize);
        let spare: usize = panes.spare.iter().map(KeyCells::bytes).sum();
        assert!(spare <= 3 * 128 * 64, "{spare} bytes");
    }

    /// Many windows open at once, again and again: their memory is used again too,
    /// and given back once they are few.
    #[test]
    fn as_many_spare_panes_are_kept_as_were_open_at_once() {
        let mut panes: Panes<u32, u64> = Panes::new(StateLimit::new(16, 1 << 20));
        let mut start = 0;
        for (at_once, kept) in [(20, 21), (20, 21), (2, 3)] {
            for _ in 0..3 * AGE as i64 {
                for n in start..start + at_once {
                    panes.cool();
                    panes.warm(0, window(n));
                    *panes.cell(0, 1, &|| 0).unwrap() += 1;
                }
                for _ in 0..at_once {
                    let mut closing = panes.take_first().unwrap();
                    while panes.next_entry(&mut closing).is_some() {}
                    panes.recycle(closing);
                }
                start += at_once;
            }
            assert!(panes.spare.len() <= kept, "{}", panes.spare.len());
            assert!(panes.spare.len() >= at_once as usize);
        }
    }
}
