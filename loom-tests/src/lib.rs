//! What the model checks of `fluxus-ringbuf` have in common.
//!
//! The tests are in `tests/`, one file per primitive. Without `--cfg loom` they
//! are empty: run them with `cargo loom`.

#[cfg(loom)]
mod kit;

#[cfg(loom)]
pub use kit::*;
