//! The Fluxus channel against bare rtrb: the same records, the same waiting,
//! two pinned cores.
//!
//! `cargo bench -p fluxus-benches --bench ring` prints one line of comparison
//! for each case, from interleaved runs, and then criterion's own figures.

// What criterion's macros define has no documentation.
#![allow(missing_docs)]

mod pair;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use fluxus_ringbuf::{channel, Capacity, Polled};
use pair::{across, print_head, print_pair, Cores};
use rtrb::chunks::ChunkError;
use rtrb::{PushError, RingBuffer};
use std::time::Duration;

const SLOTS: usize = 4096;
const BATCH: usize = 256;

/// A record of `WORDS` times eight bytes; its first word is what is summed.
type Item<const WORDS: usize> = [u64; WORDS];

fn sum_to(records: u64) -> u64 {
    records * (records - 1) / 2
}

fn item<const WORDS: usize>(n: u64) -> Item<WORDS> {
    [n; WORDS]
}

/// How records are sent and taken.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// One a call on both sides.
    OneByOne,
    /// One a call when sending, what is there when taking.
    SentOneByOne,
    /// Written in place in batches, read in place in batches.
    Batches,
    /// Staged in a vector and moved over, taken by value.
    Staged,
}

const WAYS: [(Way, &str); 4] = [
    (Way::OneByOne, "one by one"),
    (Way::SentOneByOne, "sent one by one, taken in batches"),
    (Way::Batches, "batches of 256 in place"),
    (Way::Staged, "batches of 256 from a Vec"),
];

fn fluxus<const WORDS: usize>(cores: Cores, way: Way, records: u64) -> Duration {
    let capacity = Capacity::new(SLOTS).expect("a power of two");
    let (mut sender, mut receiver) = channel::<Item<WORDS>, u64>(capacity).expect("memory");
    across(
        cores,
        move |wait| match way {
            Way::OneByOne | Way::SentOneByOne => {
                for n in 0..records {
                    while sender.send(item(n)).is_err() {
                        wait.pause();
                    }
                    wait.reset();
                }
            }
            Way::Batches => {
                let mut next = 0;
                while next < records {
                    let mut reservation = sender.reserve(BATCH.min((records - next) as usize));
                    reservation.extend((next..).map(item));
                    match reservation.publish() {
                        0 => wait.pause(),
                        sent => {
                            next += sent as u64;
                            wait.reset();
                        }
                    }
                }
            }
            Way::Staged => {
                let mut staged = Vec::with_capacity(BATCH);
                let mut next = 0;
                while next < records || !staged.is_empty() {
                    let upto = records.min(next + (BATCH - staged.len()) as u64);
                    staged.extend((next..upto).map(item::<WORDS>));
                    next = upto;
                    match sender.send_vec(&mut staged) {
                        0 => wait.pause(),
                        _ => wait.reset(),
                    }
                }
            }
        },
        move |wait| {
            let most = if way == Way::OneByOne { 1 } else { BATCH };
            let mut sum = 0;
            loop {
                match receiver.poll(most) {
                    Polled::Records(batch) if way == Way::Batches => {
                        let (front, back) = batch.as_slices();
                        sum += front.iter().map(|item| item[0]).sum::<u64>();
                        sum += back.iter().map(|item| item[0]).sum::<u64>();
                        batch.release_all();
                    }
                    Polled::Records(batch) => batch.drain().for_each(|item| sum += item[0]),
                    Polled::Signal(_) => unreachable!("none was sent"),
                    Polled::Empty => {
                        wait.pause();
                        continue;
                    }
                    Polled::Closed => return sum,
                }
                wait.reset();
            }
        },
        sum_to(records),
    )
}

