//! Whole jobs against a plain oracle, in every shape: one worker or eight,
//! batches and rings of one or of thousands, on one thread or on real ones.

mod support;

use fluxus::prelude::*;
use fluxus::sink::{Collected, Ending};
use fluxus::{ConfigError, Measure, Placement, Rejected, Rejection, WhenFull};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use support::{events, oracle, shapes, window_start, Call, Event, Rows, Shape, Spy, Trap};

type Row = WindowResult<u32, (u64, i128)>;

fn tumbling(size: i64, offset: i64) -> Tumbling {
    let size = Tumbling::new(Duration::from_nanos(size as u64)).unwrap();
    size.with_offset_ns(offset).unwrap()
}

fn disorder(nanos: u64) -> BoundedDisorder {
    BoundedDisorder::new(Duration::from_nanos(nanos)).unwrap()
}

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

fn count_and_sum(
) -> impl Aggregate<Event, Accumulator = impl Send, Output = (u64, i128)> + Clone + Send + 'static {
    (Count, Sum::of(|event: &Event| event.value))
}

/// The rows by window and key; each comes once.
fn by_window(rows: Vec<Row>) -> Rows {
    let mut found = Rows::new();
    for row in rows {
        let before = found.insert((row.start().nanos(), row.key), row.value);
        assert_eq!(before, None, "one result a window and key: {row:?}");
    }
    found
}

#[test]
fn windows_agree_with_the_oracle_in_every_shape() {
    for partitions in [1, 3, 5] {
        let parts = events(partitions, 200, 7, 20);
        for (size, offset) in [(50, 0), (50, 13), (50, -49), (1, 0), (100_000, 0)] {
            let expected = oracle(parts.iter().flatten(), size, offset);
            for shape in shapes() {
                let job = shape.job();
                let rows = job
                    .from_partitions(parts.clone())
                    .timestamps(|event| at(event.time), disorder(20))
                    .key_by(|event| event.key)
                    .window(tumbling(size, offset))
                    .aggregate(count_and_sum())
                    .collect();
                let report = shape.run(job).unwrap();
                let context = format!("{partitions} parts, {size} ns {offset:+}, {shape:?}");
                let timed = rows.take_timed();
                for (time, row) in &timed {
                    assert_eq!(*time, row.window.last_instant(), "{context}");
                    let length = row.end().nanos() - row.start().nanos();
                    assert_eq!(length, size, "{context}");
                }
                let rows = by_window(timed.into_iter().map(|(_, row)| row).collect());
                assert!(rows == expected, "{context}: {rows:?}\n{expected:?}");
                assert_eq!(report.late(), 0, "{context}");
                assert_eq!(report.total(Measure::Results), expected.len() as u64);
            }
        }
    }
}

#[test]
fn windows_come_in_the_order_of_their_end() {
    let parts = events(3, 200, 7, 20);
    for shape in shapes() {
        let job = shape.job();
        let (rows, log) = Spy::<Row>::new();
        job.from_partitions(parts.clone())
            .timestamps(|event| at(event.time), disorder(20))
            .key_by(|event| event.key)
            .window(tumbling(50, 0))
            .aggregate(count_and_sum())
            .sink(rows);
        shape.run(job).unwrap();
        let mut ends = BTreeMap::new();
        for row in log.written() {
            if let Some(before) = ends.insert(row.key, row.end()) {
                assert!(before < row.end(), "key {}, {shape:?}", row.key);
            }
        }
        log.must_have_ended(Ending::Complete, shape);
    }
}

/// Late by Flink's rule: the window's last instant is at or before the
/// watermark, which trails the latest time by the bound and one.
fn late_by_the_oracle(events: &[Event], bound: i64, size: i64) -> (BTreeSet<u64>, Vec<Event>) {
    let mut watermark = i64::MIN;
    let (mut late, mut kept) = (BTreeSet::new(), Vec::new());
    for event in events {
        let last_instant = window_start(event.time, size, 0) + size - 1;
        match last_instant <= watermark {
            true => drop(late.insert(event.id)),
            false => kept.push(*event),
        }
        watermark = watermark.max(event.time - bound - 1);
    }
    (late, kept)
}

