//! W7 through the public API of Fluxus.

use super::{fold, keep, scramble};
use crate::{engine, Digest, Options, Outcome};

/// Runs W7 on the engine, over the numbers below `events`.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(events: u64, options: &Options) -> Result<Outcome, String> {
    let workers = options.workers as u64;
    // Each worker a range of its own, the last one with the rest.
    let share = events / workers;
    let ranges = (0..workers).map(|worker| {
        let end = if worker + 1 == workers {
            events
        } else {
            (worker + 1) * share
        };
        worker * share..end
    });
    engine::timed("W7", options, 1, |job| {
        Ok(job
            .from_partitions(ranges)
            .map(scramble)
            .filter(|&y| keep(y))
            .map(fold)
            .fold_all(Digest::default(), Digest::add_number, Digest::merge))
    })
}
