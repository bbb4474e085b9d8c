//! A job that fails says which operator failed and why, tells its sinks, closes
//! its sources, and leaves no thread behind.

mod support;

use fluxus::prelude::*;
use fluxus::sink::Ending;
use fluxus::source::{BoxError, Collector, Flow, Pulled, Source, SourceContext, SourceStatus};
use fluxus::{Cause, Rejected};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Call, Shape, Spy, Trap};

const RECORDS: u64 = 40;

/// Shapes for what fails: with and without rings, on one thread and on real ones.
fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for workers in [1, 2, 4] {
        for (batch, ring) in [(1, 1), (16, 16), (512, 512)] {
            shapes.push(Shape::local(workers, batch, ring));
        }
        shapes.push(Shape::local(workers, 2, 64).threaded());
    }
    shapes
}

/// How often it was opened and closed.
#[derive(Clone, Debug, Default)]
struct Doors {
    opened: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Doors {
    fn counts(&self) -> (usize, usize) {
        let count = |door: &AtomicUsize| door.load(Ordering::SeqCst);
        (count(&self.opened), count(&self.closed))
    }
}

/// A source that yields 0, 1, 2, ... at these times, and goes wrong where it is
/// told to.
struct Brittle {
    next: u64,
    fails_at: Option<(Place, Trap)>,
    doors: Doors,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Open,
    Pull(u64),
    Close,
}

impl Brittle {
    fn new(fails_at: Option<(Place, Trap)>) -> (Self, Doors) {
        let doors = Doors::default();
        let source = Self {
            next: 0,
            fails_at,
            doors: doors.clone(),
        };
        (source, doors)
    }

    fn trap(&self, place: Place) -> Result<(), BoxError> {
        match self.fails_at {
            Some((at, Trap::Panic)) if at == place => panic!("the cable was pulled"),
            Some((at, _)) if at == place => Err("the cable was pulled".into()),
            _ => Ok(()),
        }
    }
}

impl Source for Brittle {
    type Item = u64;

    fn open(&mut self, _: SourceContext) -> Result<(), BoxError> {
        self.doors.opened.fetch_add(1, Ordering::SeqCst);
        self.trap(Place::Open)
    }

    fn pull<C: Collector<u64>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let (mut records, mut flow) = (0, Flow::Open);
        while records < budget && flow.is_open() && self.next < RECORDS {
            self.trap(Place::Pull(self.next))?;
            let time = Timestamp::from_nanos(self.next as i64);
            flow = out.push(time, self.next);
            self.next += 1;
            records += 1;
        }
        if self.next == RECORDS && flow.is_open() {
            self.trap(Place::Pull(RECORDS))?;
        }
        let status = match self.next < RECORDS {
            true => SourceStatus::Ready,
            false => SourceStatus::Ended,
        };
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }

    fn close(&mut self) {
        self.doors.closed.fetch_add(1, Ordering::SeqCst);
        let fell = self.trap(Place::Close);
        assert!(fell.is_ok(), "closing cannot fail, only panic");
    }
}

#[test]
fn a_source_that_fails_is_never_taken_for_one_that_ended() {
    for trap in [Trap::Error, Trap::Panic] {
        for place in (0..=RECORDS).map(Place::Pull).chain([Place::Open]) {
            for (batch, ring) in [(1, 1), (16, 16), (512, 512)] {
                let shape = Shape::local(1, batch, ring);
                let context = format!("{trap:?} at {place:?}, {shape:?}");
                let job = shape.job();
                let (source, doors) = Brittle::new(Some((place, trap)));
                let (sink, log) = Spy::new();
                job.source(source).named("cable").sink(sink);
                let error = shape.run(job).unwrap_err();
                assert_eq!(error.culprit(), Some("cable"), "{context}");
                let text = error.to_string();
                assert!(text.contains("the cable was pulled"), "{text}");
                assert_eq!(doors.counts(), (1, 1), "{context}");
                let before = match place {
                    Place::Pull(n) => n,
                    _ => 0,
                };
                let seen: Vec<u64> = (0..before).collect();
                assert_eq!(log.written(), seen, "what came before, {context}");
                match place {
                    Place::Open => assert_eq!(log.calls(), [], "{context}"),
                    _ => log.must_have_ended(Ending::Incomplete, context),
                }
            }
        }
    }
}

