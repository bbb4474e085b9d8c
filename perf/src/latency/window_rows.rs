//! How many rows each window will have: known before it is run.

use super::schedule::Schedule;
use super::span::Span;
use super::tick::Tick;

/// The rows of every window of a run, by the window's end.
///
/// With it the sink knows the last row when it sees it, and reads the clock
/// then, once a window and not once a row.
#[derive(Clone, Debug)]
pub(crate) struct WindowRows {
    first_end_ns: u64,
    window_ns: u64,
    rows: Vec<u32>,
}

impl WindowRows {
    /// Counts them: one row for each key that has a record in the window. It
    /// takes about 5 ns a record.
    pub(crate) fn count(mut schedule: Schedule, keys: u32, span: Span) -> Self {
        let first_end_ns = span.window_end(span.start_ns);
        let windows = (span.end_ns - span.start_ns).div_ceil(span.window_ns);
        let mut counted = Self {
            first_end_ns,
            window_ns: span.window_ns,
            rows: vec![0; windows as usize],
        };
        // The end of the last window that each key was in; none ends at zero.
        let mut latest_ns = vec![0; keys.max(1) as usize];
        while let Some(due) = schedule.take_due(u64::MAX) {
            let end_ns = span.window_end(due.due_ns);
            let key = Tick::new(due, due.due_ns, keys).key as usize;
            if std::mem::replace(&mut latest_ns[key], end_ns) != end_ns {
                if let Some(rows) = counted
                    .index(end_ns)
                    .and_then(|at| counted.rows.get_mut(at))
                {
                    *rows += 1;
                }
            }
        }
        counted
    }

    /// The number of the window that ends here.
    #[inline]
    pub(crate) fn index(&self, end_ns: u64) -> Option<usize> {
        let window = end_ns.checked_sub(self.first_end_ns)? / self.window_ns;
        usize::try_from(window).ok()
    }

    /// What is left to come of each window, in order.
    pub(crate) fn into_rows(self) -> Vec<u32> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splitmix::splitmix;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn rows_are_the_distinct_keys_of_each_window() {
        let ms = Duration::from_millis;
        let span = Span::new(ms(5), ms(22), ms(10));
        let counted = WindowRows::count(Schedule::new(2_000, span), 15, span);
        assert_eq!(counted.index(span.start_ns), None);
        assert_eq!(counted.index(span.start_ns + 10_000_000), Some(0));
        assert_eq!(counted.index(span.start_ns + 30_000_000), Some(2));
        // 54 records, 20 a window, the last one cut short.
        let distinct = |records: std::ops::Range<u64>| {
            let keys: BTreeSet<u64> = records.map(|index| splitmix(42, index) % 15).collect();
            keys.len() as u32
        };
        let expected = [distinct(0..20), distinct(20..40), distinct(40..54)];
        assert_eq!(counted.into_rows(), expected);
    }
}
