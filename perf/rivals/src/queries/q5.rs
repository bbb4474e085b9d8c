//! Q5: the auctions with the most bids, in sliding windows of ten seconds, one every two.

use std::collections::VecDeque;

use fluxus_perf::dense_ids::DenseIds;
use fluxus_perf::nexmark::data::{kind, Record};
use fluxus_perf::nexmark::q5::{Row, SLIDE_MS, WINDOW_MS};
use fluxus_perf::nexmark::ties::Ties;
use fluxus_perf::Digest;

use super::Query;

/// Slides in a window.
const SLIDES: usize = (WINDOW_MS / SLIDE_MS) as usize;

/// Bids by auction, in slides.
///
/// # Invariants
/// The slides follow each other; the first `SLIDES` of them are the oldest window
/// that is not closed, the last one ends at `end_ms`.
#[derive(Debug, Default)]
pub struct Q5 {
    slides: VecDeque<Bids>,
    end_ms: i64,
    sums: Bids,
    spare: Vec<Bids>,
}

/// Bids by auction.
#[derive(Debug, Default)]
struct Bids {
    ids: Option<DenseIds>,
    counts: Vec<(u64, u64)>,
}

impl Bids {
    #[inline(always)]
    fn add(&mut self, auction: u64, bids: u64) {
        let id = self.ids.get_or_insert_with(DenseIds::new).intern(auction);
        match self.counts.get_mut(id) {
            Some((_, count)) => *count += bids,
            None => self.counts.push((auction, bids)),
        }
    }

    fn clear(&mut self) {
        if let Some(ids) = &mut self.ids {
            ids.clear();
        }
        self.counts.clear();
    }
}

impl Q5 {
    /// Opens slides up to the one that `timestamp_ms` lies in.
    #[cold]
    fn open(&mut self, timestamp_ms: i64) {
        if self.slides.is_empty() {
            self.slides.resize_with(SLIDES, Bids::default);
            self.end_ms = (timestamp_ms.div_euclid(SLIDE_MS) + 1) * SLIDE_MS;
        }
        while timestamp_ms >= self.end_ms {
            self.slides.push_back(self.spare.pop().unwrap_or_default());
            self.end_ms += SLIDE_MS;
        }
    }

    /// Gives out the oldest window and forgets its first slide.
    fn slide(&mut self, end_ms: i64, give: &mut impl FnMut(Row)) {
        self.sums.clear();
        for &(auction, bids) in self
            .slides
            .iter()
            .take(SLIDES)
            .flat_map(|bids| &bids.counts)
        {
            self.sums.add(auction, bids);
        }
        let mut hottest = Ties::default();
        for &(auction, bids) in &self.sums.counts {
            hottest.add(bids, auction);
        }
        let (start_ms, count) = (end_ms - WINDOW_MS, hottest.highest());
        for auction in hottest.drain() {
            give(Row {
                start_ms,
                auction,
                count,
            });
        }
        if let Some(mut oldest) = self.slides.pop_front() {
            oldest.clear();
            self.spare.push(oldest);
        }
    }
}

/// A bid: on which auction, and when.
#[derive(Clone, Copy, Debug)]
pub struct Bid {
    auction: u64,
    timestamp_ms: i64,
}

impl Query for Q5 {
    type Event = Record;
    type Record = Bid;
    type Row = Row;
    type Tables = ();

    const DISORDER_MS: i64 = 0;
    const STEP_MS: i64 = SLIDE_MS;
    const UNSPLIT: Option<&'static str> =
        Some("the hottest of all auctions is known in one place only; written for one worker");

    #[inline(always)]
    fn timestamp_ms(record: &Record) -> i64 {
        record.timestamp_ms as i64
    }

    #[inline(always)]
    fn expand((): &(), record: &Record, mut give: impl FnMut(Bid)) {
        if record.kind == kind::BID {
            give(Bid {
                auction: record.a,
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
        if bid.timestamp_ms >= self.end_ms || self.slides.is_empty() {
            self.open(bid.timestamp_ms);
        }
        // Bids come in order: this one lies in the newest slide.
        if let Some(newest) = self.slides.back_mut() {
            newest.add(bid.auction, 1);
        }
    }

    fn close(&mut self, until_ms: i64, mut give: impl FnMut(Row)) {
        while self.slides.len() >= SLIDES {
            let further = (self.slides.len() - SLIDES) as i64;
            let end_ms = self.end_ms - further * SLIDE_MS;
            if end_ms > until_ms {
                return;
            }
            self.slide(end_ms, &mut give);
            if self.slides.len() < SLIDES {
                self.open(self.end_ms);
            }
            if until_ms == i64::MAX && self.slides.iter().all(|bids| bids.counts.is_empty()) {
                self.slides.clear();
            }
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
    use fluxus_perf::nexmark::{data, q5::hand};

    #[test]
    fn equals_the_loop_by_hand() {
        for records in [0, 1, 777, 400_000] {
            let records = data::generate(records);
            for batch in [1, 512, 100_000] {
                assert_eq!(run::<Q5>(&records, batch), hand::run(&records));
            }
        }
    }
}
