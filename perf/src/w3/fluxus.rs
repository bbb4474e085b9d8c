//! W3 through the public API of Fluxus.

use std::sync::Arc;

use fluxus::prelude::*;

use crate::w2::data::Event;
use crate::w2::fluxus::{row, Statistics};
use crate::{engine, Digest, Options, Outcome, Shape};

/// Runs W3 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(events: &Arc<[Event]>, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    engine::timed("W3", options, shape.keys, |job| {
        Ok(job
            .from_shared(events, options.workers)
            .timestamps(
                |event| Timestamp::from_millis(event.timestamp_ms),
                engine::disorder(shape)?,
            )
            .key_by(|event| event.key)
            .window(Sliding::new(
                engine::milliseconds(shape.size_ms),
                engine::milliseconds(shape.slide_ms),
            )?)
            .aggregate(Statistics)
            .map(row)
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}
