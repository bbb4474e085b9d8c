use crate::{Combined, EachRecord, Timestamp, WatermarkCombiner, WatermarkGenerator};
use std::fmt;

/// Watermarks for a source whose records come from several partitions, each of
/// them in its own order.
///
/// Every partition has a generator of its own, and the watermark is the minimum
/// over them, combined as [`WatermarkCombiner`] does it. So how far one
/// partition is ahead of another counts as no disorder. A partition that has
/// sent nothing holds all back, until it is said to be [`idle`](Self::idle) or
/// to have [`ended`](Self::ended).
///
/// A record belongs to the partition that `partition_of` says, **modulo** the
/// number of partitions: of 4, number 6 is number 2. So a number out of range
/// is never lost and never stops the job, but two partitions then share a
/// generator, in which they are out of order; numbers below the number of
/// partitions are what is wanted.
///
/// A rise of one partition costs a look at all of them.
///
/// ```
/// use fluxus_windows::{BoundedDisorder, Partitioned, Timestamp, WatermarkGenerator};
///
/// let partition_of = |record: &(usize, &str)| record.0;
/// let mut watermarks = Partitioned::new(2, partition_of, BoundedDisorder::monotonous())?;
/// let at = Timestamp::from_nanos;
/// watermarks.observe(at(100), &(0, "far ahead"));
/// assert_eq!(watermarks.current(), Timestamp::MIN);
/// watermarks.observe(at(8), &(1, "and not late"));
/// assert_eq!(watermarks.current(), at(7));
/// # Ok::<(), fluxus_windows::PartitionsError>(())
/// ```
#[derive(Clone)]
pub struct Partitioned<F, G> {
    partition_of: F,
    /// One a partition, and at least one.
    generators: Vec<G>,
    combiner: WatermarkCombiner,
}

impl<F, G: Clone> Partitioned<F, G> {
    /// A copy of `generator` for each of so many partitions; `partition_of`
    /// says from which a record comes, counting from zero.
    ///
    /// # Errors
    /// [`PartitionsError`] when there are none, or more than 65,536.
    pub fn new<T>(partitions: usize, partition_of: F, generator: G) -> Result<Self, PartitionsError>
    where
        F: Fn(&T) -> usize,
    {
        match partitions {
            1..=MOST_PARTITIONS => Ok(Self {
                partition_of,
                generators: vec![generator; partitions],
                combiner: WatermarkCombiner::new(partitions),
            }),
            partitions => Err(PartitionsError { partitions }),
        }
    }

    /// The same watermarks, each sent right behind the record that made it rise.
    pub fn each_record(self) -> EachRecord<Self> {
        EachRecord::of(self)
    }

    /// Partition number `partition` has nothing to send for now, and holds
    /// nobody back until it sends a record again. One that does not exist does
    /// nothing.
    pub fn idle(&mut self, partition: usize) -> Combined {
        self.combiner.idle(partition)
    }

    /// Partition number `partition` has ended and holds nobody back. One that
    /// does not exist does nothing.
    pub fn ended(&mut self, partition: usize) -> Combined {
        self.combiner.ended(partition)
    }
}

impl<T, F, G> WatermarkGenerator<T> for Partitioned<F, G>
where
    F: Fn(&T) -> usize + Clone + Send + 'static,
    G: WatermarkGenerator<T>,
{
    #[inline]
    fn observe(&mut self, time: Timestamp, value: &T) -> Option<Timestamp> {
        let before = self.combiner.current();
        // There is at least one partition, so this divides by no zero.
        let partition = (self.partition_of)(value) % self.generators.len();
        let generator = &mut self.generators[partition];
        let is_urgent = generator.observe(time, value).is_some();
        let watermark = generator.current();
        // A record is a sign of life. One that returns behind the others holds
        // them back only when it has caught up.
        self.combiner.active(partition);
        self.combiner.watermark(partition, watermark);
        let current = self.combiner.current();
        (is_urgent && current > before).then_some(current)
    }

    #[inline]
    fn current(&self) -> Timestamp {
        self.combiner.current()
    }
}

impl<F, G: fmt::Debug> fmt::Debug for Partitioned<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partitioned")
            .field("generators", &self.generators)
            .field("combiner", &self.combiner)
            .finish_non_exhaustive()
    }
}

/// More than any source has, and few enough to look at all of them.
const MOST_PARTITIONS: usize = 1 << 16;

/// A number of partitions that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionsError {
    partitions: usize,
}

impl fmt::Display for PartitionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a source of {} partitions has no watermark to speak of: choose 1 to {MOST_PARTITIONS} \
             partitions",
            self.partitions
        )
    }
}

