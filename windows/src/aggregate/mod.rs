//! Folding many records into one result: the [`Aggregate`] contract and the
//! ones that come with it.
//!
//! | result | aggregates | state |
//! |---|---|---|
//! | a number | [`Count`], [`Sum`], [`Mean`], [`Variance`], [`StandardDeviation`] | a few words |
//! | a value or a record | [`Min`], [`Max`], [`MinBy`], [`MaxBy`], [`First`], [`Last`] | one of them |
//! | the best `k` | [`TopK`], [`TopKBy`] | `k` of them |
//! | all of them | [`Collect`] | grows with the records |
//! | how many different ones | [`Distinct`], [`ApproxDistinct`] | grows; bounded |
//! | quantiles | [`ExactQuantiles`], [`Quantiles`] | grows; bounded |
//! | what a function says | [`Reduce`], [`Fold`] | its own |
//!
//! [`Filtered`] puts a predicate before any of them, and a tuple of two to six
//! aggregates is one that gives all their results.

mod approx_distinct;
mod arrival;
mod collect;
mod count;
mod distinct;
mod exact_quantiles;
mod extremes;
mod extremes_by;
mod filtered;
mod fold;
mod mean;
mod order;
mod quantile;
mod quantiles;
mod ranking;
mod reduce;
mod several;
mod sum;
mod top_k;
mod variance;

pub use approx_distinct::{ApproxDistinct, PrecisionError};
pub use arrival::{First, Last};
pub use collect::Collect;
pub use count::Count;
pub use distinct::{Distinct, DistinctValues};
pub use exact_quantiles::ExactQuantiles;
pub use extremes::{Max, Min};
pub use extremes_by::{MaxBy, MinBy};
pub use filtered::Filtered;
pub use fold::Fold;
pub use mean::Mean;
pub use quantile::QuantileError;
pub use quantiles::Quantiles;
pub use reduce::Reduce;
pub use sum::{Sum, Summable};
pub use top_k::{TopK, TopKBy, TopKError};
pub use variance::{StandardDeviation, Variance};

/// How records are folded into an accumulator, and accumulators into a result.
///
/// The engine keeps one accumulator for every key and pane, folds records into
/// it one at a time, and merges accumulators that were folded apart (on
/// several cores, in several panes). So for any split of the records
///
/// ```text
///   merge(fold(first half), fold(second half))  =  fold(all of them)
/// ```
///
/// must hold, up to the order of records, or results depend on the number of
/// workers; and merging into a new accumulator must change nothing. [`finish`](Self::finish)
/// is called only on an accumulator that at least one record was folded into.
///
/// An aggregate of one's own:
///
/// ```
/// use fluxus_windows::Aggregate;
///
/// /// The longest word, the first one of that length.
/// #[derive(Clone)]
/// struct Longest;
///
/// impl Aggregate<String> for Longest {
///     type Accumulator = String;
///     type Output = String;
///
///     fn create(&self) -> String {
///         String::new()
///     }
///     fn add(&self, longest: &mut String, word: &String) {
///         if word.len() > longest.len() {
///             longest.clone_from(word);
///         }
///     }
///     fn merge(&self, longest: &mut String, other: String) {
///         self.add(longest, &other);
///     }
///     fn finish(&self, longest: String) -> String {
///         longest
///     }
/// }
///
/// let mut longest = Longest.create();
/// Longest.add(&mut longest, &"whale".to_string());
/// Longest.merge(&mut longest, "sea".to_string());
/// assert_eq!(Longest.finish(longest), "whale");
/// ```
///
/// And one that can take back what was merged, so that a sliding window need
/// not merge all its panes for every result:
///
/// ```
/// use fluxus_windows::Aggregate;
///
/// /// All deposits less all withdrawals, in cents.
/// #[derive(Clone)]
/// struct Balance;
///
/// impl Aggregate<i64> for Balance {
///     type Accumulator = i128;
///     type Output = i128;
///
///     // Sums of integers are exact. Those of floating point would drift.
///     const RETRACTS: bool = true;
///
///     fn create(&self) -> i128 {
///         0
///     }
///     fn add(&self, balance: &mut i128, cents: &i64) {
///         *balance += i128::from(*cents);
///     }
///     fn merge(&self, balance: &mut i128, other: i128) {
///         *balance += other;
///     }
///     fn retract(&self, balance: &mut i128, other: &i128) {
///         *balance -= other;
///     }
///     fn finish(&self, balance: i128) -> i128 {
///         balance
///     }
/// }
///
/// let fold = |cents: i64| {
///     let mut balance = Balance.create();
///     Balance.add(&mut balance, &cents);
///     balance
/// };
/// let (first, second, third) = (fold(500), fold(-120), fold(30));
/// let mut sliding = Balance.create();
/// Balance.merge(&mut sliding, first);
/// Balance.merge(&mut sliding, second);
/// // The window moves on: one pane enters, the oldest leaves.
/// Balance.merge(&mut sliding, third);
/// Balance.retract(&mut sliding, &first);
/// assert_eq!(Balance.finish(sliding), -90);
/// ```
pub trait Aggregate<T> {
    /// What is kept for every key and pane.
    ///
    /// It is cloned where one pane belongs to several windows, and where a
    /// window gives a result and is kept for late records.
    type Accumulator: Clone + Send + 'static;
    /// What comes out when the window closes.
    type Output;

