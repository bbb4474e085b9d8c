use super::join_operator::{JoinOperator, Joining};
use super::keyed_legs::{key_of_either, keyed_legs, EitherRings};
use super::side_lanes::SideLanes;
use super::timeless::Timeless;
use super::{Either, JoinedPair, Rejected, SideStream};
use crate::plan::Leg;
use crate::{Chain, Collector, Error, Instance, Name, Named, Plan, Rejects, Spread, Timed};
use fluxus_windows::{
    Ahead, Declined, JoinKind, JoinStats, StateLimit, Table, TableChange, Timestamp, TooManyKeys,
};
use std::hash::Hash;
use std::marker::PhantomData;

/// Where the changes of a table go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableSpread {
    /// To the instance that the key belongs to, and the records with them: each
    /// instance has a part of the table.
    ByKey,
    /// To every instance, each of which has the whole table: the records stay on
    /// the core where they are.
    ToAll,
}

/// Each record of the left stream, and what a table has under its key when it comes;
/// the right stream changes the table.
///
/// Records and changes are taken in the order of their coming, and the table has no
/// part in event time: it neither is behind nor holds anything back.
pub struct TableJoin<A: Chain, B: Chain, F, G, H, J> {
    name: Name,
    left: A,
    right: B,
    left_key: F,
    right_key: G,
    change_of: H,
    spread: TableSpread,
    kind: J,
    rejected: Option<EitherRings<A::Item, B::Item>>,
}

impl<A: Chain, B: Chain, F, G, H, J> TableJoin<A, B, F, G, H, J> {
    /// The records of `left`, each with what the table has under its key, to which
    /// each record of `right` does what `change_of` says.
    pub fn new(
        name: Name,
        (left, left_key): (A, F),
        (right, right_key): (B, G),
        change_of: H,
        spread: TableSpread,
        kind: J,
    ) -> Self {
        Self {
            name,
            left,
            right,
            left_key,
            right_key,
            change_of,
            spread,
            kind,
            rejected: None,
        }
    }

    fn spread_over(&self, plan: &Plan) -> Spread {
        match self.spread {
            TableSpread::ByKey => plan.keyed_instances(),
            TableSpread::ToAll => self.left.instances(plan),
        }
    }
}

impl<A: Chain, B: Chain, F, G, H, J> Rejects for TableJoin<A, B, F, G, H, J> {
    type Record = Either<A::Item, B::Item>;

    fn rejected(
        &mut self,
        plan: &mut Plan,
        name: Name,
    ) -> Result<SideStream<Rejected<Self::Record>>, Error> {
        let instances = self.spread_over(plan);
        SideStream::begin_once(plan, name, instances, &mut self.rejected)
    }
}

impl<A: Chain, B: Chain, F, G, H, J> Named for TableJoin<A, B, F, G, H, J> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<A: Timed, B: Chain, F, G, H, J> Timed for TableJoin<A, B, F, G, H, J> where Self: Chain {}

