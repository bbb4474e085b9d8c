//! The one clock of a run: source, meters and hiccups read the same.

use std::time::Instant;

/// Nanoseconds since the run was prepared.
///
/// A trait, so that a test can move time by hand.
pub(crate) trait RunClock: Clone + Send + 'static {
    /// This moment.
    fn now_ns(&self) -> u64;
}

/// The clock of the operating system that never steps back. Reading it costs
/// about 24 ns, and no system call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monotonic(Instant);

impl Monotonic {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl RunClock for Monotonic {
    #[inline]
    fn now_ns(&self) -> u64 {
        // 584 years fit.
        self.0.elapsed().as_nanos() as u64
    }
}

/// A clock that stands until it is moved. Clones are one clock.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct ByHand(std::sync::Arc<std::sync::atomic::AtomicU64>);

#[cfg(test)]
impl ByHand {
    pub(crate) fn set(&self, now_ns: u64) {
        self.0.store(now_ns, std::sync::atomic::Ordering::Relaxed);
    }
}

#[cfg(test)]
impl RunClock for ByHand {
    fn now_ns(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}
