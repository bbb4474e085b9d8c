use super::Aggregate;

/// How many records there were.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count;

impl<T> Aggregate<T> for Count {
    type Accumulator = u64;
    type Output = u64;

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
    fn finish(&self, count: u64) -> u64 {
        count
    }
}
