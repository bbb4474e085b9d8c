//! J1 as one would write it by hand: a hash join. One thread, one loop, for each
//! key the latest records of either side.

use std::collections::VecDeque;

use super::WITHIN_MS;
use crate::dense_ids::Intern;
use crate::joins::data::{Event, Row, Streams};
use crate::{Digest, Shape};

/// Records of a side between two turns of the other: 10 ms of event time.
const BATCH: usize = 512;

/// What is held of a key: the records of either side that may still have partners,
/// and some that may not.
#[derive(Default)]
struct Held {
    left: VecDeque<(i64, u64)>,
    right: VecDeque<(i64, u64)>,
}

/// Pairs the records of both streams and takes the digest of the results.
pub(crate) fn run_shaped<I: Intern>(streams: &Streams, shape: &Shape) -> Digest {
    let mut join = Join {
        ids: I::default(),
        keys: Vec::new(),
        digest: Digest::default(),
    };
    let mut latest_ms = [i64::MIN; 2];
    let mut right = streams.right.chunks(BATCH);
    for left in streams.left.chunks(BATCH) {
        // Both sides' watermark: no record at or before it is still to come.
        let watermark_ms = latest_ms[0]
            .min(latest_ms[1])
            .saturating_sub(shape.lag_ms());
        for event in left {
            latest_ms[0] = latest_ms[0].max(event.timestamp_ms);
            join.left(event, watermark_ms);
        }
        for event in right.next().unwrap_or_default() {
            latest_ms[1] = latest_ms[1].max(event.timestamp_ms);
            join.right(event, watermark_ms);
        }
    }
    join.digest
}

struct Join<I> {
    ids: I,
    /// By id.
    keys: Vec<Held>,
    digest: Digest,
}

impl<I: Intern> Join<I> {
    #[inline(always)]
    fn held(&mut self, key: u64) -> &mut Held {
        let id = self.ids.intern(key);
        if id == self.keys.len() {
            self.keys.push(Held::default());
        }
        &mut self.keys[id]
    }

    #[inline(always)]
    fn left(&mut self, event: &Event, watermark_ms: i64) {
        let mut digest = self.digest;
        let Held { left, right } = self.held(event.key);
        each_partner(event, right, watermark_ms, |time_ms, right| {
            let (key, left) = (event.key, event.id);
            Row {
                key,
                time_ms,
                left,
                right,
            }
            .add_to(&mut digest);
        });
        left.push_back((event.timestamp_ms, event.id));
        self.digest = digest;
    }

    #[inline(always)]
    fn right(&mut self, event: &Event, watermark_ms: i64) {
        let mut digest = self.digest;
        let Held { left, right } = self.held(event.key);
        each_partner(event, left, watermark_ms, |time_ms, left| {
            let (key, right) = (event.key, event.id);
            Row {
                key,
                time_ms,
                left,
                right,
            }
            .add_to(&mut digest);
        });
        right.push_back((event.timestamp_ms, event.id));
        self.digest = digest;
    }
}

/// Forgets what no record to come can be a partner of, as far as it lies in front,
/// and hands out the partners of `event`.
#[inline(always)]
fn each_partner(
    event: &Event,
    others: &mut VecDeque<(i64, u64)>,
    watermark_ms: i64,
    mut each: impl FnMut(i64, u64),
) {
    while others
        .front()
        .is_some_and(|&(time_ms, _)| time_ms + WITHIN_MS <= watermark_ms)
    {
        others.pop_front();
    }
    for &(time_ms, id) in others.iter() {
        if (time_ms - event.timestamp_ms).abs() <= WITHIN_MS {
            each(time_ms.max(event.timestamp_ms), id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dense_ids::{DenseIds, MapIds};
    use crate::joins::data::generate;
    use crate::Workload;

    /// The slow obvious way: every record with every other.
    fn obvious(streams: &Streams) -> Digest {
        let mut digest = Digest::default();
        for left in streams.left.iter() {
            for right in streams.right.iter().filter(|right| right.key == left.key) {
                if (left.timestamp_ms - right.timestamp_ms).abs() <= WITHIN_MS {
                    Row {
                        key: left.key,
                        time_ms: left.timestamp_ms.max(right.timestamp_ms),
                        left: left.id,
                        right: right.id,
                    }
                    .add_to(&mut digest);
                }
            }
        }
        digest
    }

    #[test]
    fn equals_the_obvious_way_at_any_size() {
        let shape = Shape::own(Workload::J1);
        for (events, keys) in [(0, 10), (1, 10), (1024, 3), (1025, 500), (20_000, 10_000)] {
            let streams = generate(events, keys, shape.disorder);
            let right = obvious(&streams);
            assert_eq!(run_shaped::<DenseIds>(&streams, &shape), right, "{events}");
            assert_eq!(run_shaped::<MapIds>(&streams, &shape), right, "{events}");
        }
    }
}