fn bare<const WORDS: usize>(cores: Cores, way: Way, records: u64) -> Duration {
    let (mut producer, mut consumer) = RingBuffer::<Item<WORDS>>::new(SLOTS);
    across(
        cores,
        move |wait| match way {
            Way::OneByOne | Way::SentOneByOne => {
                for n in 0..records {
                    let mut record = item(n);
                    while let Err(PushError::Full(back)) = producer.push(record) {
                        record = back;
                        wait.pause();
                    }
                    wait.reset();
                }
            }
            Way::Batches => {
                let mut next = 0;
                while next < records {
                    let most = BATCH.min((records - next) as usize);
                    let room = match producer.write_chunk_uninit(most) {
                        Ok(_) => most,
                        Err(ChunkError::TooFewSlots(slots)) => slots,
                    };
                    let chunk = producer.write_chunk_uninit(room).expect("so many");
                    match chunk.fill_from_iter((next..).map(item)) {
                        0 => wait.pause(),
                        sent => {
                            next += sent as u64;
                            wait.reset();
                        }
                    }
                }
            }
            Way::Staged => {
                let mut staged = Vec::with_capacity(BATCH);
                let mut next = 0;
                while next < records || !staged.is_empty() {
                    let upto = records.min(next + (BATCH - staged.len()) as u64);
                    staged.extend((next..upto).map(item::<WORDS>));
                    next = upto;
                    let room = match producer.write_chunk_uninit(staged.len()) {
                        Ok(_) => staged.len(),
                        Err(ChunkError::TooFewSlots(slots)) => slots,
                    };
                    let chunk = producer.write_chunk_uninit(room).expect("so many");
                    match chunk.fill_from_iter(staged.drain(..room)) {
                        0 => wait.pause(),
                        _ => wait.reset(),
                    }
                }
            }
        },
        move |wait| {
            let mut sum = 0;
            loop {
                let gone = consumer.is_abandoned();
                if way == Way::OneByOne {
                    match consumer.pop() {
                        Ok(item) => {
                            sum += item[0];
                            wait.reset();
                        }
                        Err(_) if gone => return sum,
                        Err(_) => wait.pause(),
                    }
                    continue;
                }
                let count = match consumer.read_chunk(BATCH) {
                    Ok(_) => BATCH,
                    Err(ChunkError::TooFewSlots(slots)) => slots,
                };
                if count == 0 {
                    if gone {
                        return sum;
                    }
                    wait.pause();
                    continue;
                }
                let chunk = consumer.read_chunk(count).expect("so many");
                if way == Way::Batches {
                    let (front, back) = chunk.as_slices();
                    sum += front.iter().map(|item| item[0]).sum::<u64>();
                    sum += back.iter().map(|item| item[0]).sum::<u64>();
                    chunk.commit_all();
                } else {
                    chunk.into_iter().for_each(|item| sum += item[0]);
                }
                wait.reset();
            }
        },
        sum_to(records),
    )
}

fn compare<const WORDS: usize>(criterion: &mut Criterion, cores: Cores) {
    let bytes = WORDS * 8;
    for (way, name) in WAYS {
        print_pair(
            &format!("{bytes} B {name}"),
            if cores.producer == cores.consumer {
                1 << 17
            } else {
                1 << 19
            },
            |records| fluxus::<WORDS>(cores, way, records),
            |records| bare::<WORDS>(cores, way, records),
        );
    }
    const EACH: u64 = 10_000;
    for (way, name) in WAYS {
        let mut group = criterion.benchmark_group(format!("{bytes} B {name}"));
        group.throughput(Throughput::Elements(EACH));
        group.bench_function("fluxus", |bencher| {
            bencher.iter_custom(|times| fluxus::<WORDS>(cores, way, times * EACH));
        });
        group.bench_function("rtrb", |bencher| {
            bencher.iter_custom(|times| bare::<WORDS>(cores, way, times * EACH));
        });
        group.finish();
    }
}

fn rings(criterion: &mut Criterion) {
    let cores = Cores::find();
    Cores::pin(cores.producer);
    print_head(cores, "fluxus", "rtrb");
    compare::<1>(criterion, cores);
    compare::<2>(criterion, cores);
    compare::<8>(criterion, cores);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = rings
}
criterion_main!(benches);
