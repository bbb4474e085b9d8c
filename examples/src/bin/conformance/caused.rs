//! Which item of the input brought about what came out.
//!
//! ```text
//!   said    record 0, barrier 1, watermark 1, barrier 2, the end
//!   heard             barrier 1, a result, a result, barrier 2, more results
//!                                └──── of item 1 ────┘          └─ of the end
//! ```
//!
//! A barrier goes through the job in its place: what an item sets free comes
//! ahead of the barrier that follows it. Each instance of a stream is heard by
//! itself, since of two instances one may be ahead.

use fluxus::testing::{Heard, Said};

/// What was heard, each with the item that brought it about, in the order of
/// these; what one item did stays in the order in which an instance said it. The
/// end of the stream comes behind all items: its number is theirs.
pub(crate) fn caused<T>(heard: &Heard<T>) -> Vec<(usize, T)> {
    let mut caused = Vec::new();
    for said in heard.take() {
        let mut item = 0;
        for line in said {
            match line {
                Said::Record(_, value) => caused.push((item, value)),
                Said::Barrier(number) => item = usize::try_from(number).unwrap_or(usize::MAX),
                _ => {}
            }
        }
    }
    caused.sort_by_key(|(item, _)| *item);
    caused
}
