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
    /// All of time, `[Timestamp::MIN, Timestamp::MAX)`: it is complete when the
    /// stream has ended.
    pub const ALL_TIME: Self = Self::new(Timestamp::MIN, Timestamp::MAX);

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

    /// Whether the windows overlap, or one begins where the other ends.
    ///
    /// ```
    /// use fluxus_windows::{Timestamp, Window};
    ///
    /// let window = |start, end| Window::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
    /// assert!(window(0, 10).touches(window(10, 20)));
    /// assert!(!window(0, 10).touches(window(11, 20)));
    /// ```
    #[inline]
    pub fn touches(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// The shortest window that covers both.
    #[inline]
    pub(crate) fn cover(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start.nanos(), self.end.nanos())
    }
}
