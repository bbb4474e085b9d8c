//! Q7 through the public API of Fluxus.

use std::sync::Arc;

use fluxus::prelude::*;

use super::Row;
use crate::nexmark::data::{kind, Record};
use crate::nexmark::ties::Ties;
use crate::{engine, Digest, Options, Outcome, Shape};

/// The bids with the highest price.
#[derive(Clone)]
struct Highest;

#[derive(Clone, Copy)]
struct Bid {
    auction: u64,
    price: u64,
    bidder: u64,
}

impl Aggregate<Record> for Highest {
    type Accumulator = Ties<Bid>;
    type Output = Vec<Bid>;

    #[inline]
    fn create(&self) -> Ties<Bid> {
        Ties::default()
    }

    #[inline]
    fn add(&self, into: &mut Ties<Bid>, record: &Record) {
        let bid = Bid {
            auction: record.a,
            price: record.c,
            bidder: record.b,
        };
        into.add(bid.price, bid);
    }

    #[inline]
    fn merge(&self, into: &mut Ties<Bid>, other: Ties<Bid>) {
        into.merge(other);
    }

    #[inline]
    fn finish(&self, highest: Ties<Bid>) -> Vec<Bid> {
        highest.into_items()
    }
}

/// Runs Q7 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(records: &Arc<[Record]>, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    engine::timed("Q7", options, 1, |job| {
        Ok(job
            .from_shared(records, options.workers)
            .timestamps(
                |record| Timestamp::from_millis(record.timestamp_ms as i64),
                BoundedDisorder::monotonous(),
            )
            .filter(|record| record.kind == kind::BID)
            .window_all(Tumbling::new(engine::milliseconds(shape.size_ms))?)
            .aggregate(Highest)
            .flat_map(|highest| {
                let start_ms = highest.start().millis();
                highest.value.into_iter().map(move |bid| Row {
                    start_ms,
                    auction: bid.auction,
                    price: bid.price,
                    bidder: bid.bidder,
                })
            })
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}
