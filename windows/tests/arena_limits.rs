//! The arena where it is tightest: at the key limit, with hashes that do not
//! tell keys apart, and at the ends of time.

use fluxus_windows::{Added, StateLimit, Timestamp, Tumbling, TumblingWindows, Window};
use std::hash::{Hash, Hasher};
use std::time::Duration;

type Counts<K> = TumblingWindows<K, u32>;

fn zero() -> u32 {
    0
}

fn windows<K: Hash + Eq + Clone>(size_ns: u64, limit: usize) -> Counts<K> {
    let tumbling = Tumbling::new(Duration::from_nanos(size_ns)).unwrap();
    TumblingWindows::new(tumbling, StateLimit::new(limit.min(1024), limit))
}

fn count<K: Hash + Eq + Clone>(windows: &mut Counts<K>, time: i64, key: K) -> Added {
    let time = Timestamp::from_nanos(time);
    // As the engine does: the short way first.
    if let Some(count) = windows.at_hand(time, &key) {
        *count += 1;
        return Added::Kept;
    }
    windows.update(time, key, &zero, |count| *count += 1)
}

/// Everything that has closed, as (start, key, count).
fn closed<K: Hash + Eq + Clone>(windows: &mut Counts<K>) -> Vec<(i64, K, u32)> {
    std::iter::from_fn(|| windows.next_closed())
        .map(|cell| (cell.window.start().nanos(), cell.key, cell.accumulator))
        .collect()
}

/// The limit holds for each window: one that is half emptied takes no room from
/// another, and loses none of its keys to it.
#[test]
fn a_half_emptied_window_and_a_full_one_do_not_disturb_each_other() {
    let mut windows = windows(10, 2);
    for time in [1, 11] {
        for key in ["a", "b"] {
            assert_eq!(count(&mut windows, time, key), Added::Kept);
        }
        assert_eq!(count(&mut windows, time, "c"), Added::Refused);
    }
    windows.advance(Timestamp::from_nanos(9));
    assert_eq!(closed(&mut windows), [(0, "a", 1), (0, "b", 1)]);
    windows.advance(Timestamp::from_nanos(19));
    assert_eq!(windows.next_closed().unwrap().key, "a");
    for key in ["c", "d"] {
        assert_eq!(count(&mut windows, 21, key), Added::Kept);
    }
    assert_eq!(count(&mut windows, 21, "b"), Added::Refused);
    assert_eq!(closed(&mut windows), [(10, "b", 1)]);
    assert_eq!(
        count(&mut windows, 21, "b"),
        Added::Refused,
        "the room of another window is not this one's"
    );
    assert_eq!(count(&mut windows, 21, "c"), Added::Kept);
    windows.advance(Timestamp::MAX);
    assert_eq!(closed(&mut windows), [(20, "c", 2), (20, "d", 1)]);
    assert_eq!(windows.stats().keys, 0);
    assert_eq!(windows.stats().keys_high_water, 4);
}

/// A key whose `Hash` leaves a part of it out, which is legal.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Reading {
    hour: i64,
    id: u32,
}

impl Hash for Reading {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hour.hash(state);
    }
}

/// Hundreds of keys whose hashes are equal, hour after hour: no look-up goes
/// astray, and none goes on for ever.
#[test]
fn keys_that_hash_alike_are_counted_hour_after_hour() {
    let mut windows = windows(10, 1 << 20);
    for hour in 0..100 {
        for id in 0..400 {
            assert_eq!(
                count(&mut windows, hour * 10, Reading { hour, id }),
                Added::Kept
            );
        }
        windows.advance(Timestamp::from_nanos(hour * 10 + 9));
        let rows = closed(&mut windows);
        assert_eq!(rows.len(), 400);
        assert!(rows.iter().all(|row| row.0 == hour * 10 && row.2 == 1));
    }
}

/// 7 divides 2^63 - 1: the last whole window ends at the last instant, which
/// lies in the next one, cut off.
#[test]
fn the_last_instant_lies_in_a_window_of_its_own() {
    let mut windows = windows(7, 16);
    for time in [i64::MAX - 2, i64::MAX - 1, i64::MAX] {
        assert_eq!(count(&mut windows, time, ()), Added::Kept);
    }
    let last = windows.slice_of(Timestamp::MAX);
    assert_eq!(last, Window::new(Timestamp::MAX, Timestamp::MAX));
    windows.advance(Timestamp::MAX);
    assert_eq!(
        closed(&mut windows),
        [(i64::MAX - 7, (), 2), (i64::MAX, (), 1)]
    );
}

/// 4 divides 2^63: the last window would end just after the last instant, and
/// holds it, also when no window before it is open.
#[test]
fn the_last_window_holds_the_last_instant() {
    let mut windows = windows(4, 16);
    for _ in 0..3 {
        assert_eq!(count(&mut windows, i64::MAX, ()), Added::Kept);
    }
    windows.advance(Timestamp::MAX);
    assert_eq!(closed(&mut windows), [(i64::MAX - 3, (), 3)]);
}

/// Tens of thousands of open windows: opening and closing one does not cost a
/// look at all the others. (At the square of their number this would not end.)
#[test]
fn many_open_windows_close_one_after_another() {
    const WINDOWS: i64 = 200_000;
    let mut windows = windows(10, 16);
    for window in 0..WINDOWS {
        assert_eq!(count(&mut windows, window * 10, ()), Added::Kept);
    }
    assert_eq!(windows.stats().panes, WINDOWS as usize);
    windows.advance(Timestamp::MAX);
    let rows = closed(&mut windows);
    assert_eq!(rows.len(), WINDOWS as usize);
    assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0));
}
