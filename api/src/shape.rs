use crate::job::Shared;
use crate::{DataStream, Job, KeyedStream};
use fluxus_core::operator::{
    self, Broadcast, Gather, PartitionBy, Rebalance, SideStream, Union, UnionAll,
};
use fluxus_core::Chain;
use std::hash::Hash;
use std::rc::Rc;

/// A stream that another was divided into.
pub type Branch<T> = DataStream<SideStream<T>>;

/// Where streams meet, divide and change workers.
///
/// A stream is used up by what is called on it, so a job has no cycles: what
/// would need one does not compile. Every stream must be brought to a sink; one
/// that was not is an error when the job is run, with the name of the operator
/// at which it begins.
impl<C: Chain> DataStream<C> {
    /// Two streams of the same records as one. Their records meet as they come,
    /// those of one instance of either in their order; event time is the least
    /// of theirs. Unions of unions run as one.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let small = job.from_iter([1, 2]);
    /// let large = job.from_iter([100]).map(|n| n + 1);
    /// let all = small.union(large).union(job.from_iter([50])).collect();
    /// # job.run()?;
    /// let mut all = all.take();
    /// all.sort();
    /// assert_eq!(all, [1, 2, 50, 101]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn union<B>(self, other: DataStream<B>) -> DataStream<Union<C, B>>
    where
        B: Chain<Item = C::Item>,
    {
        self.shared.meets(&other.shared, "union");
        self.then("union", |name, chain| Union::new(name, chain, other.chain))
    }

    /// The stream as `N` streams, each of which has every record, in its order
    /// and at its time.
    ///
    /// The slowest of them holds back the others when the ring between them is
    /// full; one that wants no more (behind a [`take`](Self::take), say) holds
    /// nobody back.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let [all, some] = job.from_iter(0..1000u64).fan_out();
    /// let sum = all.fold_all(0, |sum, n| *sum += n, |sum, other| *sum += other);
    /// let first = some.take(2).collect();
    /// # job.run()?;
    /// assert_eq!((sum.take(), first.take()), (Some(499_500), vec![0, 1]));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn fan_out<const N: usize>(self) -> [Branch<C::Item>; N]
    where
        C::Item: Clone,
    {
        let name = self.shared.name("fan_out");
        let chain = self.chain;
        let branches = self
            .shared
            .plan(|plan| operator::fan_out(plan, name, chain, N));
        branches_or_none(&self.shared, branches)
    }

    /// The stream as `N` streams: each record goes to the one whose number, from
    /// 0, `choose` answers. A number that no branch has fails the job.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let [low, middle, high] = job
    ///     .from_iter([5, 50, 500, 7])
    ///     .branch(|&n| match n {
    ///         0..=9 => 0,
    ///         10..=99 => 1,
    ///         _ => 2,
    ///     });
    /// let (low, middle, high) = (low.collect(), middle.collect(), high.collect());
    /// # job.run()?;
    /// assert_eq!((low.take(), middle.take(), high.take()), (vec![5, 7], vec![50], vec![500]));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn branch<const N: usize, F>(self, choose: F) -> [Branch<C::Item>; N]
    where
        F: FnMut(&C::Item) -> usize + Clone + Send + 'static,
    {
        let name = self.shared.name("branch");
        let chain = self.chain;
        let branches = self
            .shared
            .plan(|plan| operator::branch(plan, name, chain, N, choose));
        branches_or_none(&self.shared, branches)
    }

    /// The stream as two: of the records for which `predicate` holds, and of the
    /// others.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let (even, odd) = job.from_iter(0..6).split(|n| n % 2 == 0);
    /// let (even, odd) = (even.collect(), odd.collect());
    /// # job.run()?;
    /// assert_eq!((even.take(), odd.take()), (vec![0, 2, 4], vec![1, 3, 5]));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn split<F>(self, mut predicate: F) -> (Branch<C::Item>, Branch<C::Item>)
    where
        F: FnMut(&C::Item) -> bool + Clone + Send + 'static,
    {
        let name = self.shared.name("split");
        let chain = self.chain;
        let choose = move |value: &C::Item| usize::from(!predicate(value));
        let branches = self
            .shared
            .plan(|plan| operator::branch(plan, name, chain, 2, choose));
        let [held, others] = branches_or_none(&self.shared, branches);
        (held, others)
    }

    /// Every record on every worker, as a copy: as many instances as there are
    /// workers, each with the whole stream. With one worker nothing changes.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// let job = Job::new("doc", Config::new().workers(3).batch(8))?;
    /// let rules = job.from_iter(["a", "b"]).broadcast();
    /// let counted = rules.fold_all(0, |count, _| *count += 1, |count, more| *count += more);
    /// job.run_local()?;
    /// assert_eq!(counted.take(), Some(6));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn broadcast(self) -> DataStream<Broadcast<C>>
    where
        C::Item: Clone,
    {
        self.then("broadcast", Broadcast::new)
    }

