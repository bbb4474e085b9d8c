use super::keyed_legs::{key_of_either, keyed_legs, EitherRings};
use super::keyed_windows::KeyedWindows;
use super::side_lanes::SideLanes;
use super::{Either, Rejected, SideStream, WindowResult};
use crate::{Chain, Collector, Error, Instance, Name, Named, Plan, Rejects, Spread, Timed};
use fluxus_windows::{Aggregate, Lateness, WindowKind};
use std::hash::Hash;

/// The records of two streams that have one key and lie in one window, each side in
/// the order of its coming.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sides<L, R> {
    /// The records of the left stream.
    pub left: Vec<L>,
    /// The records of the right stream.
    pub right: Vec<R>,
}

/// Collects what comes from either side.
#[derive(Clone, Copy, Debug, Default)]
pub struct BothSides;

impl<L, R> Aggregate<Either<L, R>> for BothSides
where
    L: Clone + Send + 'static,
    R: Clone + Send + 'static,
{
    type Accumulator = Sides<L, R>;
    type Output = Sides<L, R>;

    const GROWS: bool = true;

    #[inline]
    fn create(&self) -> Sides<L, R> {
        Sides {
            left: Vec::new(),
            right: Vec::new(),
        }
    }

    #[inline]
    fn add(&self, sides: &mut Sides<L, R>, record: &Either<L, R>) {
        match record {
            Either::Left(value) => sides.left.push(value.clone()),
            Either::Right(value) => sides.right.push(value.clone()),
        }
    }

    fn merge(&self, sides: &mut Sides<L, R>, mut other: Sides<L, R>) {
        sides.left.append(&mut other.left);
        sides.right.append(&mut other.right);
    }

    #[inline]
    fn finish(&self, sides: Sides<L, R>) -> Sides<L, R> {
        sides
    }
}

/// Windows over two streams together: for each key and window the records of both
/// sides. A session is of both, too: a record of either keeps it going.
///
/// Records of one key meet on one core; a window closes when the least of both
/// streams' watermarks has reached its last instant.
pub struct CoGroup<A: Chain, B: Chain, F, G, W> {
    name: Name,
    left: A,
    right: B,
    left_key: F,
    right_key: G,
    windows: W,
    lateness: Lateness,
    rejected: Option<EitherRings<A::Item, B::Item>>,
}

impl<A: Chain, B: Chain, F, G, W> CoGroup<A, B, F, G, W> {
    /// `windows` over what `left` and `right` yield, by key.
    pub fn new(
        name: Name,
        (left, left_key): (A, F),
        (right, right_key): (B, G),
        windows: W,
        lateness: Lateness,
    ) -> Self {
        Self {
            name,
            left,
            right,
            left_key,
            right_key,
            windows,
            lateness,
            rejected: None,
        }
    }
}

impl<A: Chain, B: Chain, F, G, W> Rejects for CoGroup<A, B, F, G, W> {
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

impl<A: Chain, B: Chain, F, G, W> Named for CoGroup<A, B, F, G, W> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<A: Timed, B: Timed, F, G, W> Timed for CoGroup<A, B, F, G, W> where Self: Chain {}

impl<A, B, F, G, K, W> Chain for CoGroup<A, B, F, G, W>
where
    A: Chain,
    B: Chain,
    A::Item: Clone,
    B::Item: Clone,
    F: Fn(&A::Item) -> K + Clone + Send + 'static,
    G: Fn(&B::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    W: WindowKind<Either<A::Item, B::Item>>,
{
    type Item = WindowResult<K, Sides<A::Item, B::Item>>;

    fn instances(&self, plan: &Plan) -> Spread {
        plan.keyed_instances()
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let (name, windows, lateness) = (self.name, self.windows, self.lateness);
        let consumers = plan.keyed_instances();
        let key_of = key_of_either(self.left_key, self.right_key);
        let legs = keyed_legs(plan, self.left, self.right, &key_of, consumers.count);
        plan.operator(&match lateness.is_none() {
            true => format!("{name} ({windows})"),
            false => format!("{name} ({windows}, late by up to {lateness})"),
        });
        let mut side = SideLanes::new(&name, plan, self.rejected);
        let operators = {
            let name = name.clone();
            move |instance: &Instance| {
                let limit = instance.state_limit;
                let store = windows.store::<K, BothSides>(lateness, limit, &BothSides);
                let side = side.next(instance);
                let next = downstream(instance);
                KeyedWindows::new(&name, instance, store, &key_of, &BothSides, side, next)
                    .looking_ahead()
            }
        };
        plan.meet(&name, legs, consumers, operators)
    }
}
