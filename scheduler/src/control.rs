use std::sync::Arc;

use fluxus_ringbuf::{StopFlag, Waker};

/// Stops or drains a job, from any thread; every clone controls the same job.
///
/// The scheduler obeys a stop by itself. A drain is for the tasks: sources
/// look at [`is_draining`](Control::is_draining), end, and everything behind
/// them flows out.
#[derive(Debug, Clone)]
pub struct Control {
    /// Every worker ends at its next round: someone asked, or a task failed.
    halt: StopFlag,
    /// Someone asked for the stop. Raised before `halt`.
    asked: StopFlag,
    drain: StopFlag,
    wakers: Arc<[Waker]>,
}

impl Control {
    /// Controls the workers that these wakers wake, one for each
    /// [`Parker`](fluxus_ringbuf::Parker) that is handed to
    /// [`launch`](crate::launch).
    ///
    /// A worker whose waker is missing notices a stop when its park times out.
    pub fn new(wakers: Vec<Waker>) -> Self {
        Control {
            halt: StopFlag::new(),
            asked: StopFlag::new(),
            drain: StopFlag::new(),
            wakers: wakers.into(),
        }
    }

    /// Ends the job now: no task is polled again once its worker has noticed,
    /// and those that are not done are aborted.
    pub fn stop(&self) {
        self.asked.raise();
        self.halt();
    }

    /// Asks the sources to end, so that everything under way flows out.
    pub fn drain(&self) {
        self.drain.raise();
        self.wake_all();
    }

    /// Whether the job is ending: a stop was asked for, or a task failed.
    #[inline]
    pub fn is_stopping(&self) -> bool {
        self.halt.is_raised()
    }

    /// Whether the sources shall end.
    #[inline]
    pub fn is_draining(&self) -> bool {
        self.drain.is_raised()
    }

    /// Whether it was someone's wish, not a failure, that ends the job.
    pub(crate) fn is_asked_to_stop(&self) -> bool {
        self.asked.is_raised()
    }

    /// Ends the job because a task failed.
    pub(crate) fn halt(&self) {
        self.halt.raise();
        self.wake_all();
    }

    fn wake_all(&self) {
        for waker in self.wakers.iter() {
            waker.wake();
        }
    }
}
