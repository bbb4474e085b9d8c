mod again;
mod closing;
mod combining;
mod hot;
mod laps;
mod merging;
mod running;
mod slices;

use crate::kind::numbering::Numbering;
use crate::state::slab::{Slot, StateLimit, StateStats, TooManyKeys};
use crate::{
    Added, Aggregate, Arrival, Fired, Firing, Lateness, Slicing, Timestamp, Window, WindowStore,
};
use again::Again;
use closing::Closing;
use combining::Combining;
use hot::{Hot, HOT_SLICES};
use merging::{By, Merging};
use slices::Slices;
use std::hash::Hash;
use std::ops::RangeInclusive;

/// Keyed windows that overlap, sliding or cumulating: an arena of slices, and
/// what is kept to make a window of them with a constant number of merges.
///
/// A record is folded into one cell, that of its key in its slice, however many
/// windows hold it. When a window closes, each of its keys costs a few merges,
/// however many slices the window has:
///
/// ```text
///   the aggregate    what is kept                          merges a key and close
///   retracts         a running total                       2, or 4 with two slices a slide
///   merges           suffixes, total and prefix of laps    4, or 7
///   grows            nothing: slices are merged            as many as slices
///   (cumulating)     a running total, begun anew           1
/// ```
///
/// Windows of few slices merge them as well. What a close does is done 64 keys
/// at a time as results are handed out, so it can stop between any two results.
///
/// Made by [`Sliding`](crate::Sliding) and [`Cumulating`](crate::Cumulating):
///
/// ```
/// use fluxus_windows::aggregate::Count;
/// use fluxus_windows::{Arrival, Lateness, Sliding, StateLimit, Timestamp};
/// use fluxus_windows::{WindowKind, WindowStore};
///
/// let sliding = Sliding::from_nanos(4, 2)?;
/// let limit = StateLimit::new(16, 1024);
/// let mut windows = WindowKind::<&str>::store(&sliding, Lateness::NONE, limit, &Count);
/// let time = Timestamp::from_nanos(1);
/// windows.add(&Count, "ant", Arrival { time, value: &"walks", number: 0 });
/// windows.advance(Timestamp::from_nanos(3));
/// let mut ends = Vec::new();
/// while let Some(fired) = WindowStore::<_, &str, _>::next_due(&mut windows, &Count) {
///     assert_eq!((fired.key, fired.value), ("ant", 1));
///     ends.push(fired.window.end().nanos());
/// }
/// assert_eq!(ends, [2, 4]);
/// # Ok::<(), fluxus_windows::WindowError>(())
/// ```
#[derive(Debug)]
pub struct SlidingWindows<K, Acc> {
    numbering: Numbering,
    slicing: Slicing,
    lateness: Lateness,
    watermark: Timestamp,
    slices: Slices<K, Acc>,
    combining: Combining<Acc>,
    /// The slices at hand. None of them has joined a window that closed.
    hot: Hot,
    /// How many records came for slices before those at hand since these were
    /// put there.
    astray: u32,
    /// The last window that has fired, or that would have if it held anything.
    fired: i128,
    /// The watermark at which the next window closes, or the next slice leaves.
    due: Option<Timestamp>,
    closing: Option<Closing>,
    again: Option<Again<Acc>>,
}

/// Records for slices before those at hand after which those are put at hand.
/// Where time is more out of order than slices fit, the newest ones stay; after
/// one record from the future they do not stay for long.
const MOST_ASTRAY: u32 = 16;

/// Where the slice of a record is.
enum Place {
    AtHand(usize),
    /// Its position, and the windows that hold it.
    Home(usize, RangeInclusive<i128>),
}

impl<K: Hash + Eq + Clone, Acc: Clone> SlidingWindows<K, Acc> {
    /// No windows yet; memory is set aside as `limit` says.
    pub(crate) fn new<T, A: Aggregate<T, Accumulator = Acc>>(
        numbering: Numbering,
        slicing: Slicing,
        lateness: Lateness,
        limit: StateLimit,
        aggregate: &A,
    ) -> Self {
        Self {
            numbering,
            slicing,
            lateness,
            watermark: Timestamp::MIN,
            slices: Slices::new(limit, &|| aggregate.create()),
            combining: Combining::of::<T, A>(&numbering),
            hot: Hot::default(),
            astray: 0,
            fired: numbering.first_after(Timestamp::MIN, Lateness::NONE) - 1,
            due: None,
            closing: None,
            again: None,
        }
    }

