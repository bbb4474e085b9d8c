use super::describe;
use crate::{partition_of, Chain, Collector, Error, Instance, Name, Plan, Spread};
use std::hash::Hash;

/// Spreads records over the workers by the hash of a key, as keyed operators do:
/// equal keys meet in one instance, in the order of their source.
///
/// Where there is one instance and one worker, nothing is done at all.
pub struct PartitionBy<U, F> {
    name: Name,
    upstream: U,
    key_of: F,
}

impl<U, F> PartitionBy<U, F> {
    /// What `upstream` yields, by key.
    pub fn new(name: Name, upstream: U, key_of: F) -> Self {
        Self {
            name,
            upstream,
            key_of,
        }
    }
}

describe!(PartitionBy<U, F>);

impl<U, F, K> Chain for PartitionBy<U, F>
where
    U: Chain,
    F: Fn(&U::Item) -> K + Clone + Send + 'static,
    K: Hash,
{
    type Item = U::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        plan.keyed_instances()
    }

    fn lower<C, D>(self, plan: &mut Plan, downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let Self {
            name,
            upstream,
            key_of,
        } = self;
        plan.operator(&name);
        let producers = upstream.instances(plan);
        let consumers = plan.keyed_instances();
        if producers.is_single() && consumers.is_single() {
            return upstream.lower(plan, downstream);
        }
        let route = move |value: &U::Item| partition_of(&key_of(value), consumers.count);
        let kind = "hash by key";
        let outboxes = plan.cut(&name, kind, producers, consumers, downstream, route)?;
        upstream.lower(plan, outboxes)
    }
}
