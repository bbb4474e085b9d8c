use crate::collector::pass_on;
use crate::{Chain, Clock, Collector, Error, Flow, Instance, Name, Named, Plan, Signal, Spread};
use crate::{Timed, Watermark};
use fluxus_runtime::Culprit;
use fluxus_windows::{Timestamp, WatermarkGenerator};

/// Gives each record its time, and makes watermarks of the times.
///
/// Every instance has a generator of its own; where instances meet, the minimum
/// counts. A watermark is made at the end of a batch, if it rose, or behind a
/// record, if the generator asks for that. Watermarks of the upstream are
/// replaced.
pub struct Timestamps<U, F, G> {
    name: Name,
    upstream: U,
    time_of: F,
    generator: G,
}

impl<U, F, G> Timestamps<U, F, G> {
    /// What `upstream` yields, at the times that `time_of` says.
    pub fn new(name: Name, upstream: U, time_of: F, generator: G) -> Self {
        Self {
            name,
            upstream,
            time_of,
            generator,
        }
    }
}

impl<U, F, G> Named for Timestamps<U, F, G> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<U, F, G> Timed for Timestamps<U, F, G> where Self: Chain {}

impl<U, F, G> Chain for Timestamps<U, F, G>
where
    U: Chain,
    F: FnMut(&U::Item) -> Timestamp + Clone + Send + 'static,
    G: WatermarkGenerator<U::Item>,
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
                owed: None,
                clock: instance.clock,
                next: downstream(instance),
            })
    }
}

struct TimestampsOperator<F, G, C> {
    name: Name,
    time_of: F,
    generator: G,
    emitted: Timestamp,
    /// A watermark that goes out before the next record, once there is room.
    owed: Option<Timestamp>,
    clock: Clock,
    next: C,
}

impl<F, G, C> TimestampsOperator<F, G, C> {
    /// Sends a watermark, if it rose.
    #[inline]
    fn emit<T>(&mut self, time: Timestamp) -> Flow
    where
        C: Collector<T>,
    {
        if time <= self.emitted {
            return Flow::Open;
        }
        self.emitted = time;
        let born = self.clock.now();
        self.next
            .signal(Signal::Watermark(Watermark { time, born }))
    }
}

impl<F, G, C> TimestampsOperator<F, G, C> {
    /// Gives each record its time and passes all on in one call, or in several
    /// with the watermarks between them that `generator` asks for.
    #[inline(always)]
    fn pass_each<T, I>(&mut self, generator: &mut G, mut records: I) -> Flow
    where
        F: FnMut(&T) -> Timestamp,
        G: WatermarkGenerator<T>,
        C: Collector<T>,
        I: Iterator<Item = (Timestamp, T)>,
    {
        loop {
            let mut due = None;
            let (name, time_of) = (&self.name, &mut self.time_of);
            let flow = self.next.push_each(std::iter::from_fn(|| {
                // A watermark follows right behind the record that brought it.
                if due.is_some() {
                    return None;
                }
                let (_, value) = records.next()?;
                let culprit = Culprit::new(name);
                let time = time_of(&value);
                due = generator.observe(time, &value);
                culprit.cleared();
                Some((time, value))
            }));
            let Some(watermark) = due else {
                return flow;
            };
            if !flow.is_open() {
                self.owed = due;
                return flow;
            }
            let flow = self.emit(watermark);
            if !flow.is_open() {
                return flow;
            }
        }
    }
}

/// Whether a generator is so small and plain that it can be copied out of the
/// operator for the length of a batch.
const fn is_plain<G>() -> bool {
    !std::mem::needs_drop::<G>() && std::mem::size_of::<G>() <= 64
}

impl<T, F, G, C> Collector<T> for TimestampsOperator<F, G, C>
where
    F: FnMut(&T) -> Timestamp,
    G: WatermarkGenerator<T>,
    C: Collector<T>,
{
    /// What the generator has seen lives in registers meanwhile: in the operator
    /// it would be written back, and waited for, at every record.
    #[inline(always)]
    fn push_each<I: Iterator<Item = (Timestamp, T)>>(&mut self, records: I) -> Flow {
        if is_plain::<G>() {
            let mut generator = self.generator.clone();
            let flow = self.pass_each(&mut generator, records);
            self.generator = generator;
            return flow;
        }
        for (time, value) in records {
            let flow = self.push(time, value);
            if !flow.is_open() {
                return flow;
            }
        }
        Flow::Open
    }

    #[inline]
    fn push(&mut self, _: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let time = (self.time_of)(&value);
        let watermark = self.generator.observe(time, &value);
        culprit.cleared();
        let flow = self.next.push(time, value);
        match watermark {
            None => flow,
            Some(watermark) if flow.is_open() => self.emit(watermark),
            watermark => {
                self.owed = watermark;
                flow
            }
        }
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
        let flow = self.emit(self.generator.current());
        if !flow.is_open() {
            return flow;
        }
        self.next.end_batch()
    }

    fn resume(&mut self) -> Flow {
        let flow = self.next.resume();
        match self.owed {
            Some(watermark) if flow.is_open() => {
                self.owed = None;
                self.emit(watermark)
            }
            _ => flow,
        }
    }

    pass_on!(open, flush, abort);
}
