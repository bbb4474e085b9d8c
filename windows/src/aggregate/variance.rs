use super::{Aggregate, Summable};

/// The variance of a number of each record: how far the numbers lie from their
/// mean, squared.
///
/// [`Variance::of`] takes the records for a sample and divides by `n - 1`, as
/// `VAR_SAMP` in SQL does; [`Variance::population`] takes them for all there is
/// and divides by `n`. One record alone is no sample that could vary: its
/// sample variance is NaN, its population variance 0.
///
/// Numbers far from zero and close together lose nothing: records are folded
/// by the method of Welford ("Note on a method for calculating corrected sums
/// of squares and products", 1962) and partial results merged by that of Chan,
/// Golub and LeVeque ("Updating formulae and a pairwise algorithm for computing
/// sample variances", 1979). Where the records were folded shows in the last
/// bits only. A number that is not finite makes the result NaN.
///
/// ```
/// use fluxus_windows::aggregate::Variance;
/// use fluxus_windows::Aggregate;
///
/// let variance = Variance::of(|millis: &u32| *millis);
/// let mut moments = variance.create();
/// for millis in [10, 12, 14] {
///     variance.add(&mut moments, &millis);
/// }
/// assert_eq!(variance.finish(moments), 4.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Variance<F> {
    number: F,
    /// What is taken from the count before dividing: one for a sample.
    correction: u64,
}

impl<F> Variance<F> {
    /// The sample variance of what `number` takes from each record, NaN for one
    /// record.
    pub fn of<T, N: Summable>(number: F) -> Self
    where
        F: Fn(&T) -> N,
    {
        Self {
            number,
            correction: 1,
        }
    }

    /// The population variance of what `number` takes from each record, 0 for
    /// one record.
    pub fn population<T, N: Summable>(number: F) -> Self
    where
        F: Fn(&T) -> N,
    {
        Self {
            number,
            correction: 0,
        }
    }
}

/// How many numbers there were, their mean, and the sum of their squared
/// distances from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    #[inline]
    fn add(&mut self, number: f64) {
        self.count += 1;
        let before = number - self.mean;
        if before.is_infinite() && number.is_finite() && self.mean.is_finite() {
            // Farther apart than a number can say.
            self.squares = f64::INFINITY;
            return;
        }
        self.mean += before / self.count as f64;
        self.squares += before * (number - self.mean);
    }

    #[inline]
    fn merge(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
        } else if other.count > 0 {
            let apart = other.mean - self.mean;
            let held = self.count as f64;
            self.count += other.count;
            if apart.is_infinite() && other.mean.is_finite() && self.mean.is_finite() {
                self.squares = f64::INFINITY;
                return;
            }
            let share = other.count as f64 / self.count as f64;
            self.mean += apart * share;
            self.squares += other.squares + apart * apart * held * share;
        }
    }

    /// The variance; NaN where nothing is left to divide by.
    #[inline]
    fn variance(self, correction: u64) -> f64 {
        match self.count.saturating_sub(correction) {
            0 => f64::NAN,
            freedom => self.squares / freedom as f64,
        }
    }
}

impl<T, N: Summable, F: Fn(&T) -> N> Aggregate<T> for Variance<F> {
    type Accumulator = Moments;
    type Output = f64;

    #[inline]
    fn create(&self) -> Moments {
        Moments::default()
    }

    #[inline]
    fn add(&self, moments: &mut Moments, value: &T) {
        moments.add((self.number)(value).into_f64());
    }

    #[inline]
    fn merge(&self, moments: &mut Moments, other: Moments) {
        moments.merge(other);
    }

    #[inline]
    fn finish(&self, moments: Moments) -> f64 {
        moments.variance(self.correction)
    }
}

/// The standard deviation of a number of each record: the square root of its
/// [`Variance`], of which all else is true of it too.
///
/// ```
/// use fluxus_windows::aggregate::StandardDeviation;
/// use fluxus_windows::Aggregate;
///
/// let deviation = StandardDeviation::population(|grams: &f64| *grams);
/// let mut moments = deviation.create();
/// for grams in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
///     deviation.add(&mut moments, &grams);
/// }
/// assert_eq!(deviation.finish(moments), 2.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StandardDeviation<F> {
    variance: Variance<F>,
}

