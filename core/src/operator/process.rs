use super::by_key::lower_by_key;
use super::key_meters::KeyMeters;
use super::moments::Moments;
use super::side_lanes::SideLanes;
use super::stateful::{check_time_to_live, keys_at_once};
use super::two_outputs::TwoOutputs;
use super::waiting::Behind;
use super::{ProcessContext, Rejected, SideStream};
use crate::alarm::Alarm;
use crate::exchange::SideRings;
use crate::metrics::Measure;
use crate::{
    Chain, Clock, Collector, Error, Expires, Flow, Instance, Name, Named, Plan, Record, Rejects,
    Signal, Spread, Stamp, Timed,
};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::{DueKey, KeyTimer, Moment, Slot, TimeToLive, TimedStates, Timestamp};
use std::collections::VecDeque;
use std::hash::Hash;

/// Code that is given each record with the state of its key, and the timers that it
/// sets.
///
/// Each parallel instance has a clone of it, and some of the keys. What it keeps in
/// fields of its own is the instance's; what belongs to a key is its state.
///
/// A state is made when it is first asked for, by a record or by a timer, and is
/// dropped when the code [clears](ProcessContext::clear) it or its time to live is
/// over. A record begins the time to live anew, a timer does not. Timers outlive the
/// state; a key that has neither is forgotten.
pub trait KeyedProcess {
    /// What tells the keys apart.
    type Key;
    /// What comes in.
    type In;
    /// What is kept for a key.
    type State: Send + 'static;
    /// What comes out.
    type Out: Send + 'static;

    /// The state that a key begins with.
    fn initial(&mut self, key: &Self::Key) -> Self::State;

    /// A record came.
    fn on_record(
        &mut self,
        record: Self::In,
        state: &mut Self::State,
        context: &mut ProcessContext<'_, Self::Key, Self::Out>,
    );

    /// A timer has come due. Timers fire in the order of time, and of one instant in
    /// the order in which they were set.
    fn on_timer(
        &mut self,
        timer: KeyTimer,
        state: &mut Self::State,
        context: &mut ProcessContext<'_, Self::Key, Self::Out>,
    ) {
        let _ = (timer, state, context);
    }
}

/// Runs a [`KeyedProcess`] over a stream.
///
/// Timers in event time fire when the watermark reaches them, and what they emit
/// goes out ahead of it; all that are left fire when the stream ends. Timers by the
/// wall fire between two batches, and while nothing comes; those that have not come
/// due when the stream ends do not fire.
///
/// Records of one key keep their order from one source instance on, at any
/// number of workers.
pub struct Process<U: Chain, F, P> {
    name: Name,
    upstream: U,
    key_of: F,
    process: P,
    time_to_live: TimeToLive,
    rejected: Option<SideRings<Rejected<U::Item>>>,
}

impl<U: Chain, F, P> Process<U, F, P> {
    /// `process` over what `upstream` yields, by key.
    pub fn new(name: Name, upstream: U, key_of: F, process: P) -> Self {
        Self {
            name,
            upstream,
            key_of,
            process,
            time_to_live: TimeToLive::FOR_EVER,
            rejected: None,
        }
    }

    /// The same, with states that last so long.
    pub fn with_time_to_live(self, time_to_live: TimeToLive) -> Self {
        Self {
            time_to_live,
            ..self
        }
    }
}

impl<U: Chain, F, P> Named for Process<U, F, P> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<U: Timed, F, P> Timed for Process<U, F, P> where Self: Chain {}

impl<U: Chain, F, P> Expires for Process<U, F, P> {
    fn time_to_live(&mut self) -> &mut TimeToLive {
        &mut self.time_to_live
    }
}

impl<U: Chain, F, P> Rejects for Process<U, F, P> {
    type Record = U::Item;

    fn rejected(
        &mut self,
        plan: &mut Plan,
        name: Name,
    ) -> Result<SideStream<Rejected<U::Item>>, Error> {
        SideStream::begin_once(plan, name, plan.keyed_instances(), &mut self.rejected)
    }
}

impl<U, F, P> Chain for Process<U, F, P>
where
    U: Chain,
    F: Fn(&U::Item) -> P::Key + Clone + Send + 'static,
    P: KeyedProcess<In = U::Item> + Clone + Send + 'static,
    P::Key: Hash + Eq + Clone + Send + 'static,
{
    type Item = P::Out;

    fn instances(&self, plan: &Plan) -> Spread {
        plan.keyed_instances()
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let Self {
            name,
            upstream,
            key_of,
            process,
            time_to_live,
            rejected,
        } = self;
        check_time_to_live(time_to_live).map_err(|problem| Error::operator(&name, problem))?;
        plan.operator(&name);
        let mut side = SideLanes::new(&name, plan, rejected);
        let operators = {
            let (name, key_of) = (name.clone(), key_of.clone());
            move |instance: &Instance| ProcessOperator {
                key_of: key_of.clone(),
                process: process.clone(),
                outputs: TwoOutputs::new(downstream(instance), side.next(instance)),
                rest: Rest {
                    states: TimedStates::new(instance.state_limit, time_to_live),
                    expires: !time_to_live.is_for_ever(),
                    moments: Moments::new(instance, true),
                    out: VecDeque::new(),
                    firing: None,
                    behind: None,
                    is_unwanted: false,
                    batch: instance.batch,
                    clock: instance.clock,
                    alarm: instance.alarms.alarm(),
                    meters: KeyMeters::new(&name, instance),
                    pending: instance.counter(&name, Measure::TimersPending),
                    fired: instance.counter(&name, Measure::TimersFired),
                    name: name.clone(),
                },
            }
        };
        lower_by_key(&name, upstream, key_of, plan, operators)
    }
}