    /// Moves the watermark to `time`; one that does not rise does nothing. Says
    /// whether there is now something due (or at least something to tidy up).
    #[inline]
    pub fn advance(&mut self, time: Timestamp) -> bool {
        self.watermark = self.watermark.max(time);
        let anything = self.has_due();
        if anything {
            // A window that is complete takes no more records the short way,
            // handed out or not.
            self.hot = Hot::default();
        }
        anything
    }

    /// Whether there is something to hand out (or at least to tidy up).
    #[inline]
    pub fn has_due(&self) -> bool {
        self.closing.is_some()
            || self.again.is_some()
            || self.due.is_some_and(|due| due <= self.watermark)
    }

    /// The watermark as it stands.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// What the state holds.
    pub fn stats(&self) -> StateStats {
        self.slices.stats()
    }

    /// Finds the place of a record whose slice is not at hand, and the slot of its
    /// key. Says what became of it if there is none.
    #[inline(never)]
    fn admit(&mut self, time: Timestamp, key: K) -> Result<(Place, Slot), Added> {
        if self.slicing.is_gap(time) {
            return Err(match self.lateness.after(time) <= self.watermark {
                true => Added::Late,
                false => Added::Ignored,
            });
        }
        let slice = self.slicing.slice_of(time);
        let numbers = self.numbering.numbers_of(slice.start());
        let last = self.numbering.window(*numbers.end());
        if self.lateness.last_moment_of(last) <= self.watermark {
            return Err(Added::Late);
        }
        let slot = self.slot(key)?;
        if *numbers.start() > self.fired && self.hot.is_after(slice.start()) {
            self.astray += 1;
            // The cells of an open slice before those at hand are at home.
            if self.astray < MOST_ASTRAY {
                if let Ok(position) = self.slices.find_slice(slice.start()) {
                    return Ok((Place::Home(position, numbers), slot));
                }
            }
        }
        self.astray = 0;
        self.slices.cool();
        self.hot = Hot::default();
        if !self.has_due() {
            self.skip_empty_windows();
        }
        let position = self.slices.open(slice.start(), &numbers);
        self.due = self.next_moment();
        if *numbers.start() > self.fired {
            self.warm(slice);
            if let Some(place) = self.hot.place(time) {
                return Ok((Place::AtHand(place), slot));
            }
            self.slices.cool();
            self.hot = Hot::default();
        }
        Ok((Place::Home(position, numbers), slot))
    }

    /// The place of the slice that holds `time`, if it is at hand. Then it is
    /// open, and no record in it is late.
    #[inline]
    fn place_at_hand(&mut self, time: Timestamp) -> Option<usize> {
        let place = self.hot.place(time)?;
        self.slices.is_at_hand(place).then_some(place)
    }

    /// The slot of a key, a new one if it has none. Idle keys give way to it,
    /// unless what is being handed out may be of any key.
    #[inline]
    fn slot(&mut self, key: K) -> Result<Slot, Added> {
        let hash = match self.slices.find(&key) {
            Ok(slot) => return Ok(slot),
            Err(hash) => hash,
        };
        if self.slices.gives_way() && !self.is_handing_out() {
            self.slices.make_room(self.joined());
        }
        let slot = self.slices.new_slot(hash, key);
        slot.map_err(|TooManyKeys { .. }| Added::Refused)
    }

    /// Whether results are being handed out, which may be of any key.
    fn is_handing_out(&self) -> bool {
        self.closing.is_some() || self.again.is_some()
    }

    /// The position of the first slice that no window that fired has held.
    fn joined(&self) -> usize {
        let fired = self.fired;
        self.slices.position(|slice| slice.first <= fired)
    }

