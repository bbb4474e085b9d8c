//! W2: count, sum, min, max and mean per key in tumbling windows of one second.

use fluxus_perf::dense_ids::DenseIds;
use fluxus_perf::splitmix::DISORDER_MS;
use fluxus_perf::w2::data::{Event, Row};
use fluxus_perf::w2::WINDOW_MS;
use fluxus_perf::Digest;

use super::{Fold, Query};
use crate::kept::Panes;

/// What a key has read in one window: half a cache line.
#[derive(Clone, Copy, Debug)]
pub struct Readings {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Readings {
    pub(super) const EMPTY: Self = Self {
        count: 0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };

    #[inline(always)]
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        // Compare and select: one instruction each, no branch.
        self.min = if value < self.min { value } else { self.min };
        self.max = if value > self.max { value } else { self.max };
    }

    #[inline(always)]
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = if other.min < self.min {
            other.min
        } else {
            self.min
        };
        self.max = if other.max > self.max {
            other.max
        } else {
            self.max
        };
    }

    /// The row of these readings; none where there are none.
    #[inline(always)]
    pub(super) fn row(&self, key: u64, start_ms: i64) -> Option<Row> {
        let &Self {
            count,
            sum,
            min,
            max,
        } = self;
        (count > 0).then(|| Row {
            key,
            start_ms,
            count,
            sum,
            min,
            max,
            mean: sum / count as f64,
        })
    }
}

/// Readings by key.
#[derive(Debug)]
pub struct W2 {
    ids: DenseIds,
    keys: Vec<u64>,
    panes: Panes<Readings>,
}

impl Default for W2 {
    fn default() -> Self {
        Self {
            ids: DenseIds::new(),
            keys: Vec::new(),
            panes: Panes::new(WINDOW_MS, Readings::EMPTY),
        }
    }
}

impl Query for W2 {
    type Event = Event;
    type Record = Event;
    type Row = Row;
    type Tables = ();

    const DISORDER_MS: i64 = DISORDER_MS;
    const STEP_MS: i64 = WINDOW_MS;

    #[inline(always)]
    fn timestamp_ms(event: &Event) -> i64 {
        event.timestamp_ms
    }

    #[inline(always)]
    fn expand((): &(), event: &Event, mut give: impl FnMut(Event)) {
        give(*event);
    }

    /// Keys come from splitmix: their bits are spread already.
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
        let keys = &self.keys;
        self.panes.close(until_ms, |start_ms, readings| {
            let rows = keys.iter().zip(readings);
            rows.filter_map(|(&key, readings)| readings.row(key, start_ms))
                .for_each(&mut give);
        });
    }

    #[inline]
    fn add_to(row: &Row, digest: &mut Digest) {
        row.add_to(digest);
    }
}

impl Fold for W2 {
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
    use fluxus_perf::w2::{data, hand};

    #[test]
    fn equals_the_loop_by_hand() {
        for (events, keys) in [(0, 1), (1, 1), (90_001, 1000), (300_000, 100_000)] {
            let events = data::generate(events, keys);
            assert_eq!(run::<W2>(&events, 512), hand::run(&events));
        }
    }
}
