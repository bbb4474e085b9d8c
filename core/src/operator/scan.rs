use super::{KeyedLogic, Touch};

/// Changes a state for each key, and emits whatever that brings.
#[derive(Clone)]
pub struct Scan<S, F> {
    initial: S,
    function: F,
}

impl<S, F> Scan<S, F> {
    /// Starts at `initial` for every key; `function` is given what is held and what
    /// came.
    pub fn new(initial: S, function: F) -> Self {
        Self { initial, function }
    }
}

impl<K, T, S, F, I> KeyedLogic<K, T> for Scan<S, F>
where
    S: Clone + Send + 'static,
    F: FnMut(&mut S, T) -> I,
    I: IntoIterator,
{
    type State = S;
    type Emitted = I;

    #[inline]
    fn on_record(&mut self, _: K, state: &mut Option<S>, value: T) -> (Touch, I) {
        let state = state.get_or_insert_with(|| self.initial.clone());
        (Touch::Written, (self.function)(state, value))
    }
}
