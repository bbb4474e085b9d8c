//! W2 as one would write it by hand: one thread, one loop, arrays.

use super::data::{Event, Row};
use super::{chain, many_keys};
use crate::dense_ids::{DenseIds, Intern};
use crate::open_panes::OpenPanes;
use crate::{Digest, Shape, Workload};

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

    /// That of a key in a pane, which grows with the keys.
    #[inline(always)]
    pub(crate) fn of(pane: &mut Vec<Self>, id: usize) -> &mut Self {
        if id >= pane.len() {
            Self::grow(pane, id);
        }
        &mut pane[id]
    }

    #[cold]
    fn grow(pane: &mut Vec<Self>, id: usize) {
        pane.resize((id + 1).next_power_of_two(), Self::EMPTY);
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        // Compare and select is one `minsd`: no branch to mispredict, and none
        // of the NaN handling that `f64::min` has to do.
        self.min = if value < self.min { value } else { self.min };
        self.max = if value > self.max { value } else { self.max };
    }

    /// The row of a key and window that have events.
    #[inline(always)]
    pub(crate) fn row(self, key: u64, start_ms: i64) -> Row {
        let Self {
            count,
            sum,
            min,
            max,
        } = self;
        Row {
            key,
            start_ms,
            count,
            sum,
            min,
            max,
            mean: sum / count as f64,
        }
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
    run_shaped::<DenseIds>(events, &Shape::own(Workload::W2))
}

/// As [`run`], with other windows, in the way that suits the number of keys.
pub(crate) fn run_tuned(events: &[Event], shape: &Shape) -> Digest {
    if shape.operators > 0 {
        return run_behind::<DenseIds>(events, shape, chain::fused);
    }
    if shape.keys > many_keys::MANY {
        return many_keys::run(events, shape);
    }
    run_shaped::<DenseIds>(events, shape)
}

/// As [`run`], with other windows, and with ids from anywhere.
pub(crate) fn run_shaped<I: Intern>(events: &[Event], shape: &Shape) -> Digest {
    run_behind::<I>(events, shape, Some)
}

/// The loop, behind a chain of stateless operators in one function.
#[inline(always)]
fn run_behind<I: Intern>(
    events: &[Event],
    shape: &Shape,
    operators: impl Fn(Event) -> Option<Event>,
) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let mut ids = I::default();
    let mut keys: Vec<u64> = Vec::new();
    let earliest_ms = first.timestamp_ms - shape.lag_ms();
    let mut panes: OpenPanes<Vec<Accumulator>> = OpenPanes::new(shape.size_ms, earliest_ms);
    let mut latest_ms = i64::MIN;

    for batch in events.chunks(BATCH) {
        for &event in batch {
            let Some(event) = operators(event) else {
                continue;
            };
            let id = ids.intern(event.key);
            if id == keys.len() {
                keys.push(event.key);
            }
            Accumulator::of(panes.at(event.timestamp_ms), id).add(event.value);
            latest_ms = latest_ms.max(event.timestamp_ms);
        }
        panes.close(latest_ms - shape.lag_ms(), |pane, start_ms| {
            emit(&keys, pane, start_ms, &mut digest);
        });
    }
    panes.close_all(0, |pane, start_ms| emit(&keys, pane, start_ms, &mut digest));
    digest
}

/// Gives out the rows of one window and leaves its pane empty.
pub(crate) fn emit(keys: &[u64], pane: &mut [Accumulator], start_ms: i64, digest: &mut Digest) {
    for (&key, accumulator) in keys.iter().zip(pane) {
        if accumulator.count == 0 {
            continue;
        }
        let full = std::mem::replace(accumulator, Accumulator::EMPTY);
        full.row(key, start_ms).add_to(digest);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{data, entry};
    use super::*;
    use crate::dense_ids::MapIds;
    use crate::Asked;

    /// The slow obvious way: every window kept to the end.
    fn obvious(events: &[Event], size_ms: i64) -> Digest {
        let mut windows: BTreeMap<(i64, u64), Vec<f64>> = BTreeMap::new();
        for event in events {
            let start_ms = event.timestamp_ms - event.timestamp_ms.rem_euclid(size_ms);
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

    /// Every loop of W2 against the obvious way.
    #[test]
    fn equals_the_obvious_way_at_any_size_and_number_of_keys() {
        for (events, size_ms, disorder_ms) in [
            (0, 1000, 100),
            (1, 1000, 100),
            (511, 1000, 100),
            (512, 1, 100),
            (513, 7, 0),
            (20_001, 1000, 2500),
            (50_001, 200, 100),
        ] {
            for keys in [1, 2, 1000, 1_000_000] {
                let asked = Asked {
                    keys: Some(keys),
                    size_ms: Some(size_ms),
                    disorder_ms: Some(disorder_ms),
                    ..Asked::default()
                };
                let shape = Shape::of(Workload::W2, asked).expect("it can be");
                let events = data::generate_disordered(events, keys, shape.disorder);
                let right = obvious(&events, shape.size_ms);
                for (name, digest) in [
                    ("hand", run_shaped::<DenseIds>(&events, &shape)),
                    (
                        "chain",
                        run_behind::<DenseIds>(&events, &shape, chain::fused),
                    ),
                    ("many keys", many_keys::run(&events, &shape)),
                    ("plain", run_shaped::<MapIds>(&events, &shape)),
                    ("entry", entry::run_shaped(&events, &shape)),
                ] {
                    assert_eq!(digest, right, "{name}, {} events, {asked:?}", events.len());
                }
            }
        }
    }
}
