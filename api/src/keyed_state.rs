use crate::{DataStream, KeyedStream};
use fluxus_core::operator::{
    Dedup, Distinct, RollingFold, RollingReduce, RollingTopK, Scan, Stateful,
};
use fluxus_core::windows::TimeToLive;
use fluxus_core::{Chain, Timed};
use std::hash::Hash;
use std::time::Duration;

/// What keeps a state for each key and says something behind each record.
///
/// Keys are kept for as long as the job runs, unless the state is given a time to
/// live with [`expire_after`](DataStream::expire_after).
impl<C, F, K> KeyedStream<C, F>
where
    C: Chain,
    F: Fn(&C::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
{
    fn keeps<L>(self, kind: &str, logic: L) -> DataStream<Stateful<C, F, L>> {
        let name = self.shared.name(kind);
        let stateful = Stateful::new(name, self.chain, self.key_of, logic);
        DataStream::new(self.shared, stateful)
    }

    /// Reduces the records of each key, and emits the key and what is held
    /// after every record.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let highest = job
    ///     .from_iter([("a", 3), ("b", 1), ("a", 2), ("a", 7)])
    ///     .key_by(|&(name, _)| name)
    ///     .reduce(|&a, b| if b.1 > a.1 { b } else { a })
    ///     .map(|(_, (name, value))| (name, value))
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(highest.take(), [("a", 3), ("b", 1), ("a", 3), ("a", 7)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn reduce<R>(self, reduce: R) -> DataStream<Stateful<C, F, RollingReduce<R>>>
    where
        C::Item: Clone,
        R: FnMut(&C::Item, C::Item) -> C::Item + Clone + Send + 'static,
    {
        self.keeps("reduce", RollingReduce::new(reduce))
    }

    /// Folds the records of each key into a state that starts at `initial`, and
    /// emits the key and the state after every record.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let counts = job
    ///     .from_iter(["a", "b", "a"])
    ///     .key_by(|&name| name)
    ///     .fold(0, |count, _| *count += 1)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(counts.take(), [("a", 1), ("b", 1), ("a", 2)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn fold<S, G>(self, initial: S, fold: G) -> DataStream<Stateful<C, F, RollingFold<S, G>>>
    where
        S: Clone + Send + 'static,
        G: FnMut(&mut S, C::Item) + Clone + Send + 'static,
    {
        self.keeps("fold", RollingFold::new(initial, fold))
    }

    /// Changes a state for each key, which starts at `initial`, and emits what
    /// `function` makes of it and the record: none, one (an `Option`), or any number.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// // By how much a meter rose, from its second reading on.
    /// let rises = job
    ///     .from_iter([("a", 10), ("b", 5), ("a", 17), ("a", 18)])
    ///     .key_by(|&(meter, _)| meter)
    ///     .scan(None, |last, (meter, reading)| {
    ///         last.replace(reading).map(|last| (meter, reading - last))
    ///     })
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(rises.take(), [("a", 7), ("a", 1)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn scan<S, G, I>(self, initial: S, function: G) -> DataStream<Stateful<C, F, Scan<S, G>>>
    where
        S: Clone + Send + 'static,
        G: FnMut(&mut S, C::Item) -> I + Clone + Send + 'static,
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
    {
        self.keeps("scan", Scan::new(initial, function))
    }

    /// Leaves out records that are equal to the last one of their key that passed.
    ///
    /// What is left out does not prolong a time to live: when that is over, an equal
    /// record passes again.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let changes = job
    ///     .from_iter([("a", "on"), ("a", "on"), ("b", "on"), ("a", "off"), ("a", "on")])
    ///     .key_by(|&(lamp, _)| lamp)
    ///     .dedup()
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(changes.take(), [("a", "on"), ("b", "on"), ("a", "off"), ("a", "on")]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn dedup(self) -> DataStream<Stateful<C, F, Dedup>>
    where
        C::Item: PartialEq + Clone,
    {
        self.keeps("dedup", Dedup)
    }

    /// Leaves out records that come less than `time`, in event time, behind the last
    /// one of their key that passed. Whatever else is in them plays no part.
    ///
    /// A record that comes behind the one that passed, but lies before it, is left out
    /// too. A key is forgotten when the watermark has come so far that nothing of it
    /// would be left out any more.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let at = |&(_, time): &(&str, i64)| Timestamp::from_secs(time);
    /// let alarms = job
    ///     .from_iter([("door", 1), ("door", 8), ("gate", 9), ("door", 11), ("door", 12)])
    ///     .timestamps(at, BoundedDisorder::monotonous())
    ///     .key_by(|&(place, _)| place)
    ///     .dedup_within(Duration::from_secs(10))
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(alarms.take(), [("door", 1), ("gate", 9), ("door", 11)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn dedup_within(self, time: Duration) -> DataStream<Stateful<C, F, Distinct>>
    where
        C: Timed,
    {
        let mut stream = self.keeps("dedup_within", Distinct);
        stream.chain = stream.chain.with_time_to_live(TimeToLive {
            event: Some(time),
            ..TimeToLive::FOR_EVER
        });
        stream
    }

    /// Keeps the first record of each key.
    ///
    /// With a time to live, the first of each such stretch of time, which begins with
    /// the record that passes and is not prolonged by those that are left out.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let firsts = job
    ///     .from_iter([("a", 1), ("b", 2), ("a", 3)])
    ///     .key_by(|&(user, _)| user)
    ///     .distinct()
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(firsts.take(), [("a", 1), ("b", 2)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn distinct(self) -> DataStream<Stateful<C, F, Distinct>> {
        self.keeps("distinct", Distinct)
    }

    /// Keeps, for each key, the `k` records of which `value` gives the largest
    /// values, and emits the key and those records, the largest first, whenever they
    /// change. (For the smallest, wrap the value in [`Reverse`](std::cmp::Reverse).)
    ///
    /// Of equal values the one that came first goes first; one that does not compare
    /// with itself (a floating point NaN) goes last. Every result is a copy of `k`
    /// records, so `k` should be in the tens. A `k` of zero is an error when the job
    /// is built.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let best = job
    ///     .from_iter([("a", 3), ("a", 9), ("a", 1), ("a", 5)])
    ///     .key_by(|&(player, _)| player)
    ///     .top_k(2, |&(_, score)| score)
    ///     .map(|(_, best)| best.iter().map(|&(_, score)| score).collect::<Vec<_>>())
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(best.take(), [vec![3], vec![9, 3], vec![9, 5]]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn top_k<V, G>(self, k: usize, value: G) -> DataStream<Stateful<C, F, RollingTopK<G>>>
    where
        C::Item: Clone,
        V: PartialOrd + Clone + Send + 'static,
        G: Fn(&C::Item) -> V + Clone + Send + 'static,
    {
        self.keeps("top_k", RollingTopK::largest(k, value))
    }
}
