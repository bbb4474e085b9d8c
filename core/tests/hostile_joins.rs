//! Joins of two sources, at one and at several workers, polled in any order and into
//! a downstream that is full or busy at every other call: the same rows, no record
//! behind a watermark, one end. And the pairs of windows, line for line.

mod harness;

use fluxus_core::operator::{
    AsOfJoin, CoGroup, Either, IntervalJoin, JoinedPair, Sides, TableJoin, TableSpread, WindowPair,
    WindowPairs, WindowResult,
};
use fluxus_core::source::Head;
use fluxus_core::testing::{assert_in_any_order, hasty_drives, hear, holds, run_seeded, Random};
use fluxus_core::windows::{
    Firing, FullOuter, Inner, IntervalBounds, JoinKind, Lateness, LeftOuter, RightOuter, Session,
    Sliding, TableChange, Timestamp, Tumbling, Window, WindowKind,
};
use fluxus_core::{run_local, Chain, Measure, Name, Plan, Rejects, Report, WhenFull};
use harness::*;
use std::fmt::Debug;

/// A record: its key, its time, and which it is.
type Record = (u8, i64, usize);

fn key_of(record: &Record) -> u8 {
    record.0
}

/// One side: records up to 9 out of order, and watermarks that make none late.
fn side(seed: u64, records: usize) -> Vec<Said<Record>> {
    let mut random = Random::new(seed);
    let mut script = Vec::new();
    for number in 0..records {
        let now = number as i64;
        let time = now - random.below(10) as i64;
        script.push(Record(time, (random.below(4) as u8, time, number)));
        match random.below(6) {
            0 => script.push(At(now - 10)),
            1 => script.push(Quiet),
            _ => {}
        }
    }
    script
}

fn records(script: &[Said<Record>]) -> Vec<Record> {
    let record = |said: &Said<Record>| match said {
        Record(_, record) => Some(*record),
        _ => None,
    };
    script.iter().filter_map(record).collect()
}

type Source = Head<Script<Record>, true>;

/// What comes out of a join of two scripts.
fn joined<C>(
    drive: Drive,
    seed: Option<u64>,
    scripts: [&[Said<Record>]; 2],
    build: impl FnOnce(Source, Source) -> C,
) -> (Vec<(Timestamp, C::Item)>, Report)
where
    C: Chain,
    C::Item: Debug + Clone + PartialEq,
{
    let mut plan = Plan::new("joined", drive.config().conclude().unwrap());
    let [left, right] = scripts.map(|script| {
        let sources = vec![drive.script(script)];
        Head::new(&mut plan, Name::new("script"), sources).unwrap()
    });
    let heard = hear(
        &mut plan,
        &Name::new("heard"),
        build(left, right),
        drive.mood,
    )
    .unwrap();
    let report = match seed {
        Some(seed) => run_seeded(plan, seed),
        None => run_local(plan),
    };
    let report = report.unwrap_or_else(|error| panic!("{drive:?}, seed {seed:?}: {error}"));
    heard.assert_grammar();
    (heard.timed(), report)
}

/// Holds a join to its rows, at any number of workers, however it is driven.
fn must_be<C>(
    what: &str,
    expected: &[(i64, C::Item)],
    scripts: [&[Said<Record>]; 2],
    build: impl Fn(Source, Source) -> C,
) where
    C: Chain,
    C::Item: Debug + Clone + PartialEq,
{
    assert!(expected.len() > 10, "{what}: {} rows", expected.len());
    let expected: Vec<_> = expected
        .iter()
        .map(|(time, row)| (at(*time), row.clone()))
        .collect();
    for drive in drives() {
        let (found, _) = joined(drive, None, scripts, &build);
        assert_in_any_order(&found, &expected);
    }
    for workers in [1, 2, 3] {
        for seed in 0..8 {
            let drive = Drive {
                workers,
                batch: 1 << (seed % 4),
                mood: PATIENT[seed as usize % PATIENT.len()],
                a_pull: 3,
                together: false,
            };
            let (found, _) = joined(drive, Some(seed), scripts, &build);
            assert_in_any_order(&found, &expected);
        }
    }
    for wanted in [1, expected.len() / 2] {
        for drive in hasty_drives(wanted) {
            let (found, _) = joined(drive, None, scripts, &build);
            assert_eq!(found.len(), wanted, "{what}, {drive:?}");
        }
    }
}