/// How the events get their times.
#[derive(Clone, Copy, Debug)]
enum TimedBy {
    Source,
    Operator,
}

/// Runs windows of ten over the events: their rows, what was rejected, and what
/// the report says was late.
fn windows_and_rejected(
    shape: Shape,
    when_full: WhenFull,
    timed_by: TimedBy,
    events: Vec<Event>,
    bound: u64,
) -> (Rows, Vec<Rejected<Event>>, u64) {
    let job = Job::new("late", shape.config().when_full(when_full)).unwrap();
    let rows: Collected<Row>;
    let rejected: Collected<Rejected<Event>>;
    let bound = disorder(bound);
    match timed_by {
        TimedBy::Source => {
            let timed = events.into_iter().map(Event::timed);
            let windows = job.from_timed_iter(timed, bound).key_by(|event| event.key);
            let (results, others) = windows
                .window(tumbling(10, 0))
                .aggregate_with_rejected(count_and_sum());
            (rows, rejected) = (results.collect(), others.collect());
        }
        TimedBy::Operator => {
            let timed = job.from_iter(events);
            let timed = timed.timestamps(|event| at(event.time), bound);
            let windows = timed.key_by(|event| event.key).window(tumbling(10, 0));
            let (results, others) = windows.aggregate_with_rejected(count_and_sum());
            (rows, rejected) = (results.collect(), others.collect());
        }
    }
    let report = shape.run(job).unwrap();
    let mut taken = Vec::new();
    for (time, rejected) in rejected.take_timed() {
        assert_eq!(time.nanos(), rejected.value.time, "it keeps its own time");
        taken.push(rejected);
    }
    (by_window(rows.take()), taken, report.late())
}

#[test]
fn with_a_watermark_after_every_record_late_is_exactly_what_the_rule_says() {
    let events = events(1, 400, 5, 40).remove(0);
    for bound in [0, 7, 20, 40] {
        let (late, kept) = late_by_the_oracle(&events, bound, 10);
        assert_eq!(late.is_empty(), bound == 40, "the table has both");
        let expected = oracle(&kept, 10, 0);
        // Folded where they arise, or sent one by one into rings that fill up.
        for when_full in [WhenFull::Fail, WhenFull::Reject] {
            for timed_by in [TimedBy::Source, TimedBy::Operator] {
                for shape in shapes().into_iter().filter(|shape| shape.batch == 1) {
                    let context = format!("bound {bound}, {when_full:?}, {timed_by:?}, {shape:?}");
                    let (rows, rejected, counted) = windows_and_rejected(
                        shape,
                        when_full,
                        timed_by,
                        events.clone(),
                        bound as u64,
                    );
                    assert!(rejected.iter().all(|r| r.reason == Rejection::Late));
                    let taken: BTreeSet<u64> = rejected.iter().map(|r| r.value.id).collect();
                    assert_eq!(taken.len(), rejected.len(), "{context}: late twice");
                    assert_eq!(taken, late, "{context}");
                    assert_eq!(counted, late.len() as u64, "{context}");
                    assert!(rows == expected, "{context}");
                }
            }
        }
    }
}

#[test]
fn whatever_is_late_is_counted_and_taken_once_and_the_rest_is_kept() {
    let parts = events(3, 300, 5, 60);
    let all: BTreeMap<u64, Event> = parts.iter().flatten().map(|e| (e.id, *e)).collect();
    for shape in shapes() {
        let job = shape.job();
        let (rows, rejected) = job
            .from_partitions(parts.clone())
            .timestamps(|event| at(event.time), BoundedDisorder::monotonous())
            .key_by(|event| event.key)
            .window(tumbling(10, 0))
            .aggregate_with_rejected(count_and_sum());
        let (rows, rejected) = (rows.collect(), rejected.collect());
        let report = shape.run(job).unwrap();
        let mut kept = all.clone();
        for rejected in rejected.take() {
            let before = kept.remove(&rejected.value.id);
            assert_eq!(before, Some(rejected.value), "late once, {shape:?}");
        }
        let late = all.len() - kept.len();
        assert_eq!(report.late(), late as u64, "{shape:?}");
        let expected = oracle(kept.values(), 10, 0);
        assert!(by_window(rows.take()) == expected, "{shape:?}");
    }
}