    /// Whether the result depends on the order in which records came. If so
    /// they are numbered as they come and folded with
    /// [`add_numbered`](Self::add_numbered).
    const NUMBERED: bool = false;

    /// Whether [`retract`](Self::retract) undoes [`merge`](Self::merge),
    /// exactly. A sliding window then keeps one running accumulator, adds the
    /// pane that enters and retracts the pane that leaves.
    const RETRACTS: bool = false;

    /// Whether an accumulator grows with the records folded into it, as a list
    /// does. A sliding window then merges its panes when it closes, and keeps
    /// no partial results that would hold the same records many times over.
    const GROWS: bool = false;

    /// An accumulator that has seen nothing.
    ///
    /// They are made for many keys in advance, so this should not allocate.
    fn create(&self) -> Self::Accumulator;
    /// Folds one record in.
    fn add(&self, accumulator: &mut Self::Accumulator, value: &T);
    /// Folds in the record that came as the `number`-th. Numbers rise in the
    /// order in which records came to the core that folds them.
    ///
    /// Panes are merged in the order of time, not of arrival: an aggregate that
    /// asks what came first has to keep the number.
    #[inline]
    fn add_numbered(&self, accumulator: &mut Self::Accumulator, value: &T, number: u64) {
        let _ = number;
        self.add(accumulator, value);
    }
    /// Folds in what another accumulator has seen.
    fn merge(&self, accumulator: &mut Self::Accumulator, other: Self::Accumulator);
    /// Takes back what was merged from `other`. Called only where
    /// [`RETRACTS`](Self::RETRACTS) is true.
    #[inline]
    fn retract(&self, accumulator: &mut Self::Accumulator, other: &Self::Accumulator) {
        let _ = (accumulator, other);
    }
    /// The result of an accumulator that has seen at least one record.
    fn finish(&self, accumulator: Self::Accumulator) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Folds `values`, the first of which comes as number `from`.
    pub(super) fn fold<T, A: Aggregate<T>>(
        aggregate: &A,
        values: &[T],
        from: u64,
    ) -> A::Accumulator {
        let mut accumulator = aggregate.create();
        for (number, value) in (from..).zip(values) {
            match A::NUMBERED {
                true => aggregate.add_numbered(&mut accumulator, value, number),
                false => aggregate.add(&mut accumulator, value),
            }
        }
        accumulator
    }

    /// Folds `values` in one go, in two parts that are merged in order, and in
    /// two parts that are merged the other way round: all three results.
    pub(super) fn every_way<T, A: Aggregate<T>>(
        aggregate: &A,
        values: &[T],
        split: usize,
    ) -> [A::Output; 3] {
        let parts = || {
            let left = fold(aggregate, &values[..split], 0);
            (left, fold(aggregate, &values[split..], split as u64))
        };
        let (mut in_order, right) = parts();
        aggregate.merge(&mut in_order, right);
        let (left, mut turned) = parts();
        aggregate.merge(&mut turned, left);
        [fold(aggregate, values, 0), in_order, turned].map(|all| aggregate.finish(all))
    }

