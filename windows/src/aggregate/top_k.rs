use super::ranking::Ranking;
use super::Aggregate;
use std::cmp::Ordering;
use std::fmt;

/// The `k` largest or smallest values taken from the records, the best first.
///
/// Fewer come out where there were fewer records. Of values that compare equal
/// the one that came first goes first, and stays when there is room for one
/// only; a value that does not compare with itself (a floating point NaN) goes
/// last. Never more than `k` values are kept; one that makes it among them
/// moves up to `k` others, so `k` should be in the hundreds, not the millions.
///
/// ```
/// use fluxus_windows::aggregate::TopK;
/// use fluxus_windows::Aggregate;
///
/// let slowest = TopK::largest(2, |millis: &u32| *millis)?;
/// let mut ranking = slowest.create();
/// for millis in [31, 250, 7, 90] {
///     slowest.add(&mut ranking, &millis);
/// }
/// assert_eq!(slowest.finish(ranking), [250, 90]);
/// # Ok::<(), fluxus_windows::aggregate::TopKError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TopK<F> {
    best: (usize, Ordering),
    value: F,
}

/// The `k` records with the largest or smallest keys, the best first.
///
/// Equal keys, NaN and the number of results are as with [`TopK`].
///
/// ```
/// use fluxus_windows::aggregate::TopKBy;
/// use fluxus_windows::Aggregate;
///
/// let cheapest = TopKBy::smallest(2, |offer: &(&str, f64)| offer.1)?;
/// let mut ranking = cheapest.create();
/// for (number, offer) in [("Hull", 9.5), ("Nantucket", 7.0), ("Cork", 7.0)].iter().enumerate() {
///     cheapest.add_numbered(&mut ranking, offer, number as u64);
/// }
/// assert_eq!(cheapest.finish(ranking), [("Nantucket", 7.0), ("Cork", 7.0)]);
/// # Ok::<(), fluxus_windows::aggregate::TopKError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TopKBy<F> {
    best: (usize, Ordering),
    key: F,
}

/// The best none: a `k` of zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopKError;

impl fmt::Display for TopKError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the best 0 of a window are nothing: ask for at least 1")
    }
}

impl std::error::Error for TopKError {}

fn checked(k: usize, wanted: Ordering) -> Result<(usize, Ordering), TopKError> {
    match k {
        0 => Err(TopKError),
        k => Ok((k, wanted)),
    }
}

impl<F> TopK<F> {
    /// The `k` largest of what `value` takes from each record, the largest first.
    ///
    /// # Errors
    /// [`TopKError`] when `k` is zero.
    pub fn largest<T, V: PartialOrd>(k: usize, value: F) -> Result<Self, TopKError>
    where
        F: Fn(&T) -> V,
    {
        let best = checked(k, Ordering::Greater)?;
        Ok(Self { best, value })
    }

    /// The `k` smallest of what `value` takes from each record, the smallest
    /// first.
    ///
    /// # Errors
    /// [`TopKError`] when `k` is zero.
    pub fn smallest<T, V: PartialOrd>(k: usize, value: F) -> Result<Self, TopKError>
    where
        F: Fn(&T) -> V,
    {
        let best = checked(k, Ordering::Less)?;
        Ok(Self { best, value })
    }
}

impl<F> TopKBy<F> {
    /// The `k` records of which `key` gives the largest keys, the largest first.
    ///
    /// # Errors
    /// [`TopKError`] when `k` is zero.
    pub fn largest<T, K: PartialOrd>(k: usize, key: F) -> Result<Self, TopKError>
    where
        F: Fn(&T) -> K,
    {
        let best = checked(k, Ordering::Greater)?;
        Ok(Self { best, key })
    }

    /// The `k` records of which `key` gives the smallest keys, the smallest
    /// first.
    ///
    /// # Errors
    /// [`TopKError`] when `k` is zero.
    pub fn smallest<T, K: PartialOrd>(k: usize, key: F) -> Result<Self, TopKError>
    where
        F: Fn(&T) -> K,
    {
        let best = checked(k, Ordering::Less)?;
        Ok(Self { best, key })
    }
}

impl<F> TopKBy<F> {
    /// Adds a record that is the how-manieth, and says whether it is among the
    /// best.
    pub fn offer<T: Clone, K: PartialOrd>(
        &self,
        ranking: &mut Ranking<K, T>,
        record: &T,
        number: u64,
    ) -> bool
    where
        F: Fn(&T) -> K,
    {
        let key = (self.key)(record);
        ranking.offer(self.best, (key, number), || record.clone())
    }
}

