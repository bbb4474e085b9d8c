use super::{BoxError, Pulled, Source, SourceStatus};
use crate::exchange::{Receiver, Sender};
use crate::{Collector, Error, Flow, Plan, Record, Signal, Stamp, Watermark};
use fluxus_ringbuf::{channel, Capacity, Parker, Polled, StopFlag};
use fluxus_windows::Timestamp;
use std::fmt;
use std::time::Duration;

/// How long a sender that waits for room sleeps before it looks again by
/// itself. It is woken when there is room; this is for the case that the job
/// ended in between.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A ring into the job and the handle that feeds it from another thread.
///
/// # Errors
/// When `capacity` is not a power of two or there is no memory for it.
pub fn input<T: Send + 'static>(
    plan: &Plan,
    capacity: usize,
) -> Result<(Input<T>, ChannelSource<T>), Error> {
    let ring = Capacity::new(capacity).and_then(channel::<Record<T>, Signal>);
    let (mut sender, mut receiver) = ring.map_err(|error| Error::operator("input", error))?;
    let parker = Parker::new();
    sender.wake_on_send(plan.waker_of_instance(0));
    receiver.wake_on_release(parker.waker());
    let finished = StopFlag::new();
    let source = ChannelSource {
        receiver: Some(receiver),
        finished: finished.clone(),
        last: None,
    };
    Ok((
        Input {
            sender,
            parker,
            finished,
        },
        source,
    ))
}

/// Feeds records and watermarks into a job from outside, from one thread.
///
/// Dropping it ends the stream. (Unless its thread is panicking: then the job
/// fails, rather than take half an input for the whole.)
pub struct Input<T> {
    sender: Sender<T>,
    parker: Parker,
    finished: StopFlag,
}

/// Why a record was not taken; it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// The ring is full: try again later.
    Full(T),
    /// The job has ended and takes nothing more.
    Closed(T),
}

/// The job has ended and takes nothing more; the record is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the input is full: wait, send less, or give it a larger capacity",
            Self::Closed(_) => "the job has ended and takes nothing more",
        })
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job has ended and takes nothing more")
    }
}

impl<T: fmt::Debug> std::error::Error for TrySendError<T> {}
impl<T: fmt::Debug> std::error::Error for SendError<T> {}

impl<T> Input<T> {
    /// Sends a record if there is room for it; it is visible to the job at once.
    ///
    /// # Errors
    /// With the record: when the ring is full, or the job has ended.
    pub fn try_send(&mut self, time: Timestamp, value: T) -> Result<(), TrySendError<T>> {
        self.sender
            .send(Record { time, value })
            .map_err(|Record { value, .. }| match self.sender.is_abandoned() {
                true => TrySendError::Closed(value),
                false => TrySendError::Full(value),
            })
    }

    /// Sends a record, waiting for room if there is none.
    ///
    /// # Errors
    /// With the record, when the job has ended.
    pub fn send(&mut self, time: Timestamp, value: T) -> Result<(), SendError<T>> {
        self.wait_for(value, |input, value| input.try_send(time, value))
    }

    /// States that no record at or before `time` is still to come, waiting for
    /// room if there is none.
    ///
    /// # Errors
    /// When the job has ended.
    pub fn watermark(&mut self, time: Timestamp) -> Result<(), SendError<()>> {
        let born = Stamp::NONE;
        self.wait_for((), |input, ()| {
            let watermark = Signal::Watermark(Watermark { time, born });
            match input.sender.signal(watermark) {
                Ok(()) => Ok(()),
                Err(_) if input.sender.is_abandoned() => Err(TrySendError::Closed(())),
                Err(_) => Err(TrySendError::Full(())),
            }
        })
    }

