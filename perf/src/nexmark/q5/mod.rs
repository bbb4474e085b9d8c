//! Q5: the auctions with the most bids, in sliding windows of ten seconds, one
//! every two.

use crate::Digest;

pub mod fluxus;
pub mod hand;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: i64 = 10_000;

/// The distance from the start of a window to that of the next, in milliseconds.
pub const SLIDE_MS: i64 = 2000;

/// One result: an auction that no other had more bids than.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Start of the window, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// The auction.
    pub auction: u64,
    /// How many bids.
    pub count: u64,
}

impl Row {
    /// Adds this row to a digest.
    #[inline]
    pub fn add_to(&self, digest: &mut Digest) {
        digest.add_row([self.start_ms as u64, self.auction, self.count], self.count);
    }
}
