//! J2 as one would write it by hand: a hash join for each window. One thread, one
//! loop, for each key and side a list.

use crate::dense_ids::Intern;
use crate::joins::data::{Row, Streams};
use crate::open_panes::OpenPanes;
use crate::{Digest, Shape};

/// Records of a side between two turns of the other: 10 ms of event time.
const BATCH: usize = 512;

/// One window: the records of either side, by the id of their key.
#[derive(Default)]
struct Pane {
    keys: Vec<Sides>,
}

#[derive(Default)]
struct Sides {
    left: Vec<u64>,
    right: Vec<u64>,
}

impl Pane {
    #[inline(always)]
    fn sides(&mut self, id: usize) -> &mut Sides {
        if id >= self.keys.len() {
            self.keys.resize_with(id + 1, Sides::default);
        }
        &mut self.keys[id]
    }

    /// Gives out the pairs of this window and leaves it empty; the lists keep their
    /// memory.
    fn emit(&mut self, names: &[u64], start_ms: i64, digest: &mut Digest) {
        for (&key, sides) in names.iter().zip(&mut self.keys) {
            for &left in &sides.left {
                for &right in &sides.right {
                    Row {
                        key,
                        time_ms: start_ms,
                        left,
                        right,
                    }
                    .add_to(digest);
                }
            }
            sides.left.clear();
            sides.right.clear();
        }
    }
}

/// Pairs the records of both streams and takes the digest of the results.
pub(crate) fn run_shaped<I: Intern>(streams: &Streams, shape: &Shape) -> Digest {
    let mut digest = Digest::default();
    let firsts = [streams.left.first(), streams.right.first()];
    let Some(earliest_ms) = firsts
        .into_iter()
        .flatten()
        .map(|event| event.timestamp_ms)
        .min()
    else {
        return digest;
    };
    let earliest_ms = earliest_ms - shape.lag_ms();
    let mut panes: OpenPanes<Pane> = OpenPanes::new(shape.size_ms, earliest_ms);
    let mut ids = I::default();
    // Keys by id.
    let mut names: Vec<u64> = Vec::new();
    let mut latest_ms = [i64::MIN; 2];
    let mut right = streams.right.chunks(BATCH);
    for left in streams.left.chunks(BATCH) {
        let mut id_of = |key: u64| {
            let id = ids.intern(key);
            if id == names.len() {
                names.push(key);
            }
            id
        };
        for event in left {
            latest_ms[0] = latest_ms[0].max(event.timestamp_ms);
            let id = id_of(event.key);
            panes.at(event.timestamp_ms).sides(id).left.push(event.id);
        }
        for event in right.next().unwrap_or_default() {
            latest_ms[1] = latest_ms[1].max(event.timestamp_ms);
            let id = id_of(event.key);
            panes.at(event.timestamp_ms).sides(id).right.push(event.id);
        }
        let watermark_ms = latest_ms[0]
            .min(latest_ms[1])
            .saturating_sub(shape.lag_ms());
        panes.close(watermark_ms, |pane, start_ms| {
            pane.emit(&names, start_ms, &mut digest);
        });
    }
    panes.close_all(0, |pane, start_ms| {
        pane.emit(&names, start_ms, &mut digest);
    });
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dense_ids::{DenseIds, MapIds};
    use crate::joins::data::{generate, Event};
    use crate::Workload;

    /// The slow obvious way: every record with every other.
    fn obvious(streams: &Streams, size_ms: i64) -> Digest {
        let start_ms = |event: &Event| event.timestamp_ms - event.timestamp_ms.rem_euclid(size_ms);
        let mut digest = Digest::default();
        for left in streams.left.iter() {
            for right in streams.right.iter().filter(|right| right.key == left.key) {
                if start_ms(left) == start_ms(right) {
                    Row {
                        key: left.key,
                        time_ms: start_ms(left),
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
        let shape = Shape::own(Workload::J2);
        for (events, keys) in [(0, 10), (1, 10), (1024, 3), (1025, 500), (20_000, 10_000)] {
            let streams = generate(events, keys, shape.disorder);
            let right = obvious(&streams, shape.size_ms);
            assert_eq!(run_shaped::<DenseIds>(&streams, &shape), right, "{events}");
            assert_eq!(run_shaped::<MapIds>(&streams, &shape), right, "{events}");
        }
    }
}