impl<A, B, F, G, H, K, V, J> Chain for TableJoin<A, B, F, G, H, J>
where
    A: Chain,
    B: Chain,
    A::Item: Clone,
    B::Item: Clone,
    F: Fn(&A::Item) -> K + Clone + Send + 'static,
    G: Fn(&B::Item) -> K + Clone + Send + 'static,
    H: Fn(B::Item) -> TableChange<V> + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    V: Clone + Send + 'static,
    J: JoinKind,
{
    type Item = JoinedPair<K, J::Left<A::Item>, J::Right<V>>;

    fn instances(&self, plan: &Plan) -> Spread {
        self.spread_over(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let consumers = self.spread_over(plan);
        let name = self.name;
        let right = Timeless::new(self.right);
        let key_of = key_of_either(self.left_key, self.right_key);
        let legs = match self.spread {
            TableSpread::ByKey => keyed_legs(plan, self.left, right, &key_of, consumers.count),
            TableSpread::ToAll => vec![
                Leg::beside(
                    plan,
                    "left",
                    super::Map::new(name.clone(), self.left, Either::Left),
                ),
                Leg::to_all(plan, "right, to all", right, Either::Right),
            ],
        };
        let kind = self.kind;
        plan.operator(&match self.spread {
            TableSpread::ByKey => format!("{name} ({kind} join, a table that changes)"),
            TableSpread::ToAll => format!("{name} ({kind} join, a table for all)"),
        });
        let mut side = SideLanes::new(&name, plan, self.rejected);
        let change_of = self.change_of;
        let operators = {
            let name = name.clone();
            move |instance: &Instance| {
                let limit = instance.state_limit;
                let join =
                    Lookup::<_, _, _, _, _, J>::new(key_of.clone(), change_of.clone(), limit);
                let side = side.next(instance);
                JoinOperator::new(&name, instance, join, side, downstream(instance))
            }
        };
        plan.meet(&name, legs, consumers, operators)
    }
}

/// A row and its time.
type At<T> = (Timestamp, T);

/// A table that is asked, as it is driven.
pub(super) struct Lookup<K, L, V, F, H, J> {
    key_of: F,
    change_of: H,
    table: Table<K, V>,
    limit: StateLimit,
    /// The row of the record that came last.
    row: Option<At<JoinedPair<K, L, Option<V>>>>,
    alone: u64,
    kind: PhantomData<J>,
}

impl<K: Hash + Eq, L, V, F, H, J> Lookup<K, L, V, F, H, J> {
    pub(super) fn new(key_of: F, change_of: H, limit: StateLimit) -> Self {
        Self {
            key_of,
            change_of,
            table: Table::new(limit),
            limit,
            row: None,
            alone: 0,
            kind: PhantomData,
        }
    }
}

impl<K, L, R, V, F, H, J> Joining<L, R> for Lookup<K, L, V, F, H, J>
where
    K: Hash + Eq,
    L: Send + 'static,
    R: Clone,
    V: Clone + Send + 'static,
    F: Fn(&Either<L, R>) -> K,
    H: Fn(R) -> TableChange<V>,
    J: JoinKind,
{
    type Key = K;
    type Row = JoinedPair<K, J::Left<L>, J::Right<V>>;

    #[inline]
    fn key_of(&self, record: &Either<L, R>) -> K {
        (self.key_of)(record)
    }

    #[inline]
    fn take(&mut self, record: Ahead<K, Either<L, R>>) -> Result<(), (Declined, Either<L, R>)> {
        let Ahead {
            time, key, value, ..
        } = record;
        match value {
            Either::Left(left) => {
                let right = self.table.find(&key).cloned();
                self.alone += u64::from(right.is_none());
                self.row = Some((time, JoinedPair { key, left, right }));
                Ok(())
            }
            Either::Right(change) => {
                // Kept, to be given back if the table has no room for it.
                let applied = self.table.apply(key, (self.change_of)(change.clone()));
                applied.map_err(|TooManyKeys { .. }| (Declined::TooManyKeys, Either::Right(change)))
            }
        }
    }

    fn advance(&mut self, _: Timestamp) -> bool {
        false
    }

    #[inline]
    fn has_rows(&self) -> bool {
        self.row.is_some()
    }

    #[inline]
    fn emit(&mut self, mut each: impl FnMut(Timestamp, Self::Row) -> bool) -> bool {
        if let Some((time, JoinedPair { key, left, right })) = self.row.take() {
            if let Some((left, right)) = J::left(Some(left)).zip(J::right(right)) {
                each(time, JoinedPair { key, left, right });
            }
        }
        true
    }

    fn stats(&self) -> JoinStats {
        let stats = self.table.stats();
        JoinStats {
            keys: stats.keys,
            keys_high_water: stats.keys_high_water,
            grown: stats.grown,
            left: 0,
            right: stats.keys,
            alone: self.alone,
        }
    }

    fn most_records(&self) -> usize {
        self.limit.limit()
    }
}
