use super::lanes::into_lanes;
use super::{Lane, Lanes};
use crate::{Collector, Flow};
use fluxus_windows::Timestamp;

/// The end of a stage each record of which goes down every lane, as a copy.
pub(crate) struct Broadcast<T> {
    lanes: Lanes<T>,
}

impl<T> Broadcast<T> {
    pub(crate) fn new(lanes: Vec<Lane<T>>) -> Self {
        Self {
            lanes: Lanes::new(lanes),
        }
    }
}

impl<T: Clone> Collector<T> for Broadcast<T> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        // A panic of the clone is told under the name of the stage.
        self.lanes.push_to_all(time, value)
    }

    into_lanes!();
}
