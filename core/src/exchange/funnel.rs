use super::{Outlet, Sender};
use crate::{Collector, Flow, Instance, Name, Record, Signal};
use fluxus_windows::Timestamp;

/// The end of a stage whose records all go to one instance of another.
///
/// An [`Outbox`](super::Outbox) of one lane, without a route, and small: what is
/// staged lies in it, and the rest behind a pointer, so that the loop of a source
/// takes it onto its stack with the chain. From a source through a ring to a sum
/// that is 38 instructions a record in place of 42.
pub(crate) struct Funnel<T> {
    staged: Vec<Record<T>>,
    batch: usize,
    outlet: Box<Outlet<T>>,
}

impl<T> Funnel<T> {
    /// The funnel of an instance into `sender`; `name` is what it is counted under.
    pub(crate) fn new(sender: Sender<T>, name: &Name, instance: &Instance) -> Self {
        let outlet = Box::new(Outlet::new(sender, name, instance));
        Self {
            staged: Vec::with_capacity(outlet.batch()),
            batch: outlet.batch(),
            outlet,
        }
    }

    /// The ring is asked, too: an outlet that is given nothing sends nothing, and
    /// would never find out that nobody listens.
    fn unless_abandoned(&self, flow: Flow) -> Flow {
        match self.outlet.is_abandoned() {
            true => Flow::Finished,
            false => flow,
        }
    }
}

impl<T> Collector<T> for Funnel<T> {
    fn open(&mut self) -> Flow {
        Flow::Open
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.staged.push(Record { time, value });
        if self.staged.len() < self.batch {
            return Flow::Open;
        }
        self.outlet.ship(&mut self.staged)
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        let flow = self.outlet.signal(&mut self.staged, signal);
        self.unless_abandoned(flow)
    }

    fn end_batch(&mut self) -> Flow {
        self.unless_abandoned(Flow::Open)
    }

    fn resume(&mut self) -> Flow {
        let flow = self.outlet.resume(&mut self.staged);
        self.unless_abandoned(flow)
    }

    fn flush(&mut self) {
        // What does not fit stays staged; the next push or resume says so.
        let _ = self.outlet.ship(&mut self.staged);
    }

    fn abort(&mut self) {}
}
