use super::{BoxError, Pulled, Source, SourceStatus};
use crate::{Collector, Flow};
use fluxus_windows::Timestamp;
use std::sync::Arc;

/// Records that lie next to one another in the parts of a shared slice; a part
/// is a block of so many, and the instances take the blocks in turn.
const BLOCK: usize = 4096;

/// The records of a slice in memory, shared between instances.
///
/// The instances read blocks of 4096 in turn (0, 1, 2, 0, 1, 2, ...), so that
/// they go through event time side by side and their watermarks keep together.
/// One instance alone reads from end to end.
pub struct SliceSource<T> {
    records: Arc<[T]>,
    /// What is left of the current block.
    position: usize,
    block_end: usize,
    block: usize,
    /// From the end of one block of this instance to the start of its next.
    gap: usize,
}

impl<T> SliceSource<T> {
    /// The sources of `instances` instances, at least one, over `records`.
    pub fn split(records: &Arc<[T]>, instances: usize) -> Vec<Self> {
        let instances = instances.max(1);
        let length = records.len();
        let block = match instances {
            1 => length,
            _ => BLOCK,
        };
        (0..instances)
            .map(|instance| {
                let position = block.saturating_mul(instance).min(length);
                Self {
                    records: Arc::clone(records),
                    position,
                    block_end: position.saturating_add(block).min(length),
                    block,
                    gap: block.saturating_mul(instances - 1),
                }
            })
            .collect()
    }

    /// Goes on to the next block when this one is done; whether there is one.
    fn has_more(&mut self) -> bool {
        if self.position == self.block_end {
            let length = self.records.len();
            self.position = self.block_end.saturating_add(self.gap).min(length);
            self.block_end = self.position.saturating_add(self.block).min(length);
        }
        self.position < self.block_end
    }
}

impl<T: Clone + Send + Sync + 'static> Source for SliceSource<T> {
    type Item = T;

    #[inline]
    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let start = self.position;
        let count = budget.min(self.block_end - start);
        let mut left = self.records[start..start + count].iter();
        while let Some(record) = left.next() {
            let flow = out.push(Timestamp::MIN, record.clone());
            if !flow.is_open() {
                let records = count - left.len();
                self.position = start + records;
                return Ok(Pulled {
                    records,
                    status: SourceStatus::Ready,
                    flow,
                });
            }
        }
        self.position = start + count;
        Ok(Pulled {
            records: count,
            status: match self.has_more() {
                true => SourceStatus::Ready,
                false => SourceStatus::Ended,
            },
            flow: Flow::Open,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instances_share_every_record_once() {
        for length in [0usize, 1, BLOCK - 1, BLOCK, BLOCK + 1, 7 * BLOCK + 5] {
            for instances in [0, 1, 2, 3, 8, 20] {
                let records: Arc<[usize]> = (0..length).collect();
                let mut seen = vec![0; length];
                for mut source in SliceSource::split(&records, instances) {
                    while source.has_more() {
                        seen[source.position] += 1;
                        source.position += 1;
                    }
                }
                assert!(seen.iter().all(|&n| n == 1), "{length} over {instances}");
            }
        }
    }
}
