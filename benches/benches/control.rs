//! Where a control signal travels: in a slot of the record ring, or in a lane
//! beside it.
//!
//! Both forms move the same records and the same watermarks, in batches of 256,
//! between two pinned cores; each line rests on interleaved runs. The outcome
//! stands in the documentation of the channel.

// What criterion's macros define has no documentation.
#![allow(missing_docs)]

mod pair;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use fluxus_ringbuf::{channel, Capacity, Polled, Receiver};
use pair::{across, print_head, print_pair, Cores, Wait};
use rtrb::chunks::ChunkError;
use rtrb::RingBuffer;
use std::time::Duration;

const SLOTS: usize = 4096;
const BATCH: u64 = 256;

/// What the consumer makes of it: the sum of the records and of the watermarks.
type Sums = (u64, u64);

fn expected(records: u64, every: u64) -> Sums {
    let watermarks = records / every;
    (
        records * (records - 1) / 2,
        every * watermarks * (watermarks + 1) / 2,
    )
}

/// The lane beside the ring: a Fluxus channel.
fn beside<const WORDS: usize>(cores: Cores, every: u64, records: u64) -> Duration {
    let capacity = Capacity::new(SLOTS).expect("a power of two");
    let (mut sender, mut receiver) = channel::<[u64; WORDS], u64>(capacity).expect("memory");
    across(
        cores,
        move |wait| {
            let mut next = 0;
            while next < records {
                // To the next watermark or the end of the batch.
                let upto = next + every.min(BATCH) - next % every.min(BATCH);
                while next < upto {
                    let mut reservation = sender.reserve((upto - next) as usize);
                    reservation.extend((next..).map(|n| [n; WORDS]));
                    next += progress(wait, reservation.publish());
                }
                if next % every == 0 {
                    while sender.signal(next).is_err() {
                        wait.pause();
                    }
                }
            }
        },
        move |wait| take_all(&mut receiver, wait),
        expected(records, every),
    )
}

/// The lane beside the ring, with the signals of a batch sent ahead and the
/// batch published as a whole.
fn ahead<const WORDS: usize>(cores: Cores, every: u64, records: u64) -> Duration {
    let capacity = Capacity::new(SLOTS).expect("a power of two");
    let (mut sender, mut receiver) = channel::<[u64; WORDS], u64>(capacity).expect("memory");
    across(
        cores,
        move |wait| {
            let mut next = 0;
            while next < records {
                let upto = next + BATCH;
                for place in (every..=BATCH).step_by(every as usize) {
                    while sender.signal_ahead(place as usize, next + place).is_err() {
                        wait.pause();
                    }
                }
                while next < upto {
                    let mut reservation = sender.reserve((upto - next) as usize);
                    reservation.extend((next..).map(|n| [n; WORDS]));
                    next += progress(wait, reservation.publish());
                }
            }
        },
        move |wait| take_all(&mut receiver, wait),
        expected(records, every),
    )
}

fn take_all<const WORDS: usize>(
    receiver: &mut Receiver<[u64; WORDS], u64>,
    wait: &mut Wait,
) -> Sums {
    let (mut sum, mut watermarks) = (0, 0);
    loop {
        match receiver.poll(BATCH as usize) {
            Polled::Records(batch) => batch.drain().for_each(|record| sum += record[0]),
            Polled::Signal(watermark) => watermarks += watermark,
            Polled::Empty => {
                wait.pause();
                continue;
            }
            Polled::Closed => return (sum, watermarks),
        }
        wait.reset();
    }
}

/// What a slot holds when signals share the record ring.
#[derive(Clone, Copy)]
enum Slot<const WORDS: usize> {
    Record([u64; WORDS]),
    Watermark(u64),
}

