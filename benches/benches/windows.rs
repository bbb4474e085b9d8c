//! What a record costs in sliding windows and in sessions, against tumbling
//! windows over the same records.
//!
//! `cargo bench -p fluxus-benches --bench windows`
//!
//! A sliding window of `r` slides gives a row at every slide, as the tumbling
//! window of one slide does; so both do the same but for the width of what they
//! look back on, and the ratio shows what that width costs. 1.0 is nothing.
//!
//! The whole engine is in it, on the calling thread: iterator, timestamps, key,
//! window, fold. Records are made on the way (about 2 ns).

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
        // Enough slides that windows are full most of the time.
        let slides = 200.max(3 * ratio);
        let tumbling = Tumbling::from_nanos(SLIDE).expect("a sound window");
        let sliding = Sliding::from_nanos(SLIDE * ratio as i64, SLIDE).expect("a sound window");
        print_pair(
            &format!("{name}, size / slide = {ratio}"),
            slides * KEYS * DENSITY,
            |count| run(count, KEYS, gap, tumbling, aggregate.clone()).0,
            |count| run(count, KEYS, gap, sliding, aggregate.clone()).0,
        );
    }
}

fn main() {
    // `cargo test --benches` asks only whether it runs.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    Cores::pin(Cores::find().producer);
    print_head("tumbling", "sliding");
    sliding("sum", &Sum::of(|event: &Event| event.1));
    sliding("max", &Max::of(|event: &Event| event.1));

    // 100,000 users, 20,000 events a second, a pause of 5 s ends a session.
    let (users, gap) = (100_000, 50_000);
    let pause = 5_000_000_000;
    print_head("tumbling", "sessions");
    print_pair(
        "100,000 users, count of events",
        4_000_000,
        |count| {
            let tumbling = Tumbling::from_nanos(pause).expect("a sound window");
            run(count, users, gap, tumbling, Count).0
        },
        |count| {
            let session = Session::from_nanos(pause).expect("a sound gap");
            run(count, users, gap, session, Count).0
        },
    );
}
