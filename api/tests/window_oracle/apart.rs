//! What holds when partitions go their own way, whatever the order in which
//! they meet.

use super::compare::Found;
use super::pipeline::{Cause, Item, Pipeline, Record, Row, Value, Watermarks, Windows};
use super::semantics::{expected, Expected};
use std::collections::{BTreeMap, BTreeSet};

/// The numbers of the records in a result.
fn ids(row: &Row) -> &[u64] {
    match &row.value {
        Value::Lists { all, .. } => all,
        _ => &[],
    }
}

/// A result in which the order of the records does not show.
fn without_order(row: &Row) -> (u32, i64, i64, Cause, Vec<u64>) {
    let mut sorted = ids(row).to_vec();
    sorted.sort_unstable();
    (row.key, row.start, row.end, row.cause, sorted)
}

/// Where nothing can be late, results are those of all records together.
pub fn calm_difference(pipeline: &Pipeline, found: &Found) -> Option<String> {
    let together = expected(&Pipeline {
        watermarks: Watermarks::Explicit,
        ..pipeline.clone()
    });
    let late: BTreeSet<u64> = found.late.iter().map(|late| late.1).collect();
    let expected_late: BTreeSet<u64> = together.late.values().flatten().copied().collect();
    if late != expected_late || late.len() != found.late.len() {
        return Some(format!(
            "late, expected {expected_late:?}, found {:?}",
            found.late
        ));
    }
    let counted = (late.len() as u64, together.ignored);
    if found.counted != counted {
        let found = found.counted;
        return Some(format!(
            "late and ignored, expected {counted:?}, counted {found:?}"
        ));
    }
    match pipeline.windows.count_records() {
        true => lengths_differ(&together, found),
        false => rows_differ(&together, found),
    }
}

fn rows_differ(together: &Expected, found: &Found) -> Option<String> {
    let mut expected: Vec<_> = together.all_rows().map(without_order).collect();
    let mut rows: Vec<_> = found.rows.iter().map(without_order).collect();
    expected.sort();
    rows.sort();
    let missing: Vec<_> = expected.iter().filter(|row| !rows.contains(row)).collect();
    let surplus: Vec<_> = rows.iter().filter(|row| !expected.contains(row)).collect();
    (rows != expected).then(|| {
        let counts = (expected.len(), rows.len());
        format!("rows, expected and found {counts:?}\nmissing {missing:?}\nsurplus {surplus:?}")
    })
}

/// Which records meet in a window of so many of them is not defined, but how
/// many do is.
fn lengths_differ(together: &Expected, found: &Found) -> Option<String> {
    type Lengths = BTreeMap<u32, Vec<(Cause, usize)>>;
    let mut expected = Lengths::new();
    for row in together.all_rows() {
        let length = (row.cause, ids(row).len());
        expected.entry(row.key).or_default().push(length);
    }
    let mut lengths = Lengths::new();
    for row in &found.rows {
        let length = (row.cause, ids(row).len());
        lengths.entry(row.key).or_default().push(length);
    }
    (lengths != expected).then(|| format!("lengths, expected {expected:?}\nfound {lengths:?}"))
}

/// What holds however late a record is: each is told of in one way.
pub fn difference(pipeline: &Pipeline, found: &Found) -> Option<String> {
    let records: BTreeMap<u64, Record> = pipeline.records().map(|r| (r.id, r)).collect();
    let late: BTreeSet<u64> = found.late.iter().map(|late| late.1).collect();
    if late.len() != found.late.len() || late.len() as u64 != found.counted.0 {
        let counted = found.counted.0;
        return Some(format!("late {:?}, counted {counted}", found.late));
    }
    for row in &found.rows {
        if let Some(fault) = fault_of(pipeline, &records, row) {
            return Some(format!("{fault}: {row}"));
        }
    }
    if pipeline.windows.count_records() {
        return None;
    }
    let kept: BTreeSet<u64> = found.rows.iter().flat_map(ids).copied().collect();
    if let Some(both) = kept.intersection(&late).next() {
        return Some(format!("#{both} is late, and in a result"));
    }
    let told = (kept.len() + late.len()) as u64 + found.counted.1;
    if told != records.len() as u64 {
        let lost = records
            .keys()
            .filter(|id| !kept.contains(id) && !late.contains(id));
        let (lost, ignored): (Vec<_>, u64) = (lost.collect(), found.counted.1);
        return Some(format!(
            "neither in a result nor late {lost:?}, ignored {ignored}"
        ));
    }
    if let Some(id) = late.iter().find(|id| is_in_time(pipeline, **id)) {
        return Some(format!(
            "#{id} is late, but within the bound of its partition"
        ));
    }
    firings_differ(pipeline, found, &late)
}

