//! Random pipelines in random shapes against a plain oracle. What is late may
//! differ from shape to shape, for watermarks come once a batch; but nothing is
//! ever lost or counted twice, and where nothing is late all shapes agree.

mod support;

use fluxus::prelude::*;
use fluxus::{Measure, Rejection, WhenFull};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use support::{oracle, Event, Rows, Shape};

fn shape() -> impl Strategy<Value = Shape> {
    let batch = prop::sample::select(vec![1, 2, 3, 7, 64, 512]);
    (1..=8usize, batch, 0..4u32, 0..16u8).prop_map(|(workers, batch, larger, dice)| Shape {
        workers,
        batch,
        ring: batch.next_power_of_two() << larger,
        // A few on real threads: most of what there is to find is in the order
        // of polls, and one thread is much faster.
        threads: dice == 0,
    })
}

/// Partitions of events, at most `disorder` behind the latest of their own.
fn parts(disorder: i64) -> impl Strategy<Value = Vec<Vec<Event>>> {
    let event = (0..6i64, 0..=disorder, 0..9u32, -50..50i64);
    let part = prop::collection::vec(event, 0..120);
    (prop::collection::vec(part, 1..5), -300..300i64).prop_map(|(parts, start)| {
        let mut id = 0;
        let mut placed = |part: Vec<(i64, i64, u32, i64)>| {
            let mut latest = start;
            let mut place = |(gap, back, key, value)| {
                latest += gap;
                id += 1;
                Event {
                    time: latest - back,
                    key,
                    value,
                    id,
                }
            };
            part.into_iter().map(&mut place).collect()
        };
        parts.into_iter().map(&mut placed).collect()
    })
}

/// A window's size, and an offset that fits it.
fn window() -> impl Strategy<Value = (i64, i64)> {
    (1..80i64).prop_flat_map(|size| (Just(size), 1 - size..size))
}

/// What came of a run: rows, the numbers of the late and of the refused.
struct Outcome {
    rows: Rows,
    late: Vec<u64>,
    refused: Vec<u64>,
    counted: (u64, u64),
}

fn run(
    shape: Shape,
    config: Config,
    parts: &[Vec<Event>],
    bound: i64,
    (size, offset): (i64, i64),
) -> Outcome {
    let job = Job::new("property", config).unwrap();
    let size = Tumbling::new(Duration::from_nanos(size as u64)).unwrap();
    let bound = BoundedDisorder::new(Duration::from_nanos(bound as u64)).unwrap();
    let (rows, rejected) = job
        .from_partitions(parts.to_vec())
        .timestamps(|event| Timestamp::from_nanos(event.time), bound)
        .key_by(|event| event.key)
        .window(size.with_offset_ns(offset).unwrap())
        .aggregate_with_rejected((Count, Sum::of(|event: &Event| event.value)));
    let (rows, rejected) = (rows.collect(), rejected.collect());
    let report = shape.run(job).unwrap();
    let mut found = Rows::new();
    for row in rows.take() {
        let before = found.insert((row.start().nanos(), row.key), row.value);
        assert_eq!(before, None, "one result a window and key");
    }
    let rejected = rejected.take();
    let ids = |reason| {
        let of_it = rejected.iter().filter(|r| r.reason == reason);
        of_it.map(|r| r.value.id).collect()
    };
    Outcome {
        rows: found,
        late: ids(Rejection::Late),
        refused: ids(Rejection::StateFull),
        counted: (report.late(), report.total(Measure::Refused)),
    }
}

