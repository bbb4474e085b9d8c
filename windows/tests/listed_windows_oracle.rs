//! Sessions, triggers and windows kept one by one against a slow, obvious oracle
//! that shares no code with them: it keeps the records of each window in a list,
//! looks at every window of every key at each step, and folds anew for a result.

use fluxus_windows::aggregate::{Max, Sum};
use fluxus_windows::{
    merge_touching, Added, Aggregate, Arrival, Firing, Global, Lateness, Session, StateLimit,
    Timestamp, Trigger, Triggered, Tumbling, Window, WindowAssigner, WindowKind, WindowStore,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A record: its value, and the gap that it brings to sessions of their own gaps.
#[derive(Clone, Copy, Debug)]
struct Item {
    value: i64,
    gap: u64,
}

/// The values in the order in which they came.
#[derive(Clone, Copy)]
struct InOrder;

impl Aggregate<Item> for InOrder {
    type Accumulator = Vec<(u64, i64)>;
    type Output = Vec<i64>;
    const NUMBERED: bool = true;
    const GROWS: bool = true;

    fn create(&self) -> Vec<(u64, i64)> {
        Vec::new()
    }
    fn add(&self, _: &mut Vec<(u64, i64)>, _: &Item) {
        panic!("records are numbered");
    }
    fn add_numbered(&self, list: &mut Vec<(u64, i64)>, item: &Item, number: u64) {
        list.push((number, item.value));
    }
    fn merge(&self, list: &mut Vec<(u64, i64)>, other: Vec<(u64, i64)>) {
        list.extend(other);
    }
    fn finish(&self, mut list: Vec<(u64, i64)>) -> Vec<i64> {
        list.sort_unstable();
        list.into_iter().map(|(_, value)| value).collect()
    }
}

/// Windows of `size` that begin every `slide`, in descending order, as Flink
/// gives them; between windows that are shorter than the slide lie elements of
/// none.
#[derive(Clone, Copy, Debug)]
struct Overlapping {
    size: i64,
    slide: i64,
}

impl<T> WindowAssigner<T> for Overlapping {
    const MERGES: bool = false;

    fn assign(&self, time: Timestamp, _: &T, mut each: impl FnMut(Window)) {
        let mut start = time.nanos() - time.nanos().rem_euclid(self.slide);
        while start + self.size > time.nanos() {
            each(window(start, start + self.size));
            start -= self.slide;
        }
    }
}

impl fmt::Display for Overlapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

fn window(start: i64, end: i64) -> Window {
    Window::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end))
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Session(i64),
    OwnGap,
    Global,
    Tumbling(i64),
    Overlapping(i64, i64),
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    kind: Kind,
    lateness: i64,
    /// Count triggers instead of event time.
    only_counts: bool,
    every: Option<i64>,
    count: Option<u32>,
    discards: bool,
    /// Records take the short way where there is one.
    short_way: bool,
}

impl Plan {
    fn trigger(&self) -> Trigger {
        let mut trigger = Trigger::event_time();
        if self.only_counts {
            trigger = Trigger::count(self.count.unwrap()).unwrap();
        } else {
            if let Some(every) = self.every {
                trigger = trigger.early_every_nanos(every).unwrap();
            }
            if let Some(count) = self.count {
                trigger = trigger.early_count(count).unwrap();
            }
        }
        match self.discards {
            true => trigger.discarding(),
            false => trigger,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Record { key: u8, time: i64, item: Item },
    Watermark(i64),
}

/// What became of a run: how each record was taken, and for each key its results.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    added: Vec<Added>,
    results: BTreeMap<u8, Vec<String>>,
    /// Live windows after each step.
    live: Vec<usize>,
}

fn result(start: i64, end: i64, firing: Firing, value: &impl fmt::Debug) -> String {
    format!("[{start}, {end}) {firing:?} {value:?}")
}

// ---- the oracle ----------------------------------------------------------

#[derive(Clone, Debug)]
struct Kept {
    key: u8,
    start: i64,
    end: i64,
    records: Vec<(u64, i64)>,
    early: Option<i64>,
    count: u32,
    has_ended: bool,
}

impl Kept {
    fn last(&self) -> i64 {
        self.end.saturating_sub(1)
    }
}

struct Oracle<'a> {
    plan: Plan,
    result_of: &'a dyn Fn(&[i64]) -> String,
    watermark: i64,
    windows: Vec<Kept>,
    outcome: Outcome,
}

