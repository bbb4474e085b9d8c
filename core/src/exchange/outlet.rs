use super::Sender;
use crate::metrics::Measure;
use crate::{Flow, Instance, Name, Record, Signal};
use fluxus_ringbuf::CounterWriter;

/// What is published at once at the most: beyond this the records of a batch
/// have left the first-level cache before they are copied into the ring.
const LARGEST: usize = 512;

/// One ring's sending end, for whoever stages the records.
pub(crate) struct Outlet<T> {
    sender: Sender<T>,
    batch: usize,
    /// A signal that found no room; it goes before anything else.
    waiting: Option<Signal>,
    sent: CounterWriter,
    unwanted: CounterWriter,
}

impl<T> Outlet<T> {
    pub(crate) fn new(sender: Sender<T>, name: &Name, instance: &Instance) -> Self {
        Self {
            sender,
            batch: instance.batch.min(LARGEST),
            waiting: None,
            sent: instance.counter(name, Measure::RecordsOut),
            unwanted: instance.counter(name, Measure::Unwanted),
        }
    }

    /// How many records are staged at the most.
    #[inline]
    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    /// Publishes what is staged, as far as there is room.
    #[inline(never)]
    pub(crate) fn ship(&mut self, staged: &mut Vec<Record<T>>) -> Flow {
        if staged.is_empty() {
            return Flow::Open;
        }
        let sent = self.sender.send_vec(staged);
        self.sent.add(sent as u64);
        if staged.len() < self.batch {
            return Flow::Open;
        }
        if self.sender.is_abandoned() {
            // The other side has all it wants (a `take`, say), or the job is
            // over: what is sent from here on is nobody's.
            self.unwanted.add(staged.len() as u64);
            staged.clear();
            return Flow::Finished;
        }
        Flow::Full
    }

    /// Sends a signal behind what is staged.
    pub(crate) fn signal(&mut self, staged: &mut Vec<Record<T>>, signal: Signal) -> Flow {
        self.waiting = Some(signal);
        self.resume(staged)
    }

    pub(crate) fn resume(&mut self, staged: &mut Vec<Record<T>>) -> Flow {
        let flow = self.ship(staged);
        let Some(signal) = self.waiting else {
            return flow;
        };
        if self.sender.is_abandoned() {
            self.unwanted.add(staged.len() as u64);
            staged.clear();
            self.waiting = None;
            return Flow::Finished;
        }
        if !staged.is_empty() || self.sender.signal(signal).is_err() {
            return Flow::Full;
        }
        self.waiting = None;
        Flow::Open
    }

    /// Whether nobody listens at the other end.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.sender.is_abandoned()
    }
}
