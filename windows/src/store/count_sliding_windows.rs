use crate::store::count_panes::CountPanes;
use crate::store::recent_panes::RecentPanes;
use crate::{
    Added, Aggregate, Arrival, CountSliding, Fired, Firing, KeySlab, Slot, StateLimit, StateStats,
    Timestamp, Window, WindowStore,
};
use std::hash::Hash;

/// Keyed windows of the last so many records: for every key the pane that is
/// being filled, and the panes of its last window, partly merged.
///
/// A record is folded into one accumulator. A result takes eleven merges at
/// most, however large the window and the slide are: see
/// [`SlidingFold`](crate::SlidingFold). (With the rest asked for, each record is
/// a pane, and takes six merges at most.) An aggregate that
/// [retracts](Aggregate::RETRACTS) keeps a running total instead, and one that
/// [grows](Aggregate::GROWS) keeps its panes as they are and merges them all
/// for each result.
///
/// Where windows overlap, a key that has come once stays for as long as the job
/// runs: its next result is also of the records before. Where they do not, it
/// leaves with its result.
///
/// ```
/// use fluxus_windows::aggregate::Sum;
/// use fluxus_windows::{Arrival, CountSliding, CountSlidingWindows};
/// use fluxus_windows::{StateLimit, Timestamp, WindowStore};
///
/// let sum = Sum::of(|value: &u32| *value);
/// let kind = CountSliding::new(4, 2)?;
/// let mut windows = CountSlidingWindows::new(kind, StateLimit::new(16, 1024));
/// let mut sums = Vec::new();
/// for value in [1; 6] {
///     let arrival = Arrival { time: Timestamp::MIN, value: &value, number: 0 };
///     windows.add(&sum, "ant", arrival);
///     while let Some(fired) = windows.next_due(&sum) {
///         sums.push(fired.value);
///     }
/// }
/// assert_eq!(sums, [2, 4, 4]);
/// # Ok::<(), fluxus_windows::CountError>(())
/// ```
#[derive(Debug)]
pub struct CountSlidingWindows<K, Acc> {
    cuts: CountPanes,
    slab: KeySlab<K>,
    /// One a slot, and apart from the full panes: it is what most records touch.
    filling: Vec<Filling<Acc>>,
    /// One a slot: the panes that are full.
    full: Vec<RecentPanes<Acc>>,
    due: Option<(K, Acc)>,
    watermark: Timestamp,
    /// The stream has ended, and this is the next slot to let go of.
    ending: Option<usize>,
}

/// The pane of a key that is being filled.
#[derive(Debug)]
struct Filling<Acc> {
    /// Records of the key since its last result: less than a slide.
    within: u64,
    /// Where the pane ends, in records since the last result; zero in a gap.
    end: u64,
    pane: Acc,
}

impl<K: Hash + Eq, Acc> CountSlidingWindows<K, Acc> {
    /// No windows yet; memory is set aside as `limit` says.
    pub fn new(kind: CountSliding, limit: StateLimit) -> Self {
        Self {
            cuts: CountPanes::from(kind),
            slab: KeySlab::new(limit),
            filling: Vec::with_capacity(limit.expected()),
            full: Vec::new(),
            due: None,
            watermark: Timestamp::MIN,
            ending: None,
        }
    }

    /// Makes sure that there is a pane for `slot`.
    fn extend_to<T, A>(&mut self, slot: Slot, aggregate: &A)
    where
        A: Aggregate<T, Accumulator = Acc>,
        Acc: Clone,
    {
        let enough = slot.index() + 1;
        if enough > self.filling.len() {
            let end = self.cuts.end_after(0);
            self.filling.resize_with(enough, || Filling {
                within: 0,
                end,
                pane: aggregate.create(),
            });
        }
        if enough > self.full.len() && !self.cuts.are_windows() {
            self.full.resize_with(enough, RecentPanes::new::<T, A>);
        }
    }

