//! Count windows: facts in tables, a slow, obvious oracle that shares no code
//! with them (all records of a key in a list), and a bound on merges.

use fluxus_windows::aggregate::{Count, Max, Sum};
use fluxus_windows::{
    Added, Aggregate, Arrival, CountSliding, CountTumbling, Fired, Firing, Lateness, StateLimit,
    Timestamp, Window, WindowKind, WindowStore,
};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A sum that can be taken back.
#[derive(Clone)]
struct RunningSum;

impl Aggregate<i64> for RunningSum {
    type Accumulator = i64;
    type Output = i64;
    const RETRACTS: bool = true;

    fn create(&self) -> i64 {
        0
    }
    fn add(&self, sum: &mut i64, value: &i64) {
        *sum += value;
    }
    fn merge(&self, sum: &mut i64, other: i64) {
        *sum += other;
    }
    fn retract(&self, sum: &mut i64, other: &i64) {
        *sum -= other;
    }
    fn finish(&self, sum: i64) -> i64 {
        sum
    }
}

/// The records in their order. It is merged in full or in part, as asked.
#[derive(Clone)]
struct Collect<const GROWS: bool>;

impl<const G: bool> Aggregate<i64> for Collect<G> {
    type Accumulator = Vec<i64>;
    type Output = Vec<i64>;
    const GROWS: bool = G;

    fn create(&self) -> Vec<i64> {
        Vec::new()
    }
    fn add(&self, list: &mut Vec<i64>, value: &i64) {
        list.push(*value);
    }
    fn merge(&self, list: &mut Vec<i64>, other: Vec<i64>) {
        list.extend(other);
    }
    fn finish(&self, list: Vec<i64>) -> Vec<i64> {
        list
    }
}

/// A maximum that counts its merges.
struct Counted {
    merges: Cell<u64>,
}

impl Aggregate<i64> for Counted {
    type Accumulator = i64;
    type Output = i64;

    fn create(&self) -> i64 {
        i64::MIN
    }
    fn add(&self, max: &mut i64, value: &i64) {
        *max = (*max).max(*value);
    }
    fn merge(&self, max: &mut i64, other: i64) {
        self.merges.set(self.merges.get() + 1);
        *max = (*max).max(other);
    }
    fn finish(&self, max: i64) -> i64 {
        max
    }
}

/// Whether records go the short way where there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Short,
    Long,
}

fn drain<S: WindowStore<u8, i64, A>, A: Aggregate<i64>>(
    store: &mut S,
    aggregate: &A,
    out: &mut Vec<Fired<u8, A::Output>>,
) {
    while let Some(fired) = store.next_due(aggregate) {
        out.push(fired);
    }
    assert!(!store.has_due());
}

/// What comes out of a run over `records`, those left at the end included.
fn run<W: WindowKind<i64>, A: Aggregate<i64>>(
    kind: &W,
    aggregate: &A,
    way: Way,
    records: &[(u8, i64)],
) -> Vec<Fired<u8, A::Output>> {
    let limit = StateLimit::new(2, 64);
    let mut store = kind.store::<u8, A>(Lateness::NONE, limit, aggregate);
    let mut out = Vec::new();
    for (number, &(key, value)) in records.iter().enumerate() {
        // Times that jump, and watermarks among them: neither plays a part.
        let time = Timestamp::from_nanos(1_000 - 7 * value);
        let known = match way {
            Way::Short => store.at_hand(time, &key),
            Way::Long => None,
        };
        match known {
            Some(accumulator) => aggregate.add(accumulator, &value),
            None => {
                let arrival = Arrival {
                    time,
                    value: &value,
                    number: 0,
                };
                let added = store.add(aggregate, key, arrival);
                assert!(matches!(added, Added::Kept | Added::Ignored), "{added:?}");
                drain(&mut store, aggregate, &mut out);
            }
        }
        if number % 5 == 0 {
            assert!(!store.advance(Timestamp::from_nanos(10 * value)));
        }
        assert!(!store.has_due());
    }
    store.advance(Timestamp::MAX);
    drain(&mut store, aggregate, &mut out);
    assert_eq!(store.stats().keys, 0, "all is let go of at the end");
    out
}

