//! W1: how often each word occurs in tumbling windows of one second.

pub mod data;
pub mod fluxus;
pub mod hand;
pub mod words;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: i64 = 1000;
