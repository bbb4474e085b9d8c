use super::side_lanes::SideLanes;
use super::two_outputs::TwoOutputs;
use super::SideStream;
use crate::exchange::SideRings;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Named, Plan, Signal, Spread, Timed};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;
use std::collections::VecDeque;

/// What a function says beside its answer: records for the side output, which
/// get the time of the record that it was given.
#[derive(Debug)]
pub struct Aside<S>(VecDeque<S>);

impl<S> Aside<S> {
    /// Sends a record to the side output.
    #[inline]
    pub fn push(&mut self, value: S) {
        self.0.push_back(value);
    }
}

/// Turns each record into another, or into none, and says something beside it
/// to a stream of another type.
pub struct FilterMapAside<U: Chain, F, S> {
    name: Name,
    upstream: U,
    function: F,
    side: Option<SideRings<S>>,
}

impl<U: Chain, F, S: Send + 'static> FilterMapAside<U, F, S> {
    /// What `function` answers to everything that `upstream` yields.
    pub fn new(name: Name, upstream: U, function: F) -> Self {
        Self {
            name,
            upstream,
            function,
            side: None,
        }
    }

    /// Takes what the function says aside as a stream.
    ///
    /// # Errors
    /// When there is no memory for the rings.
    pub fn aside(&mut self, plan: &mut Plan, name: Name) -> Result<SideStream<S>, Error> {
        let instances = self.upstream.instances(plan);
        let (stream, rings) = SideStream::begin(plan, name, instances)?;
        self.side = Some(rings);
        Ok(stream)
    }
}

impl<U: Chain, F, S> Named for FilterMapAside<U, F, S> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<U: Timed, F, S> Timed for FilterMapAside<U, F, S> where Self: Chain {}

impl<U, F, V, S> Chain for FilterMapAside<U, F, S>
where
    U: Chain,
    F: FnMut(U::Item, &mut Aside<S>) -> Option<V> + Clone + Send + 'static,
    V: Send + 'static,
    S: Send + 'static,
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
            side,
        } = self;
        plan.operator(&name);
        let mut side = SideLanes::new(&name, plan, side);
        upstream.lower(plan, move |instance| FilterMapAsideOperator {
            name: name.clone(),
            function: function.clone(),
            time: Timestamp::MIN,
            aside: Aside(VecDeque::new()),
            outputs: TwoOutputs::new(downstream(instance), side.next(instance)),
        })
    }
}

struct FilterMapAsideOperator<F, S, C> {
    name: Name,
    function: F,
    /// Of the last record, and so of what is still to be said aside.
    time: Timestamp,
    aside: Aside<S>,
    outputs: TwoOutputs<C, S>,
}

impl<F, S, C> FilterMapAsideOperator<F, S, C> {
    /// Hands on what was said aside, as far as there is room.
    fn say(&mut self) -> Flow {
        while let Some(value) = self.aside.0.pop_front() {
            let flow = self.outputs.side.push(self.time, value);
            if !flow.is_open() {
                return flow;
            }
        }
        Flow::Open
    }
}

impl<T, F, V, S, C> Collector<T> for FilterMapAsideOperator<F, S, C>
where
    F: FnMut(T, &mut Aside<S>) -> Option<V>,
    C: Collector<V>,
{
    fn open(&mut self) -> Flow {
        self.outputs.main.open()
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let mapped = (self.function)(value, &mut self.aside);
        culprit.cleared();
        self.time = time;
        let side = self.say();
        let main = match mapped {
            Some(mapped) => self.outputs.main.push(time, mapped),
            None => Flow::Open,
        };
        main.and_side(side)
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        self.outputs.signal(signal)
    }

    fn end_batch(&mut self) -> Flow {
        self.outputs.main.end_batch()
    }

    fn resume(&mut self) -> Flow {
        let flow = self.outputs.resume();
        match flow {
            Flow::Open => self.say(),
            flow => flow,
        }
    }

    fn flush(&mut self) {
        self.outputs.flush();
    }

    fn abort(&mut self) {
        self.outputs.main.abort();
    }
}