impl<T, V, F> Aggregate<T> for TopK<F>
where
    V: PartialOrd + Clone + Send + 'static,
    F: Fn(&T) -> V,
{
    type Accumulator = Ranking<V, ()>;
    type Output = Vec<V>;

    const NUMBERED: bool = true;

    #[inline]
    fn create(&self) -> Self::Accumulator {
        Ranking::new()
    }

    /// As a record that came as number 0.
    #[inline]
    fn add(&self, ranking: &mut Self::Accumulator, value: &T) {
        self.add_numbered(ranking, value, 0);
    }

    #[inline]
    fn add_numbered(&self, ranking: &mut Self::Accumulator, value: &T, number: u64) {
        ranking.offer(self.best, ((self.value)(value), number), || ());
    }

    fn merge(&self, ranking: &mut Self::Accumulator, other: Self::Accumulator) {
        ranking.merge(self.best, other);
    }

    fn finish(&self, ranking: Self::Accumulator) -> Vec<V> {
        ranking.into_best().map(|(value, ())| value).collect()
    }
}

impl<T, K, F> Aggregate<T> for TopKBy<F>
where
    T: Clone + Send + 'static,
    K: PartialOrd + Clone + Send + 'static,
    F: Fn(&T) -> K,
{
    type Accumulator = Ranking<K, T>;
    type Output = Vec<T>;

    const NUMBERED: bool = true;

    #[inline]
    fn create(&self) -> Self::Accumulator {
        Ranking::new()
    }

    /// As a record that came as number 0.
    #[inline]
    fn add(&self, ranking: &mut Self::Accumulator, value: &T) {
        self.add_numbered(ranking, value, 0);
    }

    #[inline]
    fn add_numbered(&self, ranking: &mut Self::Accumulator, value: &T, number: u64) {
        self.offer(ranking, value, number);
    }

    fn merge(&self, ranking: &mut Self::Accumulator, other: Self::Accumulator) {
        ranking.merge(self.best, other);
    }

    fn finish(&self, ranking: Self::Accumulator) -> Vec<T> {
        ranking.into_best().map(|(_, record)| record).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::every_way;
    use proptest::prelude::*;
    use std::cmp::Reverse;

    #[test]
    fn the_best_none_are_refused_with_a_way_out() {
        let own = |v: &i32| *v;
        for error in [
            TopK::largest(0, own).map(|_| ()),
            TopK::smallest(0, own).map(|_| ()),
            TopKBy::largest(0, own).map(|_| ()),
            TopKBy::smallest(0, own).map(|_| ()),
        ] {
            let error = error.expect_err("nothing to keep");
            assert!(error.to_string().contains("at least 1"), "{error}");
        }
    }

    #[test]
    fn what_is_not_a_number_goes_last() {
        let values = [f64::NAN, 2.0, f64::NAN, 1.0];
        for split in 0..=values.len() {
            let two = TopK::largest(2, |v: &f64| *v).expect("two");
            assert_eq!(every_way(&two, &values, split), [[2.0, 1.0]; 3]);
            let three = TopK::smallest(3, |v: &f64| *v).expect("three");
            for smallest in every_way(&three, &values, split) {
                assert_eq!(smallest[..2], [1.0, 2.0]);
                assert!(smallest[2].is_nan());
            }
        }
    }

    proptest! {
        #[test]
        fn they_are_what_sorting_all_of_them_puts_first(
            keys in prop::collection::vec(0u8..20, 1..60),
            k in 1usize..12,
            split in any::<prop::sample::Index>(),
        ) {
            // The place tells equal keys apart.
            let records: Vec<(u8, usize)> = keys.into_iter().zip(0..).collect();
            let split = split.index(records.len() + 1);
            let mut sorted = records.clone();
            sorted.sort_by_key(|(key, _)| *key);
            sorted.truncate(k);
            let smallest = TopKBy::smallest(k, |r: &(u8, usize)| r.0).expect("k");
            for result in every_way(&smallest, &records, split) {
                prop_assert_eq!(&result, &sorted);
            }
            let mut sorted = records.clone();
            sorted.sort_by_key(|(key, _)| Reverse(*key));
            sorted.truncate(k);
            let largest = TopKBy::largest(k, |r: &(u8, usize)| r.0).expect("k");
            for result in every_way(&largest, &records, split) {
                prop_assert_eq!(&result, &sorted);
            }
            let keys: Vec<u8> = sorted.iter().map(|(key, _)| *key).collect();
            let largest = TopK::largest(k, |r: &(u8, usize)| r.0).expect("k");
            for result in every_way(&largest, &records, split) {
                prop_assert_eq!(&result, &keys);
            }
        }
    }
}
