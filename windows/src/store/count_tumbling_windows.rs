use crate::{
    Added, Aggregate, Arrival, CountTumbling, Fired, Firing, KeySlab, Slot, StateLimit, StateStats,
    Timestamp, Window, WindowStore,
};
use std::hash::Hash;

/// Keyed windows of so many records each: for every key one accumulator, and
/// how many records are in it.
///
/// A key is held while its window is part filled, and leaves with its result.
/// So the keys that are held are those with a rest; one that never fills its
/// window stays for as long as the job runs.
///
/// ```
/// use fluxus_windows::aggregate::Sum;
/// use fluxus_windows::{Arrival, CountTumbling, CountTumblingWindows};
/// use fluxus_windows::{StateLimit, Timestamp, WindowStore};
///
/// let sum = Sum::of(|value: &u32| *value);
/// let mut windows = CountTumblingWindows::new(CountTumbling::of(2)?, StateLimit::new(16, 1024));
/// for value in [3, 4, 5] {
///     let arrival = Arrival { time: Timestamp::MIN, value: &value, number: 0 };
///     windows.add(&sum, "ant", arrival);
///     while let Some(fired) = windows.next_due(&sum) {
///         assert_eq!((fired.key, fired.value), ("ant", 7));
///     }
/// }
/// # Ok::<(), fluxus_windows::CountError>(())
/// ```
#[derive(Debug)]
pub struct CountTumblingWindows<K, Acc> {
    kind: CountTumbling,
    slab: KeySlab<K>,
    /// One a slot.
    cells: Vec<Cell<Acc>>,
    due: Option<(K, Acc)>,
    watermark: Timestamp,
    /// The stream has ended, and this is the next slot to let go of.
    ending: Option<usize>,
}

/// The window of a key that is being filled.
///
/// `count` is zero where no key is, and below `n` always.
#[derive(Debug)]
struct Cell<Acc> {
    count: u64,
    accumulator: Acc,
}

impl<K: Hash + Eq, Acc> CountTumblingWindows<K, Acc> {
    /// No windows yet; memory is set aside as `limit` says.
    pub fn new(kind: CountTumbling, limit: StateLimit) -> Self {
        Self {
            kind,
            slab: KeySlab::new(limit),
            cells: Vec::with_capacity(limit.expected()),
            due: None,
            watermark: Timestamp::MIN,
            ending: None,
        }
    }

    /// The next key that had a rest when the stream ended. Its slot is free.
    fn next_rest(&mut self, create: &impl Fn() -> Acc) -> Option<(K, Acc)>
    where
        K: Clone,
    {
        let slot = self.ending.as_mut()?;
        while let Some(cell) = self.cells.get_mut(*slot) {
            // At most `MOST_KEYS` slots exist, so it fits.
            let here = Slot(*slot as u32);
            *slot += 1;
            if std::mem::take(&mut cell.count) > 0 {
                let accumulator = std::mem::replace(&mut cell.accumulator, create());
                let key = self.slab.key(here).clone();
                self.slab.release(here);
                if self.kind.gives_rest() {
                    return Some((key, accumulator));
                }
            }
        }
        self.ending = None;
        None
    }
}

impl<K, T, A> WindowStore<K, T, A> for CountTumblingWindows<K, A::Accumulator>
where
    K: Hash + Eq + Clone,
    A: Aggregate<T>,
{
    #[inline(always)]
    fn at_hand(&mut self, _: Timestamp, key: &K) -> Option<&mut A::Accumulator> {
        let slot = self.slab.find(key)?;
        let cell = self.cells.get_mut(slot.index())?;
        let count = cell.count + 1;
        if count >= self.kind.n() {
            return None;
        }
        cell.count = count;
        Some(&mut cell.accumulator)
    }

    fn add(&mut self, aggregate: &A, key: K, arrival: Arrival<'_, T>) -> Added {
        if self.watermark == Timestamp::MAX {
            return Added::Late;
        }
        if let Some(slot) = self.slab.find(&key) {
            let cell = &mut self.cells[slot.index()];
            arrival.fold_into(aggregate, &mut cell.accumulator);
            cell.count += 1;
            if cell.count >= self.kind.n() {
                cell.count = 0;
                let full = std::mem::replace(&mut cell.accumulator, aggregate.create());
                self.slab.release(slot);
                self.due = Some((key, full));
            }
            return Added::Kept;
        }
        if self.kind.n() == 1 {
            // Full with its first record: there is nothing to remember.
            let mut full = aggregate.create();
            arrival.fold_into(aggregate, &mut full);
            self.due = Some((key, full));
            return Added::Kept;
        }
        let Ok(slot) = self.slab.slot(key) else {
            return Added::Refused;
        };
        if slot.index() >= self.cells.len() {
            self.cells.resize_with(slot.index() + 1, || Cell {
                count: 0,
                accumulator: aggregate.create(),
            });
        }
        let cell = &mut self.cells[slot.index()];
        arrival.fold_into(aggregate, &mut cell.accumulator);
        cell.count = 1;
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
            None => (Firing::Early, self.next_rest(&|| aggregate.create())?),
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
