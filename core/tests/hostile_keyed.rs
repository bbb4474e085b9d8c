//! Keyed operators with state and timers under the hostile harness: what they say
//! does not depend on how they are driven, and each call keeps the contract.

mod harness;

use fluxus_core::operator::{
    Dedup, Distinct, KeyedProcess, Process, ProcessClosures, ProcessContext, RollingTopK, Scan,
    Stateful,
};
use fluxus_core::source::Head;
use fluxus_core::testing::hear;
use fluxus_core::windows::{KeyTimer, TimeToLive};
use fluxus_core::{run_local, Chain, ManualClock, Plan};
use harness::*;
use std::time::Duration;

const fn event_time(nanos: u64) -> TimeToLive {
    TimeToLive {
        event: Some(Duration::from_nanos(nanos)),
        wall: None,
    }
}

#[test]
fn scan_emits_none_one_or_many() {
    let key = |n: &i64| n % 3;
    let mut held = [0; 3];
    let mut step = move |n: i64| {
        held[n as usize % 3] += n;
        let sum = held[n as usize % 3];
        (sum % 2 == 0).then_some(sum)
    };
    let expected = each(|n| step(n).into_iter().collect());
    holds("scan to an option", &expected, &script(), |head| {
        let even = Scan::new(0, |sum: &mut i64, n| {
            *sum += n;
            (*sum % 2 == 0).then_some(*sum)
        });
        Stateful::new(name(), head, key, even)
    });
    let mut held = [0; 3];
    let expected = each(|n| {
        held[n as usize % 3] += n;
        (0..held[n as usize % 3]).collect()
    });
    holds("scan to many", &expected, &script(), |head| {
        let many = Scan::new(0, |sum: &mut i64, n| {
            *sum += n;
            0..*sum
        });
        Stateful::new(name(), head, key, many)
    });
}

#[test]
fn what_came_before_is_left_out() {
    let script: Vec<Said<i64>> = [1, 1, 2, 4, 4, 1, 3, 1, 2]
        .into_iter()
        .zip((0..).step_by(10))
        .flat_map(|(value, time)| [Record(time, value), At(time)])
        .collect();
    let with = |kept: &[i64]| {
        let mut kept = kept.to_vec();
        let mut expected: Vec<_> = script
            .iter()
            .filter(|said| match said {
                Record(time, _) if kept.first() == Some(time) => kept.remove(0) == *time,
                Record(..) => false,
                _ => true,
            })
            .cloned()
            .collect();
        expected.push(End);
        expected
    };
    let key = |n: &i64| n % 2;
    // By key, odd: 1 1 1 3 1; even: 2 4 4 2.
    holds("dedup", &with(&[0, 20, 30, 60, 70, 80]), &script, |head| {
        Stateful::new(name(), head, key, Dedup)
    });
    holds("distinct", &with(&[0, 20]), &script, |head| {
        Stateful::new(name(), head, key, Distinct)
    });
    let table = [
        (10, vec![0, 10, 20, 30, 40, 50, 60, 70, 80]),
        (11, vec![0, 20, 40, 50, 70, 80]),
        (50, vec![0, 20, 50, 80]),
        (51, vec![0, 20, 60, 80]),
        (1 << 60, vec![0, 20]),
    ];
    for (within, kept) in table {
        holds(&format!("within {within}"), &with(&kept), &script, |head| {
            Stateful::new(name(), head, key, Distinct).with_time_to_live(event_time(within))
        });
    }
}

