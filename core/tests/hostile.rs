//! Every operator, driven one record at a time and all at once, into a
//! downstream that is full, or busy, at every other call, says the same as into
//! one that is always open: nothing is lost, doubled or out of order, and each
//! call keeps the contract of `Collector`. (The idea is that of Jet's
//! `TestSupport`.)

mod harness;

use fluxus_core::operator::{
    Filter, FilterMap, FlatMap, IdleAfter, IdleTimeout, Inspect, Map, ProcessingTime, RollingFold,
    RollingReduce, Skip, Stateful, Take, Timestamps, WindowAggregate, WindowResult,
};
use fluxus_core::source::{BoxError, Head, Pulled, Source, SourceStatus};
use fluxus_core::windows::aggregate::{Count, Sum};
use fluxus_core::windows::{
    BoundedDisorder, Firing, Lateness, Punctuated, Timestamp, Tumbling, WatermarkGenerator, Window,
};
use fluxus_core::{
    run_local, Chain, Collector, Config, Flow, Measure, Name, Plan, Signal, Stamp, Watermark,
};
use harness::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn operators_without_state() {
    let script = script();
    holds("nothing", &each(|n| vec![n]), &script, |head| head);
    holds("map", &each(|n| vec![n * n]), &script, |head| {
        Map::new(name(), head, |n| n * n)
    });
    let even = |n: i64| (n % 2 == 0).then_some(n);
    holds(
        "filter",
        &each(|n| even(n).into_iter().collect()),
        &script,
        |head| Filter::new(name(), head, |n: &i64| n % 2 == 0),
    );
    let halved = move |n| even(n).map(|n| n / 2);
    holds(
        "filter_map",
        &each(|n| halved(n).into_iter().collect()),
        &script,
        |head| FilterMap::new(name(), head, halved),
    );
    holds(
        "flat_map",
        &each(|n| (0..n % 4).collect()),
        &script,
        |head| FlatMap::new(name(), head, |n: i64| 0..n % 4),
    );
    holds(
        "flat_map of a flat_map",
        &each(|n| (0..n % 4).flat_map(|m| 0..m).collect()),
        &script,
        |head| {
            let outer = FlatMap::new(name(), head, |n: i64| 0..n % 4);
            FlatMap::new(name(), outer, |m: i64| 0..m)
        },
    );
    holds(
        "several",
        &each(|n| (0..n % 4).filter(|m| m % 2 == 1).map(|m| -m).collect()),
        &script,
        |head| {
            let many = FlatMap::new(name(), head, |n: i64| 0..n % 4);
            let odd = Filter::new(name(), many, |m: &i64| m % 2 == 1);
            Map::new(name(), odd, |m: i64| -m)
        },
    );
}

/// Long runs of records, handed on in one call, of which some bring a watermark:
/// it comes right behind its record, and what was not drawn comes later.
#[test]
fn watermarks_in_the_middle_of_a_run_keep_their_places() {
    let keeps = |n: i64| n % 5 < 2 || (200..=399).contains(&n);
    let (mut script, mut expected) = (Vec::new(), Vec::new());
    for n in 0..700 {
        script.push(Record(-1, n));
        expected.extend(keeps(n).then_some(Record(n, n)));
        expected.extend((n % 50 == 7).then_some(At(n)));
        if n % 331 == 330 {
            script.push(Barrier(n as u64));
            expected.push(Barrier(n as u64));
        }
    }
    expected.push(End);
    let marks = Punctuated::new(|time, n: &i64| (n % 50 == 7).then_some(time));
    holds("in between", &expected, &script, |head| {
        let timed = Timestamps::new(name(), head, |&n: &i64| at(n), marks.clone());
        Filter::new(name(), timed, move |n: &i64| keeps(*n))
    });
    // A generator that is no plain number, and so stays in the operator.
    let marks = Arc::new(());
    let marks = Punctuated::new(move |time, n: &i64| {
        let _ = &marks;
        (n % 50 == 7).then_some(time)
    });
    holds("in between, not plain", &expected, &script, |head| {
        let timed = Timestamps::new(name(), head, |&n: &i64| at(n), marks.clone());
        Filter::new(name(), timed, move |n: &i64| keeps(*n))
    });
}

