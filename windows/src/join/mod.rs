//! Joins of two streams, as machines without threads or clocks.
//!
//! Each of them takes the records of either side, moves its watermark, and hands
//! out rows to a closure that says when to stop: so a caller whose output is full
//! goes on later, where it was.

pub(crate) mod kind;

pub(crate) mod in_order;
pub(crate) mod interval_bounds;
pub(crate) mod join_keys;
pub(crate) mod timed_list;

pub(crate) mod interval_pairs;

pub(crate) mod as_of_pairs;

pub(crate) mod table;

use crate::StateLimit;

/// How much a join of two streams may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinLimit {
    /// Keys that are made room for, and that may be held at once.
    pub keys: StateLimit,
    /// Records that may be held at once, those of both sides together.
    pub records: usize,
}

/// Why a join did not take a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declined {
    /// It came at or behind the watermark.
    Late,
    /// Its key is new and the join holds as many keys as it may.
    TooManyKeys,
    /// The join holds as many records as it may.
    TooManyRecords,
}

/// What a join holds, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinStats {
    /// Keys held now.
    pub keys: usize,
    /// The most keys ever held at once.
    pub keys_high_water: usize,
    /// How often the memory set aside for keys was outgrown.
    pub grown: u64,
    /// Records of the left side held now.
    pub left: usize,
    /// Records of the right side held now.
    pub right: usize,
    /// Records that have gone without a partner, those included that made a row
    /// alone.
    pub alone: u64,
}
