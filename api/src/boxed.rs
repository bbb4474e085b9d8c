use crate::DataStream;
use fluxus_core::operator::Boxed;
use fluxus_core::{Chain, Timed};

impl<C: Chain> DataStream<C> {
    /// The same stream with its chain of operators forgotten: one type for all
    /// streams of the same records. So which operators there are can be decided
    /// while the program runs, streams can stand in a list, and a long chain
    /// compiles sooner. It costs a call through a table for each record.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let mut numbers = job.from_iter([1i64, 2, 3]).boxed();
    /// for step in ["double", "negate", "double"] {
    ///     numbers = match step {
    ///         "double" => numbers.map(|n| 2 * n).boxed(),
    ///         _ => numbers.map(|n| -n).boxed(),
    ///     };
    /// }
    /// let numbers = numbers.collect();
    /// # job.run()?;
    /// assert_eq!(numbers.take(), [-4, -8, -12]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn boxed(self) -> DataStream<Boxed<C::Item, false>> {
        DataStream::new(self.shared, Boxed::new(self.chain))
    }

    /// As [`boxed`](Self::boxed), of a stream whose records carry event time:
    /// windows can be put over it still.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let timed = job
    ///     .from_iter([1i64, 2, 11])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .boxed_timed();
    /// let counts = timed
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .count()
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(counts.take().len(), 2);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn boxed_timed(self) -> DataStream<Boxed<C::Item, true>>
    where
        C: Timed,
    {
        DataStream::new(self.shared, Boxed::timed(self.chain))
    }
}
