use std::error::Error;
use std::fmt;
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::crew::{name_of, Crew, Ended};
use crate::outcome::{in_order, Noted};
use crate::pin::pin;
use crate::tally::{tally, Gauges, Tally};
use crate::worker::work;
use crate::{
    Control, Fault, IdleStrategy, Outcome, PinFailure, RefusedPin, Seat, Seating, Warning, Worker,
    WorkerReport, MAX_WORKERS,
};

/// How long dropping a [`JobHandle`] waits for the threads. A task is back
/// from its poll within milliseconds; one that takes seconds is stuck in
/// someone's code, and waiting longer would not help.
const GRACE: Duration = Duration::from_secs(5);

/// The pause between two looks at threads that are about to end.
const GRACE_PAUSE: Duration = Duration::from_micros(100);

/// Starts a thread a worker, each in its seat.
///
/// Returns when every worker has sat down, so that the warnings are complete;
/// no task is polled before that. `budget` is handed to every poll.
///
/// # Errors
///
/// When the seats do not fit the workers, when the budget is zero, or when the
/// operating system refuses a thread. Then no task has been polled, every task
/// has been aborted, and no thread is left.
///
/// ```
/// use fluxus_ringbuf::Parker;
/// use fluxus_runtime::{
///     launch, Control, IdleStrategy, Placement, Seating, Topology, Worker,
/// };
/// # use fluxus_runtime::{Fault, Step, Task};
/// # struct Nothing;
/// # impl Task for Nothing {
/// #     fn name(&self) -> &str { "nothing" }
/// #     fn poll(&mut self, _: usize) -> Result<Step, Fault> { Ok(Step::Done) }
/// #     fn abort(&mut self) {}
/// # }
///
/// let placement: Placement = "auto".parse()?;
/// let seating = Seating::arrange(&placement, 1, IdleStrategy::default(), &Topology::read());
/// let parker = Parker::new();
/// let control = Control::new(vec![parker.waker()]);
/// let worker = Worker {
///     tasks: vec![Box::new(Nothing)],
///     parker,
/// };
/// let job = launch("example", seating, vec![worker], control, 256)?;
/// let outcome = job.join();
/// assert!(outcome.is_complete());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn launch(
    job_name: &str,
    seating: Seating,
    workers: Vec<Worker>,
    control: Control,
    budget: usize,
) -> Result<JobHandle, LaunchError> {
    launch_with(
        job_name,
        seating,
        workers,
        control,
        budget,
        &mut |builder, body| builder.spawn(body),
    )
}

/// What a worker's thread runs.
type Body = Box<dyn FnOnce() -> Ended + Send>;

/// How a thread is spawned; tests hand in one that fails.
type Spawn<'a> = &'a mut dyn FnMut(thread::Builder, Body) -> io::Result<thread::JoinHandle<Ended>>;

fn launch_with(
    job_name: &str,
    seating: Seating,
    workers: Vec<Worker>,
    control: Control,
    budget: usize,
    spawn: Spawn<'_>,
) -> Result<JobHandle, LaunchError> {
    let Seating {
        mut seats,
        mut warnings,
    } = seating;
    let problem = if workers.is_empty() {
        Some(Problem::NoWorkers)
    } else if workers.len() > MAX_WORKERS {
        Some(Problem::TooMany(workers.len()))
    } else if seats.len() != workers.len() {
        Some(Problem::Seats {
            seats: seats.len(),
            workers: workers.len(),
        })
    } else if budget == 0 {
        Some(Problem::NoBudget)
    } else {
        None
    };
    if let Some(problem) = problem {
        return Err(refuse(problem, workers, &control));
    }

    // The tasks stay here until every thread stands and has tried its pin:
    // until then all of them can still be told that the job does not start.
    let (sit, sat) = mpsc::channel();
    let mut threads = Vec::with_capacity(workers.len());
    let mut desks = Vec::with_capacity(workers.len());
    for (number, seat) in seats.iter().enumerate() {
        let (hand_over, desk) = mpsc::channel::<Orders>();
        let body = body(number, seat.core, sit.clone(), desk);
        let builder = thread::Builder::new().name(thread_name(job_name, number));
        match spawn(builder, body) {
            Ok(thread) => {
                threads.push(thread);
                desks.push(hand_over);
            }
            Err(error) => {
                // Without orders the threads that stand go home.
                drop(desks);
                drop(hand_over);
                for thread in threads {
                    let _ = thread.join();
                }
                let problem = Problem::Spawn {
                    worker: number,
                    error,
                };
                return Err(refuse(problem, workers, &control));
            }
        }
    }
    drop(sit);

    let (cores, pin_warnings) = take_seats(&mut seats, &sat);
    warnings.extend(pin_warnings);

    let mut gauges = Vec::with_capacity(workers.len());
    let mut names: Vec<Vec<String>> = Vec::with_capacity(workers.len());
    let mut lost = Vec::new();
    for (number, worker) in workers.into_iter().enumerate() {
        let (tally, gauge) = tally();
        gauges.push(gauge);
        names.push(
            worker
                .tasks
                .iter()
                .map(|task| name_of(task.as_ref()))
                .collect(),
        );
        let orders = Orders {
            worker,
            seat: seats[number],
            control: control.clone(),
            budget,
            tally,
        };
        if let Err(mpsc::SendError(orders)) = desks[number].send(orders) {
            // The thread is gone; joining it will tell why.
            control.halt();
            lost.extend(discard(orders.worker, number, &control));
        }
    }
    Ok(JobHandle {
        control,
        threads,
        gauges,
        names,
        cores,
        warnings,
        lost,
        grace: GRACE,
    })
}