impl Oracle<'_> {
    /// The windows of a record, before merging.
    fn windows_of(&self, time: i64, item: Item) -> Vec<(i64, i64)> {
        match self.plan.kind {
            Kind::Session(gap) => vec![(time, time.saturating_add(gap))],
            Kind::OwnGap => {
                let gap = i64::try_from(item.gap).unwrap_or(i64::MAX).max(1);
                vec![(time, time.saturating_add(gap))]
            }
            Kind::Global => vec![(i64::MIN, i64::MAX)],
            Kind::Tumbling(size) => {
                let (time, size) = (i128::from(time), i128::from(size));
                let start = time.div_euclid(size) * size;
                let clamp = |at: i128| at.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
                vec![(clamp(start), clamp(start + size))]
            }
            Kind::Overlapping(size, slide) => (time / slide - 50..time / slide + 50)
                .map(|n| (n * slide, n * slide + size))
                .filter(|&(start, end)| start <= time && time < end)
                .collect(),
        }
    }

    fn is_gone(&self, last: i64) -> bool {
        last.saturating_add(self.plan.lateness) <= self.watermark
    }

    fn fire(&mut self, place: usize, firing: Firing) {
        let kept = &mut self.windows[place];
        if kept.records.is_empty() {
            return;
        }
        kept.count = 0;
        kept.records.sort_unstable();
        let values: Vec<i64> = kept.records.iter().map(|record| record.1).collect();
        if self.plan.discards {
            kept.records.clear();
        }
        let value = (self.result_of)(&values);
        let text = format!("[{}, {}) {firing:?} {value}", kept.start, kept.end);
        self.outcome.results.entry(kept.key).or_default().push(text);
    }

    fn record(&mut self, key: u8, time: i64, item: Item, number: u64) {
        let assigned = self.windows_of(time, item);
        if assigned.is_empty() {
            let added = match self.is_gone(time) {
                true => Added::Late,
                false => Added::Ignored,
            };
            self.outcome.added.push(added);
            return;
        }
        let mut is_kept = false;
        for (start, end) in assigned {
            let mut merged = Kept {
                key,
                start,
                end,
                records: Vec::new(),
                early: None,
                count: 0,
                has_ended: false,
            };
            let merges = matches!(self.plan.kind, Kind::Session(_) | Kind::OwnGap);
            let mut rest = Vec::new();
            let all = std::mem::take(&mut self.windows);
            for other in all {
                let joins = match merges {
                    true => start <= other.end && other.start <= end,
                    false => (start, end) == (other.start, other.end),
                };
                if other.key != key || !joins {
                    rest.push(other);
                    continue;
                }
                merged.start = merged.start.min(other.start);
                merged.end = merged.end.max(other.end);
                merged.records.extend(other.records);
                merged.early = match (merged.early, other.early) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
                merged.count += other.count;
            }
            self.windows = rest;
            if self.is_gone(merged.last()) {
                assert!(merged.records.is_empty());
                continue;
            }
            is_kept = true;
            merged.records.push((number, item.value));
            merged.count += 1;
            let is_over = merged.last() <= self.watermark;
            merged.has_ended = is_over && !self.plan.only_counts;
            if let (Some(every), false) = (self.plan.every, self.plan.only_counts) {
                merged.early = match (is_over, merged.early) {
                    (true, _) => None,
                    (false, None) => Some(next_multiple(time, every).min(merged.last())),
                    (false, early) => early,
                };
            }
            let is_enough = self.plan.count.is_some_and(|n| merged.count >= n);
            let fires = merged.has_ended || is_enough;
            self.windows.push(merged);
            if fires {
                let firing = match is_over {
                    true => Firing::Late,
                    false => Firing::Early,
                };
                self.fire(self.windows.len() - 1, firing);
            }
        }
        let added = match is_kept {
            true => Added::Kept,
            false => Added::Late,
        };
        self.outcome.added.push(added);
    }

    fn advance(&mut self, time: i64) {
        if time <= self.watermark {
            return;
        }
        self.watermark = time;
        let mut fired_early: Vec<u8> = Vec::new();
        loop {
            // What is due first, among all windows.
            let mut first: Option<(i64, i64, i64, usize)> = None;
            for (place, kept) in self.windows.iter().enumerate() {
                let due = match (kept.has_ended || self.plan.only_counts, kept.early) {
                    (true, _) => kept.last().saturating_add(self.plan.lateness),
                    (false, Some(early)) => early.min(kept.last()),
                    (false, None) => kept.last(),
                };
                let this = (due, kept.end, kept.start, place);
                if due <= time && first.map_or(true, |first| this < first) {
                    first = Some(this);
                }
            }
            let Some((due, _, _, place)) = first else {
                return;
            };
            let kept = &mut self.windows[place];
            if kept.has_ended || self.plan.only_counts {
                self.windows.remove(place);
            } else if due == kept.last() {
                kept.has_ended = true;
                kept.early = None;
                self.fire(place, Firing::OnTime);
                self.windows[place].count = 0;
            } else {
                let every = self.plan.every.unwrap();
                let next = match kept.end {
                    i64::MAX => next_multiple(time, every),
                    _ => due.saturating_add(every),
                };
                kept.early = Some(next.min(kept.last()));
                if kept.end == i64::MAX && matches!(self.plan.kind, Kind::Global) {
                    assert!(!fired_early.contains(&kept.key), "once a watermark");
                    fired_early.push(kept.key);
                }
                self.fire(place, Firing::Early);
            }
        }
    }
}

