//! Two streams that are joined: the tour.
//!
//! ```text
//!   left  ─► key_by ─┐
//!                    ├─► interval_join | window_join ─► pairs
//!   right ─► key_by ─┘                         └──────► what came too late
//! ```
//!
//! A case lists the items of both sides in one order. Two sources keep to it: what
//! stands behind a watermark is not sent before the watermark is through.

use crate::answer::{Answer, Buffered, LateJoinRow, PairRow};
use crate::case::{JoinCase, JoinItem, JoinShape, Joinable, Key, Side};
use crate::kind::Kind;
use fluxus::prelude::*;
use fluxus::sink::{Ending, Sink, SinkError};
use fluxus::source::{
    BoxError, Collector, Flow, Pulled, Signal, Source, SourceStatus, Stamp, Watermark,
};
use fluxus::testing::{Heard, Said};
use fluxus::windows::{
    Global, IntervalBounds, IntervalPairs, JoinLimit, StateLimit, WatermarkCombiner, WindowKind,
};
use fluxus::{Either, IdleStrategy, JoinedPair, Rejected, WindowPair};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

/// The pairs of a case.
pub(crate) fn answer(case: &JoinCase, engine: &Config) -> Result<Answer, BoxError> {
    let tour = Tour::of(case, engine);
    match case.shape {
        JoinShape::Interval { .. } => tour.interval(bounds(case)?),
        JoinShape::Windows(shape) => match Kind::of(shape)? {
            Kind::Tumbling(tumbling) => tour.windows(tumbling),
            Kind::Sliding(sliding) => tour.windows(sliding),
            Kind::Session(session) => tour.windows(session),
            Kind::Global => tour.windows(Global),
            Kind::SessionDynamic | Kind::Count(_) | Kind::CountSliding(_) => {
                Ok(Answer::Unsupported { unsupported: true })
            }
        },
    }
}

/// The bounds of an interval join. What they cannot be they say when they are made.
pub(crate) fn bounds(case: &JoinCase) -> Result<IntervalBounds, BoxError> {
    let JoinShape::Interval {
        lower_ms,
        upper_ms,
        lower_inclusive,
        upper_inclusive,
    } = case.shape
    else {
        return Err("there are no bounds".into());
    };
    // One case's millisecond is one tick of event time, a nanosecond.
    let mut bounds = IntervalBounds::from_nanos(lower_ms, upper_ms)?;
    if !lower_inclusive {
        bounds = bounds.lower_excluded()?;
    }
    if !upper_inclusive {
        bounds = bounds.upper_excluded()?;
    }
    Ok(bounds)
}

fn key_of(element: &Joinable) -> Key {
    element.key.clone()
}

/// A case, and how the engine is to run it.
struct Tour<'a> {
    case: &'a JoinCase,
    engine: Config,
    left: Arc<[Step]>,
    right: Arc<[Step]>,
    /// Which item raises both sides' watermark to which time.
    causes: BTreeMap<i64, usize>,
    /// The watermark that has come out behind the join.
    through: Arc<AtomicI64>,
}

/// What a side says, in order.
#[derive(Clone)]
enum Step {
    Record(Joinable),
    Watermark(Timestamp),
    /// Nothing more before this watermark is through.
    Gate(Timestamp),
}

impl<'a> Tour<'a> {
    /// Both sides say the watermark that they together allow for, at the same place
    /// of the case's order; then each waits until it is through.
    fn of(case: &'a JoinCase, engine: &Config) -> Self {
        let mut combiner = WatermarkCombiner::new(2);
        let mut sides: [Vec<Step>; 2] = Default::default();
        let mut causes = BTreeMap::new();
        for (index, item) in case.input.iter().enumerate() {
            let (left, right) = (0..1, 1..2);
            let of = |side: &Option<Side>| match side {
                None => 0..2,
                Some(Side::L) => left.clone(),
                Some(Side::R) => right.clone(),
            };
            let mut risen = None;
            match item {
                JoinItem::Element(element) => {
                    let side = of(&Some(element.side)).start;
                    sides[side].push(Step::Record(element.clone()));
                }
                JoinItem::Watermark { time, side, .. } => {
                    for input in of(side) {
                        let time = Timestamp::from_nanos(*time);
                        risen = combiner.watermark(input, time).watermark.or(risen);
                    }
                }
                JoinItem::End { side, .. } => {
                    for input in of(side) {
                        risen = combiner.ended(input).watermark.or(risen);
                    }
                }
            }
            if let Some(time) = risen {
                causes.insert(time.nanos(), index);
            }
            // The end of time is said by the end of the streams, unless there is more
            // behind it: all of that is late.
            let is_element = |item: &JoinItem| matches!(item, JoinItem::Element(_));
            let goes_on = case.input[index..].iter().any(is_element);
            if let Some(time) = risen.filter(|&time| time < Timestamp::MAX || goes_on) {
                for side in &mut sides {
                    side.push(Step::Watermark(time));
                    side.push(Step::Gate(time));
                }
            }
        }
        let [left, right] = sides.map(Arc::from);
        Self {
            case,
            // A side that waits for the other is told by nobody that it may go on.
            engine: engine.clone().idle(IdleStrategy::Yield),
            left,
            right,
            causes,
            through: Arc::new(AtomicI64::new(i64::MIN)),
        }
    }

