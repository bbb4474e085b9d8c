use super::Aggregate;

/// A number that can be summed without overflow.
///
/// The total of integers up to 32 bits is kept in 64, of 64 bits (and of
/// `usize` and `isize`) in 128: more records than a `u64` can count would be needed to overflow it. Totals of
/// floating point are `f64`; there the order of records shows in the last bits.
pub trait Summable: Copy {
    /// The type of a total.
    type Total: Copy + Send + PartialEq + std::fmt::Debug + 'static;
    /// The total of nothing.
    const ZERO: Self::Total;
    /// Whether totals are exact, so that [`take_from`](Self::take_from) gives
    /// back the very total that was there before. True of integers; not of
    /// floating point, where the last bits drift and an infinity never leaves.
    const EXACT: bool;
    /// A total with one number more.
    fn add_to(self, total: Self::Total) -> Self::Total;
    /// Two totals in one.
    fn join(total: Self::Total, other: Self::Total) -> Self::Total;
    /// A total without `other`, which was [joined](Self::join) to it before.
    fn take_from(total: Self::Total, other: Self::Total) -> Self::Total;
    /// The total as a floating point number, rounded if need be.
    fn to_f64(total: Self::Total) -> f64;
    /// The number itself as a floating point number, rounded if need be.
    fn into_f64(self) -> f64;
}

macro_rules! summable {
    ($($number:ty => $total:ty, $zero:expr, $exact:expr;)*) => {$(
        impl Summable for $number {
            type Total = $total;
            const ZERO: $total = $zero;
            const EXACT: bool = $exact;

            #[inline]
            fn add_to(self, total: $total) -> $total {
                // Every total of the table is wide enough for its number.
                total + self as $total
            }

            #[inline]
            fn join(total: $total, other: $total) -> $total {
                total + other
            }

            #[inline]
            fn take_from(total: $total, other: $total) -> $total {
                total - other
            }

            #[inline]
            fn to_f64(total: $total) -> f64 {
                total as f64
            }

            #[inline]
            fn into_f64(self) -> f64 {
                self as f64
            }
        }
    )*};
}

summable! {
    u8 => u64, 0, true;
    u16 => u64, 0, true;
    u32 => u64, 0, true;
    u64 => u128, 0, true;
    usize => u128, 0, true;
    i8 => i64, 0, true;
    i16 => i64, 0, true;
    i32 => i64, 0, true;
    i64 => i128, 0, true;
    isize => i128, 0, true;
    f32 => f64, 0.0, false;
    f64 => f64, 0.0, false;
}

/// The sum of a number of each record.
///
/// ```
/// use fluxus_windows::aggregate::Sum;
/// use fluxus_windows::Aggregate;
///
/// let bytes = Sum::of(|packet: &(u32, u64)| packet.1);
/// let mut total = bytes.create();
/// bytes.add(&mut total, &(7, 1500));
/// assert_eq!(bytes.finish(total), 1500);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sum<F> {
    number: F,
}

impl<F> Sum<F> {
    /// Sums what `number` takes from each record.
    pub fn of<T, N: Summable>(number: F) -> Self
    where
        F: Fn(&T) -> N,
    {
        Self { number }
    }
}

impl<T, N: Summable, F: Fn(&T) -> N> Aggregate<T> for Sum<F> {
    type Accumulator = N::Total;
    type Output = N::Total;

    const RETRACTS: bool = N::EXACT;

    #[inline]
    fn create(&self) -> N::Total {
        N::ZERO
    }

    #[inline]
    fn add(&self, total: &mut N::Total, value: &T) {
        *total = (self.number)(value).add_to(*total);
    }

    #[inline]
    fn merge(&self, total: &mut N::Total, other: N::Total) {
        *total = N::join(*total, other);
    }

    #[inline]
    fn retract(&self, total: &mut N::Total, other: &N::Total) {
        *total = N::take_from(*total, *other);
    }

    #[inline]
    fn finish(&self, total: N::Total) -> N::Total {
        total
    }
}
