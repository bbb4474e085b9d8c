//! What the machine does to a thread that only wants to run.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::available::on_core;

use super::clock::{Monotonic, RunClock};
use super::distribution::{histogram, Distribution};
use super::span::Span;
use super::timeline::Timeline;

/// A stamp is due so often. What a stamp comes later than that is a hiccup.
const INTERVAL_NS: u64 = 10_000;

/// Stamps at a fixed short interval, from a thread that never sleeps: whatever
/// keeps it from stamping (an interrupt, another thread on its core, the
/// hypervisor) would have kept any other thread from working.
///
/// Stamps that a hiccup left out count too, each with what was still left of it.
#[derive(Clone)]
pub(crate) struct Hiccups {
    last_ns: u64,
    from_ns: u64,
    to_ns: u64,
    histogram: Histogram<u64>,
    timeline: Timeline,
}

impl Hiccups {
    /// A meter of the measured part of a span.
    pub(crate) fn new(span: Span) -> Self {
        Self {
            last_ns: span.measured_from_ns,
            from_ns: span.measured_from_ns,
            to_ns: span.end_ns,
            histogram: histogram(),
            timeline: Timeline::new(span),
        }
    }

    /// The thread is alive at this moment. To be called again and again.
    #[inline]
    pub(crate) fn stamp(&mut self, now_ns: u64) {
        let since = now_ns.saturating_sub(self.last_ns);
        if since < INTERVAL_NS {
            return;
        }
        self.note(now_ns, since);
    }

    #[inline(never)]
    fn note(&mut self, now_ns: u64, since_ns: u64) {
        self.last_ns = now_ns;
        if now_ns >= self.to_ns || now_ns < self.from_ns {
            return;
        }
        let hiccup_ns = (since_ns - INTERVAL_NS).max(1);
        // Out of range is an hour and more: the run is invalid for other reasons.
        let _ = self.histogram.record_correct(hiccup_ns, INTERVAL_NS);
        self.timeline.note(now_ns, hiccup_ns);
    }

    /// Stamps on the calling thread until the span is over.
    fn spin(&mut self, clock: Monotonic) {
        loop {
            let now_ns = clock.now_ns();
            if now_ns >= self.to_ns {
                return;
            }
            self.stamp(now_ns);
            std::hint::spin_loop();
        }
    }
}

/// Where and when hiccups were measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "where", content = "core")]
pub enum HiccupPlace {
    /// In the source's own thread while it waited, in the same seconds.
    Source(Option<usize>),
    /// By a thread on a core that nobody else of the run uses, in the same seconds.
    Beside(usize),
    /// On the cores of the run themselves, before it and after it: no core is
    /// free for a meter, and one on a busy core would be the hiccup.
    BeforeAndAfter,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct HiccupReading {
    /// Where and when.
    pub place: HiccupPlace,
    /// How long the hiccups were, a sample every 10 us.
    pub distribution: Distribution,
    /// The longest of each stretch, where they were measured in the same seconds.
    pub timeline: Option<Timeline>,
}

impl HiccupReading {
    /// Of a meter that ran in the same seconds.
    pub(crate) fn beside(hiccups: Hiccups, place: HiccupPlace) -> Self {
        Self {
            place,
            distribution: Distribution::of(hiccups.histogram),
            timeline: Some(hiccups.timeline),
        }
    }

    /// Of what was measured before and after the run.
    pub(crate) fn around(histogram: Histogram<u64>) -> Self {
        Self {
            place: HiccupPlace::BeforeAndAfter,
            distribution: Distribution::of(histogram),
            timeline: None,
        }
    }
}

/// Stamps on `core`, in the measured seconds of `span`.
pub(crate) fn measure_beside(core: usize, clock: Monotonic, span: Span) -> Hiccups {
    on_core(Some(core), || {
        // Asleep in the warm-up, so that it does not look like another user.
        let until_ns = span.measured_from_ns.saturating_sub(clock.now_ns());
        std::thread::sleep(Duration::from_nanos(until_ns));
        let mut hiccups = Hiccups::new(span);
        hiccups.spin(clock);
        hiccups
    })
}

/// Stamps for a while on each of `cores` in turn, or anywhere if there is none.
pub(crate) fn measure_alone(cores: &[usize], length: Duration) -> Histogram<u64> {
    let places: Vec<Option<usize>> = match cores {
        [] => vec![None],
        cores => cores.iter().copied().map(Some).collect(),
    };
    let mut together = histogram();
    for core in places {
        let hiccups = on_core(core, || {
            let clock = Monotonic::start();
            let mut hiccups = Hiccups::new(Span::new(Duration::ZERO, length, length));
            hiccups.from_ns = clock.now_ns();
            hiccups.last_ns = hiccups.from_ns;
            hiccups.to_ns = hiccups.from_ns + length.as_nanos() as u64;
            hiccups.spin(clock);
            hiccups
        });
        // Both were made alike, so adding cannot fail.
        let _ = together.add(&hiccups.histogram);
    }
    together
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hiccup_counts_once_for_every_stamp_that_it_held_up() {
        let span = Span::new(
            Duration::from_millis(1),
            Duration::from_millis(10),
            Duration::from_millis(1),
        );
        let mut hiccups = Hiccups::new(span);
        let at = |micros: u64| span.measured_from_ns + micros * 1_000;
        hiccups.stamp(at(0) - 500_000); // the warm-up
        for micros in (0..=1_000).chain(2_000..=3_000) {
            hiccups.stamp(at(micros));
        }
        // Of 1 ms all but the interval itself, and what was left of it at each
        // of the 99 stamps that did not come.
        let histogram = &hiccups.histogram;
        assert_eq!(histogram.count_between(10_000, u64::MAX), 99);
        assert_eq!(histogram.max() / 10_000, 99);
        assert_eq!(histogram.len(), 100 + 99 + 100);
        let worst = hiccups.timeline.points().map(|point| point.1).max();
        assert_eq!(worst, Some(990_000));
    }
}
