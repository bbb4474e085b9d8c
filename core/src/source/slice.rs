use super::{BoxError, Pulled, Source, SourceStatus};
use crate::{Collector, Flow};
use fluxus_ringbuf::Tickets;
use fluxus_windows::Timestamp;
use std::sync::Arc;

/// Records that lie next to one another and go to one instance.
const BLOCK: usize = 4096;

/// The records of a slice in memory, shared between instances.
///
/// An instance that is done with a block of 4096 takes the next one that nobody
/// has, so that they go through event time side by side, however unequal their
/// cores: an instance that fell behind is with the others again as soon as it has
/// read the rest of its block. With blocks of their own in turn it fell behind for
/// good, its watermark with it, and every keyed operator held the windows of all
/// that lay between.
///
/// ```text
///   block      0    1    2    3    4    5
///   taken by   a    b    a    a    b    a      b's core is the slower
/// ```
///
/// One instance alone reads from end to end.
pub struct SliceSource<T> {
    records: Arc<[T]>,
    /// What is left of the current block.
    position: usize,
    block_end: usize,
    block: usize,
    /// A number for each block, for all instances together.
    tickets: Tickets,
}

impl<T> SliceSource<T> {
    /// The sources of `instances` instances, at least one, over `records`.
    pub fn split(records: &Arc<[T]>, instances: usize) -> Vec<Self> {
        let instances = instances.max(1);
        let block = match instances {
            1 => records.len(),
            _ => BLOCK,
        };
        let tickets = Tickets::new();
        (0..instances)
            .map(|_| Self {
                records: Arc::clone(records),
                position: 0,
                block_end: 0,
                block,
                tickets: tickets.clone(),
            })
            .collect()
    }

    /// Takes the next block when this one is done; whether there is one.
    fn has_more(&mut self) -> bool {
        if self.position == self.block_end && self.block_end < self.records.len() {
            let number = usize::try_from(self.tickets.draw()).unwrap_or(usize::MAX);
            let length = self.records.len();
            self.position = self.block.saturating_mul(number).min(length);
            self.block_end = self.position.saturating_add(self.block).min(length);
        }
        self.position < self.block_end
    }
}

impl<T: Clone + Send + Sync + 'static> Source for SliceSource<T> {
    type Item = T;

    #[inline]
    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        // Taken only now: a block that is taken and not read holds time back.
        self.has_more();
        let start = self.position;
        let count = budget.min(self.block_end - start);
        let mut left = self.records[start..start + count].iter();
        let flow = out.push_each(left.by_ref().map(|record| (Timestamp::MIN, record.clone())));
        if !flow.is_open() {
            let records = count - left.len();
            self.position = start + records;
            return Ok(Pulled {
                records,
                status: SourceStatus::Ready,
                flow,
            });
        }
        self.position = start + count;
        Ok(Pulled {
            records: count,
            // Behind the last record there is no block for anybody; ahead of it
            // there may be one.
            status: match self.position < self.records.len() {
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

    /// Keeps the numbers that it is given.
    struct Kept(Vec<usize>);

    impl Collector<usize> for Kept {
        fn open(&mut self) -> Flow {
            Flow::Open
        }
        fn push(&mut self, _: Timestamp, number: usize) -> Flow {
            self.0.push(number);
            Flow::Open
        }
        fn signal(&mut self, _: crate::Signal) -> Flow {
            Flow::Open
        }
        fn end_batch(&mut self) -> Flow {
            Flow::Open
        }
        fn resume(&mut self) -> Flow {
            Flow::Open
        }
        fn flush(&mut self) {}
        fn abort(&mut self) {}
    }

    fn numbers(length: usize, instances: usize) -> Vec<SliceSource<usize>> {
        SliceSource::split(&(0..length).collect(), instances)
    }

    fn pull(source: &mut SliceSource<usize>, budget: usize, into: &mut Kept) -> SourceStatus {
        let before = into.0.len();
        let pulled = source.pull(budget, into).expect("it never errs");
        assert_eq!(pulled.records, into.0.len() - before);
        pulled.status
    }

    #[test]
    fn the_instances_share_every_record_once() {
        for length in [0usize, 1, BLOCK - 1, BLOCK, BLOCK + 1, 7 * BLOCK + 5] {
            for instances in [0, 1, 2, 3, 8, 20] {
                let mut kept = Kept(Vec::new());
                let mut sources = numbers(length, instances);
                // The last is the quickest.
                while !sources.is_empty() {
                    let mut budget = 0;
                    sources.retain_mut(|source| {
                        budget += 700;
                        pull(source, budget, &mut kept) != SourceStatus::Ended
                    });
                }
                kept.0.sort_unstable();
                assert!(kept.0.into_iter().eq(0..length), "{length} by {instances}");
            }
        }
    }

    #[test]
    fn one_instance_alone_reads_from_end_to_end() {
        let mut kept = Kept(Vec::new());
        let mut source = numbers(2 * BLOCK, 1).remove(0);
        assert_eq!(pull(&mut source, BLOCK + 1, &mut kept), SourceStatus::Ready);
        assert_eq!(pull(&mut source, BLOCK, &mut kept), SourceStatus::Ended);
        assert!(kept.0.into_iter().eq(0..2 * BLOCK));
    }

    #[test]
    fn an_instance_that_fell_behind_goes_on_where_the_others_are() {
        let mut sources = numbers(9 * BLOCK, 2);
        let (mut slow, mut quick) = (Kept(Vec::new()), Kept(Vec::new()));
        pull(&mut sources[0], 10, &mut slow);
        for _ in 0..5 {
            pull(&mut sources[1], BLOCK, &mut quick);
        }
        assert!(quick.0.into_iter().eq(BLOCK..6 * BLOCK));
        pull(&mut sources[0], BLOCK, &mut slow);
        pull(&mut sources[0], 1, &mut slow);
        assert!(slow.0.into_iter().eq((0..BLOCK).chain([6 * BLOCK])));
    }
}
