use super::Sender;
use crate::metrics::Measure;
use crate::{Flow, Instance, Name, Record, Signal};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;

/// What is published at once at the most: beyond this the records of a batch
/// have left the first-level cache before they are copied into the ring.
const LARGEST: usize = 512;

/// One ring's sending end, and what is waiting to go into it.
///
/// Records are staged and published a batch at a time: one store makes many
/// visible. The staged ones never outgrow a batch, since a lane that could not
/// send them is full and takes no more.
pub(crate) struct Lane<T> {
    sender: Sender<T>,
    staged: Vec<Record<T>>,
    batch: usize,
    /// A signal that found no room; it goes before anything else.
    waiting: Option<Signal>,
    sent: CounterWriter,
    unwanted: CounterWriter,
}

impl<T> Lane<T> {
    /// The lane of an instance into `sender`; `name` is what it is counted under.
    pub(crate) fn new(sender: Sender<T>, name: &Name, instance: &Instance) -> Self {
        let batch = instance.batch.min(LARGEST);
        Self {
            sender,
            staged: Vec::with_capacity(batch),
            batch,
            waiting: None,
            sent: instance.counter(name, Measure::RecordsOut),
            unwanted: instance.counter(name, Measure::Unwanted),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.staged.push(Record { time, value });
        if self.staged.len() < self.batch {
            return Flow::Open;
        }
        self.ship()
    }

    /// Publishes what is staged, as far as there is room.
    #[inline(never)]
    fn ship(&mut self) -> Flow {
        if self.staged.is_empty() {
            return Flow::Open;
        }
        let sent = self.sender.send_vec(&mut self.staged);
        self.sent.add(sent as u64);
        if self.staged.len() < self.batch {
            return Flow::Open;
        }
        if self.sender.is_abandoned() {
            // The other side has all it wants (a `take`, say), or the job is
            // over: what is sent from here on is nobody's.
            self.unwanted.add(self.staged.len() as u64);
            self.staged.clear();
            return Flow::Finished;
        }
        Flow::Full
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Flow {
        self.waiting = Some(signal);
        self.resume()
    }

    pub(crate) fn resume(&mut self) -> Flow {
        let flow = self.ship();
        let Some(signal) = self.waiting else {
            return flow;
        };
        if self.sender.is_abandoned() {
            self.unwanted.add(self.staged.len() as u64);
            self.staged.clear();
            self.waiting = None;
            return Flow::Finished;
        }
        if !self.staged.is_empty() || self.sender.signal(signal).is_err() {
            return Flow::Full;
        }
        self.waiting = None;
        Flow::Open
    }

    /// Whether nobody listens at the other end.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.sender.is_abandoned()
    }

    pub(crate) fn flush(&mut self) {
        // What does not fit stays staged; the next push or resume says so.
        let _ = self.ship();
    }
}
