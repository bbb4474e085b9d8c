use super::by_key::lower_by_key;
use super::key_meters::KeyMeters;
use super::moments::Moments;
use super::side_lanes::SideLanes;
use super::two_outputs::TwoOutputs;
use super::{Rejected, SideStream};
use crate::exchange::SideRings;
use crate::{
    Chain, Collector, Error, Expires, Flow, Instance, Name, Named, Plan, Record, Rejects, Signal,
    Spread, Timed,
};
use fluxus_runtime::Culprit;
use fluxus_windows::{KeyedStates, Moment, TimeToLive, Timestamp};
use std::hash::Hash;

/// What a record does to the state of its key, and what comes out.
pub trait KeyedLogic<K, T> {
    /// What is kept for a key.
    type State: Send + 'static;
    /// What comes out behind a record.
    type Emitted: IntoIterator;

    /// A record of `key` came. `state` is none for the first one, and again when
    /// its time to live was over; what is left in it is kept, none too.
    fn on_record(
        &mut self,
        key: K,
        state: &mut Option<Self::State>,
        value: T,
    ) -> (Touch, Self::Emitted);

    /// What cannot be, for the error of the job that is being built.
    ///
    /// # Errors
    /// What is wrong and what to change.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Whether a record begins the time to live of its key's state anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// The state was written.
    Written,
    /// It was only looked at.
    Read,
}

/// Keeps a state for every key, and emits what its logic makes of each record and
/// the state.
///
/// Records of one key keep their order from one source instance on, at any
/// number of workers. Keys are kept for as long as the job runs, unless their state
/// has a time to live.
pub struct Stateful<U: Chain, F, L> {
    name: Name,
    upstream: U,
    key_of: F,
    logic: L,
    time_to_live: TimeToLive,
    rejected: Option<SideRings<Rejected<U::Item>>>,
}

