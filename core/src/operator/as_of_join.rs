use super::join_operator::{held_in_pairs, JoinOperator, Joining};
use super::keyed_legs::{key_of_either, keyed_legs, EitherRings};
use super::side_lanes::SideLanes;
use super::waiting::Caches;
use super::{Either, JoinedPair, Rejected, SideStream};
use crate::{Chain, Collector, Error, Instance, Name, Named, Plan, Rejects, Spread, Timed};
use fluxus_windows::{Ahead, AsOfPairs, Declined, JoinKind, JoinLimit, JoinStats, Timestamp};
use std::hash::Hash;
use std::marker::PhantomData;
use std::time::Duration;

/// Each left record, and the right record of its key that held at its time: the
/// latest at or before it.
///
/// Records of one key meet on one core. A left record waits until the watermark,
/// the least of both streams', is at its time: then all versions that could hold
/// there have come. Rows come out at the time of their left record, those of one key
/// in the order of time. What comes at or behind the watermark is late.
pub struct AsOfJoin<A: Chain, B: Chain, F, G, J> {
    name: Name,
    left: A,
    right: B,
    left_key: F,
    right_key: G,
    tolerance: Option<Duration>,
    kind: J,
    record_limit: usize,
    rejected: Option<EitherRings<A::Item, B::Item>>,
}

impl<A: Chain, B: Chain, F, G, J> AsOfJoin<A, B, F, G, J> {
    /// The records of `left`, each with the version of `right` that held at its
    /// time, for `tolerance` if there is one. Each instance holds at most
    /// `record_limit` records.
    pub fn new(
        name: Name,
        (left, left_key): (A, F),
        (right, right_key): (B, G),
        tolerance: Option<Duration>,
        kind: J,
        record_limit: usize,
    ) -> Self {
        Self {
            name,
            left,
            right,
            left_key,
            right_key,
            tolerance,
            kind,
            record_limit,
            rejected: None,
        }
    }
}

impl<A: Chain, B: Chain, F, G, J> Rejects for AsOfJoin<A, B, F, G, J> {
    type Record = Either<A::Item, B::Item>;

    fn rejected(
        &mut self,
        plan: &mut Plan,
        name: Name,
    ) -> Result<SideStream<Rejected<Self::Record>>, Error> {
        let instances = plan.keyed_instances();
        SideStream::begin_once(plan, name, instances, &mut self.rejected)
    }
}

impl<A: Chain, B: Chain, F, G, J> Named for AsOfJoin<A, B, F, G, J> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<A: Timed, B: Timed, F, G, J> Timed for AsOfJoin<A, B, F, G, J> where Self: Chain {}

impl<A, B, F, G, K, J> Chain for AsOfJoin<A, B, F, G, J>
where
    A: Chain,
    B: Chain,
    B::Item: Clone,
    F: Fn(&A::Item) -> K + Clone + Send + 'static,
    G: Fn(&B::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    J: JoinKind,
{
    type Item = JoinedPair<K, J::Left<A::Item>, J::Right<B::Item>>;

    fn instances(&self, plan: &Plan) -> Spread {
        plan.keyed_instances()
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let name = self.name;
        let consumers = plan.keyed_instances();
        let key_of = key_of_either(self.left_key, self.right_key);
        let legs = keyed_legs(plan, self.left, self.right, &key_of, consumers.count);
        plan.operator(&match self.tolerance {
            Some(tolerance) => format!("{name} (as of, {}, within {tolerance:?})", self.kind),
            None => format!("{name} (as of, {})", self.kind),
        });
        let mut side = SideLanes::new(&name, plan, self.rejected);
        let (tolerance, records) = (self.tolerance, self.record_limit);
        let operators = {
            let name = name.clone();
            move |instance: &Instance| {
                let keys = instance.state_limit;
                let limit = JoinLimit { keys, records };
                let join = AsOf::<_, _, _, _, J>::new(key_of.clone(), tolerance, limit);
                let side = side.next(instance);
                JoinOperator::new(&name, instance, join, side, downstream(instance))
            }
        };
        plan.meet(&name, legs, consumers, operators)
    }
}

/// An as-of join, as it is driven.
pub(super) struct AsOf<K, L, R, F, J> {
    key_of: F,
    pairs: AsOfPairs<K, L, R>,
    most_records: usize,
    kind: PhantomData<J>,
}

impl<K: Hash + Eq, L, R, F, J> AsOf<K, L, R, F, J> {
    pub(super) fn new(key_of: F, tolerance: Option<Duration>, limit: JoinLimit) -> Self {
        let pairs = AsOfPairs::new(limit);
        Self {
            key_of,
            pairs: match tolerance {
                Some(tolerance) => pairs.with_tolerance(tolerance),
                None => pairs,
            },
            most_records: limit.records,
            kind: PhantomData,
        }
    }
}

impl<K, L, R, F, J> Joining<L, R> for AsOf<K, L, R, F, J>
where
    K: Hash + Eq + Clone,
    L: Send + 'static,
    R: Clone + Send + 'static,
    F: Fn(&Either<L, R>) -> K,
    J: JoinKind,
{
    type Key = K;
    type Row = JoinedPair<K, J::Left<L>, J::Right<R>>;

    held_in_pairs!();

    #[inline]
    fn has_rows(&self) -> bool {
        self.pairs.has_due()
    }

    fn emit(&mut self, mut each: impl FnMut(Timestamp, Self::Row) -> bool) -> bool {
        self.pairs.emit(|time, key, left, right| {
            match J::left(Some(left)).zip(J::right(right.cloned())) {
                Some((left, right)) => {
                    let key = key.clone();
                    each(time, JoinedPair { key, left, right })
                }
                None => true,
            }
        })
    }
}
