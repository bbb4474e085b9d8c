use std::fmt;
use std::time::Duration;

/// A point in event time: nanoseconds since the Unix epoch, negative before it.
///
/// Arithmetic saturates at [`Timestamp::MIN`] and [`Timestamp::MAX`]; nothing
/// wraps and nothing panics at the ends of time. The range is about the years
/// 1677 to 2262.
///
/// ```
/// use fluxus_windows::Timestamp;
/// use std::time::Duration;
///
/// let t = Timestamp::from_millis(1_500);
/// assert_eq!(t.nanos(), 1_500_000_000);
/// assert_eq!(t + Duration::from_secs(1), Timestamp::from_millis(2_500));
/// assert_eq!(Timestamp::MAX + Duration::from_secs(1), Timestamp::MAX);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of time. A record that was never given a time carries it.
    pub const MIN: Self = Self(i64::MIN);
    /// The end of time: the watermark of a stream that has ended.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `nanos` nanoseconds after the Unix epoch.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The instant `micros` microseconds after the Unix epoch, saturating.
    #[inline]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// The instant `millis` milliseconds after the Unix epoch, saturating.
    #[inline]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// The instant `seconds` seconds after the Unix epoch, saturating.
    #[inline]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the Unix epoch.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch, rounded down (also before it).
    #[inline]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

/// A [`Duration`] in nanoseconds, saturating at `i64::MAX` (292 years).
#[inline]
pub(crate) fn saturating_nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    /// The later instant, saturating at [`Timestamp::MAX`].
    #[inline]
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    /// The earlier instant, saturating at [`Timestamp::MIN`].
    #[inline]
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(duration)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MIN => f.write_str("the beginning of time"),
            Self::MAX => f.write_str("the end of time"),
            Self(nanos) => write!(f, "{nanos} ns"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_saturate_and_round_down() {
        assert_eq!(Timestamp::from_secs(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_secs(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::from_nanos(-1).millis(), -1);
        assert_eq!(Timestamp::from_millis(-7).millis(), -7);
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_time() {
        let ages = Duration::MAX;
        assert_eq!(Timestamp::from_nanos(0) + ages, Timestamp::MAX);
        assert_eq!(Timestamp::MIN - ages, Timestamp::MIN);
        assert_eq!(
            Timestamp::from_nanos(0) - ages,
            Timestamp::from_nanos(-i64::MAX)
        );
    }
}
