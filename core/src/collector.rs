use crate::{Flow, Signal};
use fluxus_windows::Timestamp;

/// One end of a fused chain: whatever takes records of type `T`.
///
/// An operator is a collector that was given another, its downstream, and
/// pushes into it. The types nest, so that a whole chain becomes one loop:
///
/// ```text
///   source ─push─► Map { f, next: Filter { f, next: Outbox } }
/// ```
///
/// # The contract
///
/// The stage that drives the chain calls, in this order: [`open`] once; then
/// any number of [`push`], [`push_each`], [`signal`] and [`end_batch`], each only
/// while the last answer was [`Flow::Open`], else [`resume`] until it is; last,
/// `signal(Signal::End)` followed by `resume` until the answer is `Open` or
/// `Finished`. [`flush`] may be called at any time between. [`abort`] is called
/// instead of the rest when the job ends early.
///
/// One call does a bounded amount of work, and a call always accepts what it is
/// given: an answer other than `Open` is about the next one. An operator that
/// has more to emit than its downstream takes keeps a cursor and goes on in
/// `resume`, downstream first.
///
/// [`open`]: Collector::open
/// [`push`]: Collector::push
/// [`push_each`]: Collector::push_each
/// [`signal`]: Collector::signal
/// [`end_batch`]: Collector::end_batch
/// [`resume`]: Collector::resume
/// [`flush`]: Collector::flush
/// [`abort`]: Collector::abort
pub trait Collector<T> {
    /// Called once, before anything else, on the worker's thread.
    fn open(&mut self) -> Flow;

    /// Takes a record.
    fn push(&mut self, time: Timestamp, value: T) -> Flow;

    /// Takes records as if each were [pushed](Self::push), in one call: the loop
    /// over a batch, which an operator can wrap in what is done once a batch.
    ///
    /// Whatever is drawn from `records` is accepted, and nothing is drawn once
    /// there is none. [`Flow::Open`] says that all were drawn; behind any other
    /// answer the rest is still in there.
    #[inline(always)]
    fn push_each<I: Iterator<Item = (Timestamp, T)>>(&mut self, records: I) -> Flow {
        for (time, value) in records {
            let flow = self.push(time, value);
            if !flow.is_open() {
                return flow;
            }
        }
        Flow::Open
    }

    /// Takes a signal, which holds between the records before and after it.
    fn signal(&mut self, signal: Signal) -> Flow;

    /// A batch of records has ended: the moment for what is done once a batch.
    fn end_batch(&mut self) -> Flow;

    /// Goes on with what was left over, downstream first.
    fn resume(&mut self) -> Flow;

    /// Hands on what was held back for the sake of larger batches, as far as
    /// there is room.
    fn flush(&mut self);

    /// The job has ended before the stream did: sinks are told.
    fn abort(&mut self);
}

/// Implements the methods of [`Collector`] that an operator without state of
/// its own passes on to the collector in its field `next`.
macro_rules! pass_on {
    ($($method:ident),* $(,)?) => {
        $(pass_on!(@ $method);)*
    };
    (@ open) => {
        #[inline]
        fn open(&mut self) -> $crate::Flow {
            self.next.open()
        }
    };
    (@ signal) => {
        #[inline]
        fn signal(&mut self, signal: $crate::Signal) -> $crate::Flow {
            self.next.signal(signal)
        }
    };
    (@ end_batch) => {
        #[inline]
        fn end_batch(&mut self) -> $crate::Flow {
            self.next.end_batch()
        }
    };
    (@ resume) => {
        #[inline]
        fn resume(&mut self) -> $crate::Flow {
            self.next.resume()
        }
    };
    (@ flush) => {
        #[inline]
        fn flush(&mut self) {
            self.next.flush();
        }
    };
    (@ abort) => {
        fn abort(&mut self) {
            self.next.abort();
        }
    };
}
pub(crate) use pass_on;
