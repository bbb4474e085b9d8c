//! W2 through the public API of Fluxus.

use std::sync::Arc;

use fluxus::prelude::*;
use fluxus::sink::Folded;
use fluxus::windows::WatermarkGenerator;
use fluxus::Timed;

use super::chain;
use super::data::{Event, Row};
use crate::engine::Paced;
use crate::{engine, Digest, Options, Outcome, Shape};

/// Count, sum, minimum and maximum in one pass.
#[derive(Clone)]
pub(crate) struct Statistics;

/// What a key has read in one window: half a cache line.
///
/// Minimum and maximum lie apart: side by side, the compiler turns their two
/// instructions into a vector of two and ten instructions.
#[derive(Clone, Copy)]
pub(crate) struct Accumulator {
    count: u64,
    min: f64,
    sum: f64,
    max: f64,
}

impl Aggregate<Event> for Statistics {
    type Accumulator = Accumulator;
    type Output = Accumulator;

    #[inline]
    fn create(&self) -> Accumulator {
        Accumulator {
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    #[inline]
    fn add(&self, into: &mut Accumulator, event: &Event) {
        into.count += 1;
        into.sum += event.value;
        // Compare and select: one instruction each, no branch.
        into.min = if event.value < into.min {
            event.value
        } else {
            into.min
        };
        into.max = if event.value > into.max {
            event.value
        } else {
            into.max
        };
    }

    #[inline]
    fn merge(&self, into: &mut Accumulator, other: Accumulator) {
        into.count += other.count;
        into.sum += other.sum;
        into.min = if other.min < into.min {
            other.min
        } else {
            into.min
        };
        into.max = if other.max > into.max {
            other.max
        } else {
            into.max
        };
    }

    #[inline]
    fn finish(&self, accumulator: Accumulator) -> Accumulator {
        accumulator
    }
}

/// Runs W2 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(events: &Arc<[Event]>, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    let disorder = engine::disorder(shape).map_err(|error| error.to_string())?;
    match options.watermark_ms {
        None if shape.operators > 0 => run_chained(disorder, events, shape, options),
        None => run_with(disorder, events, shape, options),
        Some(every_ms) => run_with(Paced::new(disorder, every_ms), events, shape, options),
    }
}

fn run_with(
    watermarks: impl WatermarkGenerator<Event>,
    events: &Arc<[Event]>,
    shape: &Shape,
    options: &Options,
) -> Result<Outcome, String> {
    engine::timed("W2", options, shape.keys, |job| {
        let events = job.from_shared(events, options.workers).timestamps(
            |event| Timestamp::from_millis(event.timestamp_ms),
            watermarks,
        );
        windowed(events, shape)
    })
}

/// Behind the eight operators of [`chain`].
fn run_chained(
    watermarks: impl WatermarkGenerator<Event>,
    events: &Arc<[Event]>,
    shape: &Shape,
    options: &Options,
) -> Result<Outcome, String> {
    engine::timed("W2 behind a chain", options, shape.keys, |job| {
        let events = job
            .from_shared(events, options.workers)
            .timestamps(
                |event| Timestamp::from_millis(event.timestamp_ms),
                watermarks,
            )
            .map(chain::multiply)
            .filter(chain::is_known)
            .map(chain::rotate)
            .filter(chain::is_sound)
            .map(chain::mask)
            .filter(chain::is_recent)
            .map(chain::mask)
            .map(chain::restore);
        windowed(events, shape)
    })
}

/// The window and the sink.
fn windowed(
    events: DataStream<impl Timed<Item = Event>>,
    shape: &Shape,
) -> Result<Folded<Digest>, Error> {
    Ok(events
        .key_by(|event| event.key)
        .window(Tumbling::new(engine::milliseconds(shape.size_ms))?)
        .aggregate(Statistics)
        .map(row)
        .fold_all(
            Digest::default(),
            |digest, row| row.add_to(digest),
            Digest::merge,
        ))
}

/// What a window of a key gives, as a row of the result.
#[inline]
pub(crate) fn row(result: WindowResult<u64, Accumulator>) -> Row {
    let Accumulator {
        count,
        sum,
        min,
        max,
    } = result.value;
    Row {
        key: result.key,
        start_ms: result.start().millis(),
        count,
        sum,
        min,
        max,
        mean: sum / count as f64,
    }
}
