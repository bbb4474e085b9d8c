use super::Random;
use crate::plan::Conclusion;
use crate::run::report;
use crate::{Error, JobFailure, Plan, Report};
use fluxus_runtime::{Control, Fault, InlineRun, Step, Task};
use std::fmt::Debug;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::{Duration, Instant};

/// Runs the plan on the calling thread, its tasks polled in a random order with
/// random budgets: some starve for a while, some are polled again and again.
/// The same seed gives the same polls, and so the same output in the same order.
///
/// ```
/// use fluxus_core::operator::Map;
/// use fluxus_core::sink::collected;
/// use fluxus_core::source::Head;
/// use fluxus_core::testing::{run_seeded, Script};
/// use fluxus_core::{Config, Name, Plan};
///
/// let mut plan = Plan::new("doubled", Config::new().workers(2).conclude()?);
/// let scripts = vec![Script::of_records([(1, 10), (2, 20)])];
/// let head = Head::<_, true>::new(&mut plan, Name::new("script"), scripts)?;
/// let doubled = Map::new(Name::new("double"), head, |n: i32| 2 * n);
/// let rows = collected(&mut plan, &Name::new("rows"), doubled)?;
/// run_seeded(plan, 7)?;
/// assert_eq!(rows.take(), [20, 40]);
/// # Ok::<(), fluxus_core::Error>(())
/// ```
///
/// # Errors
/// When a stream was never brought to a sink, or the job fails; and when it
/// stalls: nothing moves, and no source is idle that something from outside
/// could wake. The error says which tasks are blocked.
pub fn run_seeded(plan: Plan, seed: u64) -> Result<Report, Error> {
    let Conclusion {
        name,
        settings,
        control,
        workers,
        registry,
        latencies,
        ..
    } = plan.conclude()?;
    let started = Instant::now();
    let tasks: Vec<Box<dyn Task>> = workers.into_iter().flat_map(|w| w.tasks).collect();
    let mut schedule = Schedule::new(seed, tasks, &control, settings.batch);
    let stalled = schedule.run_out();
    let outcome = schedule.run.finish();
    if let Some(stalled) = stalled.filter(|_| outcome.faults.is_empty()) {
        let faults = vec![stalled];
        return Err(Error::Failed(JobFailure { faults }));
    }
    let drained = control.is_draining();
    report(name, outcome, drained, &registry, latencies.take(), started)
}

/// Fair rounds in which nothing moved, before it is said that nothing will. A
/// task may get on without saying so (it flushes, or counts the calls), but not
/// so often in a row.
const PATIENCE: u32 = 1_000;

/// How long a round then waits for the outside, where something may come from.
const NAP: Duration = Duration::from_micros(100);

struct Schedule {
    random: Random,
    run: InlineRun,
    control: Control,
    batch: usize,
    /// How often each live task is polled, compared with the others.
    weights: Vec<usize>,
    /// Polls until they change.
    left: usize,
    /// The task that is polled again.
    favourite: Option<usize>,
}

impl Schedule {
    fn new(seed: u64, tasks: Vec<Box<dyn Task>>, control: &Control, batch: usize) -> Self {
        Self {
            random: Random::new(seed),
            weights: vec![1; tasks.len()],
            run: InlineRun::new(tasks, control, batch),
            control: control.clone(),
            batch,
            left: 0,
            favourite: None,
        }
    }

    /// Polls until all is done, or nothing moves.
    fn run_out(&mut self) -> Option<Fault> {
        let mut fruitless = 0;
        while self.run.is_live() {
            let index = self.next();
            match self.poll(index)? {
                Step::Progress | Step::Done => fruitless = 0,
                _ => fruitless += 1,
            }
            if fruitless > 8 * self.run.live() {
                fruitless = 0;
                if let Some(stalled) = self.be_fair() {
                    return Some(stalled);
                }
            }
        }
        None
    }

    /// Which task is polled next.
    fn next(&mut self) -> usize {
        let live = self.run.live();
        if self.left == 0 {
            self.left = 1 + self.random.below(16 * live);
            // All alike, or some seldom and some not at all.
            let choice: &[usize] = match self.random.below(3) {
                0 => &[1],
                1 => &[1, 8],
                _ => &[0, 1, 1, 32],
            };
            for weight in &mut self.weights {
                *weight = *self.random.pick(choice);
            }
            self.favourite = None;
        }
        self.left -= 1;
        if let Some(favourite) = self.favourite.filter(|_| !self.random.once_in(4)) {
            return favourite;
        }
        let mut mark = self.random.below(self.weights.iter().sum());
        let index = self.weights.iter().position(|&weight| {
            let is_it = mark < weight;
            mark = mark.saturating_sub(weight);
            is_it
        });
        let index = index.unwrap_or_else(|| self.random.below(live));
        self.favourite = self.random.once_in(8).then_some(index);
        index
    }

