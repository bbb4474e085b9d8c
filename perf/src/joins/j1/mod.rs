//! J1: pairs of records of one key that lie within a tenth of a second of one
//! another.

pub mod fluxus;
pub mod hand;

/// How far apart the records of a pair are at most, in milliseconds.
pub const WITHIN_MS: i64 = 100;
