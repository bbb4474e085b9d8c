//! The interval join against nested loops over all records, whatever the order, the
//! bounds and the watermarks, and however often its caller has to stop.

use fluxus_windows::{
    Alone, Declined, IntervalBounds, IntervalPairs, JoinLimit, StateLimit, Timestamp,
};
use proptest::prelude::*;

/// What happens, in order.
#[derive(Clone, Debug)]
enum Step {
    Left { key: u8, time: i64 },
    Right { key: u8, time: i64 },
    Watermark(i64),
}

/// A row: when, of which key, and the numbers of its records.
type Row = (i64, u8, Option<usize>, Option<usize>);

/// What a run said.
#[derive(Debug, Default, PartialEq)]
struct Said {
    rows: Vec<Row>,
    late: Vec<usize>,
    /// Behind each step: how many records of either side are held.
    held: Vec<(usize, usize)>,
}

impl Said {
    /// Pairs come in the order of the records that complete them, those of one
    /// record in any.
    fn sorted(mut self) -> Self {
        self.rows.sort_unstable();
        self
    }
}

/// Every record with every other.
fn obvious(steps: &[Step], bounds: IntervalBounds, keeps: (bool, bool)) -> Said {
    let mut said = Said::default();
    let mut watermark = i64::MIN;
    // Accepted: number, key, time, whether it has a partner, whether it is gone.
    let mut left: Vec<(usize, u8, i64, bool, bool)> = Vec::new();
    let mut right = left.clone();
    let is_pair = |left: i64, right: i64| {
        let apart = i128::from(right) - i128::from(left);
        i128::from(bounds.lower_ns()) <= apart && apart <= i128::from(bounds.upper_ns())
    };
    let end_of_left = |time: i64| time.saturating_add(bounds.upper_ns());
    let end_of_right = |time: i64| time.saturating_sub(bounds.lower_ns());
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Left { time, .. } | Step::Right { time, .. } if time <= watermark => {
                said.late.push(number);
            }
            Step::Left { key, time } => {
                let mut has_partner = false;
                for other in right.iter_mut().filter(|other| other.1 == key) {
                    if is_pair(time, other.2) {
                        (has_partner, other.3) = (true, true);
                        let row = (time.max(other.2), key, Some(number), Some(other.0));
                        said.rows.push(row);
                    }
                }
                left.push((number, key, time, has_partner, false));
            }
            Step::Right { key, time } => {
                let mut has_partner = false;
                for other in left.iter_mut().filter(|other| other.1 == key) {
                    if is_pair(other.2, time) {
                        (has_partner, other.3) = (true, true);
                        let row = (time.max(other.2), key, Some(other.0), Some(number));
                        said.rows.push(row);
                    }
                }
                right.push((number, key, time, has_partner, false));
            }
            Step::Watermark(time) => watermark = watermark.max(time),
        }
        for record in &mut left {
            let end = end_of_left(record.2);
            if !record.4 && end <= watermark {
                record.4 = true;
                if keeps.0 && !record.3 {
                    let row = (end.max(record.2), record.1, Some(record.0), None);
                    said.rows.push(row);
                }
            }
        }
        for record in &mut right {
            let end = end_of_right(record.2);
            if !record.4 && end <= watermark {
                record.4 = true;
                if keeps.1 && !record.3 {
                    let row = (end.max(record.2), record.1, None, Some(record.0));
                    said.rows.push(row);
                }
            }
        }
        let held = |side: &[(usize, u8, i64, bool, bool)]| side.iter().filter(|r| !r.4).count();
        said.held.push((held(&left), held(&right)));
    }
    said
}

/// The machine, whose caller has to stop after every `patience` rows.
fn machine(steps: &[Step], bounds: IntervalBounds, keeps: (bool, bool), patience: usize) -> Said {
    let limit = JoinLimit {
        keys: StateLimit::new(2, 100),
        records: 10_000,
    };
    let mut join = IntervalPairs::new(bounds, limit, keeps.0, keeps.1);
    let mut said = Said::default();
    let at = Timestamp::from_nanos;
    for (number, step) in steps.iter().enumerate() {
        let declined = match *step {
            Step::Left { key, time } => join.left(at(time), key, number).err(),
            Step::Right { key, time } => join.right(at(time), key, number).err(),
            Step::Watermark(time) => {
                join.advance(at(time));
                None
            }
        };
        if let Some((why, back)) = declined {
            assert_eq!((why, back), (Declined::Late, number));
            said.late.push(number);
        }
        while join.has_pairs() {
            let mut rows = 0;
            let is_all = join.pair_up(|time, &key, &left, &right| {
                said.rows.push((time.nanos(), key, Some(left), Some(right)));
                rows += 1;
                rows < patience
            });
            assert!(rows <= patience);
            assert_eq!(is_all, !join.has_pairs());
        }
        while join.has_due() {
            let mut rows = 0;
            join.remove(|time, &key, alone| {
                said.rows.push(match alone {
                    Alone::Left(left) => (time.nanos(), key, Some(left), None),
                    Alone::Right(right) => (time.nanos(), key, None, Some(right)),
                });
                rows += 1;
                rows < patience
            });
            assert!(rows <= patience);
        }
        let stats = join.stats();
        said.held.push((stats.left, stats.right));
        assert_eq!(stats.left + stats.right == 0, stats.keys == 0);
    }
    said
}

