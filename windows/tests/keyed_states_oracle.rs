//! States with a time to live, and timers of keys, against slow and obvious maps.

use fluxus_windows::{
    DueKey, KeyTimer, KeyedStates, Moment, StateLimit, TimeToLive, TimedStates, Timestamp,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

fn lasting(event: Option<u64>, wall: Option<u64>) -> TimeToLive {
    TimeToLive {
        event: event.map(Duration::from_nanos),
        wall: wall.map(Duration::from_nanos),
    }
}

/// What is done to the states of a few keys.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Looks at a key, so far from the time that has been reached.
    Look(u8, i64),
    /// Writes a value, likewise.
    Write(u8, i64),
    Clear(u8),
    /// Event time and the wall move on.
    Rise(i64, i64),
    Tidy,
}

fn deed(span: i64) -> impl Strategy<Value = Deed> {
    prop_oneof![
        (0..12u8, -span..span).prop_map(|(key, off)| Deed::Look(key, off)),
        (0..12u8, -span..span).prop_map(|(key, off)| Deed::Write(key, off)),
        (0..12u8, -span..span).prop_map(|(key, off)| Deed::Write(key, off)),
        (0..12u8).prop_map(Deed::Clear),
        (0..span, 0..span).prop_map(|(event, wall)| Deed::Rise(event, wall)),
        Just(Deed::Tidy),
    ]
}

fn deeds() -> impl Strategy<Value = (i64, Vec<Deed>)> {
    // Ends within a bucket of the timers, and far apart.
    prop::sample::select(vec![10i64, 1_000, 3_000_000, 4_000_000_000])
        .prop_flat_map(|span| (Just(span), prop::collection::vec(deed(span), 0..200)))
}

/// What is known of a key: its value, and when that is over by either clock.
type Known = (usize, i64, i64);

/// As [`Moment`], in numbers.
#[derive(Clone, Copy)]
struct Now {
    event: i64,
    wall: i64,
}

impl Now {
    fn moment(self) -> Moment {
        Moment {
            event: at(self.event),
            wall: at(self.wall),
        }
    }

    fn sees(self, (_, event, wall): &Known) -> bool {
        *event > self.event && *wall > self.wall
    }
}

