//! Jobs on the calling thread.

mod scripted;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use fluxus_runtime::{run_inline, Control, Culprit, Fault, InlineRun, Step, Task};
use scripted::{texts, Act, Mine, Script};

fn control() -> Control {
    Control::new(vec![])
}

/// Writes its name down at every poll.
struct Scribe {
    name: String,
    polls: usize,
    book: Arc<Mutex<Vec<String>>>,
}

impl Task for Scribe {
    fn name(&self) -> &str {
        &self.name
    }
    fn poll(&mut self, budget: usize) -> Result<Step, Fault> {
        let line = format!("{}{}", self.name, budget);
        self.book.lock().expect("one thread").push(line);
        self.polls -= 1;
        Ok(match self.polls {
            0 => Step::Done,
            1 => Step::Idle,
            _ => Step::Progress,
        })
    }
    fn abort(&mut self) {}
}

#[test]
fn tasks_take_turns_in_a_fixed_order() {
    let runs: Vec<Vec<String>> = (0..2)
        .map(|_| {
            let book = Arc::new(Mutex::new(Vec::new()));
            let tasks = [("a", 1), ("b", 3), ("c", 2)]
                .into_iter()
                .map(|(name, polls)| {
                    Box::new(Scribe {
                        name: name.to_owned(),
                        polls,
                        book: book.clone(),
                    }) as Box<dyn Task>
                })
                .collect();
            let outcome = run_inline(tasks, &control(), 8);
            assert!(outcome.is_complete());
            let report = &outcome.workers[0];
            assert_eq!((report.polls, report.busy, report.idle), (6, 4, 2));
            let lines = book.lock().expect("one thread").clone();
            lines
        })
        .collect();
    assert_eq!(runs[0], ["a8", "b8", "c8", "b8", "c8", "b8"]);
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn faults_and_panics_end_the_run_and_abort_the_others() {
    let table: [(Act, Mine, &[&str]); 4] = [
        (
            Act::Panic("boom"),
            Mine::None,
            &["operator `bad` panicked: boom"],
        ),
        (
            Act::PanicIn("map", "boom"),
            Mine::None,
            &["operator `map` panicked: boom"],
        ),
        (Act::Fail("no"), Mine::None, &["operator `bad` failed: no"]),
        (
            Act::Panic("boom"),
            Mine::AbortAndDrop,
            &[
                "operator `bad` panicked: boom",
                "operator `bad` panicked: in abort",
                "operator `bad` panicked: in drop",
            ],
        ),
    ];
    for (act, mine, faults) in table {
        let control = control();
        let done = Script::says("done", &control, &[Step::Done]);
        let bad = Script::new("bad", &control, &[act]).mined(mine);
        let idle = Script::says("idle", &control, &[Step::Idle]);
        let fates = [done.fate(), bad.fate(), idle.fate()];
        let outcome = run_inline(
            vec![Box::new(done), Box::new(bad), Box::new(idle)],
            &control,
            1,
        );
        assert_eq!(texts(&outcome.faults), faults);
        assert!(!outcome.stopped && control.is_stopping());
        let ends: Vec<_> = fates
            .iter()
            .map(|fate| (fate.polls(), fate.aborts(), fate.drops()))
            .collect();
        assert_eq!(ends, [(1, 0, 1), (1, 1, 1), (0, 1, 1)]);
    }
}

#[test]
fn a_stop_from_outside_ends_tasks_that_wait_for_ever() {
    let control = control();
    let task = Script::says("stuck", &control, &[Step::Blocked]);
    let fate = task.fate();
    let stopper = {
        let (control, fate) = (control.clone(), task.fate());
        std::thread::spawn(move || {
            // Past the rounds that only yield.
            while fate.polls() < 1_010 {
                std::thread::yield_now();
            }
            control.stop();
        })
    };
    let outcome = run_inline(vec![Box::new(task)], &control, 1);
    stopper.join().expect("it ended well");
    assert!(outcome.stopped && outcome.faults.is_empty());
    assert_eq!((fate.aborts(), fate.drops()), (1, 1));
}

#[test]
fn a_source_may_be_fed_by_another_thread() {
    struct Fed(std::sync::mpsc::Receiver<bool>);
    impl Task for Fed {
        fn name(&self) -> &str {
            "fed"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            Ok(match self.0.try_recv() {
                Ok(true) => Step::Progress,
                Ok(false) => Step::Done,
                Err(_) => Step::Idle,
            })
        }
        fn abort(&mut self) {}
    }
    let (feed, fed) = channel();
    let feeder = std::thread::spawn(move || {
        for more in [true, true, false] {
            feed.send(more).expect("it listens");
        }
    });
    let outcome = run_inline(vec![Box::new(Fed(fed))], &control(), 1);
    feeder.join().expect("it ended well");
    assert!(outcome.is_complete());
    assert_eq!(outcome.workers[0].busy, 3);
}

#[test]
fn a_stopped_control_polls_nobody() {
    let control = control();
    control.stop();
    let task = Script::says("late", &control, &[Step::Done]);
    let fate = task.fate();
    let outcome = run_inline(vec![Box::new(task)], &control, 1);
    assert!(outcome.stopped);
    assert_eq!((fate.polls(), fate.aborts(), fate.drops()), (0, 1, 1));
    assert!(run_inline(vec![], &control, 1).is_complete());
}

#[test]
fn a_caller_may_choose_the_order_itself() {
    let control = control();
    let a = Script::says("a", &control, &[Step::Idle, Step::Done]);
    let b = Script::says("b", &control, &[Step::Progress, Step::Blocked]);
    let fates = [a.fate(), b.fate()];
    let mut run = InlineRun::new(vec![Box::new(a), Box::new(b)], &control, 1);
    assert_eq!(run.poll(2), None);
    assert_eq!(run.poll(1), Some(Step::Progress));
    assert_eq!(run.poll(0), Some(Step::Idle));
    assert!(!run.round() || run.live() == 1, "a is done in this round");
    assert_eq!((run.live(), run.is_live()), (1, true));
    // b has moved up.
    assert_eq!(run.poll(0), Some(Step::Blocked));
    assert_eq!(run.poll(1), None);
    drop(run);
    let ends = fates.map(|fate| (fate.polls(), fate.aborts(), fate.drops()));
    assert_eq!(ends, [(2, 0, 1), (3, 1, 1)]);
}

#[test]
fn a_run_inside_a_run_keeps_its_panics_to_itself() {
    /// Runs a job of its own, whose operator panics, and survives it.
    struct Outer;
    impl Task for Outer {
        fn name(&self) -> &str {
            "outer"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            let inner = Control::new(vec![]);
            let task = Script::new("inner", &inner, &[Act::PanicIn("inner map", "boom")]);
            let outcome = run_inline(vec![Box::new(task)], &inner, 1);
            assert_eq!(
                texts(&outcome.faults),
                ["operator `inner map` panicked: boom"]
            );
            panic!("of its own");
        }
        fn abort(&mut self) {}
    }
    let outcome = run_inline(vec![Box::new(Outer)], &control(), 1);
    assert_eq!(
        texts(&outcome.faults),
        ["operator `outer` panicked: of its own"]
    );
}

#[test]
fn nobody_is_blamed_for_a_panic_that_someone_caught_before() {
    fn recovers() {
        let caught = std::panic::catch_unwind(|| {
            let culprit = Culprit::new("innocent");
            if std::hint::black_box(true) {
                panic!("caught on the spot");
            }
            culprit.cleared();
        });
        assert!(caught.is_err());
    }
    /// Survives a panic of its own in one poll, and panics in the next.
    struct Twice(usize);
    impl Task for Twice {
        fn name(&self) -> &str {
            "twice"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            self.0 += 1;
            if self.0 == 2 {
                panic!("the second time");
            }
            recovers();
            Ok(Step::Progress)
        }
        fn abort(&mut self) {
            recovers();
        }
    }
    impl Drop for Twice {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let outcome = run_inline(vec![Box::new(Twice(0))], &control(), 1);
    assert_eq!(
        texts(&outcome.faults),
        [
            "operator `twice` panicked: the second time",
            "operator `twice` panicked: in drop"
        ]
    );
}

#[test]
fn a_run_may_live_beside_things_that_stay_on_their_thread() {
    let seen = Rc::new(RefCell::new(0));
    let control = control();
    let mut run = InlineRun::new(
        vec![Box::new(Script::says(
            "a",
            &control,
            &[Step::Progress, Step::Done],
        ))],
        &control,
        1,
    );
    while run.is_live() {
        run.round();
        *seen.borrow_mut() += 1;
    }
    assert_eq!(*seen.borrow(), 2);
    assert!(run.finish().is_complete());
}

#[test]
fn polls_take_what_they_are_limited_to_and_tasks_are_told_by_position() {
    let book = Arc::new(Mutex::new(Vec::new()));
    let scribe = |(name, polls): (&str, usize)| {
        Box::new(Scribe {
            name: name.to_owned(),
            polls,
            book: book.clone(),
        }) as Box<dyn Task>
    };
    let control = control();
    let tasks = [("a", 1), ("b", 3)].into_iter().map(scribe).collect();
    let mut run = InlineRun::new(tasks, &control, 8);
    let names = |run: &InlineRun| [run.name(0), run.name(1)];
    assert_eq!(names(&run), [Some("a".to_owned()), Some("b".to_owned())]);
    assert!(!run.waits_for_outside(0) && !run.waits_for_outside(7));
    run.limit(3);
    assert_eq!(run.poll(1), Some(Step::Progress));
    run.limit(5);
    assert_eq!(run.poll(0), Some(Step::Done));
    assert_eq!(names(&run), [Some("b".to_owned()), None]);
    assert_eq!(run.poll(0), Some(Step::Idle));
    assert_eq!(*book.lock().expect("one thread"), ["b3", "a5", "b5"]);
}