impl<F> StandardDeviation<F> {
    /// The sample standard deviation of what `number` takes from each record,
    /// NaN for one record.
    pub fn of<T, N: Summable>(number: F) -> Self
    where
        F: Fn(&T) -> N,
    {
        Self {
            variance: Variance::of(number),
        }
    }

    /// The population standard deviation of what `number` takes from each
    /// record, 0 for one record.
    pub fn population<T, N: Summable>(number: F) -> Self
    where
        F: Fn(&T) -> N,
    {
        Self {
            variance: Variance::population(number),
        }
    }
}

impl<T, N: Summable, F: Fn(&T) -> N> Aggregate<T> for StandardDeviation<F> {
    type Accumulator = Moments;
    type Output = f64;

    #[inline]
    fn create(&self) -> Moments {
        Moments::default()
    }

    #[inline]
    fn add(&self, moments: &mut Moments, value: &T) {
        self.variance.add(moments, value);
    }

    #[inline]
    fn merge(&self, moments: &mut Moments, other: Moments) {
        moments.merge(other);
    }

    #[inline]
    fn finish(&self, moments: Moments) -> f64 {
        moments.variance(self.variance.correction).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::every_way;
    use proptest::prelude::*;

    fn two_passes(numbers: &[f64]) -> f64 {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
        squares / numbers.len() as f64
    }

    #[test]
    fn numbers_too_far_apart_to_say_how_far_vary_without_bound() {
        let variance = Variance::of(|number: &f64| *number);
        let fold = |numbers: &[f64]| {
            let mut moments = variance.create();
            for number in numbers {
                variance.add(&mut moments, number);
            }
            moments
        };
        let numbers = [1e308, -1e308, 3.0];
        assert_eq!(variance.finish(fold(&numbers)), f64::INFINITY);
        for split in 0..=3 {
            let mut merged = fold(&numbers[..split]);
            variance.merge(&mut merged, fold(&numbers[split..]));
            assert_eq!(variance.finish(merged), f64::INFINITY, "split {split}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_two_passes_however_far_from_zero(
            // Quarters: with these offsets every number is exact, and so is
            // the variance around the offset.
            quarters in prop::collection::vec(-4_000i32..4_000, 1..200),
            offset in prop::sample::select(vec![0.0, 1e3, -1e6, 1e9, -1e12]),
            split in any::<prop::sample::Index>(),
        ) {
            let near: Vec<f64> = quarters.iter().map(|q| f64::from(*q) / 4.0).collect();
            let far: Vec<f64> = near.iter().map(|x| x + offset).collect();
            let expected = two_passes(&near);
            let aggregate = Variance::population(|x: &f64| *x);
            for variance in every_way(&aggregate, &far, split.index(far.len() + 1)) {
                // A bit of the mean at the offset, times the spread.
                let slack = 1e-9 * expected + offset.abs() * 1e-13 * (1.0 + expected.sqrt());
                prop_assert!((variance - expected).abs() <= slack, "{variance}, not {expected}");
            }
        }
    }

    #[test]
    fn one_record_has_a_defined_answer() {
        let own = |x: &i64| *x;
        for split in 0..=1 {
            for variance in every_way(&Variance::of(own), &[7], split) {
                assert!(variance.is_nan());
            }
            for deviation in every_way(&StandardDeviation::of(own), &[7], split) {
                assert!(deviation.is_nan());
            }
            assert_eq!(every_way(&Variance::population(own), &[7], split), [0.0; 3]);
            let deviation = StandardDeviation::population(own);
            assert_eq!(every_way(&deviation, &[7], split), [0.0; 3]);
        }
    }

    #[test]
    fn what_is_not_finite_gives_not_a_number() {
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for variance in every_way(&Variance::of(|x: &f64| *x), &[1.0, odd, 2.0], 1) {
                assert!(variance.is_nan(), "{odd}");
            }
        }
    }
}
