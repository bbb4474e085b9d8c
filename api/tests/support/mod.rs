//! What the tests of whole jobs share: shapes to run them in, a slow obvious
//! oracle, a sink that tells what was done to it.
// Each test program uses its own part.
#![allow(dead_code, unreachable_pub)]

use fluxus::sink::{Ending, Sink, SinkContext, SinkError};
use fluxus::windows::Timestamp;
use fluxus::{Config, Error, Job, Placement, Report};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How a job is run.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub workers: usize,
    pub batch: usize,
    pub ring: usize,
    /// On worker threads, or all tasks in turn on this one.
    pub threads: bool,
}

impl Shape {
    pub const fn local(workers: usize, batch: usize, ring: usize) -> Self {
        Self {
            workers,
            batch,
            ring,
            threads: false,
        }
    }

    pub const fn threaded(self) -> Self {
        Self {
            threads: true,
            ..self
        }
    }

    /// Tests run beside each other, so their workers are not pinned.
    pub fn config(self) -> Config {
        Config::new()
            .workers(self.workers)
            .batch(self.batch)
            .ring_capacity(self.ring)
            .placement(Placement::Unpinned)
    }

    pub fn job(self) -> Job {
        Job::new("test", self.config()).unwrap()
    }

    pub fn run(self, job: Job) -> Result<Report, Error> {
        match self.threads {
            true => job.run(),
            false => job.run_local(),
        }
    }
}

/// Batches and rings, the smallest that there are among them.
pub const SIZES: [(usize, usize); 6] = [(1, 1), (1, 64), (2, 2), (2, 64), (512, 512), (512, 4096)];

/// Every shape on one thread, and some on real ones.
pub fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for workers in [1, 2, 4, 8] {
        for (batch, ring) in SIZES {
            shapes.push(Shape::local(workers, batch, ring));
        }
    }
    for (workers, batch, ring) in [(1, 2, 64), (2, 1, 1), (2, 512, 4096), (4, 2, 2)] {
        shapes.push(Shape::local(workers, batch, ring).threaded());
    }
    shapes
}

/// A record: when, of whom, what, and which of all it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    pub time: i64,
    pub key: u32,
    pub value: i64,
    pub id: u64,
}

impl Event {
    pub fn timed(self) -> (Timestamp, Event) {
        (Timestamp::from_nanos(self.time), self)
    }
}

/// What each window of each key comes to: `(start, key) -> (count, sum)`.
pub type Rows = BTreeMap<(i64, u32), (u64, i128)>;

pub fn window_start(time: i64, size: i64, offset: i64) -> i64 {
    time - (time - offset).rem_euclid(size)
}

/// The rows of all events, none of them late.
pub fn oracle<'a>(events: impl IntoIterator<Item = &'a Event>, size: i64, offset: i64) -> Rows {
    let mut rows = Rows::new();
    for event in events {
        let start = window_start(event.time, size, offset);
        let row = rows.entry((start, event.key)).or_default();
        row.0 += 1;
        row.1 += i128::from(event.value);
    }
    rows
}

/// Numbers that look random and are the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, end: u64) -> u64 {
        // The generator of splitmix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

/// Events in `partitions` parts, at most `disorder` behind the latest of their
/// part, some before the epoch.
pub fn events(partitions: usize, count: usize, keys: u32, disorder: u64) -> Vec<Vec<Event>> {
    let mut numbers = Numbers(7);
    let mut id = 0;
    let part = |numbers: &mut Numbers, id: &mut u64| {
        let mut latest = -500;
        let event = |_| {
            latest += numbers.below(4) as i64;
            *id += 1;
            Event {
                time: latest - numbers.below(disorder + 1) as i64,
                key: numbers.below(u64::from(keys)) as u32,
                value: numbers.below(1000) as i64 - 300,
                id: *id,
            }
        };
        (0..count).map(event).collect()
    };
    (0..partitions)
        .map(|_| part(&mut numbers, &mut id))
        .collect()
}

/// What was done to a [`Spy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Open,
    Write,
    Flush,
    Close(Ending),
}

/// A sink that keeps a log, and fails or panics where it is told to.
pub struct Spy<T> {
    pub log: Log<T>,
    /// Which call goes wrong.
    pub trap: Option<(Call, Trap)>,
    /// How many writes go well before the trap.
    pub after: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    Error,
    Panic,
    ReaderGone,
}

/// What a [`Spy`] was told, for whoever ran the job.
#[derive(Debug)]
pub struct Log<T>(Arc<Mutex<(Vec<Call>, Vec<T>)>>);

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Log<T> {
    pub fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().0.clone()
    }

    pub fn count(&self, call: Call) -> usize {
        self.calls().iter().filter(|&&c| c == call).count()
    }

    pub fn written(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.0.lock().unwrap().1.clone()
    }

    /// The sink was opened once and closed once, last, in this way.
    pub fn must_have_ended(&self, ending: Ending, context: impl std::fmt::Debug) {
        let calls = self.calls();
        let closed = |c: &Call| matches!(c, Call::Close(_));
        assert_eq!(self.count(Call::Open), 1, "{context:?}: {calls:?}");
        assert_eq!(calls.first(), Some(&Call::Open), "{context:?}: {calls:?}");
        let endings = calls.iter().filter(|call| closed(call)).count();
        assert_eq!(endings, 1, "{context:?}: {calls:?}");
        let last = calls.last();
        assert_eq!(last, Some(&Call::Close(ending)), "{context:?}: {calls:?}");
    }
}

impl<T> Spy<T> {
    pub fn new() -> (Self, Log<T>) {
        Self::with_trap(None, 0)
    }

    pub fn with_trap(trap: Option<(Call, Trap)>, after: usize) -> (Self, Log<T>) {
        let log = Log(Arc::new(Mutex::new((Vec::new(), Vec::new()))));
        let spy = Self {
            log: log.clone(),
            trap,
            after,
        };
        (spy, log)
    }

    fn note(&mut self, call: Call) -> Result<(), SinkError> {
        self.log.0.lock().unwrap().0.push(call);
        let Some((trapped, trap)) = self.trap else {
            return Ok(());
        };
        if trapped != call {
            return Ok(());
        }
        if call == Call::Write && self.after > 0 {
            self.after -= 1;
            return Ok(());
        }
        match trap {
            Trap::Error => Err(SinkError::Failed("the disk is full".into())),
            Trap::ReaderGone => Err(SinkError::ReaderGone),
            Trap::Panic => panic!("the sink fell over"),
        }
    }
}

impl<T: Send + 'static> Sink<T> for Spy<T> {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        self.note(Call::Open)
    }

    fn write(&mut self, _: Timestamp, value: T) -> Result<(), SinkError> {
        self.note(Call::Write)?;
        self.log.0.lock().unwrap().1.push(value);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.note(Call::Flush)
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        self.note(Call::Close(ending))
    }
}
