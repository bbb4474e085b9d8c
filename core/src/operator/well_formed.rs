use super::side_lanes::SideLanes;
use super::SideStream;
use crate::exchange::{SideOutput, SideRings};
use crate::metrics::Measure;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Named, Plan, Signal, Spread, Timed};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;

/// Keeps what could be read and counts what could not, which can be taken as a
/// stream of its own.
///
/// Behind a source that yields a [`Result`] for every record. It bears the name of
/// that source: the two are one to whoever reads a plan.
pub struct WellFormed<U, E> {
    name: Name,
    upstream: U,
    malformed: Option<SideRings<E>>,
}

impl<U, E> WellFormed<U, E> {
    /// What `upstream`, of this name, could read.
    pub fn new(name: Name, upstream: U) -> Self {
        Self {
            name,
            upstream,
            malformed: None,
        }
    }

    /// Takes what could not be read as a stream.
    ///
    /// # Errors
    /// When there is no memory for the rings.
    pub fn malformed(&mut self, plan: &mut Plan, name: Name) -> Result<SideStream<E>, Error>
    where
        U: Chain,
    {
        let instances = self.upstream.instances(plan);
        let (stream, rings) = SideStream::begin(plan, name, instances)?;
        self.malformed = Some(rings);
        Ok(stream)
    }
}

impl<U: Named, E> Named for WellFormed<U, E> {
    fn rename(&mut self, name: Name) {
        self.upstream.rename(name.clone());
        self.name = name;
    }
}

impl<U: Timed, E> Timed for WellFormed<U, E> where Self: Chain {}

impl<U, T, E> Chain for WellFormed<U, E>
where
    U: Chain<Item = Result<T, E>>,
    T: Send + 'static,
    E: Send + 'static,
{
    type Item = T;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<T> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let name = self.name;
        let mut side = SideLanes::new(&name, plan, self.malformed);
        self.upstream
            .lower(plan, move |instance| WellFormedOperator {
                counted: instance.counter(&name, Measure::Malformed),
                malformed: side.next(instance),
                has_ended: false,
                next: downstream(instance),
            })
    }
}

struct WellFormedOperator<E, C> {
    counted: CounterWriter,
    malformed: SideOutput<E>,
    /// The end was passed on.
    has_ended: bool,
    next: C,
}

impl<E, C> WellFormedOperator<E, C> {
    /// The answer of the main output and the side output together.
    fn both(&self, main: Flow, side: Flow) -> Flow {
        if !self.has_ended {
            return main.and_side(side);
        }
        // Both have heard the end; one that is done does not speak for the other.
        let left = |flow| match flow {
            Flow::Finished => Flow::Open,
            flow => flow,
        };
        left(main).max(left(side))
    }
}

impl<T, E, C: Collector<T>> Collector<Result<T, E>> for WellFormedOperator<E, C> {
    fn open(&mut self) -> Flow {
        self.next.open()
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: Result<T, E>) -> Flow {
        match value {
            Ok(value) => self.next.push(time, value),
            Err(malformed) => {
                self.counted.add(1);
                self.malformed.push(time, malformed)
            }
        }
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        self.has_ended |= signal == Signal::End;
        let side = self.malformed.signal(signal);
        let main = self.next.signal(signal);
        self.both(main, side)
    }

    fn end_batch(&mut self) -> Flow {
        self.next.end_batch()
    }

    fn resume(&mut self) -> Flow {
        let side = self.malformed.resume();
        let main = self.next.resume();
        self.both(main, side)
    }

    fn flush(&mut self) {
        self.malformed.flush();
        self.next.flush();
    }

    fn abort(&mut self) {
        self.next.abort();
    }
}
