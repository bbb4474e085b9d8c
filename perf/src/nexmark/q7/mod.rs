//! Q7: the bids with the highest price, in tumbling windows of ten seconds.

use crate::Digest;

pub mod fluxus;
pub mod hand;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: i64 = 10_000;

/// One result: a bid that no other was higher than.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Start of the window, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// What was bid for.
    pub auction: u64,
    /// How much.
    pub price: u64,
    /// Who bid.
    pub bidder: u64,
}

impl Row {
    /// Adds this row to a digest.
    #[inline]
    pub fn add_to(&self, digest: &mut Digest) {
        digest.add_row(
            [self.start_ms as u64, self.auction, self.price, self.bidder],
            1,
        );
    }
}
