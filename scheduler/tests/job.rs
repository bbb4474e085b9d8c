//! Whole jobs on real threads.

mod scripted;

use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Arc;

use fluxus_runtime::{
    launch, Control, Fault, IdleStrategy, JobHandle, PinFailure, RefusedPin, Seat, Seating, Step,
    Task, Warning, Worker,
};
use scripted::{
    on_one_core, parkers, start, texts, unpinned, workers, Act, Fate, Mine, Script, PATIENCE,
};

#[test]
fn tasks_are_polled_until_done_and_counted() {
    use Step::{Blocked, Done, Idle, Progress};
    let (parkers, control) = parkers(3);
    let first = Script::says("a", &control, &[Progress, Idle, Blocked, Progress, Done]);
    let second = Script::says("b", &control, &[Idle, Done]);
    let third = Script::says("c", &control, &[Done]);
    let fates = [first.fate(), second.fate(), third.fate()];
    let job = start(
        parkers,
        &control,
        vec![
            vec![Box::new(first), Box::new(second)],
            vec![Box::new(third)],
            vec![],
        ],
    );
    let outcome = job.join();
    assert!(outcome.is_complete(), "{outcome:?}");
    assert!(outcome
        .workers
        .iter()
        .all(|report| report.polling.is_none()));
    let counts: Vec<_> = outcome
        .workers
        .iter()
        .map(|report| {
            (
                report.worker,
                report.polls,
                report.busy,
                report.idle,
                report.blocked,
            )
        })
        .collect();
    assert_eq!(counts, [(0, 7, 4, 2, 1), (1, 1, 1, 0, 0), (2, 0, 0, 0, 0)]);
    for fate in &fates {
        assert_eq!((fate.aborts(), fate.drops()), (0, 1));
    }
}

#[test]
fn a_done_task_is_dropped_while_its_neighbours_go_on() {
    /// Done once the other task is gone.
    struct Widow(Arc<Fate>);
    impl Task for Widow {
        fn name(&self) -> &str {
            "widow"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            Ok(if self.0.drops() == 1 {
                Step::Done
            } else {
                Step::Idle
            })
        }
        fn abort(&mut self) {}
    }
    let (parkers, control) = parkers(1);
    let spouse = Script::says("spouse", &control, &[Step::Progress, Step::Done]);
    let widow = Widow(spouse.fate());
    let job = start(
        parkers,
        &control,
        vec![vec![Box::new(spouse), Box::new(widow)]],
    );
    assert!(job.join().is_complete());
}

#[test]
fn a_panic_anywhere_ends_the_job_with_the_name_of_the_culprit() {
    let done: &[Act] = &[Act::Say(Step::Progress), Act::Say(Step::Done)];
    let panics: &[Act] = &[Act::Say(Step::Progress), Act::Panic("boom")];
    let inner: &[Act] = &[Act::PanicIn("map", ""), Act::PanicIn("map", "boom")];
    let fails: &[Act] = &[Act::Say(Step::Progress), Act::Fail("no")];
    let table: [(&[Act], Mine, &[&str]); 9] = [
        (
            panics,
            Mine::None,
            &["operator `bad` on worker W panicked: boom"],
        ),
        (
            inner,
            Mine::None,
            &["operator `map` on worker W panicked: boom"],
        ),
        (
            fails,
            Mine::None,
            &["operator `bad` on worker W failed: no"],
        ),
        (
            panics,
            Mine::Name,
            &["operator `a task without a name` on worker W panicked: boom"],
        ),
        (
            panics,
            Mine::Abort,
            &[
                "operator `bad` on worker W panicked: boom",
                "operator `bad` on worker W panicked: in abort",
            ],
        ),
        (
            panics,
            Mine::Drop,
            &[
                "operator `bad` on worker W panicked: boom",
                "operator `bad` on worker W panicked: in drop",
            ],
        ),
        (
            fails,
            Mine::AbortAndDrop,
            &[
                "operator `bad` on worker W failed: no",
                "operator `bad` on worker W panicked: in abort",
                "operator `bad` on worker W panicked: in drop",
            ],
        ),
        (
            done,
            Mine::Drop,
            &["operator `bad` on worker W panicked: in drop"],
        ),
        (done, Mine::Abort, &[]),
    ];
    for count in [1, 2, 4, 8] {
        for (acts, mine, faults) in table {
            let (parkers, control) = parkers(count);
            let bad = Script::new("bad", &control, acts).mined(mine);
            let fate = bad.fate();
            let ended = bad.fate();
            let mut good = Vec::new();
            let mut tasks: Vec<Vec<Box<dyn Task>>> = Vec::new();
            for _ in 0..count {
                let act = if faults.is_empty() {
                    Step::Done
                } else {
                    Step::Idle
                };
                let task = Script::says("good", &control, &[act]);
                good.push(task.fate());
                tasks.push(vec![Box::new(task)]);
            }
            tasks[count - 1].push(Box::new(bad));
            let outcome = start(parkers, &control, tasks).join();

            let expected: Vec<String> = faults
                .iter()
                .map(|text| text.replace('W', &(count - 1).to_string()))
                .collect();
            assert_eq!(
                texts(&outcome.faults),
                expected,
                "{count} workers, {mine:?}"
            );
            assert!(!outcome.stopped);
            assert_eq!(control.is_stopping(), !faults.is_empty());
            let said_done = matches!(acts[1], Act::Say(Step::Done));
            assert_eq!((ended.polls(), ended.drops()), (2, 1));
            assert_eq!(fate.aborts(), usize::from(!said_done));
            for fate in good {
                let aborts = usize::from(!faults.is_empty());
                assert_eq!((fate.aborts(), fate.drops()), (aborts, 1));
            }
        }
    }
}

