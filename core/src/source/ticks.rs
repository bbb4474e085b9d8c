use super::{BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::metrics::Measure;
use crate::{Clock, Collector, Flow, Signal, WallClock, Watermark};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A moment that a timer was set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick {
    /// Which one it is, from 0: one period after the job started.
    pub number: u64,
    /// When it was due, on the job's clock.
    pub time: Timestamp,
}

/// What becomes of ticks that were due while nobody looked: the job was busy, or
/// its clock jumped ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTicks {
    /// They come one after another as soon as can be, each with its own time.
    #[default]
    CatchUp,
    /// Only the latest comes; the others are counted as ignored.
    Skip,
}

/// A timer with a period that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodError;

impl fmt::Display for PeriodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timer with a period of zero would never rest: give it a longer one")
    }
}

impl std::error::Error for PeriodError {}

/// A tick every so often, on the job's clock, from one period after the start on.
///
/// It never ends by itself; a drain ends it, and so does a `take` behind it. Its
/// records bear the time at which they were due, and event time follows them.
/// While the clock stands, or has stepped back, nothing comes.
pub struct TickSource {
    /// In nanoseconds, at least one.
    period: i128,
    missed: MissedTicks,
    start: Option<Timestamp>,
    next: u64,
    /// A watermark that goes out before the next tick.
    owed: Option<Timestamp>,
    wall: Option<Arc<dyn WallClock>>,
    clock: Clock,
    skipped: Option<CounterWriter>,
}

impl TickSource {
    /// A tick every `period`.
    ///
    /// # Errors
    /// When the period is zero.
    pub fn every(period: Duration) -> Result<Self, PeriodError> {
        if period.is_zero() {
            return Err(PeriodError);
        }
        Ok(Self {
            period: i128::try_from(period.as_nanos()).unwrap_or(i128::MAX),
            missed: MissedTicks::default(),
            start: None,
            next: 0,
            owed: None,
            wall: None,
            clock: Clock::start(false),
            skipped: None,
        })
    }

    /// What becomes of ticks that were missed. Default: they are caught up with.
    pub fn missed(mut self, policy: MissedTicks) -> Self {
        self.missed = policy;
        self
    }

    /// When the tick of this number is due, in nanoseconds of the clock.
    fn due(&self, start: Timestamp, number: u64) -> i128 {
        let periods = i128::from(number).saturating_add(1);
        periods
            .saturating_mul(self.period)
            .saturating_add(i128::from(start.nanos()))
    }

    /// Leaves out what was missed up to `now`, but for the latest.
    fn skip_to(&mut self, start: Timestamp, now: i128) {
        let since = now.saturating_sub(i128::from(start.nanos()));
        let latest = u64::try_from(since / self.period - 1).unwrap_or(0);
        if latest > self.next {
            if let Some(skipped) = &mut self.skipped {
                skipped.add(latest - self.next);
            }
            self.next = latest;
        }
    }

    fn raise<C: Collector<Tick>>(&mut self, out: &mut C) -> Flow {
        match self.owed.take() {
            Some(time) => {
                let born = self.clock.now();
                out.signal(Signal::Watermark(Watermark { time, born }))
            }
            None => Flow::Open,
        }
    }
}

impl Source for TickSource {
    type Item = Tick;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.clock = context.clock;
        self.start = Some(context.wall.now());
        self.skipped = Some(context.counter(Measure::Ignored));
        self.wall = Some(context.wall);
        Ok(())
    }

    fn pull<C: Collector<Tick>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ready,
            flow: self.raise(out),
        };
        let (Some(wall), Some(start)) = (&self.wall, self.start) else {
            pulled.status = SourceStatus::Ended;
            return Ok(pulled);
        };
        let now = i128::from(wall.now().nanos());
        if self.missed == MissedTicks::Skip {
            self.skip_to(start, now);
        }
        while pulled.records < budget && pulled.flow.is_open() {
            let due = self.due(start, self.next);
            if due > now {
                let rest = u64::try_from(due - now).unwrap_or(u64::MAX);
                pulled.status = SourceStatus::IdleFor(Duration::from_nanos(rest));
                break;
            }
            // It is not beyond the clock, so it fits.
            let time = Timestamp::from_nanos(i64::try_from(due).unwrap_or(i64::MAX));
            let number = self.next;
            self.next += 1;
            self.owed = Some(time);
            pulled.records += 1;
            pulled.flow = out.push(time, Tick { number, time });
        }
        if pulled.flow.is_open() {
            pulled.flow = self.raise(out);
        }
        Ok(pulled)
    }
}
