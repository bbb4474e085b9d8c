use super::{BoxError, Pulled, Source, SourceStatus};
use crate::{Collector, Flow};
use fluxus_windows::Timestamp;
use std::ops::Range;

/// The numbers of a range, in order.
///
/// A range knows where a batch of it ends, so the fused loop has one bound and
/// not two, as over any iterator: W7 runs at the speed of the loop by hand.
pub struct RangeSource {
    numbers: Range<u64>,
}

impl RangeSource {
    /// The numbers of `numbers`.
    pub fn new(numbers: Range<u64>) -> Self {
        Self { numbers }
    }
}

impl Source for RangeSource {
    type Item = u64;

    #[inline]
    fn pull<C: Collector<u64>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let start = self.numbers.start;
        let left = self.numbers.end.saturating_sub(start);
        let count = left.min(budget as u64);
        for number in start..start + count {
            let flow = out.push(Timestamp::MIN, number);
            if !flow.is_open() {
                self.numbers.start = number + 1;
                return Ok(Pulled {
                    // At most `budget`, so it fits.
                    records: (number + 1 - start) as usize,
                    status: SourceStatus::Ready,
                    flow,
                });
            }
        }
        self.numbers.start = start + count;
        Ok(Pulled {
            records: count as usize,
            status: match count == left {
                true => SourceStatus::Ended,
                false => SourceStatus::Ready,
            },
            flow: Flow::Open,
        })
    }
}
