//! Q8 through the public API of Fluxus: a join of two streams in a window, as
//! one stream of marks.

use std::sync::Arc;

use fluxus::prelude::*;

use super::{Row, BOTH, CAME, SOLD};
use crate::nexmark::data::{kind, Record};
use crate::{engine, Digest, Options, Outcome, Shape};

/// Persons who come or sell in the time of one window, about.
const EXPECTED_PERSONS: u64 = 4000;

/// Whether a person came, sold, or both.
#[derive(Clone)]
struct Marks;

impl Aggregate<(u64, u8)> for Marks {
    type Accumulator = u8;
    type Output = u8;

    #[inline]
    fn create(&self) -> u8 {
        0
    }

    #[inline]
    fn add(&self, into: &mut u8, &(_, mark): &(u64, u8)) {
        *into |= mark;
    }

    #[inline]
    fn merge(&self, into: &mut u8, other: u8) {
        *into |= other;
    }

    #[inline]
    fn finish(&self, marks: u8) -> u8 {
        marks
    }
}

/// Runs Q8 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(records: &Arc<[Record]>, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    engine::timed("Q8", options, EXPECTED_PERSONS, |job| {
        Ok(job
            .from_shared(records, options.workers)
            .timestamps(
                |record| Timestamp::from_millis(record.timestamp_ms as i64),
                BoundedDisorder::monotonous(),
            )
            .filter_map(|record| match record.kind {
                kind::PERSON => Some((record.a, CAME)),
                kind::AUCTION => Some((record.b, SOLD)),
                _ => None,
            })
            .key_by(|&(person, _)| person)
            .window(Tumbling::new(engine::milliseconds(shape.size_ms))?)
            .aggregate(Marks)
            .filter(|person| person.value == BOTH)
            .map(|person| Row {
                start_ms: person.start().millis(),
                person: person.key,
            })
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}
