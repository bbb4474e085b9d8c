use super::waiting::{most_waiting, Behind};
use super::{Either, Rejected, Rejection};
use crate::exchange::SideOutput;
use crate::metrics::Measure;
use crate::{Clock, Collector, Flow, Instance, Name, Signal, Stamp, WhenFull};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::{Ahead, Declined, JoinStats, Timestamp};
use std::collections::VecDeque;

/// What a [`JoinOperator`] drives: a machine that takes records of two sides and
/// hands out rows.
pub(crate) trait Joining<L, R> {
    /// What the records are joined by.
    type Key;
    /// What comes out.
    type Row;

    /// The key of a record.
    fn key_of(&self, record: &Either<L, R>) -> Self::Key;

    /// Takes a record, whose key may have been [looked for](Self::look_ahead). As long
    /// as it [has rows](Self::has_rows), none is given.
    fn take(
        &mut self,
        record: Ahead<Self::Key, Either<L, R>>,
    ) -> Result<(), (Declined, Either<L, R>)>;

    /// Whether so much is held that it is worth while to look for keys ahead.
    fn is_large(&self) -> bool {
        false
    }

    /// Asks for the memory in which the look-up of a key begins.
    fn expect(&self, record: &mut Ahead<Self::Key, Either<L, R>>) {
        let _ = record;
    }

    /// Looks for keys that were [expected](Self::expect).
    fn look_ahead(&self, records: &mut [Ahead<Self::Key, Either<L, R>>]) {
        let _ = records;
    }

    /// Moves the watermark; says whether there may be rows now, or something to
    /// tidy up.
    fn advance(&mut self, time: Timestamp) -> bool;

    /// Whether there may be rows, or something to tidy up.
    fn has_rows(&self) -> bool;

    /// Hands out rows until there are none or `each` wants no more for now; says
    /// whether all are out. One call does a bounded amount of work.
    fn emit(&mut self, each: impl FnMut(Timestamp, Self::Row) -> bool) -> bool;

    /// What is held.
    fn stats(&self) -> JoinStats;

    /// How many records may be held.
    fn most_records(&self) -> usize;
}

/// Implements the methods of [`Joining`] that are the same of every join that has its
/// machine in a field `pairs`: records go in by their sides, keys are looked for ahead.
macro_rules! held_in_pairs {
    () => {
        #[inline]
        fn key_of(&self, record: &Either<L, R>) -> K {
            (self.key_of)(record)
        }

        #[inline]
        fn take(&mut self, record: Ahead<K, Either<L, R>>) -> Result<(), (Declined, Either<L, R>)> {
            let slot = record.slot();
            let Ahead {
                time, key, value, ..
            } = record;
            match value {
                Either::Left(value) => {
                    let taken = self.pairs.left_at(slot, time, key, value);
                    taken.map_err(|(why, value)| (why, Either::Left(value)))
                }
                Either::Right(value) => {
                    let taken = self.pairs.right_at(slot, time, key, value);
                    taken.map_err(|(why, value)| (why, Either::Right(value)))
                }
            }
        }

        #[inline]
        fn is_large(&self) -> bool {
            self.pairs.is_large()
        }

        #[inline]
        fn expect(&self, record: &mut Ahead<K, Either<L, R>>) {
            self.pairs.expect(record, &Caches);
        }

        fn look_ahead(&self, records: &mut [Ahead<K, Either<L, R>>]) {
            self.pairs.look_ahead(records, &Caches);
        }

        fn advance(&mut self, time: Timestamp) -> bool {
            self.pairs.advance(time)
        }

        fn stats(&self) -> JoinStats {
            self.pairs.stats()
        }

        fn most_records(&self) -> usize {
            self.most_records
        }
    };
}
pub(super) use held_in_pairs;

/// A join of two streams, with everything about it that does not depend on which
/// join it is: rows that wait for room, the signal that set them free, what is
/// rejected.
pub(crate) struct JoinOperator<L, R, J: Joining<L, R>, C> {
    name: Name,
    join: J,
    next: C,
    rejected: SideOutput<Rejected<Either<L, R>>>,
    /// Records that wait for one another's keys to be looked for together.
    waiting: VecDeque<Ahead<J::Key, Either<L, R>>>,
    /// What was said behind them and follows them.
    behind: Option<Behind>,
    /// Rows handed on in this call.
    rows: usize,
    /// Rows are being handed out.
    is_emitting: bool,
    /// The signal that set them free; it follows them.
    signal_owed: Option<Signal>,
    /// The end was passed on.
    has_ended: bool,
    /// Downstream wants no more rows: what is held is nobody's.
    is_unwanted: bool,
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
    unmatched: CounterWriter,
    keys: CounterWriter,
    keys_held: CounterWriter,
    records_held: CounterWriter,
    grown: CounterWriter,
}

