use crate::Name;
use fluxus_ringbuf::{counter, CounterReader, CounterWriter};
use std::sync::{Mutex, PoisonError};

/// What is counted of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Measure {
    /// Records that came in from a source or a ring.
    RecordsIn,
    /// Records that were written out, or sent to another stage.
    RecordsOut,
    /// Results of windows.
    Results,
    /// Records that came after their window had closed.
    Late,
    /// Records that lie in no window: between two, where the slide is longer
    /// than the size.
    Ignored,
    /// Results that a late record, within the allowed lateness, set free.
    LateFirings,
    /// Records that were refused because the state was full.
    Refused,
    /// Records that found no partner: in a join or a zip.
    Unmatched,
    /// Input that was not as it should be.
    Malformed,
    /// How often something was tried again that had failed for a while.
    Retries,
    /// Connections that were closed at once because there were too many.
    ConnectionsRefused,
    /// Connections that broke off before the other side had ended them.
    ConnectionsLost,
    /// Records for a stage that had already finished.
    Unwanted,
    /// The most keys held at once, counted as [`KeysHeld`](Self::KeysHeld) are.
    KeysHighWater,
    /// Keys held when windows last closed. Tumbling windows count a key in each
    /// window that holds it. Sliding and cumulating windows count with them the keys
    /// that have nothing open and keep their slots, as they may come again; these
    /// give way to other keys. Of keyed state without windows: keys that have a state
    /// or a timer, at the end of the last batch.
    KeysHeld,
    /// Records that a join held when time last moved, those of both sides.
    RecordsHeld,
    /// Panes open when windows last closed: stretches of time for which there
    /// is state, or windows where each is kept on its own.
    PanesHeld,
    /// Timers that keys have set and that have not come due, at the end of the last
    /// batch.
    TimersPending,
    /// Timers that have fired.
    TimersFired,
    /// How often state outgrew the memory set aside for it.
    StateGrown,
}

/// One number of one instance of one operator, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The operator.
    pub operator: Name,
    /// Which of its parallel instances.
    pub instance: usize,
    /// What was counted.
    pub measure: Measure,
    /// How much.
    pub value: u64,
}

#[derive(Debug)]
struct Entry {
    operator: Name,
    instance: usize,
    measure: Measure,
    reader: CounterReader,
}

/// Every counter of a job. The lock is taken while the job is built and when
/// somebody reads; a worker that counts touches its own counter only.
#[derive(Debug, Default)]
pub struct Registry(Mutex<Vec<Entry>>);

impl Registry {
    /// A new counter, known under these names from here on.
    pub(crate) fn counter(
        &self,
        operator: &Name,
        instance: usize,
        measure: Measure,
    ) -> CounterWriter {
        let (writer, reader) = counter();
        let entry = Entry {
            operator: operator.clone(),
            instance,
            measure,
            reader,
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry);
        writer
    }

    /// Every counter as it stands now, readable while the job runs.
    pub fn read(&self) -> Vec<Reading> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut readings: Vec<Reading> = entries
            .iter()
            .map(|entry| Reading {
                operator: entry.operator.clone(),
                instance: entry.instance,
                measure: entry.measure,
                value: entry.reader.value(),
            })
            .collect();
        readings.sort_by(|a, b| {
            let key = |r: &Reading| (r.operator.clone(), r.measure, r.instance);
            key(a).cmp(&key(b))
        });
        readings
    }
}