#[test]
fn a_side_stream_that_wants_no_more_leaves_the_main_one_alone() {
    let events = events(1, 400, 5, 40).remove(0);
    for shape in shapes() {
        for wanted in [0, 1, 3] {
            let job = shape.job();
            let (rows, rejected) = job
                .from_timed_iter(
                    events.clone().into_iter().map(Event::timed),
                    BoundedDisorder::monotonous(),
                )
                .key_by(|event| event.key)
                .window(tumbling(10, 0))
                .aggregate_with_rejected(Count);
            let kept = rows.fold_all(0, |sum, row| *sum += row.value, |a, b| *a += b);
            let rejected = rejected.take(wanted).collect();
            let report = shape.run(job).unwrap();
            let kept = kept.take().unwrap();
            assert_eq!(kept + report.late(), 400, "{wanted} wanted, {shape:?}");
            let most = report.late().min(wanted);
            assert_eq!(rejected.take().len() as u64, most, "{shape:?}");
        }
    }
}

#[test]
fn a_main_stream_that_wants_no_more_ends_well() {
    let parts = events(2, 400, 5, 20);
    for shape in shapes() {
        for wanted in [0, 1, 3, 20] {
            let job = shape.job();
            let (rows, log) = Spy::new();
            job.from_partitions(parts.clone())
                .timestamps(|event| at(event.time), disorder(20))
                .key_by(|event| event.key)
                .window(tumbling(10, 0))
                .count()
                .take(wanted)
                .sink(rows);
            shape.run(job).unwrap();
            let written: Vec<WindowResult<u32, u64>> = log.written();
            assert_eq!(written.len() as u64, wanted, "{shape:?}");
            log.must_have_ended(Ending::Complete, (wanted, shape));
        }
    }
}

#[test]
fn a_key_beyond_the_limit_fails_the_job_with_the_way_out() {
    for (workers, threads) in [(1, false), (2, false), (4, false), (2, true)] {
        for rolling in [false, true] {
            let mut shape = Shape::local(workers, 2, 64);
            shape.threads = threads;
            let config = shape.config().expected_keys(1).key_limit(10);
            let job = Job::new("full", config).unwrap();
            let keyed = job
                .from_timed_iter(
                    (0..400u64).map(|n| (at(0), n)),
                    BoundedDisorder::monotonous(),
                )
                .key_by(|n| *n);
            match rolling {
                true => keyed
                    .fold(0, |n, _| *n += 1)
                    .named("per user")
                    .for_each(|_| {}),
                false => keyed
                    .window(tumbling(10, 0))
                    .count()
                    .named("per user")
                    .for_each(|_| {}),
            }
            let error = shape.run(job).unwrap_err();
            assert_eq!(error.culprit(), Some("per user"));
            let text = error.to_string();
            for words in [
                "`per user`",
                "holds 10 keys",
                "key_limit",
                "WhenFull::Reject",
            ] {
                assert!(text.contains(words), "{text}");
            }
        }
    }
}

