//! What a record costs in keyed state, from a hundred keys to a million: the
//! whole engine on one thread against two loops that one would write by hand.
//!
//! `cargo bench -p fluxus-benches --bench keyed`, and with `-- map` (or any part
//! of a line's name) only those.
//!
//! - "map": one `HashMap` under `(window, key)`, hashed by ahash, through
//!   `entry()`. A ratio of 4 says that the engine is four times as fast.
//! - "dense": an open table from keys to dense ids and an array a window, as in
//!   the loop by hand of W2.
//! - "watermarks": the engine against itself, a watermark every millisecond of
//!   event time against one a second. 1.0 says that watermarks cost nothing.
//!
//! Events of 24 bytes at 4 million a second of event time, up to 100 ms out of
//! order, keys uniform, tumbling windows of a second: count, sum, least and
//! greatest. They are made before the clock starts; memory for the keys is set
//! aside before, for all alike. Every run's rows are summed up and compared.

#[allow(dead_code)] // it runs on one core
mod pair;

use fluxus::prelude::*;
use fluxus::windows::WatermarkGenerator;
use pair::{print_head_of, print_pair_of, Cores};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs of each way behind a line; the first pair is not counted.
const RUNS: usize = 8;
const EVENTS: usize = 16_000_000;
const EVENTS_PER_MS: u64 = 4_000;
const WINDOW_MS: i64 = 1_000;
/// The watermark is this far behind the latest time.
const LAG_MS: i64 = 101;

/// As the events of W2.
#[derive(Clone, Copy)]
struct Event {
    key: u64,
    value: f64,
    time_ms: i64,
}

fn mix(index: u64) -> u64 {
    let z = index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn events(count: usize, keys: u64, per_ms: u64) -> Arc<[Event]> {
    let event = |index: u64| {
        let random = mix(index);
        let late_ms = ((random & 0xFFFF) * 101) >> 16;
        Event {
            key: mix(((random >> 16 & 0xFFFF_FFFF) * keys) >> 32),
            value: (random >> 48) as f64 * 0.0625,
            time_ms: (index / per_ms + 100 - late_ms) as i64,
        }
    };
    (0..count as u64).map(event).collect()
}

/// What a key has read in a window.
#[derive(Clone, Copy)]
struct Reading {
    count: u64,
    min: f64,
    sum: f64,
    max: f64,
}

impl Reading {
    const NONE: Self = Self {
        count: 0,
        min: f64::INFINITY,
        sum: 0.0,
        max: f64::NEG_INFINITY,
    };

    #[inline(always)]
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        // Compare and select: one instruction each, no branch.
        self.min = if value < self.min { value } else { self.min };
        self.max = if value > self.max { value } else { self.max };
    }
}

#[derive(Clone)]
struct Readings;

impl Aggregate<Event> for Readings {
    type Accumulator = Reading;
    type Output = Reading;

    #[inline]
    fn create(&self) -> Reading {
        Reading::NONE
    }
    #[inline]
    fn add(&self, reading: &mut Reading, event: &Event) {
        reading.add(event.value);
    }
    #[inline]
    fn merge(&self, reading: &mut Reading, other: Reading) {
        reading.count += other.count;
        reading.sum += other.sum;
        reading.min = reading.min.min(other.min);
        reading.max = reading.max.max(other.max);
    }
    #[inline]
    fn finish(&self, reading: Reading) -> Reading {
        reading
    }
}

/// Rows, events in them, and a sum over all their fields, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Digest {
    rows: u64,
    events: u64,
    sum: u64,
}

