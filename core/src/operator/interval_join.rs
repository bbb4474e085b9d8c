use super::join_operator::{held_in_pairs, JoinOperator, Joining};
use super::keyed_legs::{key_of_either, keyed_legs, EitherRings};
use super::side_lanes::SideLanes;
use super::waiting::Caches;
use super::{Either, JoinedPair, Rejected, SideStream};
use crate::{Chain, Collector, Error, Instance, Name, Named, Plan, Rejects, Spread, Timed};
use fluxus_windows::{
    Ahead, Alone, Declined, IntervalBounds, IntervalPairs, JoinKind, JoinLimit, JoinStats,
    Timestamp,
};
use std::hash::Hash;
use std::marker::PhantomData;

/// Pairs of a left and a right record of one key, whose times lie between bounds.
///
/// Records of one key meet on one core. A pair comes out as soon as its second
/// record does, at the later of the two times; so what comes out is never late. A
/// record is held until the watermark, which is the least of both streams', has put
/// it out of reach of all that may come. One that comes at or behind the watermark
/// is late.
pub struct IntervalJoin<A: Chain, B: Chain, F, G, J> {
    name: Name,
    left: A,
    right: B,
    left_key: F,
    right_key: G,
    bounds: IntervalBounds,
    kind: J,
    record_limit: usize,
    rejected: Option<EitherRings<A::Item, B::Item>>,
}

impl<A: Chain, B: Chain, F, G, J> IntervalJoin<A, B, F, G, J> {
    /// The pairs of `left` and `right` within `bounds`, by key; `kind` says which
    /// records make a row alone. Each instance holds at most `record_limit` records.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        name: Name,
        (left, left_key): (A, F),
        (right, right_key): (B, G),
        bounds: IntervalBounds,
        kind: J,
        record_limit: usize,
    ) -> Self {
        Self {
            name,
            left,
            right,
            left_key,
            right_key,
            bounds,
            kind,
            record_limit,
            rejected: None,
        }
    }
}

impl<A: Chain, B: Chain, F, G, J> Rejects for IntervalJoin<A, B, F, G, J> {
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

impl<A: Chain, B: Chain, F, G, J> Named for IntervalJoin<A, B, F, G, J> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<A: Timed, B: Timed, F, G, J> Timed for IntervalJoin<A, B, F, G, J> where Self: Chain {}

impl<A, B, F, G, K, J> Chain for IntervalJoin<A, B, F, G, J>
where
    A: Chain,
    B: Chain,
    A::Item: Clone,
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
        plan.operator(&format!("{name} ({} join, {})", self.kind, self.bounds));
        let mut side = SideLanes::new(&name, plan, self.rejected);
        let (bounds, records) = (self.bounds, self.record_limit);
        let operators = {
            let name = name.clone();
            move |instance: &Instance| {
                let keys = instance.state_limit;
                let limit = JoinLimit { keys, records };
                let join = Interval::<_, _, _, _, J>::new(key_of.clone(), bounds, limit);
                let side = side.next(instance);
                JoinOperator::new(&name, instance, join, side, downstream(instance))
            }
        };
        plan.meet(&name, legs, consumers, operators)
    }
}

/// An interval join, as it is driven.
pub(super) struct Interval<K, L, R, F, J> {
    key_of: F,
    pairs: IntervalPairs<K, L, R>,
    most_records: usize,
    kind: PhantomData<J>,
}

impl<K: Hash + Eq, L, R, F, J: JoinKind> Interval<K, L, R, F, J> {
    pub(super) fn new(key_of: F, bounds: IntervalBounds, limit: JoinLimit) -> Self {
        Self {
            key_of,
            pairs: IntervalPairs::new(bounds, limit, J::KEEPS_LEFT, J::KEEPS_RIGHT),
            most_records: limit.records,
            kind: PhantomData,
        }
    }
}

impl<K, L, R, F, J> Joining<L, R> for Interval<K, L, R, F, J>
where
    K: Hash + Eq + Clone,
    L: Clone + Send + 'static,
    R: Clone + Send + 'static,
    F: Fn(&Either<L, R>) -> K,
    J: JoinKind,
{
    type Key = K;
    type Row = JoinedPair<K, J::Left<L>, J::Right<R>>;

    held_in_pairs!();

    #[inline]
    fn has_rows(&self) -> bool {
        self.pairs.has_pairs() || self.pairs.has_due()
    }

    fn emit(&mut self, mut each: impl FnMut(Timestamp, Self::Row) -> bool) -> bool {
        let mut wants_more = true;
        let is_all = self.pairs.pair_up(|time, key, left: &L, right: &R| {
            if let Some(row) = row::<K, L, R, J>(key, Some(left.clone()), Some(right.clone())) {
                wants_more = each(time, row);
            }
            wants_more
        });
        if !is_all || !wants_more {
            return is_all && !self.pairs.has_due();
        }
        if !self.pairs.has_due() {
            return true;
        }
        self.pairs.remove(|time, key, alone| {
            let (left, right) = match alone {
                Alone::Left(left) => (Some(left), None),
                Alone::Right(right) => (None, Some(right)),
            };
            match row::<K, L, R, J>(key, left, right) {
                Some(row) => each(time, row),
                None => true,
            }
        })
    }
}

/// The row of a pair, or of a record alone; none if this kind of join has no such
/// row.
#[inline(always)]
#[allow(clippy::type_complexity)]
fn row<K, L, R, J>(
    key: &K,
    left: Option<L>,
    right: Option<R>,
) -> Option<JoinedPair<K, J::Left<L>, J::Right<R>>>
where
    K: Clone,
    L: Send + 'static,
    R: Send + 'static,
    J: JoinKind,
{
    Some(JoinedPair {
        left: J::left(left)?,
        right: J::right(right)?,
        key: key.clone(),
    })
}