    /// Tries, and while there is no room sleeps until there is.
    fn wait_for<V>(
        &mut self,
        mut value: V,
        mut attempt: impl FnMut(&mut Self, V) -> Result<(), TrySendError<V>>,
    ) -> Result<(), SendError<V>> {
        loop {
            value = match attempt(self, value) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed(value)) => return Err(SendError(value)),
                Err(TrySendError::Full(value)) => value,
            };
            // Announce the sleep, look once more, and only then sleep: room
            // made in between wakes us.
            self.parker.prepare();
            value = match attempt(self, value) {
                Err(TrySendError::Full(value)) => value,
                done => {
                    self.parker.cancel();
                    return done.map_err(|error| match error {
                        TrySendError::Full(value) | TrySendError::Closed(value) => SendError(value),
                    });
                }
            };
            self.parker.park(Some(LOOK_AGAIN));
        }
    }

    /// Whether the job has ended and takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.sender.is_abandoned()
    }

    /// Ends the stream, as dropping the input does.
    pub fn close(self) {}
}

impl<T> Drop for Input<T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.finished.raise();
        }
    }
}

/// What an [`Input`] feeds.
pub struct ChannelSource<T> {
    receiver: Option<Receiver<T>>,
    finished: StopFlag,
    /// When draining: how many records had been sent by then.
    last: Option<u64>,
}

/// What taking one record came to.
pub(super) enum Taken<T> {
    Record(T),
    Nothing,
    Ended,
}

impl<T> ChannelSource<T> {
    /// Takes one record, whatever is signalled around it.
    pub(super) fn take_one(&mut self) -> Result<Taken<T>, BoxError> {
        let Some(receiver) = &mut self.receiver else {
            return Ok(Taken::Ended);
        };
        let last = self.last.unwrap_or(u64::MAX);
        loop {
            if receiver.gauge().consumed() >= last {
                return Ok(Taken::Ended);
            }
            match receiver.poll(1) {
                Polled::Records(batch) => {
                    if let Some(record) = batch.drain().next() {
                        return Ok(Taken::Record(record.value));
                    }
                }
                Polled::Signal(_) => {}
                Polled::Empty => return Ok(Taken::Nothing),
                Polled::Closed if self.finished.is_raised() => return Ok(Taken::Ended),
                Polled::Closed => return Err(PANICKED.into()),
            }
        }
    }
}

/// What became of a stream whose input was dropped by a panic.
const PANICKED: &str = "the thread that fed this input panicked before it was done";

impl<T: Send + 'static> Source for ChannelSource<T> {
    type Item = T;

    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ready,
            flow: Flow::Open,
        };
        let Some(receiver) = &mut self.receiver else {
            pulled.status = SourceStatus::Ended;
            return Ok(pulled);
        };
        while pulled.records < budget && pulled.flow.is_open() {
            if let Some(last) = self.last {
                if receiver.gauge().consumed() >= last {
                    pulled.status = SourceStatus::Ended;
                    break;
                }
            }
            match receiver.poll(budget - pulled.records) {
                Polled::Records(batch) => {
                    pulled.records += batch.drain_while(|record| {
                        pulled.flow = out.push(record.time, record.value);
                        pulled.flow.is_open()
                    });
                }
                Polled::Signal(signal) => pulled.flow = out.signal(signal),
                Polled::Empty => {
                    pulled.status = match pulled.records {
                        0 => SourceStatus::Idle,
                        _ => SourceStatus::Ready,
                    };
                    break;
                }
                Polled::Closed if self.finished.is_raised() => {
                    pulled.status = SourceStatus::Ended;
                    break;
                }
                Polled::Closed => return Err(PANICKED.into()),
            }
        }
        Ok(pulled)
    }

    fn drain(&mut self) -> bool {
        let Some(receiver) = &self.receiver else {
            return false;
        };
        // What comes after this moment was not accepted by a job that drains.
        let gauge = receiver.gauge();
        let last = *self.last.get_or_insert(gauge.published());
        gauge.consumed() < last
    }

    fn close(&mut self) {
        self.receiver = None;
    }
}
