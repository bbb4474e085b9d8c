//! A barrier is a cut through the whole stream: where several inputs meet, what
//! comes behind it in any of them waits until all have reached it.

mod harness;

use fluxus_core::operator::{RollingReduce, Stateful};
use fluxus_core::source::Head;
use fluxus_core::testing::{hear, run_with_seeds};
use fluxus_core::{Config, Error, Name, Plan};
use harness::*;

/// A script whose records say behind which barrier they stand.
fn part(lengths: &[i64]) -> Vec<Said<i64>> {
    let epochs = (0i64..).zip(lengths);
    let lines = epochs.flat_map(|(epoch, &length)| {
        let records = (0..length).map(move |n| Record(n, epoch));
        records.chain([Barrier(epoch.unsigned_abs() + 1)])
    });
    lines.collect()
}

fn last_by_key<U: fluxus_core::Chain<Item = i64>>(
    upstream: U,
) -> impl fluxus_core::Chain<Item = (i64, i64)> {
    Stateful::new(
        name(),
        upstream,
        |n: &i64| *n,
        RollingReduce::new(|_: &i64, b| b),
    )
}

/// Holds each instance to the cuts: every record on its side of every barrier,
/// every barrier once; and so many records in all.
fn must_be_cut(all: &[Vec<Said<(i64, i64)>>], barriers: u64, records: usize, context: &str) {
    let mut count = 0;
    for said in all {
        let mut passed = 0;
        for line in said {
            match line {
                Record(_, (_, epoch)) => {
                    assert_eq!(epoch.unsigned_abs(), passed, "{context}: {said:?}");
                    count += 1;
                }
                Barrier(id) => {
                    passed += 1;
                    assert_eq!(*id, passed, "{context}: {said:?}");
                }
                _ => {}
            }
        }
        assert_eq!(passed, barriers, "{context}: {said:?}");
    }
    assert_eq!(count, records, "{context}");
}

#[test]
fn what_is_behind_a_barrier_waits_for_the_inputs_that_are_not_there_yet() {
    let scripts = [
        part(&[1, 30, 0, 2]),
        part(&[20, 0, 9, 1]),
        part(&[3, 3, 3, 3]),
    ];
    for workers in [1, 2, 3] {
        for mut drive in drives() {
            drive.workers = workers;
            let all = heard_by_all(drive, &scripts, last_by_key);
            assert_eq!(all.len(), workers);
            must_be_cut(&all, 4, 75, &format!("{drive:?}"));
        }
    }
}

#[test]
fn an_input_that_has_ended_holds_no_barrier_back() {
    // The second has nothing to say, the third ends behind its first barrier.
    let scripts = [part(&[4, 4, 4]), vec![], part(&[9])];
    for drive in drives() {
        let all = heard_by_all(drive, &scripts, last_by_key);
        must_be_cut(&all, 3, 21, &format!("{drive:?}"));
    }
}

#[test]
fn barriers_are_cuts_whatever_the_order_of_polls() {
    run_with_seeds(0..500, || {
        let config = Config::new().workers(3).batch(2).ring_capacity(2);
        let mut plan = Plan::new("cuts", config.conclude()?);
        let scripts = [part(&[1, 12, 0, 2]), part(&[8, 0, 5, 1]), part(&[3, 3])];
        let scripts = scripts.into_iter().map(Script::of).collect();
        let head = Head::<_, true>::new(&mut plan, Name::new("script"), scripts)?;
        // Twice over: cuts go through several stages.
        let twice = last_by_key(fluxus_core::operator::Map::new(
            name(),
            last_by_key(head),
            |(_, epoch)| epoch,
        ));
        let heard = hear(&mut plan, &Name::new("heard"), twice, Mood::AlwaysOpen)?;
        Ok::<_, Error>((plan, move || {
            must_be_cut(&heard.take(), 4, 35, "seeded");
        }))
    });
}
