use crate::operator::{Rejected, SideStream};
use crate::plan::Leg;
use crate::{Collector, Error, Instance, Name, Plan};
use fluxus_windows::TimeToLive;

/// The parallel instances of an operator, and where they sit: they go round the
/// workers, from one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// How many instances there are.
    pub count: usize,
    /// The worker of the first of them.
    pub first_worker: usize,
}

impl Spread {
    /// So many instances, from the first worker on.
    pub const fn over(count: usize) -> Self {
        Self {
            count,
            first_worker: 0,
        }
    }

    /// Whether there is only one instance.
    pub const fn is_single(self) -> bool {
        self.count == 1
    }
}

/// The description of a stream so far: a source, and the operators behind it.
///
/// A chain is built from the source down and lowered from the sink up: every
/// description knows its upstream, and is given a way to make its downstream.
/// So the finished operators nest, and the compiler sees one loop:
///
/// ```text
///   described   Filter { upstream: Map { upstream: Source } }
///   lowered     Source ─► MapOperator { next: FilterOperator { next: sink } }
/// ```
///
/// A chain may run in several instances at once (one a partition of its
/// source, or one a worker behind a key); `downstream` is asked once for each.
pub trait Chain: Sized + 'static {
    /// What the stream carries.
    type Item: Send + 'static;

    /// How many instances of its last operator there will be, and where.
    fn instances(&self, plan: &Plan) -> Spread;

    /// Turns the description into tasks of the plan.
    ///
    /// # Errors
    /// What cannot be, with the operator's name.
    fn lower<C, D>(self, plan: &mut Plan, downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C;

    /// The streams that meet where this one is united with another: itself, or
    /// those that it unites.
    #[doc(hidden)]
    fn legs(self, plan: &Plan) -> Vec<Leg<Self::Item>> {
        vec![Leg::beside(plan, "union", self)]
    }
}

/// A chain whose records carry event time, so that windows can be put over it.
///
/// Sources that know the times of their records are timed, and everything is
/// behind an assignment of timestamps.
pub trait Timed: Chain {}

/// A description whose last operator can be given another name.
pub trait Named {
    /// Gives the last operator this name.
    fn rename(&mut self, name: Name);
}

/// A description whose last operator rejects records when its state is full.
pub trait Rejects {
    /// What comes in, and may be rejected.
    type Record;

    /// Takes the records that are rejected as a stream.
    ///
    /// # Errors
    /// When there is no memory for the rings.
    fn rejected(
        &mut self,
        plan: &mut Plan,
        name: Name,
    ) -> Result<SideStream<Rejected<Self::Record>>, Error>;
}

/// A description whose last operator keeps a state for each key, for ever unless
/// it is given a time to live.
pub trait Expires {
    /// For how long the operator keeps what was written last, to be changed.
    fn time_to_live(&mut self) -> &mut TimeToLive;
}
