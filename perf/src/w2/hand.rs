//! W2 as one would write it by hand: one thread, one loop, arrays.

use super::data::{Event, Row};
use super::WINDOW_MS;
use crate::dense_ids::DenseIds;
use crate::splitmix::WATERMARK_LAG_MS;
use crate::Digest;

/// Events between two looks at the watermark: 5 ms of event time.
const BATCH: usize = 512;

/// What a key has read in one window: half a cache line.
#[derive(Clone, Copy)]
pub(crate) struct Accumulator {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Accumulator {
    pub(crate) const EMPTY: Self = Self {
        count: 0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };

    #[inline(always)]
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        // Compare and select is one `minsd`: no branch to mispredict, and none
        // of the NaN handling that `f64::min` has to do.
        self.min = if value < self.min { value } else { self.min };
        self.max = if value > self.max { value } else { self.max };
    }

    #[inline(always)]
    pub(crate) fn merge(&mut self, other: &Self) {
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
}

/// Aggregates the events and takes the digest of the results.
pub fn run(events: &[Event]) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let mut ids = DenseIds::new();
    let mut keys: Vec<u64> = Vec::new();
    // At most two windows are open at once: the disorder and a batch together
    // are shorter than one. `panes[0]` is the older.
    let mut panes: [Vec<Accumulator>; 2] = [Vec::new(), Vec::new()];
    let mut boundary_ms = (first.timestamp_ms.div_euclid(WINDOW_MS)) * WINDOW_MS;
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
            emit(&keys, &mut panes[0], boundary_ms - WINDOW_MS, &mut digest);
            panes.swap(0, 1);
            boundary_ms += WINDOW_MS;
        }
    }
    for pane in &mut panes {
        emit(&keys, pane, boundary_ms - WINDOW_MS, &mut digest);
        boundary_ms += WINDOW_MS;
    }
    digest
}

/// Gives out the rows of one window and leaves its pane empty.
pub(crate) fn emit(keys: &[u64], pane: &mut [Accumulator], start_ms: i64, digest: &mut Digest) {
    for (&key, accumulator) in keys.iter().zip(pane) {
        if accumulator.count == 0 {
            continue;
        }
        let Accumulator {
            count,
            sum,
            min,
            max,
        } = std::mem::replace(accumulator, Accumulator::EMPTY);
        Row {
            key,
            start_ms,
            count,
            sum,
            min,
            max,
            mean: sum / count as f64,
        }
        .add_to(digest);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::data;
    use super::*;

    /// The slow obvious way: every window kept to the end.
    fn obvious(events: &[Event]) -> Digest {
        let mut windows: BTreeMap<(i64, u64), Vec<f64>> = BTreeMap::new();
        for event in events {
            let start_ms = event.timestamp_ms - event.timestamp_ms.rem_euclid(WINDOW_MS);
            windows
                .entry((start_ms, event.key))
                .or_default()
                .push(event.value);
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
    fn equals_the_obvious_way_at_any_size_and_number_of_keys() {
        for events in [0, 1, 2, 511, 512, 513, 90_001] {
            for keys in [1, 2, 1000, 1_000_000] {
                let events = data::generate(events, keys);
                assert_eq!(
                    run(&events),
                    obvious(&events),
                    "{} events, {keys} keys",
                    events.len()
                );
            }
        }
    }
}
