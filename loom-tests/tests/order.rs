//! Records come in order, each once, also where the ring wraps around.
#![cfg(loom)]

use fluxus_loom_tests::{check, receive_all, send, small_channel, Seen};
use fluxus_ringbuf::Polled;
use loom::thread;

fn records(upto: u32) -> Vec<Seen> {
    (0..upto).map(Seen::Record).collect()
}

#[test]
fn one_by_one_through_a_single_slot() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(1, 1);
        let producer = thread::spawn(move || {
            for n in 0..3 {
                send(&mut sender, n).expect("the receiver stays");
            }
        });
        assert_eq!(receive_all(&mut receiver, 1), records(3));
        producer.join().unwrap();
    });
}

#[test]
fn batches_across_the_end_of_the_ring() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 1);
        let producer = thread::spawn(move || {
            // A batch of one first, so that the batch of two wraps around.
            let mut staged = vec![0];
            sender.send_vec(&mut staged);
            staged.extend([1, 2]);
            while !staged.is_empty() {
                if sender.send_vec(&mut staged) == 0 {
                    thread::yield_now();
                }
            }
        });
        assert_eq!(receive_all(&mut receiver, 2), records(3));
        producer.join().unwrap();
    });
}

#[test]
fn slots_read_in_place_are_not_written_meanwhile() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 1);
        let producer = thread::spawn(move || {
            for n in 0..3_u32 {
                send(&mut sender, n).expect("the receiver stays");
            }
        });
        let mut seen = Vec::new();
        loop {
            match receiver.poll(2) {
                Polled::Records(batch) => {
                    let (front, back) = batch.as_slices();
                    seen.extend(front.iter().chain(back).copied());
                    batch.release_all();
                }
                Polled::Signal(_) => unreachable!("none was sent"),
                Polled::Empty => thread::yield_now(),
                Polled::Closed => break,
            }
        }
        assert_eq!(seen, [0, 1, 2]);
        producer.join().unwrap();
    });
}

#[test]
fn what_is_reserved_is_not_seen_before_it_is_published() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 1);
        let producer = thread::spawn(move || {
            let mut reservation = sender.reserve(2);
            reservation.push(0).expect("room for two");
            reservation.push(1).expect("room for two");
            assert_eq!(reservation.publish(), 2);
        });
        let mut sizes = Vec::new();
        loop {
            match receiver.poll(2) {
                Polled::Records(batch) => sizes.push(batch.drain().count()),
                Polled::Signal(_) => unreachable!("none was sent"),
                Polled::Empty => thread::yield_now(),
                Polled::Closed => break,
            }
        }
        assert_eq!(sizes, [2], "published at once, seen at once");
        producer.join().unwrap();
    });
}

#[test]
fn a_batch_left_halfway_goes_on_where_it_stopped() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 1);
        assert_eq!(sender.send_from(&mut (0..2)), 2);
        let producer = thread::spawn(move || {
            send(&mut sender, 2).expect("the receiver stays");
        });
        let Polled::Records(batch) = receiver.poll(2) else {
            panic!("two records are there");
        };
        assert_eq!(batch.drain_while(|_| false), 1);
        assert_eq!(receive_all(&mut receiver, 2), records(3)[1..]);
        producer.join().unwrap();
    });
}