    /// Puts this slice at hand, which has not joined, and those around it that
    /// have not: up to the newest one, or else from the one before it on.
    fn warm(&mut self, slice: Window) {
        let joined = self.numbering.window(self.fired).end();
        let before = |start: Timestamp| {
            let last = start.nanos().checked_sub(1).map(Timestamp::from_nanos)?;
            (start > joined).then(|| self.slicing.slice_of(last).start())
        };
        let newest = self.slices.newest().unwrap_or(slice.start());
        let mut first = newest.max(slice.start());
        for _ in 1..HOT_SLICES {
            first = before(first).unwrap_or(first);
        }
        if first > slice.start() {
            first = before(slice.start()).unwrap_or(slice.start());
        }
        let slices = &mut self.slices;
        self.hot = Hot::from(self.slicing, first, |place, start| {
            slices.warm_if_open(place, start);
        });
    }

    /// Folds a record that came after its slice had joined, and makes the
    /// windows fire again that had fired and are kept.
    fn fold_late(
        &mut self,
        merging: &impl Merging<Acc>,
        position: usize,
        numbers: &RangeInclusive<i128>,
        slot: Slot,
        mut fold: impl FnMut(&mut Acc),
    ) {
        fold(self.slices.cell(position, slot, &|| merging.create()));
        if *numbers.start() > self.fired {
            return;
        }
        if let Some(slice) = self.slices.get(position) {
            let fired = self.fired;
            self.combining.fold(merging, slice, slot, fired, &mut fold);
            let start = slice.start;
            self.slices.join(slot, start);
        }
        let kept = self.numbering.first_after(self.watermark, self.lateness);
        let numbers = *numbers.start().max(&kept)..=*numbers.end().min(&self.fired);
        if !numbers.is_empty() {
            let again = Again::new(merging, &self.slices, position, slot, numbers);
            self.again = Some(again);
        }
    }

    /// The next window that holds anything.
    fn next_number(&self) -> Option<i128> {
        let fired = self.fired;
        let position = self.slices.position(|slice| slice.last <= fired);
        let slice = self.slices.get(position)?;
        Some(slice.first.max(fired + 1))
    }

    /// The watermark at which there is something to do.
    fn next_moment(&self) -> Option<Timestamp> {
        let closes = self.next_number();
        let closes = closes.map(|number| self.numbering.window(number).last_instant());
        let oldest = self.slices.get(0).filter(|slice| slice.last <= self.fired);
        let leaves = oldest.map(|slice| self.numbering.window(slice.last));
        let leaves = leaves.map(|window| self.lateness.last_moment_of(window));
        closes.into_iter().chain(leaves).min()
    }

    /// Passes over the windows that the watermark has completed without there
    /// being anything in them.
    fn skip_empty_windows(&mut self) {
        let open = self.numbering.first_after(self.watermark, Lateness::NONE);
        self.fired = self.fired.max(open - 1);
    }

    /// Lets go of the slices that not even late records need.
    fn drop_slices(&mut self, create: &impl Fn() -> Acc) {
        let kept = self.numbering.first_after(self.watermark, self.lateness);
        let kept = kept.min(self.fired + 1);
        let leaving = self.slices.position(|slice| slice.last < kept);
        if leaving > 0 {
            self.slices.cool();
            self.hot = Hot::default();
            let mut next = self.slices.next_held(0, 0..leaving);
            while let Some(block) = next {
                self.slices.leave_block(block, leaving, create);
                next = self.slices.next_held(block + 1, 0..leaving);
            }
            self.slices.leave(leaving);
        }
    }

    /// Begins to close the next window, if the watermark has completed it.
    fn close_next(&mut self) -> bool {
        let Some(number) = self.next_number() else {
            return false;
        };
        let window = self.numbering.window(number);
        if window.last_instant() > self.watermark {
            return false;
        }
        self.slices.cool();
        self.hot = Hot::default();
        let closing = Closing::new(number, window, &self.slices);
        self.combining.begin(&self.slices, &closing);
        self.closing = Some(closing);
        true
    }

