//! W2: count, sum, min, max and mean per key in tumbling windows of one second.

pub(crate) mod chain;
pub mod data;
pub(crate) mod entry;
pub mod fluxus;
pub mod hand;
mod many_keys;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: i64 = 1000;
