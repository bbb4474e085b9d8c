use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Signal};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};

/// What a whole stream was folded into, for whoever ran the job.
#[derive(Debug)]
pub struct Folded<S>(Arc<Mutex<Option<S>>>);

impl<S> Default for Folded<S> {
    /// Nothing, for a stream that could not be brought to its end.
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<S> Folded<S> {
    /// The state, once the job has ended; none before, or if it was taken.
    pub fn take(&self) -> Option<S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Folds a whole stream: each instance its own part, merged when they end.
pub struct FoldAll<S, F, M> {
    name: Name,
    state: S,
    /// The state was handed over; there is nothing more to come.
    is_over: bool,
    fold: F,
    merge: M,
    merged: Arc<Mutex<Option<S>>>,
}

/// Brings `upstream` to its end in a fold.
///
/// # Errors
/// What cannot be, with the operator's name.
pub fn folded<U, S, F, M>(
    plan: &mut Plan,
    name: &Name,
    upstream: U,
    initial: S,
    fold: F,
    merge: M,
) -> Result<Folded<S>, Error>
where
    U: Chain,
    S: Clone + Send + 'static,
    F: FnMut(&mut S, U::Item) + Clone + Send + 'static,
    M: FnMut(&mut S, S) + Clone + Send + 'static,
{
    let folded = Folded(Arc::default());
    let merged = Arc::clone(&folded.0);
    plan.operator(name);
    let name = name.clone();
    upstream.lower(plan, move |_: &Instance| FoldAll {
        name: name.clone(),
        state: initial.clone(),
        is_over: false,
        fold: fold.clone(),
        merge: merge.clone(),
        merged: Arc::clone(&merged),
    })?;
    Ok(folded)
}

impl<S: Clone, F, M: FnMut(&mut S, S)> FoldAll<S, F, M> {
    /// Once an instance, off the path of its records.
    fn hand_over(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let state = self.state.clone();
        let mut merged = self.merged.lock().unwrap_or_else(PoisonError::into_inner);
        let culprit = Culprit::new(&self.name);
        match merged.as_mut() {
            Some(merged) => (self.merge)(merged, state),
            None => *merged = Some(state),
        }
        culprit.cleared();
    }
}

impl<T, S, F, M> Collector<T> for FoldAll<S, F, M>
where
    S: Clone,
    F: FnMut(&mut S, T),
    M: FnMut(&mut S, S),
{
    fn open(&mut self) -> Flow {
        Flow::Open
    }

    #[inline]
    fn push(&mut self, _: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        (self.fold)(&mut self.state, value);
        culprit.cleared();
        Flow::Open
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        if signal == Signal::End {
            self.hand_over();
        }
        Flow::Open
    }

    #[inline]
    fn end_batch(&mut self) -> Flow {
        Flow::Open
    }

    #[inline]
    fn resume(&mut self) -> Flow {
        Flow::Open
    }

    fn flush(&mut self) {}

    fn abort(&mut self) {}
}
