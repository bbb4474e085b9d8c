use super::lanes::into_lanes;
use super::{Alignment, Lane, Lanes};
use crate::{Collector, Flow};
use fluxus_ringbuf::CounterReader;
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// The end of a stage whose records go on to another: one lane for each
/// instance of it, and a route that says which lane a record takes.
///
/// Signals go to every lane. A stage is as open as the fullest of its lanes.
pub(crate) struct Outbox<T, R> {
    name: crate::Name,
    lanes: Lanes<T>,
    /// What the inboxes answer, lane by lane; see [`Alignment`].
    answers: Vec<CounterReader>,
    route: R,
}

impl<T, R: FnMut(&T) -> usize> Outbox<T, R> {
    /// An outbox over `lanes`; `route` answers with a number below their count.
    pub(crate) fn new(
        name: crate::Name,
        lanes: Vec<Lane<T>>,
        answers: Vec<CounterReader>,
        route: R,
    ) -> Self {
        Self {
            name,
            lanes: Lanes::new(lanes),
            answers,
            route,
        }
    }

    /// For an operator in front that asks whether it holds time back.
    pub(crate) fn alignment(&self) -> Alignment {
        Alignment::new(self.answers.clone())
    }
}

impl<T, R: FnMut(&T) -> usize> Collector<T> for Outbox<T, R> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let lane = (self.route)(&value);
        culprit.cleared();
        self.lanes.push(lane, time, value)
    }

    into_lanes!();
}
