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

use crate::answer::{Answer, LateJoinRow, PairRow};
use crate::case::{JoinCase, JoinItem, JoinShape, Joinable, Key, Side};
use crate::kept::Kept;
use crate::kind::Kind;
use fluxus::prelude::*;
use fluxus::source::{
    BoxError, Collector, Flow, Pulled, Signal, Source, SourceStatus, Stamp, Watermark,
};
use fluxus::windows::{
    Global, Inner, IntervalBounds, IntervalPairs, JoinLimit, StateLimit, WatermarkCombiner,
    WindowKind,
};
use fluxus::{Either, IdleStrategy, JoinedPair, Rejected, WindowPair};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{mpsc, Arc};

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
    /// The last watermark of streams that do not end.
    stops_at: Option<Timestamp>,
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
        let (mut last, mut ends) = (None, false);
        for item in &case.input {
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
                    ends = true;
                    for input in of(side) {
                        risen = combiner.ended(input).watermark.or(risen);
                    }
                }
            }
            // The end of time is said by the end of the streams.
            if let Some(time) = risen.filter(|&time| time < Timestamp::MAX) {
                last = Some(time);
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
            stops_at: last.filter(|_| !ends),
            through: Arc::new(AtomicI64::new(i64::MIN)),
        }
    }

    fn side(&self, steps: &Arc<[Step]>) -> Player {
        Player {
            steps: Arc::clone(steps),
            next: 0,
            ends: self.stops_at.is_none(),
            through: Arc::clone(&self.through),
        }
    }

    /// Pairs within bounds.
    fn interval(&self, bounds: IntervalBounds) -> Result<Answer, BoxError> {
        let job = Job::new("case", self.engine.clone())?;
        let left = job.timed_source(self.side(&self.left)).key_by(key_of);
        let right = job.timed_source(self.side(&self.right)).key_by(key_of);
        let (pairs, rejected) = left.interval_join(right, bounds).rows_with_rejected(Inner);
        let row = |pair: JoinedPair<Key, Joinable, Joinable>| PairRow {
            key: pair.key,
            // It comes with the second of its records, at the later of their times.
            at: Some(pair.left.index.max(pair.right.index)),
            ts: Some(pair.left.time.max(pair.right.time)),
            start: None,
            end: None,
            left: pair.left.value,
            right: pair.right.value,
        };
        let (pair_sink, pairs_kept) = Kept::telling(row, self.stops_at, &self.through);
        pairs.sink(pair_sink);
        let (late_sink, late) = Kept::new(late_row, self.stops_at);
        rejected.sink(late_sink);
        let (pairs, late) = self.run(job, &pairs_kept, &late)?;
        Ok(Answer::Joined {
            pairs,
            late,
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
        let (pairs, rejected) = left.window_join(right, windows).rows_with_rejected(Inner);
        let row = |pair: WindowPair<Key, Joinable, Joinable>| PairRow {
            key: pair.key,
            at: None,
            ts: None,
            start: Some(pair.window.start().nanos()),
            end: Some(pair.window.end().nanos()),
            left: pair.left.value,
            right: pair.right.value,
        };
        let (pair_sink, pairs_kept) = Kept::telling(row, self.stops_at, &self.through);
        pairs.sink(pair_sink);
        let (late_sink, late) = Kept::new(late_row, self.stops_at);
        rejected.sink(late_sink);
        let (pairs, late) = self.run(job, &pairs_kept, &late)?;
        let buffered = None;
        Ok(Answer::Joined {
            pairs,
            late,
            buffered,
        })
    }

    fn run<P, Q>(
        &self,
        job: Job,
        pairs: &mpsc::Receiver<P>,
        late: &mpsc::Receiver<Q>,
    ) -> Result<(P, Q), BoxError> {
        let running = job.start()?;
        let (pairs, late) = (pairs.recv(), late.recv());
        if self.stops_at.is_some() {
            running.stop();
        }
        // If something has failed, this says what.
        running.join()?;
        Ok((pairs?, late?))
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
fn buffered(
    case: &JoinCase,
    bounds: IntervalBounds,
) -> Result<Option<BTreeMap<String, BTreeMap<Side, Vec<Key>>>>, BoxError> {
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
    let mut buffered = BTreeMap::new();
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
    ends: bool,
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
            false if self.ends => SourceStatus::Ended,
            false => SourceStatus::Idle,
        };
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }
}
