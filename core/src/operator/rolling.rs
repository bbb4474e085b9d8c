use super::{KeyedLogic, Touch};

/// A rolling fold: the key and what is held, after every record.
#[derive(Clone)]
pub struct RollingFold<S, F> {
    initial: S,
    fold: F,
}

impl<S, F> RollingFold<S, F> {
    /// Starts at `initial` for every key and folds with `fold`.
    pub fn new(initial: S, fold: F) -> Self {
        Self { initial, fold }
    }
}

impl<K, T, S, F> KeyedLogic<K, T> for RollingFold<S, F>
where
    S: Clone + Send + 'static,
    F: FnMut(&mut S, T),
{
    type State = S;
    type Emitted = Option<(K, S)>;

    #[inline]
    fn on_record(&mut self, key: K, state: &mut Option<S>, value: T) -> (Touch, Option<(K, S)>) {
        let state = state.get_or_insert_with(|| self.initial.clone());
        (self.fold)(state, value);
        (Touch::Written, Some((key, state.clone())))
    }
}

/// A rolling fold that starts at the first record.
#[derive(Clone)]
pub struct RollingReduce<F> {
    reduce: F,
}

impl<F> RollingReduce<F> {
    /// Reduces with `reduce`, which is given what is held and what came.
    pub fn new(reduce: F) -> Self {
        Self { reduce }
    }
}

impl<K, T, F> KeyedLogic<K, T> for RollingReduce<F>
where
    T: Clone + Send + 'static,
    F: FnMut(&T, T) -> T,
{
    type State = T;
    type Emitted = Option<(K, T)>;

    #[inline]
    fn on_record(&mut self, key: K, state: &mut Option<T>, value: T) -> (Touch, Option<(K, T)>) {
        let value = match state {
            Some(held) => (self.reduce)(held, value),
            None => value,
        };
        *state = Some(value.clone());
        (Touch::Written, Some((key, value)))
    }
}
