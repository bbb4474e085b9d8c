use crate::time::saturating_nanos;
use crate::Timestamp;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How far apart in time the two records of a pair may be: the right one's time
/// less the left one's lies between two bounds, which both belong to it unless
/// they are excluded.
///
/// ```text
///   left            10
///   bounds -2, +5    ├──────────────┤
///   right           8 ..           15
/// ```
///
/// ```
/// use fluxus_windows::IntervalBounds;
/// use std::time::Duration;
///
/// // A payment within an hour of the order, and not before it.
/// let bounds = IntervalBounds::after(Duration::ZERO, Duration::from_secs(3600))?;
/// assert_eq!(bounds, IntervalBounds::from_nanos(0, 3_600_000_000_000)?);
/// # Ok::<(), fluxus_windows::IntervalError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntervalBounds {
    lower: i64,
    upper: i64,
}

impl IntervalBounds {
    /// The right record is between `lower_ns` and `upper_ns` nanoseconds later than
    /// the left one; earlier, where these are negative. Both bounds belong to it.
    ///
    /// # Errors
    /// [`IntervalError`] when the lower bound is above the upper one.
    pub fn from_nanos(lower_ns: i64, upper_ns: i64) -> Result<Self, IntervalError> {
        let bounds = Self {
            lower: lower_ns,
            upper: upper_ns,
        };
        match lower_ns > upper_ns {
            true => Err(IntervalError { bounds }),
            false => Ok(bounds),
        }
    }

    /// The right record is at most `distance` earlier or later than the left one.
    pub fn within(distance: Duration) -> Self {
        let nanos = saturating_nanos(distance);
        Self {
            lower: -nanos,
            upper: nanos,
        }
    }

    /// The right record comes after the left one, by `least` to `most`.
    ///
    /// # Errors
    /// [`IntervalError`] when `least` is more than `most`.
    pub fn after(least: Duration, most: Duration) -> Result<Self, IntervalError> {
        Self::from_nanos(saturating_nanos(least), saturating_nanos(most))
    }

    /// The right record comes before the left one, by `least` to `most`.
    ///
    /// # Errors
    /// [`IntervalError`] when `least` is more than `most`.
    pub fn before(least: Duration, most: Duration) -> Result<Self, IntervalError> {
        Self::from_nanos(-saturating_nanos(most), -saturating_nanos(least))
    }

    /// The right record is at most `before` earlier and at most `after` later than
    /// the left one.
    pub fn around(before: Duration, after: Duration) -> Self {
        Self {
            lower: -saturating_nanos(before),
            upper: saturating_nanos(after),
        }
    }

    /// The lower bound does not belong to the interval.
    ///
    /// # Errors
    /// [`IntervalError`] when nothing is left of it.
    pub fn lower_excluded(self) -> Result<Self, IntervalError> {
        match self.lower.checked_add(1) {
            Some(lower) => Self::from_nanos(lower, self.upper),
            None => Err(IntervalError { bounds: self }),
        }
    }

    /// The upper bound does not belong to the interval.
    ///
    /// # Errors
    /// [`IntervalError`] when nothing is left of it.
    pub fn upper_excluded(self) -> Result<Self, IntervalError> {
        match self.upper.checked_sub(1) {
            Some(upper) => Self::from_nanos(self.lower, upper),
            None => Err(IntervalError { bounds: self }),
        }
    }

    /// The least that the right record may be later than the left one, in
    /// nanoseconds.
    pub const fn lower_ns(self) -> i64 {
        self.lower
    }

    /// The most that the right record may be later than the left one, in
    /// nanoseconds.
    pub const fn upper_ns(self) -> i64 {
        self.upper
    }

    /// Where the right partners of a left record at `time` lie.
    #[inline]
    pub(crate) fn partners_of_left(self, time: Timestamp) -> RangeInclusive<Timestamp> {
        let from = time.nanos().checked_add(self.lower);
        let to = time.nanos().checked_add(self.upper);
        range(from, to, self.lower, self.upper)
    }

    /// Where the left partners of a right record at `time` lie.
    #[inline]
    pub(crate) fn partners_of_right(self, time: Timestamp) -> RangeInclusive<Timestamp> {
        let from = time.nanos().checked_sub(self.upper);
        let to = time.nanos().checked_sub(self.lower);
        // Of the bounds only the signs are asked: over which end of time it goes.
        range(from, to, !self.upper, !self.lower)
    }

    /// When nothing that is still to come can be the partner of a left record: as
    /// soon as the watermark is there.
    #[inline]
    pub(crate) fn end_of_left(self, time: Timestamp) -> Timestamp {
        Timestamp::from_nanos(time.nanos().saturating_add(self.upper))
    }

    /// The same of a right record.
    #[inline]
    pub(crate) fn end_of_right(self, time: Timestamp) -> Timestamp {
        Timestamp::from_nanos(time.nanos().saturating_sub(self.lower))
    }
}

