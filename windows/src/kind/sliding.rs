use crate::kind::numbering::Numbering;
use crate::kind::tumbling::{checked_size, checked_size_ns};
use crate::time::saturating_nanos;
use crate::{
    Aggregate, Lateness, Slicing, SlidingWindows, StateLimit, Timestamp, Window, WindowError,
    WindowKind,
};
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

/// Sliding windows: `[offset + k * slide, offset + k * slide + size)` for every
/// whole number `k`.
///
/// They overlap when the slide is shorter than the size, and leave gaps when it
/// is longer: a record in a gap lies in no window.
///
/// ```text
///   size 6, slide 2     [-----)              size 2, slide 3   [-)  [-)  [-)
///                         [-----)
///                           [-----)
/// ```
///
/// ```
/// use fluxus_windows::{Sliding, Timestamp};
///
/// let sliding = Sliding::from_nanos(5_000, 1_000)?;
/// let starts = sliding.windows_of(Timestamp::from_nanos(0)).map(|w| w.start().nanos());
/// assert!(starts.eq([-4_000, -3_000, -2_000, -1_000, 0]));
/// # Ok::<(), fluxus_windows::WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sliding {
    size: i64,
    slide: i64,
    offset: i64,
}

impl Sliding {
    /// Windows of `size`, one beginning every `slide`, aligned to the Unix epoch.
    ///
    /// # Errors
    /// [`WindowError`] when one of them is zero or longer than 292 years.
    pub fn new(size: Duration, slide: Duration) -> Result<Self, WindowError> {
        let size = checked_size(size)?;
        match saturating_nanos(slide) {
            i64::MAX => Err(WindowError::SlideTooLong { slide }),
            slide => Self::from_nanos(size, slide),
        }
    }

    /// Windows of `size_ns` nanoseconds, one beginning every `slide_ns`, aligned
    /// to the Unix epoch.
    ///
    /// # Errors
    /// [`WindowError`] when one of them is not positive.
    pub fn from_nanos(size_ns: i64, slide_ns: i64) -> Result<Self, WindowError> {
        let size = checked_size_ns(size_ns)?;
        match slide_ns > 0 {
            true => Ok(Self {
                size,
                slide: slide_ns,
                offset: 0,
            }),
            false => Err(WindowError::SlideNotPositive),
        }
    }

    /// Moves every window by `offset_ns` nanoseconds, which may be negative.
    ///
    /// # Errors
    /// [`WindowError::OffsetBeyondSlide`] unless `|offset| < slide`.
    pub fn with_offset_ns(self, offset_ns: i64) -> Result<Self, WindowError> {
        if offset_ns.unsigned_abs() >= self.slide.unsigned_abs() {
            return Err(WindowError::OffsetBeyondSlide {
                offset_ns,
                slide_ns: self.slide,
            });
        }
        Ok(Self {
            offset: offset_ns,
            ..self
        })
    }

    /// The size of every window in nanoseconds.
    pub fn size_ns(&self) -> i64 {
        self.size
    }

    /// The time from the start of one window to that of the next, in nanoseconds.
    pub fn slide_ns(&self) -> i64 {
        self.slide
    }

    /// The offset of every window in nanoseconds.
    pub fn offset_ns(&self) -> i64 {
        self.offset
    }

    /// The windows in which `time` lies, ascending, their bounds saturated at
    /// the ends of time.
    pub fn windows_of(&self, time: Timestamp) -> impl Iterator<Item = Window> {
        self.numbering().windows_of(time)
    }

    fn numbering(&self) -> Numbering {
        Numbering {
            size: self.size,
            slide: self.slide,
            offset: self.offset,
            cumulates: false,
        }
    }
}

impl<T> WindowKind<T> for Sliding {
    type Store<K, A>
        = SlidingWindows<K, A::Accumulator>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    fn store<K, A>(&self, lateness: Lateness, limit: StateLimit, aggregate: &A) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>,
    {
        SlidingWindows::new(self.numbering(), (*self).into(), lateness, limit, aggregate)
    }

    fn slicing(&self) -> Option<Slicing> {
        Some(Slicing::from(*self))
    }
}

/// One slice a slide, or two where the size is not a multiple of it.
impl From<Sliding> for Slicing {
    fn from(sliding: Sliding) -> Self {
        Slicing::of(sliding.size, sliding.slide, sliding.offset)
    }
}

