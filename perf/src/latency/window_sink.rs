//! Where the results of windows end: when the last row of each was there.

use fluxus::sink::{Ending, Sink, SinkError};
use fluxus::windows::Timestamp;
use fluxus::WindowResult;

use super::clock::RunClock;
use super::recorder::{HandedIn, Recorder};
use super::span::Span;
use super::window_sends::WindowSends;

/// The latency of a window: from its end to its last row in the sink.
///
/// The clock is read when rows of another window come, and when the watermark
/// says that a window is complete, not for every row: right behind the last one.
pub(crate) struct WindowSink<K> {
    clock: K,
    span: Span,
    sends: WindowSends,
    /// Windows whose last row was seen but whose completion was not said yet,
    /// with the moment of that row. More than one only where several workers
    /// close windows at different speeds.
    open: Vec<(u64, u64)>,
    /// The window of the latest row, by its end; none if its end was said since.
    current: Option<u64>,
    recorder: Recorder,
    handed_in: HandedIn,
}

/// Windows that workers may be apart: beyond it the run lost track, and says so.
const MOST_OPEN: usize = 1024;

impl<K: RunClock> WindowSink<K> {
    pub(crate) fn new(clock: K, span: Span, sends: WindowSends, handed_in: HandedIn) -> Self {
        Self {
            clock,
            span,
            sends,
            open: Vec::with_capacity(MOST_OPEN),
            current: None,
            recorder: Recorder::new(span),
            handed_in,
        }
    }

    /// The latest row of the current window was the last until now.
    fn pause_current(&mut self, now_ns: u64) {
        let Some(end_ns) = self.current.take() else {
            return;
        };
        match self.open.iter().position(|open| open.0 == end_ns) {
            Some(known) => self.open[known].1 = now_ns,
            None if self.open.len() < MOST_OPEN => self.open.push((end_ns, now_ns)),
            None => self.recorder.out_of_range += 1,
        }
    }
}

impl<K: RunClock> Sink<WindowResult<u32, u64>> for WindowSink<K> {
    #[inline]
    fn write(&mut self, _: Timestamp, row: WindowResult<u32, u64>) -> Result<(), SinkError> {
        self.recorder.seen += row.value;
        let end_ns = row.end().nanos() as u64;
        if self.current != Some(end_ns) {
            let now_ns = self.clock.now_ns();
            self.pause_current(now_ns);
            self.current = Some(end_ns);
        }
        Ok(())
    }

    fn watermark(&mut self, time: Timestamp) -> Result<(), SinkError> {
        if self.current.is_none() && self.open.is_empty() {
            return Ok(());
        }
        let now_ns = self.clock.now_ns();
        self.pause_current(now_ns);
        let (span, sends, recorder) = (self.span, &self.sends, &mut self.recorder);
        self.open.retain(|&(end_ns, last_row_ns)| {
            let is_complete = time.nanos() as u64 >= end_ns - 1;
            if is_complete && span.counts_window(end_ns) {
                match sends.sent_at(end_ns) {
                    // Nobody closed it: the source ended too soon.
                    0 => recorder.out_of_range += 1,
                    sent_ns => recorder.record(end_ns, sent_ns, last_row_ns),
                }
            }
            !is_complete
        });
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
        let span = Span::new(ms(1), ms(10), ms(1));
        let (clock, handed_in) = (ByHand::default(), HandedIn::default());
        let sends = WindowSends::new(span);
        let mut sink = WindowSink::new(clock.clone(), span, sends.clone(), handed_in.clone());
        let at = |milli: u64| span.start_ns + milli * MILLI;
        let write = |sink: &mut WindowSink<_>, now_ns, end_ns, count| {
            clock.set(now_ns);
            let time = Timestamp::from_nanos(end_ns as i64 - 1);
            sink.write(time, row(end_ns, count)).expect("it takes all");
        };
        sends.sent(at(0), at(3), at(3) + 5);

        write(&mut sink, at(1) + 7, at(1), 3); // warm-up
        write(&mut sink, at(2) + 10, at(2), 4);
        write(&mut sink, at(2) + 20, at(3), 1); // the next window, from one worker
        write(&mut sink, at(2) + 40, at(2), 1); // the former, from another
        clock.set(at(2) + 50);
        let until = |ns: u64| Timestamp::from_nanos(ns as i64 - 1);
        sink.watermark(until(at(2))).expect("it takes all");
        clock.set(at(3) + 90);
        sink.watermark(until(at(3))).expect("it takes all");
        sink.watermark(until(at(4))).expect("nothing is open");
        sink.close(Ending::Complete).expect("it closes");

        let together = handed_in.together(span);
        assert_eq!(together.seen, 9);
        assert_eq!(together.samples(), 2);
        // Until the second worker's row; and until the other window came.
        let response = together.response();
        assert_eq!(response.histogram().count_at(50), 1);
        assert_eq!(response.histogram().count_at(1), 1, "not before its end");
    }
}
