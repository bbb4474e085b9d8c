//! What windows that overlap cost: merges a key and close, work on a jump of
//! the watermark, keys and slices held.

use fluxus_windows::{
    Added, Aggregate, Arrival, Cumulating, Lateness, Sliding, SlidingWindows, StateLimit,
    Timestamp, WindowKind, WindowStore,
};
use std::cell::Cell;

/// Sums, and counts what is done for it.
struct Counting<const RETRACTS: bool> {
    created: Cell<u64>,
    merged: Cell<u64>,
}

impl<const RETRACTS: bool> Counting<RETRACTS> {
    fn new() -> Self {
        let (created, merged) = Default::default();
        Self { created, merged }
    }
}

impl<const RETRACTS: bool> Aggregate<i64> for Counting<RETRACTS> {
    type Accumulator = i64;
    type Output = i64;
    const RETRACTS: bool = RETRACTS;

    fn create(&self) -> i64 {
        self.created.set(self.created.get() + 1);
        0
    }
    fn add(&self, sum: &mut i64, value: &i64) {
        *sum += value;
    }
    fn merge(&self, sum: &mut i64, other: i64) {
        self.merged.set(self.merged.get() + 1);
        *sum += other;
    }
    fn retract(&self, sum: &mut i64, other: &i64) {
        self.merged.set(self.merged.get() + 1);
        *sum -= other;
    }
    fn finish(&self, sum: i64) -> i64 {
        sum
    }
}

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

fn add<A: Aggregate<i64>>(
    store: &mut SlidingWindows<i64, A::Accumulator>,
    aggregate: &A,
    time: i64,
    key: i64,
) -> Added {
    let arrival = Arrival {
        time: at(time),
        value: &1,
        number: 0,
    };
    store.add(aggregate, key, arrival)
}

/// The most merges and retractions that one window cost, for each of its keys,
/// and the mean, rounded up. The watermark moves by `jump` windows at a time.
fn costs<const RETRACTS: bool>(sliding: Sliding, jump: i64) -> (u64, u64) {
    const KEYS: i64 = 3;
    let (size, slide) = (sliding.size_ns(), sliding.slide_ns());
    let aggregate = Counting::<RETRACTS>::new();
    let limit = StateLimit::new(16, 16);
    let mut store = WindowKind::<i64>::store(&sliding, Lateness::NONE, limit, &aggregate);
    let (mut most, mut total, mut windows) = (0, 0, 0);
    let (mut merged, mut last_end) = (0, i64::MIN);
    let until = 3 * size + 20 * slide;
    for time in 0..until {
        for key in 0..KEYS {
            assert_eq!(add(&mut store, &aggregate, time, key), Added::Kept);
        }
        if time % (slide * jump) == slide * jump - 1 {
            store.advance(at(time));
            while let Some(fired) = store.next_due(&aggregate) {
                let end = fired.window.end().nanos();
                assert_eq!(fired.value, end - fired.window.start().nanos().max(0));
                if end != last_end && last_end != i64::MIN {
                    let cost = aggregate.merged.get() - merged;
                    merged = aggregate.merged.get();
                    most = cost.max(most);
                    total += cost;
                    windows += 1;
                }
                last_end = end;
            }
        }
    }
    let keys = KEYS as u64;
    assert!(windows >= 10, "only {windows} windows");
    (most.div_ceil(keys), total.div_ceil(keys * windows))
}

#[test]
fn a_close_costs_each_key_a_few_merges_whatever_the_sizes() {
    for (ratio, rest, most_merged, most_retracted) in [
        // One slice: it is the window.
        (1, 0, 0, 0),
        (2, 0, 1, 1),
        (3, 0, 2, 2),
        (10, 0, 4, 2),
        (11, 0, 4, 2),
        (60, 0, 4, 2),
        (1000, 0, 4, 2),
        (1001, 0, 4, 2),
        // Two slices a slide.
        (1, 1, 2, 2),
        (2, 1, 4, 4),
        (3, 1, 7, 4),
        (10, 1, 7, 4),
        (61, 1, 7, 4),
        (1000, 1, 7, 4),
    ] {
        for jump in [1, 7] {
            let slide = 2;
            let size = ratio * slide + rest;
            let sliding = Sliding::from_nanos(size, slide).unwrap();
            let case = format!("ratio {ratio}, rest {rest}, jump {jump}");
            let (most, mean) = costs::<false>(sliding, jump);
            assert!(most <= most_merged, "merging: {case}: {most}, mean {mean}");
            let (most, mean) = costs::<true>(sliding, jump);
            assert!(
                most <= most_retracted,
                "retracting: {case}: {most}, mean {mean}"
            );
        }
    }
    for steps in [1, 2, 10, 1000] {
        let cumulating = Cumulating::from_nanos(2, 2 * steps).unwrap();
        let aggregate = Counting::<false>::new();
        let mut store = WindowKind::<i64>::store(
            &cumulating,
            Lateness::NONE,
            StateLimit::new(4, 4),
            &aggregate,
        );
        for time in 0..6 * steps {
            add(&mut store, &aggregate, time, 0);
            store.advance(at(time));
            let before = aggregate.merged.get();
            while store.next_due(&aggregate).is_some() {}
            assert!(aggregate.merged.get() - before <= 1, "{steps} steps");
        }
    }
}

