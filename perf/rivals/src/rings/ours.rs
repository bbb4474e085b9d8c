//! The channel of `fluxus-ringbuf`.

use fluxus_ringbuf::{channel, Capacity, Polled, Receiver, Sender};

use super::between::{between, Wait};
use super::{item, Item, Passed, BATCH, SLOTS};

type Ends = (Sender<Item, ()>, Receiver<Item, ()>);

fn ring() -> Result<Ends, String> {
    let capacity = Capacity::new(SLOTS).map_err(|error| error.to_string())?;
    channel(capacity).map_err(|error| error.to_string())
}

/// Batches written in place and read in place.
pub(super) fn in_place(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (mut sender, receiver) = ring()?;
    let send = move |wait: &mut Wait| {
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
    };
    between(records, cores, send, |wait| take_batches(receiver, wait))
}

/// Batches gathered in a vector and moved over: how an outbox sends.
pub(super) fn from_vector(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (mut sender, receiver) = ring()?;
    let send = move |wait: &mut Wait| {
        let mut staged = Vec::with_capacity(BATCH);
        let mut next = 0;
        while next < records || !staged.is_empty() {
            let end = records.min(next + (BATCH - staged.len()) as u64);
            staged.extend((next..end).map(item));
            next = end;
            match sender.send_vec(&mut staged) {
                0 => wait.pause(),
                _ => wait.reset(),
            }
        }
    };
    between(records, cores, send, |wait| take_batches(receiver, wait))
}

fn take_batches(mut receiver: Receiver<Item, ()>, wait: &mut Wait) -> u64 {
    let mut sum = 0u64;
    loop {
        match receiver.poll(BATCH) {
            Polled::Records(batch) => {
                let (front, back) = batch.as_slices();
                let numbers = front.iter().chain(back).map(|item| item[0]);
                sum = numbers.fold(sum, u64::wrapping_add);
                batch.release_all();
                wait.reset();
            }
            Polled::Signal(()) => {}
            Polled::Empty => wait.pause(),
            Polled::Closed => return sum,
        }
    }
}

/// One record a call on both sides.
pub(super) fn one_by_one(records: u64, cores: &[usize]) -> Result<Passed, String> {
    let (mut sender, mut receiver) = ring()?;
    let send = move |wait: &mut Wait| {
        for number in 0..records {
            while sender.send(item(number)).is_err() {
                wait.pause();
            }
            wait.reset();
        }
    };
    let take = move |wait: &mut Wait| {
        let mut sum = 0u64;
        loop {
            match receiver.poll(1) {
                Polled::Records(batch) => {
                    batch
                        .drain()
                        .for_each(|item| sum = sum.wrapping_add(item[0]));
                    wait.reset();
                }
                Polled::Signal(()) => {}
                Polled::Empty => wait.pause(),
                Polled::Closed => return sum,
            }
        }
    };
    between(records, cores, send, take)
}