    /// Deals the records out to all workers in turn, so that what follows has as
    /// much to do on each: behind a source of one instance, above all. Records
    /// that take different ways keep no order between them. With one worker
    /// nothing changes.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// let job = Job::new("doc", Config::new().workers(2).batch(8))?;
    /// let doubled = job.from_iter(0..100u64).rebalance().map(|n| 2 * n).collect();
    /// job.run_local()?;
    /// assert_eq!(doubled.take().into_iter().sum::<u64>(), 9900);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn rebalance(self) -> DataStream<Rebalance<C>> {
        self.then("rebalance", Rebalance::new)
    }

    /// Spreads the records over the workers by the hash of a key, and goes on
    /// without it: equal keys meet in one instance, in the order of their source.
    /// For state of one's own that is per instance; where it is per key,
    /// [`key_by`](Self::key_by) has more to offer.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// let job = Job::new("doc", Config::new().workers(2).batch(8))?;
    /// let instances = job
    ///     .from_iter((0..100u64).map(|n| n % 10))
    ///     .partition_by(|&n| n)
    ///     .map_with(|instance| instance, |instance, n| (n, *instance))
    ///     .collect();
    /// job.run_local()?;
    /// let mut instances = instances.take();
    /// instances.sort();
    /// instances.dedup();
    /// assert_eq!(instances.len(), 10, "each number in one instance only");
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn partition_by<K, F>(self, key_of: F) -> DataStream<PartitionBy<C, F>>
    where
        F: Fn(&C::Item) -> K + Clone + Send + 'static,
        K: Hash,
    {
        self.then("partition_by", |name, chain| {
            PartitionBy::new(name, chain, key_of)
        })
    }

    /// Brings all instances together into one. Records of one instance keep
    /// their order; those of several come as they are ready.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// let job = Job::new("doc", Config::new().workers(2))?;
    /// let numbered = job
    ///     .from_partitions([0..50, 0..50])
    ///     .gather()
    ///     .map_with(|_| 0, |count, _| { *count += 1; *count })
    ///     .collect();
    /// job.run()?;
    /// assert_eq!(numbered.take(), (1..=100).collect::<Vec<_>>());
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn gather(self) -> DataStream<Gather<C>> {
        self.then("gather", Gather::new)
    }
}

impl<C, F, K> KeyedStream<C, F>
where
    C: Chain,
    C::Item: Clone,
    F: Fn(&C::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
{
    /// The stream as `N` streams, each of which has every record and the same
    /// key: for several windows over one stream.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let [by_second, by_minute] = job
    ///     .from_iter([100i64, 900, 1100])
    ///     .timestamps(|&ms| Timestamp::from_millis(ms), BoundedDisorder::monotonous())
    ///     .key_by(|_| "all")
    ///     .fan_out();
    /// let seconds = by_second
    ///     .window(Tumbling::new(Duration::from_secs(1))?)
    ///     .count()
    ///     .map(|row| row.value)
    ///     .collect();
    /// let minutes = by_minute
    ///     .window(Tumbling::new(Duration::from_secs(60))?)
    ///     .count()
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!((seconds.take(), minutes.take()), (vec![2, 1], vec![3]));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn fan_out<const N: usize>(self) -> [KeyedStream<SideStream<C::Item>, F>; N] {
        let (stream, key_of) = self.into_parts();
        let branches = stream.fan_out::<N>();
        branches.map(|branch| branch.key_by(key_of.clone()))
    }
}

impl Job {
    /// All of several streams of one kind as one; see [`DataStream::union`].
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let streams = (0..4u64).map(|n| job.from_iter(vec![n; 10]));
    /// let all = job.union(streams);
    /// let sum = all.fold_all(0, |sum, n| *sum += n, |sum, other| *sum += other);
    /// # job.run()?;
    /// assert_eq!(sum.take(), Some(60));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn union<C: Chain>(
        &self,
        streams: impl IntoIterator<Item = DataStream<C>>,
    ) -> DataStream<UnionAll<C>> {
        let shared = self.shared();
        let name = shared.name("union");
        let mut chains = Vec::new();
        for stream in streams {
            shared.meets(&stream.shared, "union");
            chains.push(stream.chain);
        }
        DataStream::new(Rc::clone(shared), UnionAll::new(name, chains))
    }
}

/// The branches; if the stream could not be divided, for which there is an error
/// already, streams of nothing.
fn branches_or_none<const N: usize, T: Send + 'static>(
    shared: &Rc<Shared>,
    branches: Option<Vec<SideStream<T>>>,
) -> [Branch<T>; N] {
    let mut branches = branches.unwrap_or_default().into_iter();
    std::array::from_fn(|_| {
        let branch = branches.next();
        let branch = branch.unwrap_or_else(|| SideStream::none(shared.name("branch")));
        DataStream::new(Rc::clone(shared), branch)
    })
}
