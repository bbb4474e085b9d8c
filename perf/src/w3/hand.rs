//! W3 as one would write it by hand: one thread, one loop, arrays.

use crate::dense_ids::{DenseIds, Intern};
use crate::open_panes::OpenPanes;
use crate::w2::data::Event;
use crate::w2::hand::{emit, Accumulator};
use crate::{Digest, Shape, Workload};

/// Events between two looks at the watermark: 5 ms of event time.
const BATCH: usize = 512;

/// Aggregates the events and takes the digest of the results.
pub fn run(events: &[Event]) -> Digest {
    run_shaped::<DenseIds>(events, &Shape::own(Workload::W3))
}

/// As [`run`], with other windows, and with ids from anywhere.
pub(crate) fn run_shaped<I: Intern>(events: &[Event], shape: &Shape) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let mut ids = I::default();
    let mut keys: Vec<u64> = Vec::new();
    let earliest_ms = first.timestamp_ms - shape.lag_ms();
    let mut panes: OpenPanes<Vec<Accumulator>> = OpenPanes::new(shape.slide_ms, earliest_ms);
    let mut windows = Windows::new(shape);
    let mut latest_ms = i64::MIN;

    for batch in events.chunks(BATCH) {
        for event in batch {
            let id = ids.intern(event.key);
            if id == keys.len() {
                keys.push(event.key);
            }
            Accumulator::of(panes.at(event.timestamp_ms), id).add(event.value);
            latest_ms = latest_ms.max(event.timestamp_ms);
        }
        panes.close(latest_ms - shape.lag_ms(), |pane, start_ms| {
            windows.slide(&keys, pane, start_ms, &mut digest);
        });
    }
    // The last windows begin with the last pane and end far behind it.
    panes.close_all(windows.panes - 1, |pane, start_ms| {
        windows.slide(&keys, pane, start_ms, &mut digest);
    });
    digest
}

/// The panes that are full, as two stacks: a window is the end of one and the
/// beginning of the other, so that closing one merges twice a key however many
/// panes it has.
///
/// ```text
///   older panes             newer panes
///   [ 3..6  4..6  5..6 ]    [ 7  8 ]   sum 7..8     the window of 4..8 is
///            ▲ suffix                                 suffix 4..6 + sum 7..8
/// ```
struct Windows {
    /// Panes in a window.
    panes: usize,
    /// From the start of a window to that of its last pane.
    reach_ms: i64,
    /// Of each older pane, what it and those after it hold; the oldest last.
    suffixes: Vec<Vec<Accumulator>>,
    newer: Vec<Vec<Accumulator>>,
    /// What the newer panes hold together.
    sum: Vec<Accumulator>,
}

impl Windows {
    fn new(shape: &Shape) -> Self {
        Self {
            panes: (shape.size_ms / shape.slide_ms) as usize,
            reach_ms: shape.size_ms - shape.slide_ms,
            suffixes: Vec::new(),
            newer: Vec::new(),
            sum: Vec::new(),
        }
    }

    /// Takes in the pane that starts at `start_ms` and leaves it empty; gives out
    /// the rows of the window of which it is the last.
    fn slide(
        &mut self,
        keys: &[u64],
        pane: &mut Vec<Accumulator>,
        start_ms: i64,
        digest: &mut Digest,
    ) {
        merge(&mut self.sum, pane);
        self.newer.push(std::mem::take(pane));
        if self.newer.len() == self.panes {
            self.turn();
        }
        let mut window = self.suffixes.pop().unwrap_or_default();
        merge(&mut window, &self.sum);
        emit(keys, &mut window, start_ms - self.reach_ms, digest);
        // Emptied by giving out: it serves as a pane again.
        *pane = window;
    }

    /// The newer panes become the older ones.
    fn turn(&mut self) {
        self.sum.clear();
        while let Some(mut suffix) = self.newer.pop() {
            if let Some(after) = self.suffixes.last() {
                merge(&mut suffix, after);
            }
            self.suffixes.push(suffix);
        }
    }
}

/// Adds accumulators to others, key by key; there may be new keys.
fn merge(into: &mut Vec<Accumulator>, from: &[Accumulator]) {
    if into.len() < from.len() {
        into.resize(from.len(), Accumulator::EMPTY);
    }
    for (into, from) in into.iter_mut().zip(from) {
        into.merge(from);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::w2::data::{self, Row};
    use crate::Asked;

    /// The slow obvious way: every window kept to the end, every event in each.
    fn obvious(events: &[Event], shape: &Shape) -> Digest {
        let mut windows: BTreeMap<(i64, u64), Vec<f64>> = BTreeMap::new();
        for event in events {
            let last_ms = event.timestamp_ms - event.timestamp_ms.rem_euclid(shape.slide_ms);
            for back in 0..shape.size_ms / shape.slide_ms {
                windows
                    .entry((last_ms - back * shape.slide_ms, event.key))
                    .or_default()
                    .push(event.value);
            }
        }
        let mut digest = Digest::default();
        for ((start_ms, key), values) in windows {
            let sum: f64 = values.iter().sum();
            Row {
                key,
                start_ms,
                count: values.len() as u64,
                sum,
                min: values.iter().copied().fold(f64::INFINITY, f64::min),
                max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                mean: sum / values.len() as f64,
            }
            .add_to(&mut digest);
        }
        digest
    }

    #[test]
    fn equals_the_obvious_way_at_any_size_and_with_any_windows() {
        for (size_ms, slide_ms) in [(1, 1), (60, 4), (1000, 1000), (900, 300), (60_000, 20_000)] {
            let asked = Asked {
                size_ms: Some(size_ms),
                slide_ms: Some(slide_ms),
                ..Asked::default()
            };
            let shape = Shape::of(Workload::W3, asked).expect("it can be");
            for (events, keys) in [(0, 1), (1, 1), (513, 7), (40_000, 1000)] {
                let events = data::generate(events, keys);
                assert_eq!(
                    run_shaped::<DenseIds>(&events, &shape),
                    obvious(&events, &shape),
                    "{} events, windows of {size_ms} ms every {slide_ms} ms",
                    events.len()
                );
            }
        }
    }
}