#[test]
fn more_offspring_than_one_call_may_emit() {
    // 4096 is where a call leaves off: before it, at it, behind it, twice.
    for offspring in [4095i64, 4096, 4097, 9000] {
        let script = [Record(1, offspring), At(1), Record(2, 1)];
        let mut expected: Vec<_> = (0..offspring).map(|n| Record(1, n)).collect();
        expected.extend([At(1), Record(2, 0), End]);
        // None that is full again and again: each time the one thread of
        // `run_local` would look for other work, and there is none.
        for mood in [Mood::AlwaysOpen, Mood::BusyEveryOther, Mood::SeldomFull] {
            let drive = Drive {
                mood,
                a_pull: 1,
                batch: 512,
                workers: 1,
                together: false,
            };
            let found = heard(drive, &script, |head| {
                FlatMap::new(name(), head, |n: i64| 0..n)
            });
            assert!(found == expected, "{offspring} offspring, {drive:?}");
        }
    }
}

#[test]
fn inspect_sees_every_record_once() {
    for drive in drives() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let looked = Arc::clone(&seen);
        let found = heard(drive, &script(), |head| {
            Inspect::new(name(), head, move |n: &i64| looked.lock().unwrap().push(*n))
        });
        assert_eq!(found, each(|n| vec![n]), "{drive:?}");
        assert_eq!(*seen.lock().unwrap(), (0..12).collect::<Vec<_>>());
    }
}

#[test]
fn take_ends_the_stream_after_its_last_record() {
    for count in [1, 2, 5, 11, 12, 13, u64::MAX] {
        let all = each(|n| vec![n]);
        let expected = match count {
            0..=12 => cut_off(&all, count as usize),
            _ => all,
        };
        holds(&format!("take {count}"), &expected, &script(), |head| {
            Take::new(name(), head, count)
        });
    }
    for drive in drives() {
        let found = heard(drive, &script(), |head| Take::new(name(), head, 0));
        assert_eq!(found, [End], "take 0, {drive:?}");
    }
}

#[test]
fn take_cuts_the_offspring_of_one_record() {
    let all = each(|n| (0..n % 4).collect());
    for count in 1..=18 {
        let expected = cut_off(&all, count);
        holds(&format!("take {count}"), &expected, &script(), |head| {
            let many = FlatMap::new(name(), head, |n: i64| 0..n % 4);
            Take::new(name(), many, count as u64)
        });
    }
}

#[test]
fn take_pulls_no_more_than_it_needs() {
    for drive in drives() {
        let pulled = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&pulled);
        heard(drive, &script(), |head| {
            let counted = Inspect::new(name(), head, move |_: &i64| {
                counter.fetch_add(1, Ordering::Relaxed);
            });
            Take::new(name(), counted, 5)
        });
        assert_eq!(pulled.load(Ordering::Relaxed), 5, "{drive:?}");
    }
}

#[test]
fn skip_leaves_out_the_first() {
    for count in [0, 1, 5, 12, 13] {
        let expected = each(|n| (n >= count).then_some(n).into_iter().collect());
        holds(&format!("skip {count}"), &expected, &script(), |head| {
            Skip::new(name(), head, count as u64)
        });
    }
}

#[test]
fn rolling_operators_emit_after_every_record() {
    let key = |n: &i64| n % 3;
    let mut held = [None; 3];
    let expected = each(|n| {
        let sum = held[n as usize % 3].map_or(n, |held: i64| held + n);
        held[n as usize % 3] = Some(sum);
        vec![(n % 3, sum)]
    });
    holds("reduce", &expected, &script(), |head| {
        let sum = RollingReduce::new(|a: &i64, b| a + b);
        Stateful::new(name(), head, key, sum)
    });
    let mut held = [100, 100, 100];
    let expected = each(|n| {
        held[n as usize % 3] += 1;
        vec![(n % 3, held[n as usize % 3])]
    });
    holds("fold", &expected, &script(), |head| {
        let count = RollingFold::new(100, |count: &mut i64, _| *count += 1);
        Stateful::new(name(), head, key, count)
    });
}

