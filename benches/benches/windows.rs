//! What a record costs in sliding windows and in sessions, against tumbling
//! windows over the same records.
//!
//! `cargo bench -p fluxus-benches --bench windows`, and with `-- sessions` (or
//! any part of a line's name) only those.
//!
//! A sliding window of `r` slides gives a row at every slide, as the tumbling
//! window of one slide does; so both do the same but for the width of what they
//! look back on, and the ratio shows what that width costs. 1.0 is nothing.
//!
//! The whole engine is in it, on the calling thread: iterator, timestamps, key,
//! window, fold. Records are made on the way (about 2 ns).

#[allow(dead_code)] // it runs on one core
mod pair;

use fluxus::prelude::*;
use fluxus::windows::WindowKind;
use fluxus::windows::{Session, Sliding};
use pair::{print_head, print_pair, Cores};
use std::time::{Duration, Instant};

/// A key, a value, and when it happened, in nanoseconds.
type Event = (u64, i64, i64);

/// Events in order of time, `gap` nanoseconds apart, of keys at random.
fn events(count: u64, keys: u64, gap: i64) -> impl Iterator<Item = Event> + Send {
    (0..count).map(move |i| {
        let dice = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let dice = (dice ^ (dice >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let key = ((dice >> 32) * keys) >> 32;
        (key, (dice & 0xFFFF) as i64, i as i64 * gap)
    })
}

/// Rows, and the sum of what is in them, so that nothing is left out.
type Total = (u64, i128);

/// Runs the events through windows of this kind, and says how long it took.
fn run<W, A>(count: u64, keys: u64, gap: i64, windows: W, aggregate: A) -> (Duration, Total)
where
    W: WindowKind<Event>,
    A: Aggregate<Event> + Clone + Send + 'static,
    A::Output: Into<i128> + Send + 'static,
{
    let config = Config::new().workers(1).expected_keys(keys as usize);
    let job = Job::new("windows", config).expect("a sound configuration");
    let total = job
        .from_iter(events(count, keys, gap))
        .timestamps(
            |event| Timestamp::from_nanos(event.2),
            BoundedDisorder::monotonous(),
        )
        .key_by(|event| event.0)
        .window(windows)
        .aggregate(aggregate)
        .fold_all(
            (0, 0),
            |total: &mut Total, row| {
                total.0 += 1;
                total.1 += row.value.into();
            },
            |total, other| {
                total.0 += other.0;
                total.1 += other.1;
            },
        );
    let start = Instant::now();
    job.run_local().expect("the job runs");
    (start.elapsed(), total.take().expect("the job has ended"))
}

const SLIDE: i64 = 1_000_000;
const KEYS: u64 = 100;
/// Events of a key in a slide, on average.
const DENSITY: u64 = 100;

fn sliding<A>(name: &str, aggregate: &A)
where
    A: Aggregate<Event> + Clone + Send + 'static,
    A::Output: Into<i128> + Send + 'static,
{
    let gap = SLIDE / (KEYS * DENSITY) as i64;
    for ratio in [1, 10, 60, 1000] {
        let name = format!("{name}, size / slide = {ratio}");
        if !is_wanted(&name) {
            continue;
        }
        // Enough slides that windows are full most of the time.
        let slides = 200.max(3 * ratio);
        let tumbling = Tumbling::from_nanos(SLIDE).expect("a sound window");
        let sliding = Sliding::from_nanos(SLIDE * ratio as i64, SLIDE).expect("a sound window");
        print_pair(
            &name,
            slides * KEYS * DENSITY,
            |count| run(count, KEYS, gap, tumbling, aggregate.clone()).0,
            |count| run(count, KEYS, gap, sliding, aggregate.clone()).0,
        );
    }
}

/// Whether a line of this name is asked for.
fn is_wanted(name: &str) -> bool {
    let mut asked = std::env::args().skip(1).filter(|a| !a.starts_with('-'));
    let first = asked.next();
    first.map_or(true, |part| name.contains(&part))
}

fn main() {
    // `cargo test --benches` asks only whether it runs.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let cores = Cores::find();
    Cores::pin(cores.producer);
    print_head(cores, "tumbling", "sliding");
    sliding("sum", &Sum::of(|event: &Event| event.1));
    sliding("max", &Max::of(|event: &Event| event.1));
    print_head(cores, "tumbling", "sessions");
    sessions();
}

/// 100,000 users, 20,000 events a second; a pause of 5 s ends a session.
fn sessions() {
    let name = "sessions of 100,000 users, count";
    if !is_wanted(name) {
        return;
    }
    let (users, gap, pause) = (100_000, 50_000, 5_000_000_000);
    let tumbling = Tumbling::from_nanos(pause).expect("a sound window");
    let session = Session::from_nanos(pause).expect("a sound gap");
    print_pair(
        name,
        4_000_000,
        |count| run(count, users, gap, tumbling, Count).0,
        |count| run(count, users, gap, session, Count).0,
    );
}
