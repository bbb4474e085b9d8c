use super::Aggregate;

/// A number that can be summed without overflow.
///
/// The total of integers up to 32 bits is kept in 64, of 64 bits in 128: more
/// records than a `u64` can count would be needed to overflow it. Totals of
/// floating point are `f64`; there the order of records shows in the last bits.
pub trait Summable: Copy {
    /// The type of a total.
    type Total: Copy + Send + PartialEq + std::fmt::Debug + 'static;
    /// The total of nothing.
    const ZERO: Self::Total;
    /// A total with one number more.
    fn add_to(self, total: Self::Total) -> Self::Total;
    /// Two totals in one.
    fn join(total: Self::Total, other: Self::Total) -> Self::Total;
    /// The total as a floating point number, rounded if need be.
    fn to_f64(total: Self::Total) -> f64;
}

macro_rules! summable {
    ($($number:ty => $total:ty, $zero:expr;)*) => {$(
        impl Summable for $number {
            type Total = $total;
            const ZERO: $total = $zero;

            #[inline]
            fn add_to(self, total: $total) -> $total {
                total + <$total>::from(self)
            }

            #[inline]
            fn join(total: $total, other: $total) -> $total {
                total + other
            }

            #[inline]
            fn to_f64(total: $total) -> f64 {
                total as f64
            }
        }
    )*};
}

summable! {
    u8 => u64, 0;
    u16 => u64, 0;
    u32 => u64, 0;
    u64 => u128, 0;
    i8 => i64, 0;
    i16 => i64, 0;
    i32 => i64, 0;
    i64 => i128, 0;
    f32 => f64, 0.0;
    f64 => f64, 0.0;
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
    fn finish(&self, total: N::Total) -> N::Total {
        total
    }
}