/// What a worker gets when all of them have sat down.
struct Orders {
    worker: Worker,
    seat: Seat,
    control: Control,
    budget: usize,
    tally: Tally,
}

/// A worker and how its pin went; `None` when none was asked for.
type Sat = (usize, Option<Result<(), PinFailure>>);

fn body(
    number: usize,
    core: Option<usize>,
    sit: mpsc::Sender<Sat>,
    desk: mpsc::Receiver<Orders>,
) -> Body {
    Box::new(move || {
        let pinned = core.map(pin);
        // Nobody listens when the launch has failed; then no orders come.
        let _ = sit.send((number, pinned));
        drop(sit);
        match desk.recv() {
            Ok(orders) => work(
                number,
                orders.worker,
                orders.seat,
                &orders.control,
                orders.budget,
                orders.tally,
            ),
            Err(mpsc::RecvError) => Ended::default(),
        }
    })
}

/// Waits until every worker has tried its pin. Says which cores were verified,
/// and lets nobody spin on a core that it did not get.
fn take_seats(seats: &mut [Seat], sat: &mpsc::Receiver<Sat>) -> (Vec<Option<usize>>, Vec<Warning>) {
    let mut cores = vec![None; seats.len()];
    let mut refused = Vec::new();
    let mut spinners = Vec::new();
    // Ends when every sender is gone: each thread drops its own after its word.
    for (worker, pinned) in sat {
        let seat = &mut seats[worker];
        match (seat.core, pinned) {
            (Some(core), Some(Ok(()))) => cores[worker] = Some(core),
            (Some(core), Some(Err(failure))) => {
                refused.push(RefusedPin {
                    worker,
                    core,
                    failure,
                });
                seat.shared = true;
                if seat.idle == IdleStrategy::BusySpin {
                    seat.idle = IdleStrategy::Yield;
                    spinners.push(worker);
                }
            }
            (None, _) | (_, None) => {}
        }
    }
    let mut warnings = Vec::new();
    if !refused.is_empty() {
        refused.sort_by_key(|pin| pin.worker);
        warnings.push(Warning::PinsRefused { refused });
    }
    if !spinners.is_empty() {
        spinners.sort_unstable();
        warnings.push(Warning::SpinDowngraded {
            workers: spinners,
            allowed: crate::Topology::read().allowed(),
        });
    }
    (cores, warnings)
}

/// The job does not start: tells every task so.
fn refuse(problem: Problem, workers: Vec<Worker>, control: &Control) -> LaunchError {
    control.halt();
    let noted = workers
        .into_iter()
        .enumerate()
        .flat_map(|(number, worker)| discard(worker, number, control))
        .collect();
    LaunchError {
        problem,
        faults: in_order(noted),
    }
}

/// Aborts the tasks of a worker that never worked.
fn discard(worker: Worker, number: usize, control: &Control) -> Vec<Noted> {
    let (tally, _) = tally();
    Crew::new(Some(number), worker.tasks, 0, tally)
        .end(control)
        .faults
}

/// The longest thread name that Linux keeps.
const NAME_LIMIT: usize = 15;

/// `fluxus-<job>-<worker>`, with the job cut so that the worker stays.
fn thread_name(job: &str, worker: usize) -> String {
    let ending = format!("-{worker}");
    let room = NAME_LIMIT.saturating_sub("fluxus-".len() + ending.len());
    let mut name = String::from("fluxus-");
    let mut used = 0;
    // A thread's name cannot hold a zero byte.
    for letter in job.chars().filter(|&letter| letter != '\0') {
        used += letter.len_utf8();
        if used > room {
            break;
        }
        name.push(letter);
    }
    name + &ending
}

