use super::order::{best_first, is_unordered};
use super::quantile::{checked, nearest_rank};
use super::{Aggregate, QuantileError, Summable};
use std::cmp::Ordering;

/// Quantiles of a number of each record, exactly.
///
/// The quantile `q` is the nearest rank: the smallest of the numbers that has
/// at least the share `q` of them at or below it. So it is always one of the
/// numbers; 0 asks for the smallest, 0.5 for the (lower) median, 1 for the
/// largest. A NaN has no rank: where there is nothing else, it is the result.
///
/// Every number is kept until the window closes: state grows with the records.
/// [`Quantiles`](super::Quantiles) has a bound, and an error of 1 %.
///
/// ```
/// use fluxus_windows::aggregate::ExactQuantiles;
/// use fluxus_windows::Aggregate;
///
/// let latency = ExactQuantiles::of([0.5, 1.0], |micros: &u32| *micros)?;
/// let mut numbers = latency.create();
/// for micros in [12, 900, 11, 15, 13] {
///     latency.add(&mut numbers, &micros);
/// }
/// let [median, slowest] = latency.finish(numbers);
/// assert_eq!((median, slowest), (13, 900));
/// # Ok::<(), fluxus_windows::aggregate::QuantileError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ExactQuantiles<F, const N: usize> {
    quantiles: [f64; N],
    number: F,
}

impl<F, const N: usize> ExactQuantiles<F, N> {
    /// The `quantiles` of what `number` takes from each record, in the order
    /// in which they are given.
    ///
    /// # Errors
    /// [`QuantileError`] when no quantile is given, or one outside of `0..=1`.
    pub fn of<T, V: Summable + PartialOrd>(
        quantiles: [f64; N],
        number: F,
    ) -> Result<Self, QuantileError>
    where
        F: Fn(&T) -> V,
    {
        let quantiles = checked(quantiles)?;
        Ok(Self { quantiles, number })
    }
}

impl<T, V, F, const N: usize> Aggregate<T> for ExactQuantiles<F, N>
where
    V: Summable + PartialOrd + Send + 'static,
    F: Fn(&T) -> V,
{
    type Accumulator = Vec<V>;
    type Output = [V; N];

    const GROWS: bool = true;

    #[inline]
    fn create(&self) -> Vec<V> {
        Vec::new()
    }

    #[inline]
    fn add(&self, numbers: &mut Vec<V>, value: &T) {
        numbers.push((self.number)(value));
    }

    fn merge(&self, numbers: &mut Vec<V>, mut other: Vec<V>) {
        // The order does not matter: the shorter moves into the longer one.
        if other.len() > numbers.len() {
            std::mem::swap(numbers, &mut other);
        }
        numbers.append(&mut other);
    }

    /// # Panics
    /// When no record was folded in, which the contract of [`Aggregate`] rules
    /// out.
    fn finish(&self, mut numbers: Vec<V>) -> [V; N] {
        let unordered = numbers.iter().filter(|number| is_unordered(*number));
        let ordered = numbers.len() - unordered.count();
        self.quantiles.map(|quantile| {
            // From one up to how many there are; those without a rank go last.
            let place = nearest_rank(quantile, ordered as u64) as usize - 1;
            let smaller_first = |a: &V, b: &V| best_first(a, b, Ordering::Less);
            *numbers.select_nth_unstable_by(place, smaller_first).1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::every_way;

    #[test]
    fn they_are_the_nearest_ranks() {
        let numbers = [50u64, 15, 40, 20, 35];
        let asked = [0.0, 0.05, 0.3, 0.4, 0.5, 1.0];
        let aggregate = ExactQuantiles::of(asked, |n: &u64| *n).expect("quantiles");
        for split in 0..=numbers.len() {
            let expected = [15, 15, 20, 20, 35, 50];
            assert_eq!(every_way(&aggregate, &numbers, split), [expected; 3]);
        }
    }

    #[test]
    fn what_is_not_a_number_has_no_rank() {
        let numbers = [f64::NAN, 2.0, f64::NAN, 1.0, f64::INFINITY];
        let aggregate = ExactQuantiles::of([0.0, 0.5, 1.0], |n: &f64| *n).expect("quantiles");
        for split in 0..=numbers.len() {
            let expected = [1.0, 2.0, f64::INFINITY];
            assert_eq!(every_way(&aggregate, &numbers, split), [expected; 3]);
        }
        for result in every_way(&aggregate, &[f64::NAN], 1) {
            assert!(result.iter().all(|quantile| quantile.is_nan()));
        }
    }
}
