use super::Receiver;
use crate::metrics::Measure;
use crate::stage::{Stage, StageState};
use crate::{Collector, Flow, Instance, Name, Signal, Stamp, Watermark};
use fluxus_ringbuf::{counter, CounterReader, CounterWriter, Polled};
use fluxus_runtime::{Fault, Step, Task};
use fluxus_windows::{Combined, InputStatus, WatermarkCombiner};

/// A stage that begins at rings: it merges its inputs, as they come, into one
/// stream whose watermark is the minimum of theirs, and drives a chain with it.
pub(crate) struct InboxTask<T, C> {
    stage: Stage<C>,
    inputs: Vec<Input<T>>,
    combiner: WatermarkCombiner,
    /// The input whose turn it is, and what was taken of it in this turn: a turn that
    /// was broken off goes on first. Otherwise an input whose watermarks set much free
    /// would lose part of each turn, and fall ever further behind the others.
    turn: usize,
    taken_in_turn: usize,
    records: CounterWriter,
    /// Signals that the combined inputs owe to the chain, in order.
    owed: Vec<Signal>,
    /// What the chain was told last of what set the records free.
    marker: Stamp,
    /// The last barrier that all inputs have reached.
    cut: u64,
}

struct Input<T> {
    receiver: Receiver<T>,
    ended: bool,
    /// The last barrier that it brought. Behind one that the others have not
    /// reached it is not read on: what follows is on the far side of the cut.
    barrier: u64,
    /// What set its next records free.
    marker: Stamp,
    /// How often it has returned from idleness, so far as was heard here.
    returns: u64,
    /// The same, told to the producer as soon as it holds time back again; see
    /// [`Alignment`](super::Alignment).
    answered: CounterWriter,
    answer: CounterReader,
}

impl<T, C: Collector<T>> InboxTask<T, C> {
    pub(crate) fn new(
        name: Name,
        instance: &Instance,
        receivers: Vec<Receiver<T>>,
        chain: C,
    ) -> Self {
        Self {
            combiner: WatermarkCombiner::new(receivers.len()),
            inputs: receivers
                .into_iter()
                .map(|receiver| {
                    let (answered, answer) = counter();
                    Input {
                        receiver,
                        ended: false,
                        barrier: 0,
                        marker: Stamp::NONE,
                        returns: 0,
                        answered,
                        answer,
                    }
                })
                .collect(),
            turn: 0,
            taken_in_turn: 0,
            records: instance.counter(&name, Measure::RecordsIn),
            stage: Stage::new(name, instance, chain),
            owed: Vec::with_capacity(4),
            marker: Stamp::NONE,
            cut: 0,
        }
    }

    /// What each input's producer learns of itself from here.
    pub(crate) fn answers(&self) -> impl Iterator<Item = &CounterReader> {
        self.inputs.iter().map(|input| &input.answer)
    }

    /// Takes what one input has, at most `budget` records; says how many things
    /// it took, and whether the chain is still open.
    fn take(&mut self, index: usize, budget: usize) -> Result<(usize, Flow), Fault> {
        let mut taken = 0;
        loop {
            let input = &mut self.inputs[index];
            if input.ended || taken >= budget || input.barrier > self.cut {
                return Ok((taken, Flow::Open));
            }
            match input.receiver.poll(budget - taken) {
                Polled::Records(batch) => {
                    let Some(chain) = &mut self.stage.chain else {
                        return Ok((taken, Flow::Finished));
                    };
                    if input.marker != self.marker {
                        self.marker = input.marker;
                        let flow = chain.signal(Signal::Marker(self.marker));
                        if !flow.is_open() {
                            // Nothing of the batch was taken: it comes again.
                            return Ok((taken, flow));
                        }
                    }
                    let mut flow = Flow::Open;
                    let count = batch.drain_while(|record| {
                        flow = chain.push(record.time, record.value);
                        flow.is_open()
                    });
                    taken += count;
                    self.records.add(count as u64);
                    if !flow.is_open() {
                        return Ok((taken, flow));
                    }
                }
                Polled::Signal(signal) => {
                    taken += 1;
                    self.receive(index, signal);
                    let flow = self.pay();
                    if !flow.is_open() {
                        return Ok((taken, flow));
                    }
                }
                Polled::Empty => return Ok((taken, Flow::Open)),
                Polled::Closed if self.stage.instance.control.is_stopping() => {
                    return Ok((taken, Flow::Open))
                }
                Polled::Closed => {
                    return Err(Fault::error(
                        &*self.stage.name,
                        "the stage before this one went away before its stream had ended",
                    ))
                }
            }
        }
    }