impl std::error::Error for PartitionsError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BoundedDisorder, Punctuated};

    enum Say {
        Record(usize, i64),
        Idle(usize),
        Ended(usize),
    }
    use Say::{Ended as E, Idle as I, Record as R};

    /// Each step, and the watermark after it.
    fn check<G: WatermarkGenerator<usize>>(
        name: &str,
        partitions: usize,
        generator: G,
        steps: &[(Say, i64)],
    ) {
        let of = |partition: &usize| *partition;
        let mut partitioned = Partitioned::new(partitions, of, generator).unwrap();
        for (number, (say, expected)) in steps.iter().enumerate() {
            match *say {
                R(partition, time) => {
                    partitioned.observe(Timestamp::from_nanos(time), &partition);
                }
                I(partition) => {
                    partitioned.idle(partition);
                }
                E(partition) => {
                    partitioned.ended(partition);
                }
            }
            let current = partitioned.current().nanos();
            assert_eq!(current, *expected, "{name}, step {number}");
        }
    }

    #[test]
    fn the_watermark_is_the_minimum_over_the_partitions() {
        const NONE: i64 = i64::MIN;
        let in_order = BoundedDisorder::monotonous;
        check(
            "all must have sent something",
            3,
            in_order(),
            &[
                (R(0, 100), NONE),
                (R(1, 50), NONE),
                (R(2, 70), 49),
                (R(1, 60), 59),
                (R(1, 90), 69),
                (R(2, 10), 69),
            ],
        );
        check(
            "each has its own disorder",
            2,
            BoundedDisorder::from_nanos(10).unwrap(),
            &[
                (R(0, 12345), NONE),
                (R(1, 500), 489),
                (R(1, 12300), 12289),
                (R(1, 12400), 12334),
            ],
        );
        check(
            "idle and ended ones hold nobody back",
            3,
            in_order(),
            &[
                (R(0, 21), NONE),
                (I(1), NONE),
                (E(2), 20),
                (R(0, 31), 30),
                (R(1, 11), 30),
                (R(0, 41), 40),
                (R(1, 51), 40),
                (R(0, 61), 50),
                (R(2, 5), 50),
                (E(0), 50),
                (E(1), i64::MAX),
            ],
        );
        check(
            "a number out of range is taken modulo, a mark out of range does nothing",
            2,
            in_order(),
            &[
                (R(0, 11), NONE),
                (I(7), NONE),
                (E(3), NONE),
                (R(usize::MAX, 21), 10),
                (R(2, 31), 20),
            ],
        );
        check(
            "the ends of time",
            1,
            in_order(),
            &[(R(0, i64::MIN), NONE), (R(0, i64::MAX), i64::MAX - 1)],
        );
    }

    #[test]
    fn what_a_partition_says_at_once_goes_out_at_once_if_the_minimum_rises() {
        let says = |time, _: &usize| Some(time);
        let each = BoundedDisorder::monotonous().each_record();
        let all = BoundedDisorder::monotonous();
        let of = |partition: &usize| *partition;
        let mut in_no_hurry = Partitioned::new(2, of, all.clone()).unwrap();
        let mut said = Partitioned::new(2, of, Punctuated::new(says)).unwrap();
        let mut each = Partitioned::new(2, of, each).unwrap();
        let mut all = Partitioned::new(2, of, all).unwrap().each_record();
        for (partition, time, expected) in [
            (0, 10, None),
            (1, 5, Some(5)),
            (0, 20, None),
            (1, 15, Some(15)),
            (1, 12, None),
            (1, 30, Some(20)),
        ] {
            let at = Timestamp::from_nanos;
            let name = format!("partition {partition} at {time}");
            assert_eq!(
                said.observe(at(time), &partition),
                expected.map(at),
                "{name}"
            );
            assert_eq!(in_no_hurry.observe(at(time), &partition), None, "{name}");
            let expected = expected.map(|time| at(time - 1));
            assert_eq!(each.observe(at(time), &partition), expected, "{name}");
            assert_eq!(all.observe(at(time), &partition), expected, "{name}");
        }
    }

    #[test]
    fn a_senseless_number_of_partitions_is_refused_with_the_way_out() {
        for partitions in [0, MOST_PARTITIONS + 1, usize::MAX] {
            let generator = BoundedDisorder::monotonous();
            let refused = Partitioned::new(partitions, |_: &()| 0, generator);
            let error = refused.map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("choose 1 to 65536"), "{error}");
        }
    }
}
