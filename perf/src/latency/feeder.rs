//! The source that is a thread of its own: an open loop before anything that
//! takes records.

use fluxus::source::{Input, TrySendError};
use fluxus::windows::Timestamp;

use super::clock::RunClock;
use super::hiccup::Hiccups;
use super::schedule::Schedule;
use super::source::Watermarks;
use super::tick::Tick;

/// Where the thread sends to: the engine, or the bare ring that it is held against.
pub(crate) trait Outlet {
    /// Takes a record, or says that there is no room just now.
    ///
    /// # Errors
    /// When nobody will ever take anything again.
    fn try_send(&mut self, tick: Tick) -> Result<bool, Gone>;

    /// Takes a watermark.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    fn watermark(&mut self, time: Timestamp) -> Result<(), Gone>;
}

/// The other side has ended.
#[derive(Debug)]
pub(crate) struct Gone;

impl Outlet for Input<Tick> {
    #[inline]
    fn try_send(&mut self, tick: Tick) -> Result<bool, Gone> {
        let time = Timestamp::from_nanos(tick.due_ns as i64);
        match Input::try_send(self, time, tick) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_)) => Ok(false),
            Err(TrySendError::Closed(_)) => Err(Gone),
        }
    }

    fn watermark(&mut self, time: Timestamp) -> Result<(), Gone> {
        Input::watermark(self, time).map_err(|_| Gone)
    }
}

/// Records sent between two looks at the clock, at the most: a thread that has
/// fallen behind must still see how far.
const BURST: usize = 32;

/// How a thread waits for the next record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It looks at the clock over and over: its core is its own.
    Spin,
    /// It lets others run in between: there are fewer cores than threads.
    Yield,
}

/// Sends the records of a schedule when they are due, and stamps hiccups while
/// it waits.
pub(crate) fn feed<K: RunClock>(
    clock: &K,
    mut schedule: Schedule,
    keys: u32,
    mut watermarks: Option<Watermarks>,
    hiccups: &mut Hiccups,
    wait: Wait,
    outlet: &mut impl Outlet,
) -> Result<(), Gone> {
    loop {
        let now_ns = clock.now_ns();
        hiccups.stamp(now_ns);
        let mut sent = 0;
        while sent < BURST {
            let Some(due) = schedule.take_due(now_ns) else {
                break;
            };
            let mut tick = Tick::new(due, now_ns, keys);
            while !outlet.try_send(tick)? {
                // Back-pressure: it is sent when there is room, and no sooner.
                let now_ns = clock.now_ns();
                hiccups.stamp(now_ns);
                tick = Tick::new(due, now_ns, keys);
                pause(wait);
            }
            sent += 1;
        }
        if let Some(watermarks) = &mut watermarks {
            let complete_ns = schedule.complete_until(now_ns);
            if let Some(time) = watermarks.next(complete_ns, sent > 0, now_ns) {
                outlet.watermark(time)?;
            }
        }
        if schedule.is_over(now_ns) {
            return Ok(());
        }
        if sent == 0 {
            pause(wait);
        }
    }
}

#[inline]
fn pause(wait: Wait) {
    match wait {
        Wait::Spin => std::hint::spin_loop(),
        Wait::Yield => std::thread::yield_now(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::ByHand;
    use super::super::span::Span;
    use super::super::window_sends::WindowSends;
    use super::*;
    use std::time::Duration;

    /// Time moves by a microsecond with every look at it.
    #[derive(Clone, Default)]
    struct Ticking(ByHand);

    impl RunClock for Ticking {
        fn now_ns(&self) -> u64 {
            self.0.set(self.0.now_ns() + 1_000);
            self.0.now_ns()
        }
    }

    /// Has no room for a while.
    struct Stalled {
        clock: ByHand,
        full: std::ops::Range<u64>,
        taken: Vec<(u64, Tick)>,
        watermarks: Vec<i64>,
    }

    impl Outlet for Stalled {
        fn try_send(&mut self, tick: Tick) -> Result<bool, Gone> {
            let now_ns = self.clock.now_ns();
            let has_room = !self.full.contains(&now_ns);
            if has_room {
                self.taken.push((now_ns, tick));
            }
            Ok(has_room)
        }
        fn watermark(&mut self, time: Timestamp) -> Result<(), Gone> {
            self.watermarks.push(time.nanos());
            Ok(())
        }
    }

    #[test]
    fn a_stalled_consumer_delays_records_and_loses_none() {
        let ms = Duration::from_millis;
        let span = Span::new(ms(0), ms(20), ms(1));
        let clock = Ticking::default();
        clock.0.set(span.start_ns - 1_000);
        let mut outlet = Stalled {
            clock: clock.0.clone(),
            full: span.start_ns + 5_000_000..span.start_ns + 9_000_000,
            taken: Vec::new(),
            watermarks: Vec::new(),
        };
        let mut hiccups = Hiccups::new(span);
        let fed = feed(
            &clock,
            Schedule::new(100_000, span),
            10,
            Some(Watermarks::new(WindowSends::new(span))),
            &mut hiccups,
            Wait::Spin,
            &mut outlet,
        );
        assert!(fed.is_ok());
        assert_eq!(outlet.taken.len(), 2_000);
        for (taken, index) in outlet.taken.iter().zip(0u64..) {
            let (taken_ns, tick) = taken;
            assert_eq!(tick.due_ns, span.start_ns + index * 10_000, "in its turn");
            assert!(*taken_ns >= tick.due_ns, "not early");
            let sent_ns = tick.due_ns + u64::from(tick.lag_ns);
            assert!(taken_ns - sent_ns <= 2_000, "stamped when it was taken");
            if outlet.full.contains(&tick.due_ns) {
                let waited = u64::from(tick.lag_ns);
                assert!(waited + 3_000 >= outlet.full.end - tick.due_ns, "{waited}");
            }
        }
        assert!(outlet.watermarks.windows(2).all(|pair| pair[0] < pair[1]));
        let last = outlet.watermarks.last().copied();
        assert!(
            last >= Some(span.end_ns as i64 - 1),
            "every window is closed"
        );
    }
}
