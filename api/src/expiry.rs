use crate::DataStream;
use fluxus_core::{Expires, Timed};
use std::time::Duration;

/// How long the state of a key lasts: for the operators that keep one, right behind
/// them. Without it, as long as the job runs.
impl<C: Expires> DataStream<C> {
    /// Forgets the state of a key when `time` has passed in event time since it was
    /// written last; by every record of the key, save those that `distinct` and
    /// `dedup` leave out.
    ///
    /// A record at or behind that instant does not see the state, nor does any once
    /// the watermark is there; then the key is let go of. Nothing of zero is an error
    /// when the job is built.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let visits = job
    ///     .from_iter([("a", 1i64), ("a", 5), ("a", 30)])
    ///     .timestamps(|&(_, time)| Timestamp::from_secs(time), BoundedDisorder::monotonous())
    ///     .key_by(|&(user, _)| user)
    ///     .fold(0, |visits, _| *visits += 1)
    ///     .expire_after(Duration::from_secs(10))
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(visits.take(), [("a", 1), ("a", 2), ("a", 1)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// Without timestamps there is no event time to pass:
    ///
    /// ```compile_fail
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new()).unwrap();
    /// let second = std::time::Duration::from_secs(1);
    /// job.from_iter(0..5).key_by(|n| n % 2).distinct().expire_after(second).for_each(|_| {});
    /// ```
    pub fn expire_after(mut self, time: Duration) -> Self
    where
        C: Timed,
    {
        self.chain.time_to_live().event = Some(time);
        self
    }

    /// Forgets the state of a key when `time` has passed by the wall since it was
    /// written last, as [`expire_after`](Self::expire_after) does in event time. The
    /// clock is the job's ([`Config::clock`](crate::Config::clock)); it is read once
    /// a batch. With both, the state lasts until the first of them is over.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::ManualClock;
    /// # use std::time::Duration;
    /// let clock = ManualClock::at(Timestamp::from_secs(100));
    /// let config = Config::new().workers(1).batch(1).clock(clock.clone());
    /// let job = Job::new("doc", config)?;
    /// let firsts = job
    ///     .from_iter(["a", "a", "a", "a"])
    ///     .inspect(move |_| clock.advance(Duration::from_secs(4)))
    ///     .key_by(|&name| name)
    ///     .distinct()
    ///     .expire_after_wall(Duration::from_secs(10))
    ///     .collect();
    /// job.run()?;
    /// assert_eq!(firsts.take().len(), 2);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn expire_after_wall(mut self, time: Duration) -> Self {
        self.chain.time_to_live().wall = Some(time);
        self
    }
}
