use super::describe;
use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Turns each record into another, or into none.
pub struct FilterMap<U, F> {
    name: Name,
    upstream: U,
    function: F,
}

impl<U, F> FilterMap<U, F> {
    /// What `function` makes of everything that `upstream` yields.
    pub fn new(name: Name, upstream: U, function: F) -> Self {
        Self {
            name,
            upstream,
            function,
        }
    }
}

describe!(FilterMap<U, F>);

impl<U, F, V> Chain for FilterMap<U, F>
where
    U: Chain,
    F: FnMut(U::Item) -> Option<V> + Clone + Send + 'static,
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
        self.upstream
            .lower(plan, move |instance| FilterMapOperator {
                name: name.clone(),
                function: function.clone(),
                next: downstream(instance),
            })
    }
}

struct FilterMapOperator<F, C> {
    name: Name,
    function: F,
    next: C,
}

impl<T, V, F: FnMut(T) -> Option<V>, C: Collector<V>> Collector<T> for FilterMapOperator<F, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let mapped = (self.function)(value);
        culprit.cleared();
        match mapped {
            Some(mapped) => self.next.push(time, mapped),
            None => Flow::Open,
        }
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
