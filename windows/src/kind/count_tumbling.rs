use crate::{
    Aggregate, CountError, CountKind, CountTumblingWindows, Lateness, StateLimit, WindowKind,
};
use std::fmt;
use std::hash::Hash;

/// Windows of so many records: every `n` records of a key give one result, and
/// then the key starts anew.
///
/// Time plays no part: watermarks complete nothing, and no record is late until
/// the stream has ended. The `window` of a result is the whole of time. What is
/// left at the end of the stream is dropped, unless asked for
/// [`with_rest`](Self::with_rest).
///
/// ```
/// use fluxus_windows::CountTumbling;
///
/// assert_eq!(CountTumbling::of(4)?.to_string(), "tumbling 4 records");
/// assert!(CountTumbling::of(0).is_err());
/// # Ok::<(), fluxus_windows::CountError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountTumbling {
    n: u64,
    with_rest: bool,
}

impl CountTumbling {
    /// Windows of `n` records.
    ///
    /// # Errors
    /// [`CountError`] when `n` is zero.
    pub fn of(n: u64) -> Result<Self, CountError> {
        match n {
            0 => Err(CountError::SizeZero),
            n => Ok(Self {
                n,
                with_rest: false,
            }),
        }
    }

    /// Gives a result at the end of the stream, too: of the records of each key
    /// since its last result, if there are any. Its
    /// [`firing`](crate::Fired::firing) is [`Early`](crate::Firing::Early), for
    /// it came before the window was full.
    pub fn with_rest(self) -> Self {
        Self {
            with_rest: true,
            ..self
        }
    }

    /// How many records give a result.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Whether what is left at the end of the stream comes out.
    pub fn gives_rest(&self) -> bool {
        self.with_rest
    }
}

impl<T> CountKind<T> for CountTumbling {}

impl<T> WindowKind<T> for CountTumbling {
    type Store<K, A>
        = CountTumblingWindows<K, A::Accumulator>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    fn store<K, A>(&self, lateness: Lateness, limit: StateLimit, aggregate: &A) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>,
    {
        let _ = (lateness, aggregate);
        CountTumblingWindows::new(*self, limit)
    }
}

impl fmt::Display for CountTumbling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tumbling {} records", self.n)?;
        if self.with_rest {
            f.write_str(", and the rest")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_nothing_is_refused_with_the_way_out() {
        let error = CountTumbling::of(0).unwrap_err();
        assert!(error.to_string().contains("at least 1"), "{error}");
    }

    #[test]
    fn it_says_what_it_is() {
        let four = CountTumbling::of(4).unwrap();
        for (kind, words) in [
            (four, "tumbling 4 records"),
            (four.with_rest(), "tumbling 4 records, and the rest"),
        ] {
            assert_eq!(kind.to_string(), words);
        }
    }
}