fn check_states(deeds: &[Deed], event: Option<u64>, wall: Option<u64>, limit: usize) {
    let mut states = KeyedStates::new(StateLimit::new(0, limit), lasting(event, wall));
    let mut oracle: BTreeMap<u8, Known> = BTreeMap::new();
    let mut reached = Now { event: 0, wall: 0 };
    let over = |now: i64, time: Option<u64>| time.map_or(i64::MAX, |time| now + time as i64);
    for (number, &deed) in deeds.iter().enumerate() {
        match deed {
            Deed::Look(key, off) | Deed::Write(key, off) => {
                let now = Now {
                    event: reached.event.max(reached.event + off),
                    ..reached
                };
                let Ok(slot) = states.slot(&key, now.moment()) else {
                    // All that are held are there at this moment, or may still be
                    // seen at an earlier one.
                    assert!(!oracle.contains_key(&key) || states.len() == limit);
                    let live = oracle.values().filter(|known| reached.sees(known)).count();
                    assert_eq!(live, limit, "no room was made");
                    continue;
                };
                let seen = *states.state(slot);
                let known = oracle.get(&key).filter(|known| now.sees(known)).copied();
                assert_eq!(seen, known.map(|known| known.0), "{deed:?}");
                if let Deed::Write(..) = deed {
                    *states.state(slot) = Some(number);
                    states.written(slot, now.moment());
                    let (mut ends, mut falls) = (over(now.event, event), over(now.wall, wall));
                    if let Some((_, event, wall)) = known {
                        (ends, falls) = (ends.max(event), falls.max(wall));
                    }
                    oracle.insert(key, (number, ends, falls));
                } else if known.is_none() {
                    oracle.remove(&key);
                }
                states.settle(slot);
            }
            Deed::Clear(key) => {
                if let Ok(slot) = states.slot(&key, reached.moment()) {
                    states.empty(slot);
                    states.settle(slot);
                    oracle.remove(&key);
                }
            }
            Deed::Rise(event, wall) => {
                reached.event += event;
                reached.wall += wall;
                states.advance(reached.moment());
            }
            Deed::Tidy => {
                while states.may_be_due() {
                    states.tidy(3);
                }
                oracle.retain(|_, known| reached.sees(known));
                assert_eq!(states.len(), oracle.len(), "what is over is let go of");
            }
        }
        assert!(states.len() <= limit);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_state_is_seen_until_its_time_is_over_and_not_longer(
        (span, deeds) in deeds(),
        shares in (1..300u64, 1..300u64),
        clocks in 0..4u8,
        limit in prop::sample::select(vec![3usize, 12, 1000]),
    ) {
        let part = |share: u64| (span as u64 * share / 100).max(1);
        let event = (clocks & 1 > 0).then(|| part(shares.0));
        let wall = (clocks & 2 > 0).then(|| part(shares.1));
        check_states(&deeds, event, wall, limit);
    }

    #[test]
    fn timers_fire_once_each_in_their_order_unless_they_are_cancelled(
        deeds in prop::collection::vec((0..6u8, -50..400i64, 0..10u8), 0..300),
        scale in prop::sample::select(vec![1i64, 997, 5_000_017, 40_000_000_019]),
    ) {
        let mut states = TimedStates::<u8, ()>::new(
            StateLimit::new(0, 100),
            TimeToLive::FOR_EVER,
        );
        // By time and number: the key. And which timers there are.
        let mut oracle: BTreeMap<(i64, usize), u8> = BTreeMap::new();
        let mut reached = 0;
        for (number, (key, off, what)) in deeds.into_iter().enumerate() {
            let time = (reached + off) * scale;
            let find = |oracle: &BTreeMap<(i64, usize), u8>| {
                let mut set = oracle.iter().filter(|(place, &k)| place.0 == time && k == key);
                set.next().map(|(&place, _)| place)
            };
            match what {
                0..=5 => {
                    let slot = states.slot(&key, Moment::NONE).unwrap();
                    let mut entry = states.entry(slot, Moment::NONE);
                    prop_assert_eq!(entry.key, &key);
                    let is_new = entry.timers.set(KeyTimer::Event(at(time))).unwrap();
                    prop_assert_eq!(is_new, find(&oracle).is_none());
                    if is_new {
                        oracle.insert((time, number), key);
                    }
                }
                6..=7 => {
                    let slot = states.slot(&key, Moment::NONE).unwrap();
                    let mut entry = states.entry(slot, Moment::NONE);
                    let was_set = entry.timers.cancel(KeyTimer::Event(at(time)));
                    states.settle(slot);
                    let place = find(&oracle);
                    prop_assert_eq!(was_set, place.is_some());
                    place.map(|place| oracle.remove(&place));
                }
                _ => {
                    reached += off.max(0) / 8;
                    let until = at(reached * scale);
                    loop {
                        match states.next_due(KeyTimer::Event(until)) {
                            DueKey::Due(slot, due) => {
                                let ((time, _), key) = oracle.pop_first().unwrap();
                                prop_assert_eq!(due, at(time));
                                prop_assert_eq!(states.entry(slot, Moment::NONE).key, &key);
                                states.settle(slot);
                            }
                            DueKey::Later => {}
                            DueKey::None => break,
                        }
                    }
                    let first = oracle.first_key_value().map(|(place, _)| place.0);
                    prop_assert!(first.map_or(true, |first| at(first) > until));
                }
            }
            prop_assert_eq!(states.pending(), oracle.len());
            let keys: std::collections::BTreeSet<_> = oracle.values().collect();
            prop_assert_eq!(states.stats().keys, keys.len(), "a key with a timer is held");
        }
    }
}

/// A million timers are pending, and time rises: what is looked at is what comes
/// due, and a few times each on its way down the wheel.
#[test]
fn a_million_pending_timers_cost_what_is_due() {
    const KEYS: u32 = 1_000_000;
    let limit = StateLimit::new(KEYS as usize, KEYS as usize);
    let mut states = TimedStates::<u32, ()>::new(limit, TimeToLive::FOR_EVER);
    // One a millisecond, in no order: a quarter of an hour.
    let time_of = |key: u32| at(i64::from(key) * 7_919 % i64::from(KEYS) * 1_000_000);
    let mut fired = 0;
    let fire = |states: &mut TimedStates<u32, ()>, until, fired: &mut u64| loop {
        match states.next_due(KeyTimer::Event(until)) {
            DueKey::Due(slot, _) => {
                *fired += 1;
                states.settle(slot);
            }
            DueKey::Later => {}
            DueKey::None => break,
        }
    };
    for key in 0..KEYS {
        let slot = states.slot(&key, Moment::NONE).unwrap();
        let mut timers = states.entry(slot, Moment::NONE).timers;
        assert_eq!(timers.set(KeyTimer::Event(time_of(key))), Ok(true));
        // The first watermark says where in time all this is.
        if key == 0 {
            fire(&mut states, at(0), &mut fired);
        }
    }
    assert_eq!((states.pending(), fired), (KEYS as usize - 1, 1));
    // A hundred times a tenth of a second.
    for round in 1..=100 {
        fire(&mut states, at(round * 100_000_000 - 1), &mut fired);
        assert_eq!(fired, round as u64 * 100);
        // When it is set off, and about once on its way down the wheel. (The bucket of
        // a second that time is in was opened as a whole.)
        assert!(
            states.visited() <= 3 * fired + 2_000,
            "{}",
            states.visited()
        );
    }
    assert_eq!(states.pending(), KEYS as usize - 10_000);
    // A watermark that reaches nobody looks at nobody.
    let before = states.visited();
    for _ in 0..1_000 {
        assert_eq!(
            states.next_due(KeyTimer::Event(at(9_999_999_999))),
            DueKey::None
        );
    }
    assert_eq!(states.visited(), before);
}

/// The commonest use: each record puts off the one timer of its key. What was
/// cancelled does not pile up.
#[test]
fn timers_that_are_put_off_again_and_again_take_no_more_memory() {
    let limit = StateLimit::new(100, 100);
    let mut states = TimedStates::<i64, i64>::new(limit, TimeToLive::FOR_EVER);
    let due = |round: i64| KeyTimer::Event(at(1_000_000_000 + round));
    for round in 0..20_000 {
        let slot = states.slot(&(round % 100), Moment::NONE).unwrap();
        let mut timers = states.entry(slot, Moment::NONE).timers;
        timers.cancel(due(round - 100));
        timers.set(due(round)).unwrap();
        assert!(states.pending() <= 100);
    }
    assert_eq!((states.stats().keys, states.stats().grown), (100, 0));
    let mut fired = Vec::new();
    loop {
        match states.next_due(KeyTimer::Event(Timestamp::MAX)) {
            DueKey::Due(slot, at) => {
                fired.push(at.nanos());
                states.settle(slot);
            }
            DueKey::Later => {}
            DueKey::None => break,
        }
    }
    let expected: Vec<_> = (19_900..20_000)
        .map(|round| 1_000_000_000 + round)
        .collect();
    assert_eq!(fired, expected);
    assert!(
        states.visited() < 1_000,
        "stale ones are not kept until then"
    );
    assert_eq!(states.stats().keys, 0);
}

#[test]
fn there_is_a_limit_to_timers() {
    let mut states = TimedStates::<u8, ()>::new(StateLimit::new(0, 2), TimeToLive::FOR_EVER);
    let slot = states.slot(&1, Moment::NONE).unwrap();
    let mut timers = states.entry(slot, Moment::NONE).timers;
    for time in 0..32 {
        assert_eq!(timers.set(KeyTimer::Wall(at(time))), Ok(true));
    }
    let full = timers.set(KeyTimer::Wall(at(32))).unwrap_err();
    assert_eq!(full.limit, 32);
    assert_eq!(timers.set(KeyTimer::Wall(at(7))), Ok(false), "it is set");
    assert!(timers.cancel(KeyTimer::Wall(at(7))));
    assert_eq!(timers.set(KeyTimer::Wall(at(32))), Ok(true));
}

#[test]
fn the_ends_of_time_are_no_special_times() {
    let lasts = lasting(Some(u64::MAX), Some(5));
    let mut states = TimedStates::<u8, u8>::new(StateLimit::new(4, 4), lasts);
    let now = |event, wall| Moment { event, wall };
    let moment = now(Timestamp::MIN, Timestamp::MAX);
    let slot = states.slot(&1, moment).unwrap();
    let mut timers = states.entry(slot, moment).timers;
    for time in [Timestamp::MIN, Timestamp::MAX, at(0)] {
        timers.set(KeyTimer::Event(time)).unwrap();
    }
    *states.entry(slot, moment).state = Some(9);
    states.written(slot, moment);
    let mut fired = Vec::new();
    loop {
        match states.next_due(KeyTimer::Event(Timestamp::MAX)) {
            DueKey::Due(_, at) => fired.push(at),
            DueKey::Later => {}
            DueKey::None => break,
        }
    }
    assert_eq!(fired, [Timestamp::MIN, at(0), Timestamp::MAX]);
    states.advance(now(Timestamp::MAX, Timestamp::MAX));
    states.tidy(100);
    assert_eq!(states.stats().keys, 0, "the end of time is over for all");
}

/// A state that was cleared, and begun again at an earlier time while a timer held
/// the key, is let go of by its own time.
#[test]
fn a_state_that_is_begun_again_earlier_ends_earlier() {
    let mut states = TimedStates::<u8, u8>::new(StateLimit::new(4, 4), lasting(Some(10), None));
    let now = |event| Moment {
        event: at(event),
        wall: at(0),
    };
    let slot = states.slot(&1, now(100)).unwrap();
    let write = |states: &mut TimedStates<u8, u8>, time| {
        *states.entry(slot, now(time)).state = Some(9);
        states.written(slot, now(time));
    };
    let due = KeyTimer::Event(at(1_000));
    write(&mut states, 100);
    states.entry(slot, now(100)).timers.set(due).unwrap();
    states.empty(slot);
    states.settle(slot);
    assert_eq!(states.stats().keys, 1, "the timer holds it");
    write(&mut states, 50);
    states.advance(now(60));
    states.tidy(10);
    // Asked at an earlier moment, so that it is not the question that ends the state.
    assert!(states.entry(slot, now(0)).timers.cancel(due));
    states.settle(slot);
    assert_eq!(states.stats().keys, 0);
}
