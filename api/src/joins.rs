use crate::job::Shared;
use crate::{DataStream, KeyedStream};
use fluxus_core::operator::{
    AsOfJoin, CoGroup, Either, FlatMap, IntervalJoin, Sides, TableJoin, TableLookup, TableSpread,
    WindowPairs, WindowResult,
};
use fluxus_core::windows::{
    FullOuter, Inner, IntervalBounds, JoinKind, Lateness, LeftOuter, RightOuter, TableChange,
    WindowKind,
};
use fluxus_core::{Chain, Timed};
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Records that each instance of a join may hold, unless it is told otherwise.
const RECORD_LIMIT: usize = 1 << 24;

/// Joins: records of two streams that have the same key.
///
/// Both streams must have keys of one type, and be of one job. None of the joins
/// ever makes one stream wait for the other: what has no partner yet is held, up to
/// a limit. What is late, or finds no room, is a stream too, if it is asked for:
/// [`DataStream::with_rejected`], of records of [either](crate::Either) side.
///
/// ```
/// # use fluxus::prelude::*;
/// # use fluxus::windows::IntervalBounds;
/// # use fluxus::Either;
/// # use std::time::Duration;
/// # let job = Job::new("doc", Config::new().workers(1).batch(1))?;
/// # let stream = |rows: [i64; 3]| job.from_iter(rows)
/// #     .timestamps(|&t| Timestamp::from_secs(t), BoundedDisorder::monotonous());
/// let (left, right) = (stream([1, 20, 2]), stream([1, 20, 30]));
/// let second = IntervalBounds::within(Duration::from_secs(1));
/// let joined = left.key_by(|_| ()).interval_join(right.key_by(|_| ()), second);
/// let (pairs, rejected) = joined.inner().with_rejected();
/// # pairs.for_each(|_| {});
/// let late = rejected.map(|rejected| rejected.value).collect();
/// # job.run_local()?;
/// assert_eq!(late.take(), [Either::Left(2)]);
/// # Ok::<(), fluxus::Error>(())
/// ```
impl<C, F, K> KeyedStream<C, F>
where
    C: Chain,
    F: Fn(&C::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
{
    /// Pairs each record with those of `right` that have its key, and whose time
    /// less its own lies within `bounds`.
    ///
    /// A pair comes out as soon as its second record has come, at the later of the
    /// two times. What comes at or behind the watermark, which is the least of both
    /// streams', is late. A record is held until the watermark has put it out of
    /// reach of all that may come.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::IntervalBounds;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, &'static str); 2]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let orders = stream([(10, "ant"), (50, "bee")]).key_by(|order| order.1);
    /// let payments = stream([(12, "ant"), (99, "bee")]).key_by(|payment| payment.1);
    /// let soon = IntervalBounds::after(Duration::ZERO, Duration::from_secs(30))?;
    /// let paid = orders.interval_join(payments, soon).inner();
    /// let paid = paid.map(|pair| (pair.key, pair.left.0, pair.right.0)).collect();
    /// # job.run_local()?;
    /// assert_eq!(paid.take(), [("ant", 10, 12)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn interval_join<B, G>(
        self,
        right: KeyedStream<B, G>,
        bounds: IntervalBounds,
    ) -> IntervalJoined<C, B, F, G>
    where
        C: Timed,
        B: Timed,
        G: Fn(&B::Item) -> K + Clone + Send + 'static,
    {
        IntervalJoined {
            streams: TwoStreams::new(self, right, "interval_join"),
            bounds,
            record_limit: RECORD_LIMIT,
        }
    }

    /// Pairs the records of both streams that have one key and lie in one window:
    /// tumbling, sliding, session or any other that does not look at the records.
    /// Sessions are of both streams together.
    ///
    /// The pairs of a window come out when the watermark, the least of both
    /// streams', reaches its last instant, and lie there in event time.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, u32); 3]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let asked = stream([(1, 7), (4, 7), (12, 7)]).key_by(|row| row.1);
    /// let given = stream([(3, 7), (8, 9), (19, 7)]).key_by(|row| row.1);
    /// let windows = Tumbling::new(Duration::from_secs(10))?;
    /// let pairs = asked.window_join(given, windows).inner();
    /// let pairs = pairs.map(|pair| (pair.left.0, pair.right.0)).collect();
    /// # job.run_local()?;
    /// assert_eq!(pairs.take(), [(1, 3), (4, 3), (12, 19)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn window_join<B, G, W>(
        self,
        right: KeyedStream<B, G>,
        windows: W,
    ) -> WindowJoined<C, B, F, G, W>
    where
        C: Timed,
        B: Timed,
        G: Fn(&B::Item) -> K + Clone + Send + 'static,
        W: WindowKind<Either<C::Item, B::Item>>,
    {
        WindowJoined {
            streams: TwoStreams::new(self, right, "window_join"),
            windows,
            lateness: Lateness::NONE,
        }
    }

    /// Hands the records of both streams that have one key and lie in one window to
    /// a function, each side in the order of its coming; what it yields goes on, at
    /// the window's last instant. One of the sides may be empty.
    ///
    /// [`window_join`](Self::window_join) has the same with an allowed lateness:
    /// [`WindowJoined::co_group`].
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, u32); 3]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let clicks = stream([(1, 7), (4, 7), (12, 7)]).key_by(|row| row.1);
    /// let buys = stream([(3, 7), (8, 9), (9, 7)]).key_by(|row| row.1);
    /// let windows = Tumbling::new(Duration::from_secs(10))?;
    /// let counts = clicks
    ///     .co_group(buys, windows, |row| [(row.key, row.value.left.len(), row.value.right.len())])
    ///     .collect();
    /// # job.run_local()?;
    /// let mut counts = counts.take();
    /// counts.sort();
    /// assert_eq!(counts, [(7, 1, 0), (7, 2, 2), (9, 0, 1)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    #[allow(clippy::type_complexity)]
    pub fn co_group<B, G, W, H, I>(
        self,
        right: KeyedStream<B, G>,
        windows: W,
        function: H,
    ) -> DataStream<FlatMap<CoGroup<C, B, F, G, W>, H>>
    where
        C: Timed,
        B: Timed,
        C::Item: Clone,
        B::Item: Clone,
        G: Fn(&B::Item) -> K + Clone + Send + 'static,
        W: WindowKind<Either<C::Item, B::Item>>,
        H: FnMut(WindowResult<K, Sides<C::Item, B::Item>>) -> I + Clone + Send + 'static,
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
    {
        self.window_join(right, windows)
            .co_group()
            .flat_map(function)
    }

    /// Gives each record the version of `right` that held at its time: the latest
    /// record of its key at or before it.
    ///
    /// A record comes out when the watermark, the least of both streams', is at its
    /// time. What comes at or behind the watermark is late. The last version of each
    /// key is kept for as long as the job runs, or as the
    /// [tolerance](AsOfJoined::tolerance) says.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, &'static str, u32); 3]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let trades = stream([(3, "gold", 2), (7, "gold", 5), (8, "tin", 1)]).key_by(|row| row.1);
    /// let prices = stream([(1, "gold", 1900), (5, "gold", 1910), (9, "gold", 1890)]).key_by(|row| row.1);
    /// let priced = trades.as_of_join(prices).left_outer();
    /// let priced = priced.map(|row| (row.left.2, row.right.map(|price| price.2))).collect();
    /// # job.run_local()?;
    /// assert_eq!(priced.take(), [(2, Some(1900)), (5, Some(1910)), (1, None)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn as_of_join<B, G>(self, right: KeyedStream<B, G>) -> AsOfJoined<C, B, F, G>
    where
        C: Timed,
        B: Timed,
        G: Fn(&B::Item) -> K + Clone + Send + 'static,
    {
        AsOfJoined {
            streams: TwoStreams::new(self, right, "as_of_join"),
            tolerance: None,
            record_limit: RECORD_LIMIT,
        }
    }

    /// Gives each record what a table that does not change has under its key. All
    /// instances share the table, and records stay on the core where they are.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::collections::HashMap;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let names = HashMap::from([(1, "ant"), (2, "bee")]);
    /// let named = job
    ///     .from_iter([(2, 0.5), (3, 0.7), (1, 0.1)])
    ///     .key_by(|reading| reading.0)
    ///     .join_table(names)
    ///     .left_outer()
    ///     .map(|row| (row.key, row.right))
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(named.take(), [(2, Some("bee")), (3, None), (1, Some("ant"))]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn join_table<V>(self, table: impl Into<Arc<HashMap<K, V>>>) -> TableJoined<C, F, K, V>
    where
        K: Sync,
        V: Clone + Send + Sync + 'static,
    {
        TableJoined {
            left: self,
            table: table.into(),
        }
    }

    /// Gives each record what a table has under its key when it comes. The stream
    /// `changes` changes the table: `change_of` says what each of its records does to
    /// the table's row of its key. Records and changes with one key meet on one core,
    /// and are taken in the order of their coming.
    ///
    /// The table has no part in event time: changes are taken whenever they come, and
    /// hold nothing back.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::TableChange;
    /// # let job = Job::new("doc", Config::new().workers(2))?;
    /// # let readings = job.from_iter([(2, 0.5)]);
    /// let names = job.from_iter([(1, Some("ant")), (2, Some("bee")), (1, None)]);
    /// let named = readings
    ///     .key_by(|reading| reading.0)
    ///     .join_changing_table(names.key_by(|row| row.0), |row| match row.1 {
    ///         Some(name) => TableChange::Upsert(name),
    ///         None => TableChange::Delete,
    ///     })
    ///     .left_outer();
    /// # named.for_each(|_| {});
    /// # job.run()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn join_changing_table<B, G, V, H>(
        self,
        changes: KeyedStream<B, G>,
        change_of: H,
    ) -> ChangingTableJoined<C, B, F, G, H>
    where
        B: Chain,
        G: Fn(&B::Item) -> K + Clone + Send + 'static,
        H: Fn(B::Item) -> TableChange<V> + Clone + Send + 'static,
        V: Clone + Send + 'static,
    {
        ChangingTableJoined {
            streams: TwoStreams::new(self, changes, "join_table"),
            change_of,
            spread: TableSpread::ByKey,
        }
    }

    /// As [`join_changing_table`](Self::join_changing_table), but every instance has
    /// the whole table, to which all changes are applied: the records stay on the
    /// core where they are. For a table that is small, or keys that are few.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::TableChange;
    /// # let job = Job::new("doc", Config::new().workers(2))?;
    /// # let readings = job.from_iter([(2, 0.5)]);
    /// let limits = job.from_iter([(2, 0.4)]).key_by(|limit| limit.0);
    /// let limited = readings
    ///     .key_by(|reading| reading.0)
    ///     .join_broadcast_table(limits, |limit| TableChange::Upsert(limit.1))
    ///     .inner()
    ///     .filter(|row| row.left.1 > row.right);
    /// # limited.for_each(|_| {});
    /// # job.run()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn join_broadcast_table<B, G, V, H>(
        self,
        changes: KeyedStream<B, G>,
        change_of: H,
    ) -> ChangingTableJoined<C, B, F, G, H>
    where
        B: Chain,
        G: Fn(&B::Item) -> K + Clone + Send + 'static,
        H: Fn(B::Item) -> TableChange<V> + Clone + Send + 'static,
        V: Clone + Send + 'static,
    {
        ChangingTableJoined {
            streams: TwoStreams::new(self, changes, "join_broadcast_table"),
            change_of,
            spread: TableSpread::ToAll,
        }
    }
}

