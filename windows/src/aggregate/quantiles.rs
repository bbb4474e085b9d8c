use super::quantile::{checked, nearest_rank};
use super::{Aggregate, QuantileError, Summable};
use std::collections::VecDeque;

/// As many numbers are kept as they are, 256 byte of them.
const FEW: usize = 32;

/// Orders of magnitude from the largest number down to where buckets collapse.
const DECADES: f64 = 18.0;

/// Quantiles of a number of each record, within 1 %, in bounded memory.
///
/// The quantile `q` is the nearest rank, as with
/// [`ExactQuantiles`](super::ExactQuantiles): the smallest of the numbers that
/// has at least the share `q` of them at or below it. What comes out is off
/// from it by no more than the accuracy, relative to the number itself:
/// 1 % unless [`with_accuracy`](Self::with_accuracy) says otherwise. Up to 32
/// numbers are kept as they are, and their quantiles exact; of more, nothing
/// lies beyond the smallest and the largest.
///
/// This is DDSketch (Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable
/// quantile sketch with relative-error guarantees", 2019): numbers are counted
/// in buckets whose bounds grow by a constant factor. There are buckets for 18
/// orders of magnitude, counted down from the largest, so from a nanosecond to
/// thirty years; what is smaller is counted in the smallest bucket, and loses
/// its guarantee. Negative numbers have buckets of their own, by magnitude.
/// At 1 % there are at most 2074 buckets of eight byte for the positive numbers
/// of a key in a window, and as many for the negative ones; only the range from
/// the smallest to the largest has any. At 0.1 % there are ten times as many.
///
/// The result does not depend on where, in which order or on how many cores
/// the records were folded. Magnitudes below the smallest normal number
/// (`2.2e-308`) count as zero, infinities take their ranks at the ends, and a
/// NaN has no rank: the result is NaN where there was nothing else.
///
/// ```
/// use fluxus_windows::aggregate::Quantiles;
/// use fluxus_windows::Aggregate;
///
/// let latency = Quantiles::of([0.5, 0.99], |micros: &u32| *micros)?;
/// let mut sketch = latency.create();
/// for micros in 1..=10_000 {
///     latency.add(&mut sketch, &micros);
/// }
/// let [median, slow] = latency.finish(sketch);
/// assert!((4_950.0..=5_050.0).contains(&median));
/// assert!((9_801.0..=9_999.0).contains(&slow));
/// # Ok::<(), fluxus_windows::aggregate::QuantileError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quantiles<F, const N: usize> {
    quantiles: [f64; N],
    number: F,
    scale: Scale,
}

impl<F, const N: usize> Quantiles<F, N> {
    /// The `quantiles` of what `number` takes from each record, in the order
    /// in which they are given, within 1 %.
    ///
    /// # Errors
    /// [`QuantileError`] when no quantile is given, or one outside of `0..=1`.
    pub fn of<T, V: Summable>(quantiles: [f64; N], number: F) -> Result<Self, QuantileError>
    where
        F: Fn(&T) -> V,
    {
        Ok(Self {
            quantiles: checked(quantiles)?,
            number,
            scale: Scale::new(0.01),
        })
    }

    /// Sets how far off the result may be, relative to the quantile: 0.001 for
    /// 0.1 %.
    ///
    /// # Errors
    /// [`QuantileError::Accuracy`] unless it lies in `0.0001..1`.
    pub fn with_accuracy(self, accuracy: f64) -> Result<Self, QuantileError> {
        match (0.0001..1.0).contains(&accuracy) {
            true => Ok(Self {
                scale: Scale::new(accuracy),
                ..self
            }),
            false => Err(QuantileError::Accuracy { accuracy }),
        }
    }
}

/// The bounds of the buckets: bucket `i` holds magnitudes above `growth^(i - 1)`
/// up to `growth^i`.
#[derive(Clone, Copy, Debug)]
struct Scale {
    accuracy: f64,
    log_growth: f64,
    /// As many buckets as there may be for one sign.
    most: i32,
}

impl Scale {
    fn new(accuracy: f64) -> Self {
        // growth = (1 + accuracy) / (1 - accuracy)
        let log_growth = 2.0 * accuracy.atanh();
        let most = DECADES * std::f64::consts::LN_10 / log_growth;
        Self {
            accuracy,
            log_growth,
            // At the finest accuracy 207 thousand.
            most: most.ceil() as i32 + 1,
        }
    }

    /// The bucket of a normal magnitude: at most 3.7 million from zero.
    #[inline]
    fn bucket_of(&self, magnitude: f64) -> i32 {
        (magnitude.ln() / self.log_growth).ceil() as i32
    }