#[test]
fn timestamps_replace_times_and_watermarks() {
    // Out of order within the bound, by 20 at most.
    let times = [50i64, 30, 60, 45, 90, 70, 100, 95];
    let mut script = vec![Idle, Active];
    for &time in &times {
        // Times and watermarks of the upstream must not come through.
        script.extend([Record(-1, time), At(7_000)]);
    }
    script.push(Barrier(1));
    let generator = BoundedDisorder::new(Duration::from_nanos(20)).unwrap();
    for drive in drives() {
        let found = heard(drive, &script, |head| {
            Timestamps::new(name(), head, |&t: &i64| at(t), generator.clone())
        });
        let (mut latest, mut risen) = (i64::MIN, i64::MIN);
        let (mut records, mut others) = (Vec::new(), Vec::new());
        for line in found {
            match line {
                Record(time, value) => {
                    assert_eq!(time, value);
                    latest = latest.max(value);
                    records.push(value);
                }
                At(time) => {
                    assert_eq!(time, latest - 20 - 1, "{drive:?}");
                    assert!(time > risen, "{drive:?}: {time} after {risen}");
                    risen = time;
                }
                other => others.push(other),
            }
        }
        assert_eq!(records, times, "{drive:?}");
        assert_eq!(others, [Idle, Active, Barrier(1), End], "{drive:?}");
        assert!(risen > i64::MIN, "{drive:?}: no watermark at all");
    }
}

/// A generator that wants a watermark behind each record.
#[derive(Clone)]
struct BehindEach(BoundedDisorder);

impl WatermarkGenerator<i64> for BehindEach {
    fn observe(&mut self, time: Timestamp, _: &i64) -> Option<Timestamp> {
        self.0.observe(time);
        Some(self.0.current())
    }
    fn current(&self) -> Timestamp {
        self.0.current()
    }
}

#[test]
fn a_watermark_that_is_asked_for_comes_right_behind_its_record() {
    let script = [Record(-1, 50), Record(-1, 30), Record(-1, 60), Barrier(1)];
    let expected = [
        Record(50, 50),
        At(49),
        Record(30, 30),
        Record(60, 60),
        At(59),
        Barrier(1),
        End,
    ];
    holds("each record", &expected, &script, |head| {
        let generator = BehindEach(BoundedDisorder::monotonous());
        Timestamps::new(name(), head, |&t: &i64| at(t), generator)
    });
}

#[test]
fn a_silent_stream_is_idle_until_its_next_record() {
    let mut script = vec![Record(1, 1), At(1)];
    script.extend(std::iter::repeat(Quiet).take(12));
    script.extend([Record(2, 2), Record(3, 3), Quiet, Record(4, 4)]);
    let expected = [
        Record(1, 1),
        At(1),
        Idle,
        Active,
        Record(2, 2),
        Record(3, 3),
        Record(4, 4),
        End,
    ];
    // A watermark is a sign of life, too: its records may have been filtered out.
    let mut moving = vec![Record(1, 1)];
    moving.extend(std::iter::repeat(Quiet).take(12));
    moving.push(At(5));
    moving.extend(std::iter::repeat(Quiet).take(12));
    let moved = [Record(1, 1), Idle, Active, At(5), Idle, End];
    let timeout = IdleTimeout::from_nanos(5).unwrap();
    holds("idle but for time", &moved, &moving, |head| {
        IdleAfter::new(name(), head, timeout)
    });
    holds("idle", &expected, &script, |head| {
        IdleAfter::new(name(), head, timeout)
    });
}

#[test]
fn processing_time_moves_with_the_clock_also_when_nothing_comes() {
    let mut script = vec![Record(-1, 1), At(7_000), Record(-1, 2)];
    script.extend([Quiet, Quiet, Record(-1, 3), Quiet, Barrier(1)]);
    for drive in drives() {
        let found = heard(drive, &script, |head| ProcessingTime::new(name(), head));
        let (mut values, mut others) = (Vec::new(), Vec::new());
        let (mut watermark, mut latest) = (i64::MIN, i64::MIN);
        for line in found {
            match line {
                Record(time, value) => {
                    assert!(time > watermark, "{drive:?}: late at once");
                    assert!(time >= latest, "{drive:?}: back in time");
                    latest = time;
                    values.push(value);
                }
                At(time) => {
                    assert!(time > watermark, "{drive:?}");
                    watermark = time;
                }
                other => others.push(other),
            }
        }
        assert_eq!(values, [1, 2, 3], "{drive:?}");
        assert_eq!(others, [Barrier(1), End], "{drive:?}");
        assert!(
            watermark >= latest,
            "{drive:?}: time stood still in silence"
        );
    }
}

