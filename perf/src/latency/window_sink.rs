//! Where the results of windows end: when the last row of each was there.

use fluxus::sink::{Ending, Sink, SinkError};
use fluxus::windows::Timestamp;
use fluxus::WindowResult;

use super::clock::RunClock;
use super::recorder::{HandedIn, Recorder};
use super::span::Span;
use super::window_rows::WindowRows;
use super::window_sends::WindowSends;

/// The latency of a window: from its end to its last row in the sink.
///
/// The clock is read at the last row of a window, not at every row. Which one
/// is the last is known before, in whatever order the workers send theirs.
pub(crate) struct WindowSink<K> {
    clock: K,
    span: Span,
    sends: WindowSends,
    expected: WindowRows,
    /// Rows still to come, by window.
    left: Vec<u32>,
    recorder: Recorder,
    handed_in: HandedIn,
}

impl<K: RunClock> WindowSink<K> {
    pub(crate) fn new(
        clock: K,
        span: Span,
        sends: WindowSends,
        expected: WindowRows,
        handed_in: HandedIn,
    ) -> Self {
        Self {
            clock,
            span,
            sends,
            left: expected.clone().into_rows(),
            expected,
            recorder: Recorder::new(span),
            handed_in,
        }
    }

    /// All rows of the window that ends here have come.
    fn complete(&mut self, end_ns: u64) {
        let now_ns = self.clock.now_ns();
        if !self.span.counts_window(end_ns) {
            return;
        }
        match self.sends.sent_at(end_ns) {
            // It came though nobody closed it.
            0 => self.recorder.out_of_range += 1,
            sent_ns => self.recorder.record(end_ns, sent_ns, now_ns),
        }
    }
}

impl<K: RunClock> Sink<WindowResult<u32, u64>> for WindowSink<K> {
    #[inline]
    fn write(&mut self, _: Timestamp, row: WindowResult<u32, u64>) -> Result<(), SinkError> {
        self.recorder.seen += row.value;
        let end_ns = row.end().nanos() as u64;
        let window = self.expected.index(end_ns);
        match window.and_then(|window| self.left.get_mut(window)) {
            Some(left @ 1) => {
                *left = 0;
                self.complete(end_ns);
            }
            Some(left) if *left > 0 => *left -= 1,
            // A row more than there can be.
            _ => self.recorder.out_of_range += 1,
        }
        Ok(())
    }

    fn close(&mut self, _: Ending) -> Result<(), SinkError> {
        self.handed_in.hand_in(self.recorder.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::ByHand;
    use super::super::schedule::Schedule;
    use super::*;
    use fluxus::windows::{Firing, Window};
    use std::time::Duration;

    const MILLI: u64 = 1_000_000;

    fn row(end_ns: u64, count: u64) -> WindowResult<u32, u64> {
        let start = Timestamp::from_nanos((end_ns - MILLI) as i64);
        WindowResult {
            key: 0,
            window: Window::new(start, Timestamp::from_nanos(end_ns as i64)),
            value: count,
            firing: Firing::OnTime,
        }
    }

    #[test]
    fn the_last_row_of_a_window_counts_in_whatever_order_workers_send_them() {
        let ms = Duration::from_millis;
        let span = Span::new(ms(1), ms(3), ms(1));
        let (clock, handed_in) = (ByHand::default(), HandedIn::default());
        let sends = WindowSends::new(span);
        // Two keys, and so many records that every window has both.
        let rows = WindowRows::count(Schedule::new(100_000, span), 2, span);
        let mut sink = WindowSink::new(clock.clone(), span, sends.clone(), rows, handed_in.clone());
        let at = |milli: u64| span.start_ns + milli * MILLI;
        let write = |sink: &mut WindowSink<_>, now_ns, end_ns, count| {
            clock.set(now_ns);
            let time = Timestamp::from_nanos(end_ns as i64 - 1);
            sink.write(time, row(end_ns, count)).expect("it takes all");
        };
        sends.sent(at(0), at(3), at(3) + 5);

        write(&mut sink, at(1) + 7, at(1), 3);
        write(&mut sink, at(1) + 8, at(1), 1); // all of the warm-up
        write(&mut sink, at(2) + 10, at(2), 4);
        write(&mut sink, at(3) + 20, at(3), 1); // the next window, from one worker
        write(&mut sink, at(3) + 40, at(2), 1); // the former, from another
        write(&mut sink, at(3) + 90, at(3), 2);
        write(&mut sink, at(3) + 99, at(3), 2); // one that cannot be
        write(&mut sink, at(4) + 1, at(4), 2); // half of one that nobody closed
        sink.close(Ending::Complete).expect("it closes");

        let together = handed_in.together(span);
        assert_eq!(together.seen, 16);
        assert_eq!((together.samples(), together.out_of_range), (2, 1));
        let response = together.response();
        assert_eq!(response.histogram().count_at(90), 1);
        assert_eq!(response.max().map(|max| max / 1_000), Some(1_000));
        assert_eq!(together.service().histogram().count_at(85), 1);
    }
}
