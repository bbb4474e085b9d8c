use crate::collector::pass_on;
use crate::exchange::Alignment;
use crate::metrics::Measure;
use crate::{Collector, Flow, Instance, Name, Record, Signal};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::{Added, Aggregate, Arrival, Slicing, Timestamp, TumblingWindows};
use std::hash::Hash;

/// What a producing core sends to the core that a key belongs to.
pub(crate) enum Partial<K, Acc, T> {
    /// All that this core has seen of a key in a slice.
    Pane {
        /// The key.
        key: K,
        /// What was folded.
        accumulator: Acc,
    },
    /// A record by itself: its slice is closed here but may be open there,
    /// where the watermark is the minimum of all cores'; or its window has given
    /// its result, and gives it again; or this core does not hold time back
    /// there, after it was idle.
    Record {
        /// The record.
        value: T,
        /// The how-manieth it is of this core's, for aggregates that ask.
        number: u64,
    },
}

/// The first phase of windows in two: folds this core's records and, when the
/// watermark of this core completes a slice, sends the partial accumulators
/// on, ahead of the watermark.
///
/// It has no last word. A record that is late here, or whose key finds no room,
/// goes on as it is, for the second phase to judge.
///
/// What is folded here must come before its window closes there. It does while
/// this core holds time back there. An idle core does not: it sends what it has
/// folded, though no slice is complete, and from then on record by record, until
/// the second phase counts it again (see [`Alignment`]). A core that is alone is
/// never overtaken and goes on folding.
pub(crate) struct PartialOperator<T, K, F, A: Aggregate<T>, C> {
    name: Name,
    key_of: F,
    aggregate: A,
    slices: TumblingWindows<K, A::Accumulator>,
    /// Records seen; kept only for aggregates that ask for their order.
    arrivals: u64,
    next: C,
    /// The signal whose windows are being sent; it follows them.
    emptying: Option<Signal>,
    batch: usize,
    /// Nobody else feeds the second phase.
    is_alone: bool,
    presence: Presence,
    alignment: Alignment,
    grown: CounterWriter,
}

/// Whether a core holds time back in the second phase, so far as it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// It does: records may be folded.
    Counted,
    /// It is idle and does not.
    Idle,
    /// It has said that it is active again, and was not answered yet.
    Returning,
}

impl<T, K, F, A, C> PartialOperator<T, K, F, A, C>
where
    K: Hash + Eq + Clone,
    F: Fn(&T) -> K + Clone,
    A: Aggregate<T> + Clone,
    C: Collector<Partial<K, A::Accumulator, T>>,
{
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn new(
        name: &Name,
        instance: &Instance,
        slicing: Slicing,
        is_alone: bool,
        alignment: Alignment,
        key_of: &F,
        aggregate: &A,
        next: C,
    ) -> Self {
        Self {
            slices: TumblingWindows::new(slicing, instance.state_limit),
            arrivals: 0,
            name: name.clone(),
            key_of: key_of.clone(),
            aggregate: aggregate.clone(),
            next,
            emptying: None,
            batch: instance.batch,
            is_alone,
            presence: Presence::Counted,
            alignment,
            grown: instance.counter(name, Measure::StateGrown),
        }
    }

    /// For a key that is new in its slice, mostly.
    #[inline(never)]
    fn fold_the_long_way(&mut self, key: K, record: Record<T>) -> Flow {
        let culprit = Culprit::new(&self.name);
        let aggregate = &self.aggregate;
        let create = || aggregate.create();
        let key = match self.slices.first_touch(record.time, key, &create) {
            Ok(accumulator) => {
                let arrival = Arrival {
                    time: record.time,
                    value: &record.value,
                    number: self.arrivals,
                };
                arrival.fold_into(aggregate, accumulator);
                culprit.cleared();
                return Flow::Open;
            }
            Err(key) => key,
        };
        culprit.cleared();
        self.fold_the_longest_way(key, record)
    }

    /// For another slice than that of the record before, or none at all.
    #[cold]
    #[inline(never)]
    fn fold_the_longest_way(&mut self, key: K, record: Record<T>) -> Flow {
        let Record { time, value } = record;
        let number = self.arrivals;
        if self.presence != Presence::Counted {
            return self.next.push(time, Partial::Record { value, number });
        }
        let culprit = Culprit::new(&self.name);
        let aggregate = &self.aggregate;
        let arrival = Arrival {
            time,
            value: &value,
            number,
        };
        let create = || aggregate.create();
        let added = self.slices.update(time, key, &create, |accumulator| {
            arrival.fold_into(aggregate, accumulator)
        });
        culprit.cleared();
        match added {
            Added::Kept => Flow::Open,
            Added::Late | Added::Refused | Added::Ignored => {
                self.next.push(time, Partial::Record { value, number })
            }
        }
    }

    fn empty(&mut self) -> Flow {
        for _ in 0..self.batch {
            let culprit = Culprit::new(&self.name);
            let closed = self.slices.next_closed();
            culprit.cleared();
            let Some(closed) = closed else {
                self.grown.set(self.slices.stats().grown);
                return match self.emptying.take() {
                    Some(signal) => self.next.signal(signal),
                    None => Flow::Open,
                };
            };
            let partial = Partial::Pane {
                key: closed.key,
                accumulator: closed.accumulator,
            };
            // Any instant of the window says which one it is.
            let flow = self.next.push(closed.window.start(), partial);
            if !flow.is_open() {
                return flow;
            }
        }
        Flow::Busy
    }
}

impl<T, K, F, A, C> Collector<T> for PartialOperator<T, K, F, A, C>
where
    K: Hash + Eq + Clone,
    F: Fn(&T) -> K + Clone,
    A: Aggregate<T> + Clone,
    C: Collector<Partial<K, A::Accumulator, T>>,
{
    #[inline(always)]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        if A::NUMBERED {
            self.arrivals += 1;
        }
        let culprit = Culprit::new(&self.name);
        let key = (self.key_of)(&value);
        if let Some(accumulator) = self.slices.at_hand(time, &key) {
            let arrival = Arrival {
                time,
                value: &value,
                number: self.arrivals,
            };
            arrival.fold_into(&self.aggregate, accumulator);
            culprit.cleared();
            return Flow::Open;
        }
        culprit.cleared();
        self.fold_the_long_way(key, Record { time, value })
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        let anything = match signal {
            Signal::Idle if !self.is_alone => {
                self.presence = Presence::Idle;
                self.slices.yield_all()
            }
            Signal::Active => {
                // Each one is counted at the other ends, too.
                self.alignment.returns();
                if self.presence == Presence::Idle {
                    self.presence = Presence::Returning;
                }
                false
            }
            signal => {
                if self.presence == Presence::Returning && self.alignment.is_whole() {
                    self.presence = Presence::Counted;
                }
                match signal.raises_time_to() {
                    Some(time) => self.slices.advance(time),
                    None => false,
                }
            }
        };
        if !anything {
            return self.next.signal(signal);
        }
        self.emptying = Some(signal);
        self.empty()
    }

    fn resume(&mut self) -> Flow {
        let flow = self.next.resume();
        if !flow.is_open() || self.emptying.is_none() {
            return flow;
        }
        self.empty()
    }

    pass_on!(open, end_batch, flush, abort);
}
