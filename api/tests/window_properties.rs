//! Random pipelines of windows against an oracle that shares no code with the
//! engine: every kind of window, trigger, lateness and aggregate, in every
//! shape of a job.
//!
//! One number makes a whole pipeline, and a failure says which. To see it again,
//! or to look at more of them:
//!
//! ```text
//! FLUXUS_SEED=123 cargo test -p fluxus-api --test window_properties
//! FLUXUS_PIPELINES=100000 cargo test -p fluxus-api --test window_properties
//! ```

mod support;
mod window_oracle;

use std::collections::BTreeMap;
use window_oracle::compare::{difference, shrink, Found};
use window_oracle::generate::Run;
use window_oracle::pipeline::{
    Cause, Fold, Item, Pipeline, Record, Row, Trigger, Value, Watermarks, Windows,
};
use window_oracle::semantics::{expected, Expected};
use window_oracle::{apart, engine, generate};

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name}={text}: a number is wanted")))
}

/// The seeds of a run.
fn seeds(default: u64) -> impl Iterator<Item = u64> {
    let first = variable("FLUXUS_SEED");
    let count = match (variable("FLUXUS_PIPELINES"), first) {
        (Some(count), _) => count,
        (None, Some(_)) => 1,
        (None, None) => default,
    };
    let first = first.unwrap_or(0);
    (0..count).map(move |number| first.wrapping_add(number))
}

/// Says what failed, with as few items and in as plain a shape as it still
/// fails.
fn report(
    seed: u64,
    test: &str,
    pipeline: Pipeline,
    given: Run,
    fault: impl Fn(&Pipeline, Run) -> Option<String>,
) -> ! {
    let shape = given.shape;
    let mut plainer = [
        Run::PLAIN,
        Run {
            shape,
            ..Run::PLAIN
        },
    ]
    .into_iter();
    let run = plainer.find(|&plain| fault(&pipeline, plain).is_some());
    let run = run.unwrap_or(given);
    let with = |items: &[Item]| Pipeline {
        items: items.to_vec(),
        ..pipeline.clone()
    };
    let items = shrink(&pipeline.items, |items| fault(&with(items), run).is_some());
    let pipeline = with(&items);
    let fault = fault(&pipeline, run);
    let fault = fault.unwrap_or_else(|| "It does not fail each time.".to_owned());
    panic!(
        "seed {seed} fails. See it again with\n  \
         FLUXUS_SEED={seed} cargo test -p fluxus-api --test window_properties {test}\n\n\
         {pipeline}run on {run}\n\n{fault}"
    );
}

