use crate::{Cumulating, Sliding, Timestamp, Tumbling, Window};

/// Says in which windows an element lies; usable alone.
///
/// An assigner of one's own, with a [`Trigger`](crate::Trigger) in a
/// [`Triggered`](crate::Triggered), is a kind of window:
///
/// ```
/// use fluxus_windows::{Timestamp, Window, WindowAssigner};
/// use std::time::Duration;
///
/// /// Each element lies in the hour before it and in the hour after it.
/// struct HourAround;
///
/// impl<T> WindowAssigner<T> for HourAround {
///     const MERGES: bool = false;
///
///     fn assign(&self, time: Timestamp, _: &T, mut each: impl FnMut(Window)) {
///         let hour = Duration::from_secs(3600);
///         each(Window::new(time - hour, time + Duration::from_nanos(1)));
///         each(Window::new(time, time + hour));
///     }
/// }
///
/// let mut windows = 0;
/// HourAround.assign(Timestamp::from_secs(0), &"tick", |_| windows += 1);
/// assert_eq!(windows, 2);
/// ```
pub trait WindowAssigner<T> {
    /// Whether windows of one key that overlap or touch become one, as
    /// [`merge_touching`](crate::merge_touching) does it.
    const MERGES: bool;

    /// Calls `each` with every window of the element `value` at `time`; no
    /// window comes twice. Where windows [merge](Self::MERGES), those of one
    /// element do not touch each other. A window whose end lies before its start
    /// is none.
    fn assign(&self, time: Timestamp, value: &T, each: impl FnMut(Window));

    /// The one window of every element at `time`, if it depends on nothing else:
    /// the same that [`assign`](Self::assign) gives. Windows that have it are
    /// found on a shorter way.
    #[inline(always)]
    fn only_window(&self, time: Timestamp) -> Option<Window> {
        let _ = time;
        None
    }
}

impl<T> WindowAssigner<T> for Tumbling {
    const MERGES: bool = false;

    #[inline]
    fn assign(&self, time: Timestamp, _: &T, mut each: impl FnMut(Window)) {
        each(self.window_of(time));
    }

    #[inline(always)]
    fn only_window(&self, time: Timestamp) -> Option<Window> {
        Some(self.window_of(time))
    }
}

/// Windows of which an element lies in several.
macro_rules! overlapping {
    ($($windows:ty),*) => {$(
        impl<T> WindowAssigner<T> for $windows {
            const MERGES: bool = false;

            #[inline]
            fn assign(&self, time: Timestamp, _: &T, each: impl FnMut(Window)) {
                self.windows_of(time).for_each(each);
            }
        }
    )*};
}

overlapping!(Sliding, Cumulating);
