use super::waiting::{most_waiting, Behind, Caches};
use super::{Rejected, Rejection, WindowResult};
use crate::exchange::SideOutput;
use crate::metrics::Measure;
use crate::{Clock, Collector, Flow, Instance, Name, Record, Signal, Stamp, WhenFull};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::{Added, Aggregate, Ahead, Arrival, Fired, Firing, Timestamp, WindowStore};
use std::collections::VecDeque;

/// Keyed windows that have the last word: they emit results and reject what
/// comes too late. As a [`Collector`] of records it is the window operator;
/// [`MergeOperator`](super::window_merge::MergeOperator) feeds it partial panes.
pub(crate) struct KeyedWindows<T, K, F, A, S, C> {
    pub(crate) name: Name,
    key_of: F,
    pub(crate) aggregate: A,
    pub(crate) windows: S,
    next: C,
    rejected: SideOutput<Rejected<T>>,
    /// Records seen; kept only for aggregates that ask for their order.
    arrivals: u64,
    /// Records that wait for one another's keys to be looked for together.
    waiting: VecDeque<Ahead<K, T>>,
    /// What was said behind them and follows them.
    behind: Option<Behind>,
    /// Results are due and are being handed on.
    is_emptying: bool,
    /// The signal that set them free; it follows them.
    signal_owed: Option<Signal>,
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
    ignored: CounterWriter,
    late_firings: CounterWriter,
    keys: CounterWriter,
    keys_held: CounterWriter,
    panes_held: CounterWriter,
    grown: CounterWriter,
}

impl<T, K, F, A, S, C> KeyedWindows<T, K, F, A, S, C> {
    pub(crate) fn new(
        name: &Name,
        instance: &Instance,
        windows: S,
        key_of: &F,
        aggregate: &A,
        rejected: SideOutput<Rejected<T>>,
        next: C,
    ) -> Self
    where
        F: Clone,
        A: Clone,
    {
        let counter = |measure| instance.counter(name, measure);
        Self {
            windows,
            name: name.clone(),
            key_of: key_of.clone(),
            aggregate: aggregate.clone(),
            next,
            rejected,
            arrivals: 0,
            waiting: VecDeque::with_capacity(most_waiting::<Ahead<K, T>>()),
            behind: None,
            is_emptying: false,
            signal_owed: None,
            has_ended: false,
            is_unwanted: false,
            batch: instance.batch,
            clock: instance.clock,
            when_full: instance.when_full,
            meters: Meters {
                results: counter(Measure::Results),
                late: counter(Measure::Late),
                refused: counter(Measure::Refused),
                ignored: counter(Measure::Ignored),
                late_firings: counter(Measure::LateFirings),
                keys: counter(Measure::KeysHighWater),
                keys_held: counter(Measure::KeysHeld),
                panes_held: counter(Measure::PanesHeld),
                grown: counter(Measure::StateGrown),
            },
            instance: instance.clone(),
        }
    }
}

