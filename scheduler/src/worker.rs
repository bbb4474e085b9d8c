use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread;

use fluxus_ringbuf::Parker;

use crate::crew::{Crew, Ended};
use crate::idle::{Patience, Rest, PARK_LIMIT};
use crate::tally::Tally;
use crate::{Control, Seat, Task};

/// The tasks of one worker, and what it sleeps on, as handed to
/// [`launch`](crate::launch).
pub struct Worker {
    /// The tasks, polled in this order; there may be none.
    pub tasks: Vec<Box<dyn Task>>,
    /// Puts the worker to sleep. Its wakers belong to the
    /// [`Control`] and to whoever brings the tasks work.
    pub parker: Parker,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("tasks", &self.tasks.len())
            .field("parker", &self.parker)
            .finish()
    }
}

/// Polls the tasks until all are done, one of them fails, or the job stops.
pub(crate) fn work(
    number: usize,
    worker: Worker,
    seat: Seat,
    control: &Control,
    budget: usize,
    tally: Tally,
) -> Ended {
    let Worker { tasks, parker } = worker;
    let mut crew = Crew::new(Some(number), tasks, budget, tally);
    let patience = Patience::new(seat.idle, seat.shared);
    // Once around all the rounds: after a panic nobody here is polled again.
    let rounds = AssertUnwindSafe(|| keep_polling(&mut crew, &parker, patience, control));
    if let Err(payload) = catch_unwind(rounds) {
        crew.caught(payload);
    }
    crew.end(control)
}

fn keep_polling(crew: &mut Crew, parker: &Parker, mut patience: Patience, control: &Control) {
    let mut announced = false;
    while crew.live() > 0 && !control.is_stopping() {
        let progress = crew.round();
        if crew.has_failed() {
            return;
        }
        if progress {
            if announced {
                parker.cancel();
                announced = false;
            }
            patience.reset();
            continue;
        }
        if announced {
            // Nothing came between the announcement and this round, nor a
            // stop; whatever came since has woken us already.
            crew.tally().park();
            parker.park(Some(PARK_LIMIT));
            announced = false;
            continue;
        }
        match patience.next() {
            Rest::Spin => std::hint::spin_loop(),
            Rest::Yield => thread::yield_now(),
            Rest::Park => {
                parker.prepare();
                announced = true;
            }
        }
    }
}