impl Digest {
    #[inline]
    fn add(&mut self, start_ms: i64, key: u64, reading: &Reading) {
        let fields = key
            .wrapping_mul(3)
            .wrapping_add((start_ms as u64).wrapping_mul(5))
            .wrapping_add(reading.sum.to_bits().wrapping_mul(7))
            .wrapping_add(reading.min.to_bits().wrapping_mul(9))
            .wrapping_add(reading.max.to_bits().wrapping_mul(11));
        self.rows += 1;
        self.events += reading.count;
        self.sum = self.sum.wrapping_add(fields ^ fields >> 29);
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.events += other.events;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

type Run = (Duration, Digest);

/// Tells how long this thread was on a core, which other programs do not add to;
/// where the system does not say, how long it took.
struct Stopwatch {
    start: Instant,
    on_core: Option<u64>,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            on_core: Self::on_core(),
            start: Instant::now(),
        }
    }

    fn on_core() -> Option<u64> {
        let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        line.split_whitespace().next()?.parse().ok()
    }

    fn read(&self) -> Duration {
        match (self.on_core, Self::on_core()) {
            (Some(start), Some(now)) => Duration::from_nanos(now - start),
            _ => self.start.elapsed(),
        }
    }
}

/// Watermarks at whole steps of event time, each behind the record that
/// completes the step.
#[derive(Clone)]
struct Every {
    step_ms: i64,
    latest_ms: i64,
    next_ms: i64,
}

impl Every {
    fn ms(step_ms: i64) -> Self {
        Self {
            step_ms,
            latest_ms: i64::MIN,
            next_ms: i64::MIN,
        }
    }
}

impl WatermarkGenerator<Event> for Every {
    #[inline]
    fn observe(&mut self, _: Timestamp, event: &Event) -> Option<Timestamp> {
        self.latest_ms = self.latest_ms.max(event.time_ms);
        if self.latest_ms < self.next_ms {
            return None;
        }
        self.next_ms = (self.latest_ms.div_euclid(self.step_ms) + 1) * self.step_ms;
        Some(Timestamp::from_millis(self.latest_ms - LAG_MS))
    }

    fn current(&self) -> Timestamp {
        Timestamp::MIN
    }
}

fn engine<G>(events: &Arc<[Event]>, keys: u64, generator: G) -> Run
where
    G: WatermarkGenerator<Event>,
{
    let config = Config::new().workers(1).expected_keys(keys as usize);
    let job = Job::new("keyed", config).expect("a sound configuration");
    let digest = job
        .from_shared(events, 1)
        .timestamps(|event| Timestamp::from_millis(event.time_ms), generator)
        .key_by(|event| event.key)
        .window(Tumbling::new(Duration::from_millis(WINDOW_MS as u64)).expect("a sound window"))
        .aggregate(Readings)
        .fold_all(
            Digest::default(),
            |digest: &mut Digest, row| digest.add(row.start().millis(), row.key, &row.value),
            Digest::merge,
        );
    let watch = Stopwatch::start();
    job.run_local().expect("the job runs");
    (watch.read(), digest.take().expect("the job has ended"))
}

fn disorder() -> BoundedDisorder {
    BoundedDisorder::new(Duration::from_millis(LAG_MS as u64 - 1)).expect("a sound bound")
}

/// One map under `(window, key)`.
fn map(events: &[Event], keys: u64) -> Run {
    let mut open: HashMap<(i64, u64), Reading, ahash::RandomState> =
        HashMap::with_capacity_and_hasher(2 * keys as usize, ahash::RandomState::new());
    let mut digest = Digest::default();
    let watch = Stopwatch::start();
    let (mut latest_ms, mut closed_ms) = (i64::MIN, i64::MIN);
    for batch in events.chunks(1024) {
        for event in batch {
            let start_ms = event.time_ms.div_euclid(WINDOW_MS) * WINDOW_MS;
            let reading = open.entry((start_ms, event.key)).or_insert(Reading::NONE);
            reading.add(event.value);
            latest_ms = latest_ms.max(event.time_ms);
        }
        let complete_ms = (latest_ms - LAG_MS + 1).div_euclid(WINDOW_MS) * WINDOW_MS;
        if complete_ms > closed_ms {
            closed_ms = complete_ms;
            open.retain(|&(start_ms, key), reading| {
                let stays = start_ms >= complete_ms;
                if !stays {
                    digest.add(start_ms, key, reading);
                }
                stays
            });
        }
    }
    for ((start_ms, key), reading) in open.drain() {
        digest.add(start_ms, key, &reading);
    }
    (watch.read(), digest)
}

