//! W1 through the public API of Fluxus.

use std::sync::Arc;

use fluxus::prelude::*;

use super::data::{Line, Row};
use super::words::{Word, Words};
use crate::{engine, Digest, Options, Outcome, Shape};

/// Words that a run has, with some room.
const EXPECTED_WORDS: u64 = 10_000;

/// Runs W1 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(lines: &Arc<[Line]>, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    engine::timed("W1", options, EXPECTED_WORDS, |job| {
        Ok(job
            .from_shared(lines, options.workers)
            .timestamps(
                |line| Timestamp::from_millis(line.timestamp_ms),
                engine::disorder(shape)?,
            )
            .flat_map(|line| Words::of(line.text))
            .key_by(|&word| word)
            .window(Tumbling::new(engine::milliseconds(shape.size_ms))?)
            .count()
            .fold_all(
                Digest::default(),
                |digest, row| {
                    let short;
                    let word = match row.key {
                        Word::Short(bytes) => {
                            short = bytes.to_le_bytes();
                            let length = 8 - bytes.leading_zeros() as usize / 8;
                            &short[..length]
                        }
                        Word::Long(bytes) => bytes,
                    };
                    let start_ms = row.start().millis();
                    let count = row.value;
                    Row {
                        word,
                        start_ms,
                        count,
                    }
                    .add_to(digest);
                },
                Digest::merge,
            ))
    })
}
