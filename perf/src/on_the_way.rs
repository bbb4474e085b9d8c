//! W2 over events that are made on the way, not before: a hundred million of
//! them take no memory, so that a long run shows what the engine does in its
//! steady state and nothing else.

use std::ops::Range;

use fluxus::prelude::*;

use crate::interleaved::BLOCK;
use crate::splitmix::Disorder;
use crate::w2::data::{event, Event};
use crate::w2::fluxus::{row, Statistics};
use crate::{engine, w7, Digest, Options, Outcome, Shape, Workload};

/// Runs `workload` on the engine, over events that are made when they are asked for.
///
/// # Errors
/// When its events cannot be made one by one; and why the engine could not be
/// built or did not finish.
pub fn run(workload: Workload, events: u64, options: &Options) -> Result<Outcome, String> {
    match workload {
        Workload::W2 => readings(events, options),
        Workload::W7 => w7::fluxus::run(events, options),
        _ => Err(format!(
            "the events of {workload} are made before they are run; those of W2 and W7 can be made on the way"
        )),
    }
}

fn readings(events: u64, options: &Options) -> Result<Outcome, String> {
    let workers = options.workers as u64;
    let shape = Shape::own(Workload::W2);
    let part = |worker| Readings::of(worker, workers, events, shape.keys);
    engine::timed("W2", options, shape.keys, |job| {
        Ok(job
            .from_partitions((0..workers).map(part))
            .timestamps(
                |event| Timestamp::from_millis(event.timestamp_ms),
                engine::disorder(&shape)?,
            )
            .key_by(|event| event.key)
            .window(Tumbling::new(engine::milliseconds(shape.size_ms))?)
            .aggregate(Statistics)
            .map(row)
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}

/// One worker's readings: every n-th block of them.
#[derive(Clone, Debug)]
struct Readings {
    block: Range<u64>,
    /// From the start of one block to the start of the next.
    stride: u64,
    start: u64,
    events: u64,
    keys: u64,
}

impl Readings {
    fn of(worker: u64, workers: u64, events: u64, keys: u64) -> Self {
        let block = BLOCK as u64;
        let start = worker.saturating_mul(block);
        Self {
            block: start.min(events)..start.saturating_add(block).min(events),
            stride: workers.saturating_mul(block),
            start,
            events,
            keys,
        }
    }
}

impl Iterator for Readings {
    type Item = Event;

    #[inline]
    fn next(&mut self) -> Option<Event> {
        let index = match self.block.next() {
            Some(index) => index,
            None => {
                self.start = self.start.saturating_add(self.stride).min(self.events);
                let end = self.start.saturating_add(BLOCK as u64).min(self.events);
                self.block = self.start..end;
                self.block.next()?
            }
        };
        Some(event(index, self.keys, Disorder::OWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expected::expected;

    #[test]
    fn the_digest_is_the_same_as_of_events_made_before() {
        for workers in [1, 2, 3] {
            let options = Options {
                workers,
                pin: false,
                ..Options::default()
            };
            for (workload, events) in [(Workload::W2, 20_000), (Workload::W7, 100_000)] {
                let digest = run(workload, events, &options).map(|outcome| outcome.digest);
                assert_eq!(
                    digest.ok(),
                    expected(workload, events),
                    "{workload} {workers}"
                );
            }
        }
        assert!(run(Workload::W1, 10, &Options::default()).is_err());
    }

    #[test]
    fn every_reading_is_made_once_and_in_order() {
        for events in [0, 1, 4095, 4096, 4097, 20_000] {
            for workers in 1..4 {
                let mut made: Vec<i64> = Vec::new();
                for worker in 0..workers {
                    let part = Readings::of(worker, workers, events, 100);
                    made.extend(
                        part.map(|event| event.value.to_bits() as i64 ^ event.timestamp_ms),
                    );
                }
                let mut all: Vec<i64> = (0..events)
                    .map(|index| event(index, 100, Disorder::OWN))
                    .map(|event| event.value.to_bits() as i64 ^ event.timestamp_ms)
                    .collect();
                made.sort_unstable();
                all.sort_unstable();
                assert_eq!(made, all, "{events} over {workers}");
            }
        }
    }
}
