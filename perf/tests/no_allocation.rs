//! In its steady state a job allocates nothing: every allocation of the process
//! is counted.
//!
//! Two ways. Whole runs of two sizes allocate the same, whatever the workload:
//! what starting, ending and the first sight of every key take is in both, and
//! an event takes nothing. And of W2 on two workers, a count is taken from a
//! quarter of the events on, to the last one.
//!
//! Built for release the long runs have a hundred million events, otherwise one.
//! A binary of its own with one test, since the counter is the process's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use fluxus::prelude::*;
use fluxus_perf::interleaved::Interleaved;
use fluxus_perf::w2::data::{generate, Event, DEFAULT_KEYS};
use fluxus_perf::{on_the_way, Case, Engine, Options, Workload};

/// The system's allocator, and how often it was asked.
struct Counting;

// Relaxed throughout: the counts are read where the threads that made them are
// known to have (the last event of a partition, and after the join).
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A partition that notes the count of allocations on the way.
struct Watched {
    events: Interleaved<Event>,
    seen: usize,
    warm: usize,
    last: usize,
    at_warm: Arc<AtomicU64>,
    at_last: Arc<AtomicU64>,
}

impl Iterator for Watched {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.seen += 1;
        let note = |into: &AtomicU64| {
            into.fetch_max(ALLOCATIONS.load(Ordering::Relaxed), Ordering::Relaxed);
        };
        if self.seen == self.warm {
            note(&self.at_warm);
        }
        if self.seen == self.last {
            note(&self.at_last);
        }
        self.events.next()
    }
}

/// Allocations between the moment when all partitions are warm and the one when
/// the last of them is nearly done.
fn allocations_of(events: &Arc<[Event]>, workers: usize) -> u64 {
    let (at_warm, at_last) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let share = events.len() / workers;
    let partitions = Interleaved::parts(events, workers)
        .into_iter()
        .map(|events| Watched {
            events,
            seen: 0,
            warm: share / 4,
            // Before the end, so that no partition is done and gone.
            last: share / 8 * 7,
            at_warm: Arc::clone(&at_warm),
            at_last: Arc::clone(&at_last),
        });
    let config = Config::new()
        .workers(workers)
        .placement(fluxus::Placement::Unpinned)
        .expected_keys(usize::try_from(DEFAULT_KEYS).unwrap());
    let job = Job::new("W2", config).unwrap();
    let rows = job
        .from_partitions(partitions.collect::<Vec<_>>())
        .timestamps(
            |event| Timestamp::from_millis(event.timestamp_ms),
            BoundedDisorder::new(Duration::from_millis(100)).unwrap(),
        )
        .key_by(|event| event.key)
        .window(Tumbling::new(Duration::from_secs(1)).unwrap())
        .aggregate((
            Count,
            Sum::of(|event: &Event| event.value),
            Min::of(|event: &Event| event.value),
            Max::of(|event: &Event| event.value),
        ))
        .fold_all(0u64, |rows, _| *rows += 1, |rows, other| *rows += other);
    // On one thread, all tasks in turn. On two, a worker that is held up by
    // its neighbours falls windows behind the other, and the windows that
    // wait for it are new panes: memory follows the lag, as it should.
    job.run_local().unwrap();
    assert!(rows.take() > Some(100_000), "windows closed all the while");
    at_last.load(Ordering::Relaxed) - at_warm.load(Ordering::Relaxed)
}