impl<L, R, J: Joining<L, R>, C: Collector<J::Row>> JoinOperator<L, R, J, C> {
    pub(crate) fn new(
        name: &Name,
        instance: &Instance,
        join: J,
        rejected: SideOutput<Rejected<Either<L, R>>>,
        next: C,
    ) -> Self {
        let counter = |measure| instance.counter(name, measure);
        Self {
            name: name.clone(),
            join,
            next,
            rejected,
            waiting: VecDeque::with_capacity(most_waiting::<Ahead<J::Key, Either<L, R>>>()),
            behind: None,
            rows: 0,
            is_emitting: false,
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
                unmatched: counter(Measure::Unmatched),
                keys: counter(Measure::KeysHighWater),
                keys_held: counter(Measure::KeysHeld),
                records_held: counter(Measure::RecordsHeld),
                grown: counter(Measure::StateGrown),
            },
            instance: instance.clone(),
        }
    }

    /// Takes a record, and hands on the rows that it makes.
    #[inline]
    fn take(&mut self, record: Ahead<J::Key, Either<L, R>>) -> Flow {
        let time = record.time;
        let culprit = Culprit::new(&self.name);
        let taken = self.join.take(record);
        culprit.cleared();
        if let Err((why, record)) = taken {
            return self.decline(time, record, why);
        }
        if !self.join.has_rows() {
            return Flow::Open;
        }
        self.is_emitting = true;
        self.emit()
    }

    /// Lets a record wait for others whose keys are looked for with its own.
    #[inline]
    fn wait(&mut self, mut record: Ahead<J::Key, Either<L, R>>) -> Flow {
        let culprit = Culprit::new(&self.name);
        self.join.expect(&mut record);
        culprit.cleared();
        self.waiting.push_back(record);
        if self.waiting.len() < most_waiting::<Ahead<J::Key, Either<L, R>>>() {
            return Flow::Open;
        }
        self.take_waiting()
    }

    /// Looks for the keys of all that wait, and takes them in their order.
    fn take_waiting(&mut self) -> Flow {
        let culprit = Culprit::new(&self.name);
        self.join.look_ahead(self.waiting.make_contiguous());
        culprit.cleared();
        self.rows = 0;
        self.take_found()
    }

    /// Takes records that wait, as far as downstream is open and the call is short;
    /// then what came behind them.
    fn take_found(&mut self) -> Flow {
        while let Some(record) = self.waiting.pop_front() {
            let flow = self.take(record);
            if !flow.is_open() {
                return flow;
            }
            if self.rows >= self.batch {
                return Flow::Busy;
            }
        }
        // The next ones lie in one piece then, from the beginning on.
        self.waiting.clear();
        match self.behind.take() {
            Some(Behind::Signal(signal)) => self.raise(signal),
            Some(Behind::EndOfBatch) => self.next.end_batch(),
            None => Flow::Open,
        }
    }

    /// Hands on rows while there are any and downstream is open, at most a batch;
    /// after the last one, the signal that set them free.
    fn emit(&mut self) -> Flow {
        let mut flow = Flow::Open;
        let mut rows = 0;
        let (next, batch) = (&mut self.next, self.batch);
        let culprit = Culprit::new(&self.name);
        let is_all = self.join.emit(|time, row| {
            flow = next.push(time, row);
            rows += 1;
            flow.is_open() && rows < batch
        });
        culprit.cleared();
        self.meters.results.add(rows as u64);
        self.rows += rows;
        if !is_all || self.join.has_rows() {
            return flow.max(Flow::Busy);
        }
        self.is_emitting = false;
        if !flow.is_open() {
            // The signal, if one is owed, goes when downstream is open again.
            self.is_emitting = self.signal_owed.is_some();
            return flow;
        }
        match self.signal_owed.take() {
            Some(signal) => {
                self.report();
                self.signal_to_all(signal)
            }
            None => Flow::Open,
        }
    }

    /// Publishes what the state holds; done when time has moved.
    fn report(&mut self) {
        let stats = self.join.stats();
        self.meters.unmatched.set(stats.alone);
        self.meters.keys.set(stats.keys_high_water as u64);
        self.meters.keys_held.set(stats.keys as u64);
        self.meters
            .records_held
            .set((stats.left + stats.right) as u64);
        self.meters.grown.set(stats.grown);
    }

    #[cold]
    fn decline(&mut self, time: Timestamp, value: Either<L, R>, why: Declined) -> Flow {
        let reason = match why {
            Declined::Late => {
                self.meters.late.add(1);
                Rejection::Late
            }
            _ if self.when_full == WhenFull::Fail => return self.is_full(why),
            _ => {
                self.meters.refused.add(1);
                Rejection::StateFull
            }
        };
        self.rejected.push(time, Rejected { value, reason })
    }

    #[cold]
    fn is_full(&mut self, why: Declined) -> Flow {
        let problem = match why {
            Declined::TooManyRecords => format!(
                "it holds {} records, which is its record_limit, and another one came: raise \
                 record_limit, choose narrower bounds, see that the watermarks of both streams \
                 rise, or let records be rejected with Config::when_full(WhenFull::Reject)",
                self.join.most_records()
            ),
            _ => format!(
                "its state holds {} keys, which is key_limit, and another one came: raise \
                 Config::key_limit, use more workers, or let records be rejected with \
                 Config::when_full(WhenFull::Reject)",
                self.instance.state_limit.limit()
            ),
        };
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
        // After the end nothing more is given to either; what is left is to get rid
        // of what they hold, and there one that is done does not speak for the other.
        let left = |flow| match flow {
            Flow::Finished => Flow::Open,
            flow => flow,
        };
        left(main).max(left(side))
    }

    /// Tells downstream when what follows was set free, if that is measured.
    fn mark(&mut self, born: Stamp) -> Flow {
        match born.is_some() {
            true => self.next.signal(Signal::Marker(born)),
            false => Flow::Open,
        }
    }

    /// Once downstream wants no more, what is held is for nobody; but the end, if
    /// that is what set it free, is still said.
    #[inline]
    fn settle(&mut self, flow: Flow) -> Flow {
        if flow != Flow::Finished {
            return flow;
        }
        self.is_unwanted = true;
        self.is_emitting = false;
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

    /// Passes a signal on, behind the rows that it sets free.
    fn raise(&mut self, signal: Signal) -> Flow {
        let Some(time) = signal.raises_time_to() else {
            return self.signal_to_all(signal);
        };
        if !self.join.advance(time) {
            self.report();
            return self.signal_to_all(signal);
        }
        self.is_emitting = true;
        self.signal_owed = Some(signal);
        let flow = self.mark(match signal {
            Signal::Watermark(watermark) => watermark.born,
            _ => self.clock.now(),
        });
        if !flow.is_open() {
            return flow;
        }
        self.emit()
    }
}