#[test]
fn the_best_come_out_when_they_change() {
    let best = |values: &[(i64, Vec<i64>)]| {
        let mut values = values.iter().cloned();
        each(|n| match n {
            // The rest of 0 to 11 is no better.
            0..=6 | 9 => vec![values.next().unwrap()],
            _ => vec![],
        })
    };
    let expected = best(&[
        (0, vec![0]),
        (1, vec![1]),
        (2, vec![2]),
        (0, vec![3, 0]),
        (1, vec![1, 4]),
        (2, vec![2, 5]),
        (0, vec![6, 3]),
        (0, vec![9, 6]),
    ]);
    holds("top 2", &expected, &script(), |head| {
        let value = |n: &i64| if n % 3 == 0 { *n } else { 0 };
        let best = RollingTopK::largest(2, value);
        // Of keys 1 and 2 all are equal: two come out, and no third.
        Stateful::new(name(), head, |n: &i64| n % 3, best)
    });
}

/// At each record: a timer 25 later, and one that was set before is cancelled at
/// every third. Emits what came, and what is left when a timer fires.
#[derive(Clone)]
struct Later;

impl KeyedProcess for Later {
    type Key = i64;
    type In = i64;
    type State = Vec<i64>;
    type Out = (i64, Vec<i64>);

    fn initial(&mut self, _: &i64) -> Vec<i64> {
        Vec::new()
    }

    fn on_record(
        &mut self,
        record: i64,
        seen: &mut Vec<i64>,
        context: &mut ProcessContext<'_, i64, (i64, Vec<i64>)>,
    ) {
        seen.push(record);
        let time = context.time();
        context.at(time + Duration::from_nanos(25));
        if record % 3 == 0 && seen.len() > 1 {
            context.cancel_at(time - Duration::from_nanos(5));
        }
        for copy in 0..record % 4 {
            context.emit((-1 - copy, vec![record]));
        }
    }

    fn on_timer(
        &mut self,
        timer: KeyTimer,
        seen: &mut Vec<i64>,
        context: &mut ProcessContext<'_, i64, (i64, Vec<i64>)>,
    ) {
        assert_eq!(timer, KeyTimer::Event(context.time()));
        assert!(context.time() <= context.watermark());
        let key = *context.key();
        context.emit((key, seen.clone()));
        context.emit((key, Vec::new()));
        if seen.len() > 2 {
            context.clear();
        }
    }
}

/// What `Later` says of a script, by the plainest means.
fn later(script: &[Said<i64>]) -> Vec<Said<(i64, Vec<i64>)>> {
    let mut states: std::collections::BTreeMap<i64, Vec<i64>> = Default::default();
    // By time and then in the order in which they were set.
    let mut timers: Vec<(i64, i64)> = Vec::new();
    let mut said = Vec::new();
    for line in script.iter().cloned().chain([End]) {
        let reached = match &line {
            At(time) => Some(*time),
            End => Some(i64::MAX),
            _ => None,
        };
        if let Some(reached) = reached {
            timers.sort_by_key(|timer| timer.0);
            while timers.first().is_some_and(|timer| timer.0 <= reached) {
                let (time, key) = timers.remove(0);
                let state = states.entry(key).or_default();
                said.push(Record(time, (key, state.clone())));
                said.push(Record(time, (key, Vec::new())));
                if state.len() > 2 {
                    states.remove(&key);
                }
            }
        }
        match line {
            Record(time, value) => {
                let key = value % 2;
                let state = states.entry(key).or_default();
                state.push(value);
                if !timers.contains(&(time + 25, key)) {
                    timers.push((time + 25, key));
                }
                if value % 3 == 0 && state.len() > 1 {
                    timers.retain(|timer| *timer != (time - 5, key));
                }
                for copy in 0..value % 4 {
                    said.push(Record(time, (-1 - copy, vec![value])));
                }
            }
            At(time) => said.push(At(time)),
            Idle => said.push(Idle),
            Active => said.push(Active),
            Barrier(id) => said.push(Barrier(id)),
            End => said.push(End),
            Quiet | Said::Tick(_) => {}
        }
    }
    said
}

#[test]
fn timers_fire_in_their_order_ahead_of_the_watermark() {
    let script = script();
    let expected = later(&script);
    assert!(expected.len() > 30, "something fires");
    holds("process", &expected, &script, |head| {
        Process::new(name(), head, |n: &i64| n % 2, Later)
    });
}

