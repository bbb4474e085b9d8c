//! W2 through the public API of Fluxus.

use std::sync::Arc;

use super::data::Event;
use crate::{Options, Outcome};

/// Runs W2 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(_events: &Arc<[Event]>, _options: &Options) -> Result<Outcome, String> {
    Err("W2 is not built yet on the engine `fluxus`; `--engine hand` is".to_owned())
}
