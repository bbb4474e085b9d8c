use super::schedule::Schedule;
use super::Events;
use fluxus::source::{BoxError, Collector, Flow, Pulled, Signal, Source, SourceContext};
use fluxus::source::{SourceStatus, Stamp, Watermark};
use fluxus::windows::Timestamp;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Sends events when they are due, and behind each batch the watermark.
pub(crate) struct Replay<E> {
    events: Events<E>,
    schedule: Arc<Schedule>,
    begun: Begun,
    next: u64,
    /// The last watermark that was sent.
    sent: Timestamp,
}

/// When the first event was due, for whoever measures. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Begun(Arc<Moments>);

#[derive(Default)]
struct Moments {
    start: OnceLock<Instant>,
    all_sent: OnceLock<Instant>,
}

impl Begun {
    /// How long ago the first event was due; zero before it was.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.start.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// From the first event being due to the last being sent.
    pub(crate) fn elapsed_when_sent(&self) -> Option<Duration> {
        let (start, end) = (self.0.start.get()?, self.0.all_sent.get()?);
        Some(end.saturating_duration_since(*start))
    }
}

impl<E> Replay<E> {
    pub(crate) fn new(events: &Events<E>, schedule: &Arc<Schedule>) -> Self {
        Self {
            events: Arc::clone(events),
            schedule: Arc::clone(schedule),
            begun: Begun::default(),
            next: 0,
            sent: Timestamp::MIN,
        }
    }

    pub(crate) fn begun(&self) -> Begun {
        self.begun.clone()
    }

    fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl<E: Clone + Send + Sync + 'static> Source for Replay<E> {
    type Item = E;

    fn open(&mut self, _: SourceContext) -> Result<(), BoxError> {
        let _ = self.begun.0.start.set(Instant::now());
        Ok(())
    }

    fn pull<C: Collector<E>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let now_ns = self.elapsed_ns();
        let (mut records, mut flow) = (0, Flow::Open);
        while records < budget && flow.is_open() && self.next < self.schedule.total() {
            if self.schedule.due_ns(self.next) > now_ns {
                break;
            }
            let (place, shift) = self.schedule.place(self.next);
            let Some((time, event)) = self.events.get(place) else {
                break;
            };
            let time = Timestamp::from_nanos(time.nanos().saturating_add(shift));
            flow = out.push(time, event.clone());
            self.next += 1;
            records += 1;
        }
        // If the chain is full now, the watermark goes out behind the next batch.
        if flow.is_open() && self.next > 0 {
            let time = self.schedule.watermark(self.next - 1);
            if time > self.sent {
                self.sent = time;
                let born = Stamp::NONE;
                flow = out.signal(Signal::Watermark(Watermark { time, born }));
            }
        }
        let status = if self.next == self.schedule.total() {
            let _ = self.begun.0.all_sent.set(Instant::now());
            SourceStatus::Ended
        } else {
            let wait_ns = self
                .schedule
                .due_ns(self.next)
                .saturating_sub(self.elapsed_ns());
            match wait_ns {
                0 => SourceStatus::Ready,
                nanos => SourceStatus::IdleFor(Duration::from_nanos(nanos)),
            }
        };
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }
}