impl<L, R, J, C> Collector<Either<L, R>> for JoinOperator<L, R, J, C>
where
    J: Joining<L, R>,
    C: Collector<J::Row>,
{
    fn open(&mut self) -> Flow {
        self.next.open()
    }

    #[inline]
    fn push(&mut self, time: Timestamp, record: Either<L, R>) -> Flow {
        let culprit = Culprit::new(&self.name);
        let key = self.join.key_of(&record);
        culprit.cleared();
        let record = Ahead::new(time, key, record, 0);
        let flow = match !self.waiting.is_empty() || self.join.is_large() {
            true => self.wait(record),
            false => self.take(record),
        };
        self.settle(flow)
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        if self.is_unwanted {
            return self.signal_to_all(signal);
        }
        let flow = match self.waiting.is_empty() {
            true => self.raise(signal),
            false => {
                self.behind = Some(Behind::Signal(signal));
                self.take_waiting()
            }
        };
        self.settle(flow)
    }

    fn end_batch(&mut self) -> Flow {
        if self.waiting.is_empty() {
            return self.next.end_batch();
        }
        self.behind = Some(Behind::EndOfBatch);
        let flow = self.take_waiting();
        self.settle(flow)
    }

    fn resume(&mut self) -> Flow {
        self.rows = 0;
        let side = self.rejected.resume();
        let main = self.next.resume();
        let mut flow = self.both(main, side);
        if flow.is_open() && self.is_emitting {
            flow = self.emit();
        }
        if flow.is_open() && (self.behind.is_some() || !self.waiting.is_empty()) {
            flow = self.take_found();
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

#[cfg(test)]
mod tests;