    /// Polls a task; `None` when one has failed.
    fn poll(&mut self, index: usize) -> Option<Step> {
        let batch = self.batch;
        let budget = match self.random.below(4) {
            0 => 1,
            1 => 2,
            2 => 1 + self.random.below(batch),
            _ => batch,
        };
        self.run.limit(budget.min(batch));
        let step = self.run.poll(index)?;
        if step == Step::Done {
            self.weights.remove(index);
            self.favourite = None;
        }
        Some(step)
    }

    /// Polls every task in turn until one gets on; tells if none ever will.
    fn be_fair(&mut self) -> Option<Fault> {
        let mut rounds = 0;
        while self.run.is_live() {
            let (mut blocked, mut idle) = (Vec::new(), Vec::new());
            let mut waits = false;
            for index in 0..self.run.live() {
                self.run.limit(self.batch);
                match self.run.poll(index)? {
                    Step::Progress => return None,
                    Step::Done => {
                        self.weights.remove(index);
                        self.favourite = None;
                        return None;
                    }
                    Step::Blocked => blocked.push(index),
                    Step::Idle | Step::IdleFor(_) => {
                        waits |= self.run.waits_for_outside(index);
                        idle.push(index);
                    }
                }
            }
            rounds += 1;
            if rounds >= PATIENCE {
                if !waits {
                    return Some(self.stalled(&blocked, &idle));
                }
                rounds = PATIENCE;
                std::thread::sleep(NAP);
            }
        }
        None
    }

    fn stalled(&self, blocked: &[usize], idle: &[usize]) -> Fault {
        let names = |indices: &[usize]| {
            let names: Vec<String> = indices.iter().filter_map(|&i| self.run.name(i)).collect();
            match names.is_empty() {
                true => "none".to_owned(),
                false => names.join(", "),
            }
        };
        let (blocked_names, idle_names) = (names(blocked), names(idle));
        let culprit = blocked.first().or(idle.first());
        let culprit = culprit.and_then(|&index| self.run.name(index));
        self.control.stop();
        Fault::error(
            culprit.unwrap_or_default(),
            format!(
                "nothing moves, and nothing is to come from outside; \
                 blocked: {blocked_names}; idle: {idle_names}"
            ),
        )
    }
}

/// Runs a job many times, its tasks interleaved otherwise for every seed, and
/// holds each run to what the first one gave: the same output, whatever the
/// order in which the tasks were polled. Answers with that output.
///
/// `build` makes the job anew, and what reads its output when it has run. Let
/// the output be such that it can be compared: sort what has no order.
///
/// ```
/// use fluxus_core::sink::collected;
/// use fluxus_core::source::Head;
/// use fluxus_core::testing::{run_with_seeds, Script};
/// use fluxus_core::{Config, Name, Plan};
///
/// let rows = run_with_seeds(0..100, || {
///     let mut plan = Plan::new("two", Config::new().workers(2).conclude()?);
///     let scripts = vec![Script::of_records([(1, 1)]), Script::of_records([(2, 2)])];
///     let head = Head::<_, true>::new(&mut plan, Name::new("script"), scripts)?;
///     let rows = collected(&mut plan, &Name::new("rows"), head)?;
///     Ok((plan, move || {
///         let mut rows = rows.take();
///         rows.sort();
///         rows
///     }))
/// });
/// assert_eq!(rows, [1, 2]);
/// ```
///
/// # Panics
/// When a run fails, stalls, or gives something else; the message names the
/// seed, with which [`run_seeded`] does it again.
pub fn run_with_seeds<R, O>(
    seeds: impl IntoIterator<Item = u64>,
    build: impl FnMut() -> Result<(Plan, O), Error>,
) -> R
where
    R: PartialEq + Debug,
    O: FnOnce() -> R,
{
    same_with_seeds(seeds, build, run_seeded)
}

/// As [`run_with_seeds`], of whatever can be run with a seed.
///
/// # Panics
/// As it does.
#[track_caller]
pub fn same_with_seeds<J, R, O>(
    seeds: impl IntoIterator<Item = u64>,
    mut build: impl FnMut() -> Result<(J, O), Error>,
    mut run: impl FnMut(J, u64) -> Result<Report, Error>,
) -> R
where
    R: PartialEq + Debug,
    O: FnOnce() -> R,
{
    let mut first: Option<(u64, R)> = None;
    for seed in seeds {
        let once = || -> Result<R, Error> {
            let (job, output) = build()?;
            run(job, seed)?;
            Ok(output())
        };
        let found = match catch_unwind(AssertUnwindSafe(once)) {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => panic!("seed {seed}: {error}"),
            Err(payload) => panic!("seed {seed}: {}", Fault::caught("", payload)),
        };
        match &first {
            None => first = Some((seed, found)),
            Some((other, expected)) => assert!(
                found == *expected,
                "seed {seed} gives another output than seed {other}:\n{found:?}\n{expected:?}"
            ),
        }
    }
    match first {
        Some((_, output)) => output,
        None => panic!("there is no seed to run with"),
    }
}
