use crate::job::Shared;
use crate::{KeyedStream, WindowedStream};
use fluxus_core::operator::{
    Filter, FilterMap, FlatMap, IdleAfter, IdleTimeout, Inspect, Map, MapWith, ProcessingTime,
    Timestamps,
};
use fluxus_core::windows::{Timestamp, WatermarkGenerator, WindowKind};
use fluxus_core::{Chain, Name, Named, Timed};
use std::convert::identity;
use std::hash::Hash;
use std::rc::Rc;

/// A stream of records, in the making.
///
/// Every operator takes the stream and gives another; a sink ends it. The
/// type parameter is the chain of operators so far, which the compiler turns
/// into one loop: a function that takes any stream of `T` is written
/// `fn f(stream: DataStream<impl Chain<Item = T>>)`.
///
/// Closures are cloned for every parallel instance of the stream, so state that
/// they capture is per instance; share with an [`Arc`](std::sync::Arc).
#[must_use = "a stream that is not brought to a sink is a mistake"]
pub struct DataStream<C> {
    pub(crate) shared: Rc<Shared>,
    pub(crate) chain: C,
}

impl<C> DataStream<C> {
    pub(crate) fn new(shared: Rc<Shared>, chain: C) -> Self {
        Self { shared, chain }
    }

    pub(crate) fn then<N>(self, kind: &str, make: impl FnOnce(Name, C) -> N) -> DataStream<N> {
        let name = self.shared.name(kind);
        DataStream::new(self.shared, make(name, self.chain))
    }

    /// Gives the last operator a name, for errors, plans and reports.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// let job = Job::new("halves", Config::new().workers(1))?;
    /// job.from_iter([4u32, 2, 0])
    ///     .map(|n| 8 / n)
    ///     .named("divide")
    ///     .for_each(|_| {});
    /// let error = job.run().unwrap_err();
    /// assert_eq!(error.culprit(), Some("divide"));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn named(mut self, name: &str) -> Self
    where
        C: Named,
    {
        self.chain.rename(Name::new(name));
        self
    }
}

impl<C: Chain> DataStream<C> {
    /// Turns each record into another.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let lengths = job.from_iter(["whale", "sea"]).map(str::len).collect();
    /// # job.run()?;
    /// assert_eq!(lengths.take(), [5, 3]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn map<V, F>(self, function: F) -> DataStream<Map<C, F>>
    where
        F: FnMut(C::Item) -> V + Clone + Send + 'static,
        V: Send + 'static,
    {
        self.then("map", |name, chain| Map::new(name, chain, function))
    }

    /// Keeps the records for which `predicate` holds.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let even = job.from_iter(0..6).filter(|n| n % 2 == 0).collect();
    /// # job.run()?;
    /// assert_eq!(even.take(), [0, 2, 4]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn filter<F>(self, predicate: F) -> DataStream<Filter<C, F>>
    where
        F: FnMut(&C::Item) -> bool + Clone + Send + 'static,
    {
        self.then("filter", |name, chain| Filter::new(name, chain, predicate))
    }

