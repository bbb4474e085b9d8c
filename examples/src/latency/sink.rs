use super::replay::Begun;
use super::schedule::Schedule;
use fluxus::sink::{Ending, Sink, SinkError};
use fluxus::windows::Timestamp;
use fluxus_perf::latency::{histogram, Distribution, Samples};
use std::sync::mpsc;
use std::sync::Arc;

/// One part of so many of a run comes first and is not measured.
const WARM_UP: u64 = 10;

/// Takes results, and how long after the event that set them free.
pub(crate) struct ResultsOut {
    schedule: Arc<Schedule>,
    begun: Begun,
    /// The time of the last results and the event that set them free: results of
    /// a window come together.
    last: (Timestamp, Option<u64>),
    samples: Samples,
    done: mpsc::Sender<Distribution>,
}

impl ResultsOut {
    pub(crate) fn new(
        schedule: &Arc<Schedule>,
        begun: &Begun,
    ) -> (Self, mpsc::Receiver<Distribution>) {
        let (done, results) = mpsc::channel();
        let sink = Self {
            schedule: Arc::clone(schedule),
            begun: begun.clone(),
            last: (Timestamp::MIN, schedule.sets_free(Timestamp::MIN)),
            samples: histogram(),
            done,
        };
        (sink, results)
    }
}

impl<R: Send + 'static> Sink<R> for ResultsOut {
    fn write(&mut self, time: Timestamp, row: R) -> Result<(), SinkError> {
        drop(row);
        if time != self.last.0 {
            self.last = (time, self.schedule.sets_free(time));
        }
        // What only the end of the stream sets free is no answer to an event.
        if let Some(event) = self
            .last
            .1
            .filter(|event| *event >= self.schedule.total() / WARM_UP)
        {
            let now_ns = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let latency_ns = now_ns.saturating_sub(self.schedule.due_ns(event));
            // An hour is the most that is told apart.
            self.samples.saturating_record(latency_ns.max(1));
        }
        Ok(())
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        if ending == Ending::Complete {
            let samples = std::mem::replace(&mut self.samples, histogram());
            // Whoever measures may have gone.
            let _ = self.done.send(Distribution::of(samples));
        }
        Ok(())
    }
}
