use crate::exchange::{Funnel, Receiver};
use crate::operator::Gather;
use crate::{Chain, Error, Instance, Name, Plan, Record, Signal};
use fluxus_ringbuf::{channel, Capacity, Parker, Polled};
use fluxus_windows::Timestamp;
use std::fmt;
use std::time::Duration;

/// How long a receiver that waits sleeps before it looks again by itself. It is
/// woken when there is something; this is for the case that the job ended in
/// between.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Brings `upstream` to its end in a ring of `capacity` records that another thread
/// takes them out of, its instances gathered into one.
///
/// # Errors
/// When `capacity` is not a power of two or there is no memory for it; and what else
/// cannot be, with the operator's name.
pub fn output<U: Chain>(
    plan: &mut Plan,
    name: &Name,
    upstream: U,
    capacity: usize,
) -> Result<Output<U::Item>, Error> {
    let ring = Capacity::new(capacity).and_then(channel::<Record<U::Item>, Signal>);
    let (mut sender, mut receiver) = ring.map_err(|error| Error::operator(name, error))?;
    let parker = Parker::new();
    let gathered = Gather::new(name.clone(), upstream);
    let worker = gathered.instances(plan).first_worker;
    sender.wake_on_send(parker.waker());
    receiver.wake_on_release(plan.waker_of_instance(worker));
    plan.operator(name);
    let mut sender = Some(sender);
    let name = name.clone();
    gathered.lower(plan, move |instance: &Instance| {
        let sender = sender.take().expect("gathered into one instance");
        Funnel::new(sender, &name, instance)
    })?;
    Ok(Output {
        receiver,
        parker,
        watermark: Timestamp::MIN,
        has_ended: false,
    })
}

/// Takes the records of a stream out of a job, on one thread: the mirror of
/// [`Input`](crate::source::Input).
///
/// While nobody takes them the ring fills, and then the stream is held back.
/// Dropping it ends the stream, quietly, as a [`Take`](crate::operator::Take) does
/// that has all it wants.
pub struct Output<T> {
    receiver: Receiver<T>,
    parker: Parker,
    watermark: Timestamp,
    has_ended: bool,
}

/// Why there is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryReceiveError {
    /// None is there yet: try again later.
    Empty,
    /// The stream has ended, and all its records were taken.
    Ended,
    /// The job was stopped or failed, or never ran: the stream did not come to its
    /// end.
    Broken,
}

/// Why there will be no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveError {
    /// The stream has ended, and all its records were taken.
    Ended,
    /// The job was stopped or failed, or never ran: the stream did not come to its
    /// end.
    Broken,
}

impl fmt::Display for TryReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no record is there yet: try again later"),
            Self::Ended => ReceiveError::Ended.fmt(f),
            Self::Broken => ReceiveError::Broken.fmt(f),
        }
    }
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the stream has ended",
            Self::Broken => "the job ended before the stream did: its result says why",
        })
    }
}

impl std::error::Error for TryReceiveError {}
impl std::error::Error for ReceiveError {}

impl<T> Output<T> {
    /// The next record and its time, if there is one.
    ///
    /// # Errors
    /// When there is none: yet, or for good.
    pub fn try_receive(&mut self) -> Result<(Timestamp, T), TryReceiveError> {
        loop {
            if self.has_ended {
                return Err(TryReceiveError::Ended);
            }
            match self.receiver.poll(1) {
                Polled::Records(batch) => {
                    if let Some(Record { time, value }) = batch.drain().next() {
                        return Ok((time, value));
                    }
                }
                Polled::Signal(signal) => {
                    if let Some(time) = signal.raises_time_to() {
                        self.watermark = self.watermark.max(time);
                    }
                    self.has_ended = signal == Signal::End;
                }
                Polled::Empty => return Err(TryReceiveError::Empty),
                Polled::Closed => return Err(TryReceiveError::Broken),
            }
        }
    }

    /// The next record and its time, waiting for one if there is none. (Not from the
    /// thread that runs the job.)
    ///
    /// # Errors
    /// When there will be none.
    pub fn receive(&mut self) -> Result<(Timestamp, T), ReceiveError> {
        loop {
            if let Some(received) = self.receive_now() {
                return received;
            }
            // Announce the sleep, look once more, and only then sleep: what came in
            // between wakes us.
            self.parker.prepare();
            if let Some(received) = self.receive_now() {
                self.parker.cancel();
                return received;
            }
            self.parker.park(Some(LOOK_AGAIN));
        }
    }

    fn receive_now(&mut self) -> Option<Result<(Timestamp, T), ReceiveError>> {
        match self.try_receive() {
            Ok(record) => Some(Ok(record)),
            Err(TryReceiveError::Empty) => None,
            Err(TryReceiveError::Ended) => Some(Err(ReceiveError::Ended)),
            Err(TryReceiveError::Broken) => Some(Err(ReceiveError::Broken)),
        }
    }

    /// How far event time had come where the last record was taken: no record at or
    /// before it is still to come, save late ones.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }
}
