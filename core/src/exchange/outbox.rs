use super::{Alignment, Lane};
use crate::{Collector, Flow, Signal};
use fluxus_ringbuf::CounterReader;
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// The end of a stage whose records go on to another: one lane for each
/// instance of it, and a route that says which lane a record takes.
///
/// Signals go to every lane. A stage is as open as the fullest of its lanes.
pub(crate) struct Outbox<T, R> {
    name: crate::Name,
    lanes: Vec<Lane<T>>,
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
            lanes,
            answers,
            route,
        }
    }

    /// For an operator in front that asks whether it holds time back.
    pub(crate) fn alignment(&self) -> Alignment {
        Alignment::new(self.answers.clone())
    }

    fn of_all(&mut self, mut each: impl FnMut(&mut Lane<T>) -> Flow) -> Flow {
        let mut finished = 0;
        let mut all = Flow::Open;
        for lane in &mut self.lanes {
            let flow = each(lane);
            // The ring is asked, too: a lane that is given nothing sends nothing,
            // and would never find out that nobody listens.
            if flow == Flow::Finished || lane.is_abandoned() {
                finished += 1;
            } else {
                all = all.max(flow);
            }
        }
        if finished == self.lanes.len() {
            return Flow::Finished;
        }
        all
    }
}

impl<T, R: FnMut(&T) -> usize> Collector<T> for Outbox<T, R> {
    fn open(&mut self) -> Flow {
        Flow::Open
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let lane = (self.route)(&value);
        culprit.cleared();
        match self.lanes[lane].push(time, value) {
            // One receiver wants no more; the others may. The end of the batch
            // tells.
            Flow::Finished if self.lanes.len() > 1 => Flow::Open,
            flow => flow,
        }
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        self.of_all(|lane| lane.signal(signal))
    }

    fn end_batch(&mut self) -> Flow {
        self.of_all(|_| Flow::Open)
    }

    fn resume(&mut self) -> Flow {
        self.of_all(Lane::resume)
    }

    fn flush(&mut self) {
        self.lanes.iter_mut().for_each(Lane::flush);
    }

    fn abort(&mut self) {}
}
