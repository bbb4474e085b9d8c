use super::side_lanes::SideLanes;
use super::two_outputs::TwoOutputs;
use super::SideStream;
use crate::exchange::SideRings;
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
        let mut malformed = SideLanes::new(&name, plan, self.malformed);
        self.upstream
            .lower(plan, move |instance| WellFormedOperator {
                counted: instance.counter(&name, Measure::Malformed),
                outputs: TwoOutputs::new(downstream(instance), malformed.next(instance)),
            })
    }
}

struct WellFormedOperator<E, C> {
    counted: CounterWriter,
    outputs: TwoOutputs<C, E>,
}

impl<E, C> WellFormedOperator<E, C> {
    /// Out of the way of the loop, in which few records should be malformed.
    #[cold]
    #[inline(never)]
    fn refuse(&mut self, time: Timestamp, malformed: E) -> Flow {
        self.counted.add(1);
        self.outputs.side.push(time, malformed)
    }
}

impl<T, E, C: Collector<T>> Collector<Result<T, E>> for WellFormedOperator<E, C> {
    fn open(&mut self) -> Flow {
        self.outputs.main.open()
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: Result<T, E>) -> Flow {
        match value {
            Ok(value) => self.outputs.main.push(time, value),
            Err(malformed) => self.refuse(time, malformed),
        }
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        self.outputs.signal(signal)
    }

    fn end_batch(&mut self) -> Flow {
        self.outputs.main.end_batch()
    }

    fn resume(&mut self) -> Flow {
        self.outputs.resume()
    }

    fn flush(&mut self) {
        self.outputs.flush();
    }

    fn abort(&mut self) {
        self.outputs.main.abort();
    }
}