struct ProcessOperator<F, P: KeyedProcess, C> {
    key_of: F,
    process: P,
    outputs: TwoOutputs<C, Rejected<P::In>>,
    rest: Rest<P>,
}

struct Rest<P: KeyedProcess> {
    name: Name,
    states: TimedStates<P::Key, P::State>,
    /// Whether states have a time to live.
    expires: bool,
    moments: Moments,
    /// What was emitted and has not gone out yet.
    out: VecDeque<(Timestamp, P::Out)>,
    /// Timers are firing that have come due at this time.
    firing: Option<KeyTimer>,
    /// What set them off, and follows them.
    behind: Option<Behind>,
    /// Downstream wants no more results: what is held is nobody's.
    is_unwanted: bool,
    /// Timers fired in one call at the most.
    batch: usize,
    clock: Clock,
    /// When timers by the wall come due, so that the worker does not sleep longer.
    alarm: Alarm,
    meters: KeyMeters,
    pending: CounterWriter,
    fired: CounterWriter,
}

/// What a call of the process is about.
enum Call<T> {
    Record(Timestamp, T),
    Timer(KeyTimer),
}

impl<F, P, C> ProcessOperator<F, P, C>
where
    P: KeyedProcess,
    P::Key: Hash + Eq + Clone,
    C: Collector<P::Out>,
{
    /// Runs the code for one key; says what went wrong.
    #[inline]
    fn call(&mut self, slot: Slot, now: Moment, call: Call<P::In>) -> Result<(), Flow> {
        let (process, rest) = (&mut self.process, &mut self.rest);
        let culprit = Culprit::new(&rest.name);
        let time = match &call {
            Call::Record(time, _) => *time,
            Call::Timer(KeyTimer::Event(at)) => *at,
            Call::Timer(KeyTimer::Wall(_)) => rest.moments.not_late(),
        };
        let entry = rest.states.entry(slot, now);
        let is_new = entry.state.is_none();
        let state = entry
            .state
            .get_or_insert_with(|| process.initial(entry.key));
        let mut context = ProcessContext {
            key: entry.key,
            time,
            watermark: rest.moments.watermark,
            now: now.wall,
            is_firing_by_wall: matches!(call, Call::Timer(KeyTimer::Wall(_))),
            timers: entry.timers,
            out: &mut rest.out,
            clears: false,
            failure: None,
        };
        let is_record = matches!(call, Call::Record(..));
        match call {
            Call::Record(_, value) => process.on_record(value, state, &mut context),
            Call::Timer(timer) => process.on_timer(timer, state, &mut context),
        }
        let (clears, failure) = (context.clears, context.failure);
        if clears {
            rest.states.empty(slot);
            rest.states.settle(slot);
        } else if is_record || is_new {
            rest.states.written(slot, now);
        }
        culprit.cleared();
        match failure {
            None => Ok(()),
            Some(full) => Err(rest.meters.fail(format!(
                "{full}, 16 for each key that it may hold: set fewer, cancel those that are \
                 not needed, raise Config::key_limit, or use more workers"
            ))),
        }
    }

    /// Hands on what was emitted, as far as downstream is open.
    #[inline]
    fn drain(&mut self) -> Flow {
        while let Some((time, value)) = self.rest.out.pop_front() {
            let flow = self.outputs.main.push(time, value);
            if !flow.is_open() {
                return flow;
            }
        }
        Flow::Open
    }

    /// Fires what has come due, a batch of timers at the most; behind the last one
    /// goes what set them off.
    fn fire(&mut self) -> Flow {
        let Some(time) = self.rest.firing else {
            return self.follow();
        };
        for _ in 0..self.rest.batch {
            let (slot, at) = match self.rest.states.next_due(time) {
                DueKey::Due(slot, at) => (slot, at),
                DueKey::Later => continue,
                DueKey::None => {
                    self.rest.firing = None;
                    return self.follow();
                }
            };
            self.rest.fired.add(1);
            let (timer, now) = match time {
                KeyTimer::Event(_) => (KeyTimer::Event(at), self.rest.moments.of_event(at)),
                KeyTimer::Wall(wall) => {
                    let event = self.rest.moments.now().event;
                    (KeyTimer::Wall(at), Moment { event, wall })
                }
            };
            if let Err(failed) = self.call(slot, now, Call::Timer(timer)) {
                return failed;
            }
            let flow = self.drain();
            if !flow.is_open() {
                return flow;
            }
        }
        Flow::Busy
    }

    /// What set the timers off goes on, now that they have fired.
    fn follow(&mut self) -> Flow {
        match self.rest.behind.take() {
            Some(Behind::Signal(signal)) => {
                self.rest.moments.watermark_is_reached();
                let flow = self.outputs.signal(signal);
                self.tidy();
                flow
            }
            Some(Behind::EndOfBatch) => self.batch_ends(),
            None => Flow::Open,
        }
    }

    fn batch_ends(&mut self) -> Flow {
        self.tidy();
        self.rest.alarm.set(self.rest.states.none_before());
        // Whatever comes next comes later.
        self.rest.moments.batch_ends();
        self.outputs.main.end_batch()
    }

    /// Lets go of keys whose time is over, a bounded number of them.
    fn tidy(&mut self) {
        let rest = &mut self.rest;
        if rest.expires {
            let culprit = Culprit::new(&rest.name);
            rest.states.advance(rest.moments.now());
            rest.states.tidy(keys_at_once(rest.batch));
            culprit.cleared();
        }
        rest.meters.report(rest.states.stats());
        rest.pending.set(rest.states.pending() as u64);
    }

    /// Once downstream wants no more, what is held is for nobody; but the end, if
    /// that is what is behind it, is still said.
    #[inline]
    fn settle(&mut self, flow: Flow) -> Flow {
        if flow != Flow::Finished {
            return flow;
        }
        let rest = &mut self.rest;
        rest.is_unwanted = true;
        rest.firing = None;
        rest.out.clear();
        match rest.behind.take() {
            Some(Behind::Signal(Signal::End)) => self.outputs.signal(Signal::End),
            _ => flow,
        }
    }

    /// Sets off the timers that have come due at this time, and says so downstream
    /// if latencies are measured.
    fn set_off(&mut self, due: KeyTimer, behind: Behind) -> Flow {
        let born = match behind {
            Behind::Signal(Signal::Watermark(watermark)) => watermark.born,
            _ => self.rest.clock.now(),
        };
        self.rest.behind = Some(behind);
        if !self.rest.states.may_be_due(due) {
            return self.follow();
        }
        self.rest.firing = Some(due);
        let flow = self.mark(born);
        match flow.is_open() {
            true => self.fire(),
            false => flow,
        }
    }

    fn mark(&mut self, born: Stamp) -> Flow {
        match born.is_some() {
            true => self.outputs.main.signal(Signal::Marker(born)),
            false => Flow::Open,
        }
    }
}

