//! Records go in and come out: in order, each once, whatever the way.
#![cfg(not(loom))]

mod support;

use fluxus_ringbuf::Polled;
use support::{receive, small_channel, Drops, Seen};

/// The records of one poll that is known to find some.
macro_rules! batch {
    ($receiver:expr, $max:expr) => {
        match $receiver.poll($max) {
            Polled::Records(batch) => batch,
            _ => panic!("no records"),
        }
    };
}

#[test]
fn order_holds_around_the_end_of_the_ring() {
    for slots in [1, 2, 4, 8] {
        for batch in 1..=slots {
            let (mut sender, mut receiver) = small_channel(slots, 1);
            let mut numbers = 0..100_u32;
            let mut seen = Vec::new();
            while seen.len() < 100 {
                let expected = batch.min(numbers.len());
                assert_eq!(
                    sender.send_from(&mut numbers.by_ref().take(batch)),
                    expected
                );
                seen.extend(
                    receive(&mut receiver, 3)
                        .into_iter()
                        .filter_map(|seen| match seen {
                            Seen::Record(n) => Some(n),
                            _ => None,
                        }),
                );
            }
            assert_eq!(seen, (0..100).collect::<Vec<_>>(), "{slots} slots, {batch}");
        }
    }
}

#[test]
fn what_does_not_fit_is_not_taken() {
    let (mut sender, mut receiver) = small_channel(4, 1);
    let mut numbers = 0..6;
    assert_eq!(sender.send_from(&mut numbers), 4);
    assert_eq!(numbers, 4..6);
    assert_eq!(sender.send(9), Err(9));
    let mut staged = vec![9, 8];
    assert_eq!(sender.send_vec(&mut staged), 0);
    assert_eq!(staged, [9, 8]);

    assert_eq!(batch!(receiver, 1).drain().count(), 1);
    assert_eq!(sender.send_vec(&mut staged), 1);
    assert_eq!(staged, [8], "the rest stays, in its order");
    assert_eq!(
        receive(&mut receiver, 8),
        [1, 2, 3, 9]
            .map(Seen::Record)
            .into_iter()
            .chain([Seen::Empty])
            .collect::<Vec<_>>()
    );
}

#[test]
fn an_iterator_that_ended_is_not_asked_again() {
    let (mut sender, _receiver) = small_channel(4, 1);
    assert_eq!(sender.send_from(&mut (0..2)), 2);
    let mut asked = 0;
    let mut ends_once = std::iter::from_fn(|| {
        asked += 1;
        assert!(asked < 2, "asked after its end");
        None::<u32>
    });
    assert_eq!(sender.send_from(&mut ends_once), 0);
}

#[test]
fn a_reservation_shows_its_room() {
    for (free, max, room) in [
        (4, 0, 0),
        (4, 3, 3),
        (4, 4, 4),
        (4, usize::MAX, 4),
        (1, 4, 1),
        (0, 4, 0),
    ] {
        let (mut sender, _receiver) = small_channel(4, 1);
        sender.send_from(&mut (0..4 - free));
        let mut reservation = sender.reserve(max);
        assert_eq!((reservation.room(), reservation.len()), (room, 0));
        assert!(reservation.is_empty());
        assert_eq!(reservation.extend(0..9), room);
        assert_eq!((reservation.room(), reservation.len()), (0, room));
        assert_eq!(reservation.push(9), Err(9));
        assert_eq!(reservation.publish(), room);
    }
}

#[test]
fn a_reservation_wraps_around() {
    let (mut sender, mut receiver) = small_channel(4, 1);
    sender.send_from(&mut (0..3));
    batch!(receiver, 3).release_all();
    let mut reservation = sender.reserve(4);
    assert_eq!(reservation.push(3), Ok(()));
    assert_eq!(reservation.extend([4, 5]), 2);
    assert_eq!(reservation.push(6), Ok(()));
    assert_eq!(reservation.publish(), 4);
    let batch = batch!(receiver, 4);
    assert_eq!(batch.as_slices(), (&[3][..], &[4, 5, 6][..]));
    assert_eq!(batch.drain().collect::<Vec<_>>(), [3, 4, 5, 6]);
}

