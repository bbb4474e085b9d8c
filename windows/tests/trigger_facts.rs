//! What sessions and triggers do, step by step. Most scripts are facts from
//! Flink's `WindowOperatorTest`; in its words `FIRE_AND_PURGE` is discarding.
//!
//! A line is a record, `key time value`, or a watermark, `~ time`; after `->`
//! stands what comes of it at once: `late`, or `key start end sum firing`.

use fluxus_windows::aggregate::Sum;
use fluxus_windows::{
    Added, Arrival, Firing, Global, Lateness, Session, StateLimit, StateStats, Timestamp, Trigger,
    Triggered, Tumbling, WindowKind, WindowStore,
};
use std::time::Duration;

/// Runs a script; each line must give what it says.
fn check(kind: impl WindowKind<i64>, lateness: i64, script: &str) -> StateStats {
    let sum = Sum::of(|value: &i64| *value);
    let lateness = Lateness::from_nanos(lateness).unwrap();
    let mut store = kind.store::<String, _>(lateness, StateLimit::new(4, 100), &sum);
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let (step, expected) = line.split_once("->").unwrap_or((line, ""));
        let words: Vec<&str> = step.split_whitespace().collect();
        let number = |place: usize| -> i64 {
            match words[place] {
                "MAX" => i64::MAX,
                "MIN" => i64::MIN,
                word => word.parse().unwrap(),
            }
        };
        let time = Timestamp::from_nanos(number(1));
        let mut given = Vec::new();
        match words[0] {
            "~" => assert_eq!(store.advance(time), store.has_due()),
            key => {
                let value = &number(2);
                let arrival = Arrival {
                    time,
                    value,
                    number: 0,
                };
                match store.add(&sum, key.to_string(), arrival) {
                    Added::Kept => {}
                    Added::Late => given.push("late".to_string()),
                    other => panic!("{line}: {other:?}"),
                }
            }
        }
        while let Some(fired) = store.next_due(&sum) {
            let firing = match fired.firing {
                Firing::Early => "early",
                Firing::OnTime => "on time",
                Firing::Late => "after",
            };
            let (start, end) = (fired.window.start().nanos(), fired.window.end().nanos());
            let end = match end {
                i64::MAX => "MAX".to_string(),
                end => end.to_string(),
            };
            let start = match start {
                i64::MIN => "MIN".to_string(),
                start => start.to_string(),
            };
            let (key, value) = (fired.key, fired.value);
            given.push(format!("{key} {start} {end} {value} {firing}"));
        }
        assert!(!store.has_due(), "{line}");
        let expected: Vec<&str> = expected.split(';').map(str::trim).collect();
        let expected = expected
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>();
        assert_eq!(given, expected, "{line}   [{kind}]");
    }
    store.stats()
}

fn session(gap: i64) -> Session {
    Session::from_nanos(gap).unwrap()
}

fn tumbling(size: i64) -> Tumbling {
    Tumbling::from_nanos(size).unwrap()
}

fn every(interval: i64) -> Trigger {
    Trigger::event_time().early_every_nanos(interval).unwrap()
}

fn count(records: u32) -> Trigger {
    Trigger::count(records).unwrap()
}

const ON_TIME: Trigger = Trigger::event_time();
const PURGING: Trigger = Trigger::event_time().discarding();

#[test]
fn sessions_merge_and_fire_when_the_gap_has_passed() {
    check(
        session(3000),
        0,
        "b    0 1
         b 1000 2
         b 2500 3
         a   10 1
         a 1000 2
         ~ 2500
         b 5501 4
         b 6000 5
         b 6050 6
         ~ 12000 -> a 10 4000 3 on time; b 0 5500 6 on time; b 5501 9050 15 on time
         b 15000 10
         b 20000 20
         ~ 17998
         ~ 17999 -> b 15000 18000 10 on time
         ~ MAX   -> b 20000 23000 20 on time",
    );
}

#[test]
fn a_late_record_joins_two_sessions_that_still_live() {
    check(
        session(10),
        0,
        "k  0 1
         k 15 2
         ~  8
         k  7 4
         ~ 23
         ~ 24 -> k 0 25 7 on time",
    );
    // Windows that touch merge; one instant more between them, and they do not.
    check(
        session(10),
        0,
        "k  0 1
         k 10 2
         k 21 4
         ~ MAX -> k 0 20 3 on time; k 21 31 4 on time",
    );
}

/// What was dropped is gone: its neighbour begins anew, over the same time.
#[test]
fn a_dropped_session_is_not_merged_with() {
    check(
        session(10),
        0,
        "k 0 1
         ~ 9   -> k 0 10 1 on time
         k 0 2 -> late
         k 1 2
         k 5 4
         ~ 20  -> k 1 15 6 on time
         k 9 1 -> late
         k 12 1
         ~ MAX -> k 12 22 1 on time
         k MAX 1 -> late",
    );
}

