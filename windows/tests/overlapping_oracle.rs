//! Tumbling, sliding and cumulating windows against a slow, obvious oracle that
//! shares no code with them: every window keeps its records, found by trying
//! all windows near a record.

use fluxus_windows::aggregate::{Max, Sum};
use fluxus_windows::{
    Added, Aggregate, Arrival, Cumulating, Firing, Lateness, Sliding, StateLimit, Timestamp,
    Tumbling, WindowKind, WindowStore,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// All the records, so that one that is missing or counted twice shows.
#[derive(Clone)]
struct Bag<const RETRACTS: bool, const GROWS: bool>;

impl<const RETRACTS: bool, const GROWS: bool> Aggregate<i64> for Bag<RETRACTS, GROWS> {
    type Accumulator = Vec<(u64, i64)>;
    type Output = Vec<(u64, i64)>;
    const NUMBERED: bool = true;
    const RETRACTS: bool = RETRACTS;
    const GROWS: bool = GROWS;

    fn create(&self) -> Self::Accumulator {
        Vec::new()
    }
    fn add(&self, _: &mut Self::Accumulator, _: &i64) {
        panic!("a numbered aggregate was given no number");
    }
    fn add_numbered(&self, bag: &mut Self::Accumulator, value: &i64, number: u64) {
        bag.push((number, *value));
    }
    fn merge(&self, bag: &mut Self::Accumulator, other: Self::Accumulator) {
        bag.extend(other);
    }
    fn retract(&self, bag: &mut Self::Accumulator, other: &Self::Accumulator) {
        assert!(RETRACTS, "retracted from an aggregate that cannot");
        for row in other {
            let place = bag.iter().position(|kept| kept == row);
            bag.swap_remove(place.expect("retracted what was never merged"));
        }
    }
    fn finish(&self, mut bag: Self::Accumulator) -> Self::Output {
        bag.sort_unstable();
        bag
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// So far from the watermark.
    Record {
        ahead: i64,
        key: u8,
        way: Way,
    },
    Watermark(i64),
    Take(usize),
}

/// How a record is offered.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Add,
    AtHandFirst,
    /// As what another core has seen, if no window of its slice is complete.
    Merge,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ahead = prop_oneof![6 => 0i64..40, 3 => -30i64..60, 1 => -200i64..300];
    let way = prop_oneof![Just(Way::Add), Just(Way::AtHandFirst), Just(Way::Merge)];
    let record = (ahead, 0u8..6, way);
    let step = prop_oneof![
        8 => record.prop_map(|(ahead, key, way)| Step::Record { ahead, key, way }),
        3 => (0i64..8).prop_map(Step::Watermark),
        1 => (0i64..100).prop_map(Step::Watermark),
        1 => prop_oneof![Just(1_000i64), Just(i64::MAX / 3)].prop_map(Step::Watermark),
        1 => (0usize..6).prop_map(Step::Take),
    ];
    prop_oneof![
        prop::collection::vec(step.clone(), 0..40),
        prop::collection::vec(step, 0..250),
    ]
}

/// The windows as the documentation says them.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Tumbling { size: i64 },
    Sliding { size: i64, slide: i64 },
    Cumulating { step: i64, size: i64 },
}

type Bounds = (i128, i128);

impl Shape {
    /// (end, start) of every window that holds `time`, ascending.
    fn windows_of(self, offset: i64, time: i64) -> Vec<Bounds> {
        let time = i128::from(time);
        let near = |every: i64, reach: i64| {
            let (every, reach) = (i128::from(every), i128::from(reach));
            let about = (time - i128::from(offset)) / every;
            let around = reach / every + 3;
            (about - around..=about + around).map(move |k| i128::from(offset) + k * every)
        };
        let mut windows: Vec<Bounds> = match self {
            Self::Tumbling { size } => {
                let starts = near(size, size);
                starts
                    .map(|start| (start + i128::from(size), start))
                    .collect()
            }
            Self::Sliding { size, slide } => {
                let starts = near(slide, size);
                starts
                    .map(|start| (start + i128::from(size), start))
                    .collect()
            }
            Self::Cumulating { step, size } => near(size, size)
                .flat_map(|start| {
                    (1..=size / step).map(move |n| (start + i128::from(n * step), start))
                })
                .collect(),
        };
        windows.retain(|(end, start)| *start <= time && time < *end);
        if let Self::Cumulating { .. } = self {
            // Those that the end of time cuts off are one.
            for (end, _) in &mut windows {
                *end = (*end).min(i128::from(i64::MAX));
            }
        }
        windows.sort_unstable();
        windows.dedup();
        windows
    }
}