/// From one instant to another, where none may mean beyond the ends of time, in
/// the direction of the bound's sign.
#[inline]
fn range(from: Option<i64>, to: Option<i64>, lower: i64, upper: i64) -> RangeInclusive<Timestamp> {
    let from = match from {
        Some(from) => from,
        None if lower < 0 => i64::MIN,
        None => return Timestamp::MAX..=Timestamp::MIN,
    };
    let to = match to {
        Some(to) => to,
        None if upper >= 0 => i64::MAX,
        None => return Timestamp::MAX..=Timestamp::MIN,
    };
    Timestamp::from_nanos(from)..=Timestamp::from_nanos(to)
}

impl fmt::Display for IntervalBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed = |nanos: i64| {
            let sign = if nanos < 0 { "-" } else { "+" };
            format!("{sign}{:?}", Duration::from_nanos(nanos.unsigned_abs()))
        };
        write!(f, "{} to {}", signed(self.lower), signed(self.upper))
    }
}

/// An interval in which nothing lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntervalError {
    bounds: IntervalBounds,
}

impl fmt::Display for IntervalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IntervalBounds { lower, upper } = self.bounds;
        write!(
            f,
            "an interval from {lower} ns to {upper} ns, bounds included, holds nothing, so that \
             no two records would ever be a pair: choose a lower bound that is at most the upper one"
        )
    }
}

impl std::error::Error for IntervalError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_say_what_lies_between_them() {
        let second = Duration::from_secs(1);
        for (bounds, expected) in [
            (
                IntervalBounds::within(second),
                (-1_000_000_000, 1_000_000_000),
            ),
            (
                IntervalBounds::around(second, Duration::ZERO),
                (-1_000_000_000, 0),
            ),
            (
                IntervalBounds::after(Duration::ZERO, second).unwrap(),
                (0, 1_000_000_000),
            ),
            (
                IntervalBounds::before(Duration::ZERO, second).unwrap(),
                (-1_000_000_000, 0),
            ),
            (IntervalBounds::within(Duration::MAX), (-i64::MAX, i64::MAX)),
            (
                IntervalBounds::from_nanos(-2, 2)
                    .unwrap()
                    .lower_excluded()
                    .unwrap(),
                (-1, 2),
            ),
            (
                IntervalBounds::from_nanos(-2, 2)
                    .unwrap()
                    .upper_excluded()
                    .unwrap(),
                (-2, 1),
            ),
        ] {
            assert_eq!((bounds.lower_ns(), bounds.upper_ns()), expected);
        }
        let bounds = IntervalBounds::from_nanos(-1_500_000, 2).unwrap();
        assert_eq!(bounds.to_string(), "-1.5ms to +2ns");
    }

    #[test]
    fn an_interval_without_an_instant_is_refused_with_the_way_out() {
        let point = IntervalBounds::from_nanos(3, 3).unwrap();
        let all = IntervalBounds::from_nanos(i64::MIN, i64::MAX).unwrap();
        assert!(all.lower_excluded().unwrap().upper_excluded().is_ok());
        for refused in [
            IntervalBounds::from_nanos(2, 1),
            IntervalBounds::after(Duration::from_secs(2), Duration::from_secs(1)),
            point.lower_excluded(),
            point.upper_excluded(),
            IntervalBounds::from_nanos(i64::MAX, i64::MAX)
                .unwrap()
                .lower_excluded(),
            IntervalBounds::from_nanos(i64::MIN, i64::MIN)
                .unwrap()
                .upper_excluded(),
        ] {
            let text = refused.unwrap_err().to_string();
            assert!(text.contains("choose a lower bound"), "{text}");
        }
    }

    fn instant() -> impl Strategy<Value = i64> {
        prop_oneof![
            -9..9i64,
            any::<i64>(),
            Just(i64::MIN),
            Just(i64::MAX),
            i64::MAX - 9..=i64::MAX,
            i64::MIN..=i64::MIN + 9,
        ]
    }

    proptest! {
        /// Both sides see the same pairs, and they are those of exact arithmetic.
        #[test]
        fn partners_are_those_of_exact_arithmetic(
            left in instant(), right in instant(), one in instant(), other in instant(),
        ) {
            let bounds = IntervalBounds::from_nanos(one.min(other), one.max(other)).unwrap();
            let apart = i128::from(right) - i128::from(left);
            let is_pair = i128::from(bounds.lower_ns()) <= apart && apart <= i128::from(bounds.upper_ns());
            let (left, right) = (Timestamp::from_nanos(left), Timestamp::from_nanos(right));
            prop_assert_eq!(bounds.partners_of_left(left).contains(&right), is_pair);
            prop_assert_eq!(bounds.partners_of_right(right).contains(&left), is_pair);
            // What may still come has no such partner once its end is reached.
            if is_pair {
                prop_assert!(right <= bounds.end_of_left(left));
                prop_assert!(left <= bounds.end_of_right(right));
            }
        }
    }
}
