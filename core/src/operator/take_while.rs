use super::describe;
use crate::collector::pass_on;
use crate::operator::Gather;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Keeps records as long as a predicate holds, and ends the stream at the first
/// for which it does not.
pub struct TakeWhile<U, F> {
    name: Name,
    upstream: Gather<U>,
    predicate: F,
}

impl<U, F> TakeWhile<U, F> {
    /// What `upstream` yields before `predicate` first fails. Parallel instances
    /// of the upstream are gathered into one first, in the order in which they
    /// come.
    pub fn new(name: Name, upstream: U, predicate: F) -> Self {
        Self {
            upstream: Gather::new(name.clone(), upstream),
            name,
            predicate,
        }
    }
}

describe!(TakeWhile<U, F>);

impl<U, F> Chain for TakeWhile<U, F>
where
    U: Chain,
    F: FnMut(&U::Item) -> bool + Clone + Send + 'static,
{
    type Item = U::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let Self {
            name,
            upstream,
            predicate,
        } = self;
        plan.operator(&name);
        upstream.lower(plan, move |instance| TakeWhileOperator {
            name: name.clone(),
            predicate: predicate.clone(),
            next: downstream(instance),
        })
    }
}

struct TakeWhileOperator<F, C> {
    name: Name,
    predicate: F,
    next: C,
}

impl<T, F: FnMut(&T) -> bool, C: Collector<T>> Collector<T> for TakeWhileOperator<F, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let keeps = (self.predicate)(&value);
        culprit.cleared();
        match keeps {
            true => self.next.push(time, value),
            // Nothing is given to it after this.
            false => Flow::Finished,
        }
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
