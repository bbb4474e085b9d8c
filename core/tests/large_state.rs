//! Where the state has left the caches, keys are looked for ahead of their
//! turn. Whoever looks at what comes out must not be able to tell: light
//! accumulators, which never do that, and heavy ones say the same, line for line.

mod harness;

use fluxus_core::operator::{WindowAggregate, WindowResult};
use fluxus_core::windows::aggregate::Count;
use fluxus_core::windows::{Aggregate, Lateness, Tumbling};
use fluxus_core::{run_local, Chain, Config, Flow, Name, Plan, Timed};
use harness::*;
use std::time::Duration;

/// How many keys there are: many more than make a heavy state large.
const KEYS: i64 = 1_100;

/// The values of a key in their order, as a number; `WEIGHT` bytes of nothing.
#[derive(Clone)]
struct InOrder<const WEIGHT: usize> {
    falls_at: i64,
}

#[derive(Clone)]
struct Seen<const WEIGHT: usize> {
    digits: u64,
    _weight: [u8; WEIGHT],
}

impl<const WEIGHT: usize> Aggregate<i64> for InOrder<WEIGHT> {
    type Accumulator = Seen<WEIGHT>;
    type Output = u64;

    fn create(&self) -> Seen<WEIGHT> {
        Seen {
            digits: 7,
            _weight: [0; WEIGHT],
        }
    }
    fn add(&self, seen: &mut Seen<WEIGHT>, value: &i64) {
        assert_ne!(*value, self.falls_at, "it falls");
        seen.digits = seen.digits.wrapping_mul(31).wrapping_add(*value as u64);
    }
    fn merge(&self, _: &mut Seen<WEIGHT>, _: Seen<WEIGHT>) {
        unreachable!("one core, one phase")
    }
    fn finish(&self, seen: Seen<WEIGHT>) -> u64 {
        seen.digits
    }
}

const LIGHT: usize = 1;
const HEAVY: usize = 4096;

fn windows<const WEIGHT: usize, U>(
    upstream: U,
    lateness: i64,
) -> impl Timed<Item = WindowResult<i64, u64>>
where
    U: Timed<Item = i64>,
{
    WindowAggregate::new(
        Name::new("in order"),
        upstream,
        |value: &i64| value % KEYS,
        Tumbling::new(Duration::from_nanos(10)).unwrap(),
        Lateness::from_nanos(lateness).unwrap(),
        InOrder::<WEIGHT> { falls_at: -1 },
    )
}

/// Six windows: every key comes at first, then half of them, then few; some
/// records are out of order, some are late, and signals come in between.
fn script() -> Vec<Said<i64>> {
    let mut script = Vec::new();
    let mut random = 1u64;
    let mut value = 0;
    for (window, keys) in [KEYS, KEYS, KEYS / 2, 5, KEYS, 1].into_iter().enumerate() {
        let start = window as i64 * 10;
        for n in 0..2 * keys + 37 {
            random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            let dice = (random >> 33) as i64;
            value += KEYS;
            let time = match dice % 16 {
                0 => start - 5, // late, or of the window before
                1 => start + 13,
                _ => start + dice % 10,
            };
            script.push(Record(time, value + (n + dice % 3) % keys));
            match dice % 97 {
                0 => script.push(Barrier(value as u64)),
                1 => script.push(At(start + 2)),
                2 => script.push(Quiet),
                _ => {}
            }
        }
        script.push(At(start + 9));
    }
    script
}

#[test]
fn heavy_and_light_accumulators_say_the_same() {
    let script = script();
    for lateness in [0, 12] {
        for drive in drives() {
            // The light one first: it is the oracle.
            let light = heard(drive, &script, |head| windows::<LIGHT, _>(head, lateness));
            let heavy = heard(drive, &script, |head| windows::<HEAVY, _>(head, lateness));
            let rows = light.iter().filter(|s| matches!(s, Record(..))).count();
            assert!(rows as i64 > 3 * KEYS, "{rows} rows");
            let differs = light.iter().zip(&heavy).position(|(a, b)| a != b);
            let differs = differs.map(|at| {
                (
                    at,
                    light[at - 3..at + 3].to_vec(),
                    heavy[at - 3..at + 3].to_vec(),
                )
            });
            assert!(
                heavy == light,
                "lateness {lateness}, {drive:?}: {differs:?}"
            );
        }
    }
}

#[test]
fn nothing_is_said_after_downstream_has_enough() {
    let script = script();
    for wanted in [1, KEYS as usize - 1, KEYS as usize + 1, 2_000] {
        for mood in [Mood::Wants(wanted), Mood::WantsSlowly(wanted)] {
            for (a_pull, batch) in [(usize::MAX, 512), (1, 512), (usize::MAX, 1)] {
                let drive = Drive {
                    mood,
                    a_pull,
                    batch,
                    workers: 1,
                    together: false,
                };
                let heavy = heard(drive, &script, |head| windows::<HEAVY, _>(head, 0));
                let light = heard(drive, &script, |head| windows::<LIGHT, _>(head, 0));
                assert!(heavy == light, "{drive:?}");
            }
        }
    }
}

