use super::describe;
use crate::collector::pass_on;
use crate::operator::Gather;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_windows::Timestamp;

/// Keeps the first records and ends the stream after them.
pub struct Take<U> {
    name: Name,
    upstream: Gather<U>,
    count: u64,
}

impl<U> Take<U> {
    /// The first `count` of what `upstream` yields. Parallel instances of the
    /// upstream are gathered into one first, in the order in which they come.
    pub fn new(name: Name, upstream: U, count: u64) -> Self {
        Self {
            upstream: Gather::new(name.clone(), upstream),
            name,
            count,
        }
    }
}

describe!(Take<U>);

impl<U: Chain> Chain for Take<U> {
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
        self.upstream.lower(plan, move |instance| TakeOperator {
            left: count,
            next: downstream(instance),
        })
    }
}

struct TakeOperator<C> {
    left: u64,
    next: C,
}

impl<T, C: Collector<T>> Collector<T> for TakeOperator<C> {
    fn open(&mut self) -> Flow {
        match self.next.open() {
            Flow::Open if self.left == 0 => Flow::Finished,
            flow => flow,
        }
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        if self.left == 0 {
            return Flow::Finished;
        }
        self.left -= 1;
        match self.next.push(time, value) {
            Flow::Open if self.left == 0 => Flow::Finished,
            flow => flow,
        }
    }

    fn resume(&mut self) -> Flow {
        match self.next.resume() {
            Flow::Open if self.left == 0 => Flow::Finished,
            flow => flow,
        }
    }

    pass_on!(signal, end_batch, flush, abort);
}
