use super::describe;
use crate::collector::pass_on;
use crate::operator::Gather;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Leaves out records as long as a predicate holds; the first for which it does
/// not, and all behind it, go on.
pub struct SkipWhile<U, F> {
    name: Name,
    upstream: Gather<U>,
    predicate: F,
}

impl<U, F> SkipWhile<U, F> {
    /// What `upstream` yields from where `predicate` first fails. Parallel
    /// instances of the upstream are gathered into one first, in the order in
    /// which they come.
    pub fn new(name: Name, upstream: U, predicate: F) -> Self {
        Self {
            upstream: Gather::new(name.clone(), upstream),
            name,
            predicate,
        }
    }
}

describe!(SkipWhile<U, F>);

impl<U, F> Chain for SkipWhile<U, F>
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
        upstream.lower(plan, move |instance| SkipWhileOperator {
            name: name.clone(),
            predicate: predicate.clone(),
            has_begun: false,
            next: downstream(instance),
        })
    }
}

struct SkipWhileOperator<F, C> {
    name: Name,
    predicate: F,
    has_begun: bool,
    next: C,
}

impl<T, F: FnMut(&T) -> bool, C: Collector<T>> Collector<T> for SkipWhileOperator<F, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        if !self.has_begun {
            let culprit = Culprit::new(&self.name);
            let leaves_out = (self.predicate)(&value);
            culprit.cleared();
            if leaves_out {
                return Flow::Open;
            }
            self.has_begun = true;
        }
        self.next.push(time, value)
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
