use crate::{Slot, Timestamp};
use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::BinaryHeap;

/// A promise to look at a window when the watermark reaches `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timer {
    /// When to look: not after the window has anything due.
    pub(crate) at: Timestamp,
    /// The end of the window when the timer was set. The window may have grown
    /// since, or have been merged; what became of it still reaches this far.
    pub(crate) end: Timestamp,
    /// The key's slot.
    pub(crate) slot: Slot,
}

/// Timers in the order of time, one for each live window.
///
/// ```text
///   session  [1        6)                       a timer at 5
///            [1             9)                  grown: the timer stays
///                     ▲ watermark 5: looked at, and put back to 8
/// ```
///
/// A window that grows leaves its timer alone, so that growing costs nothing
/// here; the timer is looked at when it comes due and put back if it came too
/// early. (Lazy deletion, as in the timing facilities of Varghese and Lauck,
/// 1987.) A window that needs an earlier timer than it has sets a second one, and
/// one that is merged into another leaves its own behind: such timers are stale.
/// A window knows when its timer is due, and a timer of any other time is passed
/// over.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    /// How often a timer was looked at.
    looked_at: u64,
}

/// Stale timers that are always allowed.
const FEW: usize = 64;

impl Timers {
    pub(crate) fn with_room_for(timers: usize) -> Self {
        Self {
            heap: BinaryHeap::with_capacity(timers),
            looked_at: 0,
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, timer: Timer) {
        self.heap.push(Reverse(timer));
    }

    /// Whether a timer has come due at `watermark`.
    #[inline]
    pub(crate) fn is_due(&self, watermark: Timestamp) -> bool {
        match self.heap.peek() {
            Some(Reverse(first)) => first.at <= watermark,
            None => false,
        }
    }

    /// The first timer, if it has come due: to be taken off or moved on.
    #[inline]
    pub(crate) fn first_due(&mut self, watermark: Timestamp) -> Option<DueTimer<'_>> {
        let first = self.heap.peek_mut()?;
        if first.0.at > watermark {
            return None;
        }
        self.looked_at += 1;
        Some(DueTimer(first))
    }

    /// Whether there are so many stale timers that all of them should be
    /// [made anew](Self::reset): more than it takes to visit `slots` and the
    /// `live` windows.
    #[inline]
    pub(crate) fn are_mostly_stale(&self, live: usize, slots: usize) -> bool {
        self.heap.len() > live.saturating_mul(2).saturating_add(slots) + FEW
    }

    /// Forgets all timers and sets these.
    pub(crate) fn reset(&mut self, timers: impl Iterator<Item = Timer>) {
        let mut all = std::mem::take(&mut self.heap).into_vec();
        all.clear();
        all.extend(timers.map(Reverse));
        self.heap = BinaryHeap::from(all);
    }

    /// How often a timer was looked at.
    #[cfg(test)]
    pub(crate) fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Timers for which there is memory.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.heap.capacity()
    }

    /// All timers, stale ones too, in no order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Timer> + '_ {
        self.heap.iter().map(|timer| timer.0)
    }
}

/// The first timer, which has come due.
pub(crate) struct DueTimer<'a>(PeekMut<'a, Reverse<Timer>>);

impl DueTimer<'_> {
    #[inline]
    pub(crate) fn timer(&self) -> Timer {
        self.0 .0
    }

    /// Puts the timer where it is to be looked at again.
    #[inline]
    pub(crate) fn move_on(mut self, at: Timestamp, end: Timestamp) {
        self.0 .0.at = at;
        self.0 .0.end = end;
    }

    /// Takes the timer off.
    #[inline]
    pub(crate) fn take_off(self) {
        PeekMut::pop(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(at: i64) -> Timer {
        Timer {
            at: Timestamp::from_nanos(at),
            end: Timestamp::from_nanos(at + 1),
            slot: Slot(0),
        }
    }

    /// What is due at `watermark`; each timer is put back `later`, if that is
    /// not zero.
    fn due(timers: &mut Timers, watermark: i64, later: i64) -> Vec<i64> {
        let mut seen = Vec::new();
        while let Some(due) = timers.first_due(Timestamp::from_nanos(watermark)) {
            let at = due.timer().at.nanos();
            seen.push(at);
            match later {
                0 => due.take_off(),
                later => due.move_on(
                    Timestamp::from_nanos(at + later),
                    Timestamp::from_nanos(at + later + 1),
                ),
            }
        }
        seen
    }

    #[test]
    fn timers_come_in_the_order_of_time_and_only_when_due() {
        let mut timers = Timers::default();
        for at in [7, 3, 9, 5] {
            timers.set(timer(at));
        }
        assert_eq!(due(&mut timers, 2, 0), []);
        assert_eq!(due(&mut timers, 6, 3), [3, 5, 6]);
        assert_eq!(due(&mut timers, 9, 0), [7, 8, 9, 9]);
        assert_eq!(timers.looked_at(), 7);
    }

    #[test]
    fn stale_timers_are_forgotten_when_they_are_many() {
        let mut timers = Timers::default();
        for at in 0..100 {
            timers.set(timer(at));
        }
        assert!(!timers.are_mostly_stale(10, 16));
        assert!(timers.are_mostly_stale(9, 16));
        timers.reset((3..6).map(timer));
        assert_eq!(due(&mut timers, 100, 0), [3, 4, 5]);
    }
}
