use crate::collector::pass_on;
use crate::metrics::Measure;
use crate::operator::describe;
use crate::{partition_of, Chain, Collector, Error, Flow, Instance, Name, Plan, Spread, WhenFull};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::{KeySlab, Timestamp};
use std::hash::Hash;

/// What a rolling operator keeps for a key, and how a record changes it.
pub trait RollingState<T> {
    /// What is kept, and emitted after every record.
    type State: Clone + Send + 'static;
    /// The state after the first record of a key.
    fn first(&mut self, value: T) -> Self::State;
    /// The state after a further record.
    fn next(&mut self, state: &mut Self::State, value: T);
}

/// A fold with an initial state.
#[derive(Clone)]
pub struct RollingFold<S, F> {
    initial: S,
    fold: F,
}

impl<S, F> RollingFold<S, F> {
    /// Starts at `initial` for every key and folds with `fold`.
    pub fn new(initial: S, fold: F) -> Self {
        Self { initial, fold }
    }
}

impl<T, S, F> RollingState<T> for RollingFold<S, F>
where
    S: Clone + Send + 'static,
    F: FnMut(&mut S, T),
{
    type State = S;

    fn first(&mut self, value: T) -> S {
        let mut state = self.initial.clone();
        (self.fold)(&mut state, value);
        state
    }

    #[inline]
    fn next(&mut self, state: &mut S, value: T) {
        (self.fold)(state, value);
    }
}

/// A fold that starts at the first record.
#[derive(Clone)]
pub struct RollingReduce<F> {
    reduce: F,
}

impl<F> RollingReduce<F> {
    /// Reduces with `reduce`, which is given what is held and what came.
    pub fn new(reduce: F) -> Self {
        Self { reduce }
    }
}

impl<T, F> RollingState<T> for RollingReduce<F>
where
    T: Clone + Send + 'static,
    F: FnMut(&T, T) -> T,
{
    type State = T;

    fn first(&mut self, value: T) -> T {
        value
    }

    #[inline]
    fn next(&mut self, state: &mut T, value: T) {
        *state = (self.reduce)(state, value);
    }
}

/// Keeps a state for every key and emits it, with its key, after every record.
///
/// Records of one key keep their order from one source instance on, at any
/// number of workers. Keys are kept for as long as the job runs.
pub struct Rolling<U, F, S> {
    name: Name,
    upstream: U,
    key_of: F,
    rolling: S,
}

impl<U, F, S> Rolling<U, F, S> {
    /// `rolling` over what `upstream` yields, by key.
    pub fn new(name: Name, upstream: U, key_of: F, rolling: S) -> Self {
        Self {
            name,
            upstream,
            key_of,
            rolling,
        }
    }
}

describe!(Rolling<U, F, S>);

impl<U, F, K, S> Chain for Rolling<U, F, S>
where
    U: Chain,
    F: Fn(&U::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    S: RollingState<U::Item> + Clone + Send + 'static,
{
    type Item = (K, S::State);

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
            rolling,
        } = self;
        let producers = upstream.instances(plan);
        let consumers = plan.keyed_instances();
        plan.operator(&name);
        let operators = {
            let (name, key_of) = (name.clone(), key_of.clone());
            move |instance: &Instance| RollingOperator {
                name: name.clone(),
                key_of: key_of.clone(),
                rolling: rolling.clone(),
                slab: KeySlab::<K>::new(instance.state_limit),
                states: Vec::<S::State>::with_capacity(instance.state_limit.expected()),
                keys: instance.counter(&name, Measure::KeysHighWater),
                refused: instance.counter(&name, Measure::Refused),
                instance: instance.clone(),
                next: downstream(instance),
            }
        };
        if producers.is_single() && consumers.is_single() {
            return upstream.lower(plan, operators);
        }
        let route = move |value: &U::Item| partition_of(&key_of(value), consumers.count);
        let outboxes = plan.cut(&name, "hash by key", producers, consumers, operators, route)?;
        upstream.lower(plan, outboxes)
    }
}

struct RollingOperator<K, F, S, State, C> {
    name: Name,
    key_of: F,
    rolling: S,
    slab: KeySlab<K>,
    /// By slot. Keys are never released, so the slots are dense.
    states: Vec<State>,
    keys: CounterWriter,
    refused: CounterWriter,
    instance: Instance,
    next: C,
}

impl<T, K, F, S, C> Collector<T> for RollingOperator<K, F, S, S::State, C>
where
    K: Hash + Eq + Clone,
    F: Fn(&T) -> K,
    S: RollingState<T>,
    C: Collector<(K, S::State)>,
{
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let key = (self.key_of)(&value);
        let slot = match self.slab.slot(key.clone()) {
            Ok(slot) => slot.index(),
            Err(full) => {
                culprit.cleared();
                return self.state_is_full(full.limit);
            }
        };
        let state = match self.states.get_mut(slot) {
            Some(state) => {
                self.rolling.next(state, value);
                state.clone()
            }
            None => {
                let state = self.rolling.first(value);
                self.states.push(state.clone());
                self.keys.set(self.states.len() as u64);
                state
            }
        };
        culprit.cleared();
        self.next.push(time, (key, state))
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}

impl<K, F, S, State, C> RollingOperator<K, F, S, State, C> {
    #[cold]
    fn state_is_full(&mut self, limit: usize) -> Flow {
        if self.instance.when_full == WhenFull::Reject {
            self.refused.add(1);
            return Flow::Open;
        }
        self.instance.fail(
            &self.name,
            format!(
                "its state holds {limit} keys, which is key_limit, and another one came: \
                 raise Config::key_limit, use more workers, or let records be refused with \
                 Config::when_full(WhenFull::Reject)"
            ),
        )
    }
}
