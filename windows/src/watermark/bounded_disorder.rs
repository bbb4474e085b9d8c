use crate::time::saturating_nanos;
use crate::{EachRecord, Timestamp, WatermarkGenerator};
use std::fmt;
use std::time::Duration;

/// Watermarks for streams whose records come at most `bound` out of order.
///
/// A watermark `t` says that no record at or before `t` is still to come. After
/// a record at `m`, the latest seen, records down to `m - bound` may follow, so
/// the watermark is `m - bound - 1 ns`. It never goes back.
///
/// [`Timestamp::MIN`] and [`Timestamp::MAX`] are the ends of time and no times to
/// give to a record: a window whose last instant is one of them counts as closed
/// from the start, or as soon as the other has been seen.
///
/// A bound of zero makes it the generator for monotonous time: see
/// [`BoundedDisorder::monotonous`].
///
/// ```
/// use fluxus_windows::{BoundedDisorder, Timestamp};
/// use std::time::Duration;
///
/// let mut watermarks = BoundedDisorder::new(Duration::from_nanos(10))?;
/// assert_eq!(watermarks.current(), Timestamp::MIN);
/// watermarks.observe(Timestamp::from_nanos(1337));
/// watermarks.observe(Timestamp::from_nanos(1300));
/// assert_eq!(watermarks.current(), Timestamp::from_nanos(1326));
/// # Ok::<(), fluxus_windows::DisorderError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BoundedDisorder {
    latest: i64,
    bound: i64,
}

impl BoundedDisorder {
    /// A generator that allows records to come up to `bound` out of order.
    ///
    /// # Errors
    /// [`DisorderError`] when the bound does not fit 64 bits of nanoseconds
    /// (292 years).
    pub fn new(bound: Duration) -> Result<Self, DisorderError> {
        let nanos = saturating_nanos(bound);
        if nanos == i64::MAX {
            return Err(DisorderError::TooLong { bound });
        }
        Ok(Self {
            latest: i64::MIN,
            bound: nanos,
        })
    }

    /// A generator that allows records to come up to `bound_ns` nanoseconds out
    /// of order.
    ///
    /// # Errors
    /// [`DisorderError`] when the bound is negative.
    pub fn from_nanos(bound_ns: i64) -> Result<Self, DisorderError> {
        match bound_ns {
            bound_ns if bound_ns < 0 => Err(DisorderError::Negative { bound_ns }),
            bound => Ok(Self {
                latest: i64::MIN,
                bound,
            }),
        }
    }

    /// A generator for records whose times never go back.
    pub fn monotonous() -> Self {
        Self {
            latest: i64::MIN,
            bound: 0,
        }
    }

    /// The same watermarks, each sent right behind the record that made it rise.
    pub fn each_record(self) -> EachRecord<Self> {
        EachRecord::of(self)
    }

    /// Takes note of a record at `time`.
    #[inline]
    pub fn observe(&mut self, time: Timestamp) {
        self.latest = self.latest.max(time.nanos());
    }

    /// The watermark as it stands; [`Timestamp::MIN`] before the first record.
    #[inline]
    pub fn current(&self) -> Timestamp {
        Timestamp::from_nanos(self.latest.saturating_sub(self.bound).saturating_sub(1))
    }
}

/// The end of a batch is soon enough for its watermarks.
impl<T> WatermarkGenerator<T> for BoundedDisorder {
    #[inline]
    fn observe(&mut self, time: Timestamp, _: &T) -> Option<Timestamp> {
        BoundedDisorder::observe(self, time);
        None
    }

    #[inline]
    fn current(&self) -> Timestamp {
        BoundedDisorder::current(self)
    }
}

/// A bound on disorder that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisorderError {
    /// The bound does not fit 64 bits of nanoseconds.
    TooLong {
        /// The bound asked for.
        bound: Duration,
    },
    /// The bound is negative.
    Negative {
        /// The bound asked for, in nanoseconds.
        bound_ns: i64,
    },
}

impl fmt::Display for DisorderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bound } => write!(
                f,
                "a disorder bound of {bound:?} does not fit 64 bits of nanoseconds: \
                 choose one below 292 years"
            ),
            Self::Negative { bound_ns } => write!(
                f,
                "a disorder bound of {bound_ns} ns would put the watermark ahead of the records: \
                 choose 0 or more"
            ),
        }
    }
}

impl std::error::Error for DisorderError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(bound: u64, times: &[i64]) -> i64 {
        let mut generator = BoundedDisorder::new(Duration::from_nanos(bound)).unwrap();
        for &time in times {
            generator.observe(Timestamp::from_nanos(time));
        }
        generator.current().nanos()
    }

    /// Figures from Flink's `BoundedOutOfOrdernessWatermarksTest` and Jet's
    /// `EventTimePolicy` tests (the latter print exclusive watermarks).
    #[test]
    fn the_watermark_trails_the_latest_time_by_bound_and_one() {
        for (bound, times, expected) in [
            (10, &[][..], i64::MIN),
            (10, &[1337], 1326),
            (10, &[12345, 12300, 12340, 12280], 12334),
            (0, &[1337], 1336),
            (3, &[10, 13], 9),
            (3, &[11, 10], 7),
            (10, &[i64::MIN], i64::MIN),
            (0, &[i64::MAX], i64::MAX - 1),
        ] {
            assert_eq!(after(bound, times), expected, "bound {bound}, {times:?}");
        }
    }

    #[test]
    fn bounds_that_cannot_be_are_refused_with_the_way_out() {
        for (result, words) in [
            (BoundedDisorder::new(Duration::MAX), "below 292 years"),
            (BoundedDisorder::from_nanos(-1), "choose 0 or more"),
            (BoundedDisorder::from_nanos(i64::MIN), "choose 0 or more"),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn as_a_generator_it_says_the_same_and_is_in_no_hurry() {
        for (bound, times, expected) in [
            (10, &[][..], i64::MIN),
            (10, &[12345, 12300, 12340, 12280], 12334),
            (0, &[1337], 1336),
            (i64::MAX, &[i64::MAX], -1),
            (i64::MAX, &[-5], i64::MIN),
            (i64::MAX, &[i64::MIN], i64::MIN),
        ] {
            let mut generator = BoundedDisorder::from_nanos(bound).unwrap();
            for &time in times {
                let time = Timestamp::from_nanos(time);
                let now = WatermarkGenerator::observe(&mut generator, time, &());
                assert_eq!(now, None, "bound {bound}, {times:?}");
            }
            let current = WatermarkGenerator::<()>::current(&generator).nanos();
            assert_eq!(current, expected, "bound {bound}, {times:?}");
        }
    }
}
