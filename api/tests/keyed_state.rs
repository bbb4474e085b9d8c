//! Operators that keep a state for each key, in whole jobs, against plain oracles:
//! whatever the number of workers and the batch, each key says the same.

mod support;

use fluxus::prelude::*;
use fluxus::testing::run_with_seeds;
use fluxus::{IdleStrategy, KeyTimer, ManualClock, Measure, SystemClock, WallClock, WhenFull};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;
use support::{Event, Shape};

/// Every number of workers with every batch that there are to be.
fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for workers in [1, 2, 4] {
        for (batch, ring) in [(1, 1), (2, 4), (1024, 1024)] {
            shapes.push(Shape::local(workers, batch, ring));
        }
    }
    shapes.push(Shape::local(4, 2, 2).threaded());
    shapes
}

fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// The most by which an event lies behind the latest before it.
const DISORDER: i64 = 20;

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..12i64, 0..=DISORDER, 0..5u32, -4..4i64);
    prop::collection::vec(event, 0..150).prop_map(|events| {
        let mut latest = -100;
        let place = |(id, (gap, back, key, value))| {
            latest += gap;
            Event {
                time: latest - back,
                key,
                value,
                id,
            }
        };
        (0..).zip(events).map(place).collect()
    })
}

/// What each key said, in its order.
type ByKey<V> = BTreeMap<u32, Vec<V>>;

fn by_key<V>(said: impl IntoIterator<Item = (u32, V)>) -> ByKey<V> {
    let mut all = ByKey::new();
    for (key, value) in said {
        all.entry(key).or_default().push(value);
    }
    all
}

/// What comes of each event by itself, given what is kept of its key.
fn oracle<S, V>(
    events: &[Event],
    mut step: impl FnMut(&mut Option<S>, Event) -> Vec<V>,
) -> ByKey<V> {
    let mut states = BTreeMap::new();
    by_key(events.iter().flat_map(|&event| {
        let said = step(states.entry(event.key).or_insert(None), event);
        said.into_iter().map(move |value| (event.key, value))
    }))
}

/// Forgets what was written so long ago; writes down what is written now.
fn forget<S>(state: &mut Option<(S, i64)>, time: i64, after: i64) {
    if state
        .as_ref()
        .is_some_and(|(_, written)| written + after <= time)
    {
        *state = None;
    }
}

