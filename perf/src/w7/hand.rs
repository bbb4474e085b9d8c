//! W7 as one would write it by hand.

use super::{fold, keep, scramble};
use crate::Digest;

/// Runs the numbers below `events` through the chain.
pub fn run(events: u64) -> Digest {
    let mut digest = Digest::default();
    for x in 0..events {
        let y = scramble(x);
        if keep(y) {
            digest.add_number(fold(y));
        }
    }
    digest
}