/// Two records centuries apart: only the windows that hold one of them cost
/// anything. (Slide by slide this would not end.)
#[test]
fn a_jump_of_the_watermark_costs_by_windows_that_hold_something() {
    for lateness in [Lateness::NONE, Lateness::from_nanos(5).unwrap()] {
        for ratio in [2, 10, 100] {
            let sliding = Sliding::from_nanos(ratio, 1).unwrap();
            let aggregate = Counting::<false>::new();
            let limit = StateLimit::new(4, 4);
            let mut store = WindowKind::<i64>::store(&sliding, lateness, limit, &aggregate);
            for time in [i64::MIN + 1_000, 0, i64::MAX / 2] {
                add(&mut store, &aggregate, time, 1);
            }
            store.advance(Timestamp::MAX);
            let mut results = 0;
            while store.next_due(&aggregate).is_some() {
                results += 1;
            }
            assert_eq!(results, 3 * ratio);
            let merged = aggregate.merged.get();
            assert_eq!(merged, 0, "a window of one record merges nothing");
            let created = aggregate.created.get();
            assert!(created < 64 * 40, "ratio {ratio}: {created} cells made");
            assert_eq!(store.stats().panes, 0);
        }
    }
}

/// What is held is what live slices hold, whatever has passed before.
#[test]
fn keys_and_slices_leave_with_the_windows_that_hold_them() {
    fn check<const RETRACTS: bool>(ratio: i64, lateness: i64) {
        const NEW_KEYS: i64 = 20;
        let sliding = Sliding::from_nanos(10 * ratio, 10).unwrap();
        let aggregate = Counting::<RETRACTS>::new();
        let allowed = Lateness::from_nanos(lateness).unwrap();
        let limit = StateLimit::new(0, 1 << 20);
        let mut store = WindowKind::<i64>::store(&sliding, allowed, limit, &aggregate);
        let live = ratio + lateness / 10 + 2;
        for slide in 0..300 {
            for n in 0..NEW_KEYS {
                // One key in all slides, the others in one.
                let key = if n == 0 { -1 } else { slide * NEW_KEYS + n };
                assert_eq!(
                    add(&mut store, &aggregate, slide * 10 + n % 10, key),
                    Added::Kept
                );
            }
            store.advance(at(slide * 10 + 9));
            while store.next_due(&aggregate).is_some() {}
            WindowStore::<i64, i64, Counting<RETRACTS>>::tidy(&mut store);
            let stats = store.stats();
            let case = format!("ratio {ratio}, lateness {lateness}: {stats:?}");
            assert!(stats.keys as i64 <= 2 * NEW_KEYS * live, "{case}");
            assert!(stats.panes as i64 <= live, "{case}");
        }
        store.advance(Timestamp::MAX);
        while store.next_due(&aggregate).is_some() {}
        assert_eq!(store.stats().panes, 0);
    }
    for ratio in [1, 3, 8, 9, 40] {
        for lateness in [0, 35] {
            check::<false>(ratio, lateness);
            check::<true>(ratio, lateness);
        }
    }
}

/// At the limit, keys that nothing holds make room; then records are refused,
/// and the windows that are open are untouched.
#[test]
fn the_limit_refuses_new_keys_and_keeps_the_old() {
    for ratio in [1, 2, 8] {
        let sliding = Sliding::from_nanos(10 * ratio, 10).unwrap();
        let aggregate = Counting::<false>::new();
        let limit = StateLimit::new(4, 4);
        let mut store = WindowKind::<i64>::store(&sliding, Lateness::NONE, limit, &aggregate);
        for key in 0..4 {
            assert_eq!(add(&mut store, &aggregate, 1, key), Added::Kept);
        }
        assert_eq!(add(&mut store, &aggregate, 11, 9), Added::Refused);
        assert_eq!(add(&mut store, &aggregate, 1, 3), Added::Kept);
        store.advance(at(10 * ratio - 1));
        let mut rows = Vec::new();
        while let Some(fired) = store.next_due(&aggregate) {
            rows.push((fired.key, fired.value));
        }
        let expected = [(0, 1), (1, 1), (2, 1), (3, 2)];
        assert_eq!(rows, expected.repeat(ratio as usize), "ratio {ratio}");
        for key in 10..14 {
            let added = add(&mut store, &aggregate, 10 * ratio + 1, key);
            assert_eq!(added, Added::Kept, "old keys made room");
        }
        let added = add(&mut store, &aggregate, 10 * ratio + 1, 14);
        assert_eq!(added, Added::Refused);
    }
}
