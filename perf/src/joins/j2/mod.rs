//! J2: pairs of records of one key that lie in one tumbling window of 400 ms.

pub mod fluxus;
pub mod hand;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: i64 = 400;
