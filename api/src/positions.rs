use crate::DataStream;
use fluxus_core::operator::{Enumerate, Skip, SkipWhile, Take, TakeWhile, Zip};
use fluxus_core::Chain;

/// How far [`DataStream::zip`] lets one stream be ahead of the other.
const ZIP_DISTANCE: usize = 1 << 20;

/// Operators for which it matters where in the stream a record stands.
impl<C: Chain> DataStream<C> {
    /// Keeps the first `count` records and ends the stream, and its source,
    /// after them. Parallel instances are gathered into one before.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let first = job.from_iter(0..).take(3).collect();
    /// # job.run()?;
    /// assert_eq!(first.take(), [0, 1, 2]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn take(self, count: u64) -> DataStream<Take<C>> {
        self.then("take", |name, chain| Take::new(name, chain, count))
    }

    /// Leaves out the first `count` records. Parallel instances are gathered
    /// into one before.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let rest = job.from_iter(0..5).skip(3).collect();
    /// # job.run()?;
    /// assert_eq!(rest.take(), [3, 4]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn skip(self, count: u64) -> DataStream<Skip<C>> {
        self.then("skip", |name, chain| Skip::new(name, chain, count))
    }

    /// The word that SQL has for [`take`](Self::take): keeps the first `count`
    /// records, and ends the stream and its source after them.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// // The source has no end of its own.
    /// let even = job.from_iter(0..).filter(|n| n % 2 == 0).limit(3).collect();
    /// # job.run()?;
    /// assert_eq!(even.take(), [0, 2, 4]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn limit(self, count: u64) -> DataStream<Take<C>> {
        self.then("limit", |name, chain| Take::new(name, chain, count))
    }

    /// Keeps records as long as `predicate` holds, and ends the stream, and its
    /// source, at the first for which it does not. Parallel instances are
    /// gathered into one before.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let small = job.from_iter(0..).take_while(|n| n * n < 20).collect();
    /// # job.run()?;
    /// assert_eq!(small.take(), [0, 1, 2, 3, 4]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn take_while<F>(self, predicate: F) -> DataStream<TakeWhile<C, F>>
    where
        F: FnMut(&C::Item) -> bool + Clone + Send + 'static,
    {
        self.then("take_while", |name, chain| {
            TakeWhile::new(name, chain, predicate)
        })
    }

    /// Leaves out records as long as `predicate` holds; the first for which it
    /// does not goes on, and so do all behind it. Parallel instances are gathered
    /// into one before.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let body = job
    ///     .from_iter(["# a", "# b", "one", "# two"])
    ///     .skip_while(|line| line.starts_with('#'))
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(body.take(), ["one", "# two"]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn skip_while<F>(self, predicate: F) -> DataStream<SkipWhile<C, F>>
    where
        F: FnMut(&C::Item) -> bool + Clone + Send + 'static,
    {
        self.then("skip_while", |name, chain| {
            SkipWhile::new(name, chain, predicate)
        })
    }

    /// Numbers the records, from 0. Parallel instances are gathered into one
    /// before, in the order in which they come.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let numbered = job.from_iter(["a", "b"]).enumerate().collect();
    /// # job.run()?;
    /// assert_eq!(numbered.take(), [(0, "a"), (1, "b")]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn enumerate(self) -> DataStream<Enumerate<C>> {
        self.then("enumerate", Enumerate::new)
    }

    /// Pairs the records of two streams in their order, the first with the
    /// first; a pair has the later of the two times. It ends, and its sources
    /// with it, when the shorter one does; what is left over is counted
    /// ([`Measure::Unmatched`](crate::Measure::Unmatched)).
    ///
    /// Each of the two must have one instance, for several are in no order; else
    /// the job does not run. One may be ahead of the other by a million records
    /// (2^20), which are kept; beyond that the job fails.
    /// [`zip_within`](Self::zip_within) sets another limit.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let names = job.from_iter(["a", "b", "c"]);
    /// let pairs = job.from_iter(1..).zip(names).collect();
    /// # job.run()?;
    /// assert_eq!(pairs.take(), [(1, "a"), (2, "b"), (3, "c")]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn zip<B: Chain>(self, other: DataStream<B>) -> DataStream<Zip<C, B>> {
        self.zip_within(ZIP_DISTANCE, other)
    }

    /// As [`zip`](Self::zip), where one stream may be ahead of the other by
    /// `most_waiting` records.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let none = job.from_iter(0..).filter(|n| *n < 0);
    /// job.from_iter(0..).zip_within(100, none).named("pairs").for_each(|_| {});
    /// let error = job.run_local().unwrap_err();
    /// assert_eq!(error.culprit(), Some("pairs"));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn zip_within<B: Chain>(
        self,
        most_waiting: usize,
        other: DataStream<B>,
    ) -> DataStream<Zip<C, B>> {
        self.shared.meets(&other.shared, "zip");
        self.then("zip", |name, chain| {
            Zip::new(name, chain, other.chain, most_waiting)
        })
    }
}
