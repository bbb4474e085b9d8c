use super::{KeyedLogic, Touch};
use fluxus_windows::aggregate::{TopKBy, TopKError};
use fluxus_windows::Aggregate;

/// The best records of each key so far, whenever they change.
#[derive(Clone)]
pub struct RollingTopK<F> {
    best: Result<TopKBy<F>, TopKError>,
    arrivals: u64,
}

impl<F> RollingTopK<F> {
    /// The `k` records of which `value` gives the largest values, the largest
    /// first.
    pub fn largest<T, V: PartialOrd>(k: usize, value: F) -> Self
    where
        F: Fn(&T) -> V,
    {
        Self {
            best: TopKBy::largest(k, value),
            arrivals: 0,
        }
    }
}

impl<K, T, V, F> KeyedLogic<K, T> for RollingTopK<F>
where
    T: Clone + Send + 'static,
    V: PartialOrd + Clone + Send + 'static,
    F: Fn(&T) -> V,
{
    type State = <TopKBy<F> as Aggregate<T>>::Accumulator;
    type Emitted = Option<(K, Vec<T>)>;

    fn on_record(
        &mut self,
        key: K,
        state: &mut Option<Self::State>,
        value: T,
    ) -> (Touch, Self::Emitted) {
        // The job is not built with the best none.
        let Ok(best) = &self.best else {
            return (Touch::Read, None);
        };
        self.arrivals += 1;
        let ranking = state.get_or_insert_with(|| Aggregate::<T>::create(best));
        let changed = best.offer(ranking, &value, self.arrivals);
        let emitted = changed.then(|| (key, best.finish(ranking.clone())));
        (Touch::Written, emitted)
    }

    fn check(&self) -> Result<(), String> {
        match &self.best {
            Ok(_) => Ok(()),
            Err(_) => Err("the best 0 of a key are nothing: ask for at least 1".to_owned()),
        }
    }
}
