//! Tumbling windows against a slow, obvious oracle that shares no code with
//! them: a map from (window, key) to count, closed by hand.

use fluxus_windows::{Added, StateLimit, Timestamp, Tumbling, TumblingWindows};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Record {
        time: i64,
        key: u8,
    },
    Watermark(i64),
    /// Hand out at most so many closed cells: closing is resumable.
    Take(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (-60i64..200, 0u8..40).prop_map(|(time, key)| Step::Record { time, key }),
        2 => (-80i64..260).prop_map(Step::Watermark),
        2 => (0usize..6).prop_map(Step::Take),
    ];
    prop::collection::vec(step, 0..400)
}

type Row = (i64, i64, u8, u64);

#[derive(Default)]
struct Oracle {
    open: BTreeMap<(i64, u8), u64>,
    watermark: Option<i64>,
    late: u64,
}

impl Oracle {
    fn start_of(time: i64, size: i64, offset: i64) -> i64 {
        let mut start = offset - 1_000 * size;
        while start + size <= time {
            start += size;
        }
        start
    }

    fn record(&mut self, start: i64, size: i64, key: u8) {
        if self.watermark.is_some_and(|w| start + size - 1 <= w) {
            self.late += 1;
        } else {
            *self.open.entry((start, key)).or_default() += 1;
        }
    }

    fn close(&mut self, size: i64) -> Vec<Row> {
        let Some(watermark) = self.watermark else {
            return Vec::new();
        };
        let due: Vec<_> = self
            .open
            .keys()
            .filter(|(start, _)| start + size - 1 <= watermark)
            .copied()
            .collect();
        due.into_iter()
            .map(|at| (at.0, at.0 + size, at.1, self.open.remove(&at).unwrap()))
            .collect()
    }
}

fn row(closed: fluxus_windows::ClosedCell<u8, u64>) -> Row {
    (
        closed.window.start().nanos(),
        closed.window.end().nanos(),
        closed.key,
        closed.accumulator,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn windows_agree_with_the_oracle(
        size in 1i64..50,
        shift in -49i64..50,
        expected in 0usize..40,
        steps in steps(),
    ) {
        let offset = shift % size;
        let zero = || 0u64;
        let tumbling = Tumbling::new(Duration::from_nanos(size as u64))
            .and_then(|t| t.with_offset_ns(offset))
            .unwrap();
        let mut windows = TumblingWindows::new(tumbling, StateLimit::new(expected, 64));
        let mut oracle = Oracle::default();
        let (mut rows, mut expected_rows, mut late) = (Vec::new(), Vec::new(), 0);
        for step in steps {
            match step {
                Step::Record { time, key } => {
                    let added = windows.update(
                        Timestamp::from_nanos(time), key, &zero, |count| *count += 1);
                    prop_assert_ne!(added, Added::Refused);
                    late += u64::from(added == Added::Late);
                    oracle.record(Oracle::start_of(time, size, offset), size, key);
                }
                Step::Watermark(time) => {
                    windows.advance(Timestamp::from_nanos(time));
                    oracle.watermark = oracle.watermark.max(Some(time));
                    expected_rows.extend(oracle.close(size));
                }
                Step::Take(most) => {
                    for _ in 0..most {
                        rows.extend(windows.next_closed().map(row));
                    }
                }
            }
        }
        windows.advance(Timestamp::MAX);
        while let Some(closed) = windows.next_closed() {
            rows.push(row(closed));
        }
        oracle.watermark = Some(i64::MAX);
        expected_rows.extend(oracle.close(size));

        let mut windows_in_order = rows.clone();
        windows_in_order.sort_by_key(|row| row.1);
        prop_assert_eq!(
            rows.iter().map(|r| r.1).collect::<Vec<_>>(),
            windows_in_order.iter().map(|r| r.1).collect::<Vec<_>>(),
            "windows come in the order of their ends"
        );
        rows.sort_unstable();
        expected_rows.sort_unstable();
        prop_assert_eq!(rows, expected_rows);
        prop_assert_eq!(late, oracle.late);
        prop_assert_eq!((windows.stats().panes, windows.stats().keys), (0, 0));
    }
}

/// Keys that come and go do not pile up: a window that has closed leaves none
/// behind, and memory is that of a window.
#[test]
fn a_closed_window_leaves_no_key_behind() {
    let zero = || 0u64;
    let tumbling = Tumbling::new(Duration::from_nanos(10)).unwrap();
    let mut windows = TumblingWindows::new(tumbling, StateLimit::new(0, 1 << 20));
    let mut rows = 0;
    for window in 0..1_000i64 {
        for n in 0..100i64 {
            let at = Timestamp::from_nanos(window * 10 + n % 10);
            windows.update(at, window * 100 + n, &zero, |count| *count += 1);
        }
        windows.advance(Timestamp::from_nanos(window * 10 + 9));
        while windows.next_closed().is_some() {
            rows += 1;
        }
        assert_eq!(windows.stats().keys, 0);
    }
    assert_eq!(windows.stats().keys_high_water, 100);
    assert_eq!(rows, 100_000);
}

/// At the limit of a window records are refused, and those of its keys are not;
/// the next one has room again.
#[test]
fn the_limit_refuses_new_keys_and_keeps_the_old() {
    let zero = || 0u64;
    let tumbling = Tumbling::new(Duration::from_nanos(10)).unwrap();
    let mut windows = TumblingWindows::new(tumbling, StateLimit::new(4, 4));
    let add = |windows: &mut TumblingWindows<u64, u64>, time, key| {
        windows.update(Timestamp::from_nanos(time), key, &zero, |count| *count += 1)
    };
    for key in 0..4 {
        assert_eq!(add(&mut windows, 1, key), Added::Kept);
    }
    assert_eq!(add(&mut windows, 1, 9), Added::Refused);
    assert_eq!(add(&mut windows, 1, 3), Added::Kept);
    windows.advance(Timestamp::from_nanos(9));
    let mut closed = Vec::new();
    while let Some(cell) = windows.next_closed() {
        closed.push((cell.key, cell.accumulator));
    }
    assert_eq!(closed, [(0, 1), (1, 1), (2, 1), (3, 2)]);
    for key in 10..14 {
        assert_eq!(add(&mut windows, 11, key), Added::Kept, "old keys are gone");
    }
    assert_eq!(add(&mut windows, 11, 14), Added::Refused);
}