/// Two keyed streams of one job.
struct TwoStreams<A, B, F, G> {
    shared: Rc<Shared>,
    kind: &'static str,
    left: (A, F),
    right: (B, G),
}

impl<A, B, F, G> TwoStreams<A, B, F, G> {
    fn new(left: KeyedStream<A, F>, right: KeyedStream<B, G>, kind: &'static str) -> Self {
        let (left, left_key) = left.into_parts();
        let (right, right_key) = right.into_parts();
        left.shared.meets(&right.shared, kind);
        Self {
            shared: left.shared,
            kind,
            left: (left.chain, left_key),
            right: (right.chain, right_key),
        }
    }
}

/// Two streams that meet in an [interval join](KeyedStream::interval_join), waiting
/// to be told which records make a row.
#[must_use = "a stream that is not brought to a sink is a mistake"]
pub struct IntervalJoined<A, B, F, G> {
    streams: TwoStreams<A, B, F, G>,
    bounds: IntervalBounds,
    record_limit: usize,
}

impl<A, B, F, G, K> IntervalJoined<A, B, F, G>
where
    A: Timed,
    B: Timed,
    A::Item: Clone,
    B::Item: Clone,
    F: Fn(&A::Item) -> K + Clone + Send + 'static,
    G: Fn(&B::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
{
    /// How many records each instance may hold, of both sides together. Default
    /// 16,777,216. [`Config::when_full`](crate::Config::when_full) says what happens
    /// to the next one.
    pub fn record_limit(mut self, records: usize) -> Self {
        self.record_limit = records;
        self
    }

    /// Rows as `kind` says: [`Inner`], [`LeftOuter`], [`RightOuter`] or
    /// [`FullOuter`].
    ///
    /// A record that goes without a partner makes its row when the watermark has put
    /// it out of reach of all that may come, at the last instant at which a partner
    /// could have come (or its own, if that is later).
    pub fn rows<J: JoinKind>(self, kind: J) -> DataStream<IntervalJoin<A, B, F, G, J>> {
        let shared = Rc::clone(&self.streams.shared);
        let chain = self.chain(kind);
        DataStream::new(shared, chain)
    }

    /// Only pairs.
    pub fn inner(self) -> DataStream<IntervalJoin<A, B, F, G, Inner>> {
        self.rows(Inner)
    }

    /// Pairs, and each left record that finds no partner.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::IntervalBounds;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, &'static str); 2]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let left = stream([(10, "ant"), (50, "bee")]).key_by(|row| row.1);
    /// let right = stream([(12, "ant"), (99, "cow")]).key_by(|row| row.1);
    /// let second = IntervalBounds::within(Duration::from_secs(2));
    /// let rows = left.interval_join(right, second).left_outer();
    /// let rows = rows.map(|row| (row.left.0, row.right.map(|right| right.0))).collect();
    /// # job.run()?;
    /// let mut rows = rows.take();
    /// rows.sort();
    /// assert_eq!(rows, [(10, Some(12)), (50, None)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn left_outer(self) -> DataStream<IntervalJoin<A, B, F, G, LeftOuter>> {
        self.rows(LeftOuter)
    }

    /// Pairs, and each right record that finds no partner.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::IntervalBounds;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, &'static str); 2]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let left = stream([(10, "ant"), (50, "bee")]).key_by(|row| row.1);
    /// let right = stream([(12, "ant"), (99, "cow")]).key_by(|row| row.1);
    /// let second = IntervalBounds::within(Duration::from_secs(2));
    /// let rows = left.interval_join(right, second).right_outer();
    /// let rows = rows.map(|row| (row.left.map(|left| left.0), row.right.0)).collect();
    /// # job.run()?;
    /// let mut rows = rows.take();
    /// rows.sort();
    /// assert_eq!(rows, [(None, 99), (Some(10), 12)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn right_outer(self) -> DataStream<IntervalJoin<A, B, F, G, RightOuter>> {
        self.rows(RightOuter)
    }

    /// Pairs, and each record that finds no partner.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::IntervalBounds;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, &'static str); 2]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let left = stream([(10, "ant"), (50, "bee")]).key_by(|row| row.1);
    /// let right = stream([(12, "ant"), (99, "cow")]).key_by(|row| row.1);
    /// let second = IntervalBounds::within(Duration::from_secs(2));
    /// let rows = left.interval_join(right, second).full_outer();
    /// let rows = rows.map(|row| (row.left.map(|left| left.0), row.right.map(|right| right.0))).collect();
    /// # job.run()?;
    /// let mut rows = rows.take();
    /// rows.sort();
    /// assert_eq!(rows, [(None, Some(99)), (Some(10), Some(12)), (Some(50), None)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn full_outer(self) -> DataStream<IntervalJoin<A, B, F, G, FullOuter>> {
        self.rows(FullOuter)
    }

    fn chain<J: JoinKind>(self, kind: J) -> IntervalJoin<A, B, F, G, J> {
        let TwoStreams {
            shared,
            kind: name,
            left,
            right,
        } = self.streams;
        let name = shared.name(name);
        IntervalJoin::new(name, left, right, self.bounds, kind, self.record_limit)
    }
}

