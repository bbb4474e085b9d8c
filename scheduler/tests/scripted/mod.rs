//! Tasks that do as they are told and leave a record of it.
#![allow(dead_code)] // each test program uses its own part

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::time::Duration;

use fluxus_ringbuf::Parker;
use fluxus_runtime::{
    Control, Culprit, Fault, IdleStrategy, JobHandle, Placement, Seat, Seating, Step, Task,
    Topology, Worker,
};

/// When a test that hangs is given up; no test waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One act of a script.
#[derive(Clone)]
pub(crate) enum Act {
    Say(Step),
    Fail(&'static str),
    Panic(&'static str),
    /// Panics inside an operator that has a name of its own.
    PanicIn(&'static str, &'static str),
    /// Waits inside the poll, as no task should, until the job stops.
    AwaitStop,
}

/// Where else a script panics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mine {
    None,
    Abort,
    Drop,
    AbortAndDrop,
    Name,
}

/// What became of the tasks. SeqCst throughout: it pairs with itself, and
/// nothing here is measured.
#[derive(Default, Debug)]
pub(crate) struct Fate {
    pub(crate) polls: AtomicUsize,
    pub(crate) aborts: AtomicUsize,
    pub(crate) drops: AtomicUsize,
}

impl Fate {
    pub(crate) fn polls(&self) -> usize {
        self.polls.load(SeqCst)
    }
    pub(crate) fn aborts(&self) -> usize {
        self.aborts.load(SeqCst)
    }
    pub(crate) fn drops(&self) -> usize {
        self.drops.load(SeqCst)
    }
}

/// A task that plays its acts one a poll; the last one again and again.
pub(crate) struct Script {
    name: String,
    acts: Vec<Act>,
    next: usize,
    mine: Mine,
    control: Control,
    pub(crate) fate: Arc<Fate>,
}

impl Script {
    pub(crate) fn new(name: &str, control: &Control, acts: &[Act]) -> Self {
        Script {
            name: name.to_owned(),
            acts: acts.to_vec(),
            next: 0,
            mine: Mine::None,
            control: control.clone(),
            fate: Arc::default(),
        }
    }

    pub(crate) fn says(name: &str, control: &Control, steps: &[Step]) -> Self {
        let acts: Vec<Act> = steps.iter().map(|&step| Act::Say(step)).collect();
        Script::new(name, control, &acts)
    }

    pub(crate) fn mined(mut self, mine: Mine) -> Self {
        self.mine = mine;
        self
    }

    pub(crate) fn fate(&self) -> Arc<Fate> {
        self.fate.clone()
    }
}

impl Task for Script {
    fn name(&self) -> &str {
        assert!(self.mine != Mine::Name, "asked for a name");
        &self.name
    }

    fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
        self.fate.polls.fetch_add(1, SeqCst);
        let act = self.acts[self.next].clone();
        self.next = (self.next + 1).min(self.acts.len() - 1);
        match act {
            Act::Say(step) => Ok(step),
            Act::Fail(message) => Err(Fault::error(self.name.clone(), message)),
            Act::Panic(message) => panic!("{message}"),
            Act::PanicIn(operator, message) => {
                let culprit = Culprit::new(operator);
                if !message.is_empty() {
                    panic!("{message}");
                }
                culprit.cleared();
                Ok(Step::Progress)
            }
            Act::AwaitStop => {
                while !self.control.is_stopping() {
                    std::thread::yield_now();
                }
                Ok(Step::Idle)
            }
        }
    }

    fn abort(&mut self) {
        self.fate.aborts.fetch_add(1, SeqCst);
        if matches!(self.mine, Mine::Abort | Mine::AbortAndDrop) {
            panic!("in abort");
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.fate.drops.fetch_add(1, SeqCst);
        if matches!(self.mine, Mine::Drop | Mine::AbortAndDrop) {
            panic!("in drop");
        }
    }
}

/// Parkers for so many workers, and the control that wakes them.
pub(crate) fn parkers(workers: usize) -> (Vec<Parker>, Control) {
    let parkers: Vec<Parker> = (0..workers).map(|_| Parker::new()).collect();
    let control = Control::new(parkers.iter().map(Parker::waker).collect());
    (parkers, control)
}

/// A worker for each parker, with its tasks.
pub(crate) fn workers(parkers: Vec<Parker>, tasks: Vec<Vec<Box<dyn Task>>>) -> Vec<Worker> {
    assert_eq!(parkers.len(), tasks.len());
    parkers
        .into_iter()
        .zip(tasks)
        .map(|(parker, tasks)| Worker { tasks, parker })
        .collect()
}

pub(crate) fn unpinned(workers: usize) -> Seating {
    let seat = Seat {
        core: None,
        shared: true,
        idle: IdleStrategy::Adaptive,
    };
    Seating {
        seats: vec![seat; workers],
        warnings: vec![],
    }
}

/// All the workers on the first core that this process may use.
pub(crate) fn on_one_core(workers: usize, idle: IdleStrategy) -> Seating {
    let topology = Topology::read();
    let core = topology.cpus()[0].id;
    Seating::arrange(&Placement::Cores(vec![core]), workers, idle, &topology)
}

/// Starts these tasks, a list a worker, wherever the system puts them.
pub(crate) fn start(
    parkers: Vec<Parker>,
    control: &Control,
    tasks: Vec<Vec<Box<dyn Task>>>,
) -> JobHandle {
    let seating = unpinned(parkers.len());
    fluxus_runtime::launch(
        "test",
        seating,
        workers(parkers, tasks),
        control.clone(),
        64,
    )
    .expect("it starts")
}

/// The faults as texts.
pub(crate) fn texts(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(Fault::to_string).collect()
}