    #[test]
    fn results_do_not_depend_on_where_the_records_were_folded() {
        let values = [3i64, -7, 0, 12, -7, 5];
        let own = |v: &i64| *v;
        let size = |v: &i64| v.abs();
        macro_rules! always {
            ($aggregate:expr => $expected:expr) => {
                for split in 0..=values.len() {
                    for result in every_way(&$aggregate, &values, split) {
                        assert_eq!(result, $expected, "split at {split}");
                    }
                }
            };
        }
        always!(Count => 6);
        always!(Sum::of(own) => 6);
        always!(Min::of(own) => -7);
        always!(Max::of(own) => 12);
        always!(Mean::of(own) => 1.0);
        always!(Reduce::new(|a: &i64, b: &i64| *a.max(b)) => 12);
        always!(Fold::new(0, |n: &mut i64, v: &i64| *n += v * v, |n, m| *n += m) => 276);
        always!((Count, Min::of(own), Max::of(own)) => (6, -7, 12));
        always!(First::of(own) => 3);
        always!(First::record() => 3);
        always!(Last::of(own) => 5);
        always!(Last::record() => 5);
        // The first of those that are seven in size, and the first of them all.
        always!(MaxBy::key(|v: &i64| size(v).min(7)) => -7);
        always!(MinBy::key(|v: &i64| size(v).max(7)) => 3);
        always!(Collect::of(own) => values);
        always!(Collect::records() => values);
        always!(TopK::largest(2, own).expect("two") => [12, 5]);
        always!(TopK::smallest(9, own).expect("nine") => [-7, -7, 0, 3, 5, 12]);
        always!(TopKBy::smallest(3, |v: &i64| size(v).max(5)).expect("three") => [3, 0, 5]);
        always!(Distinct::count(own) => 5);
        always!(Distinct::values(own) => [-7, 0, 3, 5, 12]);
        always!(ApproxDistinct::of(own) => 5);
        let asked = [0.0, 0.5, 1.0];
        always!(ExactQuantiles::of(asked, own).expect("quantiles") => [-7, 0, 12]);
        always!(Quantiles::of(asked, own).expect("quantiles") => [-7.0, 0.0, 12.0]);
        always!(Filtered::new(|v: &i64| *v > 0, Collect::records()) => Some(vec![3, 12, 5]));
        always!(Filtered::new(|v: &i64| *v > 50, Count) => None);
        always!((Last::of(own), Collect::of(own)) => (5, values.to_vec()));
        // 276 - 6 * 1 squared.
        let close = |result: f64, expected: f64| (result - expected).abs() < 1e-12 * expected;
        for split in 0..=values.len() {
            for result in every_way(&Variance::of(own), &values, split) {
                assert!(close(result, 54.0), "{result}");
            }
            for result in every_way(&StandardDeviation::population(own), &values, split) {
                assert!(close(result, 45f64.sqrt()), "{result}");
            }
        }
    }

    /// Whether taking a part back leaves what it was merged into, bit for bit.
    fn taken_back<T, A: Aggregate<T>>(aggregate: &A, left: &[T], right: &[T]) -> bool
    where
        A::Accumulator: PartialEq,
    {
        assert!(A::RETRACTS);
        let (left, right) = (fold(aggregate, left, 0), fold(aggregate, right, 0));
        let mut both = left.clone();
        aggregate.merge(&mut both, right.clone());
        let mut without_right = both.clone();
        aggregate.retract(&mut without_right, &right);
        aggregate.retract(&mut both, &left);
        without_right == left && both == right
    }

