use crate::{Timestamp, WatermarkGenerator};
use std::fmt;

/// Watermarks that the records themselves say.
///
/// A source that knows when it is done with a stretch of time puts that into
/// its records: a mark at the end of a file, a flag on the last reading of an
/// hour. The watermark goes out right behind the record that says it. One that
/// does not rise is no news.
///
/// ```
/// use fluxus_windows::{Punctuated, Timestamp, WatermarkGenerator};
///
/// /// A reading, and whether it is the last of its second.
/// struct Reading {
///     is_last: bool,
/// }
///
/// let mut watermarks =
///     Punctuated::new(|time, reading: &Reading| reading.is_last.then_some(time));
/// let at = Timestamp::from_nanos;
/// assert_eq!(watermarks.observe(at(7), &Reading { is_last: false }), None);
/// assert_eq!(watermarks.observe(at(9), &Reading { is_last: true }), Some(at(9)));
/// ```
#[derive(Clone)]
pub struct Punctuated<F> {
    watermark_of: F,
    watermark: Timestamp,
}

impl<F> Punctuated<F> {
    /// Watermarks as `watermark_of` reads them from the time and the value of a
    /// record, if it says one.
    pub fn new<T>(watermark_of: F) -> Self
    where
        F: Fn(Timestamp, &T) -> Option<Timestamp>,
    {
        Self {
            watermark_of,
            watermark: Timestamp::MIN,
        }
    }
}

impl<T, F> WatermarkGenerator<T> for Punctuated<F>
where
    F: Fn(Timestamp, &T) -> Option<Timestamp> + Clone + Send + 'static,
{
    #[inline]
    fn observe(&mut self, time: Timestamp, value: &T) -> Option<Timestamp> {
        let risen = (self.watermark_of)(time, value).filter(|&said| said > self.watermark)?;
        self.watermark = risen;
        Some(risen)
    }

    #[inline]
    fn current(&self) -> Timestamp {
        self.watermark
    }
}

impl<F> fmt::Debug for Punctuated<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Punctuated")
            .field("watermark", &self.watermark)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_with_what_records_say_and_never_falls() {
        let mut generator =
            Punctuated::new(|_, said: &Option<i64>| said.map(Timestamp::from_nanos));
        for (said, answer, current) in [
            (None, None, i64::MIN),
            (Some(i64::MIN), None, i64::MIN),
            (Some(5), Some(5), 5),
            (None, None, 5),
            (Some(3), None, 5),
            (Some(5), None, 5),
            (Some(6), Some(6), 6),
            (Some(i64::MAX), Some(i64::MAX), i64::MAX),
            (Some(7), None, i64::MAX),
        ] {
            // The time of a record says nothing here.
            let got = generator.observe(Timestamp::from_nanos(1_000), &said);
            assert_eq!(got.map(Timestamp::nanos), answer, "said {said:?}");
            assert_eq!(generator.current().nanos(), current, "said {said:?}");
        }
    }
}
