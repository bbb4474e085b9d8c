//! Folding many records into one result: the [`Aggregate`] contract and the
//! ones that come with it.

mod count;
mod extremes;
mod fold;
mod mean;
mod reduce;
mod several;
mod sum;

pub use count::Count;
pub use extremes::{Max, Min};
pub use fold::Fold;
pub use mean::Mean;
pub use reduce::Reduce;
pub use sum::{Sum, Summable};

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
/// workers; and merging into a new accumulator must change nothing. [`finish`](Self::finish) is called only on an accumulator that at
/// least one record was folded into.
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

    /// Folds `values` in one go, and in two parts that are merged: both results.
    fn both_ways<T, A: Aggregate<T>>(aggregate: &A, values: &[T], split: usize) -> [A::Output; 2] {
        let fold = |values: &[T]| {
            let mut accumulator = aggregate.create();
            for value in values {
                aggregate.add(&mut accumulator, value);
            }
            accumulator
        };
        let mut merged = fold(&values[..split]);
        aggregate.merge(&mut merged, fold(&values[split..]));
        [aggregate.finish(fold(values)), aggregate.finish(merged)]
    }

    #[test]
    fn results_do_not_depend_on_where_the_records_were_folded() {
        let values = [3i64, -7, 0, 12, -7, 5];
        for split in 0..=values.len() {
            let own = |v: &i64| *v;
            assert_eq!(both_ways(&Count, &values, split), [6, 6]);
            assert_eq!(both_ways(&Sum::of(own), &values, split), [6, 6]);
            assert_eq!(both_ways(&Min::of(own), &values, split), [-7, -7]);
            assert_eq!(both_ways(&Max::of(own), &values, split), [12, 12]);
            assert_eq!(both_ways(&Mean::of(own), &values, split), [1.0, 1.0]);
            let reduce = Reduce::new(|a: &i64, b: &i64| *a.max(b));
            assert_eq!(both_ways(&reduce, &values, split), [12, 12]);
            let fold = Fold::new(0, |n: &mut i64, v: &i64| *n += v * v, |n, m| *n += m);
            assert_eq!(both_ways(&fold, &values, split), [276, 276]);
            let several = (Count, Min::of(own), Max::of(own));
            assert_eq!(both_ways(&several, &values, split), [(6, -7, 12); 2]);
        }
    }

    #[test]
    fn sums_of_integers_are_exact_beyond_their_own_type() {
        let [sum, _] = both_ways(&Sum::of(|v: &i64| *v), &[i64::MAX, i64::MAX], 1);
        assert_eq!(sum, 2 * i128::from(i64::MAX));
        let [sum, _] = both_ways(&Sum::of(|v: &u8| *v), &[255u8; 300], 150);
        assert_eq!(sum, 76_500u64);
        let [mean, _] = both_ways(&Mean::of(|v: &u64| *v), &[u64::MAX, u64::MAX], 1);
        assert_eq!(mean, u64::MAX as f64);
    }

    #[test]
    fn a_number_beats_not_a_number_in_either_order() {
        let values = [f64::NAN, 2.0, 1.0, f64::NAN];
        for split in 0..=values.len() {
            assert_eq!(
                both_ways(&Min::of(|v: &f64| *v), &values, split),
                [1.0, 1.0]
            );
            assert_eq!(
                both_ways(&Max::of(|v: &f64| *v), &values, split),
                [2.0, 2.0]
            );
        }
        let [min, _] = both_ways(&Min::of(|v: &f64| *v), &[f64::NAN], 1);
        assert!(min.is_nan());
    }
}
