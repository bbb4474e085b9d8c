use super::describe;
use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Turns each record into another.
pub struct Map<U, F> {
    name: Name,
    upstream: U,
    function: F,
}

impl<U, F> Map<U, F> {
    /// `function` over everything that `upstream` yields.
    pub fn new(name: Name, upstream: U, function: F) -> Self {
        Self {
            name,
            upstream,
            function,
        }
    }
}

describe!(Map<U, F>);

impl<U, F, V> Chain for Map<U, F>
where
    U: Chain,
    F: FnMut(U::Item) -> V + Clone + Send + 'static,
    V: Send + 'static,
{
    type Item = V;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<V> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let Self { name, function, .. } = self;
        plan.operator(&name);
        self.upstream.lower(plan, move |instance| MapOperator {
            name: name.clone(),
            function: function.clone(),
            next: downstream(instance),
        })
    }
}

struct MapOperator<F, C> {
    name: Name,
    function: F,
    next: C,
}

impl<T, V, F: FnMut(T) -> V, C: Collector<V>> Collector<T> for MapOperator<F, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let mapped = (self.function)(value);
        culprit.cleared();
        self.next.push(time, mapped)
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
