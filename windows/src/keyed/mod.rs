//! What keyed operators without windows remember: a state for each key, which may
//! have a time to live, and timers of its own.

pub(crate) mod expiry;
pub(crate) mod key_timers;
pub(crate) mod keyed_states;
pub(crate) mod timed_states;
