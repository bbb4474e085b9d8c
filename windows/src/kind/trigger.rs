use crate::time::saturating_nanos;
use crate::{Timestamp, Window};
use std::fmt;
use std::time::Duration;

/// When a window gives results, and what it keeps of its records afterwards.
///
/// ```text
///                       window                    lateness
///            [──────────────────────────────)· · · · · · · · ✕
///   records    o   o       o      o       o       o    o
///   default                                 ▲     △    △      on time, then each late record
///   early          ▲       ▲      ▲         ▲     △    △      and before the end, every so often
///   count(2)       ▲              ▲               △           nothing but the number counts
/// ```
///
/// The names are those of Beam and Flink: results are early, on time or late
/// ([`Firing`](crate::Firing)); a window is accumulating, or discards what it has
/// given out (Akidau et al., The Dataflow Model, 2015).
///
/// ```
/// use fluxus_windows::Trigger;
/// use std::time::Duration;
///
/// let trigger = Trigger::event_time()
///     .early_every(Duration::from_secs(10))?
///     .discarding();
/// assert_eq!(trigger.to_string(), "early every 10s, discarding");
/// # Ok::<(), fluxus_windows::TriggerError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Fires when the watermark completes the window, and late records at once.
    at_end: bool,
    /// Nanoseconds between early firings; zero: none.
    every: i64,
    /// Records from one firing to the next; zero: any number.
    count: u32,
    discards: bool,
}

/// The same as [`Trigger::event_time`].
impl Default for Trigger {
    fn default() -> Self {
        Self::event_time()
    }
}

impl Trigger {
    /// An early timer that is not set. No timer is: it lies after every last
    /// instant.
    pub(crate) const NEVER: Timestamp = Timestamp::MAX;

    /// Fires when the watermark reaches the window's last instant; after that,
    /// within the allowed lateness, every record fires at once. This is the
    /// default.
    pub const fn event_time() -> Self {
        Self {
            at_end: true,
            every: 0,
            count: 0,
            discards: false,
        }
    }

    /// Fires when `records` records have come since the last firing, however late
    /// or early they are. Nothing fires at the window's end: what has not fired
    /// by the end of its life is dropped.
    ///
    /// When sessions merge their counts add up, and the record that joins them
    /// may make them fire.
    ///
    /// # Errors
    /// [`TriggerError::CountIsZero`].
    pub const fn count(records: u32) -> Result<Self, TriggerError> {
        match records {
            0 => Err(TriggerError::CountIsZero),
            count => Ok(Self {
                at_end: false,
                every: 0,
                count,
                discards: false,
            }),
        }
    }

    /// Fires early too, whenever the watermark has moved on by `interval`.
    ///
    /// The first record of a key in a window, at `t`, sets a timer at the next
    /// multiple of the interval (from the epoch) after `t`, at most the window's
    /// last instant. The first watermark at or after the timer makes the window
    /// fire, and moves the timer on by one interval. A watermark that jumps past
    /// several multiples fires at each, so that results do not depend on how
    /// often watermarks come; only a window that goes on to the end of time fires
    /// once a watermark. A first record that comes behind the watermark sets a timer
    /// in the past: the next watermark that rises sees to it. Merged sessions keep the earliest of their timers. At
    /// the window's end it fires on time, and then late records at once.
    ///
    /// # Errors
    /// [`TriggerError::IntervalNotPositive`] when it is zero;
    /// [`TriggerError::CountHasNoEnd`] for a [count](Self::count) trigger.
    pub fn early_every(self, interval: Duration) -> Result<Self, TriggerError> {
        self.early_every_nanos(saturating_nanos(interval))
    }

    /// [`early_every`](Self::early_every), in nanoseconds.
    ///
    /// # Errors
    /// [`TriggerError::IntervalNotPositive`] when it is zero or negative;
    /// [`TriggerError::CountHasNoEnd`] for a [count](Self::count) trigger.
    pub const fn early_every_nanos(self, interval_ns: i64) -> Result<Self, TriggerError> {
        match (self.at_end, interval_ns) {
            (false, _) => Err(TriggerError::CountHasNoEnd),
            (true, i64::MIN..=0) => Err(TriggerError::IntervalNotPositive { interval_ns }),
            (true, every) => Ok(Self { every, ..self }),
        }
    }

