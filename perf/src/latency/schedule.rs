//! When records are due.

use super::span::Span;

/// One record to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The how-manieth it is, from 0.
    pub(crate) index: u64,
    /// When, in nanoseconds of the run's clock.
    pub(crate) due_ns: u64,
}

/// An open loop: record `i` is due at `start + i / rate` seconds, and none is
/// ever left out, however late it is asked for.
///
/// The times are exact, rounded down to the nanosecond: what a division leaves
/// over is carried on.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    next: Due,
    end_ns: u64,
    rate: u64,
    whole_ns: u64,
    rest: u64,
    /// What was rounded off so far, in parts of `rate`.
    carried: u64,
}

const SECOND_NS: u64 = 1_000_000_000;

impl Schedule {
    /// `rate` records a second, at least one, over the span.
    pub(crate) fn new(rate: u64, span: Span) -> Self {
        let rate = rate.max(1);
        Self {
            next: Due {
                index: 0,
                due_ns: span.start_ns,
            },
            end_ns: span.end_ns,
            rate,
            whole_ns: SECOND_NS / rate,
            rest: SECOND_NS % rate,
            carried: 0,
        }
    }

    /// Takes the next record if it is due by now.
    #[inline]
    pub(crate) fn take_due(&mut self, now_ns: u64) -> Option<Due> {
        let due = self.next;
        if due.due_ns > now_ns || due.due_ns >= self.end_ns {
            return None;
        }
        self.next.index += 1;
        self.next.due_ns += self.whole_ns;
        self.carried += self.rest;
        if self.carried >= self.rate {
            self.carried -= self.rate;
            self.next.due_ns += 1;
        }
        Some(due)
    }

    /// Up to when everything that is due was taken, seen from `now`: the event
    /// time that the source has reached.
    #[inline]
    pub(crate) fn complete_until(&self, now_ns: u64) -> u64 {
        now_ns.min(self.next.due_ns.saturating_sub(1))
    }

    /// Whether all records were taken, and the time has come to end.
    #[inline]
    pub(crate) fn is_over(&self, now_ns: u64) -> bool {
        now_ns >= self.end_ns && self.next.due_ns >= self.end_ns
    }

    /// How many records are due in `from_ns..to_ns`.
    pub(crate) fn count_between(rate: u64, span: Span, from_ns: u64, to_ns: u64) -> u64 {
        let before = |ns: u64| {
            let ns = ns.clamp(span.start_ns, span.end_ns) - span.start_ns;
            // Record i is due before ns when floor(i * second / rate) < ns.
            (u128::from(ns) * u128::from(rate)).div_ceil(u128::from(SECOND_NS)) as u64
        };
        before(to_ns) - before(from_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn span() -> Span {
        Span::new(
            Duration::ZERO,
            Duration::from_millis(10),
            Duration::from_millis(1),
        )
    }

    fn all_at(schedule: &mut Schedule, now_ns: u64) -> Vec<Due> {
        std::iter::from_fn(|| schedule.take_due(now_ns)).collect()
    }

    #[test]
    fn times_are_exact_at_any_rate() {
        for rate in [1, 3, 100, 7_777, 999_983, 3_000_000, 1_999_999_999] {
            let span = span();
            let taken = all_at(&mut Schedule::new(rate, span), span.end_ns);
            for (due, index) in taken.iter().zip(0u64..) {
                let exact = u128::from(index) * u128::from(SECOND_NS) / u128::from(rate);
                assert_eq!(due.index, index);
                assert_eq!(u128::from(due.due_ns - span.start_ns), exact, "{rate}");
            }
            let count = Schedule::count_between(rate, span, 0, u64::MAX);
            assert_eq!(taken.len() as u64, count, "{rate}");
        }
    }

    #[test]
    fn nothing_is_early_and_nothing_is_skipped() {
        let span = span();
        let mut schedule = Schedule::new(1_000_000, span);
        assert_eq!(all_at(&mut schedule, span.start_ns - 1), []);
        assert_eq!(all_at(&mut schedule, span.start_ns).len(), 1);
        assert_eq!(all_at(&mut schedule, span.start_ns + 999), []);
        // Nobody asked for 5 ms: all that was due meanwhile is still there.
        let late = all_at(&mut schedule, span.start_ns + 5_000_000);
        assert_eq!(late.len(), 5_000);
        assert_eq!(late[0].due_ns, span.start_ns + 1_000);
        assert_eq!(
            schedule.complete_until(span.start_ns + 5_000_000),
            span.start_ns + 5_000_000
        );
        // While records are owed, time has only come to the next of them.
        assert_eq!(
            schedule.complete_until(span.start_ns + 7_000_000),
            span.start_ns + 5_000_999
        );
        assert!(!schedule.is_over(span.end_ns));
        assert_eq!(all_at(&mut schedule, span.end_ns + 1).len(), 4_999);
        assert!(!schedule.is_over(span.end_ns - 1));
        assert!(schedule.is_over(span.end_ns));
    }
}