#[test]
fn a_session_that_fired_merges_within_the_lateness() {
    check(
        session(10),
        5,
        "k 0 1
         ~ 9   -> k 0 10 1 on time
         k 0 2 -> k 0 10 3 after
         k 9 4
         ~ 17
         ~ 18  -> k 0 19 7 on time
         k 3 1 -> k 0 19 8 after
         ~ 23
         k 3 1 -> late
         ~ MAX",
    );
}

/// `testPurgingEventTimeTrigger`-like: late records of a window that was purged
/// come out alone.
#[test]
fn lateness_and_purging() {
    check(
        Triggered::new(tumbling(2000), PURGING),
        500,
        "k  500 1
         ~ 1500
         k 1300 1
         ~ 2300 -> k 0 2000 2 on time
         k 1997 1 -> k 0 2000 1 after
         ~ 6000
         k 1998 1 -> late",
    );
    let beginning = "k 1000 1
         ~ 1999
         k 2000 1
         ~ 4998
         k 4500 1
         k 8500 1
         ~ 7400
         k 7000 1
         ~ 11501 -> k 1000 11500 5 on time
         k 11600 1
         ~ 14600 -> k 11600 14600 1 on time\n";
    for (trigger, lateness, rest) in [
        (
            PURGING,
            10,
            "k 10000 1 -> k 10000 14600 1 after
             k 14500 1
             ~ 20000   -> k 10000 17500 1 on time
             ~ MAX",
        ),
        (
            ON_TIME,
            10,
            "k 10000 1 -> k 10000 14600 2 after
             k 14500 1
             ~ 20000   -> k 10000 17500 3 on time
             ~ MAX",
        ),
        (
            PURGING,
            10000,
            "k 10000 1 -> k 1000 14600 1 after
             k 14500 1
             ~ 20000   -> k 1000 17500 1 on time
             ~ MAX",
        ),
        (
            ON_TIME,
            10000,
            "k 10000 1 -> k 1000 14600 7 after
             k 14500 1
             ~ 20000   -> k 1000 17500 8 on time
             ~ MAX",
        ),
    ] {
        let kind = Triggered::new(session(3000), trigger);
        let stats = check(kind, lateness, &format!("{beginning}{rest}"));
        assert_eq!((stats.keys, stats.panes), (0, 0));
    }
}

#[test]
fn a_count_fires_sessions_and_their_counts_add_up() {
    check(
        Triggered::new(session(3000), count(4).discarding()),
        0,
        "b    0 1
         b 1000 2
         b 2500 3
         b 3500 4  -> b 0 6500 10 early
         a   10 1
         a 1000 2
         a 2500 3
         a 6000 1
         a 6500 2
         a 7000 3
         a 4500 10 -> a 10 10000 22 early
         a 9000 1
         ~ MAX",
    );
    // Late ones count as well, and what was not enough is dropped.
    check(
        Triggered::new(tumbling(10), count(2)),
        5,
        "k 1 1
         ~ 9
         k 2 2 -> k 0 10 3 after
         k 3 4
         k 4 8 -> k 0 10 15 after
         k 4 1
         ~ 14
         k 4 1 -> late",
    );
}

#[test]
fn an_interval_fires_sessions_early_and_moves_with_them() {
    check(
        Triggered::new(session(3000), every(2000)),
        0,
        "b    0 1
         b 2500 3
         b 1000 2
         ~ 2500 -> b 0 5500 6 early
         b 4000 4
         ~ 3000
         b 3500 3
         ~ 4000 -> b 0 7000 13 early
         ~ MAX  -> b 0 7000 13 early; b 0 7000 13 on time",
    );
    // However the watermarks come; what was given out is not given again.
    for (trigger, watermarks) in [
        (
            every(2000),
            "~ 2000 -> b 0 7000 8 early
                       ~ 2001
                       ~ 4000 -> b 0 7000 8 early
                       ~ 6998 -> b 0 7000 8 early
                       ~ 6999 -> b 0 7000 8 on time",
        ),
        (
            every(2000),
            "~ MAX  -> b 0 7000 8 early; b 0 7000 8 early; b 0 7000 8 early; b 0 7000 8 on time",
        ),
        (
            every(2000).discarding(),
            "~ 5000 -> b 0 7000 8 early
                                    ~ MAX",
        ),
        (every(2000).discarding(), "~ MAX  -> b 0 7000 8 early"),
    ] {
        let records = "b    0 1
                       b 2500 3
                       b 4000 4";
        let kind = Triggered::new(session(3000), trigger);
        let stats = check(kind, 0, &format!("{records}\n{watermarks}"));
        assert_eq!((stats.keys, stats.panes), (0, 0));
    }
    // Of two that merge the earlier timer is kept.
    check(
        Triggered::new(session(10), every(7)),
        0,
        "k  0 1
         k 15 2
         k  8 4
         ~  6
         ~  7 -> k 0 25 7 early
         ~ 24 -> k 0 25 7 early; k 0 25 7 early; k 0 25 7 on time",
    );
    // A timer that was clipped at the end of a session that grew stays there.
    check(
        Triggered::new(session(10), every(100)),
        0,
        "k 0 1
         k 5 2
         ~ 9  -> k 0 15 3 early
         ~ 14 -> k 0 15 3 on time",
    );
}

