use std::time::Duration;

use crate::Fault;

/// What one poll of a [`Task`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Something was done; poll again soon.
    Progress,
    /// There was no input.
    Idle,
    /// There was no input, and there will be some after this long without
    /// anybody waking the worker: it polls again by then, however it rests.
    IdleFor(Duration),
    /// There is output that could not be sent: the way out is full.
    Blocked,
    /// Everything is done. The task is never polled again and is dropped at once.
    Done,
}

/// A piece of a job that a worker polls until it is done.
///
/// A task belongs to one worker for all its life, so nothing in it needs to be
/// shared. The worker calls the methods like this:
///
/// ```text
///  poll ─► poll ─► ... ─► Done ─► drop               the usual end
///  poll ─► poll ─► ... ─► stop, fault or panic ─► abort (once) ─► drop
/// ```
pub trait Task: Send {
    /// The name that errors and plans use for this task.
    fn name(&self) -> &str;

    /// Does a bounded piece of work and says how it went.
    ///
    /// `budget` bounds the records taken in one call. A poll never spins,
    /// parks or blocks inside: waiting is the worker's affair, which is why
    /// [`Step::Idle`] and [`Step::Blocked`] are answers. A task that is
    /// blocked takes no input until its output has gone.
    ///
    /// # Errors
    ///
    /// A fault ends the whole job: every worker stops, and every task that is
    /// not done is aborted, this one included.
    ///
    /// # Panics
    ///
    /// A panic is contained by the worker and counts as a fault.
    fn poll(&mut self, budget: usize) -> Result<Step, Fault>;

    /// Whether work may come to it from outside of the job: from a file, a
    /// socket, another thread, a clock. Where no such task is idle, and no other
    /// gets on, nothing ever will.
    fn waits_for_outside(&self) -> bool {
        false
    }

    /// Tells the task that it will not be finished.
    ///
    /// Called exactly once, by the thread that polled it, if the job ends
    /// before this task said [`Step::Done`]: on a stop, on anyone's fault, on
    /// its own panic. A panic in here is contained and attached to the outcome.
    fn abort(&mut self);
}