fn clamp(nanos: i128) -> i64 {
    nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

type Row = (i64, i64, Vec<(u64, i64)>, Firing);

struct Oracle {
    shape: Shape,
    offset: i64,
    lateness: i64,
    watermark: i64,
    windows: BTreeMap<Bounds, BTreeMap<u8, Vec<(u64, i64)>>>,
    /// What was to come out, for each key in order.
    rows: BTreeMap<u8, Vec<Row>>,
}

impl Oracle {
    fn last_instant(window: Bounds) -> i64 {
        clamp(window.0) - 1
    }

    fn is_gone(&self, window: Bounds) -> bool {
        Self::last_instant(window).saturating_add(self.lateness) <= self.watermark
    }

    fn fire(&mut self, window: Bounds, key: u8, firing: Firing) {
        let records = self.windows[&window][&key].clone();
        let row = (clamp(window.1), clamp(window.0), records, firing);
        self.rows.entry(key).or_default().push(row);
    }

    fn record(&mut self, time: i64, key: u8, number: u64, value: i64) -> Added {
        let mut windows = self.shape.windows_of(self.offset, time);
        if windows.is_empty() {
            return match time.saturating_add(self.lateness) <= self.watermark {
                true => Added::Late,
                false => Added::Ignored,
            };
        }
        windows.retain(|window| !self.is_gone(*window));
        if windows.is_empty() {
            return Added::Late;
        }
        for window in windows {
            let keys = self.windows.entry(window).or_default();
            keys.entry(key).or_default().push((number, value));
            if Self::last_instant(window) <= self.watermark {
                self.fire(window, key, Firing::Late);
            }
        }
        Added::Kept
    }

    fn advance(&mut self, time: i64) {
        let before = self.watermark;
        self.watermark = before.max(time);
        let windows: Vec<Bounds> = self.windows.keys().copied().collect();
        for window in windows {
            let last = Self::last_instant(window);
            if before < last && last <= self.watermark {
                let keys: Vec<u8> = self.windows[&window].keys().copied().collect();
                for key in keys {
                    self.fire(window, key, Firing::OnTime);
                }
            }
            if self.is_gone(window) {
                self.windows.remove(&window);
            }
        }
    }
}

/// Runs the steps through a store of `kind` and through the oracle; `value_of`
/// is what the aggregate is to make of records.
fn check<W, A>(
    kind: W,
    aggregate: A,
    mut oracle: Oracle,
    base: i64,
    steps: &[Step],
    value_of: impl Fn(&[(u64, i64)]) -> A::Output,
) -> Result<(), TestCaseError>
where
    W: WindowKind<i64>,
    A: Aggregate<i64>,
    A::Output: PartialEq + std::fmt::Debug,
{
    let lateness = Lateness::from_nanos(oracle.lateness).unwrap();
    let mut store = kind.store::<u8, A>(lateness, StateLimit::new(0, 64), &aggregate);
    let mut rows: BTreeMap<u8, Vec<_>> = BTreeMap::new();
    let mut take = |store: &mut W::Store<u8, A>, most: usize| {
        for _ in 0..most {
            let Some(fired) = store.next_due(&aggregate) else {
                assert!(!store.has_due(), "nothing is due, yet it says so");
                break;
            };
            let (start, end) = (fired.window.start().nanos(), fired.window.end().nanos());
            let row = (start, end, fired.value, fired.firing);
            rows.entry(fired.key).or_default().push(row);
        }
    };
    let mut clock = base;
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Record { ahead, key, way } => {
                take(&mut store, usize::MAX);
                let (nanos, number) = (clock.saturating_add(ahead), number as u64);
                let time = Timestamp::from_nanos(nanos);
                let value = number as i64 * 7 % 11;
                let first = oracle
                    .shape
                    .windows_of(oracle.offset, nanos)
                    .first()
                    .copied();
                let is_open = first.is_some_and(|w| Oracle::last_instant(w) > oracle.watermark);
                let expected = oracle.record(nanos, key, number, value);
                let arrival = Arrival {
                    time,
                    value: &value,
                    number,
                };
                let at_hand = match way == Way::AtHandFirst {
                    true => store.at_hand(time, &key),
                    false => None,
                };
                let added = match at_hand {
                    Some(accumulator) => {
                        prop_assert!(is_open, "at hand, yet a window has fired");
                        arrival.fold_into(&aggregate, accumulator);
                        Added::Kept
                    }
                    None if way == Way::Merge && is_open => {
                        let mut other = aggregate.create();
                        arrival.fold_into(&aggregate, &mut other);
                        store.merge(&aggregate, time, key, other)
                    }
                    None => store.add(&aggregate, key, arrival),
                };
                prop_assert_eq!(added, expected, "step {}: {:?}", number, step);
            }
            Step::Watermark(by) => {
                clock = clock.saturating_add(by);
                store.advance(Timestamp::from_nanos(clock));
                oracle.advance(clock);
                store.tidy();
            }
            Step::Take(most) => take(&mut store, most),
        }
    }
    store.advance(Timestamp::MAX);
    oracle.advance(i64::MAX);
    take(&mut store, usize::MAX);
    prop_assert_eq!(store.stats().panes, 0);
    let expected = oracle.rows.iter().map(|(key, rows)| {
        let rows = rows.iter();
        let rows = rows.map(|row| (row.0, row.1, value_of(&row.2), row.3));
        (*key, rows.collect::<Vec<_>>())
    });
    prop_assert_eq!(rows, expected.collect::<BTreeMap<_, _>>());
    Ok(())
}