/// Every pair of records of one key for which `is_pair` holds, at the time that it
/// gives, and the records alone that the kind keeps, at theirs.
#[allow(clippy::type_complexity)]
fn pairs<J: JoinKind>(
    [left, right]: [&[Said<Record>]; 2],
    time_of_pair: impl Fn(&Record, &Record) -> Option<i64>,
    time_alone: impl Fn(Either<&Record, &Record>) -> i64,
) -> Vec<(i64, JoinedPair<u8, J::Left<Record>, J::Right<Record>>)> {
    let (left, right) = (records(left), records(right));
    let mut rows = Vec::new();
    let mut row = |time, key, one, other| {
        if let Some((left, right)) = J::left(one).zip(J::right(other)) {
            rows.push((time, JoinedPair { key, left, right }));
        }
    };
    let time_of = |left: &Record, right: &Record| {
        (left.0 == right.0)
            .then(|| time_of_pair(left, right))
            .flatten()
    };
    for one in &left {
        let mut is_alone = true;
        for other in &right {
            if let Some(time) = time_of(one, other) {
                is_alone = false;
                row(time, one.0, Some(*one), Some(*other));
            }
        }
        if is_alone {
            row(time_alone(Either::Left(one)), one.0, Some(*one), None);
        }
    }
    for other in &right {
        if !left.iter().any(|one| time_of(one, other).is_some()) {
            row(
                time_alone(Either::Right(other)),
                other.0,
                None,
                Some(*other),
            );
        }
    }
    rows
}

#[test]
fn an_interval_join_of_every_kind() {
    fn of<J: JoinKind>(kind: J)
    where
        J::Left<Record>: Debug + Clone + PartialEq,
        J::Right<Record>: Debug + Clone + PartialEq,
    {
        let (left, right) = (side(1, 70), side(2, 90));
        for (lower, upper) in [(-3, 2), (1, 6)] {
            let bounds = IntervalBounds::from_nanos(lower, upper).unwrap();
            let scripts = [&left[..], &right[..]];
            let is_pair = |left: &Record, right: &Record| {
                let is_pair = (lower..=upper).contains(&(right.1 - left.1));
                is_pair.then(|| left.1.max(right.1))
            };
            let alone = |one: Either<&Record, &Record>| match one {
                Either::Left(one) => one.1.max(one.1 + upper),
                Either::Right(one) => one.1.max(one.1 - lower),
            };
            let expected = pairs::<J>(scripts, is_pair, alone);
            must_be("interval join", &expected, scripts, |left, right| {
                let (left, right) = ((left, key_of), (right, key_of));
                IntervalJoin::new(name(), left, right, bounds, kind, 1 << 20)
            });
        }
    }
    of(Inner);
    of(LeftOuter);
    of(RightOuter);
    of(FullOuter);
}

#[test]
fn an_as_of_join_with_and_without_tolerance() {
    let (left, right) = (side(3, 90), side(4, 60));
    for tolerance in [None, Some(4)] {
        let scripts = [&left[..], &right[..]];
        let versions = records(&right);
        let expected: Vec<_> = records(&left)
            .into_iter()
            .map(|one| {
                let before = versions.iter().filter(|v| v.0 == one.0 && v.1 <= one.1);
                let last = before.max_by_key(|v| v.1).copied();
                let right =
                    last.filter(|v| tolerance.map_or(true, |most: u64| one.1 - v.1 <= most as i64));
                let (key, left) = (one.0, one);
                (one.1, JoinedPair { key, left, right })
            })
            .collect();
        let tolerance = tolerance.map(std::time::Duration::from_nanos);
        must_be("as-of join", &expected, scripts, |left, right| {
            let (left, right) = ((left, key_of), (right, key_of));
            AsOfJoin::new(name(), left, right, tolerance, LeftOuter, 1 << 20)
        });
    }
}

