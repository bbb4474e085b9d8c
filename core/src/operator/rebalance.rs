use super::describe;
use crate::{Chain, Collector, Error, Instance, Name, Plan, Spread};

/// Deals records out to all workers in turn, so that what follows has as much to
/// do on each. Records that took different ways keep no order between them.
///
/// Where there is one instance and one worker, nothing is done at all.
pub struct Rebalance<U> {
    name: Name,
    upstream: U,
}

impl<U> Rebalance<U> {
    /// What `upstream` yields, in turn.
    pub fn new(name: Name, upstream: U) -> Self {
        Self { name, upstream }
    }
}

describe!(Rebalance<U>);

impl<U: Chain> Chain for Rebalance<U> {
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
        let mut turn = 0;
        let route = move |_: &U::Item| {
            let this = turn;
            turn = match turn + 1 {
                next if next < consumers.count => next,
                _ => 0,
            };
            this
        };
        let outboxes = plan.cut(&name, "in turn", producers, consumers, downstream, route)?;
        upstream.lower(plan, outboxes)
    }
}
