//! The digest of an engine's sink, however often the engine clones the sink.

use std::sync::{Arc, Mutex, PoisonError};

use fluxus_perf::Digest;

/// A digest of one's own, added to the common one when dropped.
///
/// A clone begins empty: engines clone a sink for each of their workers.
#[derive(Debug, Default)]
pub struct Tally {
    own: Digest,
    all: Arc<Mutex<Digest>>,
}

impl Tally {
    /// The digest of the rows that this clone sees.
    #[inline(always)]
    pub fn digest(&mut self) -> &mut Digest {
        &mut self.own
    }

    /// What all clones that are gone have seen, and this one.
    pub fn total(self) -> Digest {
        let all = Arc::clone(&self.all);
        drop(self);
        let total = *all.lock().unwrap_or_else(PoisonError::into_inner);
        total
    }
}

impl Clone for Tally {
    fn clone(&self) -> Self {
        Self {
            own: Digest::default(),
            all: Arc::clone(&self.all),
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .merge(self.own);
    }
}
