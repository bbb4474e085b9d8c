use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Plan, Signal, Spread, Timed};
use fluxus_windows::Timestamp;

/// A stream whose chain of operators is forgotten: one type for all streams of
/// `T`. `TIMED` says whether its records carry event time.
///
/// So chains can be chosen while the program runs, kept in a list, or be the
/// result of a function. It costs a call through a table for each record, and
/// what stands before and behind it no longer becomes one loop.
pub struct Boxed<T, const TIMED: bool>(Box<dyn AnyChain<T>>);

impl<T: Send + 'static> Boxed<T, false> {
    /// The same stream, whether or not it is timed.
    pub fn new<U: Chain<Item = T>>(upstream: U) -> Self {
        Self(Box::new(upstream))
    }
}

impl<T: Send + 'static> Boxed<T, true> {
    /// The same stream, which is timed.
    pub fn timed<U: Timed<Item = T>>(upstream: U) -> Self {
        Self(Box::new(upstream))
    }
}

impl<T: Send + 'static> Timed for Boxed<T, true> {}

impl<T: Send + 'static, const TIMED: bool> Chain for Boxed<T, TIMED> {
    type Item = T;

    fn instances(&self, plan: &Plan) -> Spread {
        self.0.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<T> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let mut boxed = |instance: &Instance| BoxedCollector {
            next: Box::new(downstream(instance)) as Box<dyn AnyCollector<T> + Send>,
        };
        self.0.lower(plan, &mut boxed)
    }

    fn legs(self, plan: &Plan) -> Vec<crate::plan::Leg<T>> {
        self.0.legs(plan)
    }
}

/// [`Chain`], as far as it can be called without knowing which.
trait AnyChain<T> {
    fn instances(&self, plan: &Plan) -> Spread;
    fn lower(
        self: Box<Self>,
        plan: &mut Plan,
        downstream: &mut dyn FnMut(&Instance) -> BoxedCollector<T>,
    ) -> Result<(), Error>;
    fn legs(self: Box<Self>, plan: &Plan) -> Vec<crate::plan::Leg<T>>;
}

impl<T: Send + 'static, U: Chain<Item = T>> AnyChain<T> for U {
    fn instances(&self, plan: &Plan) -> Spread {
        Chain::instances(self, plan)
    }

    fn lower(
        self: Box<Self>,
        plan: &mut Plan,
        downstream: &mut dyn FnMut(&Instance) -> BoxedCollector<T>,
    ) -> Result<(), Error> {
        Chain::lower(*self, plan, downstream)
    }

    fn legs(self: Box<Self>, plan: &Plan) -> Vec<crate::plan::Leg<T>> {
        Chain::legs(*self, plan)
    }
}

/// [`Collector`], as far as it can be called without knowing which.
trait AnyCollector<T> {
    fn open(&mut self) -> Flow;
    fn push(&mut self, time: Timestamp, value: T) -> Flow;
    fn signal(&mut self, signal: Signal) -> Flow;
    fn end_batch(&mut self) -> Flow;
    fn resume(&mut self) -> Flow;
    fn flush(&mut self);
    fn abort(&mut self);
}

impl<T, C: Collector<T>> AnyCollector<T> for C {
    fn open(&mut self) -> Flow {
        Collector::open(self)
    }
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        Collector::push(self, time, value)
    }
    fn signal(&mut self, signal: Signal) -> Flow {
        Collector::signal(self, signal)
    }
    fn end_batch(&mut self) -> Flow {
        Collector::end_batch(self)
    }
    fn resume(&mut self) -> Flow {
        Collector::resume(self)
    }
    fn flush(&mut self) {
        Collector::flush(self);
    }
    fn abort(&mut self) {
        Collector::abort(self);
    }
}

struct BoxedCollector<T> {
    next: Box<dyn AnyCollector<T> + Send>,
}

impl<T> Collector<T> for BoxedCollector<T> {
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.next.push(time, value)
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
