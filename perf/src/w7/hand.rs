//! W7 as one would write it by hand: a plain loop, left to the compiler as it is.
//!
//! For the base instruction set of x86-64 it becomes a scalar loop with a branch
//! for the filter, two numbers a turn. Wider sets would vectorise it; that is no
//! yardstick for records that come one by one.

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
