use super::describe;
use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Keeps the records for which a predicate holds.
pub struct Filter<U, F> {
    name: Name,
    upstream: U,
    predicate: F,
}

impl<U, F> Filter<U, F> {
    /// What `upstream` yields and `predicate` holds for.
    pub fn new(name: Name, upstream: U, predicate: F) -> Self {
        Self {
            name,
            upstream,
            predicate,
        }
    }
}

describe!(Filter<U, F>);

impl<U, F> Chain for Filter<U, F>
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
            name, predicate, ..
        } = self;
        plan.operator(&name);
        self.upstream.lower(plan, move |instance| FilterOperator {
            name: name.clone(),
            predicate: predicate.clone(),
            next: downstream(instance),
        })
    }
}

struct FilterOperator<F, C> {
    name: Name,
    predicate: F,
    next: C,
}

impl<T, F: FnMut(&T) -> bool, C: Collector<T>> Collector<T> for FilterOperator<F, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let keep = (self.predicate)(&value);
        culprit.cleared();
        if !keep {
            return Flow::Open;
        }
        self.next.push(time, value)
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
