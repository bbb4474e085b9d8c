use crate::collector::pass_on;
use crate::{Chain, Clock, Collector, Error, Flow, Instance, Name, Named, Plan, Signal, Spread};
use crate::{Timed, Watermark};
use fluxus_runtime::Culprit;
use fluxus_windows::{BoundedDisorder, Timestamp};

/// Gives each record its time, and makes watermarks of the times.
///
/// Every instance has a generator of its own; where instances meet, the minimum
/// counts. A watermark is made at the end of a batch, if it rose. Watermarks of
/// the upstream are replaced.
pub struct Timestamps<U, F> {
    name: Name,
    upstream: U,
    time_of: F,
    generator: BoundedDisorder,
}

impl<U, F> Timestamps<U, F> {
    /// What `upstream` yields, at the times that `time_of` says.
    pub fn new(name: Name, upstream: U, time_of: F, generator: BoundedDisorder) -> Self {
        Self {
            name,
            upstream,
            time_of,
            generator,
        }
    }
}

impl<U, F> Named for Timestamps<U, F> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<U, F> Timed for Timestamps<U, F> where Self: Chain {}

impl<U, F> Chain for Timestamps<U, F>
where
    U: Chain,
    F: FnMut(&U::Item) -> Timestamp + Clone + Send + 'static,
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
            time_of,
            generator,
            ..
        } = self;
        plan.operator(&name);
        self.upstream
            .lower(plan, move |instance| TimestampsOperator {
                name: name.clone(),
                time_of: time_of.clone(),
                generator: generator.clone(),
                emitted: Timestamp::MIN,
                clock: instance.clock,
                next: downstream(instance),
            })
    }
}

struct TimestampsOperator<F, C> {
    name: Name,
    time_of: F,
    generator: BoundedDisorder,
    emitted: Timestamp,
    clock: Clock,
    next: C,
}

impl<T, F: FnMut(&T) -> Timestamp, C: Collector<T>> Collector<T> for TimestampsOperator<F, C> {
    #[inline]
    fn push(&mut self, _: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let time = (self.time_of)(&value);
        culprit.cleared();
        self.generator.observe(time);
        self.next.push(time, value)
    }

    #[inline]
    fn signal(&mut self, signal: Signal) -> Flow {
        match signal {
            Signal::Watermark(_) | Signal::Marker(_) => Flow::Open,
            signal => self.next.signal(signal),
        }
    }

    #[inline]
    fn end_batch(&mut self) -> Flow {
        let time = self.generator.current();
        if time > self.emitted {
            self.emitted = time;
            let born = self.clock.now();
            let flow = self
                .next
                .signal(Signal::Watermark(Watermark { time, born }));
            if !flow.is_open() {
                return flow;
            }
        }
        self.next.end_batch()
    }

    pass_on!(open, resume, flush, abort);
}