/// A running job: join it, stop it, drain it, or let it go.
///
/// Dropping the handle stops the job and waits for its threads, but not for
/// ever: after five seconds a thread that is stuck in someone's code is left
/// to itself. To let the job run on, [`detach`](JobHandle::detach) it.
#[derive(Debug)]
#[must_use = "dropping the handle stops the job"]
pub struct JobHandle {
    control: Control,
    /// Empty once joined or detached.
    threads: Vec<thread::JoinHandle<Ended>>,
    gauges: Vec<Gauges>,
    /// The names of each worker's tasks.
    names: Vec<Vec<String>>,
    /// The cores that were verified.
    cores: Vec<Option<usize>>,
    warnings: Vec<Warning>,
    /// The faults of workers that could not be started after all.
    lost: Vec<Noted>,
    /// How long a drop waits.
    grace: Duration,
}

impl JobHandle {
    /// Waits until every task is done, or the job fails or is stopped.
    ///
    /// It waits as long as the tasks take; a stop from another thread, through
    /// the [`control`](JobHandle::control), ends it. A task that waits for its
    /// own job would wait for ever, so the job is stopped instead.
    pub fn join(mut self) -> Outcome {
        let mut noted = std::mem::take(&mut self.lost);
        let mut stopped = false;
        if self.is_one_of_us() {
            self.control.stop();
            noted.push(Noted::now(Fault::error(
                "join",
                "a task of this job waited for the job to end; the job was stopped",
            )));
            self.threads.clear();
        }
        for (worker, thread) in std::mem::take(&mut self.threads).into_iter().enumerate() {
            match thread.join() {
                Ok(ended) => {
                    noted.extend(ended.faults);
                    stopped |= ended.stopped;
                }
                // Everything of the tasks is contained; this is our own.
                Err(payload) => noted.push(Noted::now(
                    Fault::caught("the worker itself", payload).on_worker(worker),
                )),
            }
        }
        Outcome {
            faults: in_order(noted),
            warnings: std::mem::take(&mut self.warnings),
            stopped,
            workers: self.reports(),
        }
    }

    /// Ends the job now; tasks that are not done are aborted.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Asks the sources to end, so that everything under way flows out.
    pub fn drain(&self) {
        self.control.drain();
    }

    /// Another handle on the same job, to stop or drain it from elsewhere.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Whether every worker has gone home, so that joining does not wait.
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(thread::JoinHandle::is_finished)
    }

    /// Waits until every worker has gone home, so long at most; says whether
    /// they have.
    ///
    /// A task of the job itself is told `false` at once.
    pub fn wait(&self, limit: Duration) -> bool {
        let begin = Instant::now();
        while !self.is_finished() {
            if begin.elapsed() >= limit || self.is_one_of_us() {
                return false;
            }
            thread::sleep(GRACE_PAUSE);
        }
        true
    }

    /// What is not as asked for, pins included; complete since the launch.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What each worker has done so far, and which task it polls right now.
    pub fn reports(&self) -> Vec<WorkerReport> {
        self.gauges
            .iter()
            .zip(self.cores.iter().zip(&self.names))
            .enumerate()
            .map(|(worker, (gauges, (&core, names)))| gauges.report(worker, core, names))
            .collect()
    }

    /// Lets the job run on by itself; a [`Control`] kept from before can still
    /// end it. Its outcome is lost.
    pub fn detach(mut self) {
        self.threads.clear();
    }

    /// Whether the calling thread is one of the job's own.
    fn is_one_of_us(&self) -> bool {
        let caller = thread::current().id();
        self.threads
            .iter()
            .any(|thread| thread.thread().id() == caller)
    }
}

impl Drop for JobHandle {
    fn drop(&mut self) {
        if self.threads.is_empty() {
            return;
        }
        self.control.stop();
        self.wait(self.grace);
        for thread in self.threads.drain(..) {
            if thread.is_finished() {
                // Nobody is left to hear how it went.
                let _ = thread.join();
            }
        }
    }
}

/// Why a job did not start.
#[derive(Debug)]
pub struct LaunchError {
    problem: Problem,
    faults: Vec<Fault>,
}

#[derive(Debug)]
enum Problem {
    NoWorkers,
    TooMany(usize),
    Seats { seats: usize, workers: usize },
    NoBudget,
    Spawn { worker: usize, error: io::Error },
}

