use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Signal};
use fluxus_windows::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};

/// What a [`Collect`] has gathered, for whoever ran the job.
#[derive(Debug)]
pub struct Collected<T>(Arc<Mutex<Vec<(Timestamp, T)>>>);

impl<T> Default for Collected<T> {
    /// Nothing, for a stream that could not be brought to its end.
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Collected<T> {
    /// The records, emptying the collection. All are there when the job has
    /// ended; each instance of the stream hands its own over in one piece, in
    /// their order.
    pub fn take(&self) -> Vec<T> {
        let timed = self.take_timed();
        timed.into_iter().map(|(_, value)| value).collect()
    }

    /// The records with their times, emptying the collection.
    pub fn take_timed(&self) -> Vec<(Timestamp, T)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Keeps every record in memory, unbounded: for tests and small results.
pub struct Collect<T> {
    gathered: Vec<(Timestamp, T)>,
    handed_over: Arc<Mutex<Vec<(Timestamp, T)>>>,
}

/// Brings `upstream` to its end in a collection.
///
/// # Errors
/// What cannot be, with the operator's name.
pub fn collected<U: Chain>(
    plan: &mut Plan,
    name: &Name,
    upstream: U,
) -> Result<Collected<U::Item>, Error> {
    let collected = Collected(Arc::default());
    let handed_over = Arc::clone(&collected.0);
    plan.operator(name);
    upstream.lower(plan, move |_: &Instance| Collect {
        gathered: Vec::new(),
        handed_over: Arc::clone(&handed_over),
    })?;
    Ok(collected)
}

impl<T> Collect<T> {
    /// Once an instance, off the path of its records.
    fn hand_over(&mut self) {
        self.handed_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .append(&mut self.gathered);
    }
}

impl<T> Collector<T> for Collect<T> {
    fn open(&mut self) -> Flow {
        Flow::Open
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.gathered.push((time, value));
        Flow::Open
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        if signal == Signal::End {
            self.hand_over();
        }
        Flow::Open
    }

    fn end_batch(&mut self) -> Flow {
        Flow::Open
    }

    fn resume(&mut self) -> Flow {
        Flow::Open
    }

    fn flush(&mut self) {}

    fn abort(&mut self) {
        self.hand_over();
    }
}