#[test]
fn an_unpublished_reservation_leaves_no_trace() {
    let drops = Drops::default();
    let (mut sender, mut receiver) = small_channel(4, 1);
    // Three in and out, so that the reservation wraps around.
    for _ in 0..3 {
        assert!(sender.send(drops.mark()).is_ok());
    }
    batch!(receiver, 4).release_all();
    assert_eq!(drops.count(), 3);
    let mut reservation = sender.reserve(4);
    reservation.extend([drops.mark(), drops.mark(), drops.mark()]);
    drop(reservation);
    assert_eq!(drops.count(), 6);
    assert!(matches!(receiver.poll(4), Polled::Empty));
    assert_eq!(sender.reserve(4).room(), 4);
}

#[test]
fn a_batch_that_is_not_taken_comes_again() {
    let (mut sender, mut receiver) = small_channel(4, 1);
    sender.send_from(&mut (0..4));
    assert_eq!(batch!(receiver, 2).as_slices().0, [0, 1]);
    assert_eq!(batch!(receiver, 9).as_slices().0, [0, 1, 2, 3]);
    assert_eq!(
        batch!(receiver, 0).as_slices().0,
        [0],
        "zero is taken for one"
    );
    assert_eq!(sender.send(4), Err(4));
}

#[test]
fn drain_while_stops_where_it_is_told() {
    for (stop_at, taken) in [(0, 1), (2, 3), (3, 4), (9, 4)] {
        let (mut sender, mut receiver) = small_channel(4, 1);
        sender.send_from(&mut (0..4));
        let mut given = Vec::new();
        let count = batch!(receiver, 4).drain_while(|n| {
            given.push(n);
            n != stop_at
        });
        assert_eq!(count, taken);
        assert_eq!(given, (0..taken as u32).collect::<Vec<_>>());
        assert_eq!(sender.reserve(4).room(), taken, "the rest stays");
        let mut rest: Vec<_> = (taken as u32..4).map(Seen::Record).collect();
        rest.push(Seen::Empty);
        assert_eq!(receive(&mut receiver, 4), rest);
    }
}

#[test]
fn a_drain_left_halfway_releases_what_it_gave() {
    let (mut sender, mut receiver) = small_channel(4, 1);
    sender.send_from(&mut (0..4));
    let mut drain = batch!(receiver, 4).drain();
    assert_eq!((drain.next(), drain.len()), (Some(0), 3));
    drop(drain);
    assert_eq!(sender.reserve(4).room(), 1);
    assert_eq!(batch!(receiver, 4).drain().sum::<u32>(), 6);
}

#[test]
fn every_record_is_dropped_once() {
    let drops = Drops::default();
    let (mut sender, mut receiver) = small_channel(8, 1);
    let send = |sender: &mut fluxus_ringbuf::Sender<_, char>, count| {
        let mut marks = (0..count).map(|_| drops.mark());
        assert_eq!(sender.send_from(&mut marks), count);
    };
    send(&mut sender, 8);
    batch!(receiver, 2).release_all();
    assert_eq!(drops.count(), 2, "released");
    batch!(receiver, 2).drain().for_each(drop);
    assert_eq!(drops.count(), 4, "drained");
    batch!(receiver, 2).drain_while(|_| false);
    assert_eq!(drops.count(), 5, "taken until told to stop");
    send(&mut sender, 5);
    drop(sender);
    assert_eq!(drops.count(), 5, "published is published");
    batch!(receiver, 1).release_all();
    drop(receiver);
    assert_eq!(drops.count(), 13, "left in the ring");
}

#[test]
fn a_gauge_tells_the_fill() {
    let (mut sender, mut receiver) = small_channel(4, 1);
    let gauge = sender.gauge();
    let told =
        |gauge: &fluxus_ringbuf::RingGauge| (gauge.published(), gauge.consumed(), gauge.fill());
    assert_eq!((gauge.capacity(), told(&gauge)), (4, (0, 0, 0)));
    sender.send_from(&mut (0..3));
    assert_eq!(told(&gauge), (3, 0, 3));
    batch!(receiver, 2).release_all();
    assert_eq!(told(&receiver.gauge()), (3, 2, 1));
    assert_eq!((sender.capacity(), receiver.capacity()), (4, 4));
    assert!(format!("{sender:?} {receiver:?}").contains("fill: 1"));
}
