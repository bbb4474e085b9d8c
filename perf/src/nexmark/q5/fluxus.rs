//! Q5 through the public API of Fluxus: a window over the results of a window.

use std::sync::Arc;

use fluxus::prelude::*;

use super::Row;
use crate::nexmark::data::{kind, Record};
use crate::nexmark::ties::Ties;
use crate::{engine, Digest, Options, Outcome, Shape};

/// Auctions with a bid in the time of one window, about.
const EXPECTED_AUCTIONS: u64 = 10_000;

/// The auctions with the most bids, among the counts of one window.
#[derive(Clone)]
struct Hottest;

impl Aggregate<WindowResult<u64, u64>> for Hottest {
    type Accumulator = Ties<Row>;
    type Output = Vec<Row>;

    #[inline]
    fn create(&self) -> Ties<Row> {
        Ties::default()
    }

    #[inline]
    fn add(&self, into: &mut Ties<Row>, auction: &WindowResult<u64, u64>) {
        let row = Row {
            start_ms: auction.start().millis(),
            auction: auction.key,
            count: auction.value,
        };
        into.add(row.count, row);
    }

    #[inline]
    fn merge(&self, into: &mut Ties<Row>, other: Ties<Row>) {
        into.merge(other);
    }

    #[inline]
    fn finish(&self, hottest: Ties<Row>) -> Vec<Row> {
        hottest.into_items()
    }
}

/// Runs Q5 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(records: &Arc<[Record]>, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    engine::timed("Q5", options, EXPECTED_AUCTIONS, |job| {
        let size = engine::milliseconds(shape.size_ms);
        let slide = engine::milliseconds(shape.slide_ms);
        Ok(job
            .from_shared(records, options.workers)
            .timestamps(
                |record| Timestamp::from_millis(record.timestamp_ms as i64),
                BoundedDisorder::monotonous(),
            )
            .filter(|record| record.kind == kind::BID)
            .key_by(|bid| bid.a)
            .window(Sliding::new(size, slide)?)
            .count()
            // A count lies at the last instant of its window, and windows end a
            // slide apart: all counts in one slide are of one window.
            .window_all(Tumbling::new(slide)?)
            .aggregate(Hottest)
            .flat_map(|hottest| hottest.value)
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}