#[test]
fn a_source_behind_rings_that_fails_is_not_taken_for_one_that_ended_either() {
    for shape in shapes().into_iter().filter(|shape| shape.workers > 1) {
        for place in [0, 1, 20, RECORDS].map(Place::Pull) {
            let job = shape.job();
            let (source, doors) = Brittle::new(Some((place, Trap::Error)));
            let (sink, log) = Spy::new();
            job.timed_source(source)
                .named("cable")
                .key_by(|n| n % 3)
                .window(Tumbling::new(Duration::from_nanos(1000)).unwrap())
                .count()
                .sink(sink);
            let error = shape.run(job).unwrap_err();
            assert_eq!(error.culprit(), Some("cable"), "{place:?}, {shape:?}");
            assert_eq!(doors.counts(), (1, 1));
            // The window never closed, and half of it is no result.
            let rows: Vec<WindowResult<u64, u64>> = log.written();
            assert_eq!(rows, [], "{place:?}, {shape:?}");
            let complete = Call::Close(Ending::Complete);
            assert_eq!(log.count(complete), 0, "{place:?}, {shape:?}");
            let incomplete = log.count(Call::Close(Ending::Incomplete));
            assert_eq!(incomplete, log.count(Call::Open));
        }
    }
}

#[test]
fn a_sink_that_fails_fails_the_job_and_is_closed_once() {
    use Ending::{Complete, Incomplete};
    for trap in [Trap::Error, Trap::Panic] {
        for (call, after, last) in [
            (Call::Open, 0, Incomplete),
            (Call::Write, 0, Incomplete),
            (Call::Write, 20, Incomplete),
            (Call::Write, RECORDS as usize - 1, Incomplete),
            (Call::Flush, 0, Incomplete),
            // It was told that all is well, and then said that it is not.
            (Call::Close(Complete), 0, Complete),
        ] {
            for shape in shapes() {
                let context = format!("{trap:?} in {call:?} after {after}, {shape:?}");
                let job = shape.job();
                let (source, doors) = Brittle::new(None);
                let (sink, log) = Spy::with_trap(Some((call, trap)), after);
                job.source(source)
                    .key_by(|_| ())
                    .reduce(|_, n| n)
                    .sink(sink);
                let error = shape.run(job).unwrap_err();
                let culprit = error.culprit().unwrap();
                assert!(culprit.starts_with("sink-"), "{culprit}, {context}");
                let expected = match trap {
                    Trap::Panic => "panicked: the sink fell over",
                    _ => "failed: the disk is full",
                };
                assert!(error.to_string().contains(expected), "{error}");
                log.must_have_ended(last, &context);
                // A worker may not have come to its source before the end.
                let (opened, closed) = doors.counts();
                assert_eq!(opened, closed, "{context}");
            }
        }
    }
}

#[test]
fn a_sink_that_fails_while_it_is_told_of_a_failure_does_not_hide_it() {
    for shape in shapes() {
        let job = shape.job();
        let (source, _) = Brittle::new(Some((Place::Pull(7), Trap::Error)));
        let closing = Call::Close(Ending::Incomplete);
        let (sink, log) = Spy::with_trap(Some((closing, Trap::Panic)), 0);
        job.source(source).named("cable").sink(sink);
        let Err(Error::Failed(failure)) = shape.run(job) else {
            panic!("it failed");
        };
        assert_eq!(failure.faults[0].operator, "cable");
        assert_eq!(failure.faults.len(), 2, "both are told: {failure}");
        assert!(failure.faults[1].is_panic(), "{failure}");
        log.must_have_ended(Ending::Incomplete, shape);
    }
}

/// The threads of a job of this name that are still there.
fn threads_of(job: &str) -> Vec<String> {
    let wanted = format!("fluxus-{job}-");
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with(&wanted))
        .collect()
}

/// Where in a job a closure of the user's runs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Closure {
    Source,
    Map,
    Filter,
    FilterMap,
    FlatMap,
    Offspring,
    Inspect,
    Time,
    Key,
    Add,
    Merge,
    Finish,
    RollingKey,
    Reduce,
    RollingFold,
    Sink,
    FoldAll,
    FoldAllMerge,
    Rejected,
}

const CLOSURES: [Closure; 19] = {
    use Closure::*;
    [
        Source,
        Map,
        Filter,
        FilterMap,
        FlatMap,
        Offspring,
        Inspect,
        Time,
        Key,
        Add,
        Merge,
        Finish,
        RollingKey,
        Reduce,
        RollingFold,
        Sink,
        FoldAll,
        FoldAllMerge,
        Rejected,
    ]
};

/// Falls over at one record, in one closure.
#[derive(Clone, Copy)]
struct Bomb {
    place: Closure,
    record: u64,
}