    /// What is as far from the lower bound of a bucket as from the upper one,
    /// relative to them.
    fn middle_of(&self, bucket: i32) -> f64 {
        ((f64::from(bucket) - 1.0) * self.log_growth).exp() * (1.0 + self.accuracy)
    }
}

/// Buckets of numbers of one sign, without gaps.
#[derive(Clone, Debug, Default, PartialEq)]
struct Store {
    first: i32,
    counts: VecDeque<u64>,
}

impl Store {
    /// Counts in the smallest bucket what lies below it by more than there may
    /// be buckets; what it holds then depends on the largest bucket only, and
    /// not on the order.
    #[inline]
    fn add(&mut self, bucket: i32, count: u64, most: i32) {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        let last = self.first + self.counts.len() as i32 - 1;
        if bucket > last {
            self.raise_to(bucket, most);
        }
        let last = last.max(bucket);
        let bucket = bucket.max(last - most + 1);
        while bucket < self.first {
            self.counts.push_front(0);
            self.first -= 1;
        }
        if let Some(held) = self.counts.get_mut((bucket - self.first) as usize) {
            *held += count;
        }
    }

    /// Makes `bucket` the last one.
    #[cold]
    fn raise_to(&mut self, bucket: i32, most: i32) {
        let lowest = bucket - most + 1;
        if lowest > self.first {
            let below = ((lowest - self.first) as usize).min(self.counts.len());
            let collapsed = self.counts.drain(..below).sum();
            self.first = lowest;
            match self.counts.front_mut() {
                Some(front) => *front += collapsed,
                None => self.counts.push_back(collapsed),
            }
        }
        self.counts.resize((bucket - self.first) as usize + 1, 0);
    }

    fn merge(&mut self, other: Self, most: i32) {
        if self.counts.is_empty() {
            *self = other;
            return;
        }
        // From the top, so that both ends move once.
        for (bucket, count) in other.buckets().rev() {
            if count > 0 {
                self.add(bucket, count, most);
            }
        }
    }

    fn buckets(&self) -> impl DoubleEndedIterator<Item = (i32, u64)> + '_ {
        let place = |(place, count): (usize, &u64)| (self.first + place as i32, *count);
        self.counts.iter().enumerate().map(place)
    }
}

/// Counts of all numbers, in buckets.
#[derive(Clone, Debug, PartialEq)]
struct Buckets {
    count: u64,
    lowest_infinities: u64,
    negative: Store,
    zeros: u64,
    positive: Store,
    /// The smallest and the largest that are in buckets.
    smallest: f64,
    largest: f64,
}

impl Buckets {
    fn new() -> Self {
        Self {
            count: 0,
            lowest_infinities: 0,
            negative: Store::default(),
            zeros: 0,
            positive: Store::default(),
            smallest: f64::INFINITY,
            largest: f64::NEG_INFINITY,
        }
    }

    #[inline]
    fn add(&mut self, number: f64, scale: &Scale) {
        self.count += 1;
        if number.is_infinite() {
            // The highest ones are what is left when all else is counted.
            self.lowest_infinities += u64::from(number < 0.0);
            return;
        }
        if number.abs() < f64::MIN_POSITIVE {
            self.zeros += 1;
            return;
        }
        self.smallest = self.smallest.min(number);
        self.largest = self.largest.max(number);
        let bucket = scale.bucket_of(number.abs());
        let store = match number < 0.0 {
            true => &mut self.negative,
            false => &mut self.positive,
        };
        store.add(bucket, 1, scale.most);
    }

    fn merge(&mut self, other: Self, scale: &Scale) {
        self.count += other.count;
        self.lowest_infinities += other.lowest_infinities;
        self.negative.merge(other.negative, scale.most);
        self.zeros += other.zeros;
        self.positive.merge(other.positive, scale.most);
        self.smallest = self.smallest.min(other.smallest);
        self.largest = self.largest.max(other.largest);
    }

    /// What lies at `rank`, counted from one.
    fn at(&self, rank: u64, scale: &Scale) -> f64 {
        let ends = |number: f64| number.max(self.smallest).min(self.largest);
        let negative = self.negative.buckets().rev();
        let negative = negative.map(|(b, count)| (ends(-scale.middle_of(b)), count));
        let positive = self.positive.buckets();
        let positive = positive.map(|(b, count)| (ends(scale.middle_of(b)), count));
        let ascending = [(f64::NEG_INFINITY, self.lowest_infinities)]
            .into_iter()
            .chain(negative)
            .chain([(0.0, self.zeros)])
            .chain(positive);
        let mut below = 0;
        for (number, count) in ascending {
            below += count;
            if below >= rank {
                return number;
            }
        }
        f64::INFINITY
    }
}