/// The signal in the slot: one ring, and every slot says what it is.
fn in_slot<const WORDS: usize>(cores: Cores, every: u64, records: u64) -> Duration {
    let (mut producer, mut consumer) = RingBuffer::<Slot<WORDS>>::new(SLOTS);
    across(
        cores,
        move |wait| {
            // Every `every` records are followed by one slot with a watermark.
            let slots = records + records / every;
            let (mut record, mut until_watermark) = (0, every);
            // A batch is 256 records and the watermarks that go with them.
            let batch = BATCH + (BATCH / every).max(1);
            let mut next = 0;
            while next < slots {
                let most = batch.min(slots - next) as usize;
                let room = match producer.write_chunk_uninit(most) {
                    Ok(_) => most,
                    Err(ChunkError::TooFewSlots(slots)) => slots,
                };
                let mut chunk = producer.write_chunk_uninit(room).expect("so many");
                let (first, second) = chunk.as_mut_slices();
                for mut slots in [first, second] {
                    // In runs, so that a record costs no question.
                    while !slots.is_empty() {
                        if until_watermark == 0 {
                            slots[0].write(Slot::Watermark(record));
                            slots = &mut slots[1..];
                            until_watermark = every;
                        }
                        let (run, rest) =
                            slots.split_at_mut(slots.len().min(until_watermark as usize));
                        until_watermark -= run.len() as u64;
                        for slot in run {
                            slot.write(Slot::Record([record; WORDS]));
                            record += 1;
                        }
                        slots = rest;
                    }
                }
                // SAFETY: the loop above has written every slot.
                unsafe { chunk.commit_all() };
                next += progress(wait, room);
            }
        },
        move |wait| {
            let (mut sum, mut watermarks) = (0, 0);
            loop {
                let gone = consumer.is_abandoned();
                let count = match consumer.read_chunk(BATCH as usize) {
                    Ok(_) => BATCH as usize,
                    Err(ChunkError::TooFewSlots(slots)) => slots,
                };
                if count == 0 {
                    if gone {
                        return (sum, watermarks);
                    }
                    wait.pause();
                    continue;
                }
                let chunk = consumer.read_chunk(count).expect("so many");
                chunk.into_iter().for_each(|slot| match slot {
                    Slot::Record(record) => sum += record[0],
                    Slot::Watermark(watermark) => watermarks += watermark,
                });
                wait.reset();
            }
        },
        expected(records, every),
    )
}

fn progress(wait: &mut Wait, sent: usize) -> u64 {
    match sent {
        0 => wait.pause(),
        _ => wait.reset(),
    }
    sent as u64
}

fn compare<const WORDS: usize>(criterion: &mut Criterion, cores: Cores, every: u64) {
    let name = format!("{} B, a watermark every {every}", WORDS * 8);
    print_pair(
        &name,
        if cores.producer == cores.consumer {
            1 << 17
        } else {
            1 << 19
        },
        |records| beside::<WORDS>(cores, every, records),
        |records| in_slot::<WORDS>(cores, every, records),
    );
    print_pair(
        &format!("{name}, ahead"),
        if cores.producer == cores.consumer {
            1 << 17
        } else {
            1 << 19
        },
        |records| ahead::<WORDS>(cores, every, records),
        |records| in_slot::<WORDS>(cores, every, records),
    );
    const EACH: u64 = 1 << 13;
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(EACH));
    group.bench_function("beside", |bencher| {
        bencher.iter_custom(|times| beside::<WORDS>(cores, every, times * EACH));
    });
    group.bench_function("ahead", |bencher| {
        bencher.iter_custom(|times| ahead::<WORDS>(cores, every, times * EACH));
    });
    group.bench_function("in_slot", |bencher| {
        bencher.iter_custom(|times| in_slot::<WORDS>(cores, every, times * EACH));
    });
    group.finish();
}

fn controls(criterion: &mut Criterion) {
    let cores = Cores::find();
    Cores::pin(cores.producer);
    print_head(cores, "beside", "in the slot");
    for every in [BATCH, 16] {
        compare::<2>(criterion, cores, every);
        compare::<3>(criterion, cores, every);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = controls
}
criterion_main!(benches);