    fn side(&self, steps: &Arc<[Step]>) -> Player {
        Player {
            steps: Arc::clone(steps),
            next: 0,
            through: Arc::clone(&self.through),
        }
    }

    /// Pairs within bounds.
    fn interval(&self, bounds: IntervalBounds) -> Result<Answer, BoxError> {
        let job = Job::new("case", self.engine.clone())?;
        let left = job.timed_source(self.side(&self.left)).key_by(key_of);
        let right = job.timed_source(self.side(&self.right)).key_by(key_of);
        let (pairs, rejected) = left.interval_join(right, bounds).inner().with_rejected();
        let pairs = pairs.map(|pair: JoinedPair<Key, Joinable, Joinable>| PairRow {
            key: pair.key,
            // It comes with the second of its records, at the later of their times.
            at: Some(pair.left.index.max(pair.right.index)),
            ts: Some(pair.left.time.max(pair.right.time)),
            start: None,
            end: None,
            left: pair.left.value,
            right: pair.right.value,
        });
        let [pairs, gate] = pairs.fan_out();
        let pairs = pairs.heard();
        gate.sink(Gate(Arc::clone(&self.through)));
        let late = rejected.map(late_row).heard();
        job.run()?;
        Ok(Answer::Joined {
            pairs: pairs.records(),
            late: late.records(),
            buffered: buffered(self.case, bounds)?,
        })
    }

    /// Pairs of one window.
    fn windows<W>(&self, windows: W) -> Result<Answer, BoxError>
    where
        W: WindowKind<Either<Joinable, Joinable>>,
    {
        let job = Job::new("case", self.engine.clone())?;
        let left = job.timed_source(self.side(&self.left)).key_by(key_of);
        let right = job.timed_source(self.side(&self.right)).key_by(key_of);
        let (pairs, rejected) = left.window_join(right, windows).inner().with_rejected();
        let pairs = pairs.map(|pair: WindowPair<Key, Joinable, Joinable>| PairRow {
            key: pair.key,
            at: None,
            ts: None,
            start: Some(pair.window.start().nanos()),
            end: Some(pair.window.end().nanos()),
            left: pair.left.value,
            right: pair.right.value,
        });
        let [pairs, gate] = pairs.fan_out();
        let pairs = pairs.heard();
        gate.sink(Gate(Arc::clone(&self.through)));
        let late = rejected.map(late_row).heard();
        job.run()?;
        Ok(Answer::Joined {
            pairs: self.placed(&pairs),
            late: late.records(),
            buffered: None,
        })
    }

    /// The pairs of windows, each with the item that raised the watermark which set
    /// it free: it comes ahead of that one, and behind the one before. Behind the
    /// last it is the end's, if the case says where that is.
    fn placed(&self, pairs: &Heard<PairRow>) -> Vec<PairRow> {
        let mut placed = Vec::new();
        for said in pairs.take() {
            let mut rows = Vec::new();
            for line in said {
                let risen_to = match line {
                    Said::Record(_, row) => {
                        rows.push(row);
                        continue;
                    }
                    Said::Watermark(time) => time,
                    Said::End => i64::MAX,
                    _ => continue,
                };
                if let Some(&at) = self.causes.get(&risen_to) {
                    let at = Some(at);
                    placed.extend(rows.drain(..).map(|row| PairRow { at, ..row }));
                }
            }
        }
        placed
    }
}

/// Tells which watermark has come through, for who waits for it.
struct Gate(Arc<AtomicI64>);

