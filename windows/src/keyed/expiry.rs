use crate::store::timers::{Next, TimedWindows, Timer, Timers};
use crate::time::saturating_nanos;
use crate::{Slot, StateLimit, Timestamp};
use std::time::Duration;

/// When the states of keys cease to count, by one clock.
///
/// ```text
///   written at 3, for 10     | 3 . . . . 13        a timer at 13
///   written again at 8       |   8 . . . . . 18    the timer stays
///                                     ▲ at 13: looked at, and put back to 18
/// ```
///
/// A state has one timer, which stays where it is when the state is written again:
/// writing costs no more than a comparison. The timer is looked at when it comes
/// due, and moves on if the state lives on.
#[derive(Debug)]
pub(crate) struct Expiry {
    time_to_live: Duration,
    lives: Lives,
    timers: Timers,
    reached: Timestamp,
}

/// By slot.
#[derive(Debug)]
struct Lives {
    lives: Vec<Life>,
    /// How often a timer was looked at.
    visited: u64,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    /// From here on the state is not seen; the beginning of time if there is none.
    ends_at: Timestamp,
    /// Its timer: any other that names the slot is stale.
    timer_at: Option<Timestamp>,
}

impl Life {
    const NONE: Self = Self {
        ends_at: Timestamp::MIN,
        timer_at: None,
    };
}

impl TimedWindows for Lives {
    fn bring_near(&self, slots: impl Iterator<Item = Slot>) {
        let lives = slots.filter(|slot| {
            let life = self.lives.get(slot.index());
            life.is_some_and(|life| life.timer_at.is_some())
        });
        std::hint::black_box(lives.count());
    }

    fn revise(&mut self, timer: Timer) -> Option<Timer> {
        self.visited += 1;
        let life = self.lives.get_mut(timer.slot.index())?;
        if life.timer_at != Some(timer.at) {
            return None;
        }
        if life.ends_at <= timer.at {
            return Some(timer);
        }
        life.timer_at = Some(life.ends_at);
        Some(timer_of(timer.slot, life.ends_at))
    }
}

/// The ring of timers knows of an end that it is the instant behind.
fn timer_of(slot: Slot, at: Timestamp) -> Timer {
    let end = at + Duration::from_nanos(1);
    Timer { at, end, slot }
}

impl Expiry {
    pub(crate) fn new(time_to_live: Duration, limit: StateLimit) -> Self {
        let expected = limit.expected();
        Self {
            time_to_live,
            lives: Lives {
                lives: Vec::with_capacity(expected),
                visited: 0,
            },
            timers: Timers::at_last_instants(saturating_nanos(time_to_live), expected),
            reached: Timestamp::MIN,
        }
    }

    /// Whether what lies in `slot` is not to be seen any more.
    #[inline]
    pub(crate) fn is_over(&self, slot: Slot, now: Timestamp) -> bool {
        let life = self.lives.lives.get(slot.index());
        life.is_some_and(|life| life.ends_at <= now)
    }

    /// The state in `slot` was written: it counts for as long as was said from
    /// `now` on, and no shorter than it did before.
    #[inline]
    pub(crate) fn written(&mut self, slot: Slot, now: Timestamp) {
        let lives = &mut self.lives.lives;
        if lives.len() <= slot.index() {
            lives.resize(slot.index() + 1, Life::NONE);
        }
        let life = &mut lives[slot.index()];
        life.ends_at = life.ends_at.max(now + self.time_to_live);
        if life.timer_at.map_or(true, |at| at > life.ends_at) {
            life.timer_at = Some(life.ends_at);
            self.timers.set(timer_of(slot, life.ends_at));
        }
    }

    /// The state in `slot` is gone; another may follow.
    pub(crate) fn emptied(&mut self, slot: Slot) {
        if let Some(life) = self.lives.lives.get_mut(slot.index()) {
            life.ends_at = Timestamp::MIN;
        }
    }

    /// The slot was freed: `keys` are held.
    pub(crate) fn released(&mut self, slot: Slot, keys: usize) {
        if let Some(life) = self.lives.lives.get_mut(slot.index()) {
            *life = Life::NONE;
        }
        let lives = &self.lives.lives;
        if self.timers.are_mostly_stale(keys, lives.len()) {
            let slots = (0..).map(Slot).zip(lives);
            let timers = slots.filter_map(|(slot, life)| Some(timer_of(slot, life.timer_at?)));
            self.timers.reset(timers);
        }
    }

    /// Time has risen.
    pub(crate) fn advance(&mut self, time: Timestamp) {
        if time > self.reached {
            self.reached = time;
            self.timers.advance(time);
        }
    }

    /// Whether [`next`](Self::next) has something to tell, or to look at.
    pub(crate) fn may_be_due(&self) -> bool {
        self.timers.may_be_due(self.reached)
    }

    /// Up to when time has risen.
    pub(crate) fn reached(&self) -> Timestamp {
        self.reached
    }

    /// The slot of the next state whose time is over; none when there is none for
    /// now. A bounded amount of work.
    pub(crate) fn next(&mut self) -> Option<Slot> {
        let Self {
            lives,
            timers,
            reached,
            ..
        } = self;
        let Next::Due(due) = timers.first_due(*reached, lives) else {
            return None;
        };
        let timer = due.timer();
        match lives.revise(timer) {
            Some(same) if same == timer => {
                due.take_off();
                lives.lives[timer.slot.index()] = Life::NONE;
                Some(timer.slot)
            }
            Some(later) => {
                due.move_on(later.at, later.end);
                None
            }
            None => {
                due.take_off();
                None
            }
        }
    }

    /// How often a timer was looked at.
    pub(crate) fn visited(&self) -> u64 {
        self.lives.visited
    }
}