fn step(times: impl Strategy<Value = i64> + Clone) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3u8, times.clone()).prop_map(|(key, time)| Step::Left { key, time }),
        4 => (0..3u8, times.clone()).prop_map(|(key, time)| Step::Right { key, time }),
        2 => times.prop_map(Step::Watermark),
    ]
}

/// Near one another, and at the ends of time.
fn times() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![
        20 => -10..60i64,
        1 => Just(i64::MAX),
        1 => Just(i64::MIN),
        1 => i64::MAX - 20..=i64::MAX,
        1 => i64::MIN..=i64::MIN + 20,
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

fn bounds() -> impl Strategy<Value = IntervalBounds> {
    let bound = prop_oneof![
        10 => -15..15i64,
        1 => Just(i64::MIN),
        1 => Just(i64::MAX),
    ];
    (bound.clone(), bound).prop_map(|(one, other)| {
        IntervalBounds::from_nanos(one.min(other), one.max(other)).unwrap()
    })
}

fn agree(mut steps: Vec<Step>, bounds: IntervalBounds, keeps: (bool, bool), patience: usize) {
    // The end of the stream.
    steps.push(Step::Watermark(i64::MAX));
    let expected = obvious(&steps, bounds, keeps);
    let found = machine(&steps, bounds, keeps, patience);
    assert_eq!(found.sorted(), expected.sorted());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn anything_at_all(
        steps in prop::collection::vec(step(times()), 0..80),
        bounds in bounds(),
        keeps in any::<(bool, bool)>(),
        patience in 1..5usize,
    ) {
        agree(steps, bounds, keeps, patience);
    }

    #[test]
    fn streams_whose_time_rises(
        steps in rising(),
        bounds in bounds(),
        keeps in any::<(bool, bool)>(),
        patience in 1..5usize,
    ) {
        agree(steps, bounds, keeps, patience);
    }
}

#[test]
fn limits_give_the_record_back_and_hold_only_until_there_is_room() {
    let at = Timestamp::from_nanos;
    let bounds = IntervalBounds::from_nanos(0, 5).unwrap();
    let limit = JoinLimit {
        keys: StateLimit::new(1, 2),
        records: 3,
    };
    let mut join = IntervalPairs::<&str, i32, i32>::new(bounds, limit, false, false);
    join.left(at(1), "a", 1).unwrap();
    join.left(at(1), "b", 2).unwrap();
    assert_eq!(join.left(at(1), "c", 3), Err((Declined::TooManyKeys, 3)));
    join.left(at(2), "a", 4).unwrap();
    assert_eq!(
        join.right(at(2), "a", 5),
        Err((Declined::TooManyRecords, 5))
    );
    // What is out of reach makes room for records, and for keys.
    join.advance(at(6));
    while !join.remove(|_, _, _| true) {}
    assert_eq!((join.stats().keys, join.stats().left), (1, 1));
    join.left(at(7), "c", 6).unwrap();
    join.right(at(7), "a", 7).unwrap();
    let mut pairs = Vec::new();
    join.pair_up(|time, key, left, right| {
        pairs.push((time, *key, *left, *right));
        true
    });
    assert_eq!(pairs, [(at(7), "a", 4, 7)]);
}

/// What a watermark costs is what it removes: with many keys and records held, one
/// that removes nothing looks at nothing.
#[test]
fn one_call_removes_a_bounded_number_of_records() {
    let at = Timestamp::from_nanos;
    let limit = JoinLimit {
        keys: StateLimit::new(16, 1 << 20),
        records: 1 << 20,
    };
    let bounds = IntervalBounds::from_nanos(-5, 5).unwrap();
    let mut join = IntervalPairs::<u64, u64, u64>::new(bounds, limit, true, true);
    for number in 0..5_000 {
        join.left(at(1), number % 700, number).unwrap();
    }
    join.advance(at(100));
    let (mut calls, mut rows) = (0, 0);
    loop {
        let before = join.stats().left;
        let is_all = join.remove(|_, _, _| {
            rows += 1;
            true
        });
        calls += 1;
        assert!(before - join.stats().left <= 1_024);
        if is_all {
            break;
        }
    }
    assert_eq!(rows, 5_000);
    assert!(calls >= 5_000 / 1_024, "{calls}");
}
