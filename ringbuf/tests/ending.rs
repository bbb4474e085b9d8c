//! Either side goes, also by a panic: nothing published is lost, nothing leaks.
#![cfg(not(loom))]

mod support;

use fluxus_ringbuf::{Parker, Polled};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use support::{
    receive, small_channel, Drops,
    Seen::{Closed, Empty, Record, Signal},
};

/// Runs what unwinds, without the message that `panic!` would print.
fn unwinding<R>(run: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
}

fn unwind() -> ! {
    resume_unwind(Box::new("planned"))
}

#[test]
fn closed_comes_after_everything_else_and_again() {
    let (mut sender, mut receiver) = small_channel(4, 1);
    assert_eq!(receive(&mut receiver, 4), [Empty]);
    sender.send_from(&mut (1..=2));
    sender.signal('e').expect("room in the lane");
    assert!(!receiver.is_abandoned());
    drop(sender);
    assert!(receiver.is_abandoned());
    assert!(!receiver.is_closed(), "something is left");
    assert_eq!(
        receive(&mut receiver, 1),
        [Record(1), Record(2), Signal('e'), Closed]
    );
    assert_eq!(receive(&mut receiver, 1), [Closed]);
}

#[test]
fn an_abandoned_sender_gets_everything_back() {
    let (mut sender, receiver) = small_channel(4, 1);
    sender.send(1).expect("room");
    assert!(!sender.is_abandoned());
    drop(receiver);
    assert!(sender.is_abandoned());
    assert_eq!(sender.send(2), Err(2));
    assert_eq!(sender.signal('a'), Err('a'));
    assert_eq!(sender.reserve(4).room(), 0);
    let mut staged = vec![2, 3];
    assert_eq!(sender.send_vec(&mut staged), 0);
    assert_eq!(staged, [2, 3]);
}

#[test]
fn a_panic_in_the_iterator_publishes_nothing_of_it() {
    let drops = Drops::default();
    let (mut sender, mut receiver) = small_channel(4, 1);
    unwinding(|| {
        let mut marks = 0;
        sender.send_from(&mut std::iter::repeat_with(|| {
            marks += 1;
            if marks > 2 {
                unwind();
            }
            drops.mark()
        }))
    });
    assert_eq!(drops.count(), 2);
    assert!(matches!(receiver.poll(4), Polled::Empty));
    assert_eq!(sender.reserve(4).room(), 4);
}

#[test]
fn a_panic_while_staged_records_are_sent_drops_each_once() {
    let drops = Drops::default();
    let (mut sender, mut receiver) = small_channel(4, 1);
    unwinding(|| {
        let mut reservation = sender.reserve(4);
        reservation.extend(vec![drops.mark(), drops.mark()]);
        unwind();
    });
    assert_eq!(drops.count(), 2);
    assert!(matches!(receiver.poll(4), Polled::Empty));
}

#[test]
fn a_panicking_consumer_has_taken_what_it_was_given() {
    for panic_at in 0..3 {
        let (mut sender, mut receiver) = small_channel(4, 1);
        sender.send_from(&mut (0..3));
        sender.signal('a').expect("room in the lane");
        unwinding(|| {
            let Polled::Records(batch) = receiver.poll(4) else {
                panic!("three records are there");
            };
            batch.drain_while(|n| if n == panic_at { unwind() } else { true })
        });
        assert_eq!(sender.gauge().fill() as u32, 2 - panic_at);
        let mut rest: Vec<_> = (panic_at + 1..3).map(Record).collect();
        rest.extend([Signal('a'), Empty]);
        assert_eq!(receive(&mut receiver, 4), rest, "order and signal are kept");
    }
}

#[test]
fn folding_releases_in_a_panic_too() {
    let drops = Drops::default();
    let (mut sender, mut receiver) = small_channel(4, 1);
    for _ in 0..3 {
        assert!(sender.send(drops.mark()).is_ok());
    }
    unwinding(|| {
        let Polled::Records(batch) = receiver.poll(4) else {
            panic!("three records are there");
        };
        batch.drain().for_each(|mark| {
            drop(mark);
            if drops.count() == 2 {
                unwind();
            }
        });
    });
    assert_eq!((drops.count(), sender.gauge().fill()), (2, 1));
    drop((sender, receiver));
    assert_eq!(drops.count(), 3);
}

#[test]
fn going_wakes_the_other_side() {
    let (mut sender, mut receiver) = small_channel::<u32>(1, 1);
    let (producer, consumer) = (Parker::new(), Parker::new());
    sender.wake_on_send(consumer.waker());
    receiver.wake_on_release(producer.waker());

    consumer.prepare();
    drop(sender);
    consumer.park(None);
    producer.prepare();
    drop(receiver);
    producer.park(None);
}