/// A result holds records of its key and its window, each once.
fn fault_of(
    pipeline: &Pipeline,
    records: &BTreeMap<u64, Record>,
    row: &Row,
) -> Option<&'static str> {
    let different: BTreeSet<u64> = ids(row).iter().copied().collect();
    if different.len() != ids(row).len() || different.is_empty() {
        return Some("a record twice, or none");
    }
    let of_row = |id: &u64| {
        records.get(id).is_some_and(|record| {
            // The end of time cuts off a window that holds that instant too.
            let is_before_end = record.time < row.end || row.end == i64::MAX;
            pipeline.key_of(record) == row.key && row.start <= record.time && is_before_end
        })
    };
    let are_of_row = different.iter().all(of_row);
    (!are_of_row).then_some("a record of another key or window")
}

/// Whether a record cannot be late: no further behind than the bound, in a
/// partition that never paused.
fn is_in_time(pipeline: &Pipeline, id: u64) -> bool {
    let Watermarks::Bounded { bound } = pipeline.watermarks else {
        return false;
    };
    let pauses = |item: &Item| matches!(item, Item::Idle { .. } | Item::Watermark { .. });
    if pipeline.items.iter().any(pauses) {
        return false;
    }
    let Some(late) = pipeline.records().find(|record| record.id == id) else {
        return false;
    };
    let before = pipeline.records().take_while(|record| record.id != id);
    let latest = before.filter(|record| record.partition == late.partition);
    let latest = latest.map(|record| i128::from(record.time)).max();
    latest.map_or(true, |latest| {
        let watermark = latest - i128::from(bound) - 1;
        // The last instant of a window is before the end of time.
        i128::from(late.time).min(i128::from(i64::MAX) - 1) > watermark
    })
}

/// A window fires on time at most once and first; then each result holds more.
fn firings_differ(pipeline: &Pipeline, found: &Found, late: &BTreeSet<u64>) -> Option<String> {
    let mut windows: BTreeMap<(u32, i64, i64), Vec<&Row>> = BTreeMap::new();
    for row in &found.rows {
        let window = (row.key, row.start, row.end);
        windows.entry(window).or_default().push(row);
    }
    for (window, rows) in windows {
        let again = rows.iter().skip(1);
        let is_early = rows.iter().any(|row| row.cause == Cause::Early);
        if is_early || again.clone().any(|row| row.cause != Cause::Late) {
            return Some(format!("the firings of {window:?}: {rows:?}"));
        }
        let grows = |pair: &[&Row]| {
            let before: BTreeSet<u64> = ids(pair[0]).iter().copied().collect();
            let after: BTreeSet<u64> = ids(pair[1]).iter().copied().collect();
            before.is_subset(&after) && before.len() < after.len()
        };
        if !rows.windows(2).all(grows) {
            return Some(format!("a late result that holds no more: {rows:?}"));
        }
        // A record is late for its only window, or in its last result.
        if let (Windows::Tumbling { .. }, Some(last)) = (pipeline.windows, rows.last()) {
            let (key, start, end) = window;
            let is_of_it = |record: &Record| {
                let is_before_end = record.time < end || end == i64::MAX;
                pipeline.key_of(record) == key && start <= record.time && is_before_end
            };
            let of_it = pipeline.records().filter(is_of_it).map(|record| record.id);
            let kept: BTreeSet<u64> = of_it.filter(|id| !late.contains(id)).collect();
            if kept != ids(last).iter().copied().collect() {
                return Some(format!("{kept:?} were kept, but the last result is {last}"));
            }
        }
    }
    None
}
