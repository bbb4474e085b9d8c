use super::describe;
use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Turns each record into another with something that each instance sets up for
/// itself: a buffer, a model, a connection.
pub struct MapWith<U, G, F> {
    name: Name,
    upstream: U,
    setup: G,
    function: F,
}

impl<U, G, F> MapWith<U, G, F> {
    /// What `function` makes of everything that `upstream` yields. `setup` is
    /// called once an instance, with its number from 0, on the worker's thread
    /// and before the first record.
    pub fn new(name: Name, upstream: U, setup: G, function: F) -> Self {
        Self {
            name,
            upstream,
            setup,
            function,
        }
    }
}

describe!(MapWith<U, G, F>);

impl<U, G, S, F, V> Chain for MapWith<U, G, F>
where
    U: Chain,
    G: FnMut(usize) -> S + Clone + Send + 'static,
    S: Send + 'static,
    F: FnMut(&mut S, U::Item) -> V + Clone + Send + 'static,
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
        let Self {
            name,
            upstream,
            setup,
            function,
        } = self;
        plan.operator(&name);
        upstream.lower(plan, move |instance| MapWithOperator {
            name: name.clone(),
            index: instance.index,
            setup: setup.clone(),
            state: None,
            function: function.clone(),
            next: downstream(instance),
        })
    }
}

struct MapWithOperator<G, S, F, C> {
    name: Name,
    index: usize,
    setup: G,
    /// There from `open` on.
    state: Option<S>,
    function: F,
    next: C,
}

impl<T, G, S, F, V, C> Collector<T> for MapWithOperator<G, S, F, C>
where
    G: FnMut(usize) -> S,
    F: FnMut(&mut S, T) -> V,
    C: Collector<V>,
{
    fn open(&mut self) -> Flow {
        let culprit = Culprit::new(&self.name);
        self.state = Some((self.setup)(self.index));
        culprit.cleared();
        self.next.open()
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let state = match &mut self.state {
            Some(state) => state,
            none => none.insert((self.setup)(self.index)),
        };
        let mapped = (self.function)(state, value);
        culprit.cleared();
        self.next.push(time, mapped)
    }

    pass_on!(signal, end_batch, resume, flush, abort);
}