    /// Leaves a block of the window that closes, and comes to the next; after
    /// the last one the window has fired.
    fn close_next_block(&mut self, merging: &impl Merging<Acc>) {
        let Some(closing) = &mut self.closing else {
            return;
        };
        let (slices, combining) = (&mut self.slices, &mut self.combining);
        let drops = self.lateness.is_none();
        if let Some(block) = closing.block() {
            combining.leave_block(merging, slices, closing, block);
            if drops {
                let create = || merging.create();
                slices.leave_block(block, closing.leaving, &create);
            }
        }
        if let Some(block) = combining.next_held(slices, closing, closing.next_block()) {
            slices.join_block(block, closing.joining..closing.slices.end);
            let cells = combining.join_block(merging, slices, closing, block);
            closing.visit(block, cells);
            return;
        }
        combining.end();
        slices.came(closing.came);
        if drops {
            slices.leave(closing.leaving);
        }
        self.fired = closing.number;
        self.closing = None;
    }

    /// The next result of the block whose results are handed out, if there is
    /// one: the short way for nearly all of them. On the long way more registers
    /// are saved and restored than a result of a running total takes instructions.
    #[inline(always)]
    fn next_at_hand(&mut self, merging: &impl Merging<Acc>) -> Option<Fired<K, Acc>> {
        if self.again.is_some() {
            return None;
        }
        let closing = self.closing.as_mut()?;
        let slot = closing.next_slot()?;
        let may_move = self.lateness.is_none();
        let slices = &mut self.slices;
        let value = self
            .combining
            .result(merging, slices, closing, slot, may_move)?;
        Some(Fired {
            window: closing.window,
            key: self.slices.key(slot).clone(),
            value,
            firing: Firing::OnTime,
        })
    }

    /// The next result, whatever has to be done before.
    #[cold]
    #[inline(never)]
    fn next(&mut self, merging: &impl Merging<Acc>) -> Option<Fired<K, Acc>> {
        loop {
            if let Some(again) = &mut self.again {
                if let Some((number, value)) = again.next(merging, &self.slices) {
                    return Some(Fired {
                        window: self.numbering.window(number),
                        key: self.slices.key(again.slot()).clone(),
                        value,
                        firing: Firing::Late,
                    });
                }
                self.again = None;
            }
            if let Some(closing) = &self.closing {
                let is_block_done = closing.is_block_done();
                if let Some(fired) = self.next_at_hand(merging) {
                    return Some(fired);
                }
                if is_block_done {
                    self.close_next_block(merging);
                }
                continue;
            }
            if !self.has_due() {
                self.skip_empty_windows();
                return None;
            }
            self.drop_slices(&|| merging.create());
            if !self.close_next() {
                self.due = self.next_moment();
            }
        }
    }
}

