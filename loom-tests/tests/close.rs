//! Either side may go at any moment; what was published before is not lost.
#![cfg(loom)]

use fluxus_loom_tests::{
    check, receive_all, send, small_channel, Drops,
    Seen::{Record, Signal},
};
use fluxus_ringbuf::Polled;
use loom::thread;

#[test]
fn closing_loses_no_record() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 1);
        let producer = thread::spawn(move || {
            assert_eq!(sender.send_from(&mut (1..=2)), 2);
        });
        assert_eq!(receive_all(&mut receiver, 2), [Record(1), Record(2)]);
        assert!(receiver.is_closed());
        producer.join().unwrap();
    });
}

/// The same with the threads changed over: loom takes another way through it.
#[test]
fn closing_loses_no_record_on_the_other_thread() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 1);
        let consumer = thread::spawn(move || receive_all(&mut receiver, 2));
        assert_eq!(sender.send_from(&mut (1..=2)), 2);
        drop(sender);
        assert_eq!(consumer.join().unwrap(), [Record(1), Record(2)]);
    });
}

#[test]
fn closing_loses_no_signal() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(1, 1);
        let producer = thread::spawn(move || {
            sender.signal('e').expect("the lane is empty");
        });
        assert_eq!(receive_all(&mut receiver, 1), [Signal('e')]);
        producer.join().unwrap();
    });
}

#[test]
fn closing_is_not_said_while_something_is_left() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(1, 1);
        let producer = thread::spawn(move || {
            sender.send(1_u32).expect("the ring is empty");
        });
        let closed_early = receiver.is_closed();
        assert!(!closed_early, "a record was never taken");
        assert_eq!(receive_all(&mut receiver, 1), [Record(1)]);
        producer.join().unwrap();
    });
}

#[test]
fn an_abandoned_sender_gets_its_record_back_and_nothing_leaks() {
    check(|| {
        let drops = Drops::default();
        let (mut sender, mut receiver) = small_channel(1, 1);
        let producer = {
            let drops = drops.clone();
            thread::spawn(move || {
                // The second fits only when the first was taken in time.
                let first = send(&mut sender, drops.mark());
                let second = send(&mut sender, drops.mark());
                let given_back = usize::from(first.is_err()) + usize::from(second.is_err());
                drop((first, second));
                if given_back > 0 {
                    assert!(sender.is_abandoned());
                    assert_eq!(sender.reserve(1).room(), 0);
                    assert_eq!(sender.signal('x'), Err('x'));
                }
            })
        };
        if let Polled::Records(batch) = receiver.poll(1) {
            assert_eq!(batch.drain().count(), 1);
        }
        drop(receiver);
        producer.join().unwrap();
        assert_eq!(drops.count(), 2, "each dropped exactly once");
    });
}

#[test]
fn both_sides_go_at_once() {
    check(|| {
        let drops = Drops::default();
        let (mut sender, receiver) = small_channel(2, 1);
        let producer = {
            let drops = drops.clone();
            thread::spawn(move || {
                let _ = sender.send(drops.mark());
                let _ = sender.signal('x');
            })
        };
        drop(receiver);
        producer.join().unwrap();
        assert_eq!(drops.count(), 1);
    });
}
