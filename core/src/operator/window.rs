use super::keyed_windows::KeyedWindows;
use super::side_lanes::SideLanes;
use super::window_merge::MergeOperator;
use super::window_partial::{Partial, PartialOperator};
use super::{Rejected, SideStream, WindowResult};
use crate::exchange::SideRings;
use crate::{
    partition_of, Chain, Collector, Error, Instance, Name, Named, Plan, Spread, Timed, WhenFull,
};
use fluxus_windows::{Aggregate, Lateness, WindowKind};
use std::hash::Hash;

/// Keyed windows, folded by an aggregate.
///
/// How it runs is decided by the plan, and [`Plan::explain`] says so:
///
/// - one instance upstream and one worker: fused with its upstream;
/// - else, if the windows can be [sliced](WindowKind::slicing), in two phases:
///   every producing core folds its own records, and when a slice is complete
///   its partial accumulators, not the records, cross to the core that the key
///   belongs to, which merges them and has the last word;
/// - else, and with [`WhenFull::Reject`], under which any record may have to be
///   given back, records cross one by one.
pub struct WindowAggregate<U: Chain, F, W, A> {
    name: Name,
    upstream: U,
    key_of: F,
    windows: W,
    lateness: Lateness,
    aggregate: A,
    rejected: Option<SideRings<Rejected<U::Item>>>,
}

impl<U: Chain, F, W, A> WindowAggregate<U, F, W, A> {
    /// `aggregate` over the windows of what `upstream` yields, by key.
    pub fn new(
        name: Name,
        upstream: U,
        key_of: F,
        windows: W,
        lateness: Lateness,
        aggregate: A,
    ) -> Self {
        Self {
            name,
            upstream,
            key_of,
            windows,
            lateness,
            aggregate,
            rejected: None,
        }
    }

    /// Takes the records that do not make it into their windows as a stream.
    ///
    /// # Errors
    /// When there is no memory for the rings.
    pub fn rejected(
        &mut self,
        plan: &mut Plan,
        name: Name,
    ) -> Result<SideStream<Rejected<U::Item>>, Error> {
        let instances = plan.keyed_instances();
        SideStream::begin_once(plan, name, instances, &mut self.rejected)
    }
}

impl<U: Chain, F, W, A> Named for WindowAggregate<U, F, W, A> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<U: Timed, F, W, A> Timed for WindowAggregate<U, F, W, A> where Self: Chain {}

impl<U, F, K, W, A> Chain for WindowAggregate<U, F, W, A>
where
    U: Chain,
    F: Fn(&U::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    W: WindowKind<U::Item>,
    A: Aggregate<U::Item> + Clone + Send + 'static,
    A::Output: Send + 'static,
{
    type Item = WindowResult<K, A::Output>;

    fn instances(&self, plan: &Plan) -> Spread {
        plan.keyed_instances()
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let Self {
            name,
            upstream,
            key_of,
            windows,
            lateness,
            aggregate,
            rejected,
        } = self;
        let producers = upstream.instances(plan);
        let consumers = plan.keyed_instances();
        let slicing = windows.slicing();
        let label = match lateness.is_none() {
            true => format!("{name} ({windows})"),
            false => format!("{name} ({windows}, late by up to {lateness})"),
        };
        let mut side = SideLanes::new(&name, plan, rejected);
        let mut keyed = {
            let (name, key_of, aggregate) = (name.clone(), key_of.clone(), aggregate.clone());
            move |instance: &Instance| {
                let store = windows.store::<K, A>(lateness, instance.state_limit, &aggregate);
                let side = side.next(instance);
                let next = downstream(instance);
                KeyedWindows::new(&name, instance, store, &key_of, &aggregate, side, next)
            }
        };
        plan.operator(&label);
        if producers.is_single() && consumers.is_single() {
            return upstream.lower(plan, move |instance| keyed(instance).looking_ahead());
        }
        let when_full = plan.settings().when_full;
        let Some(slicing) = slicing.filter(|_| when_full == WhenFull::Fail) else {
            let keyed = move |instance: &Instance| keyed(instance).looking_ahead();
            let route = {
                let key_of = key_of.clone();
                move |value: &U::Item| partition_of(&key_of(value), consumers.count)
            };
            let outboxes = plan.cut(&name, "hash by key", producers, consumers, keyed, route)?;
            return upstream.lower(plan, outboxes);
        };
        let route = {
            let key_of = key_of.clone();
            move |partial: &Partial<K, A::Accumulator, U::Item>| match partial {
                Partial::Pane { key, .. } => partition_of(key, consumers.count),
                Partial::Record { value, .. } => partition_of(&key_of(value), consumers.count),
            }
        };
        let merging = move |instance: &Instance| MergeOperator::new(keyed(instance));
        let mut outboxes = plan.cut(&name, "hash by key", producers, consumers, merging, route)?;
        plan.operator(&format!("{name} (fold this core's part)"));
        upstream.lower(plan, move |instance| {
            let next = outboxes(instance);
            let is_alone = producers.is_single();
            let alignment = next.alignment();
            PartialOperator::new(
                &name, instance, slicing, is_alone, alignment, &key_of, &aggregate, next,
            )
        })
    }
}
