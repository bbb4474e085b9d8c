use super::Aggregate;

/// Several aggregates in one pass over the records: a tuple of two to six is
/// itself an aggregate, and its result the tuple of theirs.
macro_rules! several {
    ($($aggregate:ident $place:tt),*) => {
        impl<T, $($aggregate: Aggregate<T>),*> Aggregate<T> for ($($aggregate,)*) {
            type Accumulator = ($($aggregate::Accumulator,)*);
            type Output = ($($aggregate::Output,)*);

            const NUMBERED: bool = $($aggregate::NUMBERED ||)* false;
            const RETRACTS: bool = $($aggregate::RETRACTS &&)* true;
            const GROWS: bool = $($aggregate::GROWS ||)* false;

            #[inline]
            fn create(&self) -> Self::Accumulator {
                ($(self.$place.create(),)*)
            }

            #[inline]
            fn add(&self, accumulator: &mut Self::Accumulator, value: &T) {
                $(self.$place.add(&mut accumulator.$place, value);)*
            }

            #[inline]
            fn add_numbered(&self, accumulator: &mut Self::Accumulator, value: &T, number: u64) {
                $(self.$place.add_numbered(&mut accumulator.$place, value, number);)*
            }

            #[inline]
            fn retract(&self, accumulator: &mut Self::Accumulator, other: &Self::Accumulator) {
                $(self.$place.retract(&mut accumulator.$place, &other.$place);)*
            }

            #[inline]
            fn merge(&self, accumulator: &mut Self::Accumulator, other: Self::Accumulator) {
                $(self.$place.merge(&mut accumulator.$place, other.$place);)*
            }

            #[inline]
            fn finish(&self, accumulator: Self::Accumulator) -> Self::Output {
                ($(self.$place.finish(accumulator.$place),)*)
            }
        }
    };
}

several!(A 0, B 1);
several!(A 0, B 1, C 2);
several!(A 0, B 1, C 2, D 3);
several!(A 0, B 1, C 2, D 3, E 4);
several!(A 0, B 1, C 2, D 3, E 4, G 5);
