use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

use crate::crew::{name_of, Crew};
use crate::outcome::in_order;
use crate::tally::{tally, Gauges};
use crate::{Control, Outcome, Step, Task};

/// Rounds without progress that only yield; after them the thread also sleeps.
const YIELDS: u32 = 1_000;

/// How long it then sleeps between rounds: nobody can wake it, so this is what
/// a record from outside may have to wait.
const NAP: Duration = Duration::from_micros(100);

/// Runs all tasks on the calling thread, round robin, to the end.
///
/// The order of the polls depends on nothing but the tasks' own answers, so
/// the same tasks do the same thing every time. Panics, faults and stops are
/// handled as [`launch`](crate::launch) handles them. When a round brings
/// nothing, the thread yields, for another one may feed a source; tasks that
/// wait for each other for ever go on for ever, round by round, until
/// [`Control::stop`]. To notice that, drive an [`InlineRun`] instead.
pub fn run_inline(tasks: Vec<Box<dyn Task>>, control: &Control, budget: usize) -> Outcome {
    let mut run = InlineRun::new(tasks, control, budget);
    let mut waited = 0;
    while run.is_live() {
        if run.round() {
            waited = 0;
            continue;
        }
        waited += 1;
        if waited <= YIELDS {
            thread::yield_now();
        } else {
            waited = YIELDS;
            thread::sleep(NAP);
        }
    }
    run.finish()
}

/// Tasks on the calling thread, polled one by one as the caller likes.
///
/// For tests that interleave tasks in an order of their own, or that must
/// notice when nothing moves.
///
/// ```
/// # use fluxus_runtime::{Control, Fault, InlineRun, Step, Task};
/// # struct Stuck;
/// # impl Task for Stuck {
/// #     fn name(&self) -> &str { "stuck" }
/// #     fn poll(&mut self, _: usize) -> Result<Step, Fault> { Ok(Step::Blocked) }
/// #     fn abort(&mut self) {}
/// # }
/// # let tasks: Vec<Box<dyn Task>> = vec![Box::new(Stuck)];
/// let control = Control::new(vec![]);
/// let mut run = InlineRun::new(tasks, &control, 256);
/// while run.is_live() {
///     if !run.round() {
///         control.stop(); // nothing moves, and nobody else is there
///     }
/// }
/// assert!(run.finish().stopped);
/// ```
pub struct InlineRun {
    /// Gone once finished.
    crew: Option<Crew>,
    gauges: Gauges,
    control: Control,
}

impl std::fmt::Debug for InlineRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InlineRun")
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}

impl InlineRun {
    /// Takes the tasks; polls none yet.
    pub fn new(tasks: Vec<Box<dyn Task>>, control: &Control, budget: usize) -> Self {
        let (tally, gauges) = tally();
        InlineRun {
            crew: Some(Crew::new(None, tasks, budget, tally)),
            gauges,
            control: control.clone(),
        }
    }

    /// How many tasks are not done.
    pub fn live(&self) -> usize {
        self.crew.as_ref().map_or(0, Crew::live)
    }

    /// Whether there is anything left to poll: a task that is not done, no
    /// failure, no stop.
    pub fn is_live(&self) -> bool {
        match &self.crew {
            Some(crew) => crew.live() > 0 && !crew.has_failed() && !self.control.is_stopping(),
            None => false,
        }
    }

    /// From now on a poll takes at most so many records.
    pub fn limit(&mut self, budget: usize) {
        if let Some(crew) = &mut self.crew {
            crew.limit(budget);
        }
    }

    /// The name of the task at this position among those that are not done.
    pub fn name(&self, index: usize) -> Option<String> {
        let crew = self.crew.as_ref()?;
        crew.task(index).map(name_of)
    }

    /// Whether the task at this position [waits for the
    /// outside](Task::waits_for_outside) when it is idle.
    pub fn waits_for_outside(&self, index: usize) -> bool {
        let task = self.crew.as_ref().and_then(|crew| crew.task(index));
        task.is_some_and(Task::waits_for_outside)
    }

    /// Polls every task once, in order; says whether any of them got on.
    pub fn round(&mut self) -> bool {
        self.contained(Crew::round).unwrap_or(false)
    }

    /// Polls the task at this position among those that are not done, from 0
    /// to [`live`](InlineRun::live). `None` when it failed, or there is none.
    ///
    /// When it is done, those behind it move up.
    pub fn poll(&mut self, index: usize) -> Option<Step> {
        if index < self.live() {
            self.contained(|crew| crew.poll(index)).flatten()
        } else {
            None
        }
    }

    /// Aborts the tasks that are not done, and says how it went.
    pub fn finish(mut self) -> Outcome {
        let ended = match self.crew.take() {
            Some(crew) => crew.end(&self.control),
            None => Default::default(),
        };
        Outcome {
            faults: in_order(ended.faults),
            warnings: Vec::new(),
            stopped: ended.stopped,
            workers: vec![self.gauges.report(0, None, &[])],
        }
    }

    fn contained<R>(&mut self, code: impl FnOnce(&mut Crew) -> R) -> Option<R> {
        if !self.is_live() {
            return None;
        }
        let crew = self.crew.as_mut()?;
        match catch_unwind(AssertUnwindSafe(|| code(crew))) {
            Ok(answer) => Some(answer),
            Err(payload) => {
                crew.caught(payload);
                None
            }
        }
    }
}

impl Drop for InlineRun {
    fn drop(&mut self) {
        // Dropped before it was finished: its tasks are told all the same.
        if let Some(crew) = self.crew.take() {
            drop(crew.end(&self.control));
        }
    }
}