    /// The next key that had a rest when the stream ended. Its slot is free.
    fn next_rest<T, A>(&mut self, aggregate: &A) -> Option<(K, Acc)>
    where
        A: Aggregate<T, Accumulator = Acc>,
        Acc: Clone,
        K: Clone,
    {
        let slot = self.ending.as_mut()?;
        while let Some(filling) = self.filling.get_mut(*slot) {
            let panes = self.full.get_mut(*slot);
            // At most `MOST_KEYS` slots exist, so it fits.
            let here = Slot(*slot as u32);
            *slot += 1;
            let is_rest = std::mem::take(&mut filling.within) > 0;
            // Where windows are panes, a key has left with its last result.
            if is_rest || !self.cuts.are_windows() {
                let key = self.slab.key(here).clone();
                self.slab.release(here);
                let panes = panes.map(|panes| std::mem::replace(panes, RecentPanes::new::<T, A>()));
                let panes = panes.filter(|_| is_rest && self.cuts.are_records());
                if let Some(rest) = panes.and_then(|panes| panes.fold(aggregate)) {
                    return Some((key, rest));
                }
            }
        }
        self.ending = None;
        None
    }
}

impl<K, T, A> WindowStore<K, T, A> for CountSlidingWindows<K, A::Accumulator>
where
    K: Hash + Eq + Clone,
    A: Aggregate<T>,
{
    #[inline(always)]
    fn at_hand(&mut self, _: Timestamp, key: &K) -> Option<&mut A::Accumulator> {
        let slot = self.slab.find(key)?;
        let filling = self.filling.get_mut(slot.index())?;
        let within = filling.within + 1;
        if within >= filling.end {
            return None;
        }
        filling.within = within;
        Some(&mut filling.pane)
    }

    fn add(&mut self, aggregate: &A, key: K, arrival: Arrival<'_, T>) -> Added {
        if self.watermark == Timestamp::MAX {
            return Added::Late;
        }
        let (slot, key) = match self.slab.find(&key) {
            Some(slot) => (slot, Some(key)),
            None => match self.slab.slot(key) {
                Ok(slot) => (slot, None),
                Err(_) => return Added::Refused,
            },
        };
        self.extend_to(slot, aggregate);
        let filling = &mut self.filling[slot.index()];
        if self.cuts.is_gap(filling.within) {
            filling.within += 1;
            filling.end = self.cuts.end_after(filling.within);
            return Added::Ignored;
        }
        arrival.fold_into(aggregate, &mut filling.pane);
        filling.within += 1;
        if filling.within < filling.end {
            return Added::Kept;
        }
        let pane = std::mem::replace(&mut filling.pane, aggregate.create());
        let is_due = filling.within == self.cuts.slide();
        if is_due {
            filling.within = 0;
        }
        filling.end = self.cuts.end_after(filling.within);
        if self.cuts.are_windows() {
            let key = key.unwrap_or_else(|| self.slab.key(slot).clone());
            self.slab.release(slot);
            self.due = Some((key, pane));
            return Added::Kept;
        }
        let panes = &mut self.full[slot.index()];
        // Room first: no more panes are held than a window has.
        if panes.len() as u64 >= self.cuts.per_window() {
            panes.evict(aggregate);
        }
        panes.push(aggregate, pane);
        if is_due {
            let key = key.unwrap_or_else(|| self.slab.key(slot).clone());
            self.due = panes.fold(aggregate).map(|window| (key, window));
        }
        Added::Kept
    }

    fn advance(&mut self, time: Timestamp) -> bool {
        if time == Timestamp::MAX && self.watermark < time {
            self.ending = Some(0);
        }
        self.watermark = self.watermark.max(time);
        self.due.is_some() || self.ending.is_some()
    }

    #[inline]
    fn has_due(&self) -> bool {
        self.due.is_some() || self.ending.is_some()
    }

    #[inline]
    fn next_due(&mut self, aggregate: &A) -> Option<Fired<K, A::Output>> {
        let (firing, (key, accumulator)) = match self.due.take() {
            Some(due) => (Firing::OnTime, due),
            None => (Firing::Early, self.next_rest(aggregate)?),
        };
        Some(Fired {
            window: Window::new(Timestamp::MIN, Timestamp::MAX),
            key,
            value: aggregate.finish(accumulator),
            firing,
        })
    }

    fn watermark(&self) -> Timestamp {
        self.watermark
    }

    fn stats(&self) -> StateStats {
        self.slab.stats()
    }
}
