use super::{Either, Rejected};
use crate::exchange::SideRings;
use crate::plan::Leg;
use crate::{partition_of, Chain, Plan};
use std::hash::Hash;

/// The side output of an operator of two streams.
pub(crate) type EitherRings<L, R> = SideRings<Rejected<Either<L, R>>>;

/// The key of a record of either of two streams.
pub(crate) fn key_of_either<L, R, K>(
    left: impl Fn(&L) -> K + Clone + Send + 'static,
    right: impl Fn(&R) -> K + Clone + Send + 'static,
) -> impl Fn(&Either<L, R>) -> K + Clone + Send + 'static {
    move |record: &Either<L, R>| match record {
        Either::Left(value) => left(value),
        Either::Right(value) => right(value),
    }
}

/// Two streams on their way to where records of one key meet, one instance of
/// `consumers`.
pub(crate) fn keyed_legs<A, B, F, K>(
    plan: &Plan,
    left: A,
    right: B,
    key_of: &F,
    consumers: usize,
) -> Vec<Leg<Either<A::Item, B::Item>>>
where
    A: Chain,
    B: Chain,
    F: Fn(&Either<A::Item, B::Item>) -> K + Clone + Send + 'static,
    K: Hash,
{
    let route = {
        let key_of = key_of.clone();
        move |record: &Either<A::Item, B::Item>| match consumers {
            1 => 0,
            _ => partition_of(&key_of(record), consumers),
        }
    };
    vec![
        Leg::routed(plan, "left, hash by key", left, Either::Left, route.clone()),
        Leg::routed(plan, "right, hash by key", right, Either::Right, route),
    ]
}