    proptest! {
        #[test]
        fn what_was_merged_can_be_taken_back(
            left in prop::collection::vec(any::<i64>(), 0..20),
            right in prop::collection::vec(any::<i64>(), 0..20),
        ) {
            let own = |v: &i64| *v;
            prop_assert!(taken_back(&Count, &left, &right));
            prop_assert!(taken_back(&Sum::of(own), &left, &right));
            prop_assert!(taken_back(&Sum::of(|v: &i64| *v as u8), &left, &right));
            prop_assert!(taken_back(&Mean::of(own), &left, &right));
            let some = Filtered::new(|v: &i64| *v > 0, Sum::of(own));
            prop_assert!(taken_back(&some, &left, &right));
            prop_assert!(taken_back(&(Count, Mean::of(own), some), &left, &right));
        }

        #[test]
        fn order_of_arrival_survives_any_order_of_merging(
            // Which of four cores each record comes to.
            cores in prop::collection::vec(0usize..4, 1..40),
            merged in Just([0usize, 1, 2, 3]).prop_shuffle(),
        ) {
            let aggregate = (First::record(), Last::record(), Collect::records());
            let records: Vec<usize> = (0..cores.len()).collect();
            let mut parts = [(); 4].map(|()| aggregate.create());
            for (record, core) in records.iter().zip(&cores) {
                aggregate.add_numbered(&mut parts[*core], record, *record as u64);
            }
            let mut all = aggregate.create();
            for core in merged {
                aggregate.merge(&mut all, parts[core].clone());
            }
            let last = records.len() - 1;
            prop_assert_eq!(aggregate.finish(all), (0, last, records));
        }
    }

    #[test]
    fn what_is_kept_is_said() {
        fn says<T, A: Aggregate<T>>(_: &A) -> (bool, bool, bool) {
            (A::NUMBERED, A::RETRACTS, A::GROWS)
        }
        let (whole, real) = (|v: &i64| *v, |v: &f64| *v);
        assert_eq!(says::<i64, _>(&Count), (false, true, false));
        assert_eq!(says(&Sum::of(whole)), (false, true, false));
        assert_eq!(says(&Mean::of(whole)), (false, true, false));
        // An infinity would never leave a sum.
        assert_eq!(says(&Sum::of(real)), (false, false, false));
        assert_eq!(says(&Mean::of(real)), (false, false, false));
        assert_eq!(says(&Variance::of(whole)), (false, false, false));
        assert_eq!(says(&First::of(whole)), (true, false, false));
        assert_eq!(says(&Collect::of(whole)), (true, false, true));
        assert_eq!(says(&Distinct::count(whole)), (false, false, true));
        assert_eq!(says(&ApproxDistinct::of(whole)), (false, false, false));
        let filtered = Filtered::new(|_: &i64| true, Collect::of(whole));
        assert_eq!(says(&filtered), (true, false, true));
        assert_eq!(says(&(Count, Sum::of(whole))), (false, true, false));
        assert_eq!(says(&(Count, Last::of(whole))), (true, false, false));
    }

    #[test]
    fn sums_of_integers_are_exact_beyond_their_own_type() {
        let [sum, ..] = every_way(&Sum::of(|v: &i64| *v), &[i64::MAX, i64::MAX], 1);
        assert_eq!(sum, 2 * i128::from(i64::MAX));
        let [sum, ..] = every_way(&Sum::of(|v: &u8| *v), &[255u8; 300], 150);
        assert_eq!(sum, 76_500u64);
        let [mean, ..] = every_way(&Mean::of(|v: &u64| *v), &[u64::MAX, u64::MAX], 1);
        assert_eq!(mean, u64::MAX as f64);
    }

    #[test]
    fn of_equal_values_the_first_one_stays() {
        // The sign of zero tells what compares equal apart.
        for values in [[0.0, -0.0], [-0.0, 0.0]] {
            let own = |v: &f64| *v;
            let extremes = (Min::of(own), Max::of(own));
            let [folded, merged, _] = every_way(&extremes, &values, 1);
            for (min, max) in [folded, merged] {
                let first = values[0].is_sign_negative();
                assert_eq!(min.is_sign_negative(), first, "{values:?}");
                assert_eq!(max.is_sign_negative(), first, "{values:?}");
            }
        }
    }

    #[test]
    fn a_number_beats_not_a_number_in_either_order() {
        let values = [f64::NAN, 2.0, 1.0, f64::NAN];
        for split in 0..=values.len() {
            assert_eq!(every_way(&Min::of(|v: &f64| *v), &values, split), [1.0; 3]);
            assert_eq!(every_way(&Max::of(|v: &f64| *v), &values, split), [2.0; 3]);
            let by = (MinBy::key(|v: &f64| *v), MaxBy::key(|v: &f64| *v));
            assert_eq!(every_way(&by, &values, split), [(1.0, 2.0); 3]);
        }
        let [min, ..] = every_way(&Min::of(|v: &f64| *v), &[f64::NAN], 1);
        assert!(min.is_nan());
    }
}