fn window_rows<J: JoinKind, W>(kind: J, windows: W, time_of_window: impl Fn(i64) -> Vec<Window>)
where
    W: WindowKind<Either<Record, Record>> + Copy,
    J::Left<Record>: Debug + Clone + PartialEq,
    J::Right<Record>: Debug + Clone + PartialEq,
{
    let (left, right) = (side(5, 50), side(6, 70));
    let scripts = [&left[..], &right[..]];
    let (lefts, rights) = (records(&left), records(&right));
    let mut all: Vec<Window> = lefts
        .iter()
        .chain(&rights)
        .flat_map(|record| time_of_window(record.1))
        .collect();
    all.sort_unstable();
    all.dedup();
    let mut expected = Vec::new();
    for window in all {
        for key in 0..4 {
            let of = |side: &[Record]| -> Vec<Record> {
                let is_in = |r: &&Record| r.0 == key && time_of_window(r.1).contains(&window);
                side.iter().filter(is_in).copied().collect()
            };
            let (lefts, rights) = (of(&lefts), of(&rights));
            let some = |side: Vec<Record>| -> Vec<Option<Record>> {
                match side.is_empty() {
                    true => vec![None],
                    false => side.into_iter().map(Some).collect(),
                }
            };
            if lefts.is_empty() && rights.is_empty() {
                continue;
            }
            let (lefts, rights) = (some(lefts), some(rights));
            for &one in &lefts {
                for &other in &rights {
                    if let Some((left, right)) = J::left(one).zip(J::right(other)) {
                        let firing = Firing::OnTime;
                        expected.push((
                            window.last_instant().nanos(),
                            WindowPair {
                                key,
                                window,
                                left,
                                right,
                                firing,
                            },
                        ));
                    }
                }
            }
        }
    }
    must_be("window join", &expected, scripts, |left, right| {
        let (left, right) = ((left, key_of), (right, key_of));
        let grouped = CoGroup::new(name(), left, right, windows, Lateness::NONE);
        WindowPairs::new(Name::new("pairs"), grouped, kind)
    });
}

#[test]
fn a_join_of_windows_of_every_kind() {
    let tumbling = Tumbling::from_nanos(7).unwrap();
    window_rows(Inner, tumbling, |time| vec![tumbling.window_of(at(time))]);
    window_rows(FullOuter, tumbling, |time| {
        vec![tumbling.window_of(at(time))]
    });
    let sliding = Sliding::from_nanos(9, 3).unwrap();
    window_rows(LeftOuter, sliding, |time| {
        sliding.windows_of(at(time)).collect()
    });
}

/// A session is of both sides: without either there would be others.
#[test]
fn a_session_is_shared_by_both_sides() {
    let left: Vec<_> = [0, 4, 20].map(|t| Record(t, (0, t, t as usize))).to_vec();
    let right: Vec<_> = [2, 6, 30].map(|t| Record(t, (0, t, t as usize))).to_vec();
    for drive in drives() {
        let (found, report) = joined(drive, None, [&left, &right], |left, right| {
            let gap = Session::from_nanos(3).unwrap();
            let (left, right) = ((left, key_of), (right, key_of));
            let grouped = CoGroup::new(name(), left, right, gap, Lateness::NONE);
            WindowPairs::new(Name::new("pairs"), grouped, Inner)
        });
        let found: Vec<_> = found
            .into_iter()
            .map(|(time, pair)| {
                (
                    time.nanos(),
                    pair.window.start().nanos(),
                    pair.left.1,
                    pair.right.1,
                )
            })
            .collect();
        assert_in_any_order(
            &found,
            &[(8, 0, 0, 2), (8, 0, 0, 6), (8, 0, 4, 2), (8, 0, 4, 6)],
        );
        assert_eq!(report.total(Measure::Unmatched), 2, "20 and 30 are alone");
    }
}