impl Bomb {
    fn at(self, place: Closure, record: u64) {
        if self.place == place && self.record == record {
            panic!("{place:?} at {record}");
        }
    }
}

/// The sum of all records, whose every step may fall over.
#[derive(Clone)]
struct Touchy(Bomb);

impl Aggregate<u64> for Touchy {
    type Accumulator = u64;
    type Output = u64;

    fn create(&self) -> u64 {
        0
    }
    fn add(&self, sum: &mut u64, value: &u64) {
        self.0.at(Closure::Add, *value);
        *sum += value;
    }
    fn merge(&self, sum: &mut u64, other: u64) {
        if self.0.place == Closure::Merge {
            panic!("Merge at {}", self.0.record);
        }
        *sum += other;
    }
    fn finish(&self, sum: u64) -> u64 {
        if self.0.place == Closure::Finish {
            panic!("Finish at {}", self.0.record);
        }
        sum
    }
}

/// Streams with every closure in them; some are named after their closure, the
/// others by default.
fn mined(job: &Job, bomb: Bomb) -> (support::Log<u64>, support::Log<u64>) {
    let part = |from: u64| {
        (0..RECORDS / 2).map(move |n| {
            let record = from + 2 * n;
            bomb.at(Closure::Source, record);
            record
        })
    };
    let (rows, rows_log) = Spy::new();
    let (results, rejected) = job
        .from_partitions([part(0), part(1)])
        .named("Source")
        .map(move |n| {
            bomb.at(Closure::Map, n);
            n
        })
        .filter(move |n| {
            bomb.at(Closure::Filter, *n);
            true
        })
        .filter_map(move |n| {
            bomb.at(Closure::FilterMap, n);
            Some(n)
        })
        .flat_map(move |n| {
            bomb.at(Closure::FlatMap, n);
            (0..1).map(move |_| {
                bomb.at(Closure::Offspring, n);
                n
            })
        })
        .named("Offspring")
        .inspect(move |n| bomb.at(Closure::Inspect, *n))
        .timestamps(
            move |n| {
                bomb.at(Closure::Time, *n);
                // The last ones are late, wherever they are judged.
                Timestamp::from_nanos(if *n < RECORDS - 4 { *n as i64 } else { -9 })
            },
            BoundedDisorder::monotonous(),
        )
        .key_by(move |n| {
            bomb.at(Closure::Key, *n);
            n % 5
        })
        .window(Tumbling::new(Duration::from_nanos(4)).unwrap())
        .aggregate_with_rejected(Touchy(bomb));
    results.map(|row| row.value).sink(rows);
    rejected.for_each(move |Rejected { value, .. }| {
        if bomb.place == Closure::Rejected {
            panic!("Rejected at {value}");
        }
    });

    let (held, held_log) = Spy::new();
    job.from_partitions([0..RECORDS, 0..RECORDS])
        .key_by(move |n| {
            bomb.at(Closure::RollingKey, *n);
            n % 3
        })
        .reduce(move |a, b| {
            bomb.at(Closure::Reduce, b);
            a + b
        })
        .key_by(|(key, _)| *key)
        .fold(0, move |count, _| {
            *count += 1;
            if bomb.place == Closure::RollingFold {
                panic!("RollingFold at {}", bomb.record);
            }
        })
        .map(|(_, count)| count)
        .sink(held);
    job.from_iter(0..RECORDS)
        .for_each(move |n| bomb.at(Closure::Sink, n));
    job.from_partitions([0..RECORDS, 0..RECORDS]).fold_all(
        0,
        move |sum, n| {
            bomb.at(Closure::FoldAll, n);
            *sum += n;
        },
        move |a, b| {
            if bomb.place == Closure::FoldAllMerge {
                panic!("FoldAllMerge at {}", bomb.record);
            }
            *a += b;
        },
    );
    (rows_log, held_log)
}

/// The name that the operator of this closure has: given, or by default.
fn name_of(closure: Closure) -> &'static str {
    match closure {
        Closure::Source => "Source",
        Closure::Map => "map-2",
        Closure::Filter => "filter-3",
        Closure::FilterMap => "filter_map-4",
        Closure::FlatMap | Closure::Offspring => "Offspring",
        Closure::Inspect => "inspect-6",
        Closure::Time => "timestamps-7",
        Closure::Rejected => "for_each-12",
        Closure::Key | Closure::Add | Closure::Merge | Closure::Finish => "window-9",
        Closure::RollingKey | Closure::Reduce => "reduce-14",
        Closure::RollingFold => "fold-15",
        Closure::Sink => "for_each-19",
        Closure::FoldAll | Closure::FoldAllMerge => "fold_all-21",
    }
}