#[derive(Clone, Debug)]
struct Case {
    shape: Shape,
    offset: i64,
    lateness: i64,
    base: i64,
    steps: Vec<Step>,
}

impl Case {
    fn oracle(&self) -> Oracle {
        Oracle {
            shape: self.shape,
            offset: self.offset,
            lateness: self.lateness,
            watermark: i64::MIN,
            windows: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    fn run_with<A>(
        &self,
        aggregate: A,
        value_of: impl Fn(&[(u64, i64)]) -> A::Output,
    ) -> Result<(), TestCaseError>
    where
        A: Aggregate<i64>,
        A::Output: PartialEq + std::fmt::Debug,
    {
        let (oracle, base, steps) = (self.oracle(), self.base, &self.steps);
        match self.shape {
            Shape::Tumbling { size } => {
                let kind = Tumbling::from_nanos(size).unwrap();
                let kind = kind.with_offset_ns(self.offset).unwrap();
                check(kind, aggregate, oracle, base, steps, value_of)
            }
            Shape::Sliding { size, slide } => {
                let kind = Sliding::from_nanos(size, slide).unwrap();
                let kind = kind.with_offset_ns(self.offset).unwrap();
                check(kind, aggregate, oracle, base, steps, value_of)
            }
            Shape::Cumulating { step, size } => {
                let kind = Cumulating::from_nanos(step, size).unwrap();
                let kind = kind.with_offset_ns(self.offset).unwrap();
                check(kind, aggregate, oracle, base, steps, value_of)
            }
        }
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let shape = prop_oneof![
        2 => (1i64..30).prop_map(|size| (Shape::Tumbling { size }, size)),
        4 => (1i64..30, 1i64..30).prop_map(|(size, slide)| (Shape::Sliding { size, slide }, slide)),
        3 => (1i64..6, 3i64..14, 0i64..6).prop_map(|(slide, times, rest)| {
            (Shape::Sliding { size: slide * times + rest % slide, slide }, slide)
        }),
        1 => (1i64..4, 30i64..=40).prop_map(|(slide, times)| {
            (Shape::Sliding { size: slide * times + times % slide, slide }, slide)
        }),
        2 => (1i64..8, 1i64..10).prop_map(|(step, times)| {
            (Shape::Cumulating { step, size: step * times }, step * times)
        }),
    ];
    let lateness =
        prop_oneof![3 => Just(0i64), 2 => 1i64..50, 1 => 50i64..500, 1 => Just(i64::MAX)];
    let base = prop_oneof![
        4 => Just(0i64),
        1 => (0i64..60).prop_map(|after| i64::MIN + after),
        1 => (0i64..200).prop_map(|before| i64::MAX - before),
    ];
    (shape, -100i64..100, lateness, base, steps()).prop_map(
        |((shape, most), shift, lateness, base, steps)| Case {
            shape,
            offset: shift % most,
            lateness,
            base,
            steps,
        },
    )
}

fn sorted(records: &[(u64, i64)]) -> Vec<(u64, i64)> {
    let mut records = records.to_vec();
    records.sort_unstable();
    records
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn windows_of_what_merges_agree_with_the_oracle(case in cases()) {
        case.run_with(Bag::<false, false>, sorted)?;
    }

    #[test]
    fn windows_of_what_retracts_agree_with_the_oracle(case in cases()) {
        case.run_with(Bag::<true, false>, sorted)?;
    }

    #[test]
    fn windows_of_what_grows_agree_with_the_oracle(case in cases()) {
        case.run_with(Bag::<false, true>, sorted)?;
    }

    #[test]
    fn sums_and_extremes_agree_with_the_oracle(case in cases()) {
        let sum = |records: &[(u64, i64)]| records.iter().map(|r| i128::from(r.1)).sum();
        case.run_with(Sum::of(|v: &i64| *v), sum)?;
        let max = |records: &[(u64, i64)]| records.iter().map(|r| r.1).max().unwrap();
        case.run_with(Max::of(|v: &i64| *v), max)?;
    }
}