#[test]
fn an_interval_fires_all_of_time_once_a_watermark() {
    check(
        Triggered::new(Global, every(3000)),
        0,
        "a    0 1
         a 1000 2
         b 3000 4
         ~ 1000
         ~ 2999
         ~ 3000  -> a MIN MAX 3 early
         ~ 5999
         a 9000 8
         ~ 6000  -> a MIN MAX 11 early; b MIN MAX 4 early
         ~ 16000 -> a MIN MAX 11 early; b MIN MAX 4 early
         ~ 17999
         ~ 18000 -> a MIN MAX 11 early; b MIN MAX 4 early
         ~ MAX   -> a MIN MAX 11 early; b MIN MAX 4 early; a MIN MAX 11 on time; b MIN MAX 4 on time",
    );
    check(
        Triggered::new(Global, every(3000).discarding()),
        0,
        "a    0 1
         ~ 3000 -> a MIN MAX 1 early
         ~ 9000
         a 1    2
         ~ 9001
         ~ 12000 -> a MIN MAX 2 early
         a 2    4
         ~ MAX   -> a MIN MAX 4 early",
    );
}

#[test]
fn an_interval_fires_tumbling_windows_early_then_on_time_then_late() {
    check(
        Triggered::new(tumbling(10), every(4)),
        3,
        "k 1 1
         ~ 5  -> k 0 10 1 early
         k 5 2
         ~ 20 -> k 0 10 3 early; k 0 10 3 on time
         k 5 2 -> late",
    );
    check(
        Triggered::new(tumbling(10), every(4).discarding()),
        3,
        "k 1 1
         ~ 5  -> k 0 10 1 early
         k 5 2
         ~ 9  -> k 0 10 2 early
         k 5 2 -> k 0 10 2 after
         ~ 12",
    );
    // A first record behind the watermark: its timers are past, and the next
    // watermark sees to them.
    check(
        Triggered::new(tumbling(10), every(2)),
        0,
        "~ 5
         k 1 1
         k 3 2
         ~ 5
         ~ 6  -> k 0 10 3 early; k 0 10 3 early; k 0 10 3 early
         ~ 9  -> k 0 10 3 early; k 0 10 3 on time",
    );
}

#[test]
fn a_count_fires_early_and_the_end_on_time() {
    let counting = ON_TIME.early_count(2).unwrap();
    check(
        Triggered::new(tumbling(10), counting),
        5,
        "k 1 1
         k 2 2 -> k 0 10 3 early
         k 3 4
         ~ 9   -> k 0 10 7 on time
         k 4 8 -> k 0 10 15 after
         k 5 1 -> k 0 10 16 after
         ~ 14",
    );
    check(
        Triggered::new(tumbling(10), counting.discarding()),
        0,
        "k 1 1
         k 2 2 -> k 0 10 3 early
         ~ 9
         k 11 1
         k 12 2 -> k 10 20 3 early
         k 13 4
         ~ 19  -> k 10 20 4 on time",
    );
}

#[test]
fn all_of_time_fires_when_the_stream_ends() {
    let stats = check(
        Global,
        0,
        "a MIN 0
         a  -5 1
         b MAX 2
         ~ 1000
         a   7 4
         ~ MAX -> a MIN MAX 5 on time; b MIN MAX 2 on time
         a   7 1 -> late",
    );
    assert_eq!((stats.keys, stats.panes), (0, 0));
    check(
        Triggered::new(Global, count(2).discarding()),
        0,
        "a 1 1
         ~ 500
         a 2 2 -> a MIN MAX 3 early
         a 3 4
         ~ MAX",
    );
}

#[test]
fn elements_may_bring_their_own_gap() {
    // The value is the gap; the furthest end holds.
    let kind = Session::with_gap_of(|gap: &i64| Duration::from_nanos(gap.unsigned_abs()));
    check(
        kind,
        0,
        "k  0 20
         k  5 1
         k 25 0
         k 40 5
         ~ MAX -> k 0 20 21 on time; k 25 26 0 on time; k 40 45 5 on time",
    );
    check(
        kind,
        0,
        "k  0 20
         k 20 5
         ~ 24 -> k 0 25 25 on time",
    );
}

#[test]
fn time_ends_without_a_panic() {
    let stats = check(
        session(10),
        i64::MAX,
        "k -9223372036854775803 1
         k MIN 2
         ~ -9223372036854775700 -> k MIN -9223372036854775793 3 on time
         k MIN 4 -> k MIN -9223372036854775793 7 after
         k MAX 8
         k 9223372036854775800 16
         k MAX 32
         ~ MAX -> k 9223372036854775800 MAX 56 on time",
    );
    assert_eq!((stats.keys, stats.panes), (0, 0));
}
