//! W3 as one would write it by hand: one thread, one loop, arrays.

use super::{SLIDE_MS, WINDOW_MS};
use crate::dense_ids::DenseIds;
use crate::splitmix::WATERMARK_LAG_MS;
use crate::w2::data::Event;
use crate::w2::hand::{emit, Accumulator};
use crate::Digest;

/// Events between two looks at the watermark: 5 ms of event time.
const BATCH: usize = 512;

/// Panes in a window.
const PANES: usize = (WINDOW_MS / SLIDE_MS) as usize;

/// Aggregates the events and takes the digest of the results.
pub fn run(events: &[Event]) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let mut ids = DenseIds::new();
    let mut keys: Vec<u64> = Vec::new();
    // At most two panes are filled at once: the disorder and a batch together
    // are shorter than one. `panes[0]` is the older.
    let mut panes: [Vec<Accumulator>; 2] = [Vec::new(), Vec::new()];
    let mut windows = Windows::default();
    let mut boundary_ms = (first.timestamp_ms.div_euclid(SLIDE_MS)) * SLIDE_MS;
    let mut latest_ms = i64::MIN;

    for batch in events.chunks(BATCH) {
        for event in batch {
            let id = ids.intern(event.key);
            if id == keys.len() {
                keys.push(event.key);
                panes
                    .iter_mut()
                    .for_each(|pane| pane.push(Accumulator::EMPTY));
            }
            let newer = usize::from(event.timestamp_ms >= boundary_ms);
            panes[newer][id].add(event.value);
            latest_ms = latest_ms.max(event.timestamp_ms);
        }
        while boundary_ms - 1 <= latest_ms - WATERMARK_LAG_MS {
            windows.slide(&keys, &mut panes[0], boundary_ms, &mut digest);
            panes.swap(0, 1);
            boundary_ms += SLIDE_MS;
        }
    }
    for pane in &mut panes {
        windows.slide(&keys, pane, boundary_ms, &mut digest);
        boundary_ms += SLIDE_MS;
    }
    for _ in 1..PANES {
        windows.slide(&keys, &mut panes[0], boundary_ms, &mut digest);
        boundary_ms += SLIDE_MS;
    }
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
#[derive(Default)]
struct Windows {
    /// Of each older pane, what it and those after it hold; the oldest last.
    suffixes: Vec<Vec<Accumulator>>,
    newer: Vec<Vec<Accumulator>>,
    /// What the newer panes hold together.
    sum: Vec<Accumulator>,
}

impl Windows {
    /// Takes in the pane that ends at `end_ms` and leaves it empty; gives out the
    /// rows of the window that ends there.
    fn slide(
        &mut self,
        keys: &[u64],
        pane: &mut Vec<Accumulator>,
        end_ms: i64,
        digest: &mut Digest,
    ) {
        merge(&mut self.sum, pane);
        self.newer.push(std::mem::take(pane));
        if self.newer.len() == PANES {
            self.turn();
        }
        let mut window = self.suffixes.pop().unwrap_or_default();
        merge(&mut window, &self.sum);
        emit(keys, &mut window, end_ms - WINDOW_MS, digest);
        // Emptied by giving out: it serves as the next pane.
        *pane = window;
        pane.resize(keys.len(), Accumulator::EMPTY);
    }

    /// The newer panes become the older ones.
    fn turn(&mut self) {
        self.sum.clear();
        let mut after: Vec<Accumulator> = Vec::new();
        while let Some(mut suffix) = self.newer.pop() {
            merge(&mut suffix, &after);
            after.clone_from(&suffix);
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