fn rows<V>(fired: Vec<Fired<u8, V>>) -> Vec<(u8, V, Firing)> {
    let whole = Window::new(Timestamp::MIN, Timestamp::MAX);
    let row = |fired: Fired<u8, V>| {
        assert_eq!(fired.window, whole);
        (fired.key, fired.value, fired.firing)
    };
    fired.into_iter().map(row).collect()
}

fn tumbling(n: u64, with_rest: bool) -> CountTumbling {
    let kind = CountTumbling::of(n).unwrap();
    match with_rest {
        true => kind.with_rest(),
        false => kind,
    }
}

fn sliding(size: u64, slide: u64, with_rest: bool) -> CountSliding {
    let kind = CountSliding::new(size, slide).unwrap();
    match with_rest {
        true => kind.with_rest(),
        false => kind,
    }
}

fn of_key_1(values: impl IntoIterator<Item = i64>) -> Vec<(u8, i64)> {
    values.into_iter().map(|value| (1, value)).collect()
}

/// The first rows are facts from Flink's tests of `countWindow`.
#[test]
fn tumbling_facts() {
    use Firing::{Early, OnTime};
    let ones = [(1, 1), (2, 1), (2, 1), (2, 1), (1, 1), (2, 1), (1, 1)];
    for (n, with_rest, records, expected) in [
        (4, false, &ones[..], &[(2, 4, OnTime)][..]),
        (4, true, &ones, &[(2, 4, OnTime), (1, 3, Early)]),
        (
            3,
            true,
            &ones,
            &[(2, 3, OnTime), (1, 3, OnTime), (2, 1, Early)],
        ),
        (1, true, &ones[..2], &[(1, 1, OnTime), (2, 1, OnTime)]),
        (u64::MAX, false, &ones, &[]),
        (u64::MAX, true, &ones, &[(1, 3, Early), (2, 4, Early)]),
        (2, true, &[], &[]),
    ] {
        for way in [Way::Short, Way::Long] {
            let fired = run(&tumbling(n, with_rest), &RunningSum, way, records);
            assert_eq!(rows(fired), expected, "n {n}, {way:?}");
        }
    }
}

/// The first rows are facts from Flink's tests of `countWindow(size, slide)`.
#[test]
fn sliding_facts() {
    use Firing::{Early, OnTime};
    let on_time = |sums: &[i64]| sums.iter().map(|&sum| (sum, OnTime)).collect::<Vec<_>>();
    let with_rest = |sums: &[i64], rest: i64| {
        let mut sums = on_time(sums);
        sums.push((rest, Early));
        sums
    };
    for (size, slide, rest, records, expected) in [
        (4, 2, false, 4, on_time(&[2, 4])),
        (4, 2, false, 6, on_time(&[2, 4, 4])),
        (4, 2, false, 7, on_time(&[2, 4, 4])),
        (4, 2, true, 6, on_time(&[2, 4, 4])),
        (4, 2, true, 7, with_rest(&[2, 4, 4], 4)),
        (4, 2, true, 1, with_rest(&[], 1)),
        (3, 2, false, 6, on_time(&[2, 3, 3])),
        (5, 3, false, 9, on_time(&[3, 5, 5])),
        (2, 5, false, 14, on_time(&[2, 2])),
        (2, 5, true, 14, with_rest(&[2, 2], 2)),
        (2, 5, true, 11, with_rest(&[2, 2], 2)),
        (3, 3, false, 7, on_time(&[3, 3])),
        (1, 1, true, 3, on_time(&[1, 1, 1])),
        (u64::MAX, 2, false, 5, on_time(&[2, 4])),
        (2, u64::MAX, false, 5, on_time(&[])),
        (2, u64::MAX, true, 5, with_rest(&[], 2)),
        (u64::MAX, u64::MAX, true, 5, with_rest(&[], 5)),
    ] {
        for way in [Way::Short, Way::Long] {
            let kind = sliding(size, slide, rest);
            let fired = run(&kind, &RunningSum, way, &of_key_1(vec![1; records]));
            let fired: Vec<_> = rows(fired).into_iter().map(|row| (row.1, row.2)).collect();
            assert_eq!(fired, expected, "{kind}: {records} records, {way:?}");
        }
    }
}

