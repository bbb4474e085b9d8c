use crate::keyed::key_timers::{KeyTimers, NextTimer, TooManyTimers};
use crate::keyed::keyed_states::{KeyedStates, Moment, TimeToLive};
use crate::{Slot, StateLimit, StateStats, Timestamp, TooManyKeys};
use std::hash::Hash;

/// An instant at which a key is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyTimer {
    /// In event time: when the watermark has reached it.
    Event(Timestamp),
    /// By the wall: when the clock of the job has reached it.
    Wall(Timestamp),
}

impl KeyTimer {
    /// The instant, by the timer's own clock.
    pub const fn at(self) -> Timestamp {
        match self {
            Self::Event(at) | Self::Wall(at) => at,
        }
    }
}

/// The next timer that has come due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueKey {
    /// It is taken off; here is the slot of its key, and when it was due.
    Due(Slot, Timestamp),
    /// That is not known yet: ask again.
    Later,
    /// None has come due.
    None,
}

/// A state for each key, and timers, in event time and by the wall.
///
/// A key is held as long as it has a state or a timer. A timer outlives the state
/// of its key.
#[derive(Debug)]
pub struct TimedStates<K, S> {
    states: KeyedStates<K, S>,
    by_event: KeyTimers,
    by_wall: KeyTimers,
}

/// One key: what lies there, and its timers.
#[derive(Debug)]
pub struct KeyEntry<'a, K, S> {
    /// The key.
    pub key: &'a K,
    /// Its state.
    pub state: &'a mut Option<S>,
    /// Its timers.
    pub timers: TimersOfKey<'a>,
}

/// The timers of one key.
#[derive(Debug)]
pub struct TimersOfKey<'a> {
    slot: Slot,
    pins: &'a mut u32,
    by_event: &'a mut KeyTimers,
    by_wall: &'a mut KeyTimers,
}

impl TimersOfKey<'_> {
    /// Sets a timer; says whether it was not set before.
    ///
    /// # Errors
    /// [`TooManyTimers`] when as many are pending as may be.
    pub fn set(&mut self, timer: KeyTimer) -> Result<bool, TooManyTimers> {
        let is_new = match timer {
            KeyTimer::Event(at) => self.by_event.set(self.slot, at),
            KeyTimer::Wall(at) => self.by_wall.set(self.slot, at),
        }?;
        *self.pins += u32::from(is_new);
        Ok(is_new)
    }

    /// Cancels a timer; says whether it was set.
    pub fn cancel(&mut self, timer: KeyTimer) -> bool {
        let was_set = match timer {
            KeyTimer::Event(at) => self.by_event.cancel(self.slot, at),
            KeyTimer::Wall(at) => self.by_wall.cancel(self.slot, at),
        };
        *self.pins -= u32::from(was_set);
        was_set
    }
}

impl<K: Hash + Eq + Clone, S> TimedStates<K, S> {
    /// No key yet; memory for those that are expected. Sixteen timers a key may be
    /// pending on each clock, on the average of all keys that may be held.
    pub fn new(limit: StateLimit, time_to_live: TimeToLive) -> Self {
        Self {
            states: KeyedStates::new(limit, time_to_live),
            by_event: KeyTimers::new(limit),
            by_wall: KeyTimers::new(limit),
        }
    }

    /// The slot of `key`, as [`KeyedStates::slot`].
    ///
    /// # Errors
    /// [`TooManyKeys`] when the key is new and the limit is met.
    pub fn slot(&mut self, key: &K, now: Moment) -> Result<Slot, TooManyKeys<K>> {
        self.states.slot(key, now)
    }

    /// What is known of the key in a slot at this moment.
    pub fn entry(&mut self, slot: Slot, now: Moment) -> KeyEntry<'_, K, S> {
        self.states.look(slot, now);
        let (key, state, pins) = self.states.parts(slot);
        KeyEntry {
            key,
            state,
            timers: TimersOfKey {
                slot,
                pins,
                by_event: &mut self.by_event,
                by_wall: &mut self.by_wall,
            },
        }
    }

    /// The state in a slot was written at this moment: its time begins anew.
    pub fn written(&mut self, slot: Slot, now: Moment) {
        self.states.written(slot, now);
    }

    /// Forgets the state in a slot; its timers stay.
    pub fn empty(&mut self, slot: Slot) {
        self.states.empty(slot);
    }

    /// Lets go of the key in a slot, if it has neither a state nor a timer.
    pub fn settle(&mut self, slot: Slot) {
        self.states.settle(slot);
    }

    /// Whether a timer may have come due, the instant being one of its clock.
    pub fn may_be_due(&self, time: KeyTimer) -> bool {
        match time {
            KeyTimer::Event(time) => self.by_event.may_be_due(time),
            KeyTimer::Wall(time) => self.by_wall.may_be_due(time),
        }
    }

    /// The next timer that has come due, the instant being one of its clock. Its
    /// slot is to be [settled](Self::settle) afterwards. A bounded amount of work.
    pub fn next_due(&mut self, time: KeyTimer) -> DueKey {
        let next = match time {
            KeyTimer::Event(time) => self.by_event.next(time),
            KeyTimer::Wall(time) => self.by_wall.next(time),
        };
        match next {
            NextTimer::Due(slot, at) => {
                let (_, _, pins) = self.states.parts(slot);
                *pins = pins.saturating_sub(1);
                DueKey::Due(slot, at)
            }
            NextTimer::Later => DueKey::Later,
            NextTimer::None => DueKey::None,
        }
    }

    /// Time has risen, by either clock, and the timers that it set off are done.
    pub fn advance(&mut self, now: Moment) {
        self.states.advance(now);
    }

    /// Looks at so many keys whose time may be over, and lets go of those.
    pub fn tidy(&mut self, most: usize) {
        self.states.tidy(most);
    }

    /// What is held, timers not counted.
    pub fn stats(&self) -> StateStats {
        self.states.stats()
    }

    /// How many timers are pending, on both clocks.
    pub fn pending(&self) -> usize {
        self.by_event.stats().keys + self.by_wall.stats().keys
    }

    /// A time of the wall before which no timer comes due, if any is pending: to be
    /// asked again then.
    pub fn none_before(&self) -> Option<Timestamp> {
        self.by_wall.none_before()
    }

    /// How often a timer was looked at: when it came due, and a few times on the
    /// way there.
    pub fn visited(&self) -> u64 {
        self.by_event.visited() + self.by_wall.visited()
    }
}
