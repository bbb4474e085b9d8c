use super::describe;
use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Turns each record into any number of others.
pub struct FlatMap<U, F> {
    name: Name,
    upstream: U,
    function: F,
}

impl<U, F> FlatMap<U, F> {
    /// All that `function` makes of everything that `upstream` yields.
    pub fn new(name: Name, upstream: U, function: F) -> Self {
        Self {
            name,
            upstream,
            function,
        }
    }
}

describe!(FlatMap<U, F>);

impl<U, F, I> Chain for FlatMap<U, F>
where
    U: Chain,
    F: FnMut(U::Item) -> I + Clone + Send + 'static,
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: Send + 'static,
{
    type Item = I::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<I::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let Self { name, function, .. } = self;
        plan.operator(&name);
        self.upstream
            .lower(plan, move |instance| FlatMapOperator::<_, I::IntoIter, _> {
                name: name.clone(),
                function: function.clone(),
                unfinished: None,
                next: downstream(instance),
            })
    }
}

/// How many records one record may become before the worker looks at anything
/// else: an endless iterator must not hold a core.
const MOST_AT_ONCE: usize = 4096;

struct FlatMapOperator<F, I, C> {
    name: Name,
    function: F,
    /// The rest of a record's offspring that downstream had no room for.
    unfinished: Option<(Timestamp, I)>,
    next: C,
}

impl<F, I: Iterator, C: Collector<I::Item>> FlatMapOperator<F, I, C> {
    /// Inlined where records come in, so that what the iterator keeps lives in
    /// registers: an argument would be written back at every turn.
    #[inline(always)]
    fn run(&mut self, time: Timestamp, mut offspring: I) -> Flow {
        for _ in 0..MOST_AT_ONCE {
            let culprit = Culprit::new(&self.name);
            let value = offspring.next();
            culprit.cleared();
            let Some(value) = value else {
                return Flow::Open;
            };
            let flow = self.next.push(time, value);
            if !flow.is_open() {
                return self.put_off(time, offspring, flow);
            }
        }
        self.put_off(time, offspring, Flow::Busy)
    }

    #[cold]
    #[inline(never)]
    fn go_on(&mut self, time: Timestamp, offspring: I) -> Flow {
        self.run(time, offspring)
    }

    #[cold]
    #[inline(never)]
    fn put_off(&mut self, time: Timestamp, offspring: I, flow: Flow) -> Flow {
        if flow != Flow::Finished {
            self.unfinished = Some((time, offspring));
        }
        flow
    }
}

impl<T, F, I, C> Collector<T> for FlatMapOperator<F, I::IntoIter, C>
where
    F: FnMut(T) -> I,
    I: IntoIterator,
    C: Collector<I::Item>,
{
    #[inline(always)]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let offspring = (self.function)(value).into_iter();
        culprit.cleared();
        self.run(time, offspring)
    }

    fn resume(&mut self) -> Flow {
        let flow = self.next.resume();
        if !flow.is_open() {
            return flow;
        }
        match self.unfinished.take() {
            Some((time, offspring)) => self.go_on(time, offspring),
            None => Flow::Open,
        }
    }

    pass_on!(open, signal, end_batch, flush, abort);
}
