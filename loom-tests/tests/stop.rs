//! A raised stop flag is seen, with what was done before, by sleepers too.
#![cfg(loom)]

use fluxus_loom_tests::{check, park_until_raised};
use fluxus_ringbuf::{Parker, StopFlag};
use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
use loom::sync::Arc;
use loom::thread;

#[test]
fn who_sees_the_flag_sees_the_reason() {
    check(|| {
        let stop = StopFlag::new();
        let reason = Arc::new(AtomicU32::new(0));
        let worker = {
            let (stop, reason) = (stop.clone(), reason.clone());
            thread::spawn(move || {
                if stop.is_raised() {
                    assert_eq!(reason.load(Relaxed), 7);
                }
            })
        };
        reason.store(7, Relaxed);
        stop.raise();
        worker.join().unwrap();
        assert!(stop.is_raised());
    });
}

#[test]
fn raised_by_two_it_is_raised() {
    check(|| {
        let stop = StopFlag::new();
        let other = {
            let stop = stop.clone();
            thread::spawn(move || stop.raise())
        };
        stop.raise();
        assert!(stop.is_raised());
        other.join().unwrap();
        assert!(stop.is_raised());
    });
}

#[test]
fn a_sleeping_worker_is_woken_to_stop() {
    check(|| {
        let parker = Parker::new();
        let waker = parker.waker();
        let stop = StopFlag::new();
        let worker = {
            let stop = stop.clone();
            thread::spawn(move || park_until_raised(&parker, &stop))
        };
        stop.raise();
        waker.wake();
        worker.join().unwrap();
    });
}
