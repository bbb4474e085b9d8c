//! W3: the aggregates of W2 in sliding windows of one minute, one every second.

use fluxus_perf::dense_ids::DenseIds;
use fluxus_perf::splitmix::DISORDER_MS;
use fluxus_perf::w2::data::{Event, Row};
use fluxus_perf::w3::{SLIDE_MS, WINDOW_MS};
use fluxus_perf::Digest;

use super::w2::Readings;
use super::{Fold, Query};
use crate::kept::Panes;

/// Panes in a window.
const PANES: usize = (WINDOW_MS / SLIDE_MS) as usize;

/// Readings by key in panes of one slide, and the panes of the current window.
#[derive(Debug)]
pub struct W3 {
    ids: DenseIds,
    keys: Vec<u64>,
    panes: Panes<Readings>,
    window: TwoStacks,
    /// The end of the last pane that was closed.
    closed_ms: i64,
}

impl Default for W3 {
    fn default() -> Self {
        Self {
            ids: DenseIds::new(),
            keys: Vec::new(),
            panes: Panes::new(SLIDE_MS, Readings::EMPTY),
            window: TwoStacks::default(),
            closed_ms: 0,
        }
    }
}

/// The last panes, in such a way that a window merges two arrays, however many panes it has.
///
/// The newer panes lie as they came, with their sum; of the older ones each suffix
/// is merged already.
#[derive(Debug, Default)]
struct TwoStacks {
    suffixes: Vec<Vec<Readings>>,
    newer: Vec<Vec<Readings>>,
    sum: Vec<Readings>,
}

impl TwoStacks {
    /// Takes in the next pane and gives the readings of the window that ends with it.
    fn slide(&mut self, pane: Vec<Readings>) -> Vec<Readings> {
        merge(&mut self.sum, &pane);
        self.newer.push(pane);
        if self.newer.len() == PANES {
            self.sum.clear();
            while let Some(mut suffix) = self.newer.pop() {
                if let Some(after) = self.suffixes.last() {
                    merge(&mut suffix, after);
                }
                self.suffixes.push(suffix);
            }
        }
        let mut window = self.suffixes.pop().unwrap_or_default();
        merge(&mut window, &self.sum);
        window
    }
}

fn merge(into: &mut Vec<Readings>, from: &[Readings]) {
    if into.len() < from.len() {
        into.resize(from.len(), Readings::EMPTY);
    }
    into.iter_mut()
        .zip(from)
        .for_each(|(into, from)| into.merge(from));
}

impl W3 {
    fn emit(keys: &[u64], window: &[Readings], start_ms: i64, give: &mut impl FnMut(Row)) {
        let rows = keys.iter().zip(window);
        rows.filter_map(|(&key, readings)| readings.row(key, start_ms))
            .for_each(give);
    }
}

impl Query for W3 {
    type Event = Event;
    type Record = Event;
    type Row = Row;
    type Tables = ();

    const DISORDER_MS: i64 = DISORDER_MS;
    const STEP_MS: i64 = SLIDE_MS;

    #[inline(always)]
    fn timestamp_ms(event: &Event) -> i64 {
        event.timestamp_ms
    }

    #[inline(always)]
    fn expand((): &(), event: &Event, mut give: impl FnMut(Event)) {
        give(*event);
    }

    #[inline(always)]
    fn route(event: &Event) -> u64 {
        event.key
    }

    #[inline(always)]
    fn add(&mut self, event: Event) {
        let id = self.ids.intern(event.key);
        if id == self.keys.len() {
            self.keys.push(event.key);
        }
        self.panes.cell(event.timestamp_ms, id).add(event.value);
    }

    fn close(&mut self, until_ms: i64, mut give: impl FnMut(Row)) {
        let (keys, window) = (&self.keys, &mut self.window);
        self.panes.close(until_ms, |start_ms, readings| {
            self.closed_ms = start_ms + SLIDE_MS;
            let window = window.slide(readings.to_vec());
            Self::emit(keys, &window, self.closed_ms - WINDOW_MS, &mut give);
        });
        if until_ms < i64::MAX {
            return;
        }
        // The last windows end after the last pane.
        for _ in 1..PANES {
            self.closed_ms += SLIDE_MS;
            let window = window.slide(Vec::new());
            Self::emit(keys, &window, self.closed_ms - WINDOW_MS, &mut give);
        }
    }

    #[inline]
    fn add_to(row: &Row, digest: &mut Digest) {
        row.add_to(digest);
    }
}

impl Fold for W3 {
    type Key = u64;
    type Value = f64;
    type Accumulator = Readings;
    type Keyed = Option<(u64, f64)>;

    const SIZE_MS: i64 = WINDOW_MS;

    fn keyed((): &(), event: &Event) -> Option<(u64, f64)> {
        Some((event.key, event.value))
    }

    fn empty() -> Readings {
        Readings::EMPTY
    }

    fn fold(into: &mut Readings, value: &f64) {
        into.add(*value);
    }

    fn add_result(&key: &u64, start_ms: i64, readings: &Readings, digest: &mut Digest) {
        if let Some(row) = readings.row(key, start_ms) {
            row.add_to(digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;
    use fluxus_perf::w2::data;
    use fluxus_perf::w3::hand;

    #[test]
    fn equals_the_loop_by_hand() {
        // A window has 60 panes, 6 M events: the stacks are turned at 100 a second too.
        for (events, keys) in [(1, 1), (90_001, 1000), (6_500_000, 10)] {
            let events = data::generate(events, keys);
            assert_eq!(run::<W3>(&events, 512), hand::run(&events));
        }
    }
}
