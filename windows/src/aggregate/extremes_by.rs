use super::order::best_first;
use super::Aggregate;
use std::cmp::Ordering;

/// The record with the smallest key, the one that came first of those with
/// equal keys.
///
/// A key that does not compare with itself (a floating point NaN) counts only
/// while there is no other.
///
/// ```
/// use fluxus_windows::aggregate::MinBy;
/// use fluxus_windows::Aggregate;
///
/// let cheapest = MinBy::key(|offer: &(&str, f64)| offer.1);
/// let mut held = cheapest.create();
/// cheapest.add_numbered(&mut held, &("Hull", 9.5), 0);
/// cheapest.add_numbered(&mut held, &("Nantucket", 7.0), 1);
/// assert_eq!(cheapest.finish(held), ("Nantucket", 7.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MinBy<F> {
    key: F,
}

/// The record with the largest key, the one that came first of those with
/// equal keys.
///
/// A key that does not compare with itself (a floating point NaN) counts only
/// while there is no other.
///
/// ```
/// use fluxus_windows::aggregate::MaxBy;
/// use fluxus_windows::Aggregate;
///
/// let dearest = MaxBy::key(|offer: &(&str, f64)| offer.1);
/// let mut held = dearest.create();
/// dearest.add_numbered(&mut held, &("Hull", 9.5), 0);
/// dearest.add_numbered(&mut held, &("Nantucket", 7.0), 1);
/// assert_eq!(dearest.finish(held), ("Hull", 9.5));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MaxBy<F> {
    key: F,
}

/// A record, its key, and as which it came.
#[derive(Clone, Debug)]
pub struct Keyed<K, T> {
    key: K,
    number: u64,
    record: T,
}

impl<K: PartialOrd, T> Keyed<K, T> {
    /// Whether a record with `key` that came as the `number`-th goes before.
    #[inline]
    fn yields_to(&self, key: &K, number: u64, wanted: Ordering) -> bool {
        let order = best_first(key, &self.key, wanted);
        order.then(number.cmp(&self.number)).is_lt()
    }
}

macro_rules! extreme_by {
    ($name:ident, $wanted:expr, $word:literal) => {
        impl<F> $name<F> {
            #[doc = concat!("The record of which `key` gives the ", $word, " key.")]
            pub fn key<T, K: PartialOrd>(key: F) -> Self
            where
                F: Fn(&T) -> K,
            {
                Self { key }
            }
        }

        impl<T, K, F> Aggregate<T> for $name<F>
        where
            T: Clone + Send + 'static,
            K: PartialOrd + Clone + Send + 'static,
            F: Fn(&T) -> K,
        {
            type Accumulator = Option<Keyed<K, T>>;
            type Output = T;

            const NUMBERED: bool = true;

            #[inline]
            fn create(&self) -> Self::Accumulator {
                None
            }

            /// As a record that came as number 0.
            #[inline]
            fn add(&self, held: &mut Self::Accumulator, value: &T) {
                self.add_numbered(held, value, 0);
            }

            #[inline]
            fn add_numbered(&self, held: &mut Self::Accumulator, value: &T, number: u64) {
                let key = (self.key)(value);
                match held {
                    Some(held) if !held.yields_to(&key, number, $wanted) => {}
                    _ => {
                        let record = value.clone();
                        *held = Some(Keyed {
                            key,
                            number,
                            record,
                        });
                    }
                }
            }

            #[inline]
            fn merge(&self, held: &mut Self::Accumulator, other: Self::Accumulator) {
                match (&*held, &other) {
                    (_, None) => {}
                    (Some(held), Some(o)) if !held.yields_to(&o.key, o.number, $wanted) => {}
                    _ => *held = other,
                }
            }

            /// # Panics
            /// When no record was folded in, which the contract of
            /// [`Aggregate`] rules out.
            #[inline]
            fn finish(&self, held: Self::Accumulator) -> T {
                held.expect("finish follows at least one add").record
            }
        }
    };
}

extreme_by!(MinBy, Ordering::Less, "smallest");
extreme_by!(MaxBy, Ordering::Greater, "largest");