#[test]
fn lists_keep_the_order_of_records() {
    let records = of_key_1(1..=7);
    let lists = |fired| -> Vec<Vec<i64>> { rows(fired).into_iter().map(|row| row.1).collect() };
    let collect = Collect::<true>;
    let pairs = run(&tumbling(2, false), &collect, Way::Short, &records);
    assert_eq!(lists(pairs), [[1, 2], [3, 4], [5, 6]]);
    let last_three = run(&sliding(3, 2, true), &collect, Way::Short, &records);
    assert_eq!(
        lists(last_three),
        [&[1, 2][..], &[2, 3, 4], &[4, 5, 6], &[5, 6, 7]]
    );
    let gaps = run(&sliding(2, 3, false), &collect, Way::Short, &records);
    assert_eq!(lists(gaps), [[2, 3], [5, 6]]);
}

#[test]
fn the_aggregates_that_come_with_the_crate_serve() {
    let records = of_key_1([5, 1, 4, 2, 3, 0]);
    let kind = sliding(4, 2, false);
    let aggregate = (
        Count,
        Sum::of(|value: &i64| *value),
        Max::of(|value: &i64| *value),
    );
    let values: Vec<_> = rows(run(&kind, &aggregate, Way::Short, &records))
        .into_iter()
        .map(|row| row.1)
        .collect();
    assert_eq!(values, [(2, 6, 5), (4, 12, 5), (4, 9, 4)]);
}

/// All records of every key in a list; a result is made of the list's end.
fn oracle(size: u64, slide: u64, with_rest: bool, records: &[(u8, i64)]) -> Vec<Expected> {
    let mut seen: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
    let mut out = Vec::new();
    let last = |list: &[i64]| {
        list.iter()
            .rev()
            .take(size as usize)
            .rev()
            .copied()
            .collect()
    };
    for &(key, value) in records {
        let list = seen.entry(key).or_default();
        list.push(value);
        if list.len() as u64 % slide == 0 {
            out.push((key, last(list), Firing::OnTime));
        }
    }
    for (key, list) in seen {
        if with_rest && list.len() as u64 % slide != 0 {
            out.push((key, last(&list), Firing::Early));
        }
    }
    out
}

type Expected = (u8, Vec<i64>, Firing);

