//! A core that falls silent and comes back, in front of windows in two phases:
//! nothing is lost, judged twice or told late, and once it holds time back again
//! it folds its records as before.

mod harness;

use fluxus_core::operator::{WindowAggregate, WindowResult};
use fluxus_core::sink::folded;
use fluxus_core::source::Head;
use fluxus_core::windows::aggregate::Count;
use fluxus_core::windows::{Lateness, Tumbling};
use fluxus_core::{run_local, Config, Measure, Name, Plan, Report};
use harness::*;
use std::collections::BTreeMap;

/// Runs two cores that count the records of each of two keys in windows of 100,
/// and tells what crossed and the counts by window.
fn counted(scripts: [Vec<Said<i64>>; 2], a_pull: usize) -> (Report, BTreeMap<(i64, i64), u64>) {
    let settings = Config::new().workers(2).batch(64).ring_capacity(64);
    let mut plan = Plan::new("idle cores", settings.conclude().unwrap());
    let sources = scripts.map(|lines| Script::of(lines).a_pull(a_pull));
    let head = Head::<_, true>::new(&mut plan, Name::new("script"), sources.into()).unwrap();
    let windows = WindowAggregate::new(
        name(),
        head,
        |n: &i64| n % 2,
        Tumbling::from_nanos(100).unwrap(),
        Lateness::NONE,
        Count,
    );
    let add = |rows: &mut BTreeMap<_, u64>, row: WindowResult<i64, u64>| {
        let seen = rows.insert((row.window.start().nanos(), row.key), row.value);
        assert_eq!(seen, None, "a window gave two results");
    };
    let counts = folded(
        &mut plan,
        &Name::new("rows"),
        windows,
        BTreeMap::new(),
        add,
        |rows, mut others| rows.append(&mut others),
    )
    .unwrap();
    let report = run_local(plan).unwrap();
    let counts = counts.take().unwrap();
    (report, counts)
}

/// So many records in the window that starts here.
fn records(start: i64, count: i64) -> impl Iterator<Item = Said<i64>> {
    (0..count).map(move |n| Record(start + n % 100, n))
}

/// One core goes on all the time; the other falls silent in the first window, is
/// away for the longer the later it is `back_at`, and then holds time back for
/// long enough to notice that it does.
fn scripts(back_at: i64, records_after: i64) -> [Vec<Said<i64>>; 2] {
    let mut steady = Vec::new();
    for start in (0..2_000).step_by(100) {
        steady.extend(records(start, 10));
        steady.push(At(start + 99));
    }
    let mut silent: Vec<_> = records(0, 10).collect();
    silent.push(Idle);
    silent.extend((0..back_at / 20).map(|_| Quiet));
    silent.push(Active);
    silent.push(At(back_at - 1));
    // Wherever the other core is by now, it is there that it waits.
    silent.push(At(2_999));
    silent.extend((0..50).map(|_| Quiet));
    silent.push(At(3_000));
    silent.extend(records(3_100, records_after));
    silent.push(At(3_299));
    [steady, silent]
}

#[test]
fn a_core_that_comes_back_folds_again_once_it_is_counted() {
    for a_pull in [1, 7, usize::MAX] {
        let crossed = |after| {
            let (report, counts) = counted(scripts(0, after), a_pull);
            assert_eq!(report.late(), 0);
            let total: u64 = counts.values().sum();
            assert_eq!(
                total,
                200 + 10 + after as u64,
                "{a_pull} a pull: none is lost"
            );
            assert_eq!(counts[&(0, 0)], 10, "what was folded before the silence");
            assert_eq!(counts[&(3_100, 0)], after as u64 / 2);
            report.of("under test", Measure::RecordsOut)
        };
        let (few, many) = (crossed(10), crossed(2_000));
        assert_eq!(
            few, many,
            "{a_pull} a pull: partial panes cross, not records"
        );
    }
}

#[test]
fn what_comes_back_behind_is_judged_record_by_record() {
    for a_pull in [1, 7, usize::MAX] {
        let [steady, mut silent] = scripts(2_000, 0);
        // Behind whatever the other one has closed by then, or not: either way
        // each record is counted or late, and the job does not fail.
        let returns = silent.iter().position(|said| *said == Active).unwrap();
        let behind = [At(1)]
            .into_iter()
            .chain(records(0, 30))
            .chain([At(400)])
            .chain(records(500, 30));
        silent.splice(returns + 1..returns + 1, behind);
        let (report, counts) = counted([steady, silent], a_pull);
        let total: u64 = counts.values().sum();
        assert_eq!(total + report.late(), 200 + 10 + 60, "{a_pull} a pull");
    }
}
