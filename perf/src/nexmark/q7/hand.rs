//! Q7 as one would write it by hand: one thread, one loop.

use super::Row;
use crate::nexmark::data::{kind, Record};
use crate::nexmark::ties::Ties;
use crate::{Digest, Shape, Workload};

/// Finds the highest bids and takes the digest of the results.
///
/// Records come in order of time: a window is a run of them.
pub fn run(records: &[Record]) -> Digest {
    run_shaped(records, &Shape::own(Workload::Q7))
}

/// As [`run`], with other windows.
pub(crate) fn run_shaped(records: &[Record], shape: &Shape) -> Digest {
    let size_ms = shape.size_ms as u64;
    let mut digest = Digest::default();
    let mut highest: Ties<(u64, u64, u64)> = Ties::default();
    let mut end_ms = 0;
    for record in records {
        if record.timestamp_ms >= end_ms {
            emit(&mut highest, end_ms as i64 - shape.size_ms, &mut digest);
            end_ms = record.timestamp_ms - record.timestamp_ms % size_ms + size_ms;
        }
        if record.kind == kind::BID {
            highest.add(record.c, (record.a, record.c, record.b));
        }
    }
    emit(&mut highest, end_ms as i64 - shape.size_ms, &mut digest);
    digest
}

/// Gives out the rows of one window.
fn emit(highest: &mut Ties<(u64, u64, u64)>, start_ms: i64, digest: &mut Digest) {
    for (auction, price, bidder) in highest.drain() {
        Row {
            start_ms,
            auction,
            price,
            bidder,
        }
        .add_to(digest);
    }
}