type Row = WindowResult<i64, (u64, i128)>;

fn row(key: i64, start: i64, count: u64, sum: i128) -> Said<Row> {
    Record(
        start + 9,
        WindowResult {
            key,
            window: Window::new(at(start), at(start + 10)),
            value: (count, sum),
            firing: Firing::OnTime,
        },
    )
}

fn windows<U: fluxus_core::Timed<Item = i64>>(upstream: U) -> impl fluxus_core::Timed<Item = Row> {
    let size = Tumbling::new(Duration::from_nanos(10)).unwrap();
    let aggregate = (Count, Sum::of(|n: &i64| *n));
    WindowAggregate::new(
        name(),
        upstream,
        |n: &i64| n % 2,
        size,
        Lateness::NONE,
        aggregate,
    )
}

/// Windows of ten, keys 0 and 1, every way a watermark can come.
fn window_script() -> Vec<Said<i64>> {
    vec![
        Record(1, 2),
        Record(12, 3), // ahead of its time
        Record(9, 4),
        Record(2, 5),
        At(8), // one short of closing
        Record(3, 6),
        At(9),            // closes [0, 10)
        At(9),            // said again: nothing
        At(4),            // goes back: nothing
        Record(9, 1_000), // late
        Record(10, 7),
        Record(-1, 2_000), // late, before the epoch
        Record(25, 8),
        Record(38, 9),
        Barrier(3),
        At(29), // closes two at once
        Record(30, 10),
        Idle,
        Active,
        Record(55, 11),
    ]
}

fn window_rows() -> Vec<Said<Row>> {
    vec![
        At(8),
        row(0, 0, 3, 12),
        row(1, 0, 1, 5),
        At(9),
        Barrier(3),
        row(1, 10, 2, 10),
        row(0, 20, 1, 8),
        At(29),
        Idle,
        Active,
        row(1, 30, 1, 9),
        row(0, 30, 1, 10),
        row(1, 50, 1, 11),
        End,
    ]
}

/// Rows of one window come in any order of keys: brings them into one.
fn in_order_of_keys(mut said: Vec<Said<Row>>) -> Vec<Said<Row>> {
    for run in said.split_mut(|line| !matches!(line, Record(..))) {
        let by_end = |line: &Said<Row>| match line {
            Record(_, row) => row.window.end(),
            _ => at(0),
        };
        let ends: Vec<_> = run.iter().map(by_end).collect();
        let mut risen = ends.clone();
        risen.sort();
        assert_eq!(ends, risen, "windows come in the order of their end");
        run.sort();
    }
    said
}

#[test]
fn windows_emit_their_results_before_the_watermark_that_freed_them() {
    // A watermark that says nothing new may be passed on or not.
    let without_repeats = |said: Vec<Said<Row>>| {
        let mut risen = i64::MIN;
        let mut kept = Vec::new();
        for line in said {
            if let At(time) = line {
                if time <= risen {
                    continue;
                }
                risen = time;
            }
            kept.push(line);
        }
        kept
    };
    for drive in drives() {
        let found = heard(drive, &window_script(), windows);
        let found = in_order_of_keys(without_repeats(found));
        let expected = in_order_of_keys(window_rows());
        assert_eq!(found, expected, "{drive:?}");
    }
}

#[test]
fn a_window_of_many_keys_is_emptied_over_many_calls() {
    let keys = 600;
    let mut script: Vec<_> = (0..keys).map(|n| Record(n % 10, n)).collect();
    script.extend([At(9), Record(11, 5), At(19)]);
    for drive in drives() {
        let found = heard(drive, &script, |head| {
            let size = Tumbling::new(Duration::from_nanos(10)).unwrap();
            WindowAggregate::new(name(), head, |n: &i64| *n, size, Lateness::NONE, Count)
        });
        let (first, rest) = found.split_at(keys as usize);
        let mut seen: Vec<i64> = first
            .iter()
            .map(|line| match line {
                Record(9, row) => row.key,
                other => panic!("{drive:?}: {other:?} among the rows"),
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..keys).collect::<Vec<_>>(), "{drive:?}");
        assert!(
            matches!(rest, [At(9), Record(19, _), At(19), End]),
            "{drive:?}: {rest:?}"
        );
    }
}

