use crate::time::saturating_nanos;
use crate::Timestamp;
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
            return Err(DisorderError { bound });
        }
        Ok(Self {
            latest: i64::MIN,
            bound: nanos,
        })
    }

    /// A generator for records whose times never go back.
    pub fn monotonous() -> Self {
        Self {
            latest: i64::MIN,
            bound: 0,
        }
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

/// A bound on disorder that is too long to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisorderError {
    bound: Duration,
}

impl fmt::Display for DisorderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a disorder bound of {:?} does not fit 64 bits of nanoseconds: choose one below 292 years",
            self.bound
        )
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
    fn a_bound_of_centuries_is_refused_with_words() {
        let error = BoundedDisorder::new(Duration::MAX).unwrap_err();
        assert!(error.to_string().contains("below 292 years"));
    }
}
