use super::{KeyedProcess, ProcessContext};
use fluxus_windows::KeyTimer;
use std::marker::PhantomData;

/// A keyed process made of two closures and the state that a key begins with.
pub struct ProcessClosures<K, T, S, O, R, G> {
    initial: S,
    on_record: R,
    on_timer: G,
    types: PhantomData<fn(K, T) -> O>,
}

impl<K, T, S, O, R, G> ProcessClosures<K, T, S, O, R, G> {
    /// Starts at `initial` for every key.
    pub fn new(initial: S, on_record: R, on_timer: G) -> Self
    where
        R: FnMut(T, &mut S, &mut ProcessContext<'_, K, O>),
        G: FnMut(KeyTimer, &mut S, &mut ProcessContext<'_, K, O>),
    {
        Self {
            initial,
            on_record,
            on_timer,
            types: PhantomData,
        }
    }
}

// Not derived: the types of what flows need not be cloned.
impl<K, T, S: Clone, O, R: Clone, G: Clone> Clone for ProcessClosures<K, T, S, O, R, G> {
    fn clone(&self) -> Self {
        Self {
            initial: self.initial.clone(),
            on_record: self.on_record.clone(),
            on_timer: self.on_timer.clone(),
            types: PhantomData,
        }
    }
}

impl<K, T, S, O, R, G> KeyedProcess for ProcessClosures<K, T, S, O, R, G>
where
    S: Clone + Send + 'static,
    O: Send + 'static,
    R: FnMut(T, &mut S, &mut ProcessContext<'_, K, O>),
    G: FnMut(KeyTimer, &mut S, &mut ProcessContext<'_, K, O>),
{
    type Key = K;
    type In = T;
    type State = S;
    type Out = O;

    fn initial(&mut self, _: &K) -> S {
        self.initial.clone()
    }

    #[inline]
    fn on_record(&mut self, record: T, state: &mut S, context: &mut ProcessContext<'_, K, O>) {
        (self.on_record)(record, state, context);
    }

    #[inline]
    fn on_timer(&mut self, timer: KeyTimer, state: &mut S, context: &mut ProcessContext<'_, K, O>) {
        (self.on_timer)(timer, state, context);
    }
}
