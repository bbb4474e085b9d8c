//! W2 with hash maps in place of arrays: what one writes in a hurry.

use std::collections::HashMap;

use super::data::Event;
use super::hand::Accumulator;
use crate::open_panes::OpenPanes;
use crate::{Digest, Shape};

/// Events between two looks at the watermark: 5 ms of event time.
const BATCH: usize = 512;

/// Aggregates the events and takes the digest of the results.
///
/// A map of each open window, from a key to its accumulator, one `entry` an event.
/// One map for all windows, with the window in its key, would be walked through
/// whenever a window ends.
pub(crate) fn run_shaped(events: &[Event], shape: &Shape) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let earliest_ms = first.timestamp_ms - shape.lag_ms();
    let mut panes: OpenPanes<Cells> = OpenPanes::new(shape.size_ms, earliest_ms);
    let mut latest_ms = i64::MIN;

    for batch in events.chunks(BATCH) {
        for event in batch {
            panes
                .at(event.timestamp_ms)
                .entry(event.key)
                .or_insert(Accumulator::EMPTY)
                .add(event.value);
            latest_ms = latest_ms.max(event.timestamp_ms);
        }
        panes.close(latest_ms - shape.lag_ms(), |cells, start_ms| {
            emit(cells, start_ms, &mut digest);
        });
    }
    panes.close_all(0, |cells, start_ms| emit(cells, start_ms, &mut digest));
    digest
}

type Cells = HashMap<u64, Accumulator, ahash::RandomState>;

/// Gives out the rows of one window and leaves its map empty.
fn emit(cells: &mut Cells, start_ms: i64, digest: &mut Digest) {
    for (key, accumulator) in cells.drain() {
        accumulator.row(key, start_ms).add_to(digest);
    }
}