/// Late records and those that find no room go to the side in their order, and
/// a side that is full holds the stream back without losing any.
#[test]
fn what_does_not_make_it_comes_out_at_the_side_in_order() {
    fn rejected<const WEIGHT: usize>(batch: usize, limit: usize) -> (Vec<i64>, usize) {
        use fluxus_core::WhenFull;
        use std::sync::{Arc, Mutex};
        let config = Config::new()
            .workers(1)
            .batch(batch)
            .ring_capacity(batch.next_power_of_two())
            .expected_keys(1)
            .key_limit(limit)
            .when_full(WhenFull::Reject);
        let mut plan = Plan::new("side", config.conclude().unwrap());
        let source = Script::of(script());
        let head: fluxus_core::source::Head<_, true> =
            fluxus_core::source::Head::new(&mut plan, Name::new("script"), vec![source]).unwrap();
        let mut windows = WindowAggregate::new(
            Name::new("in order"),
            head,
            |value: &i64| value % KEYS,
            Tumbling::new(Duration::from_nanos(10)).unwrap(),
            Lateness::NONE,
            InOrder::<WEIGHT> { falls_at: -1 },
        );
        let side = windows.rejected(&mut plan, Name::new("side")).unwrap();
        let (aside, rows) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (heard, counted) = (Arc::clone(&aside), Arc::clone(&rows));
        windows
            .lower(&mut plan, move |_| {
                Each(Box::new({
                    let rows = Arc::clone(&counted);
                    move |_| *rows.lock().unwrap() += 1
                }))
            })
            .unwrap();
        side.lower(&mut plan, move |_| {
            Each(Box::new({
                let heard = Arc::clone(&heard);
                move |rejected: fluxus_core::operator::Rejected<i64>| {
                    heard.lock().unwrap().push(rejected.value);
                }
            }))
        })
        .unwrap();
        run_local(plan).unwrap();
        let result = (aside.lock().unwrap().clone(), *rows.lock().unwrap());
        result
    }
    for batch in [1, 7, 512] {
        for limit in [KEYS as usize - 1, KEYS as usize / 2 + 200, 1 << 20] {
            let light = rejected::<LIGHT>(batch, limit);
            assert!(light.0.len() > 20, "{} were rejected", light.0.len());
            let heavy = rejected::<HEAVY>(batch, limit);
            assert_eq!(heavy, light, "batch {batch}, limit {limit}");
        }
    }
}

/// Hands each record to a closure.
struct Each<T>(Box<dyn FnMut(T) + Send>);

impl<T> fluxus_core::Collector<T> for Each<T> {
    fn open(&mut self) -> Flow {
        Flow::Open
    }
    fn push(&mut self, _: fluxus_core::windows::Timestamp, value: T) -> Flow {
        (self.0)(value);
        Flow::Open
    }
    fn signal(&mut self, _: fluxus_core::Signal) -> Flow {
        Flow::Open
    }
    fn end_batch(&mut self) -> Flow {
        Flow::Open
    }
    fn resume(&mut self) -> Flow {
        Flow::Open
    }
    fn flush(&mut self) {}
    fn abort(&mut self) {}
}

#[test]
fn a_panic_in_the_aggregate_names_the_operator() {
    // Of the second window: by then the state is large.
    let script = script();
    let falls_at = script.iter().skip(2_500).find_map(|said| match said {
        Record(_, value) => Some(*value),
        _ => None,
    });
    let config = Config::new().workers(1).conclude().unwrap();
    let mut plan = Plan::new("falls", config);
    let source = Script::of(script);
    let head: fluxus_core::source::Head<_, true> =
        fluxus_core::source::Head::new(&mut plan, Name::new("script"), vec![source]).unwrap();
    WindowAggregate::new(
        Name::new("in order"),
        head,
        |value: &i64| value % KEYS,
        Tumbling::new(Duration::from_nanos(10)).unwrap(),
        Lateness::NONE,
        InOrder::<HEAVY> {
            falls_at: falls_at.unwrap(),
        },
    )
    .lower(&mut plan, |_| Each(Box::new(|_| {})))
    .unwrap();
    let error = run_local(plan).unwrap_err().to_string();
    assert!(
        error.contains("in order") && error.contains("it falls"),
        "{error}"
    );
}

#[test]
fn a_count_of_many_keys_is_right() {
    let keys = 120_000i64;
    let script: Vec<_> = (0..3 * keys).map(|n| Record(n % 10, n)).collect();
    let drive = drives()[0];
    let found = heard(drive, &script, |head| {
        let size = Tumbling::new(Duration::from_nanos(10)).unwrap();
        WindowAggregate::new(
            name(),
            head,
            move |n: &i64| n % keys,
            size,
            Lateness::NONE,
            Count,
        )
    });
    let rows = found.iter().filter_map(|said| match said {
        Record(_, row) => Some((row.key, row.value)),
        _ => None,
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    let expected: Vec<_> = (0..keys).map(|key| (key, 3)).collect();
    assert!(rows == expected);
}
