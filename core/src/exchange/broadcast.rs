use super::lanes::into_lanes;
use super::{Lane, Lanes};
use crate::{Collector, Flow, Name};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// The end of a stage each record of which goes down every lane, as a copy.
pub(crate) struct Broadcast<T> {
    name: Name,
    lanes: Lanes<T>,
}

impl<T> Broadcast<T> {
    pub(crate) fn new(name: Name, lanes: Vec<Lane<T>>) -> Self {
        Self {
            name,
            lanes: Lanes::new(lanes),
        }
    }
}

impl<T: Clone> Collector<T> for Broadcast<T> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        // Its clones are code of the user.
        let culprit = Culprit::new(&self.name);
        let flow = self.lanes.push_to_all(time, value);
        culprit.cleared();
        flow
    }

    into_lanes!();
}
