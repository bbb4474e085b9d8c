//! The source that lives in a worker: it hands out what is due.

use fluxus::source::{
    BoxError, Collector, Flow, Pulled, Signal, Source, SourceStatus, Stamp, Watermark,
};
use fluxus::windows::Timestamp;

use super::clock::RunClock;
use super::schedule::Schedule;
use super::tick::Tick;
use super::window_sends::WindowSends;

/// Hands out the records of a schedule when they are due, and says how far
/// event time has come.
///
/// Event time follows the clock: once all that is due was handed out, it has
/// come to now. A watermark goes out behind every batch, and when a window has
/// ended though there was no record.
pub(crate) struct Paced<K> {
    clock: K,
    /// None in an instance that only holds its place: it ends at once.
    schedule: Option<Schedule>,
    keys: u32,
    watermarks: Option<Watermarks>,
    while_waiting: SourceStatus,
}

/// What a source needs to know to close windows.
#[derive(Clone)]
pub(crate) struct Watermarks {
    sends: WindowSends,
    emitted_ns: u64,
}

impl Watermarks {
    pub(crate) fn new(sends: WindowSends) -> Self {
        Self {
            sends,
            emitted_ns: 0,
        }
    }

    /// The watermark to send now, if one is called for.
    #[inline]
    pub(crate) fn next(
        &mut self,
        complete_ns: u64,
        handed_out: bool,
        now_ns: u64,
    ) -> Option<Timestamp> {
        let closes = self.sends.closes(self.emitted_ns, complete_ns);
        if complete_ns <= self.emitted_ns || !(handed_out || closes) {
            return None;
        }
        if closes {
            self.sends.sent(self.emitted_ns, complete_ns, now_ns);
        }
        self.emitted_ns = complete_ns;
        Some(Timestamp::from_nanos(complete_ns as i64))
    }
}

impl<K: RunClock> Paced<K> {
    /// A source over `schedule`; with `watermarks` if there are windows to close.
    ///
    /// `while_waiting` is what it says while nothing is due.
    pub(crate) fn new(
        clock: K,
        schedule: Schedule,
        keys: u32,
        watermarks: Option<Watermarks>,
        while_waiting: SourceStatus,
    ) -> Self {
        Self {
            clock,
            schedule: Some(schedule),
            keys,
            watermarks,
            while_waiting,
        }
    }

    /// An instance without records.
    pub(crate) fn nothing(clock: K) -> Self {
        Self {
            clock,
            schedule: None,
            keys: 1,
            watermarks: None,
            while_waiting: SourceStatus::Ended,
        }
    }
}

impl<K: RunClock> Source for Paced<K> {
    type Item = Tick;

    #[inline]
    fn pull<C: Collector<Tick>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let Some(schedule) = &mut self.schedule else {
            return Ok(Pulled {
                records: 0,
                status: SourceStatus::Ended,
                flow: Flow::Open,
            });
        };
        let now_ns = self.clock.now_ns();
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ready,
            flow: Flow::Open,
        };
        while pulled.records < budget {
            let Some(due) = schedule.take_due(now_ns) else {
                pulled.status = match schedule.is_over(now_ns) {
                    true => SourceStatus::Ended,
                    false => self.while_waiting,
                };
                break;
            };
            pulled.records += 1;
            let time = Timestamp::from_nanos(due.due_ns as i64);
            pulled.flow = out.push(time, Tick::new(due, now_ns, self.keys));
            if !pulled.flow.is_open() {
                // The watermark comes with the next records.
                pulled.status = SourceStatus::Ready;
                return Ok(pulled);
            }
        }
        if let Some(watermarks) = &mut self.watermarks {
            let complete_ns = schedule.complete_until(now_ns);
            if let Some(time) = watermarks.next(complete_ns, pulled.records > 0, now_ns) {
                let born = Stamp::NONE;
                pulled.flow = out.signal(Signal::Watermark(Watermark { time, born }));
            }
        }
        Ok(pulled)
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::ByHand;
    use super::super::span::Span;
    use super::*;
    use std::time::Duration;

    /// Takes what it is given, so many records before it is full.
    #[derive(Default)]
    struct Taken {
        records: Vec<(Timestamp, Tick)>,
        watermarks: Vec<Timestamp>,
        room: usize,
    }

    impl Collector<Tick> for Taken {
        fn open(&mut self) -> Flow {
            Flow::Open
        }
        fn push(&mut self, time: Timestamp, tick: Tick) -> Flow {
            self.records.push((time, tick));
            self.room -= 1;
            match self.room {
                0 => Flow::Full,
                _ => Flow::Open,
            }
        }
        fn signal(&mut self, signal: Signal) -> Flow {
            self.watermarks.extend(signal.raises_time_to());
            Flow::Open
        }
        fn end_batch(&mut self) -> Flow {
            Flow::Open
        }
        fn resume(&mut self) -> Flow {
            Flow::Open
        }
        fn flush(&mut self) {}
        fn abort(&mut self) {}
    }

    #[test]
    fn it_hands_out_what_is_due_and_forgets_nothing_behind_a_full_output() {
        let ms = Duration::from_millis;
        let span = Span::new(ms(0), ms(10), ms(1));
        let clock = ByHand::default();
        let sends = WindowSends::new(span);
        let mut source = Paced::new(
            clock.clone(),
            Schedule::new(1_000, span),
            10,
            Some(Watermarks::new(sends.clone())),
            SourceStatus::Idle,
        );
        let mut out = Taken {
            room: 3,
            ..Taken::default()
        };
        let at = |micros: u64| span.start_ns + micros * 1_000;
        let mut pull = |now_ns: u64, out: &mut Taken| {
            clock.set(now_ns);
            source.pull(64, out).expect("it never fails")
        };

        assert_eq!(pull(at(0) - 1, &mut out).status, SourceStatus::Idle);
        assert_eq!(out.records.len(), 0);
        // Five are due by now, and there is room for three.
        let pulled = pull(at(4_500), &mut out);
        assert_eq!((pulled.records, pulled.flow), (3, Flow::Full));
        out.room = 100;
        let pulled = pull(at(4_600), &mut out);
        assert_eq!((pulled.records, pulled.status), (2, SourceStatus::Idle));
        let dues: Vec<_> = out.records.iter().map(|(_, tick)| tick.due_ns).collect();
        assert_eq!(dues, [0, 1, 2, 3, 4].map(|milli| at(milli * 1_000)));
        assert_eq!(out.records[4].1.lag_ns, 600_000);
        let last = out.watermarks.last().copied();
        assert_eq!(last, Some(Timestamp::from_nanos(at(4_600) as i64)));
        assert_eq!(sends.sent_at(at(4_000)), at(4_600));
        // A window ends between two records: that is said without one.
        let before = out.watermarks.len();
        pull(at(4_700), &mut out);
        assert_eq!(out.watermarks.len(), before);
        pull(at(5_000) - 1, &mut out);
        assert_eq!(out.watermarks.len(), before + 1, "its last instant");

        assert_eq!(pull(at(9_999), &mut out).status, SourceStatus::Idle);
        assert_eq!(pull(at(10_000), &mut out).status, SourceStatus::Ended);
        assert_eq!(out.records.len(), 10);
    }
}
