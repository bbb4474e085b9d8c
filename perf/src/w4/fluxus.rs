//! W4 through the public API of Fluxus.

use std::sync::Arc;
use std::time::Duration;

use fluxus::prelude::*;

use super::data::{Row, Visit};
use crate::{engine, Digest, Options, Outcome, Shape};

/// How many visits, and when the last one was. When the first one was, the
/// window's start says.
#[derive(Clone)]
struct Span;

#[derive(Clone, Copy)]
struct Accumulator {
    count: u64,
    last_ms: i64,
}

impl Aggregate<Visit> for Span {
    type Accumulator = Accumulator;
    type Output = Accumulator;

    #[inline]
    fn create(&self) -> Accumulator {
        Accumulator {
            count: 0,
            last_ms: i64::MIN,
        }
    }

    #[inline]
    fn add(&self, into: &mut Accumulator, visit: &Visit) {
        into.count += 1;
        into.last_ms = into.last_ms.max(visit.timestamp_ms);
    }

    #[inline]
    fn merge(&self, into: &mut Accumulator, other: Accumulator) {
        into.count += other.count;
        into.last_ms = into.last_ms.max(other.last_ms);
    }

    #[inline]
    fn finish(&self, accumulator: Accumulator) -> Accumulator {
        accumulator
    }
}

/// Runs W4 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(visits: &Arc<[Visit]>, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    engine::timed("W4", options, shape.keys, |job| {
        // Sessions that touch are one: a visit exactly the gap later must not touch,
        // and one a millisecond sooner must find the session open.
        let gap = engine::milliseconds(shape.gap_ms).saturating_sub(Duration::from_nanos(1));
        Ok(job
            .from_shared(visits, options.workers)
            .timestamps(
                |visit| Timestamp::from_millis(visit.timestamp_ms),
                engine::disorder(shape)?,
            )
            .key_by(|visit| visit.user)
            .window(Session::with_gap(gap)?)
            .aggregate(Span)
            .map(|session| Row {
                user: session.key,
                first_ms: session.start().millis(),
                last_ms: session.value.last_ms,
                count: session.value.count,
            })
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}

#[cfg(test)]
mod tests {
    use super::super::hand;
    use super::*;
    use crate::dense_ids::DenseIds;
    use crate::{Asked, Workload};

    /// A visit as late as can be, and as long after the one before as still counts.
    #[test]
    fn a_late_visit_finds_its_session_open_to_the_last_millisecond() {
        let asked = Asked {
            gap_ms: Some(150),
            ..Asked::default()
        };
        let shape = Shape::of(Workload::W4, asked).expect("it can be");
        let visit = |user, timestamp_ms| Visit { user, timestamp_ms };
        for last_ms in [149, 150] {
            let visits: Arc<[Visit]> =
                Arc::new([visit(7, 0), visit(8, last_ms + 100), visit(7, last_ms)]);
            let options = Options {
                batch: Some(1),
                pin: false,
                ..Options::default()
            };
            let outcome = run(&visits, &shape, &options).expect("it runs");
            assert_eq!(outcome.digest.rows, 2 + u64::from(last_ms == 150));
            let right = hand::run_shaped::<DenseIds>(&visits, &shape);
            assert_eq!(outcome.digest, right, "{last_ms} ms");
        }
    }
}
