//! A side that panics closes the channel as one that is dropped does.
#![cfg(loom)]

use fluxus_loom_tests::{check, small_channel, Drops};
use fluxus_ringbuf::Polled;
use loom::thread;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

/// Unwinds without the message that `panic!` would print every time.
fn unwind() -> ! {
    resume_unwind(Box::new("planned"))
}

#[test]
fn a_sender_that_panics_publishes_nothing_more() {
    check(|| {
        let drops = Drops::default();
        let (mut sender, mut receiver) = small_channel(2, 1);
        let producer = {
            let drops = drops.clone();
            thread::spawn(move || {
                let unwound = catch_unwind(AssertUnwindSafe(move || {
                    sender.send(drops.mark()).expect("the ring is empty");
                    let mut reservation = sender.reserve(1);
                    reservation.push(drops.mark()).expect("room for one");
                    unwind();
                }));
                assert!(unwound.is_err());
            })
        };
        let mut received = 0;
        loop {
            match receiver.poll(2) {
                Polled::Records(batch) => received += batch.drain().count(),
                Polled::Signal(_) => unreachable!("none was sent"),
                Polled::Empty => thread::yield_now(),
                Polled::Closed => break,
            }
        }
        producer.join().unwrap();
        assert_eq!(received, 1, "the published one, not the written one");
        assert_eq!(drops.count(), 2, "each dropped exactly once");
    });
}

#[test]
fn a_receiver_that_panics_releases_what_it_took() {
    check(|| {
        let drops = Drops::default();
        let (mut sender, mut receiver) = small_channel(2, 1);
        for _ in 0..2 {
            sender.send(drops.mark()).expect("room for two");
        }
        let consumer = thread::spawn(move || {
            let unwound = catch_unwind(AssertUnwindSafe(move || {
                let Polled::Records(batch) = receiver.poll(2) else {
                    panic!("two records are there");
                };
                batch.drain_while(|_| unwind());
            }));
            assert!(unwound.is_err());
        });
        let third = sender.send(drops.mark());
        drop(third);
        consumer.join().unwrap();
        assert!(sender.is_abandoned());
        drop(sender);
        assert_eq!(drops.count(), 3, "each dropped exactly once");
    });
}

#[test]
fn a_panic_that_is_caught_leaves_the_rest_in_the_ring() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 1);
        assert_eq!(sender.send_from(&mut (1..=2)), 2);
        let producer = thread::spawn(move || sender.send(3).is_ok());
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            if let Polled::Records(batch) = receiver.poll(2) {
                batch.drain_while(|_: u32| unwind());
            }
        }));
        assert!(unwound.is_err());
        let third_fitted = producer.join().unwrap();
        let mut rest = Vec::new();
        while let Polled::Records(batch) = receiver.poll(2) {
            rest.extend(batch.drain());
        }
        assert_eq!(rest, if third_fitted { vec![2, 3] } else { vec![2] });
    });
}