#[test]
fn a_key_beyond_the_limit_is_rejected_where_that_was_chosen() {
    for workers in [1, 2, 4] {
        let shape = Shape::local(workers, 2, 64);
        let config = shape.config().expected_keys(1).key_limit(10);
        let job = Job::new("full", config.when_full(WhenFull::Reject)).unwrap();
        let (rows, rejected) = job
            .from_timed_iter(
                (0..400u64).map(|n| (at(0), n % 100)),
                BoundedDisorder::monotonous(),
            )
            .key_by(|n| *n)
            .window(tumbling(10, 0))
            .aggregate_with_rejected(Count);
        let (rows, rejected) = (rows.collect(), rejected.collect());
        let report = shape.run(job).unwrap();
        let rows = rows.take();
        assert_eq!(rows.len(), 10 * workers);
        assert!(rows.iter().all(|row| row.value == 4), "{rows:?}");
        let kept: BTreeSet<u64> = rows.iter().map(|row| row.key).collect();
        let rejected = rejected.take();
        assert_eq!(rejected.len(), 400 - 4 * rows.len());
        for record in &rejected {
            assert_eq!(record.reason, Rejection::StateFull);
            assert!(!kept.contains(&record.value), "all of a key or nothing");
        }
        assert_eq!(report.total(Measure::Refused), rejected.len() as u64);
        assert_eq!(report.total(Measure::KeysHighWater), rows.len() as u64);
        assert_eq!(report.late(), 0);
    }
}

#[test]
fn a_closed_window_gives_its_keys_back() {
    // Ten keys a window, never the same: more in all than the limit.
    for workers in [1, 2] {
        let shape = Shape::local(workers, 1, 64);
        let config = shape.config().expected_keys(1).key_limit(12);
        let job = Job::new("turnover", config).unwrap();
        let windows = job
            .from_timed_iter(
                (0..500i64).map(|n| (at(n), n)),
                BoundedDisorder::monotonous(),
            )
            .key_by(|n| *n)
            .window(tumbling(10, 0))
            .count()
            .collect();
        let report = shape.run(job).unwrap();
        assert_eq!(windows.take().len(), 500);
        assert!(report.total(Measure::StateGrown) > 0, "it began with one");
    }
}

#[test]
fn rolling_operators_keep_the_order_of_each_key() {
    let parts: Vec<Vec<(u32, u32, u64)>> = (0..3)
        .map(|part| (0..400).map(|n| (part, (n % 7) as u32, n)).collect())
        .collect();
    for shape in shapes() {
        let job = shape.job();
        let held = job
            .from_partitions(parts.clone())
            .key_by(|&(part, key, _)| (part, key))
            .fold(Vec::new(), |seen: &mut Vec<u64>, (_, _, n)| seen.push(n))
            .collect();
        shape.run(job).unwrap();
        let mut lengths: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        let held = held.take();
        assert_eq!(held.len(), 1200, "one for every record, {shape:?}");
        for ((part, key), seen) in held {
            let in_order = (0..400).filter(|n| (n % 7) as u32 == key);
            let length = lengths.entry((part, key)).or_default();
            *length += 1;
            assert!(
                in_order.take(*length).eq(seen.iter().copied()),
                "{part} {key} {shape:?}: {seen:?}"
            );
        }
    }
}

#[test]
fn take_ends_endless_parallel_sources_and_skip_leaves_out_so_many() {
    for shape in shapes() {
        let job = shape.job();
        let endless = || (0..4u64).map(|part| (0..).map(move |n| (part, n)));
        let taken = job.from_partitions(endless()).take(1_000).collect();
        let skipped = job
            .from_partitions((0..4u64).map(|part| (0..100).map(move |n| (part, n))))
            .skip(150)
            .collect();
        let both = job.from_partitions(endless()).skip(100).take(50).collect();
        shape.run(job).unwrap();
        for (records, expected) in [
            (taken.take(), 1_000),
            (skipped.take(), 250),
            (both.take(), 50),
        ] {
            assert_eq!(records.len(), expected, "{shape:?}");
            let mut last = BTreeMap::new();
            for (part, n) in records {
                // Each instance's records keep their order.
                let before: Option<u64> = last.insert(part, n);
                assert!(before.map_or(true, |before| before < n), "{shape:?}");
            }
        }
    }
}

#[test]
fn two_streams_of_one_job_do_not_touch() {
    for shape in shapes() {
        let job = shape.job();
        let doubled = job.from_iter(0..500).map(|n| n * 2).collect();
        let counted = job.from_partitions([0..100u64, 0..200]).fold_all(
            0,
            |count, _| *count += 1,
            |a, b| *a += b,
        );
        shape.run(job).unwrap();
        assert!(doubled.take().into_iter().eq((0..500).map(|n| n * 2)));
        assert_eq!(counted.take(), Some(300), "{shape:?}");
    }
}

