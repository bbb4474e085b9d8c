//! Every kind of window, with and without lateness, says the same however it is
//! driven: one record at a time or all at once, into a downstream that is full
//! at every other call, fused or behind rings on several workers.

mod harness;

use fluxus_core::operator::{WindowAggregate, WindowResult};
use fluxus_core::windows::aggregate::{Collect, Max, Sum};
use fluxus_core::windows::{
    Aggregate, CountSliding, CountTumbling, Cumulating, Global, Lateness, Session, Sliding,
    Trigger, Triggered, Tumbling, WindowKind,
};
use harness::*;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

/// Records a little out of order, now and then very late; watermarks between
/// them that trail, jump, and once go back.
fn long_script() -> Vec<Said<i64>> {
    let mut state = 12_345u64;
    let mut dice = move |sides: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % sides) as i64
    };
    let mut now = -60;
    let mut script = Vec::new();
    for value in 0..300 {
        now += match dice(20) {
            0 => 70,
            1..=6 => dice(9),
            _ => dice(2),
        };
        let behind = match dice(8) {
            0 => dice(60),
            _ => dice(5),
        };
        script.push(Record(now - behind, value));
        match dice(12) {
            0..=3 => script.push(At(now - 6)),
            4 => script.push(At(now - 40)),
            5 => script.push(Quiet),
            _ => {}
        }
    }
    script
}

/// What is told of each key, in its order. The rows that one late record sets
/// free have the same place in it however they are driven, too.
fn by_key<K: Ord + Copy, V: Clone>(
    said: &[Said<WindowResult<K, V>>],
) -> BTreeMap<K, Vec<WindowResult<K, V>>> {
    let mut rows: BTreeMap<K, Vec<_>> = BTreeMap::new();
    for line in said {
        if let Record(_, row) = line {
            rows.entry(row.key).or_default().push(row.clone());
        }
    }
    rows
}

fn holds_for<W, A>(what: &str, windows: W, lateness: i64, aggregate: A)
where
    W: WindowKind<i64>,
    A: Aggregate<i64> + Clone + Send + 'static,
    A::Output: Clone + Debug + PartialEq + Send + 'static,
{
    let script = long_script();
    let lateness = Lateness::from_nanos(lateness).unwrap();
    let build = |head| {
        let key = |n: &i64| n % 3;
        WindowAggregate::new(
            name(),
            head,
            key,
            windows.clone(),
            lateness,
            aggregate.clone(),
        )
    };
    let plainest = heard(drives()[0], &script, build);
    let expected = by_key(&plainest);
    let rows: usize = expected.values().map(Vec::len).sum();
    assert!(rows > 3, "{what}: hardly a row, so that this shows nothing");
    for (turn, drive) in drives().into_iter().enumerate() {
        let found = heard(drive, &script, build);
        assert_eq!(by_key(&found), expected, "{what}, {drive:?}");
        // Rings take their time; each way to drive has one of the two.
        if turn % 2 == 0 {
            let workers = 2 + turn / 2 % 2;
            let drive = Drive { workers, ..drive };
            let mut found = BTreeMap::new();
            for part in heard_by_all(drive, std::slice::from_ref(&script), build) {
                found.append(&mut by_key(&part));
            }
            assert_eq!(found, expected, "{what}, {drive:?}");
        }
    }
    for wanted in [1, 2, rows / 2, rows] {
        for mood in [Mood::Wants(wanted), Mood::WantsSlowly(wanted)] {
            let drive = Drive {
                mood,
                ..drives()[0]
            };
            let found = heard(drive, &script, build);
            let rows = found
                .iter()
                .filter(|line| matches!(line, Record(..)))
                .count();
            assert_eq!(rows, wanted, "{what}, {drive:?}");
            assert_eq!(found.last(), Some(&End), "{what}, {drive:?}");
        }
    }
}

/// One aggregate of each sort: it can be taken back, it cannot, it grows and
/// keeps the order of arrival.
fn holds_for_every_aggregate<W: WindowKind<i64>>(what: &str, windows: W, lateness: i64) {
    holds_for(
        &format!("{what}, sum"),
        windows.clone(),
        lateness,
        Sum::of(|n: &i64| *n),
    );
    holds_for(
        &format!("{what}, max"),
        windows.clone(),
        lateness,
        Max::of(|n: &i64| *n),
    );
    holds_for(
        &format!("{what}, all"),
        windows,
        lateness,
        Collect::records(),
    );
}

#[test]
fn tumbling() {
    let tumbling = Tumbling::from_nanos(10)
        .unwrap()
        .with_offset_ns(-3)
        .unwrap();
    for lateness in [0, 7, 100, i64::MAX] {
        holds_for_every_aggregate(
            &format!("tumbling, lateness {lateness}"),
            tumbling,
            lateness,
        );
    }
}

#[test]
fn sliding() {
    for (size, slide, offset) in [(30, 10, 0), (7, 3, -2), (3, 10, 4), (40, 1, 0), (10, 10, 1)] {
        let windows = Sliding::from_nanos(size, slide).unwrap();
        let windows = windows.with_offset_ns(offset).unwrap();
        for lateness in [0, 7, i64::MAX] {
            let what = format!("{windows}, lateness {lateness}");
            holds_for_every_aggregate(&what, windows, lateness);
        }
    }
}

#[test]
fn cumulating() {
    let windows = Cumulating::from_nanos(5, 20)
        .unwrap()
        .with_offset_ns(3)
        .unwrap();
    for lateness in [0, 7, i64::MAX] {
        holds_for_every_aggregate(
            &format!("cumulating, lateness {lateness}"),
            windows,
            lateness,
        );
    }
}

#[test]
fn counts() {
    holds_for_every_aggregate("tumbling by 7", CountTumbling::of(7).unwrap(), 0);
    for (size, slide) in [(7, 3), (3, 7), (12, 1)] {
        let windows = CountSliding::new(size, slide).unwrap();
        holds_for_every_aggregate(&format!("the last {size} of every {slide}"), windows, 0);
    }
    let rest = CountSliding::new(40, 25).unwrap().with_rest();
    holds_for_every_aggregate("with the rest", rest, 0);
}

#[test]
fn sessions() {
    let fixed = Session::from_nanos(6).unwrap();
    let by_record = Session::with_gap_of(|n: &i64| Duration::from_nanos(2 + n.unsigned_abs() % 9));
    for lateness in [0, 20, i64::MAX] {
        holds_for_every_aggregate(&format!("session, lateness {lateness}"), fixed, lateness);
        let what = format!("gap by record, lateness {lateness}");
        holds_for_every_aggregate(&what, by_record, lateness);
    }
}

#[test]
fn triggers() {
    let triggers = [
        Trigger::event_time().discarding(),
        Trigger::event_time().early_every_nanos(7).unwrap(),
        Trigger::event_time().early_count(4).unwrap().discarding(),
        Trigger::count(5).unwrap(),
        Trigger::count(3).unwrap().discarding(),
    ];
    for trigger in triggers {
        for lateness in [0, 15] {
            let what = |windows: &str| format!("{windows}, {trigger}, lateness {lateness}");
            let tumbling = Triggered::new(Tumbling::from_nanos(25).unwrap(), trigger);
            holds_for_every_aggregate(&what("tumbling"), tumbling, lateness);
            let session = Triggered::new(Session::from_nanos(6).unwrap(), trigger);
            holds_for_every_aggregate(&what("session"), session, lateness);
        }
    }
    let counted = Triggered::new(Global, Trigger::count(5).unwrap());
    holds_for_every_aggregate("global", counted, 0);
}
