//! Q8: the persons who came and opened an auction, in tumbling windows of ten
//! seconds.

use crate::Digest;

pub mod fluxus;
pub mod hand;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: i64 = 10_000;

/// What is known of a person in a window: that they came,
pub(crate) const CAME: u8 = 1;
/// that they opened an auction,
pub(crate) const SOLD: u8 = 2;
/// or both.
pub(crate) const BOTH: u8 = CAME | SOLD;

/// One result: a person who is new and sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Start of the window, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// The person.
    pub person: u64,
}

impl Row {
    /// Adds this row to a digest.
    #[inline]
    pub fn add_to(&self, digest: &mut Digest) {
        digest.add_row([self.start_ms as u64, self.person], 1);
    }
}