#[test]
fn windows_of_windows_take_the_results_at_their_last_instant() {
    for shape in shapes() {
        let job = shape.job();
        let totals = job
            .from_timed_iter(
                (0..1000i64).map(|n| (at(n), n)),
                BoundedDisorder::monotonous(),
            )
            .key_by(|n| n % 5)
            .window(tumbling(10, 0))
            .count()
            .key_by(|_| ())
            .window(tumbling(100, 0))
            .sum(|row: &WindowResult<i64, u64>| row.value)
            .map(|row| (row.start().nanos(), row.value))
            .collect();
        let report = shape.run(job).unwrap();
        let mut totals = totals.take();
        totals.sort_unstable();
        let expected: Vec<_> = (0..10).map(|n| (100 * n, 100)).collect();
        assert_eq!(totals, expected, "{shape:?}");
        assert_eq!(report.late(), 0);
    }
}

#[test]
fn empty_sources_give_nothing_and_end_well() {
    for shape in shapes() {
        let job = shape.job();
        let (rows, log) = Spy::new();
        job.from_timed_iter(Vec::<(Timestamp, u32)>::new(), disorder(0))
            .key_by(|n| *n)
            .window(tumbling(10, 0))
            .count()
            .sink(rows);
        let rolled = job
            .from_partitions([0..0, 5..6, 0..0])
            .key_by(|n| *n)
            .reduce(|a, _| *a)
            .collect();
        let folded = job
            .from_iter(0..0)
            .fold_all(7, |sum, n| *sum += n, |a, b| *a += b);
        shape.run(job).unwrap();
        let written: Vec<WindowResult<u32, u64>> = log.written();
        assert_eq!(written, []);
        log.must_have_ended(Ending::Complete, shape);
        assert_eq!(rolled.take(), [(5, 5)]);
        assert_eq!(folded.take(), Some(7), "what a fold starts at");
    }
}

#[test]
fn an_iterator_that_begins_anew_after_its_end_has_ended() {
    /// Three records, an end, three records, an end, and so on.
    struct Anew(i64);
    impl Iterator for Anew {
        type Item = i64;
        fn next(&mut self) -> Option<i64> {
            self.0 += 1;
            (self.0 % 4 != 0).then_some(self.0)
        }
    }
    for shape in shapes() {
        let job = shape.job();
        let plain = job.from_iter(Anew(0)).collect();
        let counted = job
            .from_timed_iter(Anew(0).map(|n| (at(n), n)), BoundedDisorder::monotonous())
            .key_by(|n| *n)
            .window(tumbling(1, 0))
            .count()
            .collect();
        shape.run(job).unwrap();
        assert_eq!(plain.take(), [1, 2, 3], "{shape:?}");
        assert_eq!(counted.take().len(), 3, "{shape:?}");
    }
}

#[test]
fn every_row_of_every_worker_has_its_latency_measured() {
    for shape in shapes() {
        let job = Job::new("latency", shape.config().measure_latency(true)).unwrap();
        let (rows, log) = Spy::<WindowResult<u32, u64>>::new();
        let records = events(1, 500, 5, 0).remove(0);
        job.from_timed_iter(
            records.into_iter().map(Event::timed),
            BoundedDisorder::monotonous(),
        )
        .key_by(|event| event.key)
        .window(tumbling(10, 0))
        .count()
        .sink(rows);
        let report = shape.run(job).unwrap();
        let latency = report.latency.expect("it was asked for");
        assert_eq!(latency.samples(), log.written().len() as u64, "{shape:?}");
    }
}

