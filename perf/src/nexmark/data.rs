//! The events of the marketplace, as small records.

use std::sync::Arc;
use std::thread;

use ::nexmark::config::NexmarkConfig;
use ::nexmark::event::Event;
use ::nexmark::EventGenerator;

use crate::splitmix::T0_MS;

/// What a record tells of.
pub mod kind {
    /// A person came: `a` is the person.
    pub const PERSON: u64 = 0;
    /// An auction was opened: `a` is the auction, `b` the seller, `c` the category.
    pub const AUCTION: u64 = 1;
    /// A bid was made: `a` is the auction, `b` the bidder, `c` the price.
    pub const BID: u64 = 2;
}

/// One event: 40 bytes, as it lies in memory. What `a`, `b` and `c` are depends
/// on the [`kind`]; a column that the kind does not have is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What happened: one of [`kind`].
    pub kind: u64,
    /// A person or an auction.
    pub a: u64,
    /// A seller or a bidder.
    pub b: u64,
    /// A category or a price.
    pub c: u64,
    /// When, in milliseconds since the Unix epoch. Never less than that of the
    /// record before.
    pub timestamp_ms: u64,
}

impl From<Event> for Record {
    fn from(event: Event) -> Self {
        let timestamp_ms = event.timestamp();
        let (kind, a, b, c) = match event {
            Event::Person(person) => (kind::PERSON, person.id, 0, 0),
            Event::Auction(auction) => {
                (kind::AUCTION, auction.id, auction.seller, auction.category)
            }
            Event::Bid(bid) => (kind::BID, bid.auction, bid.bidder, bid.price),
        };
        Self {
            kind,
            a: a as u64,
            b: b as u64,
            c: c as u64,
            timestamp_ms,
        }
    }
}

/// The first `events` records.
///
/// The generator makes strings that the records leave out, at a microsecond an
/// event: so every core makes a part.
pub fn generate(events: usize) -> Arc<[Record]> {
    let configuration = NexmarkConfig {
        base_time: T0_MS.unsigned_abs(),
        ..NexmarkConfig::default()
    };
    let generator = EventGenerator::new(configuration);
    let blank = Record {
        kind: 0,
        a: 0,
        b: 0,
        c: 0,
        timestamp_ms: 0,
    };
    let mut records = vec![blank; events];
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let part = events.div_ceil(cores).max(1);
    thread::scope(|scope| {
        for (number, part_of_records) in records.chunks_mut(part).enumerate() {
            let generator = generator.clone().with_offset((number * part) as u64);
            scope.spawn(move || {
                for (record, event) in part_of_records.iter_mut().zip(generator) {
                    *record = event.into();
                }
            });
        }
    });
    records.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_40_bytes() {
        assert_eq!(std::mem::size_of::<Record>(), 40);
    }

    #[test]
    fn parts_join_to_one_stream_in_order_of_time() {
        let records = generate(1003);
        assert_eq!(records[..500], generate(500)[..]);
        assert!(records
            .windows(2)
            .all(|pair| pair[0].timestamp_ms <= pair[1].timestamp_ms));
        assert_eq!(records[0].timestamp_ms, T0_MS as u64);
        let count = |kind| records.iter().filter(|record| record.kind == kind).count();
        let counts = [kind::PERSON, kind::AUCTION, kind::BID].map(count);
        assert_eq!(counts, [21, 62, 920]);
    }
}
