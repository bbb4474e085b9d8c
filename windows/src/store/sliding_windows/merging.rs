use crate::Aggregate;
use std::marker::PhantomData;

/// What panes ask of an aggregate, whatever the records are.
pub(super) trait Merging<Acc> {
    /// As [`Aggregate::RETRACTS`].
    const RETRACTS: bool;

    fn create(&self) -> Acc;
    fn merge(&self, into: &mut Acc, other: Acc);
    fn retract(&self, from: &mut Acc, other: &Acc);
}

/// Merging as an aggregate does it.
pub(super) struct By<'a, A, T>(&'a A, PhantomData<fn(&T)>);

impl<'a, A, T> By<'a, A, T> {
    pub(super) fn new(aggregate: &'a A) -> Self {
        Self(aggregate, PhantomData)
    }
}

impl<T, A: Aggregate<T>> Merging<A::Accumulator> for By<'_, A, T> {
    const RETRACTS: bool = A::RETRACTS;

    #[inline]
    fn create(&self) -> A::Accumulator {
        self.0.create()
    }

    #[inline]
    fn merge(&self, into: &mut A::Accumulator, other: A::Accumulator) {
        self.0.merge(into, other);
    }

    #[inline]
    fn retract(&self, from: &mut A::Accumulator, other: &A::Accumulator) {
        self.0.retract(from, other);
    }
}

/// Folds `other` into what there is so far, if there is anything.
#[inline]
pub(super) fn merge_into<Acc>(merging: &impl Merging<Acc>, so_far: &mut Option<Acc>, other: Acc) {
    match so_far {
        Some(accumulator) => merging.merge(accumulator, other),
        None => *so_far = Some(other),
    }
}