/// What is remembered of the numbers: which state it is in depends on how many
/// there were, and on nothing else.
#[derive(Clone, Debug)]
pub struct QuantileSketch {
    /// The numbers themselves, while they are few.
    few: Vec<f64>,
    many: Option<Box<Buckets>>,
}

impl QuantileSketch {
    #[inline]
    fn add(&mut self, number: f64, scale: &Scale) {
        match &mut self.many {
            Some(buckets) => buckets.add(number, scale),
            None if self.few.len() < FEW => self.few.push(number),
            None => self.spill(scale).add(number, scale),
        }
    }

    /// Puts the few into buckets.
    #[cold]
    fn spill(&mut self, scale: &Scale) -> &mut Buckets {
        let buckets = self.many.get_or_insert_with(|| Box::new(Buckets::new()));
        for number in std::mem::take(&mut self.few) {
            buckets.add(number, scale);
        }
        buckets
    }
}

impl<T, V, F, const N: usize> Aggregate<T> for Quantiles<F, N>
where
    V: Summable,
    F: Fn(&T) -> V,
{
    type Accumulator = QuantileSketch;
    type Output = [f64; N];

    #[inline]
    fn create(&self) -> QuantileSketch {
        QuantileSketch {
            few: Vec::new(),
            many: None,
        }
    }

    #[inline]
    fn add(&self, sketch: &mut QuantileSketch, value: &T) {
        let number = (self.number)(value).into_f64();
        if !number.is_nan() {
            sketch.add(number, &self.scale);
        }
    }

    fn merge(&self, sketch: &mut QuantileSketch, mut other: QuantileSketch) {
        if sketch.many.is_none() && other.many.is_some() {
            std::mem::swap(sketch, &mut other);
        }
        if let Some(buckets) = other.many {
            sketch.spill(&self.scale).merge(*buckets, &self.scale);
        }
        if sketch.few.is_empty() && sketch.many.is_none() {
            sketch.few = other.few;
        } else {
            for number in other.few {
                sketch.add(number, &self.scale);
            }
        }
    }

    fn finish(&self, mut sketch: QuantileSketch) -> [f64; N] {
        sketch.few.sort_unstable_by(f64::total_cmp);
        self.quantiles.map(|quantile| match &sketch.many {
            Some(buckets) => buckets.at(nearest_rank(quantile, buckets.count), &self.scale),
            None => {
                let rank = nearest_rank(quantile, sketch.few.len() as u64);
                let number = sketch.few.get(rank as usize - 1);
                // Nothing but NaN came.
                number.copied().unwrap_or(f64::NAN)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::{every_way, fold};
    use crate::aggregate::ExactQuantiles;
    use proptest::prelude::*;

    const ASKED: [f64; 8] = [0.0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];

    fn within(accuracy: f64) -> Quantiles<impl Fn(&f64) -> f64 + Copy, 8> {
        Quantiles::of(ASKED, |number: &f64| *number)
            .and_then(|quantiles| quantiles.with_accuracy(accuracy))
            .expect("quantiles")
    }

    /// Uniform, exponential, heavy-tailed (below 1e18), of both signs with
    /// zeros, and all the same.
    fn shaped(shape: usize, uniform: f64) -> f64 {
        match shape {
            0 => uniform * 1e6,
            // Not beyond the orders of magnitude for which there are buckets.
            1 => -(1.0 - uniform.max(1e-9)).ln() * 1e-6,
            2 => (1.0 - uniform).max(1e-4).powi(-3),
            3 if (0.4..0.5).contains(&uniform) => 0.0,
            3 => ((uniform - 0.45) * 20.0).powi(5),
            _ => 1234.5,
        }
    }

    proptest! {
        #[test]
        fn they_are_as_accurate_as_promised_however_folded(
            shape in 0usize..5,
            uniform in prop::collection::vec(0.0..1.0f64, 1..400),
            accuracy in prop::sample::select(vec![0.0001, 0.001, 0.01, 0.1, 0.9]),
            split in any::<prop::sample::Index>(),
        ) {
            let numbers: Vec<f64> = uniform.into_iter().map(|u| shaped(shape, u)).collect();
            let exact = ExactQuantiles::of(ASKED, |number: &f64| *number).expect("quantiles");
            let [exact, ..] = every_way(&exact, &numbers, 0);
            let split = split.index(numbers.len() + 1);
            let results = every_way(&within(accuracy), &numbers, split);
            prop_assert_eq!(results, [results[0]; 3]);
            for (estimate, exact) in results[0].into_iter().zip(exact) {
                let slack = exact.abs() * accuracy * (1.0 + 1e-6);
                prop_assert!((estimate - exact).abs() <= slack, "{} not {}", estimate, exact);
            }
        }

        #[test]
        fn buckets_do_not_depend_on_the_order(
            exponents in prop::collection::vec(-300i32..300, 33..100),
            split in 0usize..100,
        ) {
            // Many more orders of magnitude than there are buckets for.
            let sign = |exponent: i32| if exponent % 3 == 0 { -1.0 } else { 1.0 };
            let numbers: Vec<f64> = exponents
                .iter()
                .map(|exponent| sign(*exponent) * 10f64.powi(*exponent))
                .collect();
            let aggregate = within(0.1);
            let (left, right) = numbers.split_at(split.min(numbers.len()));
            let whole = fold(&aggregate, &numbers, 0).many;
            for (first, second) in [(left, right), (right, left)] {
                let mut merged = fold(&aggregate, first, 0);
                aggregate.merge(&mut merged, fold(&aggregate, second, 0));
                prop_assert_eq!(&merged.many, &whole);
            }
            let buckets = whole.expect("many");
            for store in [&buckets.negative, &buckets.positive] {
                prop_assert!(store.counts.len() <= aggregate.scale.most as usize);
            }
            let counted = |store: &Store| store.counts.iter().sum::<u64>();
            let all = counted(&buckets.negative) + counted(&buckets.positive);
            prop_assert_eq!(all, numbers.len() as u64);
        }
    }

    #[test]
    fn the_largest_keep_their_accuracy_when_the_smallest_collapse() {
        // Three orders of magnitude beyond what there are buckets for.
        let numbers: Vec<f64> = (-10..=11).map(|e| 10f64.powi(e)).cycle().take(66).collect();
        let [[.., p75, p95, _, largest], ..] = every_way(&within(0.01), &numbers, 20);
        for (estimate, exact) in [(p75, 1e6), (p95, 1e10), (largest, 1e11)] {
            assert!(
                (estimate / exact - 1.0f64).abs() <= 0.01 + 1e-9,
                "{estimate}"
            );
        }
    }

    #[test]
    fn a_few_numbers_are_exact() {
        let numbers: Vec<f64> = (1..=32).map(f64::from).collect();
        for split in 0..=numbers.len() {
            let expected = [1.0, 1.0, 8.0, 16.0, 24.0, 31.0, 32.0, 32.0];
            assert_eq!(every_way(&within(0.5), &numbers, split), [expected; 3]);
        }
    }

    #[test]
    fn nothing_lies_beyond_the_smallest_and_the_largest() {
        for number in [7.3, -7.3, f64::MAX, f64::MIN, f64::MIN_POSITIVE] {
            for result in every_way(&within(0.1), &[number; 100], 40) {
                assert_eq!(result, [number; 8]);
            }
        }
    }

    #[test]
    fn what_is_not_finite_takes_its_rank_or_none() {
        let odd = [
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE / 2.0,
            -0.0,
        ];
        let aggregate = Quantiles::of([0.0, 0.3, 0.5, 0.7, 1.0], |n: &f64| *n).expect("quantiles");
        for copies in [1, 10] {
            // Few, and many.
            let numbers: Vec<f64> = odd.iter().copied().cycle().take(7 * copies).collect();
            for split in 0..=numbers.len() {
                for result in every_way(&aggregate, &numbers, split) {
                    let [lowest, low, middle, high, highest] = result;
                    assert_eq!((lowest, highest), (f64::NEG_INFINITY, f64::INFINITY));
                    assert!((low / f64::MIN - 1.0f64).abs() <= 0.01, "{low}");
                    assert!(middle.abs() <= f64::MIN_POSITIVE, "{middle}");
                    let high = high.min(f64::MAX);
                    assert!(high.abs() < 1.0 || high > 0.99 * f64::MAX, "{high}");
                }
            }
        }
        for result in every_way(&aggregate, &[f64::NAN, f64::NAN], 1) {
            assert!(result.iter().all(|quantile| quantile.is_nan()));
        }
    }

    #[test]
    fn an_accuracy_out_of_range_is_refused_with_a_way_out() {
        for accuracy in [0.0, -0.01, 1.0, 0.00009, f64::NAN, f64::INFINITY] {
            let error = Quantiles::of([0.5], |number: &f64| *number)
                .and_then(|quantiles| quantiles.with_accuracy(accuracy))
                .map(|_| ())
                .expect_err("out of range")
                .to_string();
            assert!(error.contains("from 0.0001 to below 1"), "{error}");
        }
    }
}
