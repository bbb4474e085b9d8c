use crate::time::saturating_nanos;
use crate::{
    Aggregate, Lateness, Slicing, StateLimit, Timestamp, TumblingWindows, Window, WindowKind,
};
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

/// Tumbling windows: `[offset + k * size, offset + (k + 1) * size)` for every
/// whole number `k`, so that each instant lies in exactly one.
///
/// Alignment is Euclidean: negative times are as good as positive ones.
///
/// ```
/// use fluxus_windows::{Timestamp, Tumbling, Window};
/// use std::time::Duration;
///
/// let hourly = Tumbling::new(Duration::from_secs(3600))?;
/// let window = hourly.window_of(Timestamp::from_secs(-1));
/// assert_eq!(window, Window::new(Timestamp::from_secs(-3600), Timestamp::from_secs(0)));
/// # Ok::<(), fluxus_windows::WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tumbling {
    size: i64,
    offset: i64,
}

impl Tumbling {
    /// Windows of `size`, aligned to the Unix epoch.
    ///
    /// # Errors
    /// [`WindowError`] when the size is zero or longer than 292 years.
    pub fn new(size: Duration) -> Result<Self, WindowError> {
        let size = checked_size(size)?;
        Ok(Self { size, offset: 0 })
    }

    /// Windows of `size_ns` nanoseconds, aligned to the Unix epoch.
    ///
    /// # Errors
    /// [`WindowError::SizeNotPositive`] when the size is not positive.
    pub fn from_nanos(size_ns: i64) -> Result<Self, WindowError> {
        let size = checked_size_ns(size_ns)?;
        Ok(Self { size, offset: 0 })
    }

    /// Moves every window by `offset_ns` nanoseconds, which may be negative:
    /// day windows of a time zone ahead of UTC want a negative one.
    ///
    /// # Errors
    /// [`WindowError::OffsetTooLarge`] unless `|offset| < size`.
    pub fn with_offset_ns(self, offset_ns: i64) -> Result<Self, WindowError> {
        if offset_ns.unsigned_abs() >= self.size.unsigned_abs() {
            return Err(WindowError::OffsetTooLarge {
                offset_ns,
                size_ns: self.size,
            });
        }
        Ok(Self {
            size: self.size,
            offset: offset_ns,
        })
    }

    /// The size of every window in nanoseconds.
    pub fn size_ns(&self) -> i64 {
        self.size
    }

    /// The offset of every window in nanoseconds.
    pub fn offset_ns(&self) -> i64 {
        self.offset
    }

    /// The window in which `time` lies, its bounds saturated at the ends of time.
    #[inline]
    pub fn window_of(&self, time: Timestamp) -> Window {
        Slicing::from(*self).slice_of(time)
    }
}

impl<T> WindowKind<T> for Tumbling {
    type Store<K, A>
        = TumblingWindows<K, A::Accumulator>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    fn store<K, A>(&self, lateness: Lateness, limit: StateLimit, _: &A) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>,
    {
        TumblingWindows::new(*self, limit).with_lateness(lateness)
    }

    fn slicing(&self) -> Option<Slicing> {
        Some(Slicing::from(*self))
    }
}

/// One slice a window.
impl From<Tumbling> for Slicing {
    fn from(tumbling: Tumbling) -> Self {
        Slicing::of(tumbling.size, tumbling.size, tumbling.offset)
    }
}

impl fmt::Display for Tumbling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = Duration::from_nanos(self.size.unsigned_abs());
        write!(f, "tumbling {size:?}")?;
        if self.offset != 0 {
            write!(f, ", offset {} ns", self.offset)?;
        }
        Ok(())
    }
}

/// A window that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowError {
    /// The size is zero or negative.
    SizeNotPositive,
    /// The size does not fit 64 bits of nanoseconds.
    SizeTooLong {
        /// The size asked for.
        size: Duration,
    },
    /// The offset is as large as the window or larger.
    OffsetTooLarge {
        /// The offset asked for, in nanoseconds.
        offset_ns: i64,
        /// The size of the window, in nanoseconds.
        size_ns: i64,
    },
    /// The slide is zero or negative.
    SlideNotPositive,
    /// The slide does not fit 64 bits of nanoseconds.
    SlideTooLong {
        /// The slide asked for.
        slide: Duration,
    },
    /// The offset is as large as the slide or larger.
    OffsetBeyondSlide {
        /// The offset asked for, in nanoseconds.
        offset_ns: i64,
        /// The slide of the windows, in nanoseconds.
        slide_ns: i64,
    },
    /// The step of windows that grow is zero or negative.
    StepNotPositive,
    /// Windows that grow by this step never have this size.
    SizeNotInSteps {
        /// The size asked for, in nanoseconds.
        size_ns: i64,
        /// The step asked for, in nanoseconds.
        step_ns: i64,
    },
}

