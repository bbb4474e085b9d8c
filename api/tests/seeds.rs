//! Whole jobs of every kind in hundreds of orders of polls: each gives what it
//! gives in any other.

use fluxus::prelude::*;
use fluxus::testing::{run_with_seeds, Heard, Said, Script};
use fluxus::windows::{CountTumbling, Trigger};
use fluxus::{Boxed, DeadLetter, IdleTimeout, KeyTimer, ManualClock, Rejected};
use std::fmt::Debug;
use std::time::Duration;

/// Orders in which each job is run.
const SEEDS: std::ops::Range<u64> = 0..500;

/// A reading: of which key, and which of all. Those of the second partition are
/// a hundred and more.
type Reading = (u8, i64);

type Readings = DataStream<Boxed<Reading, true>>;

/// Two partitions of sixteen readings, three ticks apart, of three keys; with
/// watermarks of their own.
fn parts() -> [Script<Reading>; 2] {
    [0, 100].map(|first| {
        let mut lines = Vec::new();
        for n in 0..16i64 {
            lines.push(Said::Record(3 * n, ((n % 3) as u8, first + n)));
            if n % 4 == 3 {
                lines.push(Said::Watermark(3 * n - 2));
            }
            if n % 5 == 4 {
                lines.push(Said::Quiet);
            }
        }
        Script::of(lines)
    })
}

/// Small enough that everything is full now and then.
fn config(workers: usize) -> Config {
    let config = Config::new().workers(workers).batch(2).ring_capacity(4);
    config.expected_keys(8)
}

/// Runs the job that `build` makes in every order, on two workers and on three;
/// sorted, it gives the same, so many rows.
fn same_job<R>(rows: usize, build: impl Fn(&Job) -> Result<Heard<R>, Error>) -> Vec<R>
where
    R: Ord + Debug + Clone,
{
    let [two, three] = [2, 3].map(|workers| {
        run_with_seeds(SEEDS, || {
            let job = Job::new("seeds", config(workers))?;
            let heard = build(&job)?;
            Ok((job, move || {
                let mut rows = heard.records();
                rows.sort();
                rows
            }))
        })
    });
    assert_eq!(two, three, "on two workers and on three");
    assert_eq!(two.len(), rows, "{two:?}");
    two
}

/// As [`same_job`], of the two partitions.
fn same<R>(rows: usize, build: impl Fn(Readings) -> Result<Heard<R>, Error>) -> Vec<R>
where
    R: Ord + Debug + Clone,
{
    same_job(rows, |job| build(job.timed_sources(parts()).boxed_timed()))
}

/// By key.
fn key(reading: &Reading) -> u8 {
    reading.0
}

/// By key and partition: within these there is one order only.
fn key_and_part(reading: &Reading) -> (u8, bool) {
    (reading.0, reading.1 >= 100)
}

fn value(reading: &Reading) -> i64 {
    reading.1
}

fn ticks(nanos: i64) -> Tumbling {
    Tumbling::from_nanos(nanos).expect("a size that can be")
}

#[test]
fn windows_folded_where_they_arise() {
    same(14, |readings| {
        let sums = readings.key_by(key).window(ticks(10)).sum(value);
        Ok(sums.map(|row| (row.key, row.end(), row.value)).heard())
    });
    let sliding = Sliding::from_nanos(12, 4).unwrap();
    same(38, |readings| {
        let most = readings.key_by(key).window(sliding).max(value);
        Ok(most.map(|row| (row.key, row.end(), row.value)).heard())
    });
    same(5, |readings| {
        let counts = readings.window_all(ticks(10)).count();
        Ok(counts.map(|row| (row.end(), row.value)).heard())
    });
}

#[test]
fn windows_record_by_record() {
    let gap = Session::from_nanos(4).unwrap();
    same(2, |readings| {
        let sessions = readings.key_by(|r| r.1 >= 100).window(gap).count();
        Ok(sessions.map(|row| (row.key, row.end(), row.value)).heard())
    });
    same(14, |readings| {
        let pairs = CountTumbling::of(2)?;
        let sums = readings.key_by(key_and_part).count_window(pairs).sum(value);
        Ok(sums.map(|row| (row.key, row.value)).heard())
    });
    // Two windows of each partition have two readings of one key.
    same(4, |readings| {
        let windows = readings.key_by(key_and_part).window(ticks(10));
        let pairs = windows.trigger(Trigger::count(2)?).sum(value);
        Ok(pairs.map(|row| (row.key, row.end(), row.value)).heard())
    });
}

#[test]
fn windows_over_windows() {
    let rows = same(3, |readings| {
        let sums = readings.key_by(key).window(ticks(10)).sum(value);
        let most = sums.window_all(ticks(20)).max(|row| row.value);
        Ok(most.map(|row| (row.end(), row.value)).heard())
    });
    let ends: Vec<_> = rows.iter().map(|(end, _)| end.nanos()).collect();
    assert_eq!(ends, [20, 40, 60]);
}

