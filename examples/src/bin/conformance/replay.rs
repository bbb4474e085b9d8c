//! A source that plays a script: records, and the signals between them.
//!
//! Most programs need none of this: they give the engine records, and let
//! `DataStream::timestamps` make the watermarks. A source of one's own is for
//! streams that bring theirs along.

use crate::case::{Element, Item, WindowCase};
use fluxus::source::{BoxError, Collector, Flow, Pulled, Signal, Source, SourceStatus};
use fluxus::source::{Stamp, Watermark};
use fluxus::windows::{BoundedDisorder, DisorderError, InputStatus, Timestamp, WatermarkCombiner};
use std::sync::Arc;

/// What a source is to say, in order.
pub(crate) struct Script {
    steps: Arc<[Step]>,
    /// The last watermark of a stream that does not end: behind it the source
    /// has nothing more to say, and waits to be stopped.
    pub(crate) stops_at: Option<Timestamp>,
}

#[derive(Clone)]
enum Step {
    Record(Element),
    Signal(Signal),
}

impl Script {
    /// The script of a case: its records, and in their places the watermarks
    /// that all its partitions together allow for.
    pub(crate) fn of(case: &WindowCase) -> Result<Self, DisorderError> {
        let steps = steps_of(case)?;
        let last = steps.iter().rev().find_map(|step| match step {
            Step::Signal(Signal::Watermark(watermark)) => Some(watermark.time),
            _ => None,
        });
        Ok(Self {
            steps: steps.into(),
            stops_at: last.filter(|_| !case.ends()),
        })
    }
}

/// Each partition has a watermark of its own, and the stream's is the least of
/// them: partitions drift apart, and one that lags behind must not have its
/// records thrown away as late.
fn steps_of(case: &WindowCase) -> Result<Vec<Step>, DisorderError> {
    let mut combiner = WatermarkCombiner::new(case.partitions);
    let mut generators = Vec::new();
    if let Some(bounded) = case.bounded {
        let generator = BoundedDisorder::from_nanos(bounded.ooo_bound_ms)?;
        generators.resize(case.partitions, generator);
    }
    let mut steps = Vec::new();
    for item in &case.input {
        if let Item::Element(element) = item {
            steps.push(Step::Record(element.clone()));
        }
        let all = 0..case.partitions;
        let partitions = item.partition().map_or(all, |p| p..p + 1);
        for p in partitions {
            let combined = match item {
                Item::Element(element) => match generators.get_mut(p) {
                    // A watermark behind every record, as soon as it may be.
                    Some(generator) => {
                        generator.observe(Timestamp::from_nanos(element.time));
                        combiner.watermark(p, generator.current())
                    }
                    None => continue,
                },
                Item::Watermark { time, .. } => combiner.watermark(p, Timestamp::from_nanos(*time)),
                Item::Idle { .. } => combiner.idle(p),
                Item::Active { .. } => combiner.active(p),
                Item::End { .. } => combiner.ended(p),
            };
            // A stream speaks again ahead of its watermark, and falls silent
            // behind it.
            if combined.status == Some(InputStatus::Active) {
                steps.push(Step::Signal(Signal::Active));
            }
            if let Some(time) = combined.watermark {
                let born = Stamp::NONE;
                steps.push(Step::Signal(Signal::Watermark(Watermark { time, born })));
            }
            if combined.status == Some(InputStatus::Idle) {
                steps.push(Step::Signal(Signal::Idle));
            }
        }
    }
    // The end is no step: the source says it when it has no more.
    Ok(steps)
}

/// Plays a script, once.
pub(crate) struct Replay {
    steps: Arc<[Step]>,
    next: usize,
    ends: bool,
}

impl Replay {
    pub(crate) fn of(script: &Script) -> Self {
        Self {
            steps: Arc::clone(&script.steps),
            next: 0,
            ends: script.stops_at.is_none(),
        }
    }
}

impl Source for Replay {
    type Item = Element;

    fn pull<C: Collector<Element>>(
        &mut self,
        budget: usize,
        out: &mut C,
    ) -> Result<Pulled, BoxError> {
        let mut records = 0;
        let mut flow = Flow::Open;
        // A signal counts against the budget too: a poll stays short, whatever
        // the script says. After any answer but `Open` the source stops, and
        // goes on from there when it is pulled again.
        for step in self.steps[self.next..].iter().take(budget) {
            self.next += 1;
            flow = match step.clone() {
                Step::Record(element) => {
                    records += 1;
                    out.push(Timestamp::from_nanos(element.time), element)
                }
                Step::Signal(signal) => out.signal(signal),
            };
            if !flow.is_open() {
                break;
            }
        }
        let status = match self.next < self.steps.len() {
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
