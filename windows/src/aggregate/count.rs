use super::Aggregate;

/// How many records there were.
///
/// ```
/// use fluxus_windows::aggregate::Count;
/// use fluxus_windows::Aggregate;
///
/// let mut count = Aggregate::<&str>::create(&Count);
/// Count.add(&mut count, &"whale");
/// Count.add(&mut count, &"sea");
/// assert_eq!(Aggregate::<&str>::finish(&Count, count), 2);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Count;

impl<T> Aggregate<T> for Count {
    type Accumulator = u64;
    type Output = u64;

    const RETRACTS: bool = true;

    #[inline]
    fn create(&self) -> u64 {
        0
    }

    #[inline]
    fn add(&self, count: &mut u64, _: &T) {
        *count += 1;
    }

    #[inline]
    fn merge(&self, count: &mut u64, other: u64) {
        *count += other;
    }

    #[inline]
    fn retract(&self, count: &mut u64, other: &u64) {
        *count -= other;
    }

    #[inline]
    fn finish(&self, count: u64) -> u64 {
        count
    }
}
