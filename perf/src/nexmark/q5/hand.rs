//! Q5 as one would write it by hand: one thread, one loop, arrays.

use super::Row;
use crate::dense_ids::{DenseIds, Intern};
use crate::nexmark::data::{kind, Record};
use crate::nexmark::ties::Ties;
use crate::{Digest, Shape, Workload};

/// Finds the auctions with the most bids and takes the digest of the results.
///
/// Records come in order of time, so one slide is counted at a time; when it
/// ends, the slides of the window that ends with it are added up.
pub fn run(records: &[Record]) -> Digest {
    run_shaped::<DenseIds>(records, &Shape::own(Workload::Q5))
}

/// As [`run`], with other windows, and with ids from anywhere.
pub(crate) fn run_shaped<I: Intern>(records: &[Record], shape: &Shape) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = records.first() else {
        return digest;
    };
    let slide_ms = shape.slide_ms as u64;
    let slides_of_window = (shape.size_ms / shape.slide_ms) as usize;
    let end_of = |record: &Record| record.timestamp_ms - record.timestamp_ms % slide_ms + slide_ms;
    // The slides of a window; those that are over, and the current one.
    let mut slides: Vec<Counts<I>> = Vec::new();
    slides.resize_with(slides_of_window, Counts::default);
    let mut sums = Counts::<I>::default();
    let mut end_ms = end_of(first);
    let mut current = 0;
    let mut close = |slides: &mut [Counts<I>], current: &mut usize, end_ms: &mut u64| {
        emit(
            slides,
            &mut sums,
            *end_ms as i64 - shape.size_ms,
            &mut digest,
        );
        *current = (*current + 1) % slides_of_window;
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
    for _ in 0..slides_of_window {
        close(&mut slides, &mut current, &mut end_ms);
    }
    digest
}

/// Bids, by auction.
#[derive(Default)]
struct Counts<I> {
    ids: I,
    counts: Vec<(u64, u64)>,
}

impl<I: Intern> Counts<I> {
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

/// Gives out the rows of the window that starts at `start_ms`.
fn emit<I: Intern>(slides: &[Counts<I>], sums: &mut Counts<I>, start_ms: i64, digest: &mut Digest) {
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
            start_ms,
            auction,
            count,
        }
        .add_to(digest);
    }
    sums.clear();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::nexmark::data;
    use crate::Asked;

    /// The slow obvious way: every window kept to the end, every bid in each.
    fn obvious(records: &[Record], shape: &Shape) -> Digest {
        let mut windows: BTreeMap<i64, BTreeMap<u64, u64>> = BTreeMap::new();
        for bid in records.iter().filter(|record| record.kind == kind::BID) {
            let time_ms = bid.timestamp_ms as i64;
            let last_ms = time_ms - time_ms.rem_euclid(shape.slide_ms);
            for back in 0..shape.size_ms / shape.slide_ms {
                let window = windows.entry(last_ms - back * shape.slide_ms).or_default();
                *window.entry(bid.a).or_default() += 1;
            }
        }
        let mut digest = Digest::default();
        for (start_ms, auctions) in windows {
            let most = auctions.values().copied().max();
            for (auction, count) in auctions {
                if Some(count) == most {
                    Row {
                        start_ms,
                        auction,
                        count,
                    }
                    .add_to(&mut digest);
                }
            }
        }
        digest
    }

    #[test]
    fn equals_the_obvious_way_at_any_size_and_with_any_windows() {
        for (size_ms, slide_ms) in [
            (None, None),
            (Some(4), Some(1)),
            (Some(300), Some(100)),
            (Some(1), Some(1)),
        ] {
            let asked = Asked {
                size_ms,
                slide_ms,
                ..Asked::default()
            };
            let shape = Shape::of(Workload::Q5, asked).expect("it can be");
            for records in [0, 1, 2, 20_001] {
                let records = data::generate(records);
                assert_eq!(
                    run_shaped::<DenseIds>(&records, &shape),
                    obvious(&records, &shape),
                    "{} records, {asked:?}",
                    records.len()
                );
            }
        }
    }
}
