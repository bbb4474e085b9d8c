//! One bit that tells every thread to finish.

use crate::orderings::{STOP_LOAD, STOP_STORE};
use crate::sync::{Arc, AtomicBool};

/// A flag that is raised once and stays up; clones are the same flag.
///
/// It wakes nobody: whoever raises it wakes the parked workers afterwards, and
/// a worker looks at it between [`Parker::prepare`](crate::Parker::prepare) and
/// [`Parker::park`](crate::Parker::park).
///
/// ```
/// let stop = fluxus_ringbuf::StopFlag::new();
/// let seen_by_a_worker = stop.clone();
/// stop.raise();
/// assert!(seen_by_a_worker.is_raised());
/// ```
#[derive(Debug, Clone)]
pub struct StopFlag {
    raised: Arc<AtomicBool>,
}

impl Default for StopFlag {
    fn default() -> Self {
        Self::new()
    }
}

impl StopFlag {
    /// A flag that is down.
    pub fn new() -> Self {
        Self {
            raised: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Raises the flag; whoever sees it up also sees all that was done before,
    /// for instance the reason noted down.
    pub fn raise(&self) {
        // Release, pairs with the Acquire in `is_raised`.
        self.raised.store(true, STOP_STORE);
    }

    /// Whether the flag is up.
    #[inline]
    pub fn is_raised(&self) -> bool {
        // Acquire, pairs with the Release in `raise`.
        self.raised.load(STOP_LOAD)
    }
}