#[test]
fn a_panic_names_its_operator_and_leaves_no_thread_behind() {
    let mut survived = 0;
    for (number, closure) in (0..).zip(CLOSURES) {
        for record in [0, RECORDS / 2, RECORDS - 5] {
            for workers in [1, 2, 4] {
                for threads in [false, true] {
                    let shape = Shape {
                        workers,
                        batch: 2,
                        ring: 2,
                        threads,
                    };
                    // Short: a thread's name ends at 15 bytes.
                    let name = format!("p{number}x{workers}");
                    let job = Job::new(&name, shape.config()).unwrap();
                    let bomb = Bomb {
                        place: closure,
                        // What the reduction holds first is not reduced.
                        record: match closure {
                            Closure::Reduce => record.max(3),
                            _ => record,
                        },
                    };
                    let (rows, held) = mined(&job, bomb);
                    let context = format!("{closure:?} at {record}, {shape:?}");
                    let error = match shape.run(job) {
                        Err(error) => error,
                        Ok(report) => panic!("{context}: it ended {:?}", report.ending),
                    };
                    assert_eq!(error.culprit(), Some(name_of(closure)), "{error}");
                    let Error::Failed(failure) = &error else {
                        panic!("{context}: {error}");
                    };
                    let Cause::Panic(message) = &failure.faults[0].cause else {
                        panic!("{context}: {error}");
                    };
                    assert!(message.starts_with(&format!("{closure:?} at")), "{error}");
                    assert_eq!(failure.faults[0].worker.is_some(), threads, "{error}");
                    for log in [rows, held] {
                        // Not every sink's stage came to its first poll, and
                        // one stream may have been through before another fell.
                        let closed = log.count(Call::Close(Ending::Incomplete))
                            + log.count(Call::Close(Ending::Complete));
                        assert_eq!(closed, log.count(Call::Open), "{context}");
                    }
                    // A thread is joined a moment before its entry goes away.
                    let patience = Instant::now() + Duration::from_secs(30);
                    while !threads_of(&name).is_empty() {
                        assert!(Instant::now() < patience, "{:?}", threads_of(&name));
                        std::thread::yield_now();
                    }
                    survived += 1;
                }
            }
        }
    }
    assert_eq!(survived, CLOSURES.len() * 3 * 3 * 2);
}

#[test]
fn the_mined_job_is_sound_where_no_bomb_goes_off() {
    for shape in shapes() {
        let job = shape.job();
        let bomb = Bomb {
            place: Closure::Map,
            record: u64::MAX,
        };
        let (rows, held) = mined(&job, bomb);
        let report = shape.run(job).unwrap();
        // With one batch for all there is no watermark before the last record.
        let several = shape.batch < RECORDS as usize / 2;
        assert_eq!(report.late() > 0, several, "{shape:?}: {}", report.late());
        assert!(rows.written().len() > 30, "{shape:?}");
        assert_eq!(held.written().len() as u64, 2 * RECORDS);
        rows.must_have_ended(Ending::Complete, shape);
        held.must_have_ended(Ending::Complete, shape);
    }
}

#[test]
fn the_first_failure_is_the_cause_and_the_others_are_told_too() {
    for _ in 0..20 {
        let shape = Shape::local(4, 1, 1).threaded();
        let job = shape.job();
        job.from_partitions([0..1_000u64, 0..1_000, 0..1_000, 0..1_000])
            .map(|n| assert!(n < 500, "too large: {n}"))
            .named("check")
            .for_each(|()| {});
        let Err(Error::Failed(failure)) = job.run() else {
            panic!("it failed");
        };
        for fault in &failure.faults {
            assert_eq!(fault.operator, "check", "{failure}");
            assert!(fault.to_string().contains("too large: 500"), "{failure}");
        }
    }
}

#[test]
fn one_job_that_fails_leaves_another_alone() {
    let good = Shape::local(2, 16, 64).job();
    let (mut input, stream) = good.input::<u64>(64).unwrap();
    let sum = stream.fold_all(0, |sum, n| *sum += n, |a, b| *a += b);
    let running = good.start().unwrap();
    for n in 0..10 {
        input.send(Timestamp::from_nanos(n), 1).unwrap();
        let bad = Shape::local(2, 16, 64).threaded().job();
        bad.from_iter(0..5).map(|n| 1 / (n - 3)).for_each(|_| {});
        assert!(bad.run().is_err());
    }
    drop(input);
    running.join().unwrap();
    assert_eq!(sum.take(), Some(10));
}
