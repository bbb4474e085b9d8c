use super::{Rejected, Rejection, WindowResult};
use crate::exchange::SideOutput;
use crate::metrics::Measure;
use crate::{Clock, Collector, Flow, Instance, Name, Record, Signal, WhenFull};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::{Added, Aggregate, Timestamp, Tumbling, TumblingWindows};
use std::hash::Hash;

/// Keyed windows that have the last word: they emit results and reject what
/// comes too late. As a [`Collector`] of records it is the window operator;
/// [`MergeOperator`](super::window_merge::MergeOperator) feeds it partial panes.
pub(crate) struct KeyedWindows<T, K, F, A: Aggregate<T>, C> {
    pub(crate) name: Name,
    key_of: F,
    pub(crate) aggregate: A,
    pub(crate) windows: TumblingWindows<K, A::Accumulator>,
    next: C,
    rejected: SideOutput<Rejected<T>>,
    /// The signal whose windows are being emptied; it follows their results.
    emptying: Option<Signal>,
    /// The end was passed on.
    has_ended: bool,
    /// Downstream wants no more results: what is held is nobody's.
    is_unwanted: bool,
    /// Results handed on in one call at the most.
    batch: usize,
    clock: Clock,
    when_full: WhenFull,
    instance: Instance,
    meters: Meters,
}

struct Meters {
    results: CounterWriter,
    late: CounterWriter,
    refused: CounterWriter,
    keys: CounterWriter,
    grown: CounterWriter,
}

