//! A fused chain against the same loop by hand.
//!
//! `cargo bench -p fluxus-benches --bench chain`
//!
//! Both run on the calling thread over the same numbers. What the chain costs
//! beyond the loop is the abstraction: the ratio of the two lines is the figure.

use criterion::{criterion_main, Criterion, Throughput};
use fluxus::prelude::*;
use std::hint::black_box;
use std::time::Duration;

const NUMBERS: u64 = 4_000_000;

fn scramble(x: u64) -> u64 {
    x.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1)
}

fn keep(y: &u64) -> bool {
    y & (1 << 32) == 0
}

fn fold(y: u64) -> u64 {
    y ^ (y >> 29)
}

fn add((count, sum): &mut (u64, u64), y: u64) {
    *count += 1;
    *sum = sum.wrapping_add(y);
}

fn merge((count, sum): &mut (u64, u64), other: (u64, u64)) {
    *count += other.0;
    *sum = sum.wrapping_add(other.1);
}

fn three_by_hand(numbers: u64) -> (u64, u64) {
    let mut total = (0, 0);
    for x in 0..numbers {
        let y = scramble(x);
        if keep(&y) {
            add(&mut total, fold(y));
        }
    }
    total
}

fn eight_by_hand(numbers: u64) -> (u64, u64) {
    let mut total = (0, 0);
    for x in 0..numbers {
        let y = scramble(x);
        if !keep(&y) {
            continue;
        }
        let y = fold(y).rotate_left(7);
        if y % 8 == 0 {
            continue;
        }
        let y = scramble(y) ^ 0x55;
        if keep(&y) {
            add(&mut total, fold(y));
        }
    }
    total
}

/// Keys of the windowed chains; time goes on by a microsecond a number, and a
/// window holds 100,000.
const KEYS: u64 = 1000;
const WINDOW: Duration = Duration::from_millis(100);

/// Where a key lies in the windows by hand: ids handed out one by one, found with
/// one probe of a table that is an eighth full, or a few.
struct Ids {
    slots: Vec<(u64, u32)>,
    keys: Vec<u64>,
}

impl Ids {
    const VACANT: u32 = u32::MAX;
    const SLOTS: usize = 8192;

    fn new() -> Self {
        Self {
            slots: vec![(0, Self::VACANT); Self::SLOTS],
            keys: Vec::new(),
        }
    }

    #[inline(always)]
    fn of(&mut self, key: u64) -> usize {
        let mut at = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 51) as usize;
        loop {
            let slot = &mut self.slots[at % Self::SLOTS];
            if slot.1 == Self::VACANT {
                *slot = (key, self.keys.len() as u32);
                self.keys.push(key);
            }
            if slot.0 == key {
                return slot.1 as usize;
            }
            at += 1;
        }
    }
}

/// The eight operators, then a count for each of a thousand keys in windows of
/// time.
fn window_by_hand(numbers: u64) -> (u64, u64) {
    let window = WINDOW.as_nanos() as i64;
    let (mut ids, mut counts) = (Ids::new(), vec![0u64; KEYS as usize]);
    let (mut total, mut end) = ((0, 0), window);
    let mut close = |ids: &Ids, counts: &mut [u64]| {
        for (&key, count) in ids.keys.iter().zip(counts) {
            if *count > 0 {
                add(&mut total, key ^ std::mem::take(count));
            }
        }
    };
    for x in 0..numbers {
        let y = scramble(x);
        if !keep(&y) {
            continue;
        }
        let y = fold(y).rotate_left(7);
        if y % 8 == 0 {
            continue;
        }
        let y = scramble(y) ^ 0x55;
        if !keep(&y) {
            continue;
        }
        let time = x as i64 * 1000;
        if time >= end {
            close(&ids, &mut counts);
            end = time - time % window + window;
        }
        counts[ids.of(scramble(fold(y) % KEYS))] += 1;
    }
    close(&ids, &mut counts);
    total
}

/// A job for the calling thread; making it is part of what is measured, some
/// microseconds of milliseconds.
fn job() -> Job {
    Job::new("chain", Config::new().workers(1).batch(4096)).expect("a sound configuration")
}

fn three_fused(numbers: u64) -> Option<(u64, u64)> {
    let job = job();
    let total = job
        .from_range(0..numbers, 1)
        .map(scramble)
        .filter(keep)
        .map(fold)
        .fold_all((0, 0), add, merge);
    job.run_local().expect("the job runs");
    total.take()
}

fn eight_fused(numbers: u64) -> Option<(u64, u64)> {
    let job = job();
    let total = job
        .from_range(0..numbers, 1)
        .map(scramble)
        .filter(keep)
        .map(fold)
        .map(|y| y.rotate_left(7))
        .filter(|y| y % 8 != 0)
        .map(|y| scramble(y) ^ 0x55)
        .filter(keep)
        .map(fold)
        .fold_all((0, 0), add, merge);
    job.run_local().expect("the job runs");
    total.take()
}

fn window_fused(numbers: u64) -> Option<(u64, u64)> {
    let job = job();
    let windows = Tumbling::new(WINDOW).expect("a sound window");
    let total = job
        .from_range(0..numbers, 1)
        .map(|x| (x, scramble(x)))
        .filter(|(_, y)| keep(y))
        .map(|(x, y)| (x, fold(y)))
        .map(|(x, y)| (x, y.rotate_left(7)))
        .filter(|(_, y)| y % 8 != 0)
        .map(|(x, y)| (x, scramble(y) ^ 0x55))
        .filter(|(_, y)| keep(y))
        .map(|(x, y)| (x, fold(y)))
        .timestamps(
            |&(x, _)| Timestamp::from_nanos(x as i64 * 1000),
            BoundedDisorder::monotonous(),
        )
        .key_by(|(_, y)| scramble(y % KEYS))
        .window(windows)
        .count()
        .map(|counted| counted.key ^ counted.value)
        .fold_all((0, 0), add, merge);
    job.run_local().expect("the job runs");
    total.take()
}

fn chains(criterion: &mut Criterion) {
    assert_eq!(three_fused(1000), Some(three_by_hand(1000)));
    assert_eq!(eight_fused(1000), Some(eight_by_hand(1000)));
    assert_eq!(window_fused(300_000), Some(window_by_hand(300_000)));
    let mut group = criterion.benchmark_group("chain");
    group
        .throughput(Throughput::Elements(NUMBERS))
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let numbers = || black_box(NUMBERS);
    group.bench_function("3 operators, by hand", |b| {
        b.iter(|| three_by_hand(numbers()))
    });
    group.bench_function("3 operators, fused", |b| b.iter(|| three_fused(numbers())));
    group.bench_function("8 operators, by hand", |b| {
        b.iter(|| eight_by_hand(numbers()))
    });
    group.bench_function("8 operators, fused", |b| b.iter(|| eight_fused(numbers())));
    group.bench_function("8 operators and a window, by hand", |b| {
        b.iter(|| window_by_hand(numbers()))
    });
    group.bench_function("8 operators and a window, fused", |b| {
        b.iter(|| window_fused(numbers()))
    });
    group.finish();
}

mod group {
    #![allow(missing_docs)] // the macro makes a public function without a doc
    criterion::criterion_group!(benches, super::chains);
}
criterion_main!(group::benches);