#[test]
fn the_first_fault_wins_and_later_ones_are_attached_in_order() {
    for _ in 0..50 {
        let (parkers, control) = parkers(3);
        let late = Script::new("late", &control, &[Act::AwaitStop]).mined(Mine::Abort);
        let first = Script::new("first", &control, &[Act::Fail("it began here")]);
        let torn = Script::new("torn", &control, &[Act::AwaitStop]).mined(Mine::AbortAndDrop);
        let tasks: Vec<Vec<Box<dyn Task>>> = vec![
            vec![Box::new(late)],
            vec![Box::new(torn)],
            vec![Box::new(first)],
        ];
        let outcome = start(parkers, &control, tasks).join();
        let texts = texts(&outcome.faults);
        assert_eq!(
            texts[0],
            "operator `first` on worker 2 failed: it began here"
        );
        // The other two race with each other, but each keeps its own order.
        let mut others = texts[1..].to_vec();
        others.sort_unstable();
        assert_eq!(
            others,
            [
                "operator `late` on worker 0 panicked: in abort",
                "operator `torn` on worker 1 panicked: in abort",
                "operator `torn` on worker 1 panicked: in drop",
            ]
        );
        let torn_of = |cause: &str| {
            texts
                .iter()
                .position(|text| text.contains("torn") && text.ends_with(cause))
        };
        assert!(torn_of("in abort") < torn_of("in drop"));
    }
}

#[test]
fn a_stop_finds_idle_workers_asleep_and_brings_them_home() {
    for idle in [IdleStrategy::Park, IdleStrategy::Adaptive] {
        let (parkers, control) = parkers(2);
        let tasks = [(); 2].map(|()| Script::says("idle", &control, &[Step::Idle]));
        let fates = [tasks[0].fate(), tasks[1].fate()];
        let tasks = tasks
            .into_iter()
            .map(|task| vec![Box::new(task) as Box<dyn Task>])
            .collect();
        let seating = on_one_core(2, idle);
        let job = launch("idle", seating, workers(parkers, tasks), control, 1).expect("it starts");
        while job.reports().iter().any(|report| report.parks == 0) {
            std::thread::yield_now();
        }
        assert!(!job.is_finished());
        assert!(!job.wait(std::time::Duration::ZERO));
        job.stop();
        assert!(job.wait(PATIENCE), "the stop was not heard");
        assert!(job.is_finished());
        let outcome = job.join();
        assert!(outcome.stopped && outcome.faults.is_empty(), "{outcome:?}");
        assert!(!outcome.is_complete());
        for fate in fates {
            assert_eq!((fate.aborts(), fate.drops()), (1, 1));
        }
    }
}