impl LaunchError {
    /// What went wrong while the tasks were told, in the order of time.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::NoWorkers => write!(f, "there are no workers; a job needs at least one"),
            Problem::TooMany(workers) => write!(
                f,
                "{workers} workers are too many; a job has at most {MAX_WORKERS}, \
                 and one a core is best"
            ),
            Problem::Seats { seats, workers } => write!(
                f,
                "{workers} workers were given {seats} seats; arrange one for each"
            ),
            Problem::NoBudget => write!(f, "the budget of a poll is 0; it must be at least 1"),
            Problem::Spawn { worker, error } => write!(
                f,
                "the thread of worker {worker} could not be started: {error}; \
                 use fewer workers or raise the limit on threads"
            ),
        }?;
        for fault in &self.faults {
            write!(f, "; then {fault}")?;
        }
        Ok(())
    }
}

impl Error for LaunchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Spawn { error, .. } => Some(error),
            Problem::NoWorkers
            | Problem::TooMany(_)
            | Problem::Seats { .. }
            | Problem::NoBudget => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Step, Task};
    use fluxus_ringbuf::Parker;
    use std::sync::mpsc::{channel, Receiver, Sender};

    /// Idle until it gets a word; blocks inside its poll, as no task should.
    struct Stuck {
        entered: Sender<()>,
        word: Receiver<()>,
        aborted: Sender<&'static str>,
    }

    impl Task for Stuck {
        fn name(&self) -> &str {
            "stuck"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            let _ = self.entered.send(());
            let _ = self.word.recv();
            Ok(Step::Idle)
        }
        fn abort(&mut self) {
            let _ = self.aborted.send("aborted");
        }
    }

    fn workers(tasks: Vec<Stuck>) -> (Vec<Worker>, Control) {
        let workers: Vec<Worker> = tasks
            .into_iter()
            .map(|task| Worker {
                tasks: vec![Box::new(task)],
                parker: Parker::new(),
            })
            .collect();
        let wakers = workers.iter().map(|worker| worker.parker.waker()).collect();
        (workers, Control::new(wakers))
    }

    fn unpinned(workers: usize) -> Seating {
        let seat = Seat {
            core: None,
            shared: true,
            idle: IdleStrategy::Park,
        };
        Seating {
            seats: vec![seat; workers],
            warnings: vec![],
        }
    }

    #[test]
    fn names_keep_the_worker_and_fit_the_system() {
        let table = [
            ("count", 0, "fluxus-count-0"),
            ("word-count", 0, "fluxus-word-c-0"),
            ("word-count", 123, "fluxus-word-123"),
            ("w\0rd", 1, "fluxus-wrd-1"),
            ("äöüß", 1, "fluxus-äöü-1"),
            ("", 7, "fluxus--7"),
            ("job", 123_456_789, "fluxus--123456789"),
        ];
        for (job, worker, name) in table {
            assert_eq!(thread_name(job, worker), name);
        }
    }

    #[test]
    fn a_stuck_task_does_not_hold_up_the_drop_of_its_handle() {
        let (entered, has_entered) = channel();
        let (speak, word) = channel();
        let (aborted, was_aborted) = channel();
        let (workers, control) = workers(vec![Stuck {
            entered,
            word,
            aborted,
        }]);
        let mut job = launch("stuck", unpinned(1), workers, control, 1).expect("it starts");
        job.grace = Duration::ZERO;
        has_entered.recv().expect("it is polled");
        // Nothing has been counted yet, but the culprit can be named.
        let report = job.reports().remove(0);
        assert_eq!(
            (report.polling.as_deref(), report.polls),
            (Some("stuck"), 0)
        );
        drop(job);
        // The thread was left to itself; once its task comes back, it ends well.
        speak.send(()).expect("it still listens");
        assert_eq!(was_aborted.recv(), Ok("aborted"));
    }

    #[test]
    fn a_thread_that_cannot_be_started_takes_the_whole_launch_back() {
        for failing in 0..3 {
            let (aborted, was_aborted) = channel();
            let (entered, has_entered) = channel();
            let tasks = (0..3)
                .map(|_| Stuck {
                    entered: entered.clone(),
                    word: channel().1,
                    aborted: aborted.clone(),
                })
                .collect();
            drop((aborted, entered));
            let (workers, control) = workers(tasks);
            let mut spawned = 0;
            let error = launch_with(
                "few",
                unpinned(3),
                workers,
                control.clone(),
                1,
                &mut |builder, body| {
                    if spawned == failing {
                        return Err(io::Error::new(io::ErrorKind::WouldBlock, "no threads left"));
                    }
                    spawned += 1;
                    builder.spawn(body)
                },
            )
            .expect_err("it does not start");
            assert_eq!(
                error.to_string(),
                format!(
                    "the thread of worker {failing} could not be started: no threads left; \
                     use fewer workers or raise the limit on threads"
                )
            );
            assert!(control.is_stopping());
            // Every sender is gone: all tasks were dropped, none was polled.
            assert_eq!(was_aborted.iter().count(), 3);
            assert_eq!(has_entered.iter().count(), 0);
        }
    }
}
