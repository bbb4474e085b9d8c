use super::{Aggregate, Summable};

/// The arithmetic mean of a number of each record.
///
/// Integers are summed exactly and rounded once, at the end.
///
/// ```
/// use fluxus_windows::aggregate::Mean;
/// use fluxus_windows::Aggregate;
///
/// let celsius = Mean::of(|celsius: &f64| *celsius);
/// let mut state = celsius.create();
/// celsius.add(&mut state, &20.0);
/// celsius.add(&mut state, &21.0);
/// assert_eq!(celsius.finish(state), 20.5);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Mean<F> {
    number: F,
}

impl<F> Mean<F> {
    /// The mean of what `number` takes from each record.
    pub fn of<T, N: Summable>(number: F) -> Self
    where
        F: Fn(&T) -> N,
    {
        Self { number }
    }
}

impl<T, N: Summable, F: Fn(&T) -> N> Aggregate<T> for Mean<F> {
    type Accumulator = (N::Total, u64);
    type Output = f64;

    const RETRACTS: bool = N::EXACT;

    #[inline]
    fn create(&self) -> Self::Accumulator {
        (N::ZERO, 0)
    }

    #[inline]
    fn add(&self, (total, count): &mut Self::Accumulator, value: &T) {
        *total = (self.number)(value).add_to(*total);
        *count += 1;
    }

    #[inline]
    fn merge(&self, (total, count): &mut Self::Accumulator, other: Self::Accumulator) {
        *total = N::join(*total, other.0);
        *count += other.1;
    }

    #[inline]
    fn retract(&self, (total, count): &mut Self::Accumulator, other: &Self::Accumulator) {
        *total = N::take_from(*total, other.0);
        *count -= other.1;
    }

    #[inline]
    fn finish(&self, (total, count): Self::Accumulator) -> f64 {
        N::to_f64(total) / count as f64
    }
}
