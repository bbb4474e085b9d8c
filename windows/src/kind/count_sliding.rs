use crate::{
    Aggregate, CountError, CountKind, CountSlidingWindows, Lateness, StateLimit, WindowKind,
};
use std::fmt;
use std::hash::Hash;

/// Windows of the last so many records: every `slide` records of a key give a
/// result of its last `size`, or of fewer while it has not seen that many.
///
/// ```text
///   size 4, slide 2     1  2  3  4  5  6
///                       └──┘                two so far
///                       └────────┘
///                             └────────┘
/// ```
///
/// The slide need not divide the size, and may be larger: then a result is of
/// the last `size` of every `slide` records, and those between are
/// [ignored](crate::Added::Ignored) (and counted).
///
/// Time plays no part: watermarks complete nothing, and no record is late until
/// the stream has ended. The `window` of a result is the whole of time. What is
/// left at the end of the stream is dropped, unless asked for
/// [`with_rest`](Self::with_rest).
///
/// ```
/// use fluxus_windows::CountSliding;
///
/// assert_eq!(CountSliding::new(4, 2)?.to_string(), "sliding 4 records, every 2");
/// assert!(CountSliding::new(4, 0).is_err());
/// # Ok::<(), fluxus_windows::CountError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountSliding {
    size: u64,
    slide: u64,
    with_rest: bool,
}

impl CountSliding {
    /// Windows of the last `size` records, every `slide` records.
    ///
    /// # Errors
    /// [`CountError`] when one of them is zero.
    pub fn new(size: u64, slide: u64) -> Result<Self, CountError> {
        match (size, slide) {
            (0, _) => Err(CountError::SizeZero),
            (_, 0) => Err(CountError::SlideZero),
            (size, slide) => Ok(Self {
                size,
                slide,
                with_rest: false,
            }),
        }
    }

    /// Gives a result at the end of the stream, too, for each key that has had
    /// records since its last one: as if one were due then, of the last `size`
    /// records or fewer. Its [`firing`](crate::Fired::firing) is
    /// [`Early`](crate::Firing::Early).
    ///
    /// Where the stream will end is not known beforehand, so each record has to
    /// be kept apart: this takes `size` accumulators a key, where else there
    /// are about two for each slide in the window.
    pub fn with_rest(self) -> Self {
        Self {
            with_rest: true,
            ..self
        }
    }

    /// How many records a result is of, at most.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// After how many records of a key there is a result.
    pub fn slide(&self) -> u64 {
        self.slide
    }

    /// Whether what is left at the end of the stream comes out.
    pub fn gives_rest(&self) -> bool {
        self.with_rest
    }
}

impl<T> CountKind<T> for CountSliding {}

impl<T> WindowKind<T> for CountSliding {
    type Store<K, A>
        = CountSlidingWindows<K, A::Accumulator>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    fn store<K, A>(&self, lateness: Lateness, limit: StateLimit, aggregate: &A) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>,
    {
        let _ = (lateness, aggregate);
        CountSlidingWindows::new(*self, limit)
    }
}

impl fmt::Display for CountSliding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sliding {} records, every {}", self.size, self.slide)?;
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
    fn windows_that_cannot_be_are_refused_with_the_way_out() {
        for (size, slide, words) in [
            (0, 1, "a size of at least 1"),
            (0, 0, "a size of at least 1"),
            (1, 0, "a slide of at least 1"),
        ] {
            let text = CountSliding::new(size, slide).unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn it_says_what_it_is() {
        let sliding = CountSliding::new(4, 2).unwrap();
        for (kind, words) in [
            (sliding, "sliding 4 records, every 2"),
            (
                sliding.with_rest(),
                "sliding 4 records, every 2, and the rest",
            ),
        ] {
            assert_eq!(kind.to_string(), words);
        }
    }
}
