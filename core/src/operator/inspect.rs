use super::describe;
use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Looks at each record and passes it on.
pub struct Inspect<U, F> {
    name: Name,
    upstream: U,
    look: F,
}

impl<U, F> Inspect<U, F> {
    /// `look` at everything that `upstream` yields.
    pub fn new(name: Name, upstream: U, look: F) -> Self {
        Self {
            name,
            upstream,
            look,
        }
    }
}

describe!(Inspect<U, F>);

impl<U, F> Chain for Inspect<U, F>
where
    U: Chain,
    F: FnMut(&U::Item) + Clone + Send + 'static,
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
        let Self { name, look, .. } = self;
        plan.operator(&name);
        self.upstream.lower(plan, move |instance| InspectOperator {
            name: name.clone(),
            look: look.clone(),
            next: downstream(instance),
        })
    }
}

struct InspectOperator<F, C> {
    name: Name,
    look: F,
    next: C,
}

impl<T, F: FnMut(&T), C: Collector<T>> Collector<T> for InspectOperator<F, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        (self.look)(&value);
        culprit.cleared();
        self.next.push(time, value)
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