#[test]
fn a_window_whose_results_are_no_longer_wanted_ends_well() {
    let all = window_rows();
    let rows = all.iter().filter(|s| matches!(s, Record(..))).count();
    for wanted in 1..=rows {
        for mood in [Mood::Wants(wanted), Mood::WantsSlowly(wanted)] {
            for batch in [1, 2, 512] {
                let drive = Drive {
                    mood,
                    a_pull: usize::MAX,
                    batch,
                    workers: 1,
                    together: false,
                };
                let found = heard(drive, &window_script(), windows);
                let records = found.iter().filter(|s| matches!(s, Record(..))).count();
                assert_eq!(records, wanted, "{drive:?}: {found:?}");
                assert_eq!(found.last(), Some(&End), "{drive:?}");

                let patient = Drive {
                    mood: Mood::FullEveryOther,
                    ..drive
                };
                let taken = heard(patient, &window_script(), |head| {
                    Take::new(name(), windows(head), wanted as u64)
                });
                let records = taken.iter().filter(|s| matches!(s, Record(..))).count();
                assert_eq!(records, wanted, "take, {patient:?}: {taken:?}");
                assert_eq!(taken.last(), Some(&End), "take, {patient:?}");
            }
        }
    }
}

/// Through outboxes, rings and inboxes: the same rows, each once, every
/// instance told of the end once, and no row behind the watermark that says
/// that it will not come.
#[test]
fn stages_behind_rings_lose_nothing_either() {
    let mut expected: Vec<_> = window_rows()
        .into_iter()
        .filter(|line| matches!(line, Record(..)))
        .collect();
    expected.sort();
    for workers in [2, 3] {
        for mut drive in drives() {
            drive.workers = workers;
            let all = heard_by_all(drive, &[window_script()], windows);
            assert_eq!(all.len(), workers, "{drive:?}: ends");
            let mut rows = Vec::new();
            for said in all {
                let mut watermark = i64::MIN;
                for line in said {
                    match line {
                        At(time) => watermark = watermark.max(time),
                        Record(time, row) => {
                            assert!(time > watermark, "{drive:?}: {row:?} behind {watermark}");
                            rows.push(Record(time, row));
                        }
                        _ => {}
                    }
                }
            }
            rows.sort();
            assert_eq!(rows, expected, "{drive:?}");
        }
    }
}

#[test]
fn what_is_late_is_counted_once_however_it_is_driven() {
    for workers in [1, 2, 3] {
        for batch in [1, 2, 512] {
            let config = Config::new()
                .workers(workers)
                .batch(batch)
                .ring_capacity(batch.next_power_of_two());
            let mut plan = Plan::new("late", config.conclude().unwrap());
            let script = Script::of(window_script());
            let head: Head<_, true> =
                Head::new(&mut plan, Name::new("script"), vec![script]).unwrap();
            let collected =
                fluxus_core::sink::collected(&mut plan, &Name::new("rows"), windows(head)).unwrap();
            let report = run_local(plan).unwrap();
            assert_eq!(report.late(), 2, "{workers} workers, batch {batch}");
            assert_eq!(report.total(Measure::Results), 7);
            assert_eq!(collected.take().len(), 7);
        }
    }
}

