use fluxus_windows::Timestamp;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The time of the wall, for what depends on it: processing-time windows and
/// the timeouts of idle sources. It is injected, so that a test can move it by
/// hand: see [`Config::clock`](crate::Config::clock).
///
/// It is read about once a batch, and need not be monotonous: a step back is
/// taken for standing still.
pub trait WallClock: fmt::Debug + Send + Sync + 'static {
    /// This moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> Timestamp {
        let epoch = Timestamp::from_nanos(0);
        match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => epoch + since,
            Err(before) => epoch - before.duration(),
        }
    }
}

/// A clock that stands until it is moved, for tests. Clones are one clock.
///
/// ```
/// use fluxus_core::{ManualClock, WallClock};
/// use fluxus_core::windows::Timestamp;
/// use std::time::Duration;
///
/// let clock = ManualClock::at(Timestamp::from_secs(5));
/// let same = clock.clone();
/// clock.advance(Duration::from_secs(2));
/// assert_eq!(same.now(), Timestamp::from_secs(7));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// A clock that stands at `time`.
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(time)))
    }

    /// Moves the clock to `time`.
    pub fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *time = *time + by;
    }
}

impl WallClock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
