//! W3 through the public API of Fluxus.

use std::sync::Arc;
use std::time::Duration;

use fluxus::prelude::*;

use super::{DEFAULT_KEYS, SLIDE_MS, WINDOW_MS};
use crate::w2::data::Event;
use crate::w2::fluxus::{row, Statistics};
use crate::{engine, Digest, Options, Outcome};

/// Runs W3 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(events: &Arc<[Event]>, options: &Options) -> Result<Outcome, String> {
    engine::timed("W3", options, DEFAULT_KEYS, |job| {
        Ok(job
            .from_shared(events, options.workers)
            .timestamps(
                |event| Timestamp::from_millis(event.timestamp_ms),
                engine::disorder()?,
            )
            .key_by(|event| event.key)
            .window(Sliding::new(
                Duration::from_millis(WINDOW_MS.unsigned_abs()),
                Duration::from_millis(SLIDE_MS.unsigned_abs()),
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
