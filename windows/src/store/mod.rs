//! What keeps windows while they are open: four stores, and what they are made of.

pub(crate) mod tumbling_windows;

pub(crate) mod sliding_windows;

pub(crate) mod chunk_lists;
pub(crate) mod listed_windows;
pub(crate) mod live_window;
pub(crate) mod timer_ring;
pub(crate) mod timer_wheel;
pub(crate) mod timers;
pub(crate) mod window_list;
pub(crate) mod window_lists;

pub(crate) mod count_panes;
pub(crate) mod count_sliding_windows;
pub(crate) mod count_tumbling_windows;
pub(crate) mod recent_panes;
pub(crate) mod sliding_fold;

use crate::{Aggregate, Ahead, Prefetch, StateStats, Timestamp, Window};

/// What became of a record that was offered to its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It was folded into at least one window.
    Kept,
    /// All its windows are gone: their last instant plus the allowed lateness
    /// is at or before the watermark.
    Late,
    /// Its key is new and the state holds as many keys as it may.
    Refused,
    /// It lies in no window, and is not behind the watermark.
    Ignored,
}

/// Why a window gave a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Firing {
    /// A trigger asked for it before the watermark had completed the window.
    Early,
    /// The watermark completed the window.
    #[default]
    OnTime,
    /// A late record came, within the allowed lateness.
    Late,
}

/// One key's result of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fired<K, V> {
    /// The window.
    pub window: Window,
    /// The key.
    pub key: K,
    /// What the aggregate made of the records.
    pub value: V,
    /// Why it came out.
    pub firing: Firing,
}

/// A record that is offered to its windows.
#[derive(Debug)]
pub struct Arrival<'a, T> {
    /// Its place in event time.
    pub time: Timestamp,
    /// The record.
    pub value: &'a T,
    /// The how-manieth record it is; zero unless the aggregate is
    /// [numbered](Aggregate::NUMBERED).
    pub number: u64,
}

// Not derived: a copy needs no copy of the record.
impl<T> Clone for Arrival<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Arrival<'_, T> {}

impl<T> Arrival<'_, T> {
    /// Folds the record into an accumulator, with its number if that is asked for.
    #[inline(always)]
    pub fn fold_into<A: Aggregate<T>>(&self, aggregate: &A, accumulator: &mut A::Accumulator) {
        if A::NUMBERED {
            aggregate.add_numbered(accumulator, self.value, self.number);
        } else {
            aggregate.add(accumulator, self.value);
        }
    }
}

/// Where keyed windows of one kind keep their state: a machine without threads
/// or clocks.
///
/// [`add`](Self::add) folds a record, [`advance`](Self::advance) moves the
/// watermark, and [`next_due`](Self::next_due) hands out what is due, one
/// result at a time, so that the caller can stop whenever its output is full.
/// As long as anything is due the caller adds nothing.
///
/// The aggregate is handed in at every call, and is the same at each.
pub trait WindowStore<K, T, A: Aggregate<T>> {
    /// The accumulator into which a record of `key` at `time` is to be folded,
    /// if that is all there is to do: the window is at hand, the key is known,
    /// and nothing becomes due by it.
    ///
    /// The short way for most records. It calls nothing, so that a loop over it
    /// keeps what it holds in registers; [`add`](Self::add) is the long way, for
    /// all of them.
    fn at_hand(&mut self, time: Timestamp, key: &K) -> Option<&mut A::Accumulator>;

    /// The accumulator of a `key` that was not [at hand](Self::at_hand), if all there
    /// is to do is to make one; nothing becomes due by it. Else the key, back.
    #[inline(always)]
    fn first_touch(
        &mut self,
        aggregate: &A,
        time: Timestamp,
        key: K,
    ) -> Result<&mut A::Accumulator, K> {
        let _ = (aggregate, time);
        Err(key)
    }

    /// Folds a record into its windows. Nothing is folded unless the answer is
    /// [`Added::Kept`]; then something may be due.
    fn add(&mut self, aggregate: &A, key: K, arrival: Arrival<'_, T>) -> Added;

    /// Says that the caller will look for keys [ahead](Ahead) whenever the state
    /// [is large](Self::is_large).
    fn will_look_ahead(&mut self) {}

    /// Whether the state is so large that finding a key means waiting for
    /// memory, and the caller looks ahead. Then nothing is
    /// [at hand](Self::at_hand).
    #[inline(always)]
    fn is_large(&self) -> bool {
        false
    }

    /// Asks for the memory in which the look-up of a key begins.
    #[inline(always)]
    fn expect(&self, record: &mut Ahead<K, T>, memory: &impl Prefetch)
    where
        Self: Sized,
    {
        let _ = (record, memory);
    }

    /// Looks for the keys of records that were [expected](Self::expect).
    fn look_ahead(&mut self, records: &mut [Ahead<K, T>], memory: &impl Prefetch)
    where
        Self: Sized,
    {
        let _ = (records, memory);
    }

    /// As [`at_hand`](Self::at_hand), for a record whose key was found by
    /// [`look_ahead`](Self::look_ahead). A new key may be taken in, or a window begun
    /// that has nothing due before its end.
    #[inline(always)]
    fn found_ahead(&mut self, aggregate: &A, record: &Ahead<K, T>) -> Option<&mut A::Accumulator> {
        let _ = aggregate;
        self.at_hand(record.time, &record.key)
    }

    /// Folds what another core has seen of `key` in the slice of `time`. Asked
    /// only of windows that have a [slicing](crate::WindowKind::slicing), and
    /// only for slices of which no window is complete.
    fn merge(&mut self, aggregate: &A, time: Timestamp, key: K, other: A::Accumulator) -> Added {
        let _ = (aggregate, time, key, other);
        Added::Late
    }

    /// Moves the watermark to `time`; one that does not rise does nothing. Says
    /// whether there is now something due (or at least something to tidy up).
    fn advance(&mut self, time: Timestamp) -> bool;

    /// Whether [`next_due`](Self::next_due) has something to hand out (or at
    /// least to tidy up).
    fn has_due(&self) -> bool;

    /// The next result that is due: for each key, windows in the order of their
    /// ends. `None` when there is none for now: as long as
    /// [`has_due`](Self::has_due) says so, ask again. One call does a bounded amount
    /// of work.
    fn next_due(&mut self, aggregate: &A) -> Option<Fired<K, A::Output>>;

    /// Sees to what can wait until the signal has gone out, as letting go of keys:
    /// a bounded amount at a call. The caller asks behind every watermark.
    #[inline]
    fn tidy(&mut self) {}

    /// The watermark as it stands.
    fn watermark(&self) -> Timestamp;

    /// What the state holds.
    fn stats(&self) -> StateStats;
}
