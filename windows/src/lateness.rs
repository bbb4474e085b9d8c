use crate::time::saturating_nanos;
use crate::{Timestamp, Window};
use std::fmt;
use std::time::Duration;

/// How long after its end a window is kept for records that come late.
///
/// A record is late for a window when the window's last instant plus the
/// allowed lateness is at or before the watermark; at that moment the window's
/// state is dropped. Zero, the default, keeps no window that has closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lateness(i64);

impl Lateness {
    /// Nothing late is allowed.
    pub const NONE: Self = Self(0);

    /// So many nanoseconds.
    ///
    /// # Errors
    /// [`LatenessError`] when it is negative.
    pub fn from_nanos(nanos: i64) -> Result<Self, LatenessError> {
        match nanos < 0 {
            true => Err(LatenessError { nanos }),
            false => Ok(Self(nanos)),
        }
    }

    /// The allowed lateness in nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whether nothing late is allowed.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The watermark at which the state of `window` is dropped, saturated at
    /// the end of time.
    #[inline]
    pub fn last_moment_of(self, window: Window) -> Timestamp {
        self.after(window.last_instant())
    }

    /// `time`, and the lateness after it, saturated at the end of time.
    #[inline]
    pub fn after(self, time: Timestamp) -> Timestamp {
        Timestamp::from_nanos(time.nanos().saturating_add(self.0))
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            i64::MAX => f.write_str("all time"),
            nanos => write!(f, "{:?}", Duration::from_nanos(nanos.unsigned_abs())),
        }
    }
}

/// A duration too long for 64 bits of nanoseconds (292 years) is for ever.
impl From<Duration> for Lateness {
    fn from(duration: Duration) -> Self {
        Self(saturating_nanos(duration))
    }
}

/// A lateness that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatenessError {
    nanos: i64,
}

impl fmt::Display for LatenessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an allowed lateness of {} ns would close windows before their end: choose 0 or more",
            self.nanos
        )
    }
}

impl std::error::Error for LatenessError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_lives_until_the_lateness_has_passed_and_never_beyond_time() {
        let window =
            |start, end| Window::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
        for (lateness, end, expected) in [
            (0, 10, 9),
            (5, 10, 14),
            (i64::MAX, 10, i64::MAX),
            (i64::MAX, -10, i64::MAX - 11),
        ] {
            let lateness = Lateness::from_nanos(lateness).unwrap();
            let last = lateness.last_moment_of(window(-100, end));
            assert_eq!(last.nanos(), expected, "{lateness:?}, end {end}");
        }
        assert_eq!(Lateness::from(Duration::MAX).nanos(), i64::MAX);
    }

    #[test]
    fn a_negative_lateness_is_refused_with_the_way_out() {
        let error = Lateness::from_nanos(-1).unwrap_err();
        assert!(error.to_string().contains("choose 0 or more"), "{error}");
    }
}
