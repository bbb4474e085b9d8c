use crate::Timestamp;
use std::fmt;

/// A stretch of event time, half-open: `start` belongs to it, `end` does not.
///
/// ```
/// use fluxus_windows::{Timestamp, Window};
///
/// let window = Window::new(Timestamp::from_nanos(0), Timestamp::from_nanos(5));
/// assert!(window.contains(Timestamp::from_nanos(4)));
/// assert!(!window.contains(Timestamp::from_nanos(5)));
/// assert_eq!(window.last_instant(), Timestamp::from_nanos(4));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

impl Window {
    /// The window `[start, end)`.
    #[inline]
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// The first instant of the window.
    #[inline]
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after the window, saturated at the end of time.
    #[inline]
    pub const fn end(self) -> Timestamp {
        self.end
    }

    /// The last instant that belongs to the window: `end - 1`.
    ///
    /// The window is complete when the watermark reaches it, and its results
    /// carry it as their timestamp.
    #[inline]
    pub const fn last_instant(self) -> Timestamp {
        Timestamp::from_nanos(self.end.nanos().saturating_sub(1))
    }

    /// Whether `time` lies in the window.
    #[inline]
    pub fn contains(self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start.nanos(), self.end.nanos())
    }
}