/// Pairs of large groups are handed on a batch at a time, and go on where they were.
#[test]
fn the_pairs_of_a_window_come_in_order_however_often_they_have_to_wait() {
    let window = Window::new(at(0), at(10));
    let group = |key: u8, left: std::ops::Range<u8>, right: std::ops::Range<u8>| WindowResult {
        key,
        window,
        value: Sides {
            left: left.collect(),
            right: right.collect(),
        },
        firing: Firing::OnTime,
    };
    let groups = [
        group(1, 0..5, 0..7),
        group(2, 0..3, 0..0),
        group(3, 0..0, 0..2),
        group(4, 0..1, 0..1),
    ];
    let mut script: Vec<Said<_>> = groups
        .iter()
        .map(|group| Record(9, group.clone()))
        .collect();
    script.insert(2, Barrier(1));
    script.push(At(9));

    fn holds_of<J: JoinKind>(
        kind: J,
        script: &[Said<WindowResult<u8, Sides<u8, u8>>>],
        rows: impl Fn(&Sides<u8, u8>) -> Vec<(J::Left<u8>, J::Right<u8>)>,
    ) where
        J::Left<u8>: Debug + PartialEq + Clone,
        J::Right<u8>: Debug + PartialEq + Clone,
    {
        let mut expected = Vec::new();
        for line in script {
            match line {
                Record(time, group) => {
                    expected.extend(rows(&group.value).into_iter().map(|(left, right)| {
                        let WindowResult {
                            key,
                            window,
                            firing,
                            ..
                        } = *group;
                        let pair = WindowPair {
                            key,
                            window,
                            left,
                            right,
                            firing,
                        };
                        Record(*time, pair)
                    }));
                }
                Barrier(id) => expected.push(Barrier(*id)),
                At(time) => expected.push(At(*time)),
                _ => {}
            }
        }
        expected.push(End);
        holds("pairs", &expected, script, |head| {
            WindowPairs::new(name(), head, kind)
        });
    }
    let both = |sides: &Sides<u8, u8>| -> Vec<(u8, u8)> {
        let of = |&left| sides.right.iter().map(move |&right| (left, right));
        sides.left.iter().flat_map(of).collect()
    };
    holds_of(Inner, &script, both);
    holds_of(FullOuter, &script, |sides| {
        let mut rows: Vec<_> = both(sides)
            .into_iter()
            .map(|(l, r)| (Some(l), Some(r)))
            .collect();
        if sides.right.is_empty() {
            rows.extend(sides.left.iter().map(|&left| (Some(left), None)));
        }
        if sides.left.is_empty() {
            rows.extend(sides.right.iter().map(|&right| (None, Some(right))));
        }
        rows
    });
}

/// A table that is there before the records are: each instance then has what it
/// needs, of the whole table or of its part.
#[test]
fn a_table_that_was_there_first_is_found_by_all() {
    fn change(record: Record) -> TableChange<usize> {
        match record.2 {
            9 => TableChange::Delete,
            number => TableChange::Upsert(number),
        }
    }
    // 3 comes and goes again.
    let table = [(0, 1), (1, 2), (3, 3), (1, 4), (3, 9)];
    let table: Vec<_> = table.map(|(key, n)| Record(0, (key, 0, n))).to_vec();
    // The records wait until the table is there, as a script of signals says: it is
    // silent so often that all else has been polled.
    let mut left = vec![Quiet; 400];
    left.extend(side(8, 60));
    for spread in [TableSpread::ByKey, TableSpread::ToAll] {
        for workers in [1, 3] {
            for batch in [1, 64] {
                let drive = Drive {
                    workers,
                    batch,
                    ..Drive::PLAIN
                };
                let (found, report) = joined(drive, None, [&left, &table], |left, right| {
                    let (left, right) = ((left, key_of), (right, key_of));
                    TableJoin::new(name(), left, right, change, spread, LeftOuter)
                });
                let expected: Vec<_> = records(&left)
                    .into_iter()
                    .map(|left| {
                        let key = left.0;
                        let right = [Some(1), Some(4), None, None][usize::from(key)];
                        (at(left.1), JoinedPair { key, left, right })
                    })
                    .collect();
                assert_in_any_order(&found, &expected);
                let alone = expected.iter().filter(|row| row.1.right.is_none()).count();
                assert_eq!(report.total(Measure::Unmatched), alone as u64);
            }
        }
    }
}

