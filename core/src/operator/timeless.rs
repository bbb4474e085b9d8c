use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Plan, Signal, Spread};
use fluxus_windows::Timestamp;

/// A stream that takes no part in event time where it meets another: it is idle
/// from its beginning to its end, whatever it says of time.
pub(crate) struct Timeless<U> {
    upstream: U,
}

impl<U> Timeless<U> {
    pub(crate) fn new(upstream: U) -> Self {
        Self { upstream }
    }
}

impl<U: Chain> Chain for Timeless<U> {
    type Item = U::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        self.upstream.lower(plan, move |instance| TimelessOperator {
            is_idle_said: false,
            next: downstream(instance),
        })
    }
}

struct TimelessOperator<C> {
    is_idle_said: bool,
    next: C,
}

impl<C> TimelessOperator<C> {
    /// Says once that it is idle, as soon as downstream is open.
    #[inline]
    fn then_say<T>(&mut self, flow: Flow) -> Flow
    where
        C: Collector<T>,
    {
        if self.is_idle_said || !flow.is_open() {
            return flow;
        }
        self.is_idle_said = true;
        self.next.signal(Signal::Idle)
    }
}

impl<T, C: Collector<T>> Collector<T> for TimelessOperator<C> {
    fn open(&mut self) -> Flow {
        let flow = self.next.open();
        self.then_say(flow)
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.next.push(time, value)
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        match signal {
            Signal::Watermark(_) | Signal::Idle | Signal::Active => Flow::Open,
            Signal::Marker(_) | Signal::Barrier(_) | Signal::End => self.next.signal(signal),
        }
    }

    fn resume(&mut self) -> Flow {
        let flow = self.next.resume();
        self.then_say(flow)
    }

    pass_on!(end_batch, flush, abort);
}