#[test]
fn what_goes_in_comes_out_or_is_counted() {
    for shape in shapes() {
        let job = shape.job();
        let (rows, log) = Spy::new();
        job.from_partitions(events(3, 100, 5, 0))
            .named("in")
            .filter(|event| event.id % 3 != 0)
            .sink(rows);
        let report = shape.run(job).unwrap();
        assert_eq!(report.of("in", Measure::RecordsIn), 300, "{shape:?}");
        assert_eq!(log.written().len(), 200, "{shape:?}");
        assert_eq!(log.count(Call::Write), 200);
        let written = report
            .readings
            .iter()
            .filter(|r| r.operator.starts_with("sink") && r.measure == Measure::RecordsOut)
            .map(|r| r.value)
            .max();
        assert_eq!(written, Some(200));
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_stream_quietly() {
    for shape in shapes() {
        for (call, after, expected) in [(Call::Write, 3, 3), (Call::Flush, 0, 1)] {
            let job = shape.job();
            let (rows, log) = Spy::with_trap(Some((call, Trap::ReaderGone)), after);
            job.from_partitions([0u64.., 0..]).sink(rows);
            let report = shape.run(job).unwrap();
            assert_eq!(report.ending, fluxus::JobEnding::Completed);
            assert!(log.written().len() >= expected, "{call:?}, {shape:?}");
            assert_eq!(log.count(call), after + 1, "asked no more, {shape:?}");
            log.must_have_ended(Ending::Incomplete, (call, shape));
        }
    }
}

#[test]
fn a_reader_that_goes_away_amid_the_rows_of_a_window_ends_the_stream_quietly() {
    for shape in shapes() {
        let job = shape.job();
        let (rows, log) =
            Spy::<WindowResult<u64, u64>>::with_trap(Some((Call::Write, Trap::ReaderGone)), 3);
        job.from_timed_iter((0..100u64).map(|n| (at(0), n)), disorder(0))
            .key_by(|n| *n)
            .window(tumbling(10, 0))
            .count()
            .sink(rows);
        shape.run(job).unwrap();
        assert_eq!(log.written().len(), 3, "{shape:?}");
        log.must_have_ended(Ending::Incomplete, shape);
    }
}

#[test]
fn a_job_that_is_not_whole_does_not_start() {
    let refused = |build: fn(&Job)| {
        let job = Shape::local(2, 2, 64).job();
        build(&job);
        let error = job.run().unwrap_err();
        (error.culprit().map(str::to_owned), error.to_string())
    };
    let second = Duration::from_secs(1);
    assert!(Tumbling::new(second).is_ok());
    for (build, culprit, words) in [
        ((|_| {}) as fn(&Job), None, "the job has no stream"),
        (
            |job| drop(job.from_iter(0..5)),
            Some("iterator-1"),
            "ends nowhere: give it a sink",
        ),
        (
            |job| {
                job.from_iter(0..5).collect();
                drop(job.generate(Some).map(|n| n + 1));
            },
            Some("generator-3"),
            "ends nowhere",
        ),
        (
            |job| drop(job.from_iter(0..5).named("numbers")),
            Some("numbers"),
            "begins at numbers",
        ),
        (
            |job| {
                let none: [std::ops::Range<u64>; 0] = [];
                job.from_partitions(none).collect();
            },
            Some("partitions-1"),
            "at least one",
        ),
        (
            |job| {
                let (rows, rejected) = job
                    .from_timed_iter(vec![(at(0), 1)], disorder(0))
                    .key_by(|n| *n)
                    .window(tumbling(10, 0))
                    .aggregate_with_rejected(Count);
                rows.collect();
                drop(rejected.named("too late"));
            },
            Some("too late"),
            "ends nowhere",
        ),
        (
            |job| {
                let (rows, rejected) = job
                    .from_timed_iter(vec![(at(0), 1)], disorder(0))
                    .key_by(|n| *n)
                    .window(tumbling(10, 0))
                    .aggregate_with_rejected(Count);
                drop(rows);
                rejected.collect();
            },
            Some("iterator-1"),
            "ends nowhere",
        ),
    ] {
        let (found, text) = refused(build);
        assert_eq!(found.as_deref(), culprit, "{text}");
        assert!(text.contains(words), "{text:?} should say {words:?}");
    }
}

#[test]
fn settings_that_cannot_be_are_refused_before_anything_starts() {
    let nothing = Duration::ZERO;
    let zero = Tumbling::new(nothing).map_err(Error::from).unwrap_err();
    assert!(matches!(zero, Error::Config(ConfigError::Window(_))));
    let ages = BoundedDisorder::new(Duration::MAX);
    let ages = ages.map_err(Error::from).unwrap_err();
    assert!(matches!(ages, Error::Config(ConfigError::Disorder(_))));
    for (config, words) in [
        (Config::new().workers(0), "workers is 0: choose 1 to 1024"),
        (Config::new().batch(0), "batch is 0"),
        (Config::new().ring_capacity(0), "ring_capacity"),
        (Config::new().ring_capacity(3000), "ring_capacity"),
        (
            Config::new().batch(100).ring_capacity(64),
            "raise ring_capacity or lower batch",
        ),
        (Config::new().key_limit(0), "key_limit is 0"),
        (
            Config::new().expected_keys(2).key_limit(1),
            "lower expected_keys",
        ),
        (
            Config::new().placement(Placement::Cores(vec![])),
            "at least one core",
        ),
    ] {
        let Err(error) = Job::new("refused", config) else {
            panic!("{words}: it was taken");
        };
        assert!(matches!(error, Error::Config(_)));
        let text = error.to_string();
        assert!(text.contains(words), "{text:?} should say {words:?}");
    }
    let job = Shape::local(1, 2, 64).job();
    for capacity in [0, 3, usize::MAX] {
        let refused = job.input::<u32>(capacity).map(|_| ()).unwrap_err();
        assert_eq!(refused.culprit(), Some("input"), "{refused}");
    }
}

#[test]
fn explain_names_stages_rings_cores_and_operators() {
    let build = |workers: usize, when_full| {
        let config = Shape::local(workers, 2, 64).config();
        let config = config.expected_keys(100).key_limit(5_000);
        let job = Job::new("readings", config.when_full(when_full)).unwrap();
        let (rows, rejected) = job
            .from_timed_iter(vec![(at(0), 1)], disorder(0))
            .named("sensors")
            .map(|n| n + 1)
            .named("calibrate")
            .key_by(|n| *n)
            .window(tumbling(10, 3))
            .aggregate_with_rejected(Count);
        rows.named("per sensor").sink(Spy::new().0);
        rejected.named("too late").for_each(|_| {});
        job.explain()
    };
    let alone = build(1, WhenFull::Fail);
    let many = build(3, WhenFull::Fail);
    let one_by_one = build(3, WhenFull::Reject);
    for (text, words) in [
        (&alone, "job readings: 1 worker, 2 records a batch"),
        (&alone, "worker 0  not pinned"),
        (
            &alone,
            "sensors -> calibrate -> per sensor (tumbling 10ns, offset 3 ns) -> sink",
        ),
        (&alone, "side output: 1 ring of 64 records ==>"),
        (&alone, "too late -> for_each"),
        (
            &alone,
            "memory for 100 keys an instance from the start, at most 5000",
        ),
        (&many, "3 workers"),
        (&many, "worker 2  not pinned"),
        (
            &many,
            "sensors -> calibrate -> per sensor (fold this core's part)",
        ),
        (&many, "== hash by key: 3 rings of 64 records ==>"),
        (&many, "3 instances on worker 0, 1, 2"),
        (&many, "== gather: 3 rings of 64 records ==>"),
        (&many, "side output: 3 rings of 64 records ==>"),
        (&one_by_one, "sensors -> calibrate\n"),
        (&one_by_one, "== hash by key: 3 rings of 64 records ==>"),
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    assert!(!many.contains("nowhere"), "{many}");
    assert!(
        !alone.contains("gather") && !alone.contains("hash"),
        "{alone}"
    );
    let job = Job::new(
        "pinned",
        Config::new().workers(1).placement(Placement::Auto),
    )
    .unwrap();
    job.from_iter(0..1).collect();
    assert!(
        job.explain().contains("pinned to core "),
        "{}",
        job.explain()
    );
    assert!(job.explain().contains("1 stage, no rings"));
}
