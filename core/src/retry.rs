//! Trying again what has failed for a while: the settings, the error that says so,
//! and the pauses between.

use crate::sink::RetryingSink;
use crate::source::{BoxError, RetryingSource, Source};
use fluxus_windows::Timestamp;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// An error that may pass: whatever failed can be tried again, and nothing of it was
/// done.
///
/// A source or a sink that is wrapped by a [`Retry`] says with it what is worth
/// another attempt; from one that is not wrapped it is an error like any other.
#[derive(Debug)]
pub struct Transient(BoxError);

impl Transient {
    /// Says that `error` may pass.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self(error.into())
    }

    /// Whether an error says that it may pass.
    pub fn is(error: &BoxError) -> bool {
        error.is::<Self>()
    }
}

impl fmt::Display for Transient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Transient {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// How often something is tried again that fails with a [`Transient`] error, and with
/// what pauses. Each pause is longer than the last, up to a limit; the time is that of
/// the job's clock, and meanwhile the worker is free.
///
/// ```text
///   pause(n) = min(first * factor^n, most)      n = 0, 1, 2, ...
/// ```
///
/// Attempts are counted from the last one that went well; when they run out the job
/// fails, and says how often it was tried, for how long, and the last reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    again: u32,
    first: Duration,
    factor: u32,
    most: Duration,
    jitter: Option<u64>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            again: 5,
            first: Duration::from_millis(100),
            factor: 2,
            most: Duration::from_secs(30),
            jitter: None,
        }
    }
}

impl Retry {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often it is tried again after it has failed. Default 5, which is a little
    /// more than three seconds; with none the first failure is the last.
    pub fn attempts(mut self, again: u32) -> Self {
        self.again = again;
        self
    }

    /// The first pause. Default 100 ms.
    pub fn first_pause(mut self, pause: Duration) -> Self {
        self.first = pause;
        self
    }

    /// How many times as long as the last each pause is, once at least. Default 2.
    pub fn factor(mut self, factor: u32) -> Self {
        self.factor = factor.max(1);
        self
    }

    /// The longest pause. Default 30 s.
    pub fn longest_pause(mut self, pause: Duration) -> Self {
        self.most = pause;
        self
    }

    /// Shortens each pause by up to a half, at random from this seed, so that many
    /// who lost the same server do not all come back to it at once. Default: none.
    pub fn jitter(mut self, seed: u64) -> Self {
        self.jitter = Some(seed);
        self
    }

    /// A source that is tried again: [`Source::open`] and [`Source::pull`].
    pub fn source<S: Source>(self, source: S) -> RetryingSource<S> {
        RetryingSource::new(self, source)
    }

    /// A sink that is tried again: everything but [`close`](crate::sink::Sink::close).
    pub fn sink<S, T>(self, sink: S) -> RetryingSink<S, T> {
        RetryingSink::new(self, sink)
    }

    /// The pause behind the failure of this number, from 0.
    fn pause(&self, failure: u32) -> Duration {
        let grown = self.factor.checked_pow(failure);
        let pause = grown.and_then(|times| self.first.checked_mul(times));
        let pause = pause.unwrap_or(self.most).min(self.most);
        let Some(seed) = self.jitter else {
            return pause;
        };
        let share = scramble(seed.wrapping_add(u64::from(failure))) as f64 / 2f64.powi(64);
        pause - (pause / 2).mul_f64(share)
    }
}

