//! Q7: the bids with the highest price, in tumbling windows of ten seconds.

use std::collections::VecDeque;

use fluxus_perf::nexmark::data::{kind, Record};
use fluxus_perf::nexmark::q7::{Row, WINDOW_MS};
use fluxus_perf::nexmark::ties::Ties;
use fluxus_perf::Digest;

use super::Query;

/// The highest bids of the windows that are not closed, oldest first.
#[derive(Debug, Default)]
pub struct Q7 {
    windows: VecDeque<(i64, Ties<Bid>)>,
    /// The end of the newest window.
    end_ms: i64,
}

/// A bid: on which auction, by whom, how much, and when.
#[derive(Clone, Copy, Debug)]
pub struct Bid {
    auction: u64,
    bidder: u64,
    price: u64,
    timestamp_ms: i64,
}

impl Q7 {
    #[cold]
    fn open(&mut self, timestamp_ms: i64) {
        self.end_ms = (timestamp_ms.div_euclid(WINDOW_MS) + 1) * WINDOW_MS;
        self.windows.push_back((self.end_ms, Ties::default()));
    }
}

impl Query for Q7 {
    type Event = Record;
    type Record = Bid;
    type Row = Row;
    type Tables = ();

    const DISORDER_MS: i64 = 0;
    const STEP_MS: i64 = WINDOW_MS;
    const UNSPLIT: Option<&'static str> =
        Some("the highest of all bids is known in one place only; written for one worker");

    #[inline(always)]
    fn timestamp_ms(record: &Record) -> i64 {
        record.timestamp_ms as i64
    }

    #[inline(always)]
    fn expand((): &(), record: &Record, mut give: impl FnMut(Bid)) {
        if record.kind == kind::BID {
            give(Bid {
                auction: record.a,
                bidder: record.b,
                price: record.c,
                timestamp_ms: record.timestamp_ms as i64,
            });
        }
    }

    #[inline(always)]
    fn route(_: &Bid) -> u64 {
        0
    }

    #[inline(always)]
    fn add(&mut self, bid: Bid) {
        if bid.timestamp_ms >= self.end_ms || self.windows.is_empty() {
            self.open(bid.timestamp_ms);
        }
        // Bids come in order: this one lies in the newest window.
        if let Some((_, highest)) = self.windows.back_mut() {
            highest.add(bid.price, bid);
        }
    }

    fn close(&mut self, until_ms: i64, mut give: impl FnMut(Row)) {
        while let Some((end_ms, highest)) = self.windows.front_mut() {
            if *end_ms > until_ms {
                return;
            }
            let start_ms = *end_ms - WINDOW_MS;
            for bid in highest.drain() {
                give(Row {
                    start_ms,
                    auction: bid.auction,
                    price: bid.price,
                    bidder: bid.bidder,
                });
            }
            self.windows.pop_front();
        }
    }

    #[inline]
    fn add_to(row: &Row, digest: &mut Digest) {
        row.add_to(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;
    use fluxus_perf::nexmark::{data, q7::hand};

    #[test]
    fn equals_the_loop_by_hand() {
        for records in [0, 1, 777, 400_000] {
            let records = data::generate(records);
            for batch in [1, 512, 150_000] {
                assert_eq!(run::<Q7>(&records, batch), hand::run(&records));
            }
        }
    }
}