impl<T, F, P, C> Collector<T> for ProcessOperator<F, P, C>
where
    F: Fn(&T) -> P::Key,
    P: KeyedProcess<In = T>,
    P::Key: Hash + Eq + Clone,
    C: Collector<P::Out>,
{
    fn open(&mut self) -> Flow {
        self.outputs.main.open()
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.rest.name);
        let key = (self.key_of)(&value);
        let now = self.rest.moments.of_record(time);
        let slot = self.rest.states.slot(&key, now);
        culprit.cleared();
        let slot = match slot {
            Ok(slot) => slot,
            Err(full) => {
                let (record, side) = (Record { time, value }, &mut self.outputs.side);
                return self.rest.meters.state_is_full(full.limit, record, side);
            }
        };
        if let Err(failed) = self.call(slot, now, Call::Record(time, value)) {
            return failed;
        }
        let flow = self.drain();
        self.settle(flow)
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        let Some(time) = signal.raises_time_to().filter(|_| !self.rest.is_unwanted) else {
            return self.outputs.signal(signal);
        };
        self.rest.moments.watermark = self.rest.moments.watermark.max(time);
        let flow = self.set_off(KeyTimer::Event(time), Behind::Signal(signal));
        self.settle(flow)
    }

    fn end_batch(&mut self) -> Flow {
        if self.rest.is_unwanted {
            return self.outputs.main.end_batch();
        }
        self.rest.moments.batch_ends();
        if self.rest.states.none_before().is_none() {
            return self.batch_ends();
        }
        let wall = self.rest.moments.now().wall;
        let flow = self.set_off(KeyTimer::Wall(wall), Behind::EndOfBatch);
        self.settle(flow)
    }

    fn resume(&mut self) -> Flow {
        self.rest.moments.batch_ends();
        let mut flow = self.outputs.resume();
        if flow.is_open() {
            flow = self.drain();
        }
        if flow.is_open() {
            flow = self.fire();
        }
        self.settle(flow)
    }

    fn flush(&mut self) {
        self.outputs.flush();
    }

    fn abort(&mut self) {
        self.outputs.main.abort();
    }
}