#[test]
fn timers_that_timers_set_fire_in_the_same_advance_if_they_are_due() {
    // One record sets off a chain: every timer sets one 10 later, and one in the
    // past, which is next.
    let script = [Record(5, 1), At(30), Record(31, 2), At(64)];
    let expected = vec![
        Record(10, 10),
        Record(20, 20),
        Record(3, 3),
        Record(30, 30),
        At(30),
        Record(40, 40),
        Record(50, 50),
        Record(60, 60),
        At(64),
        Record(70, 70),
        Record(80, 80),
        End,
    ];
    holds("a chain of timers", &expected, &script, |head| {
        let process = ProcessClosures::new(
            (),
            |n: i64, _, context| {
                if n == 1 {
                    context.at(at(10));
                }
            },
            |timer, _, context| {
                let time = timer.at().nanos();
                context.emit(time);
                if time == 20 {
                    context.at(at(3));
                }
                if time < 80 && time != 3 {
                    context.at(at(time + 10));
                }
            },
        );
        Process::new(name(), head, |_: &i64| (), process)
    });
}

#[test]
fn thousands_of_timers_at_one_instant_go_out_over_many_calls() {
    let script: Vec<_> = (0..3_000)
        .map(|n| Record(n, n))
        .chain([At(2_999), At(10_000), Barrier(7)])
        .collect();
    let mut expected = vec![At(2_999)];
    expected.extend((0..3_000).map(|n| Record(5_000, n)));
    expected.extend([At(10_000), Barrier(7), End]);
    for mood in [Mood::AlwaysOpen, Mood::BusyEveryOther, Mood::SeldomFull] {
        for batch in [1, 7, 512] {
            let drive = Drive {
                mood,
                a_pull: usize::MAX,
                batch,
                workers: 1,
                together: false,
            };
            let found = heard(drive, &script, |head| {
                let process = ProcessClosures::new(
                    0,
                    |n: i64, held, context| {
                        *held = n;
                        context.at(at(5_000));
                    },
                    |_, held, context| {
                        context.emit(*held);
                        context.clear();
                    },
                );
                Process::new(name(), head, |n: &i64| *n, process)
            });
            assert!(found == expected, "{drive:?}");
        }
    }
}

#[test]
fn a_state_that_is_over_is_not_seen_by_a_record_or_a_timer() {
    // Written at 0 and 10, for 20: over at 30, whatever the watermark says.
    let script = [
        Record(0, 1),
        Record(10, 2),
        Record(5, 3),
        At(20),
        Record(29, 4),
        Record(49, 5),
        At(49),
        Record(60, 6),
    ];
    let expected = vec![
        Record(0, vec![1]),
        Record(10, vec![1, 2]),
        Record(5, vec![1, 2, 3]),
        At(20),
        Record(29, vec![1, 2, 3, 4]),
        Record(49, vec![5]),
        Record(48, vec![5]),
        At(49),
        Record(60, vec![5, -1, 6]),
        Record(68, vec![5, -1, 6]),
        // Timers do not prolong it: it is over at 80. What the first of them begins
        // is seen by the second.
        Record(85, vec![]),
        Record(90, vec![-1]),
        End,
    ];
    holds("a time to live", &expected, &script, |head| {
        let process = ProcessClosures::new(
            Vec::new(),
            |n: i64, seen: &mut Vec<i64>, context| {
                seen.push(n);
                context.emit(seen.clone());
                let later: &[u64] = match n {
                    1..=3 => &[],
                    4 | 5 => &[19],
                    _ => &[25, 30],
                };
                for &nanos in later {
                    context.at(context.time() + Duration::from_nanos(nanos));
                }
            },
            |_, seen, context| {
                context.emit(seen.clone());
                seen.push(-1);
            },
        );
        Process::new(name(), head, |_: &i64| (), process).with_time_to_live(event_time(20))
    });
}

