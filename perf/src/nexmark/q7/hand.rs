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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::nexmark::data;
    use crate::Asked;

    /// The slow obvious way: every window kept to the end.
    fn obvious(records: &[Record], shape: &Shape) -> Digest {
        let mut windows: BTreeMap<i64, Vec<&Record>> = BTreeMap::new();
        for bid in records.iter().filter(|record| record.kind == kind::BID) {
            let time_ms = bid.timestamp_ms as i64;
            let start_ms = time_ms - time_ms.rem_euclid(shape.size_ms);
            windows.entry(start_ms).or_default().push(bid);
        }
        let mut digest = Digest::default();
        for (start_ms, bids) in windows {
            let highest = bids.iter().map(|bid| bid.c).max();
            for bid in bids.iter().filter(|bid| Some(bid.c) == highest) {
                Row {
                    start_ms,
                    auction: bid.a,
                    price: bid.c,
                    bidder: bid.b,
                }
                .add_to(&mut digest);
            }
        }
        digest
    }

    #[test]
    fn equals_the_obvious_way_at_any_size_and_with_any_windows() {
        for size_ms in [None, Some(1), Some(300)] {
            let asked = Asked {
                size_ms,
                ..Asked::default()
            };
            let shape = Shape::of(Workload::Q7, asked).expect("it can be");
            for records in [0, 1, 2, 20_001] {
                let records = data::generate(records);
                assert_eq!(
                    run_shaped(&records, &shape),
                    obvious(&records, &shape),
                    "{} records, {asked:?}",
                    records.len()
                );
            }
        }
    }
}
