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

/// Cumulating windows: they begin every `size`, and grow by a `step` until they
/// are of that size.
///
/// A dashboard of "so far today" that is fresh every minute is one of them.
///
/// ```text
///   step 2, size 6      [-)   [-)          [0, 2)  [0, 4)  [0, 6)
///                       [---) [---)        [6, 8)  [6, 10) [6, 12)
///                       [-----)-----)
/// ```
///
/// ```
/// use fluxus_windows::{Cumulating, Timestamp};
///
/// let cumulating = Cumulating::from_nanos(2, 6)?;
/// let ends = cumulating.windows_of(Timestamp::from_nanos(3)).map(|w| w.end().nanos());
/// assert!(ends.eq([4, 6]));
/// # Ok::<(), fluxus_windows::WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cumulating {
    step: i64,
    size: i64,
    offset: i64,
}

impl Cumulating {
    /// Windows that grow by `step` until they are of `size`, aligned to the Unix
    /// epoch.
    ///
    /// # Errors
    /// [`WindowError`] when one of them is zero or longer than 292 years, or the
    /// size is not a multiple of the step.
    pub fn new(step: Duration, size: Duration) -> Result<Self, WindowError> {
        let size = checked_size(size)?;
        Self::from_nanos(saturating_nanos(step), size)
    }

    /// Windows that grow by `step_ns` nanoseconds until they are `size_ns` long,
    /// aligned to the Unix epoch.
    ///
    /// # Errors
    /// [`WindowError`] when one of them is not positive, or the size is not a
    /// multiple of the step.
    pub fn from_nanos(step_ns: i64, size_ns: i64) -> Result<Self, WindowError> {
        let size = checked_size_ns(size_ns)?;
        if step_ns <= 0 {
            return Err(WindowError::StepNotPositive);
        }
        if size % step_ns != 0 {
            return Err(WindowError::SizeNotInSteps { size_ns, step_ns });
        }
        Ok(Self {
            step: step_ns,
            size,
            offset: 0,
        })
    }

    /// Moves every window by `offset_ns` nanoseconds, which may be negative: day
    /// windows of a time zone ahead of UTC want a negative one.
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
            offset: offset_ns,
            ..self
        })
    }

    /// By how much the windows grow, in nanoseconds.
    pub fn step_ns(&self) -> i64 {
        self.step
    }

    /// The size of the longest windows in nanoseconds.
    pub fn size_ns(&self) -> i64 {
        self.size
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
            slide: self.step,
            offset: self.offset,
            cumulates: true,
        }
    }
}

impl<T> WindowKind<T> for Cumulating {
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

/// One slice a step.
impl From<Cumulating> for Slicing {
    fn from(cumulating: Cumulating) -> Self {
        let step = cumulating.step;
        Slicing::of(step, step, cumulating.offset % step)
    }
}

impl fmt::Display for Cumulating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = Duration::from_nanos(self.size.unsigned_abs());
        let step = Duration::from_nanos(self.step.unsigned_abs());
        write!(f, "cumulating {size:?} by {step:?}")?;
        if self.offset != 0 {
            write!(f, ", offset {} ns", self.offset)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_instant_lies_in_the_windows_that_have_grown_over_it() {
        for (step, size, offset, time, expected) in [
            (2, 6, 0, 0, vec![(0, 2), (0, 4), (0, 6)]),
            (2, 6, 0, 1, vec![(0, 2), (0, 4), (0, 6)]),
            (2, 6, 0, 3, vec![(0, 4), (0, 6)]),
            (2, 6, 0, 5, vec![(0, 6)]),
            (2, 6, 0, 6, vec![(6, 8), (6, 10), (6, 12)]),
            (2, 6, 0, -1, vec![(-6, 0)]),
            (2, 6, 0, -3, vec![(-6, -2), (-6, 0)]),
            // An offset of more than a step.
            (2, 6, 3, 3, vec![(3, 5), (3, 7), (3, 9)]),
            (2, 6, 3, 2, vec![(-3, 3)]),
            (2, 6, -5, 2, vec![(1, 3), (1, 5), (1, 7)]),
            // One step: tumbling.
            (6, 6, 0, 7, vec![(6, 12)]),
            // The ends of time.
            (
                2,
                4,
                0,
                i64::MIN,
                vec![(i64::MIN, i64::MIN + 2), (i64::MIN, i64::MIN + 4)],
            ),
            (2, 4, 0, i64::MAX, vec![(i64::MAX - 3, i64::MAX)]),
        ] {
            let cumulating = Cumulating::from_nanos(step, size)
                .and_then(|c| c.with_offset_ns(offset))
                .unwrap();
            let windows = cumulating.windows_of(Timestamp::from_nanos(time));
            let windows: Vec<_> = windows
                .map(|w| (w.start().nanos(), w.end().nanos()))
                .collect();
            let case = format!("step {step}, size {size}, offset {offset}, time {time}");
            assert_eq!(windows, expected, "{case}");
        }
    }

    #[test]
    fn impossible_windows_are_refused_with_the_way_out() {
        let second = Duration::from_secs(1);
        let cumulating = Cumulating::new(second, 2 * second).unwrap();
        for (result, words) in [
            (Cumulating::new(second, Duration::ZERO), "at least 1 ns"),
            (Cumulating::new(second, Duration::MAX), "below 292 years"),
            (
                Cumulating::new(Duration::ZERO, second),
                "never grow: choose at least 1 ns",
            ),
            (
                Cumulating::new(Duration::MAX, second),
                "a multiple of the step",
            ),
            (Cumulating::from_nanos(3, 10), "such as 9 ns"),
            (Cumulating::from_nanos(10, 3), "such as 10 ns"),
            (cumulating.with_offset_ns(-2_000_000_000), "both excluded"),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn it_says_what_it_is() {
        let cumulating = Cumulating::new(Duration::from_secs(60), Duration::from_secs(3600));
        assert_eq!(cumulating.unwrap().to_string(), "cumulating 3600s by 60s");
    }
}