#[test]
fn every_strategy_hears_a_stop() {
    for idle in [
        IdleStrategy::BusySpin,
        IdleStrategy::Yield,
        IdleStrategy::Park,
        IdleStrategy::Adaptive,
    ] {
        for shared in [false, true] {
            let (parkers, control) = parkers(1);
            let task = Script::says("idle", &control, &[Step::Blocked]);
            let fate = task.fate();
            let seating = Seating {
                seats: vec![Seat {
                    core: None,
                    shared,
                    idle,
                }],
                warnings: vec![],
            };
            let tasks: Vec<Vec<Box<dyn Task>>> = vec![vec![Box::new(task)]];
            let job = launch("spin", seating, workers(parkers, tasks), control, 1).expect("starts");
            while fate.polls() < 20 {
                std::thread::yield_now();
            }
            job.control().stop();
            let outcome = job.join();
            assert!(outcome.stopped, "{idle} {shared}");
            assert!(outcome.workers[0].blocked >= 20);
            assert_eq!(outcome.workers[0].blocked_share(), 1.0);
        }
    }
}

#[test]
fn a_stop_after_the_end_is_no_stop() {
    let (parkers, control) = parkers(1);
    let task = Script::says("quick", &control, &[Step::Done]);
    let job = start(parkers, &control, vec![vec![Box::new(task)]]);
    assert!(job.wait(PATIENCE));
    job.stop();
    let outcome = job.join();
    assert!(!outcome.stopped && outcome.is_complete());
}

/// A source that counts for ever, until the job drains.
struct Source {
    control: Control,
    out: Sender<u64>,
    next: u64,
}

impl Task for Source {
    fn name(&self) -> &str {
        "source"
    }
    fn poll(&mut self, budget: usize) -> Result<Step, Fault> {
        if self.control.is_draining() {
            return Ok(Step::Done);
        }
        for _ in 0..budget {
            self.out
                .send(self.next)
                .map_err(|error| Fault::error("source", error))?;
            self.next += 1;
        }
        Ok(Step::Progress)
    }
    fn abort(&mut self) {}
}

/// A sink that takes all there is and tells the sum when its input has ended.
struct Sink {
    input: Receiver<u64>,
    taken: u64,
    told: Sender<u64>,
}

impl Task for Sink {
    fn name(&self) -> &str {
        "sink"
    }
    fn poll(&mut self, budget: usize) -> Result<Step, Fault> {
        for _ in 0..budget {
            match self.input.try_recv() {
                Ok(record) => {
                    assert_eq!(record, self.taken, "in order");
                    self.taken += 1;
                }
                Err(std::sync::mpsc::TryRecvError::Empty) => return Ok(Step::Idle),
                Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                    let _ = self.told.send(self.taken);
                    return Ok(Step::Done);
                }
            }
        }
        Ok(Step::Progress)
    }
    fn abort(&mut self) {}
}

#[test]
fn a_drain_lets_everything_flow_out() {
    let (parkers, control) = parkers(2);
    let (out, input) = channel();
    let (told, tells) = channel();
    let source = Source {
        control: control.clone(),
        out,
        next: 0,
    };
    let sink = Sink {
        input,
        taken: 0,
        told,
    };
    let job = start(
        parkers,
        &control,
        vec![vec![Box::new(sink)], vec![Box::new(source)]],
    );
    while job.reports()[0].busy == 0 {
        std::thread::yield_now();
    }
    job.drain();
    let outcome = job.join();
    assert!(outcome.is_complete(), "{outcome:?}");
    let sent = tells.recv().expect("the sink has told");
    assert!(sent > 0 && sent % 64 == 0, "whole polls: {sent}");
}

#[test]
fn dropping_the_handle_stops_the_job_and_joins_its_threads() {
    // At whatever point the job happens to be.
    for round in 0..300 {
        let (parkers, control) = parkers(2);
        let mut fates = Vec::new();
        let mut tasks: Vec<Vec<Box<dyn Task>>> = Vec::new();
        for steps in [round % 7, round % 11] {
            let mut acts = vec![Step::Progress; steps];
            acts.push(if round % 3 == 0 {
                Step::Done
            } else {
                Step::Idle
            });
            let task = Script::says("task", &control, &acts);
            fates.push((task.fate(), acts.len(), round % 3 == 0));
            tasks.push(vec![Box::new(task)]);
        }
        let job = start(parkers, &control, tasks);
        while round % 2 == 0 && job.reports()[0].polls == 0 {
            std::thread::yield_now();
        }
        drop(job);
        assert!(control.is_stopping());
        for (fate, acts, ends) in fates {
            assert_eq!(fate.drops(), 1, "the threads were joined");
            let done = usize::from(ends && fate.polls() == acts);
            assert_eq!(fate.aborts() + done, 1, "exactly one end");
        }
    }
}

