use super::Aggregate;

/// A value of the record that came first.
///
/// Records folded with [`add`](Aggregate::add), which gives them no number,
/// count as number 0. Equal numbers go by the order of the calls.
///
/// ```
/// use fluxus_windows::aggregate::First;
/// use fluxus_windows::Aggregate;
///
/// let opening = First::of(|trade: &(&str, f64)| trade.1);
/// let mut first = opening.create();
/// opening.add_numbered(&mut first, &("late", 7.5), 12);
/// opening.add_numbered(&mut first, &("early", 7.0), 11);
/// assert_eq!(opening.finish(first), 7.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct First<F> {
    value: F,
}

/// A value of the record that came last.
///
/// Records folded with [`add`](Aggregate::add), which gives them no number,
/// count as number 0. Equal numbers go by the order of the calls.
///
/// ```
/// use fluxus_windows::aggregate::Last;
/// use fluxus_windows::Aggregate;
///
/// let state = Last::record();
/// let mut last = state.create();
/// state.add_numbered(&mut last, &"shipped", 12);
/// state.add_numbered(&mut last, &"packed", 11);
/// assert_eq!(state.finish(last), "shipped");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Last<F> {
    value: F,
}

macro_rules! arrival {
    ($name:ident, $word:literal, $replaces:expr) => {
        impl<F> $name<F> {
            #[doc = concat!("What `value` takes from the record that came ", $word, ".")]
            pub fn of<T, V>(value: F) -> Self
            where
                F: Fn(&T) -> V,
            {
                Self { value }
            }
        }

        impl $name<()> {
            #[doc = concat!("The whole record that came ", $word, ".")]
            pub fn record<T: Clone>() -> $name<impl Fn(&T) -> T + Copy + Send + Sync> {
                $name { value: T::clone }
            }
        }

        impl<T, V: Clone + Send + 'static, F: Fn(&T) -> V> Aggregate<T> for $name<F> {
            type Accumulator = Option<(u64, V)>;
            type Output = V;

            const NUMBERED: bool = true;

            #[inline]
            fn create(&self) -> Self::Accumulator {
                None
            }

            #[inline]
            fn add(&self, held: &mut Self::Accumulator, value: &T) {
                self.add_numbered(held, value, 0);
            }

            #[inline]
            fn add_numbered(&self, held: &mut Self::Accumulator, value: &T, number: u64) {
                let replaces: fn(u64, u64) -> bool = $replaces;
                match held {
                    Some((at, _)) if !replaces(number, *at) => {}
                    _ => *held = Some((number, (self.value)(value))),
                }
            }

            #[inline]
            fn merge(&self, held: &mut Self::Accumulator, other: Self::Accumulator) {
                let replaces: fn(u64, u64) -> bool = $replaces;
                match (&*held, &other) {
                    (_, None) => {}
                    (Some((at, _)), Some((number, _))) if !replaces(*number, *at) => {}
                    _ => *held = other,
                }
            }

            /// # Panics
            /// When no record was folded in, which the contract of
            /// [`Aggregate`] rules out.
            #[inline]
            fn finish(&self, held: Self::Accumulator) -> V {
                held.expect("finish follows at least one add").1
            }
        }
    };
}

arrival!(First, "first", |number, held| number < held);
arrival!(Last, "last", |number, held| number >= held);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_go_by_the_order_of_the_calls() {
        let (first, last) = (First::of(|v: &i32| *v), Last::of(|v: &i32| *v));
        let both = (first, last);
        let (mut held, mut other) = (both.create(), both.create());
        both.add(&mut held, &1);
        both.add(&mut held, &2);
        both.add(&mut other, &3);
        both.merge(&mut held, other);
        assert_eq!(both.finish(held), (1, 3));
    }
}