/// The events that were not rejected; each may be so once.
fn kept(parts: &[Vec<Event>], outcome: &Outcome) -> Vec<Event> {
    let mut kept: BTreeMap<u64, Event> = parts.iter().flatten().map(|e| (e.id, *e)).collect();
    for id in outcome.late.iter().chain(&outcome.refused) {
        assert!(kept.remove(id).is_some(), "{id} was rejected twice");
    }
    kept.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn where_nothing_is_late_all_shapes_agree_with_the_oracle(
        shape in shape(),
        parts in parts(30),
        window in window(),
        expected_keys in prop::sample::select(vec![0, 1, 1024]),
    ) {
        let config = shape.config().expected_keys(expected_keys);
        let outcome = run(shape, config, &parts, 30, window);
        prop_assert_eq!(outcome.rows, oracle(parts.iter().flatten(), window.0, window.1));
        prop_assert_eq!(outcome.late, Vec::<u64>::new());
        prop_assert_eq!(outcome.counted, (0, 0));
    }

    #[test]
    fn what_is_late_is_told_once_and_the_rest_is_in_the_rows(
        shape in shape(),
        parts in parts(60),
        window in window(),
        bound in 0..40i64,
    ) {
        let outcome = run(shape, shape.config(), &parts, bound, window);
        let kept = kept(&parts, &outcome);
        prop_assert_eq!(&outcome.rows, &oracle(&kept, window.0, window.1));
        prop_assert_eq!(outcome.counted, (outcome.late.len() as u64, 0));
        // An event within the bound of its own partition is never late.
        for part in &parts {
            let mut latest = i64::MIN;
            for event in part {
                latest = latest.max(event.time);
                let on_time = latest - event.time <= bound;
                prop_assert!(!(on_time && outcome.late.contains(&event.id)), "{event:?}");
            }
        }
    }

    #[test]
    fn what_is_refused_is_told_once_and_the_rest_is_in_the_rows(
        shape in shape(),
        parts in parts(60),
        window in window(),
        bound in 0..70i64,
        key_limit in 1..12usize,
    ) {
        let config = shape.config().expected_keys(0).key_limit(key_limit);
        let config = config.when_full(WhenFull::Reject);
        let outcome = run(shape, config, &parts, bound, window);
        let kept = kept(&parts, &outcome);
        prop_assert_eq!(&outcome.rows, &oracle(&kept, window.0, window.1));
        let told = (outcome.late.len() as u64, outcome.refused.len() as u64);
        prop_assert_eq!(outcome.counted, told);
        // There are nine keys at the most.
        prop_assert!(key_limit < 9 || outcome.refused.is_empty());
    }

    #[test]
    fn chains_are_as_the_iterators_of_the_same_names(
        shape in shape(),
        records in prop::collection::vec(-100..100i64, 0..300),
        (add, divisor, most, skip, take) in (0..9i64, 1..5i64, 1..6i64, 0..50u64, 0..400u64),
    ) {
        let job = shape.job();
        let found = job
            .from_iter(records.clone())
            .map(move |n| n + add)
            .filter(move |n| n % divisor != 0)
            .filter_map(|n| (n != 7).then_some(n * 2))
            .flat_map(move |n| (0..n.rem_euclid(most)).map(move |m| n + m))
            .skip(skip)
            .take(take)
            .collect();
        shape.run(job).unwrap();
        let expected: Vec<i64> = records
            .into_iter()
            .map(|n| n + add)
            .filter(|n| n % divisor != 0)
            .filter_map(|n| (n != 7).then_some(n * 2))
            .flat_map(|n| (0..n.rem_euclid(most)).map(move |m| n + m))
            .skip(skip as usize)
            .take(take as usize)
            .collect();
        prop_assert_eq!(found.take(), expected);
    }

    #[test]
    fn rolling_folds_are_as_a_map_of_sums(
        shape in shape(),
        parts in parts(0),
    ) {
        // Keys of one partition only, so that their order is known.
        let job = shape.job();
        let numbered = parts.clone().into_iter().enumerate();
        let found = job
            .from_partitions(numbered.map(|(n, part)| part.into_iter().map(move |e| (n, e))))
            .key_by(|(part, event)| (*part, event.key))
            .fold((0, 0), |held: &mut (u64, i64), (_, event)| {
                *held = (event.id, held.1 + event.value);
            })
            .collect();
        shape.run(job).unwrap();
        let mut by_key: BTreeMap<(usize, u32), Vec<(u64, i64)>> = BTreeMap::new();
        for (key, held) in found.take() {
            by_key.entry(key).or_default().push(held);
        }
        let mut expected: BTreeMap<(usize, u32), Vec<(u64, i64)>> = BTreeMap::new();
        for (part, events) in parts.iter().enumerate() {
            for event in events {
                let held = expected.entry((part, event.key)).or_default();
                let sum = held.last().map_or(0, |last| last.1) + event.value;
                held.push((event.id, sum));
            }
        }
        prop_assert_eq!(by_key, expected);
    }
}
