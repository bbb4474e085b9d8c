//! Signals keep their place between the records.
#![cfg(loom)]

use fluxus_loom_tests::{
    check, receive_all, send, small_channel,
    Seen::{Record, Signal},
};
use fluxus_ringbuf::Sender;
use loom::thread;

fn signal(sender: &mut Sender<u32, char>, signal: char) {
    while sender.signal(signal).is_err() {
        thread::yield_now();
    }
}

#[test]
fn between_single_records() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 2);
        let producer = thread::spawn(move || {
            send(&mut sender, 1).expect("the receiver stays");
            signal(&mut sender, 'a');
            send(&mut sender, 2).expect("the receiver stays");
        });
        assert_eq!(
            receive_all(&mut receiver, 2),
            [Record(1), Signal('a'), Record(2)]
        );
        producer.join().unwrap();
    });
}

#[test]
fn in_front_of_the_records_that_follow() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 2);
        let producer = thread::spawn(move || {
            signal(&mut sender, 'a');
            sender.send_from(&mut (1..=2));
        });
        assert_eq!(
            receive_all(&mut receiver, 2),
            [Signal('a'), Record(1), Record(2)]
        );
        producer.join().unwrap();
    });
}

#[test]
fn behind_a_batch_and_at_the_very_end() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 2);
        let producer = thread::spawn(move || {
            sender.send_from(&mut (1..=2));
            signal(&mut sender, 'a');
            signal(&mut sender, 'b');
        });
        assert_eq!(
            receive_all(&mut receiver, 1),
            [Record(1), Record(2), Signal('a'), Signal('b')]
        );
        producer.join().unwrap();
    });
}

#[test]
fn through_a_lane_that_is_full() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(1, 1);
        let producer = thread::spawn(move || {
            signal(&mut sender, 'a');
            signal(&mut sender, 'b');
            send(&mut sender, 1).expect("the receiver stays");
        });
        assert_eq!(
            receive_all(&mut receiver, 1),
            [Signal('a'), Signal('b'), Record(1)]
        );
        producer.join().unwrap();
    });
}

#[test]
fn sent_ahead_of_the_records() {
    check(|| {
        let (mut sender, mut receiver) = small_channel(2, 2);
        let consumer = thread::spawn(move || receive_all(&mut receiver, 2));
        sender.signal_ahead(1, 'a').expect("room in the lane");
        sender.signal_ahead(2, 'b').expect("room in the lane");
        sender.send_from(&mut (1..=2));
        drop(sender);
        assert_eq!(
            consumer.join().unwrap(),
            [Record(1), Signal('a'), Record(2), Signal('b')]
        );
    });
}