impl<T: 'static> Sink<T> for Gate {
    fn write(&mut self, _: Timestamp, _: T) -> Result<(), SinkError> {
        Ok(())
    }

    fn watermark(&mut self, time: Timestamp) -> Result<(), SinkError> {
        self.0.store(time.nanos(), Ordering::SeqCst);
        Ok(())
    }

    fn close(&mut self, _: Ending) -> Result<(), SinkError> {
        Ok(())
    }
}

fn late_row(rejected: Rejected<Either<Joinable, Joinable>>) -> LateJoinRow {
    let (Either::Left(element) | Either::Right(element)) = rejected.value;
    LateJoinRow {
        k: element.key,
        v: element.value,
        ts: element.time,
        side: element.side,
        at: element.index,
    }
}

/// What an interval join still holds, by side, at each item that asks for it: the
/// engine's machine by itself, on one thread.
fn buffered(case: &JoinCase, bounds: IntervalBounds) -> Result<Option<Buffered>, BoxError> {
    let asks = |item: &JoinItem| {
        matches!(
            item,
            JoinItem::Watermark {
                probe_state: true,
                ..
            }
        )
    };
    if !case.input.iter().any(asks) {
        return Ok(None);
    }
    let limit = JoinLimit {
        keys: StateLimit::new(16, 1 << 20),
        records: 1 << 20,
    };
    let mut join = IntervalPairs::<Key, Key, Key>::new(bounds, limit, false, false);
    let mut combiner = WatermarkCombiner::new(2);
    let mut keys: Vec<Key> = Vec::new();
    let mut buffered = Buffered::new();
    for (index, item) in case.input.iter().enumerate() {
        match item {
            JoinItem::Element(element) => {
                if !keys.contains(&element.key) {
                    keys.push(element.key.clone());
                }
                let time = Timestamp::from_nanos(element.time);
                let (key, value) = (element.key.clone(), element.value.clone());
                // A record that is late is held nowhere.
                let _ = match element.side {
                    Side::L => join.left(time, key, value),
                    Side::R => join.right(time, key, value),
                };
                while !join.pair_up(|_, _, _, _| true) {}
            }
            JoinItem::Watermark {
                time,
                side,
                probe_state,
            } => {
                let inputs = match side {
                    None => 0..2,
                    Some(Side::L) => 0..1,
                    Some(Side::R) => 1..2,
                };
                for input in inputs {
                    let combined = combiner.watermark(input, Timestamp::from_nanos(*time));
                    if let Some(time) = combined.watermark {
                        join.advance(time);
                        while !join.remove(|_, _, _| true) {}
                    }
                }
                if *probe_state {
                    let left = keys.iter().flat_map(|key| join.held_left(key));
                    let right = keys.iter().flat_map(|key| join.held_right(key));
                    let held = BTreeMap::from([
                        (Side::L, left.map(|(_, value)| value.clone()).collect()),
                        (Side::R, right.map(|(_, value)| value.clone()).collect()),
                    ]);
                    buffered.insert(index.to_string(), held);
                }
            }
            JoinItem::End { .. } => {}
        }
    }
    Ok(Some(buffered))
}

/// Plays one side, once.
struct Player {
    steps: Arc<[Step]>,
    next: usize,
    through: Arc<AtomicI64>,
}

impl Source for Player {
    type Item = Joinable;

    fn pull<C: Collector<Joinable>>(
        &mut self,
        budget: usize,
        out: &mut C,
    ) -> Result<Pulled, BoxError> {
        let mut records = 0;
        let mut flow = Flow::Open;
        let mut is_waiting = false;
        for step in self.steps[self.next..].iter().take(budget) {
            flow = match step.clone() {
                Step::Record(element) => {
                    records += 1;
                    out.push(Timestamp::from_nanos(element.time), element)
                }
                Step::Watermark(time) => {
                    let born = Stamp::NONE;
                    out.signal(Signal::Watermark(Watermark { time, born }))
                }
                Step::Gate(time) => {
                    if self.through.load(Ordering::SeqCst) < time.nanos() {
                        is_waiting = true;
                        break;
                    }
                    Flow::Open
                }
            };
            self.next += 1;
            if !flow.is_open() {
                break;
            }
        }
        let status = match self.next < self.steps.len() {
            true if is_waiting => SourceStatus::Idle,
            true => SourceStatus::Ready,
            false => SourceStatus::Ended,
        };
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }
}
