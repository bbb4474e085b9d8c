use super::{Outlet, Sender};
use crate::{Flow, Instance, Name, Record, Signal};
use fluxus_windows::Timestamp;

/// One ring's sending end, and what is waiting to go into it.
///
/// Records are staged and published a batch at a time: one store makes many
/// visible. The staged ones never outgrow a batch, since a lane that could not
/// send them is full and takes no more.
pub(crate) struct Lane<T> {
    outlet: Outlet<T>,
    staged: Vec<Record<T>>,
}

impl<T> Lane<T> {
    /// The lane of an instance into `sender`; `name` is what it is counted under.
    pub(crate) fn new(sender: Sender<T>, name: &Name, instance: &Instance) -> Self {
        let outlet = Outlet::new(sender, name, instance);
        Self {
            staged: Vec::with_capacity(outlet.batch()),
            outlet,
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.staged.push(Record { time, value });
        if self.staged.len() < self.outlet.batch() {
            return Flow::Open;
        }
        self.outlet.ship(&mut self.staged)
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Flow {
        self.outlet.signal(&mut self.staged, signal)
    }

    pub(crate) fn resume(&mut self) -> Flow {
        self.outlet.resume(&mut self.staged)
    }

    /// Whether nobody listens at the other end.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.outlet.is_abandoned()
    }

    pub(crate) fn flush(&mut self) {
        // What does not fit stays staged; the next push or resume says so.
        let _ = self.outlet.ship(&mut self.staged);
    }
}
