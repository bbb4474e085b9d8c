use crate::alarm::Alarms;
use crate::metrics::{Measure, Registry};
use crate::{Clock, Flow, Name, WallClock, WhenFull};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::{Control, Fault};
use fluxus_windows::StateLimit;
use hdrhistogram::Histogram;
use std::sync::{Arc, Mutex, PoisonError};

/// One of the parallel copies of a stage, and what it may lean on.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Which of them, from 0.
    pub index: usize,
    /// The worker that runs it.
    pub worker: usize,
    /// Records between two looks at anything else.
    pub batch: usize,
    /// Keys its state is made for, and may hold.
    pub state_limit: StateLimit,
    /// What happens to the key after the last.
    pub when_full: WhenFull,
    /// Where latencies are read from.
    pub clock: Clock,
    /// The time of the wall.
    pub wall: Arc<dyn WallClock>,
    /// Whether the job is to drain or to stop.
    pub control: Control,
    pub(crate) registry: Arc<Registry>,
    pub(crate) latencies: Arc<Latencies>,
    pub(crate) fault: FaultSlot,
    pub(crate) alarms: Alarms,
}

impl Instance {
    /// A counter of one operator of this instance, for reports.
    pub fn counter(&self, operator: &Name, measure: Measure) -> CounterWriter {
        self.registry.counter(operator, self.index, measure)
    }

    /// Leaves a fault for the stage to find, and is the answer that says so.
    pub fn fail(
        &self,
        operator: &Name,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Flow {
        self.fault.put(Fault::error(&**operator, error));
        Flow::Failed
    }
}

/// Where an operator deep in a chain leaves its fault for the stage around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultSlot(Arc<Mutex<Option<Fault>>>);

impl FaultSlot {
    fn put(&self, fault: Fault) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(fault);
    }

    /// The fault that was left, or one that says that there was none.
    pub(crate) fn take(&self, stage: &str) -> Fault {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take()
            .unwrap_or_else(|| Fault::error(stage, "an operator failed without saying why"))
    }
}

/// The latencies of a job: every sink keeps its own histogram and hands it in
/// when it is done.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Mutex<Option<Histogram<u64>>>);

impl Latencies {
    pub(crate) fn hand_in(&self, histogram: &Histogram<u64>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.as_mut() {
            // Both were made alike and resize themselves, so adding cannot fail.
            Some(all) => drop(all.add(histogram)),
            None => *all = Some(histogram.clone()),
        }
    }

    pub(crate) fn take(&self) -> Option<Histogram<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