fn next_multiple(time: i64, every: i64) -> i64 {
    let (time, every) = (i128::from(time), i128::from(every));
    let next = (time.div_euclid(every) + 1) * every;
    next.min(i64::MAX.into()) as i64
}

fn oracle(plan: Plan, steps: &[Step], result_of: &dyn Fn(&[i64]) -> String) -> Outcome {
    let mut oracle = Oracle {
        plan,
        result_of,
        watermark: i64::MIN,
        windows: Vec::new(),
        outcome: Outcome::default(),
    };
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Record { key, time, item } => oracle.record(key, time, item, number as u64),
            Step::Watermark(time) => oracle.advance(time),
        }
        let live = oracle.windows.len();
        oracle.outcome.live.push(live);
    }
    oracle.outcome
}

// ---- the store -----------------------------------------------------------

fn run<A>(kind: &impl WindowKind<Item>, plan: Plan, steps: &[Step], aggregate: &A) -> Outcome
where
    A: Aggregate<Item>,
    A::Output: fmt::Debug,
{
    let lateness = Lateness::from_nanos(plan.lateness).unwrap();
    let mut store = kind.store::<u8, A>(lateness, StateLimit::new(2, 100), aggregate);
    let mut outcome = Outcome::default();
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Record { key, time, item } => {
                let arrival = Arrival {
                    time: Timestamp::from_nanos(*time),
                    value: item,
                    number: number as u64,
                };
                let at_hand = match plan.short_way {
                    true => store.at_hand(arrival.time, key),
                    false => None,
                };
                let added = match at_hand {
                    Some(accumulator) => {
                        arrival.fold_into(aggregate, accumulator);
                        assert!(!store.has_due());
                        Added::Kept
                    }
                    None => store.add(aggregate, *key, arrival),
                };
                outcome.added.push(added);
            }
            Step::Watermark(time) => {
                let anything = store.advance(Timestamp::from_nanos(*time));
                assert_eq!(anything, store.has_due());
            }
        }
        while store.has_due() {
            let Some(fired) = store.next_due(aggregate) else {
                continue;
            };
            let (start, end) = (fired.window.start().nanos(), fired.window.end().nanos());
            let text = result(start, end, fired.firing, &fired.value);
            outcome.results.entry(fired.key).or_default().push(text);
        }
        outcome.live.push(store.stats().panes);
    }
    if store.watermark() == Timestamp::MAX {
        assert_eq!((store.stats().panes, store.stats().keys), (0, 0));
    }
    outcome
}

