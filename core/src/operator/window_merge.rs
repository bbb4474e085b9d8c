use super::keyed_windows::KeyedWindows;
use super::window_partial::Partial;
use super::WindowResult;
use crate::{Collector, Flow, Signal};
use fluxus_runtime::Culprit;
use fluxus_windows::{Added, Aggregate, Timestamp, WindowStore};

/// The second phase of windows in two: merges the partial panes of all cores
/// and has the last word on results and on what is late.
pub(crate) struct MergeOperator<T, K, F, A, S, C> {
    keyed: KeyedWindows<T, K, F, A, S, C>,
}

impl<T, K, F, A, S, C> MergeOperator<T, K, F, A, S, C> {
    pub(crate) fn new(keyed: KeyedWindows<T, K, F, A, S, C>) -> Self {
        Self { keyed }
    }
}

impl<T, K, F, A, S, C> Collector<Partial<K, A::Accumulator, T>> for MergeOperator<T, K, F, A, S, C>
where
    F: Fn(&T) -> K,
    A: Aggregate<T>,
    S: WindowStore<K, T, A>,
    C: Collector<WindowResult<K, A::Output>>,
{
    fn open(&mut self) -> Flow {
        Collector::<T>::open(&mut self.keyed)
    }

    #[inline]
    fn push(&mut self, time: Timestamp, partial: Partial<K, A::Accumulator, T>) -> Flow {
        let (key, other) = match partial {
            Partial::Record { value, number } => {
                return self.keyed.fold_numbered(time, value, number)
            }
            Partial::Pane { key, accumulator } => (key, accumulator),
        };
        let culprit = Culprit::new(&self.keyed.name);
        if let Some(accumulator) = self.keyed.windows.at_hand(time, &key) {
            self.keyed.aggregate.merge(accumulator, other);
            culprit.cleared();
            return Flow::Open;
        }
        let aggregate = &self.keyed.aggregate;
        let key = match self.keyed.windows.first_touch(aggregate, time, key) {
            Ok(accumulator) => {
                aggregate.merge(accumulator, other);
                culprit.cleared();
                return Flow::Open;
            }
            Err(key) => key,
        };
        let added = self.keyed.windows.merge(aggregate, time, key, other);
        culprit.cleared();
        match added {
            Added::Kept => Flow::Open,
            Added::Refused => self.keyed.state_is_full(),
            Added::Late | Added::Ignored => self.keyed.fail(
                "a part of a window came after the window had closed, which the order of the \
                 rings rules out: please report it",
            ),
        }
    }

    #[inline]
    fn signal(&mut self, signal: Signal) -> Flow {
        Collector::<T>::signal(&mut self.keyed, signal)
    }

    #[inline]
    fn end_batch(&mut self) -> Flow {
        Collector::<T>::end_batch(&mut self.keyed)
    }

    fn resume(&mut self) -> Flow {
        Collector::<T>::resume(&mut self.keyed)
    }

    fn flush(&mut self) {
        Collector::<T>::flush(&mut self.keyed);
    }

    fn abort(&mut self) {
        Collector::<T>::abort(&mut self.keyed);
    }
}
