//! W1 through the public API of Fluxus.

use std::sync::Arc;

use super::data::Line;
use crate::{Options, Outcome};

/// Runs W1 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(_lines: &Arc<[Line]>, _options: &Options) -> Result<Outcome, String> {
    Err("W1 is not built yet on the engine `fluxus`; `--engine hand` is".to_owned())
}