/// What the pipelines of a run had in them: a run that has seen little proves
/// little.
#[derive(Debug, Default)]
struct Seen(BTreeMap<&'static str, u64>);

impl Seen {
    fn note(&mut self, pipeline: &Pipeline, expected: &Expected) {
        let mut count = |what, is: bool| *self.0.entry(what).or_default() += u64::from(is);
        count("pipelines", true);
        for (what, cause) in [
            ("early results", Cause::Early),
            ("results on time", Cause::OnTime),
            ("late results", Cause::Late),
        ] {
            count(what, expected.all_rows().any(|row| row.cause == cause));
        }
        count("late records", !expected.late.is_empty());
        count("ignored records", expected.ignored > 0);
        count("several keys", expected.rows.len() > 1);
        let is_long = expected.rows.values().any(|groups| groups.len() > 5);
        count("keys with many results", is_long);
        let is_wide = expected
            .rows
            .values()
            .flatten()
            .any(|group| group.len() > 1);
        count("several results of one record", is_wide);
        let idles = |item: &Item| matches!(item, Item::Idle { .. });
        count("idle partitions", pipeline.items.iter().any(idles));
        count("no results", expected.rows.is_empty());
        let at_the_ends = |row: &Row| row.start == i64::MIN || row.end == i64::MAX;
        let is_timed = !pipeline.windows.count_records() && pipeline.windows != Windows::Global;
        let any_at_the_ends = expected.all_rows().any(at_the_ends);
        count("windows at the ends of time", is_timed && any_at_the_ends);
    }

    /// Of everything a hundredth of the pipelines, if there were enough of them.
    fn must_be_enough(&self) {
        let pipelines = self.0.get("pipelines").copied().unwrap_or(0);
        for (what, count) in &self.0 {
            assert!(
                pipelines < 1000 || *count >= pipelines / 100,
                "{what}: in {count} of {pipelines} pipelines only"
            );
        }
    }
}

fn fault(pipeline: &Pipeline, run: Run) -> Option<String> {
    match engine::run(pipeline, run) {
        Err(error) => Some(error),
        Ok(found) => difference(&expected(pipeline), &found),
    }
}

#[test]
fn random_pipelines_give_what_the_oracle_says() {
    let mut seen = Seen::default();
    for seed in seeds(8_000) {
        let (pipeline, run) = generate::pipeline(seed);
        let expected = expected(&pipeline);
        seen.note(&pipeline, &expected);
        let found = engine::run(&pipeline, run);
        if !found.is_ok_and(|found| difference(&expected, &found).is_none()) {
            let test = "random_pipelines_give";
            report(seed, test, pipeline, run, fault);
        }
    }
    seen.must_be_enough();
}

#[test]
fn partitions_that_go_their_own_way_lose_nothing() {
    for seed in seeds(4_000) {
        let (pipeline, is_calm, run) = generate::apart(seed);
        let fault = |pipeline: &Pipeline, run| match engine::run_apart(pipeline, run) {
            Err(error) => Some(error),
            Ok(found) if is_calm => apart::calm_difference(pipeline, &found),
            Ok(found) => apart::difference(pipeline, &found),
        };
        if fault(&pipeline, run).is_some() {
            report(seed, "partitions_that_go", pipeline, run, fault);
        }
    }
}

#[test]
fn windows_over_windows_give_what_the_oracle_says() {
    for seed in seeds(3_000) {
        let (first, second, run) = generate::twice(seed);
        let fault = |first: &Pipeline, run| {
            let between = expected(first);
            let second = Pipeline {
                items: generate::results_of(&between),
                ..second.clone()
            };
            let mut wanted = expected(&second);
            wanted.ignored += between.ignored;
            match engine::run_twice(first, &second, run) {
                Err(error) => Some(error),
                Ok(mut found) => {
                    let late = between.late.values().flatten().count() as u64;
                    found.counted.0 -= late;
                    let text = difference(&wanted, &found)?;
                    Some(format!("then {second}\n{text}"))
                }
            }
        };
        if fault(&first, run).is_some() {
            report(seed, "windows_over_windows", first, run, fault);
        }
    }
}

#[test]
fn generators_of_partitions_make_the_watermarks_of_the_oracle() {
    for seed in seeds(1_000) {
        let (mut pipeline, run) = generate::pipeline(seed);
        let bound = (seed % 30) as i64;
        let size = 1 + (seed % 40) as i64;
        let offset = -(size / 2);
        pipeline.windows = Windows::Tumbling { size, offset };
        pipeline.trigger = Trigger::AT_END;
        pipeline.lateness = 0;
        pipeline.fold = Fold::Numbers;
        pipeline.watermarks = Watermarks::Bounded { bound };
        pipeline.items.retain(|item| item.record().is_some());
        let fault = |pipeline: &Pipeline, run| match engine::run_generated(pipeline, bound, run) {
            Err(error) => Some(error),
            Ok(found) => difference(&expected(pipeline), &found),
        };
        if fault(&pipeline, run).is_some() {
            report(seed, "generators_of_partitions", pipeline, run, fault);
        }
    }
}

/// What is wrong with an engine that was given another pipeline than the oracle.
fn tells_apart(pipeline: &Pipeline, other: &Pipeline) -> bool {
    match engine::run(other, Run::PLAIN) {
        Err(_) => true,
        Ok(found) => difference(&expected(pipeline), &found).is_some(),
    }
}

/// One more of something, where the pipeline has it.
type OffByOne = fn(&mut Pipeline) -> Option<()>;

const OFF_BY_ONE: [(&str, OffByOne); 11] = [
    ("size", |pipeline| match &mut pipeline.windows {
        Windows::Tumbling { size, .. } | Windows::Sliding { size, .. } => grow(size),
        _ => None,
    }),
    ("slide", |pipeline| match &mut pipeline.windows {
        Windows::Sliding { slide, .. } => grow(slide),
        _ => None,
    }),
    ("offset", |pipeline| match &mut pipeline.windows {
        Windows::Tumbling { size, offset } if *offset < *size - 1 => grow(offset),
        Windows::Sliding { slide, offset, .. } if *offset < *slide - 1 => grow(offset),
        Windows::Cumulating { size, offset, .. } if *offset < *size - 1 => grow(offset),
        _ => None,
    }),
    ("gap", |pipeline| match &mut pipeline.windows {
        Windows::Session { gap } => grow(gap),
        _ => None,
    }),
    ("records of a window", |pipeline| {
        match &mut pipeline.windows {
            Windows::CountTumbling { n, .. } => grow(n),
            Windows::CountSliding { size, .. } => grow(size),
            _ => None,
        }
    }),
    ("lateness", |pipeline| grow(&mut pipeline.lateness)),
    ("bound", |pipeline| match &mut pipeline.watermarks {
        Watermarks::Bounded { bound } => grow(bound),
        Watermarks::Explicit => None,
    }),
    ("interval", |pipeline| {
        grow(pipeline.trigger.early_every.as_mut()?)
    }),
    ("records of a trigger", |pipeline| {
        grow(pipeline.trigger.count.as_mut()?)
    }),
    ("discarding", |pipeline| {
        let trigger = &mut pipeline.trigger;
        let has_one = *trigger != Trigger::AT_END;
        has_one.then(|| trigger.discards = !trigger.discards)
    }),
    ("one watermark", |pipeline| {
        pipeline.items.iter_mut().find_map(|item| match item {
            Item::Watermark { time, .. } => grow(time),
            _ => None,
        })
    }),
];

/// One more, if there is one.
fn grow<N: Copy + TryFrom<i128> + Into<i128>>(number: &mut N) -> Option<()> {
    let more: i128 = (*number).into() + 1;
    *number = N::try_from(more).ok()?;
    Some(())
}

/// The pipelines are such that nothing can be wrong by one unnoticed.
#[test]
fn an_engine_that_is_off_by_one_is_found_out() {
    for (what, change) in OFF_BY_ONE {
        let (mut changed, mut found_out) = (0, 0);
        for seed in 0..600 {
            let (pipeline, _) = generate::pipeline(seed);
            let mut other = pipeline.clone();
            if change(&mut other).is_some() {
                changed += 1;
                found_out += u32::from(tells_apart(&pipeline, &other));
            }
        }
        assert!(
            found_out >= 3 && found_out * 25 >= changed,
            "{what}: {found_out} of {changed} found out"
        );
    }
}

/// What an engine would give that has no faults.
fn faultless(expected: &Expected) -> Found {
    let late = expected.late.iter();
    let late = late.flat_map(|(key, ids)| ids.iter().map(move |id| (*key, *id)));
    let late: Vec<(u32, u64)> = late.collect();
    Found {
        rows: expected.all_rows().cloned().collect(),
        counted: (late.len() as u64, expected.ignored),
        late,
    }
}

/// Whatever is left out, doubled, changed or moved is seen.
#[test]
fn a_result_that_is_not_as_it_should_be_is_seen() {
    let (mut rows, mut late) = (0, 0);
    for seed in 0..300 {
        let (pipeline, _) = generate::pipeline(seed);
        let expected = expected(&pipeline);
        let right = faultless(&expected);
        let sees = |what: &str, change: &dyn Fn(&mut Found)| {
            let mut wrong = right.clone();
            change(&mut wrong);
            let seen = difference(&expected, &wrong).is_some();
            assert!(seen, "seed {seed}, {what} went unseen\n{pipeline}");
        };
        assert_eq!(difference(&expected, &right), None, "seed {seed}");
        sees("a count", &|found| found.counted.0 += 1);
        sees("a count", &|found| found.counted.1 += 1);
        let surplus = Row {
            key: 7_777,
            start: 0,
            end: 1,
            cause: Cause::OnTime,
            value: Value::Ends { first: 0, last: 0 },
        };
        sees("a new key", &|found| found.rows.push(surplus.clone()));
        if !right.rows.is_empty() {
            rows += 1;
            let at = seed as usize % right.rows.len();
            sees("a lost result", &|found| drop(found.rows.remove(at)));
            sees("a doubled result", &|found| {
                let row = found.rows[at].clone();
                found.rows.insert(at, row);
            });
            sees("another key", &|found| found.rows[at].key += 1_000);
            sees("another start", &|found| found.rows[at].start ^= 1);
            sees("another end", &|found| found.rows[at].end ^= 1);
            sees("another cause", &|found| {
                let cause = &mut found.rows[at].cause;
                *cause = match cause {
                    Cause::OnTime => Cause::Late,
                    Cause::Early | Cause::Late => Cause::OnTime,
                };
            });
            sees("another value", &|found| {
                match &mut found.rows[at].value {
                    Value::Numbers { sum, .. } => *sum += 1,
                    Value::Extremes { max, .. } => *max += 1,
                    Value::Ends { last, .. } => *last += 1,
                    Value::Lists { all, .. } => all.push(0),
                };
            });
        }
        for groups in expected.rows.values().filter(|groups| groups.len() > 1) {
            let first = right.rows.iter().position(|row| *row == groups[0][0]);
            let last = &groups[groups.len() - 1];
            let last = right.rows.iter().rposition(|row| *row == last[0]);
            if let (Some(first), Some(last)) = (first, last) {
                if right.rows[first] != right.rows[last] {
                    sees("another order", &|found| found.rows.swap(first, last));
                }
            }
        }
        if !right.late.is_empty() {
            late += 1;
            let last = right.late.len() - 1;
            sees("a lost late record", &|found| found.late.truncate(last));
            sees("a doubled late record", &|found| {
                found.late.push(found.late[last])
            });
        }
    }
    assert!(
        rows > 200 && late > 50,
        "{rows} with results, {late} with late records"
    );
}

/// A pipeline of one key and one partition, by hand.
fn by_hand(windows: Windows, items: &[Said]) -> Pipeline {
    let mut id = 0;
    let item = |said: &Said| match *said {
        At(time) => {
            id += 1;
            Item::Record(Record {
                id,
                partition: 0,
                key: 0,
                value: time,
                time,
            })
        }
        Mark(time) => Item::Watermark { partition: 0, time },
    };
    Pipeline {
        windows,
        trigger: Trigger::AT_END,
        lateness: 0,
        fold: Fold::Lists,
        keyed: true,
        partitions: 1,
        watermarks: Watermarks::Explicit,
        items: items.iter().map(item).collect(),
    }
}

#[derive(Clone, Copy)]
enum Said {
    At(i64),
    Mark(i64),
}
use Said::{At, Mark};

/// Results as `start end cause records`, late records last.
fn told(pipeline: &Pipeline) -> Vec<String> {
    let expected = expected(pipeline);
    let row = |row: &Row| {
        let records = match &row.value {
            Value::Lists { all, .. } => all.clone(),
            _ => Vec::new(),
        };
        format!("{} {} {:?} {records:?}", row.start, row.end, row.cause)
    };
    let mut told: Vec<String> = expected.all_rows().map(row).collect();
    let late: Vec<u64> = expected.late.values().flatten().copied().collect();
    if !late.is_empty() {
        told.push(format!("late {late:?}"));
    }
    if expected.ignored > 0 {
        told.push(format!("ignored {}", expected.ignored));
    }
    told
}

#[test]
fn the_oracle_knows_what_was_worked_out_by_hand() {
    let tumbling = Windows::Tumbling {
        size: 10,
        offset: 0,
    };
    let session = Windows::Session { gap: 5 };
    let sliding = |size, slide| Windows::Sliding {
        size,
        slide,
        offset: 0,
    };
    let cases: [(&str, Pipeline, &[&str]); 17] = [
        (
            "a window closes at its last instant, and not before",
            by_hand(tumbling, &[At(1), Mark(8), At(9), Mark(9), At(2), At(10)]),
            &["0 10 OnTime [1, 2]", "10 20 OnTime [4]", "late [3]"],
        ),
        (
            "times before the epoch are rounded down",
            by_hand(tumbling, &[At(-1), At(-10), At(-11)]),
            &["-20 -10 OnTime [3]", "-10 0 OnTime [1, 2]"],
        ),
        (
            "an offset moves all windows",
            by_hand(
                Windows::Tumbling {
                    size: 10,
                    offset: -3,
                },
                &[At(6), At(7)],
            ),
            &["-3 7 OnTime [1]", "7 17 OnTime [2]"],
        ),
        (
            "sliding windows around the epoch",
            by_hand(sliding(6, 4), &[At(-1), At(1)]),
            &["-4 2 OnTime [1, 2]", "0 6 OnTime [2]"],
        ),
        (
            "late for one window, in time for the next",
            by_hand(sliding(4, 2), &[Mark(3), At(3), At(1)]),
            &["2 6 OnTime [1]", "late [2]"],
        ),
        (
            "a slide longer than the size has gaps",
            by_hand(sliding(3, 10), &[At(2), At(3), Mark(9), At(9)]),
            &["0 3 OnTime [1]", "late [3]", "ignored 1"],
        ),
        (
            "cumulating windows begin together",
            by_hand(
                Windows::Cumulating {
                    step: 2,
                    size: 4,
                    offset: 0,
                },
                &[At(1), At(2), At(4)],
            ),
            &[
                "0 2 OnTime [1]",
                "0 4 OnTime [1, 2]",
                "4 6 OnTime [3]",
                "4 8 OnTime [3]",
            ],
        ),
        (
            "a record between two sessions joins them",
            by_hand(session, &[At(0), At(8), At(4), At(20)]),
            &["0 13 OnTime [1, 2, 3]", "20 25 OnTime [4]"],
        ),
        (
            "sessions that touch are one, those that do not are two",
            by_hand(session, &[At(0), At(5), At(11)]),
            &["0 10 OnTime [1, 2]", "11 16 OnTime [3]"],
        ),
        (
            "a session that is closed is not joined",
            by_hand(session, &[At(0), Mark(4), At(5), At(3)]),
            &["0 5 OnTime [1]", "3 10 OnTime [2, 3]"],
        ),
        (
            "within the lateness each record makes a window fire again",
            Pipeline {
                lateness: 5,
                ..by_hand(tumbling, &[At(1), Mark(9), At(2), At(3), Mark(14), At(4)])
            },
            &[
                "0 10 OnTime [1]",
                "0 10 Late [1, 2]",
                "0 10 Late [1, 2, 3]",
                "late [4]",
            ],
        ),
        (
            "a window that begins late has no result on time",
            Pipeline {
                lateness: 5,
                ..by_hand(tumbling, &[Mark(12), At(2)])
            },
            &["0 10 Late [1]"],
        ),
        (
            "a session that fired, and grows, fires on time once more",
            Pipeline {
                lateness: 10,
                ..by_hand(session, &[At(0), Mark(4), At(3), Mark(20)])
            },
            &["0 5 OnTime [1]", "0 8 OnTime [1, 2]"],
        ),
        (
            "what was given out is discarded",
            Pipeline {
                lateness: 5,
                trigger: Trigger {
                    discards: true,
                    ..Trigger::AT_END
                },
                ..by_hand(tumbling, &[At(1), Mark(9), At(2)])
            },
            &["0 10 OnTime [1]", "0 10 Late [2]"],
        ),
        (
            "a count trigger knows no end",
            Pipeline {
                trigger: Trigger {
                    at_end: false,
                    count: Some(2),
                    ..Trigger::AT_END
                },
                ..by_hand(tumbling, &[At(1), At(2), At(3)])
            },
            &["0 10 Early [1, 2]"],
        ),
        (
            "early results come at each multiple of the interval",
            Pipeline {
                trigger: Trigger {
                    early_every: Some(4),
                    ..Trigger::AT_END
                },
                ..by_hand(tumbling, &[At(1), Mark(4), At(5), Mark(12)])
            },
            &["0 10 Early [1]", "0 10 Early [1, 2]", "0 10 OnTime [1, 2]"],
        ),
        (
            "the last three of every two, and the rest",
            by_hand(
                Windows::CountSliding {
                    size: 3,
                    slide: 2,
                    with_rest: true,
                },
                &[At(9), At(8), At(7), At(6), At(5)],
            ),
            &[
                "-9223372036854775808 9223372036854775807 OnTime [1, 2]",
                "-9223372036854775808 9223372036854775807 OnTime [2, 3, 4]",
                "-9223372036854775808 9223372036854775807 Early [3, 4, 5]",
            ],
        ),
    ];
    for (what, pipeline, expected) in cases {
        assert_eq!(told(&pipeline), expected, "{what}");
    }
}
