//! The others: rtrb, disruptor, crossbeam-channel, the standard library's channel.

use std::sync::mpsc;

use disruptor::{BusySpin, MissingFreeSlots, Polling, Producer, RingBufferFull};
use rtrb::chunks::ChunkError;
use rtrb::{PushError, RingBuffer};

use super::between::{between, Wait};
use super::{item, Item, Passed, BATCH, SLOTS};

/// rtrb in chunks, written and read in place.
pub(super) fn rtrb_chunks(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (mut producer, mut consumer) = RingBuffer::<Item>::new(SLOTS);
    let send = move |wait: &mut Wait| {
        let mut next = 0;
        while next < records {
            let most = BATCH.min((records - next) as usize);
            let room = match producer.write_chunk_uninit(most) {
                Ok(_) => most,
                Err(ChunkError::TooFewSlots(slots)) => slots,
            };
            let sent = producer
                .write_chunk_uninit(room)
                .map_or(0, |chunk| chunk.fill_from_iter((next..).map(item)));
            match sent {
                0 => wait.pause(),
                sent => {
                    next += sent as u64;
                    wait.reset();
                }
            }
        }
    };
    let take = move |wait: &mut Wait| {
        let mut sum = 0u64;
        loop {
            let gone = consumer.is_abandoned();
            let count = match consumer.read_chunk(BATCH) {
                Ok(_) => BATCH,
                Err(ChunkError::TooFewSlots(slots)) => slots,
            };
            match consumer.read_chunk(count) {
                Ok(chunk) if count > 0 => {
                    let (front, back) = chunk.as_slices();
                    let numbers = front.iter().chain(back).map(|item| item[0]);
                    sum = numbers.fold(sum, u64::wrapping_add);
                    chunk.commit_all();
                    wait.reset();
                }
                _ if gone => return sum,
                _ => wait.pause(),
            }
        }
    };
    between(records, cores, send, take)
}

/// rtrb, one record a call on both sides.
pub(super) fn rtrb_one_by_one(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (mut producer, mut consumer) = RingBuffer::<Item>::new(SLOTS);
    let send = move |wait: &mut Wait| {
        for number in 0..records {
            let mut record = item(number);
            while let Err(PushError::Full(back)) = producer.push(record) {
                record = back;
                wait.pause();
            }
            wait.reset();
        }
    };
    let take = move |wait: &mut Wait| {
        let mut sum = 0u64;
        loop {
            let gone = consumer.is_abandoned();
            match consumer.pop() {
                Ok(item) => {
                    sum = sum.wrapping_add(item[0]);
                    wait.reset();
                }
                Err(_) if gone => return sum,
                Err(_) => wait.pause(),
            }
        }
    };
    between(records, cores, send, take)
}

/// disruptor, batches published, whatever is there polled.
pub(super) fn disruptor_batches(records: u64, cores: &[usize]) -> Result<Passed, String> {
    disrupt(records, cores, |producer, wait| {
        let mut next = 0;
        while next < records {
            let count = BATCH.min((records - next) as usize);
            let sent = producer.try_batch_publish(count, |slots| {
                for (slot, number) in slots.zip(next..) {
                    *slot = item(number);
                }
            });
            match sent {
                Ok(_) => {
                    next += count as u64;
                    wait.reset();
                }
                Err(MissingFreeSlots(_)) => wait.pause(),
            }
        }
    })
}

/// disruptor, one record published a call.
pub(super) fn disruptor_one_by_one(records: u64, cores: &[usize]) -> Result<Passed, String> {
    disrupt(records, cores, |producer, wait| {
        for number in 0..records {
            while let Err(RingBufferFull) = producer.try_publish(|slot| *slot = item(number)) {
                wait.pause();
            }
            wait.reset();
        }
    })
}

type Disruptor = disruptor::SingleProducer<Item, disruptor::SingleConsumerBarrier>;

fn disrupt(
    records: u64,
    cores: &[usize],
    send: impl FnOnce(&mut Disruptor, &mut Wait) + Send,
) -> Result<Passed, String> {
    let builder = disruptor::build_single_producer(SLOTS, || item(0), BusySpin);
    let (mut poller, builder) = builder.new_event_poller();
    let mut producer = builder.build();
    let send = move |wait: &mut Wait| {
        send(&mut producer, wait);
        // What was published is still polled; then the poller learns of the end.
        drop(producer);
    };
    let take = move |wait: &mut Wait| {
        let mut sum = 0u64;
        loop {
            let result = poller.poll();
            match result {
                Ok(mut items) => {
                    (&mut items).for_each(|item| sum = sum.wrapping_add(item[0]));
                    wait.reset();
                }
                Err(Polling::NoEvents) => wait.pause(),
                Err(Polling::Shutdown) => return sum,
            }
        }
    };
    between(records, cores, send, take)
}

/// crossbeam-channel: it waits by itself.
pub(super) fn crossbeam(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (sender, receiver) = crossbeam_channel::bounded(SLOTS);
    let send = move |_: &mut Wait| {
        for number in 0..records {
            if sender.send(item(number)).is_err() {
                return;
            }
        }
    };
    let take = move |_: &mut Wait| sum_of(receiver.iter());
    between(records, cores, send, take)
}

/// crossbeam-channel with vectors, as many records in all as the other rings have slots.
pub(super) fn crossbeam_vectors(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (sender, receiver) = crossbeam_channel::bounded(SLOTS / BATCH);
    let send = move |_: &mut Wait| {
        for batch in vectors(records) {
            if sender.send(batch).is_err() {
                return;
            }
        }
    };
    let take = move |_: &mut Wait| sum_of(receiver.iter().flatten());
    between(records, cores, send, take)
}

/// The standard library's channel: it waits by itself.
pub(super) fn standard(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (sender, receiver) = mpsc::sync_channel(SLOTS);
    let send = move |_: &mut Wait| {
        for number in 0..records {
            if sender.send(item(number)).is_err() {
                return;
            }
        }
    };
    let take = move |_: &mut Wait| sum_of(receiver.iter());
    between(records, cores, send, take)
}

/// The standard library's channel with vectors.
pub(super) fn standard_vectors(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (sender, receiver) = mpsc::sync_channel(SLOTS / BATCH);
    let send = move |_: &mut Wait| {
        for batch in vectors(records) {
            if sender.send(batch).is_err() {
                return;
            }
        }
    };
    let take = move |_: &mut Wait| sum_of(receiver.iter().flatten());
    between(records, cores, send, take)
}

/// The records, in vectors of a batch each.
fn vectors(records: u64) -> impl Iterator<Item = Vec<Item>> {
    let starts = (0..records).step_by(BATCH);
    starts.map(move |start| {
        let end = records.min(start + BATCH as u64);
        (start..end).map(item).collect()
    })
}

fn sum_of(items: impl Iterator<Item = Item>) -> u64 {
    items.fold(0, |sum, item| sum.wrapping_add(item[0]))
}