/// A job over the events, keyed, and what comes of it by key.
macro_rules! said {
    ($shape:expr, $events:expr, $keyed:ident => $stream:expr, $out:ident => $pair:expr) => {{
        let shape: Shape = $shape;
        let job = shape.job();
        let $keyed = job
            .from_iter($events.clone())
            .timestamps(
                |event| Timestamp::from_nanos(event.time),
                BoundedDisorder::new(ns(DISORDER as u64)).unwrap(),
            )
            .key_by(|event| event.key);
        let said = $stream.collect();
        shape.run(job).unwrap();
        by_key(said.take().into_iter().map(|$out| $pair))
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn each_key_says_the_same_in_every_shape(events in events(), lasts in 1..60i64) {
        let sums = oracle(&events, |sum: &mut Option<i64>, event| {
            *sum = Some(sum.unwrap_or(100) + event.value);
            vec![sum.unwrap()]
        });
        let lasting = oracle(&events, |sum: &mut Option<(i64, i64)>, event| {
            forget(sum, event.time, lasts);
            let (value, written) = sum.unwrap_or((0, i64::MIN));
            *sum = Some((value + event.value, written.max(event.time)));
            vec![value + event.value]
        });
        let changes = oracle(&events, |last: &mut Option<i64>, event| {
            let change = last.map(|last| event.value - last);
            *last = Some(event.value);
            change.into_iter().collect()
        });
        let repeated = oracle(&events, |last: &mut Option<i64>, event| {
            let same = *last == Some(event.value);
            *last = Some(event.value);
            if same { vec![] } else { vec![event.value] }
        });
        let firsts = oracle(&events, |first: &mut Option<u64>, event| {
            let is_first = first.is_none();
            first.get_or_insert(event.id);
            if is_first { vec![event.id] } else { vec![] }
        });
        let apart = oracle(&events, |passed: &mut Option<((), i64)>, event| {
            forget(passed, event.time, lasts);
            if passed.is_some() {
                return vec![];
            }
            *passed = Some(((), event.time));
            vec![event.id]
        });
        let best = oracle(&events, |seen: &mut Option<Vec<Event>>, event| {
            let seen = seen.get_or_insert_with(Vec::new);
            let best = |seen: &[Event]| {
                let mut seen = seen.to_vec();
                seen.sort_by_key(|event| (-event.value, event.id));
                seen.iter().take(3).map(|event| event.id).collect::<Vec<_>>()
            };
            let before = best(seen);
            seen.push(event);
            let after = best(seen);
            if before == after { vec![] } else { vec![after] }
        });
        for shape in shapes() {
            let fold = |sum: &mut i64, event: Event| *sum += event.value;
            let found = said!(shape, events, keyed => keyed.fold(100, fold), row => row);
            prop_assert_eq!(&found, &sums, "fold, {:?}", shape);
            let lives = ns(lasts as u64);
            let found = said!(
                shape, events, keyed => keyed.fold(0, fold).expire_after(lives), row => row
            );
            prop_assert_eq!(&found, &lasting, "fold that expires, {:?}", shape);
            let found = said!(
                shape, events,
                keyed => keyed.scan(None, |last, event| {
                    let last = last.replace(event.value);
                    last.map(|last| (event.key, event.value - last))
                }),
                row => row
            );
            prop_assert_eq!(&found, &changes, "scan, {:?}", shape);
            let found = said!(
                shape, events,
                keyed => keyed.scan((), |(), event| vec![event; event.key as usize]),
                event => (event.key, event.id)
            );
            let times = oracle(&events, |_: &mut Option<()>, event| {
                vec![event.id; event.key as usize]
            });
            prop_assert_eq!(&found, &times, "scan to many, {:?}", shape);
            let found = said!(
                shape, events,
                keyed => {
                    let bare = |_: &mut (), event: Event| Some((event.key, event.value));
                    keyed.scan((), bare).key_by(|row| row.0).dedup()
                },
                row => row
            );
            prop_assert_eq!(&found, &repeated, "dedup, {:?}", shape);
            let found = said!(
                shape, events, keyed => keyed.distinct(), event => (event.key, event.id)
            );
            prop_assert_eq!(&found, &firsts, "distinct, {:?}", shape);
            let found = said!(
                shape, events, keyed => keyed.dedup_within(lives), event => (event.key, event.id)
            );
            prop_assert_eq!(&found, &apart, "dedup_within, {:?}", shape);
            let found = said!(
                shape, events,
                keyed => keyed.top_k(3, |event| event.value),
                row => (row.0, row.1.iter().map(|event| event.id).collect::<Vec<_>>())
            );
            prop_assert_eq!(&found, &best, "top_k, {:?}", shape);
        }
    }

    #[test]
    fn timers_fire_the_same_in_every_shape(events in events(), lasts in 20..200i64) {
        // Per key: a sum that is told a while after it was begun, or after the last
        // record if that is even; what is left at the end is told then. A timer that
        // has fired sets another, twice.
        #[derive(Clone, Copy, Default)]
        struct State { sum: i64, due: i64, again: u32 }
        let span = 7;
        let mut states: BTreeMap<u32, (State, i64)> = BTreeMap::new();
        let mut timers: Vec<(i64, u32)> = Vec::new();
        let mut said = Vec::new();
        let mut latest = i64::MIN;
        let end = Event { time: i64::MAX, key: 0, value: 0, id: 0 };
        for (number, event) in events.iter().chain([&end]).enumerate() {
            if number < events.len() {
                let mut state = states.get(&event.key).copied();
                forget(&mut state, event.time, lasts);
                let (mut state, written) = state.unwrap_or((State::default(), i64::MIN));
                if event.value % 2 == 0 && timers.contains(&(state.due, event.key)) {
                    timers.retain(|timer| *timer != (state.due, event.key));
                    state.due = 0;
                }
                state.sum += event.value;
                state.again = 0;
                if state.due == 0 {
                    state.due = event.time + span;
                    if !timers.contains(&(state.due, event.key)) {
                        timers.push((state.due, event.key));
                    }
                }
                states.insert(event.key, (state, written.max(event.time)));
            }
            latest = latest.max(event.time);
            let watermark = match number < events.len() {
                true => latest - DISORDER - 1,
                false => i64::MAX,
            };
            timers.sort_by_key(|timer| timer.0);
            while timers.first().is_some_and(|timer| timer.0 <= watermark) {
                let (time, key) = timers.remove(0);
                let mut kept = states.get(&key).copied();
                forget(&mut kept, time, lasts);
                let (mut state, written) = kept.unwrap_or((State::default(), time));
                said.push((key, (time, state.sum)));
                state.due = 0;
                state.again += 1;
                states.insert(key, (state, written));
                if state.again <= 2 {
                    state.due = time + 3;
                    states.insert(key, (state, written));
                    if !timers.contains(&(state.due, key)) {
                        timers.push((state.due, key));
                        timers.sort_by_key(|timer| timer.0);
                    }
                } else if state.again == 4 {
                    states.remove(&key);
                }
            }
        }
        let expected = by_key(said);
        for shape in shapes() {
            let job = shape.job();
            let told = job
                .from_iter(events.clone())
                .timestamps(
                    |event| Timestamp::from_nanos(event.time),
                    BoundedDisorder::new(ns(DISORDER as u64)).unwrap().each_record(),
                )
                .key_by(|event| event.key)
                .process_with(
                    State::default(),
                    move |event, state, context| {
                        if event.value % 2 == 0
                            && context.cancel_at(Timestamp::from_nanos(state.due))
                        {
                            state.due = 0;
                        }
                        state.sum += event.value;
                        state.again = 0;
                        if state.due == 0 {
                            state.due = event.time + span;
                            context.at(Timestamp::from_nanos(state.due));
                        }
                    },
                    |timer: KeyTimer, state, context| {
                        let row = (*context.key(), (timer.at().nanos(), state.sum));
                        context.emit(row);
                        state.due = 0;
                        state.again += 1;
                        if state.again <= 2 {
                            state.due = timer.at().nanos() + 3;
                            context.at(Timestamp::from_nanos(state.due));
                        } else if state.again == 4 {
                            context.clear();
                        }
                    },
                )
                .expire_after(ns(lasts as u64))
                .named("sums")
                .collect();
            let report = shape.run(job).unwrap();
            let told = told.take();
            prop_assert_eq!(report.of("sums", Measure::TimersFired), told.len() as u64);
            prop_assert_eq!(report.of("sums", Measure::TimersPending), 0);
            prop_assert_eq!(&by_key(told), &expected, "{:?}", shape);
        }
    }
}

/// Ever new keys, each for a moment: what is held is what is not over.
#[test]
fn states_that_are_over_are_not_held() {
    for shape in shapes() {
        let job = shape.job();
        let last = 20_000i64;
        job.from_iter(0..last)
            .timestamps(|&n| Timestamp::from_nanos(n), BoundedDisorder::monotonous())
            .key_by(|&n| n)
            .fold(0, |sum, n| *sum += n)
            .expire_after(ns(100))
            .named("sums")
            .for_each(|_| {});
        let report = shape.run(job).unwrap();
        // The watermark comes once a batch, and through a ring that holds some.
        let most = shape.workers * (100 + 4 * (2 * shape.batch + shape.ring));
        let held = report.of("sums", Measure::KeysHighWater) as usize;
        assert!(held <= most, "{held} at once, {shape:?}");
        let held = report.of("sums", Measure::KeysHeld) as usize;
        assert!(held <= most, "{held} in the end, {shape:?}");
    }
}

/// Keys of a process that have neither state nor timers are forgotten.
#[test]
fn keys_that_are_cleared_are_not_held() {
    for shape in shapes() {
        let job = shape.job();
        job.from_iter(0..5_000i64)
            .timestamps(|&n| Timestamp::from_nanos(n), BoundedDisorder::monotonous())
            .key_by(|&n| n)
            .process_with(
                0,
                |n, sum, context| {
                    *sum += n;
                    context.at(Timestamp::from_nanos(n + 10));
                    if n % 2 == 0 {
                        context.clear();
                    }
                },
                |_, sum: &mut i64, context| {
                    context.emit(*sum);
                    context.clear();
                },
            )
            .named("sums")
            .for_each(|_| {});
        let report = shape.run(job).unwrap();
        assert_eq!(report.of("sums", Measure::TimersFired), 5_000, "{shape:?}");
        assert_eq!(report.of("sums", Measure::KeysHeld), 0, "{shape:?}");
    }
}

#[test]
fn a_full_state_refuses_new_keys_or_ends_the_job_unless_others_are_over() {
    let job = |policy, lasts: Option<u64>| {
        let config = Config::new().workers(1).batch(1).expected_keys(1);
        let job = Job::new("full", config.key_limit(3).when_full(policy)).unwrap();
        let firsts = job
            .from_iter(0..10i64)
            .timestamps(|&n| Timestamp::from_nanos(n), BoundedDisorder::monotonous())
            .key_by(|&n| n)
            .distinct()
            .named("firsts");
        let firsts = match lasts {
            Some(lasts) => firsts.expire_after(ns(lasts)),
            None => firsts,
        };
        let (firsts, rejected) = firsts.with_rejected();
        let firsts = firsts.collect();
        let rejected = rejected.map(|rejected| rejected.value).collect();
        let report = job.run_local();
        (firsts, rejected.take(), report)
    };
    let (_, _, failed) = job(WhenFull::Fail, None);
    let error = failed.unwrap_err();
    assert_eq!(error.culprit(), Some("firsts"));
    assert!(error.to_string().contains("expire_after"), "{error}");
    let (firsts, rejected, report) = job(WhenFull::Reject, None);
    assert_eq!(rejected, [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(firsts.take(), [0, 1, 2]);
    assert_eq!(report.unwrap().of("firsts", Measure::Refused), 7);
    let (firsts, rejected, report) = job(WhenFull::Fail, Some(1));
    assert!(rejected.is_empty());
    assert_eq!(firsts.take().len(), 10, "there is always room");
    assert_eq!(report.unwrap().of("firsts", Measure::KeysHighWater), 3);
}

#[test]
fn more_timers_than_there_may_be_end_the_job() {
    let config = Config::new().workers(1).expected_keys(1).key_limit(2);
    let job = Job::new("timers", config).unwrap();
    job.from_iter(0..40i64)
        .key_by(|_| ())
        .process_with(
            (),
            |n, _, context| context.at(Timestamp::from_nanos(n)),
            |_, _, context| context.emit(()),
        )
        .named("alarms")
        .for_each(|_| {});
    let error = job.run_local().unwrap_err();
    assert_eq!(error.culprit(), Some("alarms"));
    assert!(error.to_string().contains("32 pending timers"), "{error}");
}

#[test]
fn what_cannot_be_is_an_error_with_the_name_of_the_operator() {
    let job = Job::new("zero", Config::new().workers(1)).unwrap();
    let stream = job.from_iter([(1, 2)]).key_by(|row| row.0);
    stream.top_k(0, |row| row.1).named("none").for_each(|_| {});
    let error = job.run_local().unwrap_err();
    assert_eq!(error.culprit(), Some("none"));
    assert!(error.to_string().contains("at least 1"), "{error}");

    let job = Job::new("zero", Config::new().workers(1)).unwrap();
    let stream = job.from_iter([(1, 2)]).key_by(|row| row.0);
    let stream = stream.fold(0, |_, _| {}).named("never");
    stream.expire_after_wall(Duration::ZERO).for_each(|_| {});
    let error = job.run_local().unwrap_err();
    assert_eq!(error.culprit(), Some("never"));
    assert!(error.to_string().contains("1 ns"), "{error}");
}

#[test]
fn a_panic_in_a_timer_names_the_operator() {
    for shape in shapes() {
        let job = shape.job();
        job.from_iter(0..5i64)
            .key_by(|&n| n)
            .process_with(
                (),
                |n, _, context| context.at(Timestamp::from_nanos(n)),
                |timer, _, context| {
                    assert!(timer.at().nanos() < 3, "three is too late");
                    context.emit(());
                },
            )
            .named("alarms")
            .for_each(|_| {});
        let error = shape.run(job).unwrap_err();
        assert_eq!(error.culprit(), Some("alarms"), "{shape:?}");
        assert!(error.to_string().contains("three is too late"), "{error}");
    }
}

/// On a stream without timestamps timers in event time fire when it ends.
#[test]
fn without_event_time_timers_wait_for_the_end() {
    for shape in shapes() {
        let job = shape.job();
        let told = job
            .from_iter(["a", "b", "a"])
            .key_by(|&name| name)
            .process_with(
                0,
                |_, count, context| {
                    *count += 1;
                    context.at(Timestamp::from_nanos(0));
                    assert!(!context.has_ended());
                },
                |_, count: &mut i32, context| {
                    assert!(context.has_ended());
                    let name = *context.key();
                    context.emit((name, *count));
                },
            )
            .collect();
        shape.run(job).unwrap();
        let mut told = told.take();
        told.sort_unstable();
        assert_eq!(told, [("a", 2), ("b", 1)], "{shape:?}");
    }
}

/// When a test that hangs is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Records come, then nothing: the workers sleep, and timers by the wall fire all the
/// same; in the stage of the source, and in one that only rings feed.
#[test]
fn timers_by_the_wall_fire_while_the_workers_sleep() {
    for workers in [1, 2] {
        let clock = ManualClock::at(Timestamp::from_secs(50));
        let config = Shape::local(workers, 16, 16).config().clock(clock.clone());
        let job = Job::new("sleep", config.idle(IdleStrategy::Park)).unwrap();
        let (mut input, names) = job.input::<&str>(16).unwrap();
        let (tell, told) = mpsc::channel();
        names
            .key_by(|&name| name)
            .process_with(
                (),
                |name, _, context| {
                    context.after(Duration::from_secs(10));
                    let due = context.now() + Duration::from_secs(10);
                    context.emit((name, due));
                },
                |timer, _, context| {
                    let name = *context.key();
                    context.emit((name, timer.at()));
                    if name == "again" {
                        context.after(Duration::from_secs(1));
                    }
                },
            )
            .for_each(move |row| tell.send(row).unwrap_or_default());
        let running = job.start().unwrap();
        let hear = || told.recv_timeout(PATIENCE).expect("nothing fires");
        input.send(Timestamp::MIN, "once").unwrap();
        input.send(Timestamp::MIN, "again").unwrap();
        let at = Timestamp::from_secs;
        let mut began = [hear(), hear()];
        began.sort_unstable();
        assert_eq!(began, [("again", at(60)), ("once", at(60))]);
        clock.set(at(60));
        let mut fired = [hear(), hear()];
        fired.sort_unstable();
        assert_eq!(fired, began);
        for second in 61..64 {
            clock.set(at(second));
            assert_eq!(hear(), ("again", at(second)));
        }
        // What is still pending does not fire at the end.
        drop(input);
        running.join().unwrap();
        assert!(told.recv_timeout(PATIENCE).is_err());
    }
}

/// By the clock of the system, never too early.
#[test]
fn timers_by_the_wall_are_never_early() {
    let job = Shape::local(2, 16, 16).threaded().job();
    let (mut input, names) = job.input::<u64>(16).unwrap();
    let (tell, told) = mpsc::channel();
    names
        .key_by(|&n| n)
        .process_with(
            (),
            |n, _, context| {
                context.after(Duration::from_micros(n));
            },
            |timer, _, context| context.emit(timer.at()),
        )
        .for_each(move |due| tell.send((due, SystemClock.now())).unwrap_or_default());
    let running = job.start().unwrap();
    for micros in [0, 1, 30, 200, 3_000, 25_000] {
        input.send(Timestamp::MIN, micros).unwrap();
        let (due, fired) = told.recv_timeout(PATIENCE).expect("nothing fires");
        assert!(due <= fired, "due at {due}, fired at {fired}");
    }
    drop(input);
    running.join().unwrap();
}

/// What is rejected is told once, in its order, and the rest is as if it had never
/// come; whatever the shape.
#[test]
fn what_a_full_state_rejects_is_told_and_has_no_part_in_the_rest() {
    for shape in shapes() {
        let config = shape.config().expected_keys(1).key_limit(4);
        let job = Job::new("full", config.when_full(WhenFull::Reject)).unwrap();
        let rows = (0..900u32).map(|n| (n * 7 % 31, n));
        let keyed = || job.from_iter(rows.clone()).key_by(|row| row.0);
        let (sums, no_sums) = keyed().fold(0, |sum, row| *sum += row.1).with_rejected();
        let (told, untold) = keyed()
            .process_with(
                0,
                |row: (u32, u32), sum, context| {
                    *sum += row.1;
                    context.emit((row.0, *sum));
                },
                |_, _, _| {},
            )
            .with_rejected();
        let (sums, no_sums) = (sums.collect(), no_sums.collect());
        let (told, untold) = (told.collect(), untold.collect());
        shape.run(job).unwrap();
        let of_fold = (
            by_key(sums.take()),
            by_key(no_sums.take().into_iter().map(|r| r.value)),
        );
        let told = (
            by_key(told.take()),
            by_key(untold.take().into_iter().map(|r| r.value)),
        );
        assert_eq!(of_fold, told, "{shape:?}");
        let (sums, rejected) = told;
        assert_eq!(
            (sums.len(), sums.len() + rejected.len()),
            (4 * shape.workers, 31)
        );
        for key in 0..31 {
            let all: Vec<_> = rows
                .clone()
                .filter(|row| row.0 == key)
                .map(|row| row.1)
                .collect();
            match (sums.get(&key), rejected.get(&key)) {
                (Some(sums), None) => {
                    let expected = all.iter().scan(0, |sum, n| {
                        *sum += n;
                        Some(*sum)
                    });
                    assert_eq!(*sums, expected.collect::<Vec<_>>());
                }
                (None, Some(rejected)) => assert_eq!(*rejected, all),
                both => panic!("{key}: {both:?}"),
            }
        }
    }
}

/// However the tasks are interleaved: every timer fires once, those of a key in the
/// order of time, and each state is told when its time is over.
#[test]
fn timers_of_several_sources_fire_once_in_order_under_any_schedule() {
    let part = |start: i64| (0..40i64).map(move |n| start + 3 * n).collect::<Vec<_>>();
    let expected = by_key([part(0), part(1)].concat().into_iter().flat_map(|n| {
        let key = (n % 5) as u32;
        [(key, n + 5), (key, n + 20)]
    }));
    let in_order = |mut times: Vec<i64>| {
        times.sort_unstable();
        times.dedup();
        times
    };
    let expected: ByKey<i64> = expected
        .into_iter()
        .map(|(key, times)| (key, in_order(times)))
        .collect();
    for workers in [1, 2, 3] {
        let told = run_with_seeds(0..400, || {
            let config = Config::new().workers(workers).batch(4).ring_capacity(4);
            let job = Job::new("timers", config)?;
            let told = job
                .from_partitions(vec![part(0), part(1)])
                .timestamps(|&n| Timestamp::from_nanos(n), BoundedDisorder::monotonous())
                .key_by(|n| (n % 5) as u32)
                .process_with(
                    0u32,
                    |n, pending, context| {
                        *pending += 1;
                        context.at(Timestamp::from_nanos(n + 5));
                        context.at(Timestamp::from_nanos(n + 20));
                    },
                    |timer, _, context| {
                        let row = (*context.key(), timer.at().nanos());
                        context.emit(row);
                    },
                )
                .collect();
            Ok((job, move || by_key(told.take())))
        });
        assert_eq!(told, expected, "{workers} workers");
    }
}
