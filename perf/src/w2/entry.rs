//! W2 with a hash map in place of arrays: what one writes in a hurry.

use std::collections::HashMap;

use super::data::Event;
use super::hand::Accumulator;
use crate::{Digest, Shape};

/// Events between two looks at the watermark: 5 ms of event time.
const BATCH: usize = 512;

/// Aggregates the events and takes the digest of the results.
///
/// One map from a window and a key to an accumulator, one `entry` an event. When a
/// window is complete, its entries are taken out.
pub(crate) fn run_shaped(events: &[Event], shape: &Shape) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let mut cells: HashMap<(i64, u64), Accumulator, ahash::RandomState> = HashMap::default();
    let mut latest_ms = i64::MIN;
    let mut end_ms =
        (first.timestamp_ms - shape.lag_ms()).div_euclid(shape.size_ms) * shape.size_ms;

    for batch in events.chunks(BATCH) {
        for event in batch {
            let start_ms = event.timestamp_ms - event.timestamp_ms % shape.size_ms;
            cells
                .entry((start_ms, event.key))
                .or_insert(Accumulator::EMPTY)
                .add(event.value);
            latest_ms = latest_ms.max(event.timestamp_ms);
        }
        let watermark_ms = latest_ms - shape.lag_ms();
        if end_ms + shape.size_ms - 1 <= watermark_ms {
            end_ms = (watermark_ms + 1).div_euclid(shape.size_ms) * shape.size_ms;
            cells.retain(|&(start_ms, key), accumulator| {
                let open = start_ms >= end_ms;
                if !open {
                    accumulator.row(key, start_ms).add_to(&mut digest);
                }
                open
            });
        }
    }
    for ((start_ms, key), accumulator) in cells {
        accumulator.row(key, start_ms).add_to(&mut digest);
    }
    digest
}
