use crate::{partition_of, Chain, Collector, Error, Instance, Name, Plan};
use std::hash::Hash;

/// Lowers an operator of which each instance has some of the keys: one a worker,
/// and records cross to the one that their key belongs to. With one instance
/// upstream and one worker nothing has to cross, and it is fused with its upstream.
pub(super) fn lower_by_key<U, F, K, C, M>(
    name: &Name,
    upstream: U,
    key_of: F,
    plan: &mut Plan,
    operators: M,
) -> Result<(), Error>
where
    U: Chain,
    F: Fn(&U::Item) -> K + Clone + Send + 'static,
    K: Hash,
    C: Collector<U::Item> + Send + 'static,
    M: FnMut(&Instance) -> C,
{
    let producers = upstream.instances(plan);
    let consumers = plan.keyed_instances();
    if producers.is_single() && consumers.is_single() {
        return upstream.lower(plan, operators);
    }
    let route = move |value: &U::Item| partition_of(&key_of(value), consumers.count);
    let outboxes = plan.cut(name, "hash by key", producers, consumers, operators, route)?;
    upstream.lower(plan, outboxes)
}
