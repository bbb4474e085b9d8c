//! W4: how many visits a user made in each session, which five seconds of
//! silence end.

pub mod data;
pub mod fluxus;
pub mod hand;

/// A visit so much after the one before, or more, begins a new session, in milliseconds.
pub const SILENCE_MS: i64 = 5000;
