use super::describe;
use crate::collector::pass_on;
use crate::operator::Gather;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_windows::Timestamp;

/// Numbers the records, from 0.
pub struct Enumerate<U> {
    name: Name,
    upstream: Gather<U>,
}

impl<U> Enumerate<U> {
    /// What `upstream` yields, each with its number. Parallel instances of the
    /// upstream are gathered into one first, in the order in which they come.
    pub fn new(name: Name, upstream: U) -> Self {
        Self {
            upstream: Gather::new(name.clone(), upstream),
            name,
        }
    }
}

describe!(Enumerate<U>);

impl<U: Chain> Chain for Enumerate<U> {
    type Item = (u64, U::Item);

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        plan.operator(&self.name);
        self.upstream
            .lower(plan, move |instance| EnumerateOperator {
                number: 0,
                next: downstream(instance),
            })
    }
}

struct EnumerateOperator<C> {
    number: u64,
    next: C,
}

impl<T, C: Collector<(u64, T)>> Collector<T> for EnumerateOperator<C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let flow = self.next.push(time, (self.number, value));
        // 2^64 records take centuries.
        self.number = self.number.wrapping_add(1);
        flow
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
