use super::describe;
use crate::{Chain, Collector, Error, Instance, Name, Plan, Spread};

/// Gives every record to an instance on each worker, as a copy.
///
/// Where there is one instance and one worker, nothing is done at all.
pub struct Broadcast<U> {
    name: Name,
    upstream: U,
}

impl<U> Broadcast<U> {
    /// All of what `upstream` yields, on every worker.
    pub fn new(name: Name, upstream: U) -> Self {
        Self { name, upstream }
    }
}

describe!(Broadcast<U>);

impl<U: Chain> Chain for Broadcast<U>
where
    U::Item: Clone,
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
        let Self { name, upstream } = self;
        plan.operator(&name);
        let producers = upstream.instances(plan);
        let consumers = plan.keyed_instances();
        if producers.is_single() && consumers.is_single() {
            return upstream.lower(plan, downstream);
        }
        let broadcasts = plan.cut_to_all(&name, producers, consumers, downstream)?;
        upstream.lower(plan, broadcasts)
    }
}
