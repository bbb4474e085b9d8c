use super::Aggregate;

/// Another aggregate over those records only for which a predicate holds.
///
/// A window closes when it has records, whether any of them passed or not; so
/// the result is `None` where none did.
///
/// ```
/// use fluxus_windows::aggregate::{Count, Filtered};
/// use fluxus_windows::Aggregate;
///
/// // How many requests there were, and how many of them failed.
/// let requests = (Count, Filtered::new(|status: &u16| *status >= 500, Count));
/// let mut state = requests.create();
/// requests.add(&mut state, &200);
/// assert_eq!(requests.finish(state), (1, None));
/// requests.add(&mut state, &503);
/// assert_eq!(requests.finish(state), (2, Some(1)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Filtered<P, A> {
    predicate: P,
    aggregate: A,
}

impl<P, A> Filtered<P, A> {
    /// Folds with `aggregate` the records for which `predicate` holds.
    pub fn new<T>(predicate: P, aggregate: A) -> Self
    where
        P: Fn(&T) -> bool,
        A: Aggregate<T>,
    {
        Self {
            predicate,
            aggregate,
        }
    }
}

impl<T, P: Fn(&T) -> bool, A: Aggregate<T>> Aggregate<T> for Filtered<P, A> {
    /// How many records passed, and what they were folded into.
    type Accumulator = (u64, A::Accumulator);
    type Output = Option<A::Output>;

    const NUMBERED: bool = A::NUMBERED;
    const RETRACTS: bool = A::RETRACTS;
    const GROWS: bool = A::GROWS;

    #[inline]
    fn create(&self) -> Self::Accumulator {
        (0, self.aggregate.create())
    }

    #[inline]
    fn add(&self, (passed, inner): &mut Self::Accumulator, value: &T) {
        if (self.predicate)(value) {
            *passed += 1;
            self.aggregate.add(inner, value);
        }
    }

    #[inline]
    fn add_numbered(&self, (passed, inner): &mut Self::Accumulator, value: &T, number: u64) {
        if (self.predicate)(value) {
            *passed += 1;
            self.aggregate.add_numbered(inner, value, number);
        }
    }

    #[inline]
    fn merge(&self, (passed, inner): &mut Self::Accumulator, other: Self::Accumulator) {
        *passed += other.0;
        self.aggregate.merge(inner, other.1);
    }

    #[inline]
    fn retract(&self, (passed, inner): &mut Self::Accumulator, other: &Self::Accumulator) {
        *passed -= other.0;
        self.aggregate.retract(inner, &other.1);
    }

    #[inline]
    fn finish(&self, (passed, inner): Self::Accumulator) -> Option<A::Output> {
        (passed > 0).then(|| self.aggregate.finish(inner))
    }
}