/// As `heard`, with a clock that the script moves.
fn heard_by_the_wall<C>(
    drive: Drive,
    script: &[Said<i64>],
    build: impl FnOnce(Head<Script<i64>, true>) -> C,
) -> Vec<Said<C::Item>>
where
    C: Chain,
    C::Item: std::fmt::Debug,
{
    let clock = ManualClock::at(at(1_000));
    let config = drive.config().clock(clock.clone());
    let mut plan = Plan::new("hostile", config.conclude().unwrap());
    let script = drive.script(script).with_clock(&clock);
    let head = Head::new(&mut plan, name(), vec![script]).unwrap();
    let heard = hear(&mut plan, &name(), build(head), drive.mood).unwrap();
    run_local(plan).unwrap_or_else(|error| panic!("{drive:?}: {error}"));
    let mut all = heard.take();
    assert_eq!(all.len(), 1, "{drive:?}: the end was said exactly once");
    all.remove(0)
}

#[test]
fn timers_by_the_wall_fire_between_batches_and_while_nothing_comes() {
    // Every record of n sets a timer n later. One that fires at an even time sets
    // another, for a time that is past: it fires, but not at once.
    let script = [
        Record(5, 30),
        Record(5, 31),
        At(7),
        Said::Tick(29),
        Quiet,
        Said::Tick(1),
        Quiet,
        Record(20, 300),
        Said::Tick(1),
        Quiet,
        Said::Tick(50),
        Quiet,
        Quiet,
        At(60),
        Said::Tick(300),
        Quiet,
        Record(61, 90),
        Said::Tick(89),
        Quiet,
        Idle,
        Barrier(1),
    ];
    let expected = vec![
        At(7),
        Record(8, 1030),
        Record(8, 1031),
        At(60),
        // Two timers of one key at 1330: one.
        Record(61, 1330),
        Idle,
        Barrier(1),
        End,
    ];
    let build = |head| {
        let process = ProcessClosures::new(
            (),
            |n: i64, _, context| {
                let due = context.now() + Duration::from_nanos(n as u64);
                assert_eq!(context.after(Duration::from_nanos(n as u64)), due);
                if n == 31 {
                    context.after(Duration::from_nanos(2));
                    assert!(context.cancel_at_wall(context.now() + Duration::from_nanos(2)));
                }
            },
            |timer: KeyTimer, _, context| {
                assert!(matches!(timer, KeyTimer::Wall(at) if at <= context.now()));
                context.emit(timer.at().nanos());
                if timer.at().nanos() == 1030 {
                    // As if it had been set for this instant by a record.
                    let at = context.at_wall(timer.at());
                    assert_eq!(at, context.now() + Duration::from_nanos(1));
                }
            },
        );
        Process::new(name(), head, |_: &i64| (), process)
    };
    fluxus_core::testing::holds_when("by the wall", &expected, |drive| {
        heard_by_the_wall(drive, &script, build)
    });
}

#[test]
fn a_state_is_over_by_the_wall_too() {
    let lives = TimeToLive {
        event: Some(Duration::from_nanos(1_000)),
        wall: Some(Duration::from_nanos(10)),
    };
    let script = [
        Record(1, 1),
        Said::Tick(9),
        Quiet,
        Record(2, 1),
        Said::Tick(1),
        Quiet,
        Record(3, 1),
        At(3),
        Said::Tick(9),
        Quiet,
        // Not yet by the wall, but in event time.
        Record(1_003, 1),
        Said::Tick(10),
        Quiet,
        Quiet,
        At(1_003),
    ];
    let expected = vec![
        Record(1, 1),
        Record(3, 1),
        At(3),
        Record(1_003, 1),
        At(1_003),
        End,
    ];
    fluxus_core::testing::holds_when("distinct by the wall", &expected, |drive| {
        heard_by_the_wall(drive, &script, |head| {
            Stateful::new(name(), head, |n: &i64| *n, Distinct).with_time_to_live(lives)
        })
    });
}
