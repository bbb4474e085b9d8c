//! J1 through the public API of Fluxus.

use std::time::Duration;

use fluxus::prelude::*;
use fluxus::windows::IntervalBounds;

use super::WITHIN_MS;
use crate::joins::data::{Event, Row, Streams};
use crate::{engine, Digest, Options, Outcome, Shape};

/// Runs J1 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(streams: &Streams, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    let within = Duration::from_millis(WITHIN_MS.unsigned_abs());
    engine::timed("J1", options, shape.keys, |job| {
        let disorder = engine::disorder(shape)?;
        let keyed = |events| {
            job.from_shared(events, options.workers)
                .timestamps(
                    |event: &Event| Timestamp::from_millis(event.timestamp_ms),
                    disorder.clone(),
                )
                .key_by(|event| event.key)
        };
        Ok(keyed(&streams.left)
            .interval_join(keyed(&streams.right), IntervalBounds::within(within))
            .inner()
            .map(|pair| Row {
                key: pair.key,
                time_ms: pair.left.timestamp_ms.max(pair.right.timestamp_ms),
                left: pair.left.id,
                right: pair.right.id,
            })
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}