/// Two streams that meet in [windows](KeyedStream::window_join), waiting to be told
/// which records make a row.
#[must_use = "a stream that is not brought to a sink is a mistake"]
pub struct WindowJoined<A, B, F, G, W> {
    streams: TwoStreams<A, B, F, G>,
    windows: W,
    lateness: Lateness,
}

/// The rows of a window join.
type PairsOf<A, B, F, G, W, J> = DataStream<WindowPairs<CoGroup<A, B, F, G, W>, J>>;

impl<A, B, F, G, K, W> WindowJoined<A, B, F, G, W>
where
    A: Timed,
    B: Timed,
    A::Item: Clone,
    B::Item: Clone,
    F: Fn(&A::Item) -> K + Clone + Send + 'static,
    G: Fn(&B::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    W: WindowKind<Either<A::Item, B::Item>>,
{
    /// Keeps each window for so long after its end, for records that come late: such
    /// a record gives all rows of its window again, labelled
    /// [`Firing::Late`](crate::windows::Firing::Late). Zero unless it is set.
    pub fn allowed_lateness(mut self, lateness: impl Into<Lateness>) -> Self {
        self.lateness = lateness.into();
        self
    }

    /// Rows as `kind` says: [`Inner`], [`LeftOuter`], [`RightOuter`] or
    /// [`FullOuter`].
    pub fn rows<J: JoinKind>(self, kind: J) -> PairsOf<A, B, F, G, W, J> {
        let grouped = self.co_group();
        let name = grouped.shared.name("pairs");
        DataStream::new(grouped.shared, WindowPairs::new(name, grouped.chain, kind))
    }

    /// Only pairs.
    pub fn inner(self) -> PairsOf<A, B, F, G, W, Inner> {
        self.rows(Inner)
    }

    /// Pairs, and each left record in whose window there is no right one.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, &'static str); 2]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let left = stream([(10, "ant"), (50, "bee")]).key_by(|row| row.1);
    /// let right = stream([(12, "ant"), (99, "cow")]).key_by(|row| row.1);
    /// let windows = Tumbling::new(Duration::from_secs(20))?;
    /// let rows = left.window_join(right, windows).left_outer();
    /// let rows = rows.map(|row| (row.left.0, row.right.map(|right| right.0))).collect();
    /// # job.run()?;
    /// let mut rows = rows.take();
    /// rows.sort();
    /// assert_eq!(rows, [(10, Some(12)), (50, None)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn left_outer(self) -> PairsOf<A, B, F, G, W, LeftOuter> {
        self.rows(LeftOuter)
    }

    /// Pairs, and each right record in whose window there is no left one.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, &'static str); 2]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let left = stream([(10, "ant"), (50, "bee")]).key_by(|row| row.1);
    /// let right = stream([(12, "ant"), (99, "cow")]).key_by(|row| row.1);
    /// let windows = Tumbling::new(Duration::from_secs(20))?;
    /// let rows = left.window_join(right, windows).right_outer();
    /// let rows = rows.map(|row| (row.left.map(|left| left.0), row.right.0)).collect();
    /// # job.run()?;
    /// let mut rows = rows.take();
    /// rows.sort();
    /// assert_eq!(rows, [(None, 99), (Some(10), 12)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn right_outer(self) -> PairsOf<A, B, F, G, W, RightOuter> {
        self.rows(RightOuter)
    }

    /// Pairs, and each record in whose window there is none of the other side.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let stream = |rows: [(i64, &'static str); 2]| job.from_iter(rows)
    /// #     .timestamps(|row| Timestamp::from_secs(row.0), BoundedDisorder::monotonous());
    /// let left = stream([(10, "ant"), (50, "bee")]).key_by(|row| row.1);
    /// let right = stream([(12, "ant"), (99, "cow")]).key_by(|row| row.1);
    /// let windows = Tumbling::new(Duration::from_secs(20))?;
    /// let rows = left.window_join(right, windows).full_outer();
    /// let rows = rows.map(|row| (row.left.map(|left| left.0), row.right.map(|right| right.0))).collect();
    /// # job.run()?;
    /// let mut rows = rows.take();
    /// rows.sort();
    /// assert_eq!(rows, [(None, Some(99)), (Some(10), Some(12)), (Some(50), None)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn full_outer(self) -> PairsOf<A, B, F, G, W, FullOuter> {
        self.rows(FullOuter)
    }

    /// The records of both sides, for each key and window: one
    /// [`WindowResult`](crate::WindowResult) with [`Sides`].
    pub fn co_group(self) -> DataStream<CoGroup<A, B, F, G, W>> {
        let shared = Rc::clone(&self.streams.shared);
        let chain = self.chain();
        DataStream::new(shared, chain)
    }

    fn chain(self) -> CoGroup<A, B, F, G, W> {
        let TwoStreams {
            shared,
            kind,
            left,
            right,
        } = self.streams;
        CoGroup::new(shared.name(kind), left, right, self.windows, self.lateness)
    }
}

