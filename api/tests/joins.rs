//! Joins through the public interface, on threads: the same rows at any number of
//! workers; what is not taken is told; what cannot be is an error with a name.

use fluxus::prelude::*;
use fluxus::testing::{assert_in_any_order, run_with_seeds};
use fluxus::windows::{IntervalBounds, Sliding, TableChange};
use fluxus::{Either, Measure, Rejection, Timed, WhenFull};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// A record: its key, its time, and which it is.
type Record = (u32, i64, usize);

fn key_of(record: &Record) -> u32 {
    record.0
}

/// So many records, three at a time of one instant, up to 4 out of order.
fn records(seed: u64, count: usize) -> Vec<Record> {
    let mut state = seed;
    let mut next = |below: u64| {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (state >> 33) % below
    };
    (0..count)
        .map(|number| {
            let time = number as i64 / 3 - next(5) as i64;
            (next(50) as u32, time, number)
        })
        .collect()
}

fn stream(job: &Job, records: &[Record]) -> DataStream<impl Timed<Item = Record>> {
    job.from_iter(records.to_vec()).timestamps(
        |record| Timestamp::from_nanos(record.1),
        BoundedDisorder::new(Duration::from_nanos(4)).unwrap(),
    )
}

/// Every pair of one key for which the two times are as `is_pair` says.
fn pairs_of(
    left: &[Record],
    right: &[Record],
    is_pair: impl Fn(i64, i64) -> bool,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for one in left {
        for other in right {
            if one.0 == other.0 && is_pair(one.1, other.1) {
                pairs.push((one.2, other.2));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

fn sorted<T: Ord>(mut rows: Vec<T>) -> Vec<T> {
    rows.sort_unstable();
    rows
}

#[test]
fn rows_are_the_same_at_any_number_of_workers() {
    let (left, right) = (records(1, 3_000), records(2, 2_500));
    let within = pairs_of(&left, &right, |left, right| {
        (-9..=6).contains(&(right - left))
    });
    let windows = |time: i64| time.div_euclid(20);
    let in_windows = pairs_of(&left, &right, |left, right| windows(left) == windows(right));
    let latest = |one: &Record| {
        let before = right.iter().filter(|r| r.0 == one.0 && r.1 <= one.1);
        before.max_by_key(|r| (r.1, r.2)).map(|r| r.2)
    };
    let as_of = sorted(left.iter().map(|one| (one.2, latest(one))).collect());
    for workers in [1, 2, 4] {
        for batch in [1, 7, 1024] {
            let config = Config::new().workers(workers).batch(batch);
            let job = Job::new("joins", config).unwrap();
            let keyed = |records: &[Record]| stream(&job, records).key_by(key_of);
            let bounds = IntervalBounds::from_nanos(-9, 6).unwrap();
            let pairs = keyed(&left).interval_join(keyed(&right), bounds).inner();
            let pairs = pairs.map(|pair| (pair.left.2, pair.right.2)).collect();
            let tumbling = Tumbling::new(Duration::from_nanos(20)).unwrap();
            let rows = keyed(&left).window_join(keyed(&right), tumbling).inner();
            let rows = rows.map(|row| (row.left.2, row.right.2)).collect();
            let versions = keyed(&left).as_of_join(keyed(&right)).left_outer();
            let versions = versions
                .map(|row| (row.left.2, row.right.map(|version| version.2)))
                .collect();
            let grouped = keyed(&left)
                .co_group(keyed(&right), tumbling, |group| {
                    [(group.value.left.len() * group.value.right.len()) as u64]
                })
                .fold_all(0, |sum, n| *sum += n, |sum, other| *sum += other);
            let report = job.run().unwrap();
            assert_eq!(report.total(Measure::Late), 0);
            let run = format!("{workers} workers, batches of {batch}");
            assert!(sorted(pairs.take()) == within, "{run}");
            assert!(sorted(rows.take()) == in_windows, "{run}");
            assert!(sorted(versions.take()) == as_of, "{run}");
            assert_eq!(grouped.take(), Some(in_windows.len() as u64), "{run}");
        }
    }
}

#[test]
fn tables_are_the_same_at_any_number_of_workers() {
    let left = records(3, 1_000);
    let table: HashMap<u32, u32> = (0..30).map(|key| (key, key * 7)).collect();
    let expected = |keeps: bool| {
        let rows = left.iter().map(|one| (one.2, table.get(&one.0).copied()));
        sorted(
            rows.filter(|row| keeps || row.1.is_some())
                .collect::<Vec<_>>(),
        )
    };
    for workers in [1, 3] {
        let job = Job::new("tables", Config::new().workers(workers)).unwrap();
        let found = |job: &Job| {
            let keyed = stream(job, &left).key_by(key_of);
            keyed.join_table(table.clone())
        };
        let inner = found(&job).inner().map(|row| (row.left.2, Some(row.right)));
        let inner = inner.collect();
        let outer = found(&job).left_outer().map(|row| (row.left.2, row.right));
        let outer = outer.collect();
        let report = job.run().unwrap();
        assert_eq!(sorted(inner.take()), expected(false));
        assert_eq!(sorted(outer.take()), expected(true));
        let alone = expected(true).len() - expected(false).len();
        assert_eq!(report.total(Measure::Unmatched), 2 * alone as u64);
    }
}

#[test]
fn a_table_holds_no_time_back_and_every_record_makes_its_row() {
    for spread_to_all in [false, true] {
        for workers in [1, 2, 3] {
            run_with_seeds(0..8, || {
                let config = Config::new().workers(workers).batch(4).ring_capacity(4);
                let job = Job::new("table", config)?;
                // The table never says what time it is; the windows close all the same.
                let changes = job
                    .from_iter((0..40u32).map(|n| (n % 4, (n % 5 > 0).then_some(n))))
                    .key_by(|change| change.0);
                let change_of = |change: (u32, Option<u32>)| match change.1 {
                    Some(value) => TableChange::Upsert(value),
                    None => TableChange::Delete,
                };
                let left: Vec<_> = (0..60).map(|n| (n as u32 % 4, n, n as usize)).collect();
                let keyed = stream(&job, &left).key_by(key_of);
                let rows = match spread_to_all {
                    true => {
                        let rows = keyed.join_broadcast_table(changes, change_of);
                        count_in_windows(rows.left_outer().map(|row| (row.key, row.right)))
                    }
                    false => {
                        let rows = keyed.join_changing_table(changes, change_of);
                        count_in_windows(rows.left_outer().map(|row| (row.key, row.right)))
                    }
                };
                // Each record has made a row, in its window, whatever was in the table.
                Ok((job, move || sorted(rows.take())))
            });
        }
    }
}

fn count_in_windows(
    rows: DataStream<impl Timed<Item = (u32, Option<u32>)>>,
) -> fluxus::sink::Collected<(i64, u64)> {
    rows.window_all(Tumbling::new(Duration::from_nanos(10)).unwrap())
        .count()
        .map(|row| (row.start().nanos(), row.value))
        .collect()
}

#[test]
fn what_is_not_taken_is_a_stream_and_counted() {
    // A batch of one: a watermark after every record. Both streams say their times in
    // turn, as both are polled in turn.
    let job = Job::new("late", Config::new().workers(1).batch(1)).unwrap();
    let stream = |times: &[i64]| {
        let records = times.to_vec();
        job.from_iter(records)
            .timestamps(|&t| Timestamp::from_nanos(t), BoundedDisorder::monotonous())
            .key_by(|_| ())
    };
    let bounds = IntervalBounds::from_nanos(0, 2).unwrap();
    let (pairs, rejected) = stream(&[1, 10, 3, 12])
        .interval_join(stream(&[2, 10, 11, 12]), bounds)
        .left_outer()
        .with_rejected();
    let pairs = pairs.map(|pair| (pair.left, pair.right)).collect();
    let rejected = rejected.map(|r| (r.value, r.reason)).collect();
    let report = job.run_local().unwrap();
    assert_in_any_order(
        &pairs.take(),
        &[
            (1, Some(2)),
            (10, Some(10)),
            (10, Some(11)),
            (10, Some(12)),
            (12, Some(12)),
        ],
    );
    assert_eq!(rejected.take(), [(Either::Left(3), Rejection::Late)]);
    assert_eq!(report.total(Measure::Late), 1);
    assert_eq!(report.total(Measure::RecordsHeld), 0);
}

#[test]
fn a_join_that_is_full_rejects_or_fails_as_it_is_told() {
    for when_full in [WhenFull::Fail, WhenFull::Reject] {
        let config = Config::new().workers(1).when_full(when_full);
        let job = Job::new("full", config).unwrap();
        let left = records(4, 100);
        let keyed = |records: &[Record]| stream(&job, records).key_by(key_of);
        let (pairs, rejected) = keyed(&left)
            .interval_join(keyed(&[]), IntervalBounds::within(Duration::from_secs(1)))
            .record_limit(30)
            .full_outer()
            .with_rejected();
        let pairs = pairs.named("the join").collect();
        let rejected = rejected.map(|r| r.reason).collect();
        match (when_full, job.run()) {
            (WhenFull::Fail, run) => {
                let error = run.unwrap_err();
                assert_eq!(error.culprit(), Some("the join"));
                assert!(error.to_string().contains("raise record_limit"), "{error}");
            }
            (WhenFull::Reject, report) => {
                assert_eq!(pairs.take().len(), 30);
                assert_eq!(rejected.take(), vec![Rejection::StateFull; 70]);
                assert_eq!(report.unwrap().total(Measure::Refused), 70);
            }
        }
    }
}

#[test]
fn a_window_join_keeps_its_windows_for_what_is_late_and_tells_what_is_too_late() {
    let job = Job::new("late", Config::new().workers(1).batch(1)).unwrap();
    let stream = |times: &[i64]| {
        job.from_iter(times.to_vec())
            .timestamps(|&t| Timestamp::from_nanos(t), BoundedDisorder::monotonous())
            .key_by(|_| ())
    };
    let (rows, rejected) = stream(&[1, 12, 2, 25, 3])
        .window_join(
            stream(&[4, 12, 12, 25, 25]),
            Tumbling::new(Duration::from_nanos(10)).unwrap(),
        )
        .allowed_lateness(Duration::from_nanos(5))
        .inner()
        .with_rejected();
    let rows = rows.map(|row| (row.left, row.right, row.firing)).collect();
    let late = rejected.map(|r| r.value).collect();
    job.run_local().unwrap();
    use fluxus::windows::Firing::{Late, OnTime};
    assert_in_any_order(
        &rows.take(),
        &[
            (1, 4, OnTime),
            (1, 4, Late),
            (2, 4, Late),
            (12, 12, OnTime),
            (12, 12, OnTime),
            (25, 25, OnTime),
            (25, 25, OnTime),
        ],
    );
    assert_eq!(late.take(), [Either::Left(3)]);
}

#[test]
fn a_panic_in_a_key_or_a_clone_names_the_join() {
    #[derive(Debug)]
    struct Falls(i64);
    impl Clone for Falls {
        fn clone(&self) -> Self {
            assert!(self.0 < 5, "it falls");
            Falls(self.0)
        }
    }
    let job = Job::new("falls", Config::new().workers(1)).unwrap();
    let stream = || {
        job.from_iter(0..9i64).map(Falls).timestamps(
            |n| Timestamp::from_nanos(n.0),
            BoundedDisorder::monotonous(),
        )
    };
    let pairs = stream()
        .key_by(|_| ())
        .interval_join(
            stream().key_by(|_| ()),
            IntervalBounds::from_nanos(0, 0).unwrap(),
        )
        .inner()
        .named("the join");
    pairs.for_each(|_| {});
    let error = job.run().unwrap_err();
    assert_eq!(error.culprit(), Some("the join"), "{error}");
    assert!(error.to_string().contains("it falls"), "{error}");
}

#[test]
fn streams_of_two_jobs_do_not_join() {
    let jobs = ["one", "two"].map(|name| Job::new(name, Config::new().workers(1)).unwrap());
    let [left, right] = [&jobs[0], &jobs[1]].map(|job| stream(job, &[]).key_by(key_of));
    let bounds = IntervalBounds::from_nanos(0, 0).unwrap();
    left.interval_join(right, bounds).inner().for_each(|_| {});
    for job in jobs {
        let error = job.run().unwrap_err();
        assert!(error.to_string().contains("another job"), "{error}");
    }
}

#[test]
fn a_session_join_and_a_sliding_one_go_through_the_same_door() {
    let job = Job::new("kinds", Config::new().workers(2)).unwrap();
    let (left, right) = (records(5, 300), records(6, 300));
    let keyed = |records: &[Record]| stream(&job, records).key_by(key_of);
    let sliding = Sliding::new(Duration::from_nanos(20), Duration::from_nanos(10)).unwrap();
    let slides = keyed(&left).window_join(keyed(&right), sliding).inner();
    let slides = slides.map(|row| (row.left.2, row.right.2)).collect();
    let session = Session::with_gap(Duration::from_nanos(5)).unwrap();
    let sessions = keyed(&left)
        .window_join(keyed(&right), session)
        .full_outer();
    let sessions = sessions
        .map(|row| (row.left.map(|r| r.2), row.right.map(|r| r.2)))
        .collect();
    job.run().unwrap();
    let lies_in = |time: i64| sliding.windows_of(Timestamp::from_nanos(time));
    let mut expected = Vec::new();
    for one in &left {
        for other in right.iter().filter(|other| other.0 == one.0) {
            let shared = lies_in(one.1).filter(|w| lies_in(other.1).any(|o| o == *w));
            expected.extend(shared.map(|_| (one.2, other.2)));
        }
    }
    assert_eq!(sorted(slides.take()), sorted(expected));
    // Every record is in one session, in as many rows as the other side has records
    // there, and one if it has none.
    let sessions = sessions.take();
    for number in 0..300 {
        assert!(sessions.iter().any(|row| row.0 == Some(number)));
        assert!(sessions.iter().any(|row| row.1 == Some(number)));
    }
}

/// Two streams as long as each other, that both could go faster than the join. What
/// the watermark of the slower one sets free takes many polls; it must not lose its
/// turn over that, or the other one runs ahead, and all its records are held.
#[test]
fn neither_stream_runs_ahead_of_the_other() {
    const RECORDS: u64 = 40_000;
    let passed: [Arc<AtomicU64>; 2] = Default::default();
    let apart = Arc::new(AtomicU64::new(0));
    let job = Job::new("in step", Config::new().workers(1)).unwrap();
    let side = |own: usize| {
        let (own, other) = (passed[own].clone(), passed[1 - own].clone());
        let apart = apart.clone();
        job.from_iter(0..RECORDS)
            .inspect(move |_| {
                let mine = own.fetch_add(1, Ordering::Relaxed) + 1;
                let ahead = mine.saturating_sub(other.load(Ordering::Relaxed));
                apart.fetch_max(ahead, Ordering::Relaxed);
            })
            .timestamps(
                |&n| Timestamp::from_micros(n as i64),
                BoundedDisorder::monotonous(),
            )
            .key_by(|n| n % 500)
    };
    let bounds = IntervalBounds::within(Duration::from_micros(3_000));
    let pairs = side(0).interval_join(side(1), bounds).inner().collect();
    job.run_local().unwrap();
    assert!(pairs.take().len() as u64 > RECORDS);
    // A ring full, a batch on its way to it, and one beyond.
    let apart = apart.load(Ordering::Relaxed);
    assert!(apart <= 8_192, "{apart} records");
}
