use crate::store::window_lists::WindowLists;
use crate::{
    Added, Aggregate, Ahead, Arrival, Fired, Lateness, Prefetch, StateLimit, StateStats, Timestamp,
    Trigger, WindowAssigner, WindowStore,
};
use std::hash::Hash;

/// Keyed windows that are kept one by one, each with an accumulator of its own:
/// sessions, and every other kind when a [`Trigger`] is to fire it.
///
/// ```text
///   key ──► KeySlab ──► slot 17 ──► [1  6) [9  14)      its live windows, ascending
///                                     │      │
///                      timers: 5 ◄────┘ 13 ◄─┘          one for each of them, in a wheel
/// ```
///
/// A record finds its window, or those that it joins, by binary search among the
/// windows of its key; while a key has one window nothing is allocated, and where
/// it has very many they lie in a tree. A key that has lost its last window is
/// kept for a while, as it may come back. The wheel
/// is told when a window begins, not when it grows, and a watermark that rises
/// costs by the timers that it passes.
///
/// Merging follows the Dataflow model (Akidau et al., 2015) as Flink has it: a
/// record is merged first and judged late afterwards, so that it may join a
/// window that has fired and is kept for late records. A window that lived and
/// was dropped is gone: a record may open another one over the same time.
///
/// ```
/// use fluxus_windows::aggregate::Count;
/// use fluxus_windows::{
///     Arrival, Lateness, ListedWindows, Session, StateLimit, Timestamp, Trigger, WindowStore,
/// };
///
/// let gap = Session::from_nanos(5)?;
/// let limit = StateLimit::new(16, 1024);
/// let mut visits = ListedWindows::new(gap, Trigger::event_time(), Lateness::NONE, limit);
/// let visits: &mut dyn WindowStore<_, (), Count> = &mut visits;
/// let at = Timestamp::from_nanos;
/// for time in [1, 12, 4] {
///     visits.add(&Count, "ant", Arrival { time: at(time), value: &(), number: 0 });
/// }
/// visits.advance(at(10));
/// let visit = visits.next_due(&Count).unwrap();
/// assert_eq!((visit.window.start(), visit.window.end()), (at(1), at(9)));
/// assert_eq!((visit.key, visit.value), ("ant", 2));
/// # Ok::<(), fluxus_windows::SessionError>(())
/// ```
#[derive(Debug)]
pub struct ListedWindows<W, K, Acc> {
    windows: W,
    lists: WindowLists<K, Acc>,
}

impl<W, K: Hash + Eq + Clone, Acc: Clone> ListedWindows<W, K, Acc> {
    /// No windows yet; memory is set aside as `limit` says.
    pub fn new(windows: W, trigger: Trigger, lateness: Lateness, limit: StateLimit) -> Self {
        Self {
            windows,
            lists: WindowLists::new(trigger, lateness, limit),
        }
    }

    /// The same, where all windows are so long, in nanoseconds, when they begin.
    pub(crate) fn of_length(self, length: i64) -> Self {
        let lists = self.lists.of_length(length);
        Self { lists, ..self }
    }
}

impl<W, K, T, A> WindowStore<K, T, A> for ListedWindows<W, K, A::Accumulator>
where
    W: WindowAssigner<T>,
    K: Hash + Eq + Clone,
    A: Aggregate<T>,
{
    #[inline(always)]
    fn at_hand(&mut self, time: Timestamp, key: &K) -> Option<&mut A::Accumulator> {
        if !self.lists.trigger().waits_for_the_end() || self.lists.is_large() {
            return None;
        }
        let window = self.windows.only_window(time)?;
        self.lists.newest(key, window, W::MERGES)
    }

    fn add(&mut self, aggregate: &A, key: K, arrival: Arrival<'_, T>) -> Added {
        let lists = &mut self.lists;
        // The key is here until it has its slot, which it gets with its first
        // window that is not late.
        let (mut key, mut slot) = (Some(key), None);
        let (mut lies_in_any, mut is_kept) = (false, false);
        let only = self.windows.only_window(arrival.time);
        if let Some(window) = only.filter(|&window| lists.opens(window)) {
            slot = key.take().and_then(|key| lists.slot(key));
            match slot {
                None => return Added::Refused,
                Some(slot) if lists.open(aggregate, slot, window, arrival) => return Added::Kept,
                Some(_) => {}
            }
        }
        self.windows.assign(arrival.time, arrival.value, |window| {
            if window.end() < window.start() {
                return;
            }
            lies_in_any = true;
            let is_late = lists.is_late(window);
            let found = match (slot, is_late, &key) {
                (Some(slot), ..) => Some(slot),
                (None, false, _) => {
                    slot = key.take().and_then(|key| lists.slot(key));
                    slot
                }
                // Late alone, it may still join a window that is not.
                (None, true, Some(key)) if W::MERGES => lists.find(key),
                (None, true, _) => None,
            };
            let Some(found) = found else { return };
            is_kept |= match (W::MERGES, is_late) {
                (true, _) => lists.fold_merged(aggregate, found, window, arrival),
                (false, true) => false,
                (false, false) => {
                    lists.fold_apart(aggregate, found, window, arrival);
                    true
                }
            };
        });
        lists.order_at_once();
        let is_refused = key.is_none() && slot.is_none();
        match (is_kept, is_refused) {
            (true, _) => Added::Kept,
            (false, true) => Added::Refused,
            (false, false) if lies_in_any || lists.is_past(arrival.time) => Added::Late,
            (false, false) => Added::Ignored,
        }
    }

    fn will_look_ahead(&mut self) {
        self.lists.will_look_ahead();
    }

    #[inline(always)]
    fn is_large(&self) -> bool {
        self.lists.is_large()
    }

    #[inline(always)]
    fn expect(&self, record: &mut Ahead<K, T>, memory: &impl Prefetch) {
        self.lists.expect(record, memory);
    }

    #[inline]
    fn look_ahead(&mut self, records: &mut [Ahead<K, T>], memory: &impl Prefetch) {
        self.lists.look_ahead(records, memory);
    }

    #[inline(always)]
    fn found_ahead(&mut self, aggregate: &A, record: &Ahead<K, T>) -> Option<&mut A::Accumulator> {
        let window = self.windows.only_window(record.time);
        self.lists.found_ahead(aggregate, record, window, W::MERGES)
    }

    #[inline]
    fn advance(&mut self, time: Timestamp) -> bool {
        self.lists.advance(time)
    }

    #[inline]
    fn has_due(&self) -> bool {
        self.lists.has_due()
    }

    fn next_due(&mut self, aggregate: &A) -> Option<Fired<K, A::Output>> {
        self.lists.next_due(aggregate)
    }

    fn watermark(&self) -> Timestamp {
        self.lists.watermark()
    }

    fn stats(&self) -> StateStats {
        self.lists.stats()
    }
}