fn run_kind<A>(plan: Plan, steps: &[Step], aggregate: &A) -> Outcome
where
    A: Aggregate<Item>,
    A::Output: fmt::Debug,
{
    fn own_gap(item: &Item) -> Duration {
        Duration::from_nanos(item.gap)
    }
    let trigger = plan.trigger();
    match plan.kind {
        Kind::Session(gap) => {
            let session = Session::from_nanos(gap).unwrap();
            match trigger == Trigger::event_time() {
                true => run(&session, plan, steps, aggregate),
                false => run(&Triggered::new(session, trigger), plan, steps, aggregate),
            }
        }
        Kind::OwnGap => {
            let session = Session::with_gap_of(own_gap as fn(&Item) -> Duration);
            run(&Triggered::new(session, trigger), plan, steps, aggregate)
        }
        Kind::Global => run(&Triggered::new(Global, trigger), plan, steps, aggregate),
        Kind::Tumbling(size) => {
            let tumbling = Tumbling::from_nanos(size).unwrap();
            run(&Triggered::new(tumbling, trigger), plan, steps, aggregate)
        }
        Kind::Overlapping(size, slide) => {
            let overlapping = Overlapping { size, slide };
            run(
                &Triggered::new(overlapping, trigger),
                plan,
                steps,
                aggregate,
            )
        }
    }
}

// ---- what is tried -------------------------------------------------------

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => (1i64..25).prop_map(Kind::Session),
        3 => Just(Kind::OwnGap),
        1 => Just(Kind::Global),
        1 => (1i64..40).prop_map(Kind::Tumbling),
        2 => (1i64..40, 1i64..25).prop_map(|(size, slide)| Kind::Overlapping(size, slide)),
    ]
}

fn plans() -> impl Strategy<Value = Plan> {
    let lateness = prop_oneof![
        3 => Just(0), 4 => 1i64..60, 1 => Just(i64::MAX)
    ];
    let triggers = (
        prop::bool::weighted(0.2),
        prop::option::weighted(0.5, 1i64..30),
        prop::option::weighted(0.4, 1u32..5),
    );
    (kinds(), lateness, triggers, any::<bool>(), any::<bool>()).prop_map(
        |(kind, lateness, (only_counts, every, count), discards, short_way)| Plan {
            kind,
            lateness,
            only_counts: only_counts && count.is_some(),
            every,
            count,
            discards,
            short_way,
        },
    )
}

/// Records around the watermark, most of them near it, and jumps of both.
fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0u8..4, -40i64..25, 0u64..20, -9i64..10).prop_map(|(key, ahead, gap, value)| {
            (Some((key, Item { value, gap })), ahead)
        }),
        3 => (0i64..20).prop_map(|rise| (None, rise)),
        1 => (-5i64..120).prop_map(|rise| (None, rise)),
    ];
    (
        -100i64..100,
        prop::collection::vec(step, 0..most),
        any::<bool>(),
    )
        .prop_map(|(mut now, steps, ends)| {
            let mut all = Vec::new();
            for (record, offset) in steps {
                match record {
                    Some((key, item)) => {
                        let time = now + offset;
                        all.push(Step::Record { key, time, item });
                    }
                    None => {
                        now += offset;
                        all.push(Step::Watermark(now));
                    }
                }
            }
            if ends {
                all.push(Step::Watermark(i64::MAX));
            }
            all
        })
}

/// The same steps, so that the first or the last of them lie at an end of time.
fn at_an_end_of_time(steps: &[Step], is_first: bool) -> Vec<Step> {
    let moved = |time: i64| match (time, is_first) {
        (i64::MAX, _) => i64::MAX,
        (time, true) => i64::MIN.saturating_add(time.max(-150) + 120),
        (time, false) => i64::MAX.saturating_add(time.min(400) - 200),
    };
    steps
        .iter()
        .map(|step| match *step {
            Step::Record { key, time, item } => Step::Record {
                key,
                time: moved(time),
                item,
            },
            Step::Watermark(time) => Step::Watermark(moved(time)),
        })
        .collect()
}

