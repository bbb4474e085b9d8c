use super::order::best_first;
use super::Aggregate;
use std::cmp::Ordering;

/// The smallest value taken from the records, the first one of equals.
///
/// A value that does not compare with itself (a floating point NaN) counts only
/// while there is no other.
///
/// ```
/// use fluxus_windows::aggregate::Min;
/// use fluxus_windows::Aggregate;
///
/// let price = Min::of(|trade: &(u32, f64)| trade.1);
/// let mut held = price.create();
/// price.add(&mut held, &(1, 7.0));
/// price.add(&mut held, &(2, 3.5));
/// assert_eq!(price.finish(held), 3.5);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Min<F> {
    value: F,
}

/// The largest value taken from the records, the first one of equals.
///
/// A value that does not compare with itself (a floating point NaN) counts only
/// while there is no other.
///
/// ```
/// use fluxus_windows::aggregate::Max;
/// use fluxus_windows::Aggregate;
///
/// let price = Max::of(|trade: &(u32, f64)| trade.1);
/// let mut held = price.create();
/// price.add(&mut held, &(1, 7.0));
/// price.add(&mut held, &(2, 3.5));
/// assert_eq!(price.finish(held), 7.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Max<F> {
    value: F,
}

/// Puts `candidate` in the place of what is held if it is `wanted` against it.
#[inline]
fn replace_if<V: PartialOrd>(held: &mut Option<V>, candidate: V, wanted: Ordering) {
    let replaces = match held.as_ref() {
        None => true,
        Some(held) => best_first(&candidate, held, wanted).is_lt(),
    };
    if replaces {
        *held = Some(candidate);
    }
}

macro_rules! extreme {
    ($name:ident, $wanted:expr, $word:literal) => {
        impl<F> $name<F> {
            #[doc = concat!("The ", $word, " of what `value` takes from each record.")]
            pub fn of<T, V: PartialOrd>(value: F) -> Self
            where
                F: Fn(&T) -> V,
            {
                Self { value }
            }
        }

        impl<T, V: PartialOrd + Clone + Send + 'static, F: Fn(&T) -> V> Aggregate<T> for $name<F> {
            type Accumulator = Option<V>;
            type Output = V;

            #[inline]
            fn create(&self) -> Option<V> {
                None
            }

            #[inline]
            fn add(&self, held: &mut Option<V>, value: &T) {
                replace_if(held, (self.value)(value), $wanted);
            }

            #[inline]
            fn merge(&self, held: &mut Option<V>, other: Option<V>) {
                if let Some(other) = other {
                    replace_if(held, other, $wanted);
                }
            }

            /// # Panics
            /// When no record was folded in, which the contract of
            /// [`Aggregate`] rules out.
            #[inline]
            fn finish(&self, held: Option<V>) -> V {
                held.expect("finish follows at least one add")
            }
        }
    };
}

extreme!(Min, Ordering::Less, "smallest");
extreme!(Max, Ordering::Greater, "largest");
