use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

use crate::culprit;
use crate::outcome::Noted;
use crate::tally::Tally;
use crate::{Control, Fault, Step, Task};

/// The tasks of one thread, from the first poll to the last drop.
///
/// # Invariants
///
/// - Every task leaves in one of two ways: it said `Done`, or it was aborted.
/// - Nothing that a task does gets out as a panic, except out of
///   [`poll`](Crew::poll), whose caller hands it back to [`caught`](Crew::caught).
pub(crate) struct Crew {
    worker: Option<usize>,
    budget: usize,
    /// Those that are not done, with the places they came in.
    tasks: Vec<(usize, Box<dyn Task>)>,
    /// Which of them is being polled.
    current: usize,
    faults: Vec<Noted>,
    tally: Tally,
    /// The shortest time that a task of the last round asked to be left alone for.
    soonest: Option<Duration>,
}

/// What is left of a crew when all its tasks are gone.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub(crate) faults: Vec<Noted>,
    /// Whether a task was aborted although none of these had failed.
    pub(crate) stopped: bool,
}

impl Crew {
    pub(crate) fn new(
        worker: Option<usize>,
        tasks: Vec<Box<dyn Task>>,
        budget: usize,
        tally: Tally,
    ) -> Self {
        Crew {
            worker,
            budget,
            tasks: tasks.into_iter().enumerate().collect(),
            current: 0,
            faults: Vec::new(),
            tally,
            soonest: None,
        }
    }

    pub(crate) fn live(&self) -> usize {
        self.tasks.len()
    }

    /// From now on a poll takes at most so many records.
    pub(crate) fn limit(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// The task at this position among those that are not done.
    pub(crate) fn task(&self, index: usize) -> Option<&dyn Task> {
        self.tasks.get(index).map(|(_, task)| task.as_ref())
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.faults.is_empty()
    }

    pub(crate) fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Polls every task once, and says whether any of them got on. Ends early
    /// when one fails.
    #[inline]
    pub(crate) fn round(&mut self) -> bool {
        let mut progress = false;
        let mut index = 0;
        self.soonest = None;
        while index < self.tasks.len() {
            match self.poll(index) {
                Some(Step::Progress) => {
                    progress = true;
                    index += 1;
                }
                // The next one has moved up.
                Some(Step::Done) => progress = true,
                Some(Step::Idle | Step::Blocked) => index += 1,
                Some(Step::IdleFor(time)) => {
                    self.soonest = Some(self.soonest.map_or(time, |soonest| soonest.min(time)));
                    index += 1;
                }
                None => break,
            }
        }
        self.tally.publish();
        progress
    }

    /// After how long a task of the last round is to be polled again, if any said.
    pub(crate) fn soonest(&self) -> Option<Duration> {
        self.soonest
    }

    /// Polls one task; `None` when it failed.
    ///
    /// # Panics
    ///
    /// When the task does.
    #[inline]
    pub(crate) fn poll(&mut self, index: usize) -> Option<Step> {
        // A panic that someone caught before it came to us may have left a
        // name, which must not be blamed for what comes.
        culprit::forget();
        self.current = index;
        let (place, task) = &mut self.tasks[index];
        self.tally.poll(*place);
        let step = match task.poll(self.budget) {
            Ok(step) => step,
            Err(fault) => {
                self.note(fault);
                return None;
            }
        };
        self.tally.step(step);
        if step == Step::Done {
            self.retire(index);
        }
        (!self.has_failed()).then_some(step)
    }

    /// Takes a panic that came out of [`poll`](Crew::poll).
    pub(crate) fn caught(&mut self, payload: Box<dyn std::any::Any + Send>) {
        let operator = culprit::take().unwrap_or_else(|| match self.tasks.get(self.current) {
            Some((_, task)) => name_of(task.as_ref()),
            None => "a task".to_owned(),
        });
        self.note(Fault::caught(operator, payload));
    }

    /// Ends the crew: aborts the tasks that are not done, and drops them.
    ///
    /// On a failure everyone else is told to end before that.
    pub(crate) fn end(mut self, control: &Control) -> Ended {
        self.tally.publish();
        if self.has_failed() {
            control.halt();
        }
        let stopped = control.is_asked_to_stop() && !self.tasks.is_empty();
        for (_, mut task) in std::mem::take(&mut self.tasks) {
            let name = name_of(task.as_ref());
            self.contain(&name, || task.abort());
            self.contain(&name, || drop(task));
        }
        Ended {
            faults: self.faults,
            stopped,
        }
    }

    /// A task is done: drop it now, so that its peers see its ends closed.
    #[cold]
    fn retire(&mut self, index: usize) {
        let (_, task) = self.tasks.remove(index);
        let name = name_of(task.as_ref());
        self.contain(&name, || drop(task));
    }

    fn note(&mut self, mut fault: Fault) {
        if let Some(worker) = self.worker {
            fault = fault.on_worker(worker);
        }
        self.faults.push(Noted::now(fault));
    }

    /// Runs code of a task that must not take the thread down with it.
    fn contain(&mut self, task: &str, code: impl FnOnce()) {
        culprit::forget();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(code)) {
            let operator = culprit::take().unwrap_or_else(|| task.to_owned());
            self.note(Fault::caught(operator, payload));
        }
    }
}

/// The name of a task, even of one that panics when asked.
pub(crate) fn name_of(task: &dyn Task) -> String {
    catch_unwind(AssertUnwindSafe(|| task.name().to_owned())).unwrap_or_else(|payload| {
        culprit::forget();
        drop(Fault::caught("", payload));
        "a task without a name".to_owned()
    })
}
