//! The as-of join against a search through all versions, whatever the order, the
//! tolerance and the watermarks, and however often its caller has to stop.

use fluxus_windows::{AsOfPairs, Declined, JoinLimit, StateLimit, Timestamp};
use proptest::prelude::*;
use std::time::Duration;

/// What happens, in order.
#[derive(Clone, Debug)]
enum Step {
    Left { key: u8, time: i64 },
    Right { key: u8, time: i64 },
    Watermark(i64),
}

/// When, of which key, and the numbers of the record and of its version.
type Row = (i64, u8, usize, Option<usize>);

/// Rows behind each watermark, and the numbers of what is late.
type Said = (Vec<Vec<Row>>, Vec<usize>);

/// Every left record, when the watermark has reached it, with the last of the
/// versions at the latest time that is not after its own.
fn obvious(steps: &[Step], tolerance: Option<i64>) -> Said {
    let (mut rows, mut late) = (Vec::new(), Vec::new());
    let mut watermark = i64::MIN;
    let mut left: Vec<(usize, u8, i64)> = Vec::new();
    let mut right = left.clone();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Left { time, .. } | Step::Right { time, .. } if time <= watermark => {
                late.push(number);
            }
            Step::Left { key, time } => left.push((number, key, time)),
            Step::Right { key, time } => right.push((number, key, time)),
            Step::Watermark(time) => {
                watermark = watermark.max(time);
                let mut due: Vec<_> = left.iter().filter(|l| l.2 <= watermark).collect();
                due.sort_by_key(|l| l.2);
                let due = due.into_iter().map(|&(number, key, time)| {
                    let versions = right.iter().filter(|r| r.1 == key && r.2 <= time);
                    // Of several at one time, `max_by_key` takes the last.
                    let version = versions.max_by_key(|r| r.2).filter(|r| {
                        let age = i128::from(time) - i128::from(r.2);
                        tolerance.map_or(true, |most| age <= i128::from(most))
                    });
                    (time, key, number, version.map(|r| r.0))
                });
                rows.push(due.collect());
                left.retain(|l| l.2 > watermark);
            }
        }
    }
    (rows, late)
}

fn machine(steps: &[Step], tolerance: Option<i64>, patience: usize) -> Said {
    let limit = JoinLimit {
        keys: StateLimit::new(2, 100),
        records: 10_000,
    };
    let mut join = AsOfPairs::new(limit);
    if let Some(nanos) = tolerance {
        join = join.with_tolerance(Duration::from_nanos(nanos.unsigned_abs()));
    }
    let at = Timestamp::from_nanos;
    let (mut rows, mut late) = (Vec::new(), Vec::new());
    for (number, step) in steps.iter().enumerate() {
        let declined = match *step {
            Step::Left { key, time } => join.left(at(time), key, number).err(),
            Step::Right { key, time } => join.right(at(time), key, number).err(),
            Step::Watermark(time) => {
                join.advance(at(time));
                let mut due = Vec::new();
                while join.has_due() {
                    let mut count = 0;
                    join.emit(|time, &key, left, right| {
                        due.push((time.nanos(), key, left, right.copied()));
                        count += 1;
                        count < patience
                    });
                    assert!(count <= patience);
                }
                rows.push(due);
                None
            }
        };
        if let Some((why, back)) = declined {
            assert_eq!((why, back), (Declined::Late, number));
            late.push(number);
        }
    }
    assert_eq!(join.stats().left, 0);
    assert_eq!((join.stats().right, join.stats().keys), (0, 0));
    (rows, late)
}

/// The rows of each key are in the order of time, those of one time in the order of
/// their coming; between keys there is no order.
fn by_key(said: Said) -> Said {
    let (mut rows, late) = said;
    for rows in &mut rows {
        rows.sort_by_key(|row| row.1);
    }
    (rows, late)
}

fn times() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![
        20 => -10..60i64,
        1 => Just(i64::MAX),
        1 => Just(i64::MIN),
        1 => i64::MIN..=i64::MIN + 20,
    ]
}

fn step(times: impl Strategy<Value = i64> + Clone) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3u8, times.clone()).prop_map(|(key, time)| Step::Left { key, time }),
        4 => (0..3u8, times.clone()).prop_map(|(key, time)| Step::Right { key, time }),
        2 => times.prop_map(Step::Watermark),
    ]
}

/// Disorder about a time that rises, as streams have it.
fn rising() -> impl Strategy<Value = Vec<Step>> {
    let one = (0..3u8, 0..12i64, 0..10u8);
    prop::collection::vec(one, 1..120).prop_map(|steps| {
        let mut now = 0;
        let steps = steps.into_iter().map(|(key, back, kind)| {
            now += 1;
            let time = now - back;
            match kind {
                0..=3 => Step::Left { key, time },
                4..=7 => Step::Right { key, time },
                _ => Step::Watermark(now - 10),
            }
        });
        steps.collect()
    })
}

fn tolerance() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        2 => Just(None),
        3 => (0..20i64).prop_map(Some),
        1 => Just(Some(i64::MAX)),
    ]
}

fn agree(mut steps: Vec<Step>, tolerance: Option<i64>, patience: usize) {
    steps.push(Step::Watermark(i64::MAX));
    let expected = obvious(&steps, tolerance);
    let found = machine(&steps, tolerance, patience);
    assert_eq!(by_key(found), by_key(expected));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn anything_at_all(
        steps in prop::collection::vec(step(times()), 0..80),
        tolerance in tolerance(),
        patience in 1..5usize,
    ) {
        agree(steps, tolerance, patience);
    }

    #[test]
    fn streams_whose_time_rises(
        steps in rising(),
        tolerance in tolerance(),
        patience in 1..5usize,
    ) {
        agree(steps, tolerance, patience);
    }
}

#[test]
fn versions_that_another_has_replaced_are_forgotten() {
    let at = Timestamp::from_nanos;
    let limit = JoinLimit {
        keys: StateLimit::new(1, 4),
        records: 10,
    };
    let mut join = AsOfPairs::<u8, i64, i64>::new(limit);
    // A thousand versions of a key whose records hold ten.
    for time in 1..1_000 {
        join.right(at(time), 7, time).unwrap();
        join.advance(at(time));
        while !join.emit(|_, _, _, _| true) {}
        assert!(join.stats().right <= 2);
    }
    join.left(at(1_500), 7, 0).unwrap();
    join.advance(at(1_500));
    let mut rows = Vec::new();
    join.emit(|time, key, left, right| {
        rows.push((time, *key, left, right.copied()));
        true
    });
    assert_eq!(rows, [(at(1_500), 7, 0, Some(999))]);
}

#[test]
fn a_key_out_of_tolerance_is_forgotten_and_others_are_not() {
    let at = Timestamp::from_nanos;
    let limit = JoinLimit {
        keys: StateLimit::new(1, 1),
        records: 10,
    };
    let mut join = AsOfPairs::<u8, i64, i64>::new(limit).with_tolerance(Duration::from_nanos(5));
    join.right(at(1), 1, 0).unwrap();
    join.advance(at(5));
    while !join.emit(|_, _, _, _| true) {}
    assert_eq!(join.right(at(9), 2, 0), Err((Declined::TooManyKeys, 0)));
    join.advance(at(6));
    while !join.emit(|_, _, _, _| true) {}
    assert_eq!(join.stats().keys, 0);
    join.right(at(9), 2, 0).unwrap();
}
