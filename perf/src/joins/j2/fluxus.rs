//! J2 through the public API of Fluxus.

use fluxus::prelude::*;

use crate::joins::data::{Event, Row, Streams};
use crate::{engine, Digest, Options, Outcome, Shape};

/// Runs J2 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(streams: &Streams, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    engine::timed("J2", options, shape.keys, |job| {
        let disorder = engine::disorder(shape)?;
        let keyed = |events| {
            job.from_shared(events, options.workers)
                .timestamps(
                    |event: &Event| Timestamp::from_millis(event.timestamp_ms),
                    disorder.clone(),
                )
                // What the rows need of it; the time is with the record anyway.
                .map(|event| (event.key, event.id))
                .key_by(|&(key, _)| key)
        };
        let windows = Tumbling::new(engine::milliseconds(shape.size_ms))?;
        Ok(keyed(&streams.left)
            .window_join(keyed(&streams.right), windows)
            .inner()
            .map(|pair| Row {
                key: pair.key,
                time_ms: pair.window.start().millis(),
                left: pair.left.1,
                right: pair.right.1,
            })
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}
