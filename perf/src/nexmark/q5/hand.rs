//! Q5 as one would write it by hand: one thread, one loop, arrays.

use super::{Row, SLIDE_MS, WINDOW_MS};
use crate::dense_ids::DenseIds;
use crate::nexmark::data::{kind, Record};
use crate::nexmark::ties::Ties;
use crate::Digest;

/// Slides in a window.
const SLIDES: usize = (WINDOW_MS / SLIDE_MS) as usize;

/// Finds the auctions with the most bids and takes the digest of the results.
///
/// Records come in order of time, so one slide is counted at a time; when it
/// ends, the slides of the window that ends with it are added up.
pub fn run(records: &[Record]) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = records.first() else {
        return digest;
    };
    let slide_ms = SLIDE_MS as u64;
    let end_of = |record: &Record| record.timestamp_ms - record.timestamp_ms % slide_ms + slide_ms;
    // The slides of a window; those that are over, and the current one.
    let mut slides: [Counts; SLIDES] = Default::default();
    let mut sums = Counts::default();
    let mut end_ms = end_of(first);
    let mut current = 0;
    let mut close = |slides: &mut [Counts; SLIDES], current: &mut usize, end_ms: &mut u64| {
        emit(slides, &mut sums, *end_ms, &mut digest);
        *current = (*current + 1) % SLIDES;
        slides[*current].clear();
        *end_ms += slide_ms;
    };
    for record in records {
        while record.timestamp_ms >= end_ms {
            close(&mut slides, &mut current, &mut end_ms);
        }
        if record.kind == kind::BID {
            slides[current].add(record.a, 1);
        }
    }
    for _ in 0..SLIDES {
        close(&mut slides, &mut current, &mut end_ms);
    }
    digest
}

/// Bids, by auction.
#[derive(Default)]
struct Counts {
    ids: DenseIds,
    counts: Vec<(u64, u64)>,
}

impl Counts {
    #[inline(always)]
    fn add(&mut self, auction: u64, bids: u64) {
        let id = self.ids.intern(auction);
        match self.counts.get_mut(id) {
            Some((_, count)) => *count += bids,
            None => self.counts.push((auction, bids)),
        }
    }

    fn clear(&mut self) {
        self.ids.clear();
        self.counts.clear();
    }
}

/// Gives out the rows of the window that ends at `end_ms`.
fn emit(slides: &[Counts; SLIDES], sums: &mut Counts, end_ms: u64, digest: &mut Digest) {
    for &(auction, bids) in slides.iter().flat_map(|slide| &slide.counts) {
        sums.add(auction, bids);
    }
    let mut hottest = Ties::default();
    for &(auction, bids) in &sums.counts {
        hottest.add(bids, auction);
    }
    let count = hottest.highest();
    for auction in hottest.drain() {
        Row {
            start_ms: end_ms as i64 - WINDOW_MS,
            auction,
            count,
        }
        .add_to(digest);
    }
    sums.clear();
}
