use super::describe;
use crate::collector::pass_on;
use crate::{
    Chain, Clock, Collector, Error, Flow, Instance, Name, Plan, Signal, Spread, WallClock,
    Watermark,
};
use fluxus_windows::Timestamp;
use std::sync::Arc;

/// Gives each record the time of the wall at which it came, and moves event
/// time with the wall, also while nothing comes.
///
/// The clock is the job's, and is read once a batch. Times and watermarks of
/// the upstream are replaced.
pub struct ProcessingTime<U> {
    name: Name,
    upstream: U,
}

describe!(ProcessingTime<U> is timed);

impl<U> ProcessingTime<U> {
    /// What `upstream` yields, at the times at which it comes.
    pub fn new(name: Name, upstream: U) -> Self {
        Self { name, upstream }
    }
}

impl<U: Chain> Chain for ProcessingTime<U> {
    type Item = U::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        plan.operator(&self.name);
        self.upstream
            .lower(plan, move |instance| ProcessingTimeOperator {
                wall: Arc::clone(&instance.wall),
                clock: instance.clock,
                batch_time: None,
                emitted: Timestamp::MIN,
                next: downstream(instance),
            })
    }
}

struct ProcessingTimeOperator<C> {
    wall: Arc<dyn WallClock>,
    clock: Clock,
    /// The time of the batch at hand, once a record of it has come.
    batch_time: Option<Timestamp>,
    emitted: Timestamp,
    next: C,
}

impl<C> ProcessingTimeOperator<C> {
    /// This moment, but never one that the watermark has passed.
    fn now(&self) -> Timestamp {
        let earliest = self.emitted.nanos().saturating_add(1);
        self.wall.now().max(Timestamp::from_nanos(earliest))
    }
}

impl<T, C: Collector<T>> Collector<T> for ProcessingTimeOperator<C> {
    #[inline]
    fn push(&mut self, _: Timestamp, value: T) -> Flow {
        let time = match self.batch_time {
            Some(time) => time,
            None => {
                let now = self.now();
                self.batch_time = Some(now);
                now
            }
        };
        self.next.push(time, value)
    }

    #[inline]
    fn signal(&mut self, signal: Signal) -> Flow {
        match signal {
            Signal::Watermark(_) | Signal::Marker(_) => Flow::Open,
            signal => self.next.signal(signal),
        }
    }

    fn end_batch(&mut self) -> Flow {
        // Records to come may still carry this very moment.
        let reached = self.now().nanos().saturating_sub(1);
        let reached = match self.batch_time.take() {
            Some(time) => reached.max(time.nanos().saturating_sub(1)),
            None => reached,
        };
        let time = Timestamp::from_nanos(reached);
        if time > self.emitted {
            self.emitted = time;
            let born = self.clock.now();
            let watermark = Signal::Watermark(Watermark { time, born });
            let flow = self.next.signal(watermark);
            if !flow.is_open() {
                return flow;
            }
        }
        self.next.end_batch()
    }

    pass_on!(open, resume, flush, abort);
}