/// Rests come in no promised order: these in the order of their keys.
fn in_order<V>(mut rows: Vec<(u8, V, Firing)>) -> Vec<(u8, V, Firing)> {
    rows.sort_by_key(|row| match row.2 {
        Firing::Early => Some(row.0),
        _ => None,
    });
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn sliding_agrees_with_the_oracle(
        size in 1u64..20,
        slide in 1u64..20,
        with_rest: bool,
        short: bool,
        records in prop::collection::vec((0u8..6, -50i64..50), 0..300),
    ) {
        let kind = sliding(size, slide, with_rest);
        let way = if short { Way::Short } else { Way::Long };
        let expected = oracle(size, slide, with_rest, &records);

        let lists = in_order(rows(run(&kind, &Collect::<true>, way, &records)));
        prop_assert_eq!(lists, expected.clone());
        let lists = in_order(rows(run(&kind, &Collect::<false>, way, &records)));
        prop_assert_eq!(lists, expected.clone());

        let sums = in_order(rows(run(&kind, &RunningSum, way, &records)));
        let of = |expected: &Expected| (expected.0, expected.1.iter().sum(), expected.2);
        prop_assert_eq!(sums, expected.iter().map(of).collect::<Vec<_>>());

        let max = Max::of(|value: &i64| *value);
        let maxima = in_order(rows(run(&kind, &max, way, &records)));
        let of = |expected: &Expected| (expected.0, *expected.1.iter().max().unwrap(), expected.2);
        prop_assert_eq!(maxima, expected.iter().map(of).collect::<Vec<_>>());
    }

    /// A tumbling window is a sliding one whose rest begins at the last result.
    #[test]
    fn tumbling_agrees_with_the_oracle(
        n in 1u64..12,
        with_rest: bool,
        short: bool,
        records in prop::collection::vec((0u8..6, -50i64..50), 0..200),
    ) {
        let kind = tumbling(n, with_rest);
        let way = if short { Way::Short } else { Way::Long };
        let mut expected = oracle(n, n, false, &records);
        for key in 0..6 {
            let list: Vec<_> = records.iter().filter(|r| r.0 == key).map(|r| r.1).collect();
            let rest = list.chunks(n as usize).last().filter(|rest| rest.len() < n as usize);
            expected.extend(rest.filter(|_| with_rest).map(|rest| (key, rest.to_vec(), Firing::Early)));
        }
        let lists = in_order(rows(run(&kind, &Collect::<true>, way, &records)));
        prop_assert_eq!(lists, expected);
    }
}

/// One result, one record, the whole job: no number of merges grows with the
/// size or the slide.
#[test]
fn merges_are_bounded_whatever_the_size_and_the_slide() {
    for size in [1, 10, 1000] {
        for slide in [1, 10, 1000] {
            for with_rest in [false, true] {
                let kind = sliding(size, slide, with_rest);
                let counted = Counted {
                    merges: Cell::new(0),
                };
                let limit = StateLimit::new(1, 1);
                let mut store =
                    WindowKind::<i64>::store::<u8, _>(&kind, Lateness::NONE, limit, &counted);
                let mut since_result = 0;
                let mut results = 0;
                for n in 0..10_000i64 {
                    counted.merges.set(0);
                    let arrival = Arrival {
                        time: Timestamp::MIN,
                        value: &-n,
                        number: 0,
                    };
                    store.add(&counted, 1, arrival);
                    let fired = store.next_due(&counted);
                    let merges = counted.merges.get();
                    assert!(merges <= 6, "{kind}: {merges} merges at record {n}");
                    since_result += merges;
                    if let Some(fired) = fired {
                        // Falling values: the maximum is the oldest record.
                        let size = i64::try_from(size).unwrap();
                        assert_eq!(fired.value, -(n + 1 - size).max(0), "{kind}, record {n}");
                        let bound = if with_rest { 5 * slide + 1 } else { 11 };
                        assert!(since_result <= bound, "{kind}: {since_result} merges");
                        since_result = 0;
                        results += 1;
                    }
                }
                assert_eq!(results, 10_000 / slide, "{kind}");
            }
        }
    }
}

fn one(
    aggregate: &Collect<true>,
    store: &mut impl WindowStore<u8, i64, Collect<true>>,
    key: u8,
) -> Added {
    let arrival = Arrival {
        time: Timestamp::MIN,
        value: &1,
        number: 0,
    };
    let added = store.add(aggregate, key, arrival);
    while store.next_due(aggregate).is_some() {}
    added
}

