//! Sleeping and waking, counters and the stop flag, on real threads.
#![cfg(not(loom))]

use fluxus_ringbuf::{counter, Parker, StopFlag};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[test]
fn who_never_prepared_does_not_sleep() {
    Parker::new().park(None);
}

#[test]
fn a_wake_up_before_the_sleep_is_kept_and_cancelling_forgets_it() {
    let parker = Parker::new();
    let waker = parker.waker();
    waker.wake(); // nobody announced: nothing to remember
    parker.prepare();
    waker.clone().wake();
    parker.park(None);
    parker.prepare();
    parker.cancel();
    parker.park(None);
}

#[test]
fn a_limit_ends_the_sleep() {
    let parker = Parker::new();
    for limit in [Duration::ZERO, Duration::from_micros(50)] {
        parker.prepare();
        parker.park(Some(limit));
        // It ended by itself and says so: no announcement is left standing.
        parker.park(None);
    }
}

#[test]
fn a_limit_beyond_the_clock_is_none() {
    let parker = Parker::new();
    parker.prepare();
    parker.waker().wake();
    parker.park(Some(Duration::MAX));
}

#[test]
fn two_threads_hand_a_turn_to_and_fro() {
    let (mine, turns) = (Parker::new(), 1000);
    let my_waker = mine.waker();
    let (handle_out, handle_in) = mpsc::channel();
    let (mut played, seen) = counter();
    let (mut answered, answers) = counter();
    let other = thread::spawn(move || {
        let parker = Parker::new();
        handle_out.send(parker.waker()).expect("the test waits");
        for turn in 1..=turns {
            loop {
                parker.prepare();
                if seen.value() >= turn {
                    parker.cancel();
                    break;
                }
                parker.park(None);
            }
            answered.set(turn);
            my_waker.wake();
        }
    });
    let waker = handle_in.recv().expect("the other thread starts");
    for turn in 1..=turns {
        played.add(1);
        waker.wake();
        loop {
            mine.prepare();
            if answers.value() >= turn {
                mine.cancel();
                break;
            }
            mine.park(None);
        }
    }
    other.join().expect("the other thread plays to its end");
    assert_eq!((played.value(), answers.value()), (turns, turns));
}

#[test]
fn a_counter_wraps_around_and_is_set() {
    let (mut writer, reader) = counter();
    writer.set(u64::MAX);
    writer.add(2);
    assert_eq!((writer.value(), reader.value()), (1, 1));
    writer.set(7);
    assert_eq!(reader.clone().value(), 7);
}

#[test]
fn a_stop_flag_stays_up() {
    let stop = StopFlag::default();
    let other = stop.clone();
    assert!(!other.is_raised());
    thread::spawn(move || stop.raise())
        .join()
        .expect("no panic");
    assert!(other.is_raised());
    other.raise();
    assert!(other.is_raised());
}
