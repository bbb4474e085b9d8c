use crate::store::timers::{Next, TimedWindows, Timer, Timers};
use crate::{KeySlab, Slot, StateLimit, StateStats, Timestamp};
use std::fmt;

/// The timers of keys, by one clock: any number a key, one for each instant.
///
/// ```text
///   (key, instant) ──► index ──► number of the timer ◄── bucket of the wheel
/// ```
///
/// A timer that was cancelled leaves its entry in the wheel behind, which is
/// passed over when it comes due. So setting, cancelling and firing each cost a
/// look-up, however many are pending, and time that rises costs what comes due.
/// Timers of one instant fire in the order in which they were set.
#[derive(Debug)]
pub(crate) struct KeyTimers {
    pending: Pending,
    timers: Timers,
    /// How many were ever set.
    set: i64,
}

#[derive(Debug)]
struct Pending {
    /// By key and instant.
    index: KeySlab<(Slot, Timestamp)>,
    /// The how-manieth timer each is, by its slot in the index.
    numbers: Vec<i64>,
    /// How often a timer was looked at.
    visited: u64,
}

/// No timer has this number.
const NONE: i64 = -1;

/// So many timers a key may be pending at once, on the average of all keys.
const A_KEY: usize = 16;

/// There is memory for so many timers from the start, whatever is expected: an
/// operator may use one clock, or none.
const AT_FIRST: usize = 1024;

/// As many timers are pending as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTimers {
    /// How many.
    pub limit: usize,
}

impl fmt::Display for TooManyTimers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its limit of {} pending timers is met", self.limit)
    }
}

impl std::error::Error for TooManyTimers {}

/// What [`KeyTimers::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextTimer {
    /// The first timer that has come due, and the slot of its key; it is taken off.
    Due(Slot, Timestamp),
    /// That is not known yet: ask again.
    Later,
    /// None has come due.
    None,
}

impl TimedWindows for Pending {
    fn bring_near(&self, slots: impl Iterator<Item = Slot>) {
        let live = slots.filter(|slot| self.numbers.get(slot.index()) != Some(&NONE));
        std::hint::black_box(live.count());
    }

    fn revise(&mut self, timer: Timer) -> Option<Timer> {
        self.visited += 1;
        let number = self.numbers.get(timer.slot.index())?;
        (*number == timer.end.nanos()).then_some(timer)
    }
}

impl KeyTimers {
    pub(crate) fn new(limit: StateLimit) -> Self {
        let most = limit.limit().saturating_mul(A_KEY);
        let few = limit.expected().min(AT_FIRST);
        let timers = match limit.hash_seed {
            Some(seed) => StateLimit::new(few, most).with_hash_seed(seed),
            None => StateLimit::new(few, most),
        };
        Self {
            pending: Pending {
                index: KeySlab::new(timers),
                numbers: Vec::with_capacity(few),
                visited: 0,
            },
            timers: Timers::with_room_for(few),
            set: 0,
        }
    }

    /// Sets a timer; says whether there was none of this key at this instant.
    pub(crate) fn set(&mut self, key: Slot, at: Timestamp) -> Result<bool, TooManyTimers> {
        let Pending { index, numbers, .. } = &mut self.pending;
        let hash = match index.find_or_hash(&(key, at)) {
            Ok(_) => return Ok(false),
            Err(hash) => hash,
        };
        let slot = index
            .insert(hash, (key, at))
            .map_err(|full| TooManyTimers { limit: full.limit })?;
        if numbers.len() <= slot.index() {
            numbers.resize(slot.index() + 1, NONE);
        }
        self.set += 1;
        numbers[slot.index()] = self.set;
        let end = Timestamp::from_nanos(self.set);
        self.timers.set(Timer { at, end, slot });
        Ok(true)
    }

    /// Cancels a timer; says whether there was one.
    pub(crate) fn cancel(&mut self, key: Slot, at: Timestamp) -> bool {
        let Some(slot) = self.pending.index.find(&(key, at)) else {
            return false;
        };
        self.pending.forget(slot);
        let Pending { index, numbers, .. } = &self.pending;
        if self.timers.are_mostly_stale(index.len(), index.slots()) {
            let live = (0..).map(Slot).zip(numbers).filter(|(_, &n)| n != NONE);
            self.timers.reset(live.map(|(slot, &number)| Timer {
                at: index.key(slot).1,
                end: Timestamp::from_nanos(number),
                slot,
            }));
        }
        true
    }

    /// Whether a timer may have come due at `time`.
    pub(crate) fn may_be_due(&self, time: Timestamp) -> bool {
        self.timers.may_be_due(time)
    }

    /// A time before which none comes due, if any is pending.
    pub(crate) fn none_before(&self) -> Option<Timestamp> {
        let first = self.timers.none_before();
        first.filter(|_| !self.pending.index.is_empty())
    }

    /// The first timer that has come due at `time`. A bounded amount of work.
    pub(crate) fn next(&mut self, time: Timestamp) -> NextTimer {
        let Self {
            pending, timers, ..
        } = self;
        let due = match timers.first_due(time, pending) {
            Next::Due(due) => due,
            Next::Later => return NextTimer::Later,
            Next::None => return NextTimer::None,
        };
        let timer = due.timer();
        due.take_off();
        match pending.revise(timer) {
            Some(Timer { slot, at, .. }) => {
                let (key, _) = *pending.index.key(slot);
                pending.forget(slot);
                NextTimer::Due(key, at)
            }
            None => NextTimer::Later,
        }
    }

    /// What is pending, in place of keys.
    pub(crate) fn stats(&self) -> StateStats {
        self.pending.index.stats()
    }

    /// How often a timer was looked at.
    pub(crate) fn visited(&self) -> u64 {
        self.pending.visited
    }
}

impl Pending {
    fn forget(&mut self, slot: Slot) {
        self.numbers[slot.index()] = NONE;
        self.index.release(slot);
    }
}