#[test]
fn the_limit_refuses_new_keys_until_a_window_is_full() {
    use Added::{Ignored, Kept, Refused};
    fn check(kind: impl WindowKind<i64>, steps: &[(u8, Added, usize)]) {
        let collect = Collect::<true>;
        let mut store = kind.store::<u8, _>(Lateness::NONE, StateLimit::new(2, 2), &collect);
        for (number, &(key, added, keys)) in steps.iter().enumerate() {
            assert_eq!(
                one(&collect, &mut store, key),
                added,
                "{kind}, step {number}"
            );
            assert_eq!(store.stats().keys, keys, "{kind}, step {number}");
        }
    }
    // A key leaves with its result where nothing of it is needed again.
    let leaves = [
        (1, Kept, 1),
        (2, Kept, 2),
        (3, Refused, 2),
        (1, Kept, 1),
        (3, Kept, 2),
        (4, Refused, 2),
    ];
    check(tumbling(2, false), &leaves);
    check(sliding(2, 2, false), &leaves);
    // A window of one record needs no state at all.
    check(
        tumbling(1, false),
        &[(1, Kept, 0), (2, Kept, 0), (3, Kept, 0)],
    );
    // What is counted is remembered, though it be in no window.
    check(
        sliding(1, 2, false),
        &[
            (1, Ignored, 1),
            (2, Ignored, 2),
            (3, Refused, 2),
            (1, Kept, 1),
        ],
    );
    // Where windows overlap, keys stay.
    check(
        sliding(2, 1, false),
        &[(1, Kept, 1), (2, Kept, 2), (3, Refused, 2), (1, Kept, 2)],
    );
}

#[test]
fn the_end_comes_once_and_what_comes_after_it_is_late() {
    fn check(kind: impl WindowKind<i64>, rests: usize) {
        let collect = Collect::<true>;
        let mut store = kind.store::<u8, _>(Lateness::NONE, StateLimit::new(2, 2), &collect);
        assert_eq!(one(&collect, &mut store, 1), Added::Kept, "{kind}");
        assert!(
            !store.advance(Timestamp::from_nanos(i64::MAX - 1)),
            "{kind}"
        );
        assert!(store.advance(Timestamp::MAX), "{kind}");
        let fired = std::iter::from_fn(|| store.next_due(&collect)).count();
        assert_eq!(fired, rests, "{kind}");
        assert!(!store.advance(Timestamp::MAX), "{kind}");
        assert!(store.at_hand(Timestamp::MIN, &1).is_none(), "{kind}");
        assert_eq!(one(&collect, &mut store, 1), Added::Late, "{kind}");
        assert_eq!(store.watermark(), Timestamp::MAX, "{kind}");
    }
    for (with_rest, rests) in [(false, 0), (true, 1)] {
        check(tumbling(3, with_rest), rests);
        check(sliding(3, 2, with_rest), rests);
        check(sliding(3, 3, with_rest), rests);
    }
}

/// Panes hold what is in a window and let go of what is not.
#[test]
fn records_that_have_left_the_window_are_let_go_of() {
    /// Hands to keep: how many are left says how many are kept.
    #[derive(Clone)]
    struct Keep(Arc<()>);
    impl Aggregate<i64> for Keep {
        type Accumulator = Vec<Arc<()>>;
        type Output = usize;
        const GROWS: bool = true;
        fn create(&self) -> Vec<Arc<()>> {
            Vec::new()
        }
        fn add(&self, list: &mut Vec<Arc<()>>, _: &i64) {
            list.push(self.0.clone());
        }
        fn merge(&self, list: &mut Vec<Arc<()>>, other: Vec<Arc<()>>) {
            list.extend(other);
        }
        fn finish(&self, list: Vec<Arc<()>>) -> usize {
            list.len()
        }
    }
    for (size, slide) in [(10, 1), (10, 3), (10, 10), (3, 10)] {
        let keep = Keep(Arc::new(()));
        let kind = sliding(size, slide, false);
        let mut store = kind.store::<u8, _>(Lateness::NONE, StateLimit::new(1, 1), &keep);
        for n in 0..1_000 {
            let arrival = Arrival {
                time: Timestamp::MIN,
                value: &n,
                number: 0,
            };
            store.add(&keep, 1, arrival);
            while store.next_due(&keep).is_some() {}
            let kept = Arc::strong_count(&keep.0) as u64 - 1;
            assert!(kept <= size + slide, "{kind}: {kept} records are kept");
        }
    }
}
