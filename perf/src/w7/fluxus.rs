//! W7 through the public API of Fluxus.

use crate::{Options, Outcome};

/// Runs W7 on the engine, over the numbers below `events`.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(_events: u64, _options: &Options) -> Result<Outcome, String> {
    Err("W7 is not built yet on the engine `fluxus`; `--engine hand` is".to_owned())
}
