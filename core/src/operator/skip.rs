use super::describe;
use crate::collector::pass_on;
use crate::operator::Gather;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_windows::Timestamp;

/// Leaves out the first records.
pub struct Skip<U> {
    name: Name,
    upstream: Gather<U>,
    count: u64,
}

impl<U> Skip<U> {
    /// All but the first `count` of what `upstream` yields. Parallel instances
    /// of the upstream are gathered into one first, in the order in which they
    /// come.
    pub fn new(name: Name, upstream: U, count: u64) -> Self {
        Self {
            upstream: Gather::new(name.clone(), upstream),
            name,
            count,
        }
    }
}

describe!(Skip<U>);

impl<U: Chain> Chain for Skip<U> {
    type Item = U::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        plan.operator(&self.name);
        let count = self.count;
        self.upstream.lower(plan, move |instance| SkipOperator {
            left: count,
            next: downstream(instance),
        })
    }
}

struct SkipOperator<C> {
    left: u64,
    next: C,
}

impl<T, C: Collector<T>> Collector<T> for SkipOperator<C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        if self.left > 0 {
            self.left -= 1;
            return Flow::Open;
        }
        self.next.push(time, value)
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
