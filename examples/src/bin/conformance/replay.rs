//! What the sources are to say: records, and the signals between them.
//!
//! Most programs need none of this: they give the engine records, and let
//! `DataStream::timestamps` make the watermarks. The scripts of the test kit are
//! for streams that bring theirs along.

use crate::case::{Element, Item, WindowCase};
use fluxus::testing::Said;
use fluxus::windows::{BoundedDisorder, DisorderError, Timestamp};

/// The scripts of a case, one a partition: its records, and in their places its
/// watermarks. The stream's own is the least of them, which the engine sees to:
/// partitions drift apart, and one that lags behind must not have its records
/// thrown away as late.
///
/// Behind everything that item `i` makes a source say stands the barrier `i + 1`,
/// in every script: it goes through the job in its place, waits where partitions
/// meet until all have come so far, and so tells what came out of which item; see
/// [`caused`](crate::caused).
pub(crate) fn scripts_of(case: &WindowCase) -> Result<Vec<Vec<Said<Element>>>, DisorderError> {
    (0..case.partitions).map(|p| script_of(case, p)).collect()
}

fn script_of(case: &WindowCase, partition: usize) -> Result<Vec<Said<Element>>, DisorderError> {
    let mut generator = match case.bounded {
        Some(bounded) => Some(BoundedDisorder::from_nanos(bounded.ooo_bound_ms)?),
        None => None,
    };
    let mut risen = Timestamp::MIN;
    let mut script = Vec::new();
    for (number, item) in case.input.iter().enumerate() {
        // What names no partition is for all of them.
        let is_for_it = item.partition().map_or(true, |p| p == partition);
        match item {
            _ if !is_for_it => {}
            Item::Element(element) => {
                script.push(Said::Record(element.time, element.clone()));
                // A watermark behind every record, as soon as it may be.
                if let Some(generator) = &mut generator {
                    generator.observe(Timestamp::from_nanos(element.time));
                    if generator.current() > risen {
                        risen = generator.current();
                        script.push(Said::Watermark(risen.nanos()));
                    }
                }
            }
            Item::Watermark { time, .. } => script.push(Said::Watermark(*time)),
            Item::Idle { .. } => script.push(Said::Idle),
            Item::Active { .. } => script.push(Said::Active),
            Item::End { .. } if !goes_on(case, partition, number) => {
                script.push(Said::End);
                break;
            }
            // There is more behind its end: all of that is late.
            Item::End { .. } => script.push(Said::Watermark(i64::MAX)),
        }
        script.push(Said::Barrier(number as u64 + 1));
    }
    Ok(script)
}

/// Whether the partition has records behind this item.
fn goes_on(case: &WindowCase, partition: usize, number: usize) -> bool {
    let mut rest = case.input.iter().skip(number);
    rest.any(|item| matches!(item, Item::Element(element) if element.partition == partition))
}
