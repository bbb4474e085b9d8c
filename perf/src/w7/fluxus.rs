//! W7 through the public API of Fluxus.

use super::{fold, keep, scramble};
use crate::{engine, Digest, Options, Outcome};

/// Runs W7 on the engine, over the numbers below `events`.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(events: u64, options: &Options) -> Result<Outcome, String> {
    engine::timed("W7", options, 1, |job| {
        Ok(job
            .from_range(0..events, options.workers)
            .map(scramble)
            .filter(|&y| keep(y))
            .map(fold)
            .fold_all(Digest::default(), Digest::add_number, Digest::merge))
    })
}