/// Keys to dense ids by an open table, a quarter full; two arrays of readings.
fn dense(events: &[Event], keys: u64) -> Run {
    const VACANT: (u64, u32) = (0, u32::MAX);
    let places = (4 * keys as usize).next_power_of_two();
    let shift = 64 - places.trailing_zeros();
    let mut table = vec![VACANT; places];
    let mut names: Vec<u64> = Vec::with_capacity(keys as usize);
    let mut panes = [0, 1].map(|_| vec![Reading::NONE; keys as usize]);
    let mut digest = Digest::default();
    let mut emit = |names: &[u64], pane: &mut [Reading], start_ms| {
        for (&name, reading) in names.iter().zip(pane) {
            if reading.count > 0 {
                digest.add(start_ms, name, reading);
                *reading = Reading::NONE;
            }
        }
    };
    let watch = Stopwatch::start();
    let (mut latest_ms, mut bound_ms) = (i64::MIN, WINDOW_MS);
    for batch in events.chunks(512) {
        for event in batch {
            let mut at = (event.key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize;
            let id = loop {
                let place = &mut table[at & (places - 1)];
                if place.1 == u32::MAX {
                    *place = (event.key, names.len() as u32);
                    names.push(event.key);
                }
                if place.0 == event.key {
                    break place.1 as usize;
                }
                at += 1;
            };
            panes[usize::from(event.time_ms >= bound_ms)][id].add(event.value);
            latest_ms = latest_ms.max(event.time_ms);
        }
        while bound_ms <= latest_ms - LAG_MS + 1 {
            emit(&names, &mut panes[0], bound_ms - WINDOW_MS);
            panes.swap(0, 1);
            bound_ms += WINDOW_MS;
        }
    }
    for pane in &mut panes {
        emit(&names, pane, bound_ms - WINDOW_MS);
        bound_ms += WINDOW_MS;
    }
    (watch.read(), digest)
}

/// The time of a run whose rows must be these.
fn checked((time, digest): Run, expected: Digest) -> Duration {
    assert_eq!(digest, expected, "rows differ");
    time
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
    for keys in [100, 10_000, 100_000, 1_000_000] {
        let (map_name, dense_name) = (format!("map, {keys} keys"), format!("dense, {keys} keys"));
        if !is_wanted(&map_name) && !is_wanted(&dense_name) {
            continue;
        }
        let events = events(EVENTS, keys, EVENTS_PER_MS);
        let expected = engine(&events, keys, disorder()).1;
        let count = EVENTS as u64;
        let ours = |_| checked(engine(&events, keys, disorder()), expected);
        print_head_of(cores, RUNS, "by hand", "engine");
        if is_wanted(&map_name) {
            let by_hand = |_| checked(map(&events, keys), expected);
            print_pair_of(RUNS, &map_name, count, by_hand, ours);
        }
        if is_wanted(&dense_name) {
            let by_hand = |_| checked(dense(&events, keys), expected);
            print_pair_of(RUNS, &dense_name, count, by_hand, ours);
        }
    }
    for keys in [10_000, 1_000_000] {
        let name = format!("watermarks, {keys} keys");
        if is_wanted(&name) {
            let events = events(EVENTS, keys, EVENTS_PER_MS);
            let expected = engine(&events, keys, disorder()).1;
            let every = |ms| checked(engine(&events, keys, Every::ms(ms)), expected);
            print_head_of(cores, RUNS, "1 s", "1 ms");
            let count = EVENTS as u64;
            print_pair_of(RUNS, &name, count, |_| every(1_000), |_| every(1));
        }
    }
}