/// A number that looks random: the finaliser of splitmix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014).
fn scramble(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Where something stands that is tried again and again.
#[derive(Debug)]
pub(crate) struct Backoff {
    retry: Retry,
    /// Failures in a row.
    failures: u32,
    /// When the first of them was.
    since: Timestamp,
    /// When the clock was read last, and until when the pause lasts.
    seen: Timestamp,
    until: Option<Timestamp>,
}

impl Backoff {
    pub(crate) fn new(retry: Retry) -> Self {
        Self {
            retry,
            failures: 0,
            since: Timestamp::MIN,
            seen: Timestamp::MIN,
            until: None,
        }
    }

    pub(crate) fn succeeded(&mut self) {
        (self.failures, self.until) = (0, None);
    }

    /// It failed at `now`: it is tried again behind a pause of this length.
    ///
    /// # Errors
    /// When it was the last attempt, or cannot pass.
    pub(crate) fn failed(&mut self, now: Timestamp, error: BoxError) -> Result<Duration, BoxError> {
        if !Transient::is(&error) {
            return Err(error);
        }
        if self.failures == 0 {
            self.since = now;
        }
        if self.failures >= self.retry.again {
            let tries = u64::from(self.failures) + 1;
            let nanos = i128::from(now.nanos()) - i128::from(self.since.nanos());
            let time = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
            let often = match tries {
                1 => "once".to_owned(),
                _ => format!("{tries} times within {time:?}"),
            };
            return Err(format!("it was tried {often}, and the last time: {error}").into());
        }
        let pause = self.retry.pause(self.failures);
        self.failures += 1;
        self.seen = now;
        self.until = Some(now + pause);
        Ok(pause)
    }

    /// How much is left of the pause at `now`; none when it is over.
    pub(crate) fn rest(&mut self, now: Timestamp) -> Option<Duration> {
        let until = self.until?;
        if now < self.seen {
            // The clock stepped back, which is taken for standing still.
            let left = i128::from(until.nanos()) - i128::from(self.seen.nanos());
            let left = Duration::from_nanos(u64::try_from(left).unwrap_or(0));
            (self.seen, self.until) = (now, Some(now + left));
            return Some(left);
        }
        self.seen = now;
        let left = i128::from(until.nanos()) - i128::from(now.nanos());
        match u64::try_from(left) {
            Ok(left) if left > 0 => Some(Duration::from_nanos(left)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn transient() -> BoxError {
        Transient::new("not now").into()
    }

    #[test]
    fn pauses_grow_to_the_longest_and_no_further() {
        let retry = Retry::new().first_pause(MILLISECOND).factor(3);
        let retry = retry.longest_pause(20 * MILLISECOND);
        let pauses = [0, 1, 2, 3, 40, u32::MAX].map(|n| retry.pause(n));
        assert_eq!(pauses.map(|pause| pause.as_millis()), [1, 3, 9, 20, 20, 20]);
        for n in 0..1000 {
            let shorter = retry.clone().jitter(n).pause(3);
            assert!(
                shorter > 10 * MILLISECOND - MILLISECOND / 1000,
                "{shorter:?}"
            );
            assert!(shorter <= 20 * MILLISECOND, "{shorter:?}");
            assert_eq!(shorter, retry.clone().jitter(n).pause(3));
        }
        assert_eq!(retry.factor(0).pause(7), MILLISECOND);
    }

    #[test]
    fn attempts_run_out_and_begin_anew_behind_a_success() {
        let at = Timestamp::from_millis;
        let mut backoff = Backoff::new(Retry::new().attempts(2).first_pause(MILLISECOND));
        assert_eq!(backoff.rest(at(0)), None);
        assert_eq!(backoff.failed(at(0), transient()).unwrap(), MILLISECOND);
        assert_eq!(backoff.rest(at(0)), Some(MILLISECOND));
        assert_eq!(backoff.rest(at(1)), None);
        assert_eq!(backoff.failed(at(1), transient()).unwrap(), 2 * MILLISECOND);
        backoff.succeeded();
        assert_eq!(backoff.rest(at(1)), None);
        for now in [5, 6] {
            assert!(backoff.failed(at(now), transient()).is_ok());
        }
        let last = backoff.failed(at(9), transient()).unwrap_err();
        let expected = "it was tried 3 times within 4ms, and the last time: not now";
        assert_eq!(last.to_string(), expected);
        let mut never = Backoff::new(Retry::new().attempts(0));
        let last = never.failed(at(0), transient()).unwrap_err();
        assert_eq!(
            last.to_string(),
            "it was tried once, and the last time: not now"
        );
    }

    #[test]
    fn what_cannot_pass_is_not_tried_again() {
        let mut backoff = Backoff::new(Retry::new());
        let error = backoff.failed(Timestamp::MIN, "for good".into());
        assert_eq!(error.unwrap_err().to_string(), "for good");
    }

    #[test]
    fn a_clock_that_steps_back_stands_still() {
        let at = Timestamp::from_millis;
        let mut backoff = Backoff::new(Retry::new().first_pause(10 * MILLISECOND));
        assert!(backoff.failed(at(100), transient()).is_ok());
        assert_eq!(backoff.rest(at(104)), Some(6 * MILLISECOND));
        assert_eq!(backoff.rest(at(0)), Some(6 * MILLISECOND));
        assert_eq!(backoff.rest(at(5)), Some(MILLISECOND));
        assert_eq!(backoff.rest(at(6)), None);
    }
}
