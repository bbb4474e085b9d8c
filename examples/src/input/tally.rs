use super::Malformed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was read, as far as it is known when the job has ended. Clones are the
/// same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Mutex<Read>>);

/// What was read of all files together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Read {
    pub(crate) events: u64,
    pub(crate) malformed: u64,
    /// Those of them that had been mended for bad UTF-8: their source counts them, too.
    pub(crate) mended: u64,
    /// The first that came of them.
    pub(crate) first: Option<Malformed>,
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Read> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read.
    pub(crate) fn read(&self) -> Read {
        self.lock().clone()
    }

    pub(crate) fn malformed(&self, line: Malformed, is_mended: bool) {
        let mut read = self.lock();
        read.malformed += 1;
        read.mended += u64::from(is_mended);
        read.first.get_or_insert(line);
    }
}

/// Counts the events of one instance, and hands them in when it is dropped: a
/// lock an instance, not one an event.
pub(crate) struct EventCount {
    count: u64,
    tally: Tally,
}

impl EventCount {
    pub(crate) fn new(tally: &Tally) -> Self {
        Self {
            count: 0,
            tally: tally.clone(),
        }
    }

    pub(crate) fn add(&mut self) {
        self.count += 1;
    }
}

impl Drop for EventCount {
    fn drop(&mut self) {
        self.tally.lock().events += self.count;
    }
}