#[test]
fn inputs_take_turns_though_downstream_is_full_after_every_record() {
    let long: Vec<_> = (0..500).map(|n| Record(0, n)).collect();
    let short: Vec<_> = (0..10).map(|n| Record(0, 1_000 + n)).collect();
    for mood in [Mood::FullEveryOther, Mood::BusyEveryOther] {
        for scripts in [[long.clone(), short.clone()], [short.clone(), long.clone()]] {
            let drive = Drive {
                mood,
                a_pull: usize::MAX,
                batch: 4,
                workers: 1,
                together: false,
            };
            let all = heard_by_all(drive, &scripts, |head| {
                let last = RollingReduce::new(|_: &i64, b| b);
                Stateful::new(name(), head, |n: &i64| *n, last)
            });
            let place_of = |value| {
                let it = |said: &Said<(i64, i64)>| matches!(said, Record(_, (_, v)) if *v == value);
                all[0].iter().position(it).expect("it came")
            };
            // By turns; one behind the other it would be all 500 and more.
            assert!(place_of(1_009) < 100, "{mood:?}: {}", place_of(1_009));
        }
    }
}

/// A source that falls silent after its watermark, and only goes on when what
/// that set free is through: downstream was told that the batch is over.
struct Silent {
    lines: std::vec::IntoIter<Said<i64>>,
    is_through: Arc<AtomicBool>,
    pulls: usize,
}

impl Source for Silent {
    type Item = i64;

    fn pull<C: Collector<i64>>(&mut self, _: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Idle,
            flow: Flow::Open,
        };
        pulled.flow = match self.lines.next() {
            Some(Record(time, value)) => {
                pulled.records = 1;
                out.push(at(time), value)
            }
            Some(At(time)) => out.signal(Signal::Watermark(Watermark {
                time: at(time),
                born: Stamp::NONE,
            })),
            _ => {
                self.pulls += 1;
                if self.is_through.load(Ordering::SeqCst) {
                    pulled.status = SourceStatus::Ended;
                } else if self.pulls > 5_000 {
                    return Err("the rows never went out".into());
                }
                Flow::Open
            }
        };
        Ok(pulled)
    }
}

/// Busy at every other row; is through when a batch ends behind the last one.
struct Ledger {
    rows: usize,
    expected: usize,
    is_busy: bool,
    is_through: Arc<AtomicBool>,
}

impl<T> Collector<T> for Ledger {
    fn open(&mut self) -> Flow {
        Flow::Open
    }
    fn push(&mut self, _: Timestamp, _: T) -> Flow {
        self.rows += 1;
        self.is_busy = !self.is_busy;
        match self.is_busy {
            true => Flow::Busy,
            false => Flow::Open,
        }
    }
    fn signal(&mut self, _: Signal) -> Flow {
        Flow::Open
    }
    fn end_batch(&mut self) -> Flow {
        if self.rows == self.expected {
            self.is_through.store(true, Ordering::SeqCst);
        }
        Flow::Open
    }
    fn resume(&mut self) -> Flow {
        Flow::Open
    }
    fn flush(&mut self) {}
    fn abort(&mut self) {}
}

#[test]
fn rows_that_had_to_wait_are_followed_by_the_end_of_their_batch() {
    // One source: fused. Two: through rings.
    for sources in [1, 2] {
        for keys in [1, 2, 5] {
            for batch in [1, 2, 64] {
                let config = Config::new()
                    .workers(1)
                    .batch(batch)
                    .ring_capacity(batch.next_power_of_two());
                let mut plan = Plan::new("silent", config.conclude().unwrap());
                let is_through = Arc::new(AtomicBool::new(false));
                let mut lines: Vec<_> = (0..keys).map(|n| Record(1, n)).collect();
                lines.push(At(9));
                let silent = |_| Silent {
                    lines: lines.clone().into_iter(),
                    is_through: Arc::clone(&is_through),
                    pulls: 0,
                };
                let sources_made = (0..sources).map(silent).collect();
                let head: Head<_, true> =
                    Head::new(&mut plan, Name::new("silent"), sources_made).unwrap();
                let size = Tumbling::new(Duration::from_nanos(10)).unwrap();
                let windows =
                    WindowAggregate::new(name(), head, |n: &i64| *n, size, Lateness::NONE, Count);
                let heard = Arc::clone(&is_through);
                windows
                    .lower(&mut plan, move |_| Ledger {
                        rows: 0,
                        expected: keys as usize,
                        is_busy: false,
                        is_through: Arc::clone(&heard),
                    })
                    .unwrap();
                let run = run_local(plan);
                assert!(
                    run.is_ok(),
                    "{sources} sources, {keys} keys, {batch}: {run:?}"
                );
            }
        }
    }
}
