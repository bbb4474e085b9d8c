use super::Aggregate;

/// Folds records with functions: for what has no aggregate of its own.
#[derive(Clone, Copy, Debug)]
pub struct Fold<S, F, M> {
    initial: S,
    fold: F,
    merge: M,
}

impl<S, F, M> Fold<S, F, M> {
    /// Starts at `initial`, folds records in with `fold`, and what was folded
    /// on several cores together with `merge`, to which `initial` must be
    /// neutral: every core starts there.
    ///
    /// ```
    /// use fluxus_windows::aggregate::Fold;
    /// use fluxus_windows::Aggregate;
    ///
    /// let letters = Fold::new(0, |n: &mut usize, word: &&str| *n += word.len(), |n, m| *n += m);
    /// let mut count = letters.create();
    /// letters.add(&mut count, &"whale");
    /// assert_eq!(letters.finish(count), 5);
    /// ```
    pub fn new<T>(initial: S, fold: F, merge: M) -> Self
    where
        F: Fn(&mut S, &T),
        M: Fn(&mut S, S),
    {
        Self {
            initial,
            fold,
            merge,
        }
    }
}

impl<T, S, F, M> Aggregate<T> for Fold<S, F, M>
where
    S: Clone + Send + 'static,
    F: Fn(&mut S, &T),
    M: Fn(&mut S, S),
{
    type Accumulator = S;
    type Output = S;

    #[inline]
    fn create(&self) -> S {
        self.initial.clone()
    }

    #[inline]
    fn add(&self, state: &mut S, value: &T) {
        (self.fold)(state, value);
    }

    #[inline]
    fn merge(&self, state: &mut S, other: S) {
        (self.merge)(state, other);
    }

    #[inline]
    fn finish(&self, state: S) -> S {
        state
    }
}