impl<T, K, F, A, S, C> KeyedWindows<T, K, F, A, S, C>
where
    F: Fn(&T) -> K,
    A: Aggregate<T>,
    S: WindowStore<K, T, A>,
    C: Collector<WindowResult<K, A::Output>>,
{
    /// Looks for keys ahead where the state is large. For an operator that is
    /// only ever given records.
    pub(crate) fn looking_ahead(mut self) -> Self {
        self.windows.will_look_ahead();
        self
    }

    /// Folds a record into its windows.
    #[inline(always)]
    pub(crate) fn fold(&mut self, time: Timestamp, value: T) -> Flow {
        if !A::NUMBERED {
            return self.fold_numbered(time, value, 0);
        }
        self.arrivals += 1;
        self.fold_numbered(time, value, self.arrivals)
    }

    /// Lets a record wait for others whose keys are looked for with its own.
    #[inline]
    fn wait(&mut self, key: K, record: Record<T>, number: u64) -> Flow {
        let mut record = Ahead::new(record.time, key, record.value, number);
        let culprit = Culprit::new(&self.name);
        self.windows.expect(&mut record, &Caches);
        culprit.cleared();
        self.waiting.push_back(record);
        if self.waiting.len() < most_waiting::<Ahead<K, T>>() {
            return Flow::Open;
        }
        self.fold_waiting()
    }

    /// Looks for the keys of all that wait, and folds them in their order.
    fn fold_waiting(&mut self) -> Flow {
        let culprit = Culprit::new(&self.name);
        self.windows
            .look_ahead(self.waiting.make_contiguous(), &Caches);
        culprit.cleared();
        self.fold_found()
    }

    /// Folds records that wait, as far as downstream is open.
    fn fold_found(&mut self) -> Flow {
        while !self.waiting.is_empty() {
            let culprit = Culprit::new(&self.name);
            let (records, _) = self.waiting.as_slices();
            let mut folded = 0;
            for record in records {
                let Some(accumulator) = self.windows.found_ahead(&self.aggregate, record) else {
                    break;
                };
                record.arrival().fold_into(&self.aggregate, accumulator);
                folded += 1;
            }
            self.waiting.drain(..folded);
            culprit.cleared();
            let Some(record) = self.waiting.pop_front() else {
                break;
            };
            let Ahead {
                time,
                key,
                value,
                number,
                ..
            } = record;
            let flow = self.add(key, Record { time, value }, number);
            if !flow.is_open() {
                return flow;
            }
        }
        self.waiting.clear();
        match self.behind.take() {
            Some(Behind::Signal(signal)) => self.raise(signal),
            Some(Behind::EndOfBatch) => self.next.end_batch(),
            None => Flow::Open,
        }
    }

    /// Folds a record that was numbered where it came in.
    #[inline(always)]
    pub(crate) fn fold_numbered(&mut self, time: Timestamp, value: T, number: u64) -> Flow {
        let culprit = Culprit::new(&self.name);
        let key = (self.key_of)(&value);
        if let Some(accumulator) = self.windows.at_hand(time, &key) {
            let arrival = Arrival {
                time,
                value: &value,
                number,
            };
            arrival.fold_into(&self.aggregate, accumulator);
            culprit.cleared();
            return Flow::Open;
        }
        culprit.cleared();
        self.fold_the_long_way(key, Record { time, value }, number)
    }

    /// For a key that is new in its window, mostly.
    #[inline(never)]
    fn fold_the_long_way(&mut self, key: K, record: Record<T>, number: u64) -> Flow {
        let culprit = Culprit::new(&self.name);
        let touched = self.windows.first_touch(&self.aggregate, record.time, key);
        let key = match touched {
            Ok(accumulator) => {
                let arrival = Arrival {
                    time: record.time,
                    value: &record.value,
                    number,
                };
                arrival.fold_into(&self.aggregate, accumulator);
                culprit.cleared();
                return Flow::Open;
            }
            Err(key) => key,
        };
        culprit.cleared();
        self.fold_the_longest_way(key, record, number)
    }

    /// For another window than the record before, or none at all; and for all where
    /// the state is large.
    #[inline(never)]
    fn fold_the_longest_way(&mut self, key: K, record: Record<T>, number: u64) -> Flow {
        match self.windows.is_large() {
            true => self.wait(key, record, number),
            false => self.add(key, record, number),
        }
    }

    fn add(&mut self, key: K, record: Record<T>, number: u64) -> Flow {
        let Record { time, value } = record;
        let culprit = Culprit::new(&self.name);
        let arrival = Arrival {
            time,
            value: &value,
            number,
        };
        let added = self.windows.add(&self.aggregate, key, arrival);
        culprit.cleared();
        match added {
            Added::Kept if self.windows.has_due() => self.fire(),
            Added::Kept => Flow::Open,
            Added::Late => self.reject(time, value, Rejection::Late),
            Added::Refused => self.reject(time, value, Rejection::StateFull),
            Added::Ignored => {
                self.meters.ignored.add(1);
                Flow::Open
            }
        }
    }

    /// A record made something due: it goes out at once.
    fn fire(&mut self) -> Flow {
        self.is_emptying = true;
        let flow = self.mark(self.clock.now());
        if !flow.is_open() {
            return flow;
        }
        let flow = self.empty();
        self.settle(flow)
    }

    /// Tells downstream when what follows was set free, if that is measured.
    fn mark(&mut self, born: Stamp) -> Flow {
        match born.is_some() {
            true => self.next.signal(Signal::Marker(born)),
            false => Flow::Open,
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

    /// Passes a signal on, and does behind it what it need not wait for.
    fn signal_then_tidy(&mut self, signal: Signal) -> Flow {
        let flow = self.signal_to_all(signal);
        let culprit = Culprit::new(&self.name);
        self.windows.tidy();
        culprit.cleared();
        flow
    }

    /// The answer of the main output and the side output together.
    fn both(&self, main: Flow, side: Flow) -> Flow {
        match self.has_ended {
            false => main.and_side(side),
            true => main.and_side_after_end(side),
        }
    }

    /// Hands on results while there are any and downstream is open, at most a
    /// batch; after the last one, the signal that set them free.
    fn empty(&mut self) -> Flow {
        for count in 0..self.batch {
            let culprit = Culprit::new(&self.name);
            let due = self.windows.next_due(&self.aggregate);
            culprit.cleared();
            let Some(due) = due else {
                self.meters.results.add(count as u64);
                if self.windows.has_due() {
                    return Flow::Busy;
                }
                self.is_emptying = false;
                self.report();
                return match self.signal_owed.take() {
                    Some(signal) => self.signal_then_tidy(signal),
                    None => Flow::Open,
                };
            };
            let flow = self.emit(due);
            if !flow.is_open() {
                self.meters.results.add(count as u64 + 1);
                return flow;
            }
        }
        self.meters.results.add(self.batch as u64);
        Flow::Busy
    }

    #[inline]
    fn emit(&mut self, due: Fired<K, A::Output>) -> Flow {
        let Fired {
            window,
            key,
            value,
            firing,
        } = due;
        if firing == Firing::Late {
            self.meters.late_firings.add(1);
        }
        // The end of time is for what has no end, and for what was cut off by it.
        let time = window.last_instant();
        let result = WindowResult {
            key,
            window,
            value,
            firing,
        };
        self.next.push(time, result)
    }

    /// Publishes what the state holds; done when it changes shape.
    fn report(&mut self) {
        let stats = self.windows.stats();
        self.meters.keys.set(stats.keys_high_water as u64);
        self.meters.keys_held.set(stats.keys as u64);
        self.meters.panes_held.set(stats.panes as u64);
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
        self.is_emptying = false;
        self.waiting.clear();
        let behind = match self.behind.take() {
            Some(Behind::Signal(signal)) => Some(signal),
            _ => None,
        };
        match self.signal_owed.take().or(behind) {
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
            return self.signal_then_tidy(signal);
        }
        self.is_emptying = true;
        self.signal_owed = Some(signal);
        let flow = self.mark(match signal {
            Signal::Watermark(watermark) => watermark.born,
            _ => self.clock.now(),
        });
        if !flow.is_open() {
            return flow;
        }
        self.empty()
    }
}

impl<T, K, F, A, S, C> Collector<T> for KeyedWindows<T, K, F, A, S, C>
where
    F: Fn(&T) -> K,
    A: Aggregate<T>,
    S: WindowStore<K, T, A>,
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
        let flow = match self.waiting.is_empty() {
            true => self.raise(signal),
            false => {
                self.behind = Some(Behind::Signal(signal));
                self.fold_waiting()
            }
        };
        self.settle(flow)
    }

    #[inline]
    fn end_batch(&mut self) -> Flow {
        if self.waiting.is_empty() {
            return self.next.end_batch();
        }
        self.behind = Some(Behind::EndOfBatch);
        let flow = self.fold_waiting();
        self.settle(flow)
    }

    fn resume(&mut self) -> Flow {
        let side = self.rejected.resume();
        let main = self.next.resume();
        let mut flow = self.both(main, side);
        if flow.is_open() && self.is_emptying {
            flow = self.empty();
        }
        if flow.is_open() && (self.behind.is_some() || !self.waiting.is_empty()) {
            flow = self.fold_found();
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