#[test]
fn a_detached_job_runs_on() {
    let (parkers, control) = parkers(1);
    let (told, tells) = channel();
    let (out, input) = channel();
    let sink = Sink {
        input,
        taken: 0,
        told,
    };
    start(parkers, &control, vec![vec![Box::new(sink)]]).detach();
    for record in 0..1_000 {
        out.send(record).expect("the job still runs");
    }
    drop(out);
    assert_eq!(tells.recv(), Ok(1_000));
    assert!(!control.is_stopping());
}

/// Hands a token round a circle of tasks, so many times.
struct Relay {
    input: Receiver<u64>,
    next: Sender<u64>,
    laps: u64,
}

impl Task for Relay {
    fn name(&self) -> &str {
        "relay"
    }
    fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
        let Ok(token) = self.input.try_recv() else {
            return Ok(Step::Idle);
        };
        // The one behind may be done and gone.
        let _ = self.next.send(token + 1);
        self.laps -= 1;
        Ok(if self.laps == 0 {
            Step::Done
        } else {
            Step::Progress
        })
    }
    fn abort(&mut self) {}
}

#[test]
fn more_workers_than_cores_get_on() {
    for idle in [
        IdleStrategy::BusySpin,
        IdleStrategy::Yield,
        IdleStrategy::Adaptive,
        IdleStrategy::Park,
    ] {
        // A parked worker is woken by its timeout here: nobody else wakes it.
        let laps = if idle == IdleStrategy::Park { 2 } else { 50 };
        let (parkers, control) = parkers(4);
        let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| channel()).unzip();
        senders[0].send(0).expect("it has not begun");
        senders.rotate_left(1);
        let tasks = senders
            .into_iter()
            .zip(receivers)
            .map(|(next, input)| vec![Box::new(Relay { input, next, laps }) as Box<dyn Task>])
            .collect();
        let seating = on_one_core(4, idle);
        assert!(seating
            .seats
            .iter()
            .all(|seat| seat.shared && seat.idle != IdleStrategy::BusySpin));
        let job = launch("relay", seating, workers(parkers, tasks), control, 1).expect("it starts");
        assert!(
            matches!(&job.warnings()[0], Warning::CoresShared { shared, .. } if shared[0].workers == [0, 1, 2, 3]),
            "{:?}",
            job.warnings()
        );
        let outcome = job.join();
        assert!(outcome.is_complete(), "{idle}: {outcome:?}");
    }
}

#[test]
fn a_core_that_does_not_exist_is_a_warning_and_the_job_runs() {
    let (parkers, control) = parkers(2);
    let tasks = [(); 2].map(|()| {
        vec![Box::new(Script::says(
            "task",
            &control,
            &[Step::Progress, Step::Idle, Step::Done],
        )) as Box<dyn Task>]
    });
    let seat = |core| Seat {
        core: Some(core),
        shared: false,
        idle: IdleStrategy::BusySpin,
    };
    let seating = Seating {
        // Beyond any mask, and within the mask but not on this machine.
        seats: vec![seat(4_096), seat(1_023)],
        warnings: vec![],
    };
    let job = launch("lost", seating, workers(parkers, tasks.into()), control, 1).expect("starts");
    let warnings = job.warnings().to_vec();
    assert_eq!(
        warnings[0],
        Warning::PinsRefused {
            refused: vec![
                RefusedPin {
                    worker: 0,
                    core: 4_096,
                    failure: PinFailure::NoSuchCore,
                },
                RefusedPin {
                    worker: 1,
                    core: 1_023,
                    failure: PinFailure::Refused,
                },
            ]
        }
    );
    assert_eq!(
        warnings[0].to_string(),
        "pinning failed: worker 0 runs without a verified pin to core 4096 (there is no such core); \
         worker 1 runs without a verified pin to core 1023 (the operating system refused); \
         choose cores that the process may use, or run unpinned"
    );
    assert!(
        matches!(&warnings[1], Warning::SpinDowngraded { workers, .. } if workers == &[0, 1]),
        "{warnings:?}"
    );
    let outcome = job.join();
    assert!(outcome.is_complete());
    assert_eq!(outcome.warnings, warnings);
    assert!(outcome.workers.iter().all(|report| report.core.is_none()));
}

