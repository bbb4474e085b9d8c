//! The bare rtrb ring, under the same source and the same meter.
//!
//! What the engine's hand-over is held against: a thread that pops one record
//! after another and shows each to the meter, and nothing else.

use std::thread;

use fluxus::windows::Timestamp;
use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::available::pin_this_thread;
use crate::Cores;

use super::feeder::{Gone, Outlet, Wait};
use super::hiccup::{HiccupPlace, HiccupReading};
use super::measured::{Measured, Paired, Readings};
use super::pipeline::{joined, run, spawn_named, Bench, Origin, Plan, DEFAULT_RING};
use super::seats::Seats;
use super::tick::{Sent, Tick};

/// What lies in the ring: as large as what lies in the engine's.
#[derive(Clone, Copy)]
struct Timed {
    _time: Timestamp,
    tick: Tick,
}

impl Outlet for Producer<Timed> {
    #[inline]
    fn try_send(&mut self, tick: Tick) -> Result<bool, Gone> {
        let timed = Timed {
            _time: Timestamp::from_nanos(tick.due_ns as i64),
            tick,
        };
        match self.push(timed) {
            Ok(()) => Ok(true),
            Err(PushError::Full(_)) => match self.is_abandoned() {
                true => Err(Gone),
                false => Ok(false),
            },
        }
    }

    fn watermark(&mut self, _: Timestamp) -> Result<(), Gone> {
        Ok(())
    }
}

/// Runs `plan` over the bare ring: its rate, its span, its cores.
///
/// # Errors
/// When the consumer was gone before the source had ended.
pub fn run_bare(plan: &Plan) -> Result<Measured, String> {
    // Two threads: with a source in a worker they sit where the first two
    // workers do.
    let mut options = plan.engine.clone();
    options.workers = 1;
    let seats = Seats::deal(&options, Origin::Thread, Cores::read().as_slice());
    let plan = Plan {
        window: None,
        ..plan.clone()
    };
    let bench = Bench::new(&plan, seats);
    let (producer, consumer) = RingBuffer::new(plan.engine.ring.unwrap_or(DEFAULT_RING));
    let (fed, threads) = thread::scope(|scope| {
        let taker = spawn_named(scope, "ring consumer", || take_all(&bench, consumer));
        let feeder = bench.spawn_feeder(scope, producer);
        let threads = bench.watch();
        let fed = joined(feeder);
        joined(taker);
        (fed, threads)
    });
    let hiccups = fed.map_err(|Gone| "the consumer of the bare ring has gone".to_owned())?;
    let place = HiccupPlace::Source(bench.seats.source);
    let readings = Readings {
        records: bench.records.together(bench.span),
        windows: None,
        hiccups: HiccupReading::beside(hiccups, place),
        threads,
    };
    Ok(Measured::conclude(&plan, bench.span, readings, Vec::new()))
}

/// Shows the meter every record until the producer has gone.
fn take_all(bench: &Bench<'_>, mut consumer: Consumer<Timed>) {
    pin_this_thread(bench.seats.workers.first().copied());
    let mut meter = bench.meter();
    let wait = bench.wait();
    loop {
        // Asked first: what was published before it went is still popped below.
        let is_last_look = consumer.is_abandoned();
        while let Ok(timed) = consumer.pop() {
            meter.see(Sent::from(timed.tick));
        }
        if is_last_look {
            return;
        }
        // On a core of its own it looks again at once, as the engine's workers do.
        if wait == Wait::Yield {
            thread::yield_now();
        }
    }
}

/// Runs the engine, without windows, and the bare ring, one after the other.
///
/// # Errors
/// As the runs themselves.
pub fn pair(plan: &Plan, ours_first: bool) -> Result<Paired, String> {
    let plan = Plan {
        window: None,
        ..plan.clone()
    };
    let (ours, theirs) = match ours_first {
        true => {
            let ours = run(&plan)?;
            (ours, run_bare(&plan)?)
        }
        false => {
            let theirs = run_bare(&plan)?;
            (run(&plan)?, theirs)
        }
    };
    Ok(Paired { ours, theirs })
}
