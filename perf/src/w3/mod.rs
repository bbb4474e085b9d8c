//! W3: count, sum, min, max and mean per key in sliding windows of one minute,
//! one every second; the readings and the rows are those of [`w2`](crate::w2).

pub mod fluxus;
pub mod hand;

/// Distinct keys unless others are asked for.
pub const DEFAULT_KEYS: u64 = 1000;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: i64 = 60_000;

/// The distance from the start of a window to that of the next, in milliseconds.
pub const SLIDE_MS: i64 = 1000;