/// Allocations while `work` is done.
fn allocations_while<R>(work: impl FnOnce() -> R) -> u64 {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    std::hint::black_box(work());
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// Keys that come and go, by event time; and timers of keys, each put off at every
/// record of its key until it fires and the key is forgotten.
fn keyed_state(records: i64) {
    let job = Job::new("keyed state", Config::new().workers(1)).unwrap();
    let micros = |n: i64| Timestamp::from_micros(n);
    let keyed = |share: fn(&i64) -> i64| {
        job.from_iter(0..records)
            .timestamps(move |&n| micros(n), BoundedDisorder::monotonous())
            .key_by(share)
    };
    keyed(|n| n / 3)
        .fold(0u64, |count, _| *count += 1)
        .expire_after(Duration::from_micros(600))
        .for_each(|_| {});
    keyed(|n| n % 800)
        .process_with(
            None,
            |n, due: &mut Option<Timestamp>, context| {
                if let Some(due) = *due {
                    context.cancel_at(due);
                }
                let later = Duration::from_micros(700 + n as u64 % 400);
                *due = Some(context.time() + later);
                context.at(context.time() + later);
            },
            |timer, _, context| {
                context.emit(timer);
                context.clear();
            },
        )
        .expire_after(Duration::from_millis(5))
        .for_each(|_| {});
    job.run_local().unwrap();
}

/// One worker, left to the scheduler.
fn options() -> Options {
    Options {
        pin: false,
        ..Options::default()
    }
}

/// Allocations of one whole run, its data made before.
fn allocations_of_a_run(workload: Workload, events: u64) -> u64 {
    let case = Case::prepare(workload, events, None).unwrap();
    allocations_while(|| case.run(Engine::Fluxus, &options()).unwrap())
}

/// Allocations by which two runs may differ whatever their size: whether a thread
/// finds another still there at the end is chance. One for each batch would be
/// thousands.
const BY_CHANCE: u64 = 12;

/// Two sizes of a workload, in events: at the smaller one it is warm, all windows
/// are open that ever are, and all keys are known. `None` where that takes longer
/// than a debug build has time.
fn sizes(workload: Workload) -> Option<[u64; 2]> {
    let release = !cfg!(debug_assertions);
    Some(match workload {
        Workload::W1 if release => [100_000, 400_000],
        Workload::W1 => [10_000, 30_000],
        // Sixty windows are open from the sixtieth second on, 6 M events.
        Workload::W3 if release => [7_000_000, 14_000_000],
        // Users come and go in balance when all have been there.
        Workload::W4 if release => [2_000_000, 6_000_000],
        Workload::W3 | Workload::W4 => return None,
        Workload::W2 | Workload::W5 | Workload::W7 if release => [1_000_000, 4_000_000],
        Workload::W2 | Workload::W5 | Workload::W7 => [200_000, 600_000],
        Workload::Q5 | Workload::Q7 | Workload::Q8 if release => [200_000, 800_000],
        // All keys are known; of J1 see `asked_for`.
        Workload::J1 | Workload::J2 if release => [2_000_000, 6_000_000],
        Workload::J1 | Workload::J2 => return None,
        // Ten seconds, 100,000 records, until all windows are open.
        Workload::Q5 | Workload::Q7 | Workload::Q8 => [200_000, 300_000],
    })
}

/// Allocations that the query itself asks for: the answer of Q5 and of Q7 is a
/// list for every window, which holds all that are equal.
fn asked_for(workload: Workload, events: u64) -> u64 {
    match workload {
        // A window every two seconds, 20,000 records.
        Workload::Q5 => 2 * events / 20_000,
        // A window every ten seconds.
        Workload::Q7 => 2 * events / 100_000,
        // A list for each of ten thousand keys and each side, which doubles once more
        // when it first holds more than four: of these keys 7,400 more have by the
        // larger size.
        Workload::J1 => 10_000,
        // A window has a list for each key and side.
        Workload::J2 => events,
        _ => 0,
    }
}

#[test]
fn events_allocate_nothing() {
    assert!(allocations_while(|| Box::new(7)) > 0, "the counter counts");
    // What is set up once in a process is set up.
    allocations_of_a_run(Workload::W7, 10);

    for &workload in Workload::value_variants() {
        let Some([small, large]) = sizes(workload) else {
            continue;
        };
        let [few, many] = [small, large].map(|events| allocations_of_a_run(workload, events));
        let allowed = BY_CHANCE + asked_for(workload, large - small);
        assert!(
            many <= few + allowed,
            "{workload}: {few} allocations over {small} events, {many} over {large}"
        );
    }

    let [few, many] = [100_000, 400_000].map(|n| allocations_while(|| keyed_state(n)));
    assert!(
        many <= few + BY_CHANCE,
        "keyed state: {few} allocations over 100,000 records, {many} over 400,000"
    );

    let long: u64 = if cfg!(debug_assertions) {
        1_000_000
    } else {
        100_000_000
    };
    for workload in [Workload::W2, Workload::W7] {
        let [few, many] = [long / 10, long]
            .map(|events| allocations_while(|| on_the_way::run(workload, events, &options())));
        assert!(
            many <= few + BY_CHANCE,
            "{workload}: {few} allocations over {} events, {many} over {long}",
            long / 10
        );
    }

    let readings = generate(2_000_000, DEFAULT_KEYS);
    for workers in [1, 2] {
        assert_eq!(allocations_of(&readings, workers), 0, "{workers} workers");
    }
}
