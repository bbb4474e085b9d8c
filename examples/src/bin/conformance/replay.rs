//! What a source is to say: records, and the signals between them.
//!
//! Most programs need none of this: they give the engine records, and let
//! `DataStream::timestamps` make the watermarks. The scripts of the test kit are
//! for streams that bring theirs along.

use crate::case::{Element, Item, WindowCase};
use fluxus::testing::Said;
use fluxus::windows::{BoundedDisorder, DisorderError, InputStatus, Timestamp, WatermarkCombiner};

/// The script of a case: its records, and in their places the watermarks that
/// all its partitions together allow for.
///
/// Each partition has a watermark of its own, and the stream's is the least of
/// them: partitions drift apart, and one that lags behind must not have its
/// records thrown away as late.
///
/// Behind everything that item `i` makes the source say stands the barrier
/// `i + 1`: it goes through the job in its place, and so tells what came out of
/// which item; see [`caused`](crate::caused).
pub(crate) fn script_of(case: &WindowCase) -> Result<Vec<Said<Element>>, DisorderError> {
    let mut combiner = WatermarkCombiner::new(case.partitions);
    let mut generators = Vec::new();
    if let Some(bounded) = case.bounded {
        let generator = BoundedDisorder::from_nanos(bounded.ooo_bound_ms)?;
        generators.resize(case.partitions, generator);
    }
    let mut script = Vec::new();
    for (number, item) in (1..).zip(&case.input) {
        if let Item::Element(element) = item {
            script.push(Said::Record(element.time, element.clone()));
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
                script.push(Said::Active);
            }
            if let Some(time) = combined.watermark {
                script.push(Said::Watermark(time.nanos()));
            }
            if combined.status == Some(InputStatus::Idle) {
                script.push(Said::Idle);
            }
        }
        script.push(Said::Barrier(number));
    }
    // The end is no line: the source says it when it has no more.
    Ok(script)
}
