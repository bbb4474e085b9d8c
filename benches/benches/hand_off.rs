//! A record handed from one core to another by a job, against bare rtrb.
//!
//! `cargo bench -p fluxus-benches --bench hand_off` prints a line of comparison
//! for each size, from interleaved runs, and then criterion's own figures.
//!
//! ```text
//!   core 0  source ══ ring ══► core 1  map, sum
//! ```
//!
//! The job is what the public API gives: two partitions, of which the second is
//! empty, gathered on the last worker. Bare rtrb is a loop on either core, in
//! chunks of 256, doing the same map and sum. Both rings hold 4096 records; what
//! is compared are records of the same size in the ring, and in Fluxus eight of
//! its bytes are the event time. A job's time holds the start and the end of its
//! threads. Both spin while they wait: yielding would hand the core to whoever
//! else wants it, and the figure would be the neighbour's. (On one core both
//! yield.)

// What criterion's macros define has no documentation.
#![allow(missing_docs)]

mod pair;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use fluxus::prelude::*;
use fluxus::{IdleStrategy, Placement};
use pair::{across, print_head, print_pair, Cores, Wait};
use rtrb::chunks::ChunkError;
use rtrb::RingBuffer;
use std::hint::spin_loop;
use std::time::{Duration, Instant};

const SLOTS: usize = 4096;
const CHUNK: usize = 256;
/// Records of one run: enough that starting two threads does not show.
const RECORDS: u64 = 4_000_000;

type Item<const WORDS: usize> = [u64; WORDS];

fn item<const WORDS: usize>(n: u64) -> Item<WORDS> {
    [n; WORDS]
}

/// The operator behind the ring; it looks at every word.
fn mapped<const WORDS: usize>(item: Item<WORDS>) -> u64 {
    item.iter()
        .fold(1, |mixed, word| mixed ^ word.rotate_left(7))
}

fn expected<const WORDS: usize>(records: u64) -> u64 {
    (0..records).fold(0, |sum, n| sum.wrapping_add(mapped(item::<WORDS>(n))))
}

/// A job whose records have `WORDS` words beside their event time.
fn job<const WORDS: usize>(cores: Cores, records: u64, expected: u64) -> Duration {
    let (Some(producer), Some(consumer)) = (cores.producer, cores.consumer) else {
        panic!("this machine does not tell its cores");
    };
    let config = Config::new()
        .workers(2)
        .placement(Placement::Cores(vec![producer.id, consumer.id]))
        .idle(IdleStrategy::BusySpin)
        .ring_capacity(SLOTS);
    let job = Job::new("hand-off", config).expect("a sound configuration");
    let numbers = [0..records, 0..0];
    let sum = job
        .from_partitions(numbers.map(|numbers| numbers.map(item::<WORDS>)))
        .take(u64::MAX)
        .map(mapped)
        .fold_all(
            0,
            |sum: &mut u64, number| *sum = sum.wrapping_add(number),
            |sum, other| *sum = sum.wrapping_add(other),
        );
    let start = Instant::now();
    job.run().expect("the job runs");
    let time = start.elapsed();
    assert_eq!(sum.take(), Some(expected));
    time
}

/// The same by hand, with records of `WORDS` words.
fn bare<const WORDS: usize>(cores: Cores, records: u64, expected: u64) -> Duration {
    let (mut producer, mut consumer) = RingBuffer::<Item<WORDS>>::new(SLOTS);
    let spins = cores.producer != cores.consumer;
    let pause = move |wait: &mut Wait| match spins {
        true => spin_loop(),
        false => wait.pause(),
    };
    across(
        cores,
        move |wait| {
            let mut next = 0;
            while next < records {
                let most = CHUNK.min((records - next) as usize);
                let room = match producer.write_chunk_uninit(most) {
                    Ok(_) => most,
                    Err(ChunkError::TooFewSlots(slots)) => slots,
                };
                let chunk = producer.write_chunk_uninit(room).expect("so many");
                match chunk.fill_from_iter((next..).map(item)) {
                    0 => pause(wait),
                    sent => {
                        next += sent as u64;
                        wait.reset();
                    }
                }
            }
        },
        move |wait| {
            let mut sum = 0u64;
            loop {
                let gone = consumer.is_abandoned();
                let count = match consumer.read_chunk(CHUNK) {
                    Ok(_) => CHUNK,
                    Err(ChunkError::TooFewSlots(slots)) => slots,
                };
                if count == 0 {
                    if gone {
                        return sum;
                    }
                    pause(wait);
                    continue;
                }
                let chunk = consumer.read_chunk(count).expect("so many");
                sum = chunk
                    .into_iter()
                    .fold(sum, |sum, item| sum.wrapping_add(mapped(item)));
                wait.reset();
            }
        },
        expected,
    )
}

/// Records of `WORDS` words in either ring; one of them is the time in Fluxus.
fn compare<const WITHOUT_TIME: usize, const WORDS: usize>(criterion: &mut Criterion, cores: Cores) {
    let bytes = WORDS * 8;
    let sums = |records| {
        (
            expected::<WITHOUT_TIME>(records),
            expected::<WORDS>(records),
        )
    };
    let (ours, theirs) = sums(RECORDS);
    print_pair(
        &format!("{bytes} B in the ring"),
        RECORDS,
        |records| job::<WITHOUT_TIME>(cores, records, ours),
        |records| bare::<WORDS>(cores, records, theirs),
    );
    const EACH: u64 = 10_000;
    let mut group = criterion.benchmark_group(format!("hand-off, {bytes} B"));
    group.throughput(Throughput::Elements(EACH));
    group.bench_function("fluxus", |bencher| {
        bencher.iter_custom(|times| {
            let records = times * EACH;
            job::<WITHOUT_TIME>(cores, records, sums(records).0)
        });
    });
    group.bench_function("rtrb", |bencher| {
        bencher.iter_custom(|times| {
            let records = times * EACH;
            bare::<WORDS>(cores, records, sums(records).1)
        });
    });
    group.finish();
}

fn hand_offs(criterion: &mut Criterion) {
    let cores = Cores::find();
    Cores::pin(cores.producer);
    print_head(cores, "fluxus", "rtrb");
    compare::<2, 3>(criterion, cores);
    compare::<3, 4>(criterion, cores);
    compare::<7, 8>(criterion, cores);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = hand_offs
}
criterion_main!(benches);