impl fmt::Display for Sliding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = Duration::from_nanos(self.size.unsigned_abs());
        let slide = Duration::from_nanos(self.slide.unsigned_abs());
        write!(f, "sliding {size:?} every {slide:?}")?;
        if self.offset != 0 {
            write!(f, ", offset {} ns", self.offset)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows_of(size: i64, slide: i64, offset: i64, time: i64) -> Vec<(i64, i64)> {
        let sliding = Sliding::from_nanos(size, slide).and_then(|s| s.with_offset_ns(offset));
        let windows = sliding.unwrap().windows_of(Timestamp::from_nanos(time));
        windows
            .map(|w| (w.start().nanos(), w.end().nanos()))
            .collect()
    }

    /// The first rows are facts from Flink's `SlidingEventTimeWindowsTest`.
    #[test]
    fn each_instant_lies_in_the_windows_that_hold_it() {
        for (size, slide, offset, time, starts) in [
            (5000, 1000, 0, 0, vec![-4000, -3000, -2000, -1000, 0]),
            (5000, 1000, 0, 4999, vec![0, 1000, 2000, 3000, 4000]),
            (5000, 1000, 0, 5000, vec![1000, 2000, 3000, 4000, 5000]),
            (5000, 1000, 100, 100, vec![-3900, -2900, -1900, -900, 100]),
            (
                5000,
                1000,
                100,
                5099,
                vec![1100 - 1000, 1100, 2100, 3100, 4100],
            ),
            (5000, 1000, -100, 0, vec![-4100, -3100, -2100, -1100, -100]),
            (5000, 1000, 0, -1, vec![-5000, -4000, -3000, -2000, -1000]),
            // The size is no multiple of the slide: two windows or three.
            (7, 3, 0, 0, vec![-6, -3, 0]),
            (7, 3, 0, 1, vec![-3, 0]),
            (7, 3, 0, -7, vec![-12, -9]),
            // Gaps.
            (3, 10, 0, 2, vec![0]),
            (3, 10, 0, 3, vec![]),
            (3, 10, 0, 9, vec![]),
            (3, 10, 0, -8, vec![-10]),
            // Tumbling.
            (4, 4, 1, 0, vec![-3]),
        ] {
            let expected: Vec<_> = starts.iter().map(|start| (*start, start + size)).collect();
            let case = format!("size {size}, slide {slide}, offset {offset}, time {time}");
            assert_eq!(windows_of(size, slide, offset, time), expected, "{case}");
        }
    }

    #[test]
    fn windows_are_cut_off_at_the_ends_of_time() {
        const MIN: i64 = i64::MIN;
        const MAX: i64 = i64::MAX;
        for (size, slide, time, expected) in [
            // i64::MIN is a multiple of 2.
            (4, 2, MIN, vec![(MIN, MIN + 2), (MIN, MIN + 4)]),
            (4, 2, MIN + 3, vec![(MIN, MIN + 4), (MIN + 2, MIN + 6)]),
            (4, 2, MAX, vec![(MAX - 3, MAX), (MAX - 1, MAX)]),
            (
                4,
                1,
                MAX,
                vec![(MAX - 3, MAX), (MAX - 2, MAX), (MAX - 1, MAX), (MAX, MAX)],
            ),
            (MAX, MAX, MIN, vec![(MIN, -MAX)]),
        ] {
            let case = format!("size {size}, slide {slide}, time {time}");
            assert_eq!(windows_of(size, slide, 0, time), expected, "{case}");
        }
    }

    #[test]
    fn impossible_windows_are_refused_with_the_way_out() {
        let second = Duration::from_secs(1);
        let sliding = Sliding::new(2 * second, second).unwrap();
        for (result, words) in [
            (Sliding::new(Duration::ZERO, second), "at least 1 ns"),
            (
                Sliding::new(Duration::MAX, second),
                "a size below 292 years",
            ),
            (
                Sliding::new(second, Duration::ZERO),
                "never move on: choose at least 1 ns",
            ),
            (
                Sliding::new(second, Duration::MAX),
                "choose one below 292 years",
            ),
            (Sliding::from_nanos(0, 1), "at least 1 ns"),
            (Sliding::from_nanos(1, -1), "at least 1 ns"),
            (sliding.with_offset_ns(1_000_000_000), "both excluded"),
            (sliding.with_offset_ns(i64::MIN), "both excluded"),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn it_says_what_it_is() {
        let sliding = Sliding::new(Duration::from_secs(60), Duration::from_millis(500)).unwrap();
        assert_eq!(sliding.to_string(), "sliding 60s every 500ms");
        let moved = sliding.with_offset_ns(-7).unwrap();
        assert_eq!(moved.to_string(), "sliding 60s every 500ms, offset -7 ns");
    }
}