impl<T, K, F, A, C> KeyedWindows<T, K, F, A, C>
where
    K: Hash + Eq + Clone,
    F: Fn(&T) -> K + Clone,
    A: Aggregate<T> + Clone,
    C: Collector<WindowResult<K, A::Output>>,
{
    pub(crate) fn new(
        name: &Name,
        instance: &Instance,
        tumbling: Tumbling,
        key_of: &F,
        aggregate: &A,
        rejected: SideOutput<Rejected<T>>,
        next: C,
    ) -> Self {
        let create = || aggregate.create();
        Self {
            windows: TumblingWindows::new(tumbling, instance.state_limit, &create),
            name: name.clone(),
            key_of: key_of.clone(),
            aggregate: aggregate.clone(),
            next,
            rejected,
            emptying: None,
            has_ended: false,
            is_unwanted: false,
            batch: instance.batch,
            clock: instance.clock,
            when_full: instance.when_full,
            meters: Meters {
                results: instance.counter(name, Measure::Results),
                late: instance.counter(name, Measure::Late),
                refused: instance.counter(name, Measure::Refused),
                keys: instance.counter(name, Measure::KeysHighWater),
                grown: instance.counter(name, Measure::StateGrown),
            },
            instance: instance.clone(),
        }
    }

    /// Folds a record into its window.
    #[inline(always)]
    pub(crate) fn fold(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let key = (self.key_of)(&value);
        if let Some(accumulator) = self.windows.at_hand(time, &key) {
            self.aggregate.add(accumulator, &value);
            culprit.cleared();
            return Flow::Open;
        }
        culprit.cleared();
        self.fold_the_long_way(key, Record { time, value })
    }

    /// For a new key, another window than the record before, or none at all.
    #[cold]
    #[inline(never)]
    fn fold_the_long_way(&mut self, key: K, record: Record<T>) -> Flow {
        let Record { time, value } = record;
        let culprit = Culprit::new(&self.name);
        let aggregate = &self.aggregate;
        let added = self
            .windows
            .update(time, key, &|| aggregate.create(), |accumulator| {
                aggregate.add(accumulator, &value)
            });
        culprit.cleared();
        match added {
            Added::Kept => Flow::Open,
            Added::Late => self.reject(time, value, Rejection::Late),
            Added::Refused => self.reject(time, value, Rejection::StateFull),
        }
    }

    fn reject(&mut self, time: Timestamp, value: T, reason: Rejection) -> Flow {
        match reason {
            Rejection::Late => self.meters.late.add(1),
            Rejection::StateFull if self.when_full == WhenFull::Fail => {
                return self.state_is_full()
            }
            Rejection::StateFull => self.meters.refused.add(1),
        }
        self.rejected.push(time, Rejected { value, reason })
    }

    #[cold]
    pub(crate) fn state_is_full(&mut self) -> Flow {
        let limit = self.instance.state_limit.limit();
        self.instance.fail(
            &self.name,
            format!(
                "its state holds {limit} keys, which is key_limit, and another one came: \
                 raise Config::key_limit, use more workers or shorter windows, or let records \
                 be rejected with Config::when_full(WhenFull::Reject)"
            ),
        )
    }

    #[cold]
    pub(crate) fn fail(&mut self, problem: &'static str) -> Flow {
        self.instance.fail(&self.name, problem)
    }

    fn signal_to_all(&mut self, signal: Signal) -> Flow {
        self.has_ended |= signal == Signal::End;
        let side = self.rejected.signal(signal);
        let main = self.next.signal(signal);
        self.both(main, side)
    }

    /// The answer of the main output and the side output together.
    fn both(&self, main: Flow, side: Flow) -> Flow {
        if !self.has_ended {
            return main.and_side(side);
        }
        // After the end nothing more is given to either; what is left is to get
        // rid of what they hold, and there one that is done does not speak for
        // the other.
        let left = |flow| match flow {
            Flow::Finished => Flow::Open,
            flow => flow,
        };
        left(main).max(left(side))
    }

    /// Hands on results while there are any and downstream is open, at most a
    /// batch; after the last one, the signal that set them free.
    fn empty(&mut self) -> Flow {
        let aggregate = &self.aggregate;
        let create = || aggregate.create();
        for count in 0..self.batch {
            let culprit = Culprit::new(&self.name);
            let result = self
                .windows
                .next_closed(&create)
                .map(|closed| WindowResult {
                    value: aggregate.finish(closed.accumulator),
                    key: closed.key,
                    window: closed.window,
                });
            culprit.cleared();
            let Some(result) = result else {
                self.meters.results.add(count as u64);
                self.report();
                return match self.emptying.take() {
                    Some(signal) => self.signal_to_all(signal),
                    None => Flow::Open,
                };
            };
            let flow = self.next.push(result.window.last_instant(), result);
            if !flow.is_open() {
                self.meters.results.add(count as u64 + 1);
                return flow;
            }
        }
        self.meters.results.add(self.batch as u64);
        Flow::Busy
    }

    /// Publishes what the state holds; done when it changes shape.
    fn report(&mut self) {
        let stats = self.windows.stats();
        self.meters.keys.set(stats.keys_high_water as u64);
        self.meters.grown.set(stats.grown);
    }

    /// Once downstream wants no more, what is held is for nobody; but
    /// the end, if that is what set it free, is still said.
    #[inline]
    fn settle(&mut self, flow: Flow) -> Flow {
        if flow != Flow::Finished {
            return flow;
        }
        self.is_unwanted = true;
        match self.emptying.take() {
            Some(Signal::End) => self.signal_to_all(Signal::End),
            _ => flow,
        }
    }

    /// Passes a signal on, behind the results that it sets free.
    fn raise(&mut self, signal: Signal) -> Flow {
        let Some(time) = signal.raises_time_to() else {
            return self.signal_to_all(signal);
        };
        if !self.windows.advance(time) {
            if signal == Signal::End {
                self.report();
            }
            return self.signal_to_all(signal);
        }
        self.emptying = Some(signal);
        let born = match signal {
            Signal::Watermark(watermark) => watermark.born,
            _ => self.clock.now(),
        };
        if born.is_some() {
            let flow = self.next.signal(Signal::Marker(born));
            if !flow.is_open() {
                return flow;
            }
        }
        self.empty()
    }
}

impl<T, K, F, A, C> Collector<T> for KeyedWindows<T, K, F, A, C>
where
    K: Hash + Eq + Clone,
    F: Fn(&T) -> K + Clone,
    A: Aggregate<T> + Clone,
    C: Collector<WindowResult<K, A::Output>>,
{
    fn open(&mut self) -> Flow {
        self.next.open()
    }

    #[inline(always)]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.fold(time, value)
    }

    #[inline]
    fn signal(&mut self, signal: Signal) -> Flow {
        if self.is_unwanted {
            return self.signal_to_all(signal);
        }
        let flow = self.raise(signal);
        self.settle(flow)
    }

    #[inline]
    fn end_batch(&mut self) -> Flow {
        self.next.end_batch()
    }

    fn resume(&mut self) -> Flow {
        let side = self.rejected.resume();
        let main = self.next.resume();
        let mut flow = self.both(main, side);
        if flow.is_open() && self.emptying.is_some() {
            flow = self.empty();
        }
        self.settle(flow)
    }

    fn flush(&mut self) {
        self.rejected.flush();
        self.next.flush();
    }

    fn abort(&mut self) {
        self.next.abort();
    }
}