/// What is late goes to the side, as it is, and so does what finds no room.
#[test]
fn what_is_not_taken_comes_out_at_the_side() {
    for workers in [1, 2] {
        let config = fluxus_core::Config::new()
            .workers(workers)
            .batch(1)
            .ring_capacity(1)
            .expected_keys(1)
            .key_limit(1)
            .when_full(WhenFull::Reject);
        let mut plan = Plan::new("side", config.conclude().unwrap());
        let mut head = |lines: Vec<Said<Record>>| -> Source {
            let script = Drive::PLAIN.script(&lines);
            Head::new(&mut plan, Name::new("script"), vec![script]).unwrap()
        };
        // Both sides are at 20 before the last record comes.
        let mut left = vec![Record(21, (1, 21, 0)), At(20)];
        left.extend(vec![Quiet; 400]);
        left.push(Record(5, (1, 5, 1)));
        let right = vec![Record(21, (1, 21, 2)), At(20)];
        let (left, right) = (head(left), head(right));
        let bounds = IntervalBounds::from_nanos(-1, 1).unwrap();
        let (left, right) = ((left, key_of), (right, key_of));
        let mut join = IntervalJoin::new(name(), left, right, bounds, Inner, 1 << 20);
        let rejected = join.rejected(&mut plan, Name::new("rejected")).unwrap();
        let mood = Mood::FullEveryOther;
        let pairs = hear(&mut plan, &Name::new("pairs"), join, mood).unwrap();
        let rejected = hear(&mut plan, &Name::new("aside"), rejected, mood).unwrap();
        let report = run_local(plan).unwrap();
        assert_eq!(pairs.records().len(), 1);
        let late = rejected.timed();
        assert_eq!(late.len(), 1, "{late:?}");
        assert_eq!(
            (late[0].0, late[0].1.value),
            (at(5), Either::Left((1, 5, 1)))
        );
        assert_eq!(report.total(Measure::Late), 1);
    }
}

#[test]
fn a_join_that_is_full_fails_with_its_name_and_the_way_out() {
    let many: Vec<_> = (0..20).map(|n| Record(n, (n as u8, n, 0))).collect();
    for (key_limit, records, words) in [(3, 1 << 20, "key_limit"), (100, 7, "record_limit")] {
        let config = fluxus_core::Config::new()
            .workers(1)
            .expected_keys(1)
            .key_limit(key_limit);
        let mut plan = Plan::new("full", config.conclude().unwrap());
        let mut head = |lines: &[Said<Record>]| -> Source {
            let script = Drive::PLAIN.script(lines);
            Head::new(&mut plan, Name::new("script"), vec![script]).unwrap()
        };
        let (left, right) = (head(&many), head(&many[..1]));
        let bounds = IntervalBounds::from_nanos(-100, 100).unwrap();
        let (left, right) = ((left, key_of), (right, key_of));
        let join = IntervalJoin::new(Name::new("the join"), left, right, bounds, Inner, records);
        hear(&mut plan, &Name::new("pairs"), join, Mood::AlwaysOpen).unwrap();
        let error = run_local(plan).unwrap_err();
        assert_eq!(error.culprit(), Some("the join"));
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("raise"), "{text}");
    }
}
