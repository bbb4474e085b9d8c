//! When a run begins, when it counts, when it ends.

use std::time::Duration;

/// The times of one run, in nanoseconds of its clock. Event time is the same
/// clock: a record lies at the moment when it is due.
///
/// ```text
///  0 ── threads start ── start ── warm-up ── measured_from ── counts ── end
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first record is due.
    pub(crate) start_ns: u64,
    /// What is due from here on counts.
    pub(crate) measured_from_ns: u64,
    /// Nothing is due from here on.
    pub(crate) end_ns: u64,
    /// How long a window is; windows begin at multiples of it.
    pub(crate) window_ns: u64,
}

/// What the threads are given to come up before the first record is due.
const LEAD: Duration = Duration::from_millis(200);

impl Span {
    pub(crate) fn new(warm_up: Duration, measured: Duration, window: Duration) -> Self {
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4);
        let window_ns = nanos(window).max(1);
        let start_ns = (nanos(LEAD) / window_ns + 1) * window_ns;
        let measured_from_ns = start_ns + nanos(warm_up);
        Self {
            start_ns,
            measured_from_ns,
            end_ns: measured_from_ns + nanos(measured),
            window_ns,
        }
    }

    /// Whether what is due at this moment counts.
    #[inline]
    pub(crate) fn counts(&self, due_ns: u64) -> bool {
        (self.measured_from_ns..self.end_ns).contains(&due_ns)
    }

    /// The end of the window that holds this moment.
    #[inline]
    pub(crate) fn window_end(&self, ns: u64) -> u64 {
        (ns / self.window_ns + 1) * self.window_ns
    }

    /// Whether the window that ends here counts: all of it was measured, and it
    /// ended while the source was still there to say so.
    #[inline]
    pub(crate) fn counts_window(&self, end_ns: u64) -> bool {
        let start_ns = end_ns.saturating_sub(self.window_ns);
        start_ns >= self.measured_from_ns && end_ns <= self.end_ns
    }

    pub(crate) fn measured_ns(&self) -> u64 {
        self.end_ns - self.measured_from_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_and_windows_cut_at_its_edges_do_not_count() {
        let ms = Duration::from_millis;
        let span = Span::new(ms(15), ms(30), ms(10));
        assert_eq!(span.start_ns % span.window_ns, 0);
        let at = |offset_ms: u64| span.start_ns + offset_ms * 1_000_000;
        assert!(!span.counts(at(14)) && span.counts(at(15)));
        assert!(span.counts(at(44)) && !span.counts(at(45)));
        assert_eq!(span.window_end(at(15)), at(20));
        assert_eq!(span.window_end(at(20)), at(30));
        let counted = [10, 20, 30, 40, 50].map(|end| span.counts_window(at(end)));
        assert_eq!(counted, [false, false, true, true, false]);
    }
}
