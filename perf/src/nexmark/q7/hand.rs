//! Q7 as one would write it by hand: one thread, one loop.

use super::{Row, WINDOW_MS};
use crate::nexmark::data::{kind, Record};
use crate::nexmark::ties::Ties;
use crate::Digest;

/// Finds the highest bids and takes the digest of the results.
///
/// Records come in order of time: a window is a run of them.
pub fn run(records: &[Record]) -> Digest {
    let mut digest = Digest::default();
    let mut highest: Ties<(u64, u64, u64)> = Ties::default();
    let mut end_ms = 0;
    for record in records {
        if record.timestamp_ms >= end_ms {
            emit(&mut highest, end_ms, &mut digest);
            end_ms =
                record.timestamp_ms - record.timestamp_ms % WINDOW_MS as u64 + WINDOW_MS as u64;
        }
        if record.kind == kind::BID {
            highest.add(record.c, (record.a, record.c, record.b));
        }
    }
    emit(&mut highest, end_ms, &mut digest);
    digest
}

/// Gives out the rows of one window.
fn emit(highest: &mut Ties<(u64, u64, u64)>, end_ms: u64, digest: &mut Digest) {
    for (auction, price, bidder) in highest.drain() {
        Row {
            start_ms: end_ms as i64 - WINDOW_MS,
            auction,
            price,
            bidder,
        }
        .add_to(digest);
    }
}
