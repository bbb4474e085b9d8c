//! The panes of event time that the loops by hand have open.

use std::collections::VecDeque;

/// Panes of one length, side by side in event time, from the oldest open one on.
///
/// Two are at hand, told apart by one comparison: disorder and a batch together
/// are mostly shorter than a pane. Where they are not, more panes wait in a list.
///
/// ```text
///            boundary
///   hot[0]      │  hot[1]     later[0]    later[1]
///   ├───────────┼───────────┼───────────┼───────────┤
/// ```
#[derive(Debug)]
pub(crate) struct OpenPanes<P> {
    size_ms: i64,
    /// The start of `hot[1]`.
    boundary_ms: i64,
    hot: [P; 2],
    later: VecDeque<P>,
}

impl<P: Default> OpenPanes<P> {
    /// Panes of `size_ms`, for events from `earliest_ms` on.
    pub(crate) fn new(size_ms: i64, earliest_ms: i64) -> Self {
        Self {
            size_ms,
            boundary_ms: earliest_ms.div_euclid(size_ms) * size_ms + size_ms,
            hot: Default::default(),
            later: VecDeque::new(),
        }
    }

    /// The pane of an event at `time_ms`, which must not be before the oldest.
    #[inline(always)]
    pub(crate) fn at(&mut self, time_ms: i64) -> &mut P {
        let offset_ms = time_ms - self.boundary_ms;
        if offset_ms < self.size_ms {
            &mut self.hot[usize::from(offset_ms >= 0)]
        } else {
            self.later(offset_ms)
        }
    }

    #[cold]
    fn later(&mut self, offset_ms: i64) -> &mut P {
        let index = (offset_ms / self.size_ms) as usize - 1;
        if self.later.len() <= index {
            self.later.resize_with(index + 1, P::default);
        }
        &mut self.later[index]
    }

    /// Hands out the panes whose last instant `watermark_ms` has reached, each
    /// with its start, to be emptied.
    #[inline]
    pub(crate) fn close(&mut self, watermark_ms: i64, mut empty: impl FnMut(&mut P, i64)) {
        while self.boundary_ms - 1 <= watermark_ms {
            self.close_oldest(&mut empty);
        }
    }

    /// Hands out all panes, and `further` empty ones after them.
    pub(crate) fn close_all(mut self, further: usize, mut empty: impl FnMut(&mut P, i64)) {
        for _ in 0..2 + self.later.len() + further {
            self.close_oldest(&mut empty);
        }
    }

    #[inline(never)]
    fn close_oldest(&mut self, empty: &mut impl FnMut(&mut P, i64)) {
        empty(&mut self.hot[0], self.boundary_ms - self.size_ms);
        // The one that was emptied comes next, with its memory.
        self.hot.swap(0, 1);
        if let Some(next) = self.later.pop_front() {
            self.hot[1] = next;
        }
        self.boundary_ms += self.size_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every time in its pane, and every pane handed out once, in order.
    #[test]
    fn panes_hold_what_lies_in_them() {
        for size_ms in [1, 7, 50, 1000] {
            let mut panes: OpenPanes<Vec<i64>> = OpenPanes::new(size_ms, -130);
            let mut seen = Vec::new();
            let mut closed_to = i64::MIN;
            let mut look = |pane: &mut Vec<i64>, start_ms: i64| {
                assert!(start_ms >= closed_to);
                closed_to = start_ms + size_ms;
                assert!(pane.iter().all(|time| (start_ms..closed_to).contains(time)));
                seen.append(pane);
            };
            let times: Vec<i64> = (0..3000).map(|at| at - at * 31 % 131).collect();
            let mut latest_ms = i64::MIN;
            for (at, &time_ms) in times.iter().enumerate() {
                panes.at(time_ms).push(time_ms);
                latest_ms = latest_ms.max(time_ms);
                if at % 10 == 0 {
                    panes.close(latest_ms - 131, &mut look);
                }
            }
            panes.close_all(0, &mut look);
            let sorted = |mut times: Vec<i64>| {
                times.sort_unstable();
                times
            };
            assert_eq!(sorted(seen), sorted(times), "panes of {size_ms}");
        }
    }
}