    /// What a signal of one input means for all of them together.
    fn receive(&mut self, index: usize, signal: Signal) {
        let (combined, born) = match signal {
            Signal::Watermark(watermark) => {
                let combined = self.combiner.watermark(index, watermark.time);
                (combined, watermark.born)
            }
            Signal::Idle => {
                let combined = self.combiner.idle(index);
                (combined, self.stage.instance.clock.now())
            }
            Signal::Active => {
                self.inputs[index].returns += 1;
                (self.combiner.active(index), Stamp::NONE)
            }
            Signal::End => {
                self.inputs[index].ended = true;
                let before = self.combiner.current();
                let combined = self.combiner.ended(index);
                let born = self.stage.instance.clock.now();
                let time = self.combiner.latest();
                if self.combiner.has_ended() && time > before {
                    // What comes due before the end must not depend on which
                    // of the inputs ended last.
                    let latest = Watermark { time, born };
                    self.owed.push(Signal::Watermark(latest));
                }
                (combined, born)
            }
            // It holds for the next records of this input alone, and goes ahead
            // of them when they come.
            Signal::Marker(stamp) => {
                self.inputs[index].marker = stamp;
                return;
            }
            Signal::Barrier(id) => {
                self.inputs[index].barrier = id;
                self.align();
                return;
            }
        };
        let input = &mut self.inputs[index];
        if input.returns != input.answered.value() && self.combiner.is_aligned(index) {
            input.answered.set(input.returns);
        }
        let Combined { watermark, status } = combined;
        if status == Some(InputStatus::Active) {
            self.owed.push(Signal::Active);
        }
        if self.combiner.has_ended() {
            self.owed.push(Signal::End);
        } else if let Some(time) = watermark {
            self.owed.push(Signal::Watermark(Watermark { time, born }));
        }
        if status == Some(InputStatus::Idle) {
            self.owed.push(Signal::Idle);
        }
        if self.inputs[index].ended {
            // It may have been the one that the others waited for; its end is on
            // the near side of their barrier.
            self.align();
        }
    }

    /// Passes on the barrier that all inputs have reached, if there is a new one;
    /// an input that has ended holds none back.
    fn align(&mut self) {
        let live = self.inputs.iter().filter(|input| !input.ended);
        let reached = live.map(|input| input.barrier).min();
        if let Some(reached) = reached.filter(|&reached| reached > self.cut) {
            self.cut = reached;
            self.owed.push(Signal::Barrier(reached));
        }
    }

    /// Hands owed signals to the chain while it is open.
    fn pay(&mut self) -> Flow {
        while !self.owed.is_empty() {
            let signal = self.owed.remove(0);
            if signal == Signal::End {
                self.stage.state = StageState::Ending;
            }
            let flow = self.stage.drive(|chain| chain.signal(signal));
            if !flow.is_open() {
                return flow;
            }
        }
        Flow::Open
    }

    /// Gives every input its turn, of `budget` records each. A turn that the chain
    /// ends by closing goes on when it is open again.
    fn take_from_all(&mut self, budget: usize) -> Result<(usize, Flow), Fault> {
        let inputs = self.inputs.len();
        let mut taken = 0;
        for _ in 0..inputs {
            let left = budget.saturating_sub(self.taken_in_turn);
            let (count, flow) = self.take(self.turn, left)?;
            taken += count;
            if !flow.is_open() && count < left {
                self.taken_in_turn += count;
                return Ok((taken, flow));
            }
            self.taken_in_turn = 0;
            // Compared, not divided: a poll that finds nothing is what a record has
            // to wait for, and two divisions were a fifth of it.
            self.turn = match self.turn + 1 {
                next if next < inputs => next,
                _ => 0,
            };
            if !flow.is_open() {
                return Ok((taken, flow));
            }
        }
        Ok((taken, Flow::Open))
    }
}

impl<T: Send, C: Collector<T> + Send> Task for InboxTask<T, C> {
    fn name(&self) -> &str {
        &self.stage.name
    }

    fn poll(&mut self, budget: usize) -> Result<Step, Fault> {
        if let Some(step) = self.stage.prepare::<T>()? {
            return Ok(step);
        }
        let mut flow = self.pay();
        let mut taken = 0;
        if flow.is_open() && self.stage.state == StageState::Running {
            (taken, flow) = self.take_from_all(budget)?;
        }
        // An empty batch ends too: what had to wait for room goes out (a sink must
        // not sit on it), and a stage without input learns here that nobody
        // downstream wants any.
        if flow.is_open() && self.stage.state == StageState::Running {
            flow = self.stage.drive(|chain| chain.end_batch());
        }
        self.stage.conclude::<T>(flow, taken > 0)
    }

    fn abort(&mut self) {
        self.stage.abort::<T>();
    }
}
