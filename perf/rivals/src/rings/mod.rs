//! Rings: 24-byte records from one core to another, their sum checked.

mod between;
mod ours;
mod theirs;

use std::time::Duration;

/// Slots of every ring.
const SLOTS: usize = 4096;

/// Records in a batch, where the ring has batches.
const BATCH: usize = 256;

/// A record: 24 bytes, of which the first eight are summed.
type Item = [u64; 3];

fn item(number: u64) -> Item {
    [number; 3]
}

/// A ring, and how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ring {
    /// Fluxus's channel, batches of 256 written and read in place.
    Fluxus,
    /// Fluxus's channel, batches of 256 moved out of a vector.
    FluxusVec,
    /// Fluxus's channel, one record a call.
    FluxusOne,
    /// rtrb, chunks of 256.
    Rtrb,
    /// rtrb, one record a call.
    RtrbOne,
    /// disruptor, batches of 256 published, what is there polled.
    Disruptor,
    /// disruptor, one record published a call.
    DisruptorOne,
    /// crossbeam-channel, bounded, one record a call: it has no batches.
    Crossbeam,
    /// crossbeam-channel, bounded, a vector of 256 records a message.
    CrossbeamVec,
    /// The standard library's `sync_channel`, one record a call: it has no batches.
    Std,
    /// The standard library's `sync_channel`, a vector of 256 records a message.
    StdVec,
}

impl Ring {
    /// All of them, Fluxus first.
    pub const ALL: [Self; 11] = [
        Self::Fluxus,
        Self::FluxusVec,
        Self::Rtrb,
        Self::Disruptor,
        Self::FluxusOne,
        Self::RtrbOne,
        Self::DisruptorOne,
        Self::Crossbeam,
        Self::CrossbeamVec,
        Self::Std,
        Self::StdVec,
    ];
}

/// What came of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// From the first record sent to the last one taken.
    pub time: Duration,
    /// Whether the records' sum is right.
    pub sum_ok: bool,
}

/// Passes `records` records through `ring`: from the first of `cores` to the second.
///
/// # Errors
/// When the ring cannot be made, or one side failed.
pub fn pass(ring: Ring, records: u64, cores: &[usize]) -> Result<Passed, String> {
    match ring {
        Ring::Fluxus => ours::in_place(records, cores),
        Ring::FluxusVec => ours::from_vector(records, cores),
        Ring::FluxusOne => ours::one_by_one(records, cores),
        Ring::Rtrb => theirs::rtrb_chunks(records, cores),
        Ring::RtrbOne => theirs::rtrb_one_by_one(records, cores),
        Ring::Disruptor => theirs::disruptor_batches(records, cores),
        Ring::DisruptorOne => theirs::disruptor_one_by_one(records, cores),
        Ring::Crossbeam => theirs::crossbeam(records, cores),
        Ring::CrossbeamVec => theirs::crossbeam_vectors(records, cores),
        Ring::Std => theirs::standard(records, cores),
        Ring::StdVec => theirs::standard_vectors(records, cores),
    }
}
