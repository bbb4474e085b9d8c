//! Signals come at their place between the records.
#![cfg(not(loom))]

mod support;

use support::{
    receive, small_channel,
    Seen::{self, Closed, Empty, Record, Signal},
};

/// Sends a script (digits are records, letters signals) and reads it back.
fn there_and_back(script: &str, max: usize) -> String {
    let (mut sender, mut receiver) = small_channel(8, 8);
    for letter in script.chars() {
        match letter.to_digit(10) {
            Some(digit) => assert_eq!(sender.send(digit), Ok(()), "{script}"),
            None => assert_eq!(sender.signal(letter), Ok(()), "{script}"),
        }
    }
    drop(sender);
    let read = receive(&mut receiver, max);
    assert_eq!(read.last(), Some(&Closed));
    read.iter()
        .filter_map(|seen| match *seen {
            Record(digit) => char::from_digit(digit, 10),
            Signal(letter) => Some(letter),
            Empty | Closed => None,
        })
        .collect()
}

#[test]
fn order_is_kept() {
    for script in [
        "", "a", "1", "a1", "1a", "ab", "1a2", "a1b2c", "12ab34", "abc123", "123abc", "1a2b3c4d",
    ] {
        for max in [1, 2, 8] {
            assert_eq!(there_and_back(script, max), script, "{max} at a time");
        }
    }
}

#[test]
fn a_batch_ends_at_a_signal_and_a_signal_waits_for_its_records() {
    let (mut sender, mut receiver) = small_channel(8, 8);
    sender.send_from(&mut (0..3));
    sender.signal('a').expect("room in the lane");
    sender.send_from(&mut (3..5));
    let sizes: Vec<_> = std::iter::from_fn(|| match receiver.poll(8) {
        fluxus_ringbuf::Polled::Records(batch) => Some(batch.drain().count()),
        fluxus_ringbuf::Polled::Signal(_) => Some(0),
        _ => None,
    })
    .collect();
    assert_eq!(sizes, [3, 0, 2]);
}

#[test]
fn a_full_lane_gives_the_signal_back_until_one_is_taken() {
    let (mut sender, mut receiver) = small_channel(8, 1);
    assert_eq!(sender.signal('a'), Ok(()));
    assert_eq!(sender.signal('b'), Err('b'));
    assert_eq!(sender.send(1), Ok(()), "the records have their own room");
    assert_eq!(receive(&mut receiver, 8), [Signal('a'), Record(1), Empty]);
    assert_eq!(sender.signal('b'), Ok(()));
    assert_eq!(receive(&mut receiver, 8), [Signal('b'), Empty]);
}

#[test]
fn a_full_ring_still_takes_a_signal() {
    let (mut sender, mut receiver) = small_channel(2, 1);
    sender.send_from(&mut (1..=2));
    assert_eq!(sender.signal('a'), Ok(()));
    assert_eq!(sender.send(3), Err(3));
    assert_eq!(
        receive(&mut receiver, 2),
        [Record(1), Record(2), Signal('a'), Empty]
    );
}

#[test]
fn looking_whether_it_is_closed_takes_no_signal() {
    let (mut sender, mut receiver) = small_channel(2, 1);
    sender.signal('a').expect("room in the lane");
    drop(sender);
    assert!(!receiver.is_closed());
    let seen: Vec<Seen> = receive(&mut receiver, 1);
    assert_eq!(seen, [Signal('a'), Closed]);
    assert!(receiver.is_closed());
}

#[test]
fn a_signal_ahead_holds_where_it_says() {
    for (ahead, expected) in [
        (0, [Signal('a'), Record(1), Record(2), Empty]),
        (1, [Record(1), Signal('a'), Record(2), Empty]),
        (2, [Record(1), Record(2), Signal('a'), Empty]),
    ] {
        let (mut sender, mut receiver) = small_channel(2, 1);
        assert_eq!(sender.signal_ahead(ahead, 'a'), Ok(()));
        sender.send_from(&mut (1..=2));
        assert_eq!(receive(&mut receiver, 2), expected);
    }
}

#[test]
fn a_signal_ahead_of_records_that_never_come_is_not_delivered() {
    let (mut sender, mut receiver) = small_channel(2, 1);
    sender.signal_ahead(2, 'a').expect("room in the lane");
    sender.send(1).expect("room");
    drop(sender);
    assert_eq!(receive(&mut receiver, 2), [Record(1), Closed]);
    assert!(receiver.is_closed());
}

#[test]
#[should_panic(expected = "a signal at record 0 cannot follow one at record 1")]
fn a_signal_cannot_overtake_one_that_was_sent_ahead() {
    let (mut sender, _receiver) = small_channel::<u32>(2, 2);
    sender.signal_ahead(1, 'a').expect("room in the lane");
    let _ = sender.signal('b');
}
