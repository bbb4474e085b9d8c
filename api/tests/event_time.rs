//! Event time through the whole API: generators of watermarks, streams that
//! fall silent, and windows of the time of the wall.

use fluxus::prelude::*;
use fluxus::source::{BoxError, Collector, Flow, Pulled, Source, SourceStatus};
use fluxus::windows::{Partitioned, Punctuated};
use fluxus::{IdleTimeout, WallClock};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::Arc;
use std::time::Duration;

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

fn ten() -> Tumbling {
    Tumbling::from_nanos(10).unwrap()
}

/// A clock that moves on by one whenever it is read.
#[derive(Debug, Default)]
struct Ticking(AtomicI64);

impl WallClock for Ticking {
    fn now(&self) -> Timestamp {
        at(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Says its records, then nothing, until the flag is up; if that takes too
/// long it fails, and the job with it.
struct Patient {
    records: Vec<i64>,
    may_end: Arc<AtomicBool>,
    silent_pulls: usize,
}

impl Source for Patient {
    type Item = i64;

    fn pull<C: Collector<i64>>(&mut self, _: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ready,
            flow: Flow::Open,
        };
        if !self.records.is_empty() {
            pulled.records = 1;
            pulled.flow = out.push(Timestamp::MIN, self.records.remove(0));
            return Ok(pulled);
        }
        if self.may_end.load(Ordering::Relaxed) {
            pulled.status = SourceStatus::Ended;
            return Ok(pulled);
        }
        self.silent_pulls += 1;
        if self.silent_pulls > 2_500 {
            return Err("nothing came of what was said".into());
        }
        pulled.status = SourceStatus::Idle;
        Ok(pulled)
    }
}

/// Two instances, one of which says little and then nothing; both end when a
/// window has closed.
fn with_a_silent_partition(timeout: Option<i64>, workers: usize) -> Result<Vec<u64>, Error> {
    let may_end = Arc::new(AtomicBool::new(false));
    let patient = |records: &[i64]| Patient {
        records: records.to_vec(),
        may_end: Arc::clone(&may_end),
        silent_pulls: 0,
    };
    let config = Config::new()
        .workers(workers)
        .batch(4)
        .clock(Ticking::default());
    let job = Job::new("silent", config)?;
    let timed = job
        .sources([patient(&[1, 2, 3, 25]), patient(&[4])])
        .timestamps(|&t| at(t), BoundedDisorder::monotonous());
    let closed = Arc::clone(&may_end);
    let tell = move |_: &WindowResult<(), u64>| closed.store(true, Ordering::Relaxed);
    let counts = match timeout {
        Some(nanos) => timed
            .idle_after(IdleTimeout::from_nanos(nanos)?)
            .window_all(ten())
            .count()
            .inspect(tell)
            .map(|row| row.value)
            .collect(),
        None => timed
            .window_all(ten())
            .count()
            .inspect(tell)
            .map(|row| row.value)
            .collect(),
    };
    job.run_local()?;
    Ok(counts.take())
}

#[test]
fn a_silent_partition_holds_time_back_until_it_is_idle() {
    for workers in [1, 2, 3] {
        let error = with_a_silent_partition(None, workers).unwrap_err();
        assert!(error.to_string().contains("nothing came"), "{error}");
        let counts = with_a_silent_partition(Some(50), workers).unwrap();
        assert_eq!(counts, [4, 1], "{workers} workers");
    }
}

#[test]
fn an_idle_timeout_of_nothing_is_refused() {
    for nanos in [0, -1, i64::MIN] {
        let error = Error::from(IdleTimeout::from_nanos(nanos).unwrap_err());
        assert!(error.to_string().contains("at least 1 ns"), "{error}");
    }
}

#[test]
fn windows_of_the_walls_time_close_while_nothing_comes() {
    let may_end = Arc::new(AtomicBool::new(false));
    let config = Config::new().workers(1).clock(Ticking::default());
    let job = Job::new("processing time", config).unwrap();
    let closed = Arc::clone(&may_end);
    let counts = job
        .source(Patient {
            records: vec![7, 8],
            may_end,
            silent_pulls: 0,
        })
        .processing_time()
        .window_all(Tumbling::from_nanos(1000).unwrap())
        .count()
        .inspect(move |_| closed.store(true, Ordering::Relaxed))
        .map(|row| (row.start(), row.value))
        .collect();
    // Only the clock can close the window: the source waits for it.
    job.run_local().unwrap();
    assert_eq!(counts.take(), [(at(0), 2)]);
}

/// What is late shows where the watermark stood: after each record, in order.
fn late<G>(records: &[(usize, i64)], watermarks: G) -> Vec<i64>
where
    G: fluxus::windows::WatermarkGenerator<(usize, i64)>,
{
    let job = Job::new("late", Config::new().workers(1)).unwrap();
    let (rows, rejected) = job
        .from_iter(records.to_vec())
        .timestamps(|record| at(record.1), watermarks)
        .window_all(ten())
        .aggregate_with_rejected(Count);
    rows.for_each(|_| {});
    let late = rejected.map(|record| record.value.1).collect();
    job.run_local().unwrap();
    late.take()
}

#[test]
fn generators_decide_what_is_late() {
    let records = [
        (0, 5),
        (0, 21),
        (1, 6),
        (1, 12),
        (0, 9),
        (1, 31),
        (0, 8),
        (0, 40),
        (1, 3),
    ];
    let in_order = BoundedDisorder::monotonous;
    // Once a batch, and all is one batch: nothing is late.
    assert_eq!(late(&records, in_order()), Vec::<i64>::new());
    assert_eq!(late(&records, in_order().each_record()), [6, 12, 9, 8, 3]);
    let bound = BoundedDisorder::new(Duration::from_nanos(12)).unwrap();
    assert_eq!(late(&records, bound.each_record()), [8, 3]);
    // Each partition by itself is less out of order than both together.
    let partition_of = |record: &(usize, i64)| record.0;
    let apart = Partitioned::new(2, partition_of, in_order()).unwrap();
    assert_eq!(late(&records, apart.each_record()), [9, 8, 3]);
    // Only the records of partition 1 say how far time has come.
    let said = Punctuated::new(|time, record: &(usize, i64)| (record.0 == 1).then_some(time));
    assert_eq!(late(&records, said), [9, 8, 3]);
}
