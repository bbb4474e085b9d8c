use crate::job::Shared;
use crate::DataStream;
use fluxus_core::operator::{FlatMap, Rejected, SideStream, WindowAggregate, WindowResult};
use fluxus_core::windows::aggregate::{
    Collect, Count, Fold, Max, Mean, Min, Reduce, Sum, Summable,
};
use fluxus_core::windows::{Aggregate, Lateness, Trigger, Triggered, WindowAssigner, WindowKind};
use fluxus_core::Chain;
use std::hash::Hash;
use std::rc::Rc;

/// A keyed stream cut into windows, waiting to be told what becomes of each.
#[must_use = "a stream that is not brought to a sink is a mistake"]
pub struct WindowedStream<C, F, W> {
    shared: Rc<Shared>,
    chain: C,
    key_of: F,
    windows: W,
    lateness: Lateness,
}

impl<C, F, W> WindowedStream<C, F, W> {
    pub(crate) fn new(shared: Rc<Shared>, chain: C, key_of: F, windows: W) -> Self {
        Self {
            shared,
            chain,
            key_of,
            windows,
            lateness: Lateness::NONE,
        }
    }
}

/// The stream of the results of a window.
type Results<C, F, W, A> = DataStream<WindowAggregate<C, F, W, A>>;

impl<C, F, K, W> WindowedStream<C, F, W>
where
    C: Chain,
    F: Fn(&C::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    W: WindowKind<C::Item>,
{
    /// Keeps each window for so long after its end, for records that come late:
    /// such a record makes its window give its whole result again, labelled
    /// [`Firing::Late`](crate::windows::Firing::Late). Then the window is
    /// dropped, without a further result. Zero unless it is set.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::Firing;
    /// # use std::time::Duration;
    /// // A batch of one: a watermark after every record.
    /// let job = Job::new("doc", Config::new().workers(1).batch(1))?;
    /// let counts = job
    ///     .from_iter([1i64, 15, 3])
    ///     .timestamps(|&s| Timestamp::from_secs(s), BoundedDisorder::monotonous())
    ///     .key_by(|_| ())
    ///     .window(Tumbling::new(Duration::from_secs(10))?)
    ///     .allowed_lateness(Duration::from_secs(60))
    ///     .count()
    ///     .map(|row| (row.start(), row.value, row.firing))
    ///     .collect();
    /// job.run()?;
    /// let (first, second) = (Timestamp::from_secs(0), Timestamp::from_secs(10));
    /// assert_eq!(
    ///     counts.take(),
    ///     [(first, 1, Firing::OnTime), (first, 2, Firing::Late), (second, 1, Firing::OnTime)]
    /// );
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn allowed_lateness(mut self, lateness: impl Into<Lateness>) -> Self {
        self.lateness = lateness.into();
        self
    }

    /// Lets a trigger say when windows give results, instead of once and on
    /// time: see [`event_time`](crate::event_time#triggers).
    ///
    /// Windows with a trigger are kept one by one, so a record is folded into
    /// each of its windows, and records cross between cores one by one.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::{Global, Trigger};
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let so_far = job
    ///     .from_iter(1..=7i64)
    ///     .timestamps(|&s| Timestamp::from_secs(s), BoundedDisorder::monotonous())
    ///     .window_all(Global)
    ///     .trigger(Trigger::count(3)?)
    ///     .sum(|&n| n)
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(so_far.take(), [1 + 2 + 3, 1 + 2 + 3 + 4 + 5 + 6]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn trigger(self, trigger: Trigger) -> WindowedStream<C, F, Triggered<W>>
    where
        W: WindowAssigner<C::Item>,
    {
        WindowedStream {
            shared: self.shared,
            chain: self.chain,
            key_of: self.key_of,
            windows: Triggered::new(self.windows, trigger),
            lateness: self.lateness,
        }
    }

    /// Folds the records of each key and window with `aggregate`; a tuple of
    /// aggregates is one too.
    ///
    /// One [`WindowResult`](crate::WindowResult) a key and window comes out, in
    /// the order of the windows' ends, when the watermark reaches the window's
    /// last instant (unless a trigger or an allowed lateness asks for more). A
    /// window without records has no result.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let readings = job.from_iter([(0i64, 21.5), (4, 22.5), (11, 20.0)]);
    /// let rows = readings
    ///     .timestamps(|r| Timestamp::from_secs(r.0), BoundedDisorder::monotonous())
    ///     .key_by(|_| "attic")
    ///     .window(Tumbling::new(Duration::from_secs(10))?)
    ///     .aggregate((Count, Max::of(|r: &(i64, f64)| r.1)))
    ///     .map(|row| (row.end(), row.value))
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(
    ///     rows.take(),
    ///     [(Timestamp::from_secs(10), (2, 22.5)), (Timestamp::from_secs(20), (1, 20.0))]
    /// );
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn aggregate<A>(self, aggregate: A) -> Results<C, F, W, A>
    where
        A: Aggregate<C::Item> + Clone + Send + 'static,
        A::Output: Send + 'static,
    {
        let name = self.shared.name("window");
        let window = WindowAggregate::new(
            name,
            self.chain,
            self.key_of,
            self.windows,
            self.lateness,
            aggregate,
        );
        DataStream::new(self.shared, window)
    }

    /// As [`aggregate`](Self::aggregate), and a second stream of the records
    /// that did not make it into their windows: late ones, and under
    /// [`WhenFull::Reject`](crate::WhenFull::Reject) those whose key found the
    /// state full.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// // A batch of one: a watermark after every record.
    /// let job = Job::new("doc", Config::new().workers(1).batch(1))?;
    /// let (counts, rejected) = job
    ///     .from_iter([1i64, 15, 3])
    ///     .timestamps(|&s| Timestamp::from_secs(s), BoundedDisorder::monotonous())
    ///     .key_by(|_| ())
    ///     .window(Tumbling::new(Duration::from_secs(10))?)
    ///     .aggregate_with_rejected(Count);
    /// counts.for_each(|_| {});
    /// let late = rejected.map(|r| r.value).collect();
    /// job.run()?;
    /// assert_eq!(late.take(), [3]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    #[allow(clippy::type_complexity)]
    pub fn aggregate_with_rejected<A>(
        self,
        aggregate: A,
    ) -> (
        Results<C, F, W, A>,
        DataStream<SideStream<Rejected<C::Item>>>,
    )
    where
        A: Aggregate<C::Item> + Clone + Send + 'static,
        A::Output: Send + 'static,
    {
        let shared = Rc::clone(&self.shared);
        let name = shared.name("rejected");
        let mut window = self.aggregate(aggregate).chain;
        let rejected = shared.plan(|plan| window.rejected(plan, name.clone()));
        let rejected = rejected.unwrap_or_else(|| SideStream::none(name));
        (
            DataStream::new(Rc::clone(&shared), window),
            DataStream::new(shared, rejected),
        )
    }

    /// How many records each key has in each window.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let values = job
    ///     .from_iter([1i64, 4, 12])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .count()
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(values.take(), [2, 1]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn count(self) -> Results<C, F, W, Count> {
        self.aggregate(Count)
    }

    /// The sum of a number of each record.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let values = job
    ///     .from_iter([1i64, 4, 12])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .sum(|&n| n)
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(values.take(), [5, 12]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    #[allow(clippy::type_complexity)]
    pub fn sum<N, G>(self, number: G) -> Results<C, F, W, Sum<G>>
    where
        N: Summable + 'static,
        G: Fn(&C::Item) -> N + Clone + Send + 'static,
    {
        self.aggregate(Sum::of(number))
    }

    /// The smallest value taken from the records.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let values = job
    ///     .from_iter([1i64, 4, 12])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .min(|&n| n)
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(values.take(), [1, 12]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn min<V, G>(self, value: G) -> Results<C, F, W, Min<G>>
    where
        V: PartialOrd + Clone + Send + 'static,
        G: Fn(&C::Item) -> V + Clone + Send + 'static,
    {
        self.aggregate(Min::of(value))
    }

    /// The largest value taken from the records.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let values = job
    ///     .from_iter([1i64, 4, 12])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .max(|&n| n)
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(values.take(), [4, 12]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn max<V, G>(self, value: G) -> Results<C, F, W, Max<G>>
    where
        V: PartialOrd + Clone + Send + 'static,
        G: Fn(&C::Item) -> V + Clone + Send + 'static,
    {
        self.aggregate(Max::of(value))
    }

    /// The mean of a number of each record.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let values = job
    ///     .from_iter([1i64, 4, 12])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .mean(|&n| n)
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(values.take(), [2.5, 12.0]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn mean<N, G>(self, number: G) -> Results<C, F, W, Mean<G>>
    where
        N: Summable + 'static,
        G: Fn(&C::Item) -> N + Clone + Send + 'static,
    {
        self.aggregate(Mean::of(number))
    }

    /// Reduces the records of each key and window with an associative function.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let values = job
    ///     .from_iter([1i64, 4, 12])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .reduce(|a, b| a * b)
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(values.take(), [4, 12]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn reduce<G>(self, reduce: G) -> Results<C, F, W, Reduce<G>>
    where
        C::Item: Clone,
        G: Fn(&C::Item, &C::Item) -> C::Item + Clone + Send + 'static,
    {
        self.aggregate(Reduce::new(reduce))
    }

    /// Folds the records of each key and window into a state that starts at
    /// `initial`; `merge` joins what was folded on several cores.
    ///
    /// Every core starts at `initial`, so it must be neutral to `merge` (zero
    /// for a sum, an empty list for a concatenation): else results depend on
    /// the number of workers.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let values = job
    ///     .from_iter([1i64, 4, 12])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .fold(String::new(), |text, n| *text += &n.to_string(), |text, other| *text += &other)
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(values.take(), ["14", "12"]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn fold<S, G, M>(self, initial: S, fold: G, merge: M) -> Results<C, F, W, Fold<S, G, M>>
    where
        S: Clone + Send + 'static,
        G: Fn(&mut S, &C::Item) + Clone + Send + 'static,
        M: Fn(&mut S, S) + Clone + Send + 'static,
    {
        self.aggregate(Fold::new(initial, fold, merge))
    }

    /// Hands all records of each key and window to a function, in the order in
    /// which they came; what it yields goes on, at the window's last instant.
    ///
    /// Every record is kept until its window closes. Where an aggregate would
    /// do, it needs less memory and less time.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let rising = job
    ///     .from_iter([(1i64, 20), (2, 21), (3, 24), (11, 30), (12, 29)])
    ///     .timestamps(|r| Timestamp::from_secs(r.0), BoundedDisorder::monotonous())
    ///     .key_by(|_| "attic")
    ///     .window(Tumbling::new(Duration::from_secs(10))?)
    ///     .process(|room| {
    ///         let rises = room.value.windows(2).all(|pair| pair[0].1 < pair[1].1);
    ///         rises.then_some((room.key, room.end()))
    ///     })
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(rising.take(), [("attic", Timestamp::from_secs(10))]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    #[allow(clippy::type_complexity)]
    pub fn process<G, I>(
        self,
        function: G,
    ) -> DataStream<
        FlatMap<
            WindowAggregate<
                C,
                F,
                W,
                Collect<impl Fn(&C::Item) -> C::Item + Clone + Send + 'static>,
            >,
            G,
        >,
    >
    where
        C::Item: Clone,
        G: FnMut(WindowResult<K, Vec<C::Item>>) -> I + Clone + Send + 'static,
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
    {
        let collected = self.aggregate(Collect::records());
        let name = collected.shared.name("process");
        let chain = FlatMap::new(name, collected.chain, function);
        DataStream::new(collected.shared, chain)
    }
}
