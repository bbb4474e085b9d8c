//! Recording a latency allocates nothing: a run with twenty times the records
//! allocates no more often.
//!
//! A binary of its own with one test, since the counter is the process's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fluxus_perf::latency::{run, Plan};
use fluxus_perf::{Idle, Options};

/// The system's allocator, and how often it was asked.
struct Counting;

// Relaxed: it is read when all threads of a run have been joined.
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

/// How often a run of this rate allocates, and how many records it measures.
fn allocations(rate: u64) -> (u64, u64) {
    let plan = Plan {
        rate,
        measured: Duration::from_millis(200),
        warm_up: Duration::from_millis(50),
        keys: 100,
        engine: Options {
            pin: false,
            idle: Idle::Yield,
            ..Options::default()
        },
        ..Plan::default()
    };
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let measured = run(&plan).expect("it runs");
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    (after - before, measured.records.response.samples())
}

#[test]
fn recording_does_not_allocate() {
    let (few, few_records) = allocations(1_000);
    let (many, many_records) = allocations(20_000);
    assert!(few > 0, "the counter counts");
    assert_eq!((few_records, many_records), (200, 4_000));
    // What a run allocates is for its threads, its histograms and what it reads
    // about them; a hundredth of the added records would show.
    let added = many.saturating_sub(few);
    assert!(added < (many_records - few_records) / 100, "{few} {many}");
}