    /// Fires early too, whenever `records` records have come before the window's
    /// end since it last fired.
    ///
    /// # Errors
    /// [`TriggerError::CountIsZero`]; [`TriggerError::CountHasNoEnd`] for a
    /// [count](Self::count) trigger.
    pub const fn early_count(self, records: u32) -> Result<Self, TriggerError> {
        match (self.at_end, records) {
            (false, _) => Err(TriggerError::CountHasNoEnd),
            (true, 0) => Err(TriggerError::CountIsZero),
            (true, count) => Ok(Self { count, ..self }),
        }
    }

    /// After a firing the window is emptied: the next result holds only what came
    /// since. The window lives on, and merges with its neighbours; as long as it
    /// is empty it does not fire.
    pub const fn discarding(self) -> Self {
        Self {
            discards: true,
            ..self
        }
    }

    /// After a firing the window keeps its records, so that the next result holds
    /// them too. This is the default.
    pub const fn accumulating(self) -> Self {
        Self {
            discards: false,
            ..self
        }
    }

    #[inline]
    pub(crate) const fn fires_at_end(self) -> bool {
        self.at_end
    }

    #[inline]
    pub(crate) const fn discards(self) -> bool {
        self.discards
    }

    /// Whether a record that comes before its window's end makes nothing due
    /// before that.
    #[inline]
    pub(crate) const fn waits_for_the_end(self) -> bool {
        self.at_end && self.every == 0 && self.count == 0
    }

    /// Whether so many records since the last firing are enough for the next.
    #[inline]
    pub(crate) const fn is_enough(self, records: u32) -> bool {
        self.count != 0 && records >= self.count
    }

    /// The early timer that the first record of a window, at `time`, sets.
    #[inline]
    pub(crate) fn first_early(self, time: Timestamp, window: Window) -> Timestamp {
        if self.every == 0 {
            return Self::NEVER;
        }
        self.multiple_after(time).min(window.last_instant())
    }

    /// The next multiple of the interval after `time`, saturated.
    fn multiple_after(self, time: Timestamp) -> Timestamp {
        let nanos = time.nanos();
        let to_go = self.every - nanos.rem_euclid(self.every);
        Timestamp::from_nanos(nanos.saturating_add(to_go))
    }

    /// Where the early timer of `window` moves from `early`, which the watermark
    /// has reached.
    pub(crate) fn next_early(
        self,
        early: Timestamp,
        window: Window,
        watermark: Timestamp,
        is_empty: bool,
    ) -> Timestamp {
        let next = match window.end() {
            // All that is left of time is too much to fire at every multiple.
            Timestamp::MAX => self.multiple_after(watermark),
            // Nothing would fire before the next record: on to where one may come.
            _ if is_empty => {
                let wide = |time: Timestamp| i128::from(time.nanos());
                let interval = i128::from(self.every);
                let steps = (wide(watermark) - wide(early)) / interval + 1;
                crate::kind::slicing::saturate(wide(early) + steps * interval)
            }
            _ => Timestamp::from_nanos(early.nanos().saturating_add(self.every)),
        };
        next.min(window.last_instant())
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.every != 0 {
            let every = Duration::from_nanos(self.every.unsigned_abs());
            parts.push(format!("early every {every:?}"));
        }
        match (self.count, self.at_end) {
            (0, _) => {}
            (count, true) => parts.push(format!("early every {count} records")),
            (count, false) => parts.push(format!("every {count} records")),
        }
        if parts.is_empty() {
            parts.push("on time".to_string());
        }
        if self.discards {
            parts.push("discarding".to_string());
        }
        f.write_str(&parts.join(", "))
    }
}