#[test]
fn a_pin_is_reported_only_when_it_holds() {
    /// Tells which cores its thread may use.
    struct Witness(Sender<String>);
    impl Task for Witness {
        fn name(&self) -> &str {
            "witness"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
            let list = status
                .lines()
                .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
            let _ = self.0.send(list.unwrap_or_default().trim().to_owned());
            Ok(Step::Done)
        }
        fn abort(&mut self) {}
    }
    let (parkers, control) = parkers(1);
    let (tell, told) = channel();
    let seating = on_one_core(1, IdleStrategy::Adaptive);
    let core = seating.seats[0].core.expect("a seat");
    let tasks: Vec<Vec<Box<dyn Task>>> = vec![vec![Box::new(Witness(tell))]];
    let outcome = launch("pin", seating, workers(parkers, tasks), control, 1)
        .expect("it starts")
        .join();
    match outcome.workers[0].core {
        Some(pinned) => {
            assert_eq!(pinned, core);
            assert_eq!(told.recv(), Ok(core.to_string()));
            assert_eq!(outcome.warnings, []);
        }
        // A sandbox may refuse; then it must be said.
        None => assert!(matches!(
            outcome.warnings[..],
            [Warning::PinsRefused { .. }]
        )),
    }
}

#[test]
fn a_job_that_cannot_start_tells_its_tasks() {
    fn refused(seats: usize, crew: usize, budget: usize, mine: Mine) -> (String, Vec<String>) {
        let (parkers, control) = parkers(crew);
        let scripts: Vec<Script> = (0..crew)
            .map(|_| Script::says("task", &control, &[Step::Done]).mined(mine))
            .collect();
        let fates: Vec<Arc<Fate>> = scripts.iter().map(Script::fate).collect();
        let crew: Vec<Worker> = workers(
            parkers,
            scripts
                .into_iter()
                .map(|task| vec![Box::new(task) as Box<dyn Task>])
                .collect(),
        );
        let error = launch("no", unpinned(seats), crew, control, budget).expect_err("refused");
        for fate in fates {
            assert_eq!((fate.polls(), fate.aborts(), fate.drops()), (0, 1, 1));
        }
        (error.to_string(), texts(error.faults()))
    }
    assert_eq!(
        refused(0, 0, 1, Mine::None).0,
        "there are no workers; a job needs at least one"
    );
    assert_eq!(
        refused(1_025, 1_025, 1, Mine::None).0,
        "1025 workers are too many; a job has at most 1024, and one a core is best"
    );
    assert_eq!(
        refused(1, 2, 1, Mine::None).0,
        "2 workers were given 1 seats; arrange one for each"
    );
    assert_eq!(
        refused(2, 2, 0, Mine::None).0,
        "the budget of a poll is 0; it must be at least 1"
    );
    let (text, faults) = refused(1, 1, 0, Mine::AbortAndDrop);
    assert!(text.ends_with("; then operator `task` on worker 0 panicked: in drop"));
    assert_eq!(faults.len(), 2);
}

#[test]
fn a_task_that_joins_its_own_job_stops_it() {
    struct Ouroboros(Receiver<JobHandle>, Sender<Vec<String>>);
    impl Task for Ouroboros {
        fn name(&self) -> &str {
            "ouroboros"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            let Ok(job) = self.0.try_recv() else {
                return Ok(Step::Idle);
            };
            assert!(!job.wait(PATIENCE));
            let _ = self.1.send(texts(&job.join().faults));
            Ok(Step::Progress)
        }
        fn abort(&mut self) {
            let _ = self.1.send(vec!["aborted".to_owned()]);
        }
    }
    let (parkers, control) = parkers(1);
    let (give, given) = channel();
    let (tell, told) = channel();
    let job = start(
        parkers,
        &control,
        vec![vec![Box::new(Ouroboros(given, tell))]],
    );
    give.send(job).expect("the task lives");
    assert_eq!(
        told.recv().expect("it came back"),
        ["operator `join` failed: a task of this job waited for the job to end; the job was stopped"]
    );
    assert_eq!(told.recv().expect("it ended"), ["aborted"]);
}

#[test]
fn handles_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<JobHandle>();
    crosses::<Control>();
    crosses::<Fault>();
}