/// Two streams that meet in an [as-of join](KeyedStream::as_of_join), waiting to be
/// told which records make a row.
#[must_use = "a stream that is not brought to a sink is a mistake"]
pub struct AsOfJoined<A, B, F, G> {
    streams: TwoStreams<A, B, F, G>,
    tolerance: Option<Duration>,
    record_limit: usize,
}

impl<A, B, F, G, K> AsOfJoined<A, B, F, G>
where
    A: Timed,
    B: Timed,
    B::Item: Clone,
    F: Fn(&A::Item) -> K + Clone + Send + 'static,
    G: Fn(&B::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
{
    /// How long a version holds at most, its last instant included; it is then
    /// forgotten. For ever unless it is set.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// How many records each instance may hold: left ones that wait, and versions.
    /// Default 16,777,216. [`Config::when_full`](crate::Config::when_full) says what
    /// happens to the next one.
    pub fn record_limit(mut self, records: usize) -> Self {
        self.record_limit = records;
        self
    }

    /// Only the records for which there is a version.
    pub fn inner(self) -> DataStream<AsOfJoin<A, B, F, G, Inner>> {
        let shared = Rc::clone(&self.streams.shared);
        let chain = self.chain(Inner);
        DataStream::new(shared, chain)
    }

    /// All records, with their version if there is one.
    pub fn left_outer(self) -> DataStream<AsOfJoin<A, B, F, G, LeftOuter>> {
        let shared = Rc::clone(&self.streams.shared);
        let chain = self.chain(LeftOuter);
        DataStream::new(shared, chain)
    }

    fn chain<J: JoinKind>(self, kind: J) -> AsOfJoin<A, B, F, G, J> {
        let TwoStreams {
            shared,
            kind: name,
            left,
            right,
        } = self.streams;
        let name = shared.name(name);
        AsOfJoin::new(name, left, right, self.tolerance, kind, self.record_limit)
    }
}

/// A stream that meets a [table](KeyedStream::join_table), waiting to be told which
/// records make a row.
#[must_use = "a stream that is not brought to a sink is a mistake"]
pub struct TableJoined<A, F, K, V> {
    left: KeyedStream<A, F>,
    table: Arc<HashMap<K, V>>,
}

impl<A, F, K, V> TableJoined<A, F, K, V>
where
    A: Chain,
    F: Fn(&A::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Only the records for which the table has something. The others are counted
    /// ([`Measure::Unmatched`](crate::Measure::Unmatched)).
    pub fn inner(self) -> DataStream<TableLookup<A, F, K, V, Inner>> {
        self.rows(Inner)
    }

    /// All records, with what the table has for them, if anything.
    pub fn left_outer(self) -> DataStream<TableLookup<A, F, K, V, LeftOuter>> {
        self.rows(LeftOuter)
    }

    fn rows<J: JoinKind>(self, kind: J) -> DataStream<TableLookup<A, F, K, V, J>> {
        let (left, key_of) = self.left.into_parts();
        let name = left.shared.name("join_table");
        let chain = TableLookup::new(name, left.chain, key_of, self.table, kind);
        DataStream::new(left.shared, chain)
    }
}

/// A stream that meets a [table that changes](KeyedStream::join_changing_table),
/// waiting to be told which records make a row.
#[must_use = "a stream that is not brought to a sink is a mistake"]
pub struct ChangingTableJoined<A, B, F, G, H> {
    streams: TwoStreams<A, B, F, G>,
    change_of: H,
    spread: TableSpread,
}

impl<A, B, F, G, H, K, V> ChangingTableJoined<A, B, F, G, H>
where
    A: Chain,
    B: Chain,
    A::Item: Clone,
    B::Item: Clone,
    F: Fn(&A::Item) -> K + Clone + Send + 'static,
    G: Fn(&B::Item) -> K + Clone + Send + 'static,
    H: Fn(B::Item) -> TableChange<V> + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Only the records for which the table has something. The others are counted
    /// ([`Measure::Unmatched`](crate::Measure::Unmatched)).
    pub fn inner(self) -> DataStream<TableJoin<A, B, F, G, H, Inner>> {
        let shared = Rc::clone(&self.streams.shared);
        let chain = self.chain(Inner);
        DataStream::new(shared, chain)
    }

    /// All records, with what the table has for them, if anything.
    pub fn left_outer(self) -> DataStream<TableJoin<A, B, F, G, H, LeftOuter>> {
        let shared = Rc::clone(&self.streams.shared);
        let chain = self.chain(LeftOuter);
        DataStream::new(shared, chain)
    }

    fn chain<J: JoinKind>(self, kind: J) -> TableJoin<A, B, F, G, H, J> {
        let TwoStreams {
            shared,
            kind: name,
            left,
            right,
        } = self.streams;
        let name = shared.name(name);
        TableJoin::new(name, left, right, self.change_of, self.spread, kind)
    }
}