/// A trigger that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerError {
    /// The interval between early firings is zero or negative.
    IntervalNotPositive {
        /// The interval asked for, in nanoseconds.
        interval_ns: i64,
    },
    /// The number of records to wait for is zero.
    CountIsZero,
    /// A trigger that only counts knows no end to be early for.
    CountHasNoEnd,
}

impl fmt::Display for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IntervalNotPositive { interval_ns } => write!(
                f,
                "early results every {interval_ns} ns would never stop: choose at least 1 ns"
            ),
            Self::CountIsZero => f.write_str(
                "a trigger that waits for 0 records would never stop: choose at least 1",
            ),
            Self::CountHasNoEnd => f.write_str(
                "a count trigger does not fire at the window's end, so that nothing can be early: \
                 begin with Trigger::event_time()",
            ),
        }
    }
}

impl std::error::Error for TriggerError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn every(interval: i64) -> Trigger {
        Trigger::event_time().early_every_nanos(interval).unwrap()
    }

    #[test]
    fn the_first_record_sets_the_timer_at_the_next_multiple() {
        const MIN: i64 = i64::MIN;
        const MAX: i64 = i64::MAX;
        for (interval, time, end, expected) in [
            (2000, 0, 9000, 2000),
            (2000, 1999, 9000, 2000),
            (2000, 2000, 9000, 4000),
            (2000, -1, 9000, 0),
            (2000, -2000, 9000, 0),
            (2000, 0, 1500, 1499),
            (1, MIN, 0, MIN + 1),
            (MAX, MIN, 0, -MAX),
            (MAX, 7, MAX, MAX - 1),
            (7, MAX, MAX, MAX - 1),
        ] {
            let early = every(interval).first_early(at(time), Window::new(at(time), at(end)));
            assert_eq!(early, at(expected), "every {interval}, {time} to {end}");
        }
        let none = Trigger::event_time().first_early(at(0), Window::ALL_TIME);
        assert_eq!(none, Trigger::NEVER);
    }

    #[test]
    fn the_timer_moves_on_by_one_interval_or_to_where_something_may_happen() {
        const MAX: i64 = i64::MAX;
        for (early, end, watermark, is_empty, expected) in [
            (2000, 9000, 2000, false, 4000),
            (2000, 9000, 7000, false, 4000),
            (2000, 3500, 7000, false, 3499),
            // Clipped once, it goes on from there, as Flink's does.
            (2999, 9000, 3000, false, 4999),
            (2000, 9000, 7000, true, 8000),
            (2000, 9000, 2000, true, 4000),
            (2999, 19000, 7000, true, 8999),
            (2000, 9000, MAX, true, 8999),
            (i64::MIN, MAX - 1, MAX, true, MAX - 2),
            (2000, MAX, 7000, false, 8000),
            (2000, MAX, 8000, false, 10000),
            (2000, MAX, MAX, false, MAX - 1),
        ] {
            let window = Window::new(at(0), at(end));
            let next = every(2000).next_early(at(early), window, at(watermark), is_empty);
            assert_eq!(next, at(expected), "from {early} at watermark {watermark}");
        }
    }

    #[test]
    fn triggers_that_cannot_be_are_refused_with_the_way_out() {
        let default = Trigger::default();
        let counts = Trigger::count(3).unwrap();
        for (result, words) in [
            (default.early_every(Duration::ZERO), "at least 1 ns"),
            (default.early_every_nanos(-1), "at least 1 ns"),
            (default.early_count(0), "at least 1"),
            (Trigger::count(0), "at least 1"),
            (counts.early_count(2), "begin with Trigger::event_time()"),
            (counts.early_every_nanos(2), "Trigger::event_time()"),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn triggers_say_what_they_do() {
        let both = every(5).early_count(7).unwrap();
        for (trigger, expected) in [
            (Trigger::event_time(), "on time"),
            (Trigger::event_time().discarding(), "on time, discarding"),
            (both, "early every 5ns, early every 7 records"),
            (both.discarding().accumulating(), &both.to_string()),
            (Trigger::count(2).unwrap(), "every 2 records"),
        ] {
            assert_eq!(trigger.to_string(), expected);
        }
    }
}
