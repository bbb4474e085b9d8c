//! Two real threads, many records, signals at uneven places, every way to send
//! and to take; both sides park when there is nothing to do.
#![cfg(not(loom))]

use fluxus_ringbuf::{channel_with_lane, Capacity, Parker, Polled};
use std::thread;

const RECORDS: u64 = 200_000;

/// A signal tells how many records came before it.
fn signal_after(record: u64) -> bool {
    record % 7 == 0 || record % 640 < 3
}

#[test]
fn everything_comes_in_order_through_a_small_ring() {
    let capacity = |slots| Capacity::new(slots).expect("a small power of two");
    let (mut sender, mut receiver) =
        channel_with_lane::<Box<u64>, u64>(capacity(64), capacity(8)).expect("a few bytes");
    let (full, empty) = (Parker::new(), Parker::new());
    sender.wake_on_send(empty.waker());
    receiver.wake_on_release(full.waker());

    let producer = thread::spawn(move || {
        let mut staged = Vec::new();
        let mut next = 0;
        let mut due = None;
        while next < RECORDS || due.is_some() || !staged.is_empty() {
            // Stage up to and with the next record that a signal follows.
            while due.is_none() && next < RECORDS && staged.len() < 40 {
                staged.push(Box::new(next));
                next += 1;
                due = signal_after(next).then_some(next);
            }
            let mut step = || {
                let sent = match next % 3 {
                    0 => sender.send_vec(&mut staged),
                    1 => {
                        let mut reservation = sender.reserve(staged.len());
                        let room = reservation.room();
                        reservation.extend(staged.drain(..room));
                        reservation.publish()
                    }
                    _ if staged.is_empty() => 0,
                    _ => match sender.send(staged.remove(0)) {
                        Ok(()) => 1,
                        Err(back) => {
                            staged.insert(0, back);
                            0
                        }
                    },
                };
                let signalled =
                    staged.is_empty() && due.is_some_and(|count| sender.signal(count).is_ok());
                if signalled {
                    due = None;
                }
                sent > 0 || signalled
            };
            if !step() {
                full.prepare();
                if step() {
                    full.cancel();
                } else {
                    full.park(None);
                }
            }
        }
    });

    let mut expected = 0;
    let mut signals = 0;
    let mut prepared = false;
    loop {
        let polled = receiver.poll(48);
        if prepared && !matches!(polled, Polled::Empty) {
            empty.cancel();
            prepared = false;
        }
        match polled {
            Polled::Records(batch) => {
                let way = expected % 4;
                // True now and then: where `drain_while` stops.
                let mut check = |record: Box<u64>| {
                    assert_eq!(*record, expected);
                    expected += 1;
                    expected % 5 == 0
                };
                match way {
                    0 => batch.drain().for_each(|record| {
                        check(record);
                    }),
                    1 => {
                        batch.drain_while(|record| !check(record));
                    }
                    2 => {
                        let (front, back) = batch.as_slices();
                        for record in front.iter().chain(back) {
                            assert_eq!(**record, expected);
                            expected += 1;
                        }
                        batch.release_all();
                    }
                    _ => {
                        let mut drain = batch.drain();
                        check(drain.next().expect("never without a record"));
                    }
                }
            }
            Polled::Signal(count) => {
                assert_eq!(count, expected, "in its place");
                signals += 1;
            }
            Polled::Empty if prepared => {
                empty.park(None);
                prepared = false;
            }
            Polled::Empty => {
                empty.prepare();
                prepared = true;
            }
            Polled::Closed => break,
        }
    }
    producer.join().expect("the producer sends all");
    assert_eq!(expected, RECORDS);
    let due = (1..=RECORDS).filter(|record| signal_after(*record)).count();
    assert_eq!(signals, due);
}