impl<U: Chain, F, L> Stateful<U, F, L> {
    /// `logic` over what `upstream` yields, by key.
    pub fn new(name: Name, upstream: U, key_of: F, logic: L) -> Self {
        Self {
            name,
            upstream,
            key_of,
            logic,
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

impl<U: Chain, F, L> Named for Stateful<U, F, L> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<U: Timed, F, L> Timed for Stateful<U, F, L> where Self: Chain {}

impl<U: Chain, F, L> Expires for Stateful<U, F, L> {
    fn time_to_live(&mut self) -> &mut TimeToLive {
        &mut self.time_to_live
    }
}

impl<U: Chain, F, L> Rejects for Stateful<U, F, L> {
    type Record = U::Item;

    fn rejected(
        &mut self,
        plan: &mut Plan,
        name: Name,
    ) -> Result<SideStream<Rejected<U::Item>>, Error> {
        SideStream::begin_once(plan, name, plan.keyed_instances(), &mut self.rejected)
    }
}

/// What comes out of an iterator in the end.
type ItemOf<I> = <I as IntoIterator>::Item;
/// The iterator itself.
type Emission<I> = <I as IntoIterator>::IntoIter;

impl<U, F, K, L> Chain for Stateful<U, F, L>
where
    U: Chain,
    F: Fn(&U::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    L: KeyedLogic<K, U::Item> + Clone + Send + 'static,
    ItemOf<L::Emitted>: Send + 'static,
    Emission<L::Emitted>: Send + 'static,
{
    type Item = ItemOf<L::Emitted>;

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
            logic,
            time_to_live,
            rejected,
        } = self;
        logic
            .check()
            .and_then(|()| check_time_to_live(time_to_live))
            .map_err(|problem| Error::operator(&name, problem))?;
        plan.operator(&name);
        let mut side = SideLanes::new(&name, plan, rejected);
        let operators = {
            let (name, key_of) = (name.clone(), key_of.clone());
            move |instance: &Instance| StatefulOperator::<U::Item, K, F, L, Emission<L::Emitted>, C> {
                name: name.clone(),
                key_of: key_of.clone(),
                logic: logic.clone(),
                states: KeyedStates::new(instance.state_limit, time_to_live),
                expires: !time_to_live.is_for_ever(),
                moments: Moments::new(instance, time_to_live.wall.is_some()),
                unfinished: None,
                batch: instance.batch,
                meters: KeyMeters::new(&name, instance),
                outputs: TwoOutputs::new(downstream(instance), side.next(instance)),
            }
        };
        lower_by_key(&name, upstream, key_of, plan, operators)
    }
}

/// A time to live of nothing is a mistake.
pub(super) fn check_time_to_live(time_to_live: TimeToLive) -> Result<(), String> {
    match time_to_live.is_never() {
        true => Err("a state that expires after no time at all is never seen: \
                     let it live for 1 ns at least, or leave expire_after out"
            .to_owned()),
        false => Ok(()),
    }
}

/// How many records one record may become before the worker looks at anything
/// else: an endless iterator must not hold a core.
const MOST_AT_ONCE: usize = 4096;

/// Keys that are looked at in one call for those whose time is over: more than a
/// batch can bring.
pub(super) const fn keys_at_once(batch: usize) -> usize {
    2 * batch + 64
}

struct StatefulOperator<T, K, F, L: KeyedLogic<K, T>, I, C> {
    name: Name,
    key_of: F,
    logic: L,
    states: KeyedStates<K, L::State>,
    /// Whether states have a time to live.
    expires: bool,
    moments: Moments,
    /// The rest of what came of a record, for which downstream had no room.
    unfinished: Option<(Timestamp, I)>,
    batch: usize,
    meters: KeyMeters,
    outputs: TwoOutputs<C, Rejected<T>>,
}

impl<T, K, F, L, I, C> StatefulOperator<T, K, F, L, I, C>
where
    K: Hash + Eq + Clone,
    L: KeyedLogic<K, T>,
    I: Iterator,
    C: Collector<I::Item>,
{
    /// Hands on the first of what came of a record, and the rest. With an `Option`
    /// the compiler sees that there is none.
    #[inline(always)]
    fn emit(&mut self, time: Timestamp, first: I::Item, rest: I) -> Flow {
        let flow = self.outputs.main.push(time, first);
        match (rest.size_hint(), flow) {
            ((_, Some(0)), flow) => flow,
            (_, Flow::Open) => self.run(time, rest),
            (_, flow) => self.put_off(time, rest, flow),
        }
    }

    #[inline(never)]
    fn run(&mut self, time: Timestamp, mut emitted: I) -> Flow {
        for _ in 0..MOST_AT_ONCE {
            let culprit = Culprit::new(&self.name);
            let value = emitted.next();
            culprit.cleared();
            let Some(value) = value else {
                return Flow::Open;
            };
            let flow = self.outputs.main.push(time, value);
            if !flow.is_open() {
                return self.put_off(time, emitted, flow);
            }
        }
        self.put_off(time, emitted, Flow::Busy)
    }

    #[cold]
    #[inline(never)]
    fn put_off(&mut self, time: Timestamp, emitted: I, flow: Flow) -> Flow {
        if flow != Flow::Finished {
            self.unfinished = Some((time, emitted));
        }
        flow
    }

    /// Lets go of keys whose time is over, a bounded number of them.
    fn tidy(&mut self) {
        if self.expires {
            self.moments.watermark_is_reached();
            let culprit = Culprit::new(&self.name);
            self.states.advance(self.moments.now());
            self.states.tidy(keys_at_once(self.batch));
            culprit.cleared();
        }
        self.meters.report(self.states.stats());
    }
}

impl<T, K, F, L, C> StatefulOperator<T, K, F, L, Emission<L::Emitted>, C>
where
    K: Hash + Eq + Clone,
    F: Fn(&T) -> K,
    L: KeyedLogic<K, T>,
    C: Collector<ItemOf<L::Emitted>>,
{
    /// Takes a record, where states have a time to live or have none: the one knows
    /// nothing of the other's costs.
    #[inline(always)]
    fn take<const EXPIRES: bool>(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let key = (self.key_of)(&value);
        let now = match EXPIRES {
            true => self.moments.of_record(time),
            false => Moment::NONE,
        };
        let slot = match self.states.find(&key) {
            Ok(slot) => {
                if EXPIRES {
                    self.states.look(slot, now);
                }
                slot
            }
            Err(new) => match self.states.insert(new, &key) {
                Ok(slot) => slot,
                Err(full) => {
                    culprit.cleared();
                    return self.state_is_full(full.limit, Record { time, value });
                }
            },
        };
        let state = self.states.state(slot);
        let (touch, emitted) = self.logic.on_record(key, state, value);
        let mut emitted = emitted.into_iter();
        let first = emitted.next();
        match state {
            Some(_) if EXPIRES && touch == Touch::Written => self.states.written(slot, now),
            Some(_) => {}
            None => self.states.settle(slot),
        }
        culprit.cleared();
        match first {
            Some(first) => self.emit(time, first, emitted),
            None => Flow::Open,
        }
    }

    #[cold]
    #[inline(never)]
    fn state_is_full(&mut self, limit: usize, record: Record<T>) -> Flow {
        let side = &mut self.outputs.side;
        self.meters.state_is_full(limit, record, side)
    }

    #[inline(never)]
    fn take_expiring(&mut self, time: Timestamp, value: T) -> Flow {
        self.take::<true>(time, value)
    }
}

impl<T, K, F, L, C> Collector<T> for StatefulOperator<T, K, F, L, Emission<L::Emitted>, C>
where
    K: Hash + Eq + Clone,
    F: Fn(&T) -> K,
    L: KeyedLogic<K, T>,
    C: Collector<ItemOf<L::Emitted>>,
{
    #[inline(always)]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        match self.expires {
            false => self.take::<false>(time, value),
            true => self.take_expiring(time, value),
        }
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        let flow = self.outputs.signal(signal);
        if let Some(time) = signal.raises_time_to() {
            self.moments.watermark = self.moments.watermark.max(time);
            self.tidy();
        }
        flow
    }

    fn end_batch(&mut self) -> Flow {
        self.moments.batch_ends();
        self.tidy();
        // Whatever comes next comes later.
        self.moments.batch_ends();
        self.outputs.main.end_batch()
    }

    fn resume(&mut self) -> Flow {
        self.moments.batch_ends();
        let flow = self.outputs.resume();
        if !flow.is_open() {
            return flow;
        }
        match self.unfinished.take() {
            Some((time, emitted)) => self.run(time, emitted),
            None => Flow::Open,
        }
    }

    fn open(&mut self) -> Flow {
        self.outputs.main.open()
    }

    fn flush(&mut self) {
        self.outputs.flush();
    }

    fn abort(&mut self) {
        self.outputs.main.abort();
    }
}
