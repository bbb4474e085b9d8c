//! No wake-up is lost. A lost one leaves every thread asleep, which loom calls
//! a deadlock.
#![cfg(loom)]

use fluxus_loom_tests::{check, park_until, small_channel, Seen};
use fluxus_ringbuf::{Parker, Polled, Receiver};
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::sync::Arc;
use loom::thread;
use std::time::Duration;

/// One thing, if one is there; `Closed` counts as the signal 'c'.
fn next(receiver: &mut Receiver<u32, char>) -> Option<Seen> {
    match receiver.poll(1) {
        Polled::Records(batch) => batch.drain().next().map(Seen::Record),
        Polled::Signal(signal) => Some(Seen::Signal(signal)),
        Polled::Empty => None,
        Polled::Closed => Some(Seen::Signal('c')),
    }
}

#[test]
fn work_is_seen_or_the_sleeper_is_woken() {
    check(|| {
        let parker = Parker::new();
        let waker = parker.waker();
        let work = Arc::new(AtomicBool::new(false));
        let sleeper = {
            let work = work.clone();
            thread::spawn(move || {
                // Relaxed: the fences of the parker must do it alone.
                park_until(&parker, || work.load(Relaxed).then_some(()));
            })
        };
        work.store(true, Relaxed);
        waker.wake();
        sleeper.join().unwrap();
    });
}

#[test]
fn two_wakers_for_one_sleeper() {
    check(|| {
        let parker = Parker::new();
        let work = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let threads = work.clone().map(|work| {
            let waker = parker.waker();
            thread::spawn(move || {
                work.store(true, Relaxed);
                waker.wake();
            })
        });
        for work in work {
            park_until(&parker, || work.load(Relaxed).then_some(()));
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_wake_up_between_prepare_and_park_is_kept() {
    check(|| {
        let parker = Parker::new();
        let waker = parker.waker();
        parker.prepare();
        let other = thread::spawn(move || waker.wake());
        parker.park(None);
        other.join().unwrap();
    });
}

#[test]
fn a_limit_ends_a_sleep_that_nobody_ends() {
    check(|| {
        let parker = Parker::new();
        let waker = parker.waker();
        let other = thread::spawn(move || waker.wake());
        parker.prepare();
        parker.park(Some(Duration::from_millis(1)));
        other.join().unwrap();
    });
}

#[test]
fn records_wake_a_parked_consumer() {
    check(|| {
        let parker = Parker::new();
        let (mut sender, mut receiver) = small_channel(1, 1);
        sender.wake_on_send(parker.waker());
        let consumer = thread::spawn(move || park_until(&parker, || next(&mut receiver)));
        assert_eq!(sender.reserve(1).publish(), 0);
        sender.send(7).expect("the ring is empty");
        assert_eq!(consumer.join().unwrap(), Seen::Record(7));
        // Only now: dropping the sender would wake too.
        drop(sender);
    });
}

#[test]
fn a_signal_wakes_a_parked_consumer() {
    check(|| {
        let parker = Parker::new();
        let (mut sender, mut receiver) = small_channel(1, 1);
        sender.wake_on_send(parker.waker());
        let consumer = thread::spawn(move || park_until(&parker, || next(&mut receiver)));
        sender.signal('a').expect("the lane is empty");
        assert_eq!(consumer.join().unwrap(), Seen::Signal('a'));
        drop(sender);
    });
}

#[test]
fn closing_wakes_a_parked_consumer() {
    check(|| {
        let parker = Parker::new();
        let (mut sender, mut receiver) = small_channel(1, 1);
        sender.wake_on_send(parker.waker());
        let consumer = thread::spawn(move || park_until(&parker, || next(&mut receiver)));
        drop(sender);
        assert_eq!(consumer.join().unwrap(), Seen::Signal('c'));
    });
}

#[test]
fn room_wakes_a_parked_producer() {
    check(|| {
        let parker = Parker::new();
        let (mut sender, mut receiver) = small_channel(1, 1);
        receiver.wake_on_release(parker.waker());
        sender.send(1).expect("the ring is empty");
        let producer = thread::spawn(move || {
            park_until(&parker, || sender.send(2).ok());
            sender
        });
        assert_eq!(next(&mut receiver), Some(Seen::Record(1)));
        let sender = producer.join().unwrap();
        drop((sender, receiver));
    });
}

#[test]
fn room_in_the_lane_wakes_a_parked_producer() {
    check(|| {
        let parker = Parker::new();
        let (mut sender, mut receiver) = small_channel(1, 1);
        receiver.wake_on_release(parker.waker());
        sender.signal('a').expect("the lane is empty");
        let producer = thread::spawn(move || {
            park_until(&parker, || sender.signal('b').ok());
            sender
        });
        assert_eq!(next(&mut receiver), Some(Seen::Signal('a')));
        let sender = producer.join().unwrap();
        drop((sender, receiver));
    });
}

#[test]
fn abandoning_wakes_a_parked_producer() {
    check(|| {
        let parker = Parker::new();
        let (mut sender, mut receiver) = small_channel(1, 1);
        receiver.wake_on_release(parker.waker());
        sender.send(1).expect("the ring is empty");
        let producer = thread::spawn(move || {
            park_until(&parker, || sender.is_abandoned().then_some(()));
        });
        drop(receiver);
        producer.join().unwrap();
    });
}

#[test]
fn a_parked_pair_passes_records_through_one_slot() {
    check(|| {
        let (asleep_in, asleep_out) = (Parker::new(), Parker::new());
        let (mut sender, mut receiver) = small_channel(1, 1);
        sender.wake_on_send(asleep_out.waker());
        receiver.wake_on_release(asleep_in.waker());
        let producer = thread::spawn(move || {
            for n in 0..2 {
                park_until(&asleep_in, || sender.send(n).ok());
            }
        });
        for expected in [Seen::Record(0), Seen::Record(1), Seen::Signal('c')] {
            assert_eq!(park_until(&asleep_out, || next(&mut receiver)), expected);
        }
        producer.join().unwrap();
    });
}