impl<K, T, A> WindowStore<K, T, A> for SlidingWindows<K, A::Accumulator>
where
    K: Hash + Eq + Clone,
    A: Aggregate<T>,
{
    #[inline(always)]
    fn at_hand(&mut self, time: Timestamp, key: &K) -> Option<&mut A::Accumulator> {
        let place = self.hot.place(time)?;
        self.slices.known_cell(place, key)
    }

    fn add(&mut self, aggregate: &A, key: K, arrival: Arrival<'_, T>) -> Added {
        let create = || aggregate.create();
        if let Some(place) = self.place_at_hand(arrival.time) {
            let slot = match self.slot(key) {
                Ok(slot) => slot,
                Err(added) => return added,
            };
            arrival.fold_into(aggregate, self.slices.hot_cell(place, slot, &create));
            return Added::Kept;
        }
        match self.admit(arrival.time, key) {
            Err(added) => return added,
            Ok((Place::AtHand(place), slot)) => {
                arrival.fold_into(aggregate, self.slices.hot_cell(place, slot, &create));
            }
            Ok((Place::Home(position, numbers), slot)) => {
                let merging = By::<A, T>::new(aggregate);
                self.fold_late(&merging, position, &numbers, slot, |accumulator| {
                    arrival.fold_into(aggregate, accumulator);
                });
            }
        }
        Added::Kept
    }

    fn merge(&mut self, aggregate: &A, time: Timestamp, key: K, other: A::Accumulator) -> Added {
        let create = || aggregate.create();
        if let Some(place) = self.place_at_hand(time) {
            let slot = match self.slot(key) {
                Ok(slot) => slot,
                Err(added) => return added,
            };
            aggregate.merge(self.slices.hot_cell(place, slot, &create), other);
            return Added::Kept;
        }
        match self.admit(time, key) {
            Err(added) => return added,
            Ok((Place::AtHand(place), slot)) => {
                aggregate.merge(self.slices.hot_cell(place, slot, &create), other);
            }
            Ok((Place::Home(position, numbers), slot)) => {
                let merging = By::<A, T>::new(aggregate);
                self.fold_late(&merging, position, &numbers, slot, |accumulator| {
                    aggregate.merge(accumulator, other.clone());
                });
            }
        }
        Added::Kept
    }

    #[inline]
    fn advance(&mut self, time: Timestamp) -> bool {
        SlidingWindows::advance(self, time)
    }

    #[inline]
    fn has_due(&self) -> bool {
        SlidingWindows::has_due(self)
    }

    #[inline]
    fn next_due(&mut self, aggregate: &A) -> Option<Fired<K, A::Output>> {
        let merging = By::<A, T>::new(aggregate);
        let fired = match self.next_at_hand(&merging) {
            Some(fired) => fired,
            None => self.next(&merging)?,
        };
        Some(Fired {
            window: fired.window,
            key: fired.key,
            value: aggregate.finish(fired.value),
            firing: fired.firing,
        })
    }

    #[inline]
    fn tidy(&mut self) {
        if self.slices.is_untidy() && !self.is_handing_out() {
            self.slices.tidy(self.joined());
        }
    }

    fn watermark(&self) -> Timestamp {
        self.watermark
    }

    fn stats(&self) -> StateStats {
        SlidingWindows::stats(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{Max, Sum};
    use crate::{Sliding, WindowKind};

    /// Closes the next window, and says how many blocks that visits.
    fn visited<A>(store: &mut SlidingWindows<u32, A::Accumulator>, aggregate: &A) -> usize
    where
        A: Aggregate<i64>,
    {
        let merging = By::<A, i64>::new(aggregate);
        assert!(store.close_next());
        let mut visited = 0;
        loop {
            store.close_next_block(&merging);
            let Some(closing) = &mut store.closing else {
                return visited;
            };
            while closing.next_slot().is_some() {}
            visited += 1;
        }
    }

    /// A burst of keys, and then one key in each slide.
    fn after_a_burst<A: Aggregate<i64>>(aggregate: &A, slides: i64) {
        const BURST: u32 = 6_400;
        let sliding = Sliding::from_nanos(10 * slides, 10).unwrap();
        let limit = StateLimit::new(16, 1 << 20);
        let mut store: SlidingWindows<u32, A::Accumulator> =
            WindowKind::<i64>::store(&sliding, Lateness::NONE, limit, aggregate);
        let add = |store: &mut SlidingWindows<u32, A::Accumulator>, slide: i64, key| {
            let arrival = Arrival {
                time: Timestamp::from_nanos(10 * slide),
                value: &1,
                number: 0,
            };
            assert_eq!(store.add(aggregate, key, arrival), Added::Kept);
        };
        for key in 0..BURST {
            add(&mut store, 0, key);
        }
        for slide in 0..6 * slides {
            add(&mut store, slide, BURST - 1);
            store.advance(Timestamp::from_nanos(10 * slide + 9));
            let visited = visited(&mut store, aggregate);
            match slide {
                0 => assert_eq!(visited, 100),
                // The burst has left, and so have what was made of it and its keys.
                _ if slide > 3 * slides => assert_eq!(visited, 1, "{slides}, slide {slide}"),
                _ => assert!(visited <= 100),
            }
        }
        for _ in 0..BURST / 64 {
            WindowStore::<u32, i64, A>::tidy(&mut store);
        }
        assert!(store.stats().keys <= 16, "idle keys have gone");
    }

    #[test]
    fn after_a_burst_of_keys_a_close_visits_what_was_touched() {
        for slides in [1, 2, 3, 10, 40] {
            after_a_burst(&Sum::of(|n: &i64| *n), slides);
            after_a_burst(&Max::of(|n: &i64| *n), slides);
        }
    }
}