fn compare(plan: Plan, steps: &[Step]) -> Result<(), TestCaseError> {
    let sum = |values: &[i64]| format!("{:?}", values.iter().map(|&v| i128::from(v)).sum::<i128>());
    let max = |values: &[i64]| format!("{:?}", values.iter().max().unwrap());
    let list = |values: &[i64]| format!("{values:?}");
    prop_assert_eq!(
        run_kind(plan, steps, &InOrder),
        oracle(plan, steps, &list),
        "in order"
    );
    prop_assert_eq!(
        run_kind(plan, steps, &Sum::of(|item: &Item| item.value)),
        oracle(plan, steps, &sum),
        "sum"
    );
    prop_assert_eq!(
        run_kind(plan, steps, &Max::of(|item: &Item| item.value)),
        oracle(plan, steps, &max),
        "max"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn windows_agree_with_the_oracle(plan in plans(), steps in steps(120)) {
        compare(plan, &steps)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn windows_agree_with_the_oracle_at_the_ends_of_time(
        plan in plans(),
        steps in steps(60),
        is_first in any::<bool>(),
        gap in prop_oneof![Just(u64::MAX), Just(1 << 62), 0u64..9],
    ) {
        // The assigner of this test does not know the ends of time.
        prop_assume!(!matches!(plan.kind, Kind::Overlapping(..)));
        let mut plan = plan;
        if let Kind::Session(_) = plan.kind {
            plan.kind = Kind::Session(i64::try_from(gap).unwrap_or(i64::MAX).max(1));
        }
        if is_first && gap > 9 {
            // A result for each of so many multiples would take for ever.
            plan.every = None;
        }
        compare(plan, &at_an_end_of_time(&steps, is_first))?;
    }

    /// When nothing comes late, sessions are what sorting all records first would
    /// make of them, however they and the watermarks came. (The watermark stays
    /// an instant further behind than it need: a record that only touches a
    /// session may come just after the watermark has completed it.)
    #[test]
    fn sessions_do_not_depend_on_the_order_of_records(
        gap in 1i64..20,
        records in prop::collection::vec((0u8..3, -100i64..200, -9i64..10), 1..150),
        disorder in prop::collection::vec(0i64..60, 150),
        watermarks in prop::collection::vec(any::<bool>(), 150),
    ) {
        let session = Session::from_nanos(gap).unwrap();
        let mut arrivals: Vec<_> = records.iter().zip(&disorder).collect();
        arrivals.sort_by_key(|((_, time, _), delay)| time + **delay);
        let mut steps = Vec::new();
        for (place, &(&(key, time, value), _)) in arrivals.iter().enumerate() {
            steps.push(Step::Record { key, time, item: Item { value, gap: 0 } });
            let rest = arrivals[place + 1..].iter().map(|((_, time, _), _)| *time);
            if let (true, Some(next)) = (watermarks[place], rest.min()) {
                steps.push(Step::Watermark(next - 2));
            }
        }
        steps.push(Step::Watermark(i64::MAX));
        let plan = Plan {
            kind: Kind::Session(gap),
            lateness: 0,
            only_counts: false,
            every: None,
            count: None,
            discards: false,
            short_way: true,
        };
        let outcome = run(&session, plan, &steps, &Sum::of(|item: &Item| item.value));
        prop_assert!(outcome.added.iter().all(|added| *added == Added::Kept));

        let mut expected: BTreeMap<u8, Vec<String>> = BTreeMap::new();
        for key in 0..3 {
            let own: Vec<_> = records.iter().filter(|record| record.0 == key).collect();
            let alone = own.iter().map(|record| window(record.1, record.1 + gap));
            for session in merge_touching(alone) {
                let inside = own.iter().filter(|r| session.contains(Timestamp::from_nanos(r.1)));
                let sum: i128 = inside.map(|record| i128::from(record.2)).sum();
                let (start, end) = (session.start().nanos(), session.end().nanos());
                let text = result(start, end, Firing::OnTime, &sum);
                expected.entry(key).or_default().push(text);
            }
        }
        prop_assert_eq!(outcome.results, expected);
    }
}
