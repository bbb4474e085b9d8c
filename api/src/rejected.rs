use crate::shape::Branch;
use crate::DataStream;
use fluxus_core::operator::{Rejected, SideStream};
use fluxus_core::Rejects;
use std::rc::Rc;

/// What a full state rejects, and what comes too late for a join: for the operators
/// that keep a state for each key, right behind them.
impl<C: Rejects> DataStream<C> {
    /// Takes the records as a second stream whose keys are new when the state holds
    /// as many as it may, under
    /// [`WhenFull::Reject`](crate::WhenFull::Reject). Without it they are counted
    /// only ([`Measure::Refused`](crate::Measure::Refused)). Of a join it has the late
    /// records of both sides as well.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::WhenFull;
    /// let config = Config::new().workers(1).expected_keys(1).key_limit(1);
    /// let job = Job::new("doc", config.when_full(WhenFull::Reject))?;
    /// let (sums, rejected) = job
    ///     .from_iter([("a", 1), ("b", 5), ("a", 2)])
    ///     .key_by(|&(name, _)| name)
    ///     .fold(0, |sum, (_, n)| *sum += n)
    ///     .with_rejected();
    /// let (sums, rejected) = (sums.collect(), rejected.map(|r| r.value).collect());
    /// job.run()?;
    /// assert_eq!(sums.take(), [("a", 1), ("a", 3)]);
    /// assert_eq!(rejected.take(), [("b", 5)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn with_rejected(mut self) -> (Self, Branch<Rejected<C::Record>>) {
        let shared = Rc::clone(&self.shared);
        let name = shared.name("rejected");
        let rejected = shared.plan(|plan| self.chain.rejected(plan, name.clone()));
        let rejected = rejected.unwrap_or_else(|| SideStream::none(name));
        (self, DataStream::new(shared, rejected))
    }
}