/// The size of a window, if there can be one of it.
pub(crate) fn checked_size(size: Duration) -> Result<i64, WindowError> {
    match saturating_nanos(size) {
        i64::MAX => Err(WindowError::SizeTooLong { size }),
        nanos => checked_size_ns(nanos),
    }
}

/// The size of a window, if there can be one of it.
pub(crate) fn checked_size_ns(nanos: i64) -> Result<i64, WindowError> {
    match nanos > 0 {
        true => Ok(nanos),
        false => Err(WindowError::SizeNotPositive),
    }
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SizeNotPositive => {
                f.write_str("the size of a window is zero or negative, so that it holds nothing: choose at least 1 ns")
            }
            Self::SizeTooLong { size } => write!(
                f,
                "a window of {size:?} does not fit 64 bits of nanoseconds: choose a size below 292 years"
            ),
            Self::OffsetTooLarge { offset_ns, size_ns } => write!(
                f,
                "an offset of {offset_ns} ns moves windows of {size_ns} ns by a whole window or more: \
                 choose one between -{size_ns} and {size_ns}, both excluded"
            ),
            Self::SlideNotPositive => {
                f.write_str("the slide of windows is zero or negative, so that they never move on: choose at least 1 ns")
            }
            Self::SlideTooLong { slide } => write!(
                f,
                "a slide of {slide:?} does not fit 64 bits of nanoseconds: choose one below 292 years"
            ),
            Self::OffsetBeyondSlide { offset_ns, slide_ns } => write!(
                f,
                "an offset of {offset_ns} ns moves windows by a whole slide of {slide_ns} ns or more: \
                 choose one between -{slide_ns} and {slide_ns}, both excluded"
            ),
            Self::StepNotPositive => {
                f.write_str("the step of windows is zero or negative, so that they never grow: choose at least 1 ns")
            }
            Self::SizeNotInSteps { size_ns, step_ns } => {
                let below = (size_ns / step_ns).max(1).saturating_mul(*step_ns);
                write!(
                    f,
                    "windows that grow by {step_ns} ns never are {size_ns} ns long: \
                     choose a size that is a multiple of the step, such as {below} ns"
                )
            }
        }
    }
}

impl std::error::Error for WindowError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn window_of(size: i64, offset: i64, time: i64) -> (i64, i64) {
        let tumbling = Tumbling::new(Duration::from_nanos(size.unsigned_abs()))
            .and_then(|tumbling| tumbling.with_offset_ns(offset))
            .unwrap();
        let window = tumbling.window_of(Timestamp::from_nanos(time));
        (window.start().nanos(), window.end().nanos())
    }

    /// The first rows are facts from Flink's `TumblingEventTimeWindowsTest`.
    #[test]
    fn each_instant_lies_in_the_window_that_floor_division_gives() {
        for (size, offset, time, expected) in [
            (5000, 0, 0, (0, 5000)),
            (5000, 0, 4999, (0, 5000)),
            (5000, 0, 5000, (5000, 10000)),
            (5000, 100, 100, (100, 5100)),
            (5000, 100, 5099, (100, 5100)),
            (5000, -100, 0, (-100, 4900)),
            (5000, -100, 4900, (4900, 9900)),
            (5000, 0, -1, (-5000, 0)),
            (5000, 0, -5000, (-5000, 0)),
            (5000, 0, -5001, (-10000, -5000)),
            (1, 0, i64::MIN, (i64::MIN, i64::MIN + 1)),
            (1, 0, i64::MAX, (i64::MAX, i64::MAX)),
        ] {
            assert_eq!(
                window_of(size, offset, time),
                expected,
                "size {size}, offset {offset}, time {time}"
            );
        }
    }

    #[test]
    fn bounds_saturate_at_the_ends_of_time() {
        let edges = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
        for size in [1, 2, 3, 1000, i64::MAX / 2, i64::MAX - 1] {
            for offset in [0, size / 2, -(size / 2), size - 1, 1 - size] {
                for time in edges {
                    let wide = |x: i64| i128::from(x);
                    let start = wide(time) - (wide(time) - wide(offset)).rem_euclid(wide(size));
                    let clamp = |x: i128| x.clamp(wide(i64::MIN), wide(i64::MAX)) as i64;
                    assert_eq!(
                        window_of(size, offset, time),
                        (clamp(start), clamp(start + wide(size))),
                        "size {size}, offset {offset}, time {time}"
                    );
                }
            }
        }
    }

    #[test]
    fn impossible_windows_are_refused_with_the_way_out() {
        let second = Duration::from_secs(1);
        for (result, words) in [
            (Tumbling::new(Duration::ZERO), "at least 1 ns"),
            (Tumbling::new(Duration::MAX), "below 292 years"),
            (
                Tumbling::new(second).and_then(|w| w.with_offset_ns(1_000_000_000)),
                "both excluded",
            ),
            (
                Tumbling::new(second).and_then(|w| w.with_offset_ns(i64::MIN)),
                "both excluded",
            ),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }
}