#[test]
fn late_records() {
    let lines = [
        Said::Record(3, (0, 1)),
        Said::Record(12, (1, 2)),
        Said::Watermark(9),
        Said::Record(4, (0, 3)), // late
        Said::Record(11, (0, 4)),
        Said::Watermark(19),
        Said::Record(19, (1, 5)), // late
        Said::Record(25, (2, 6)),
    ];
    let rows = same_job(6, |job| {
        let readings = job.timed_source(Script::of(lines.clone()));
        let windows = readings.key_by(key).window(ticks(10));
        let (counts, late) = windows.aggregate_with_rejected(Count);
        let counts = counts.map(|row| (row.end().nanos(), i64::from(row.key), row.value));
        let late = late.map(|late: Rejected<Reading>| (-1, late.value.1, 0));
        Ok(counts.union(late).heard())
    });
    assert_eq!(rows[..2], [(-1, 3, 0), (-1, 5, 0)]);
}

#[test]
fn rolling_state() {
    let rows = same(32, |readings| {
        let counts = readings
            .key_by(key_and_part)
            .fold(0, |count, _| *count += 1);
        Ok(counts.heard())
    });
    assert_eq!(rows.iter().filter(|row| row.0 == (0, false)).count(), 6);
    same(32, |readings| {
        let sums = readings
            .key_by(key_and_part)
            .reduce(|a, b| (a.0, a.1 + b.1));
        Ok(sums.heard())
    });
    // Which of a key is the first, chance says; that there is one, it does not.
    same(3, |readings| {
        let firsts = readings.key_by(key).distinct();
        Ok(firsts.map(|reading| key(&reading)).heard())
    });
    same(26, |readings| {
        let rises =
            readings
                .key_by(key_and_part)
                .scan(None, |last: &mut Option<i64>, (key, value)| {
                    last.replace(value).map(|last| (key, value - last))
                });
        Ok(rises.heard())
    });
}

#[test]
fn timers() {
    // Behind each reading, how many of its key came in the ten ticks up to it:
    // when its timer fires, all of them are there.
    let wait = 25;
    let rows = same(32, |readings| {
        let counts = readings.key_by(key_and_part).process_with(
            Vec::new(),
            move |_, times: &mut Vec<i64>, context| {
                times.push(context.time().nanos());
                context.at(context.time() + Duration::from_nanos(wait));
            },
            move |timer: KeyTimer, times, context| {
                let key = *context.key();
                let (KeyTimer::Event(time) | KeyTimer::Wall(time)) = timer;
                let until = time.nanos() - wait as i64;
                let recent = times.iter().filter(|&&t| (until - 10..=until).contains(&t));
                context.emit((key, until, recent.count()));
            },
        );
        Ok(counts.heard())
    });
    assert_eq!(rows[..2], [((0, false), 0, 1), ((0, false), 9, 2)]);
}

#[test]
fn streams_that_divide_and_meet() {
    same(64, |readings| {
        let [one, other] = readings.fan_out();
        let negated = other.map(|(key, value)| (key, -1 - value));
        Ok(one.rebalance().union(negated).heard())
    });
    same(32, |readings| {
        let [zero, one, two] = readings.branch(|reading| usize::from(reading.0));
        let (even, odd) = one.split(|reading| reading.1 % 2 == 0);
        let tens = |(key, value): Reading| (key + 10, value);
        Ok(zero
            .union(even.map(tens))
            .union(odd)
            .union(two.partition_by(key))
            .heard())
    });
    same(32, |readings| {
        let (small, large) = readings.try_map(|reading| match reading.1 {
            0..=99 => Ok(*reading),
            _ => Err("large"),
        });
        let large = large.map(|letter: DeadLetter<Reading, _>| letter.record);
        Ok(small.union(large).heard())
    });
    // Joined by windows again, whatever the ways were.
    same(14, |readings| {
        let [one, other] = readings.fan_out();
        let both = one.rebalance().union(other.gather());
        let counts = both.key_by(key).window(ticks(10)).count();
        Ok(counts.map(|row| (row.key, row.end(), row.value)).heard())
    });
}

#[test]
fn places_in_a_stream() {
    let numbers = || Script::of_records((0..20).map(|n| (n, n)));
    same_job(9, |job| {
        let pairs = job.timed_source(numbers()).zip(job.from_iter(100..109));
        Ok(pairs.heard())
    });
    same_job(5, |job| {
        let some = job.timed_source(numbers()).skip(3).take(5);
        Ok(some.enumerate().heard())
    });
    same_job(8, |job| {
        let [one, other] = job.timed_source(numbers()).fan_out();
        let (few, more) = (one.limit(3), other.take_while(|n| *n < 5));
        Ok(few.union(more).heard())
    });
}

#[test]
fn a_silent_partition_holds_nobody_back() {
    // The clock moves when the first partition says so, and the second is silent.
    let rows = same_job(5, |job| {
        let clock = ManualClock::at(Timestamp::from_nanos(0));
        let [first, _] = parts();
        let second = Script::of([Said::Quiet, Said::Quiet]).with_clock(&clock);
        let timeout = IdleTimeout::from_nanos(5)?;
        let readings = job.timed_sources([first, second]).idle_after(timeout);
        let counts = readings.window_all(ticks(10)).count();
        Ok(counts.map(|row| (row.end(), row.value)).heard())
    });
    assert_eq!(rows[0], (Timestamp::from_nanos(10), 4));
}
