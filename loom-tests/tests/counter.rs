//! A counter is read whole, in order, and orders what was done before it.
#![cfg(loom)]

use fluxus_loom_tests::{check, small_channel};
use fluxus_ringbuf::{counter, Polled};
use loom::thread;

#[test]
fn what_went_out_had_come_in() {
    check(|| {
        let (mut records_in, read_in) = counter();
        let (mut records_out, read_out) = counter();
        let worker = thread::spawn(move || {
            for _ in 0..2 {
                records_in.add(3);
                records_out.add(3);
            }
        });
        let out = read_out.value();
        let came_in = read_in.value();
        assert!(out <= came_in, "{out} out of {came_in}");
        worker.join().unwrap();
        assert_eq!((read_in.value(), read_out.value()), (6, 6));
    });
}

#[test]
fn a_reader_never_goes_back() {
    check(|| {
        let (mut writer, reader) = counter();
        let watching = thread::spawn(move || {
            let first = reader.value();
            let second = reader.clone().value();
            assert!(first <= second);
        });
        writer.add(1);
        writer.set(5);
        watching.join().unwrap();
        assert_eq!(writer.value(), 5);
    });
}

#[test]
fn a_gauge_stays_within_the_ring() {
    check(|| {
        let (mut sender, mut receiver) = small_channel::<u32>(1, 1);
        let gauge = sender.gauge();
        let watching = thread::spawn(move || {
            assert!(gauge.fill() <= gauge.capacity());
            gauge
        });
        for n in 0..2 {
            sender.send(n).expect("room for one");
            let Polled::Records(batch) = receiver.poll(1) else {
                panic!("one record is there");
            };
            batch.release_all();
        }
        let gauge = watching.join().unwrap();
        assert_eq!(
            (gauge.published(), gauge.consumed(), gauge.fill()),
            (2, 2, 0)
        );
    });
}