    /// Turns each record into another, or into none.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let numbers = job
    ///     .from_iter(["7", "whale", "9"])
    ///     .filter_map(|text| text.parse::<u32>().ok())
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(numbers.take(), [7, 9]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn filter_map<V, F>(self, function: F) -> DataStream<FilterMap<C, F>>
    where
        F: FnMut(C::Item) -> Option<V> + Clone + Send + 'static,
        V: Send + 'static,
    {
        self.then("filter_map", |name, chain| {
            FilterMap::new(name, chain, function)
        })
    }

    /// Turns each record into any number of others.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let counted = job.from_iter(1..=3).flat_map(|n| 0..n).collect();
    /// # job.run()?;
    /// assert_eq!(counted.take(), [0, 0, 1, 0, 1, 2]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn flat_map<I, F>(self, function: F) -> DataStream<FlatMap<C, F>>
    where
        F: FnMut(C::Item) -> I + Clone + Send + 'static,
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
    {
        self.then("flat_map", |name, chain| {
            FlatMap::new(name, chain, function)
        })
    }

    /// Looks at each record and passes it on.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::sync::atomic::{AtomicU32, Ordering};
    /// # use std::sync::Arc;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let seen = Arc::new(AtomicU32::new(0));
    /// let counter = Arc::clone(&seen);
    /// job.from_iter(0..5)
    ///     .inspect(move |_| drop(counter.fetch_add(1, Ordering::Relaxed)))
    ///     .for_each(|_| {});
    /// # job.run()?;
    /// assert_eq!(seen.load(Ordering::Relaxed), 5);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn inspect<F>(self, look: F) -> DataStream<Inspect<C, F>>
    where
        F: FnMut(&C::Item) + Clone + Send + 'static,
    {
        self.then("inspect", |name, chain| Inspect::new(name, chain, look))
    }

    /// Yields what each record consists of: of a list, its members.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let flat = job.from_iter([vec![1, 2], vec![], vec![3]]).flatten().collect();
    /// # job.run()?;
    /// assert_eq!(flat.take(), [1, 2, 3]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    #[allow(clippy::type_complexity)]
    pub fn flatten(
        self,
    ) -> DataStream<FlatMap<C, impl FnMut(C::Item) -> C::Item + Clone + Send + 'static>>
    where
        C::Item: IntoIterator,
        <C::Item as IntoIterator>::IntoIter: Send + 'static,
        <C::Item as IntoIterator>::Item: Send + 'static,
    {
        self.then("flatten", |name, chain| FlatMap::new(name, chain, identity))
    }

    /// Turns each record into another, with something that every instance of the
    /// stream sets up for itself: a buffer, a model, a connection. `setup` is
    /// called with the instance's number, from 0, on its worker and before the
    /// first record.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let texts = job
    ///     .from_iter([3.14159, 2.71828])
    ///     .map_with(
    ///         |_instance| String::with_capacity(32),
    ///         |buffer, number| {
    ///             use std::fmt::Write;
    ///             buffer.clear();
    ///             write!(buffer, "{number:.2}").unwrap();
    ///             buffer.len()
    ///         },
    ///     )
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(texts.take(), [4, 4]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn map_with<S, V, G, F>(self, setup: G, function: F) -> DataStream<MapWith<C, G, F>>
    where
        G: FnMut(usize) -> S + Clone + Send + 'static,
        S: Send + 'static,
        F: FnMut(&mut S, C::Item) -> V + Clone + Send + 'static,
        V: Send + 'static,
    {
        self.then("map_with", |name, chain| {
            MapWith::new(name, chain, setup, function)
        })
    }

    /// Gives each record its place in event time, and makes watermarks of the
    /// times: once a batch, in each instance of the stream by itself. (A
    /// generator may ask for more: [`each_record`] does after every record.)
    /// Windows need it, unless the source knows the times of its records.
    ///
    /// [`each_record`]: fluxus_core::windows::BoundedDisorder::each_record
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let timed = job
    ///     .from_iter([3i64, 1, 2])
    ///     .timestamps(
    ///         |&seconds| Timestamp::from_secs(seconds),
    ///         BoundedDisorder::new(Duration::from_secs(2))?,
    ///     )
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(timed.take_timed()[0], (Timestamp::from_secs(3), 3));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn timestamps<F, G>(self, time_of: F, watermarks: G) -> DataStream<Timestamps<C, F, G>>
    where
        F: FnMut(&C::Item) -> Timestamp + Clone + Send + 'static,
        G: WatermarkGenerator<C::Item>,
    {
        self.then("timestamps", |name, chain| {
            Timestamps::new(name, chain, time_of, watermarks)
        })
    }

    /// Gives each record the time of the wall at which it comes, and moves event
    /// time with the wall: windows then cut processing time. The clock is the
    /// job's ([`Config::clock`](crate::Config::clock)); it is read once a batch.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::ManualClock;
    /// # use std::time::Duration;
    /// let clock = ManualClock::at(Timestamp::from_secs(100));
    /// let config = Config::new().workers(1).batch(1).clock(clock.clone());
    /// let job = Job::new("doc", config)?;
    /// let per_ten_seconds = job
    ///     .from_iter(0..6)
    ///     .inspect(move |_| clock.advance(Duration::from_secs(4)))
    ///     .processing_time()
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .count()
    ///     .map(|row| (row.start(), row.value))
    ///     .collect();
    /// job.run()?;
    /// let at = Timestamp::from_secs;
    /// assert_eq!(per_ten_seconds.take(), [(at(100), 2), (at(110), 2), (at(120), 2)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn processing_time(self) -> DataStream<ProcessingTime<C>> {
        self.then("processing_time", ProcessingTime::new)
    }

    /// Calls the stream idle when neither a record nor a watermark has come for
    /// `timeout`, so that it no longer holds back the event time of the streams
    /// that it meets: other instances of the same source, above all. With the
    /// next one it is active again, and counts once its watermark has caught up.
    ///
    /// The time is that of the job's clock. When the last of several streams
    /// falls silent, the highest of their watermarks counts: windows up to there
    /// close, and what a slower stream has for them when it wakes is late. Behind
    /// a keyed operator on several workers, windows over such a stream's results
    /// may call some of them late when it wakes: the workers wake one by one, and
    /// those that still sleep hold nobody back.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::IdleTimeout;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let timeout = IdleTimeout::new(Duration::from_secs(30))?;
    /// let count = job
    ///     .from_partitions([vec![1i64, 2], vec![]])
    ///     .timestamps(|&s| Timestamp::from_secs(s), BoundedDisorder::monotonous())
    ///     .idle_after(timeout)
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .count()
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// # assert_eq!(count.take(), [2]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn idle_after(self, timeout: IdleTimeout) -> DataStream<IdleAfter<C>> {
        self.then("idle_after", |name, chain| {
            IdleAfter::new(name, chain, timeout)
        })
    }

    /// Gives each record a key. Records of one key meet on one core, in the
    /// order of their source.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let longest = job
    ///     .from_iter(["sea", "ship", "whale", "wave"])
    ///     .key_by(|word| word.as_bytes()[0])
    ///     .reduce(|a, b| if b.len() > a.len() { b } else { *a })
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(longest.take().last(), Some(&(b'w', "whale")));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn key_by<K, F>(self, key_of: F) -> KeyedStream<C, F>
    where
        F: Fn(&C::Item) -> K + Clone + Send + 'static,
        K: Hash + Eq + Clone + Send + 'static,
    {
        KeyedStream::new(self.shared, self.chain, key_of)
    }

    /// Puts the records of the whole stream, without a key, into windows of
    /// event time. With several workers each folds its own records first, where
    /// the windows allow it; one of them has the last word.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let per_second = job
    ///     .from_iter([100i64, 900, 1100])
    ///     .timestamps(|&ms| Timestamp::from_millis(ms), BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(Duration::from_secs(1))?)
    ///     .count()
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(per_second.take(), [2, 1]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn window_all<W>(
        self,
        windows: W,
    ) -> WindowedStream<C, impl Fn(&C::Item) + Clone + Send + 'static, W>
    where
        C: Timed,
        W: WindowKind<C::Item>,
    {
        WindowedStream::new(self.shared, self.chain, no_key, windows)
    }
}

/// The key of a stream without one. A function with a name: a closure's type
/// would hold that of the whole chain.
fn no_key<T>(_: &T) {}
