use super::side_lanes::SideLanes;
use super::two_outputs::TwoOutputs;
use super::SideStream;
use crate::exchange::SideRings;
use crate::metrics::Measure;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Named, Plan, Signal, Spread, Timed};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// A record that could not be worked on, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter<T, E> {
    /// The record, as it came.
    pub record: T,
    /// What was wrong with it.
    pub reason: E,
}

/// Turns each record into another, or sends it, with the reason, to a stream of
/// dead letters.
pub struct TryMap<U: Chain, F, E> {
    name: Name,
    upstream: U,
    function: F,
    letters: Option<SideRings<DeadLetter<U::Item, E>>>,
}

impl<U, F, E> TryMap<U, F, E>
where
    U: Chain,
    E: Send + 'static,
{
    /// What `function` makes of everything that `upstream` yields.
    pub fn new(name: Name, upstream: U, function: F) -> Self {
        Self {
            name,
            upstream,
            function,
            letters: None,
        }
    }

    /// Takes what the function refuses as a stream.
    ///
    /// # Errors
    /// When there is no memory for the rings.
    pub fn dead_letters(
        &mut self,
        plan: &mut Plan,
        name: Name,
    ) -> Result<SideStream<DeadLetter<U::Item, E>>, Error> {
        let instances = self.upstream.instances(plan);
        let (stream, rings) = SideStream::begin(plan, name, instances)?;
        self.letters = Some(rings);
        Ok(stream)
    }
}

impl<U: Chain, F, E> Named for TryMap<U, F, E> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<U: Timed, F, E> Timed for TryMap<U, F, E> where Self: Chain {}

impl<U, F, V, E> Chain for TryMap<U, F, E>
where
    U: Chain,
    F: FnMut(&U::Item) -> Result<V, E> + Clone + Send + 'static,
    V: Send + 'static,
    E: Send + 'static,
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
            function,
            letters,
        } = self;
        plan.operator(&name);
        let mut letters = SideLanes::new(&name, plan, letters);
        upstream.lower(plan, move |instance| TryMapOperator {
            name: name.clone(),
            function: function.clone(),
            outputs: TwoOutputs::new(
                downstream(instance),
                letters
                    .next(instance)
                    .counted(instance.counter(&name, Measure::Refused)),
            ),
        })
    }
}

struct TryMapOperator<T, F, E, C> {
    name: Name,
    function: F,
    outputs: TwoOutputs<C, DeadLetter<T, E>>,
}

impl<T, F, V, E, C> Collector<T> for TryMapOperator<T, F, E, C>
where
    F: FnMut(&T) -> Result<V, E>,
    C: Collector<V>,
{
    fn open(&mut self) -> Flow {
        self.outputs.main.open()
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let mapped = (self.function)(&value);
        culprit.cleared();
        match mapped {
            Ok(mapped) => self.outputs.main.push(time, mapped),
            Err(reason) => {
                let letter = DeadLetter {
                    record: value,
                    reason,
                };
                self.outputs.side.push_seldom(time, letter)
            }
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
