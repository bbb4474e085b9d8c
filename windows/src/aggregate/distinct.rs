use super::Aggregate;
use ahash::RandomState;
use std::collections::HashSet;
use std::hash::Hash;

/// How many different values the records have, exactly.
///
/// Every value is kept until the window closes: state grows with the different
/// ones. Where an estimate will do,
/// [`ApproxDistinct`](super::ApproxDistinct) has a bound.
///
/// ```
/// use fluxus_windows::aggregate::Distinct;
/// use fluxus_windows::Aggregate;
///
/// let visitors = Distinct::count(|visit: &(&str, u64)| visit.0);
/// let mut seen = visitors.create();
/// for visit in [("Ahab", 1), ("Ishmael", 2), ("Ahab", 3)] {
///     visitors.add(&mut seen, &visit);
/// }
/// assert_eq!(visitors.finish(seen), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Distinct<F> {
    value: F,
    state: RandomState,
}

/// The different values themselves, sorted: made by [`Distinct::values`].
///
/// Sorted, because the order in which a set gives them out is another one in
/// every run.
///
/// ```
/// use fluxus_windows::aggregate::Distinct;
/// use fluxus_windows::Aggregate;
///
/// let visitors = Distinct::values(|visit: &(&str, u64)| visit.0);
/// let mut seen = visitors.create();
/// for visit in [("Ishmael", 1), ("Ahab", 2), ("Ishmael", 3)] {
///     visitors.add(&mut seen, &visit);
/// }
/// assert_eq!(visitors.finish(seen), ["Ahab", "Ishmael"]);
/// ```
#[derive(Clone, Debug)]
pub struct DistinctValues<F> {
    distinct: Distinct<F>,
}

impl<F> Distinct<F> {
    /// How many different ones there are of what `value` takes from each record.
    pub fn count<T, V: Hash + Eq>(value: F) -> Self
    where
        F: Fn(&T) -> V,
    {
        // One state for all sets; its clones cost no randomness.
        let state = RandomState::new();
        Self { value, state }
    }

    /// The different ones of what `value` takes from each record, sorted.
    pub fn values<T, V: Hash + Ord>(value: F) -> DistinctValues<F>
    where
        F: Fn(&T) -> V,
    {
        DistinctValues {
            distinct: Self::count(value),
        }
    }
}

/// The values seen so far.
#[derive(Clone, Debug)]
pub struct Seen<V> {
    values: HashSet<V, RandomState>,
}

impl<T, V, F> Aggregate<T> for Distinct<F>
where
    V: Hash + Eq + Clone + Send + 'static,
    F: Fn(&T) -> V,
{
    type Accumulator = Seen<V>;
    type Output = u64;

    const GROWS: bool = true;

    #[inline]
    fn create(&self) -> Seen<V> {
        Seen {
            values: HashSet::with_hasher(self.state.clone()),
        }
    }

    #[inline]
    fn add(&self, seen: &mut Seen<V>, value: &T) {
        seen.values.insert((self.value)(value));
    }

    fn merge(&self, seen: &mut Seen<V>, mut other: Seen<V>) {
        // The smaller set moves into the larger one.
        if other.values.len() > seen.values.len() {
            std::mem::swap(seen, &mut other);
        }
        seen.values.extend(other.values);
    }

    #[inline]
    fn finish(&self, seen: Seen<V>) -> u64 {
        seen.values.len() as u64
    }
}

impl<T, V, F> Aggregate<T> for DistinctValues<F>
where
    V: Hash + Ord + Clone + Send + 'static,
    F: Fn(&T) -> V,
{
    type Accumulator = Seen<V>;
    type Output = Vec<V>;

    const GROWS: bool = true;

    #[inline]
    fn create(&self) -> Seen<V> {
        self.distinct.create()
    }

    #[inline]
    fn add(&self, seen: &mut Seen<V>, value: &T) {
        self.distinct.add(seen, value);
    }

    fn merge(&self, seen: &mut Seen<V>, other: Seen<V>) {
        self.distinct.merge(seen, other);
    }

    fn finish(&self, seen: Seen<V>) -> Vec<V> {
        let mut values: Vec<V> = seen.values.into_iter().collect();
        values.sort_unstable();
        values
    }
}
