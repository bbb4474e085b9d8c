//! What was seen, and when: kept by each instance for itself, brought together
//! when all have ended.

use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::Histogram;

use super::clock::RunClock;
use super::distribution::{histogram, Distribution};
use super::span::Span;
use super::tick::Sent;
use super::timeline::Timeline;

/// A record that was sent so much after it was due was sent late: the source
/// could not keep the rate up at that moment.
const LATE_NS: u64 = 1_000_000;

/// Latencies of one instance. Recording neither allocates nor locks.
#[derive(Clone)]
pub(crate) struct Recorder {
    /// From when it was due.
    response: Histogram<u64>,
    /// From when it was sent.
    service: Histogram<u64>,
    timeline: Timeline,
    /// Seen in all, also in the warm-up.
    pub(crate) seen: u64,
    /// Sent more than a millisecond late, of those that count.
    pub(crate) sent_late: u64,
    /// Beyond what the histograms hold.
    pub(crate) out_of_range: u64,
    /// When the last of those that count was seen.
    pub(crate) last_seen_ns: u64,
}

impl Recorder {
    pub(crate) fn new(span: Span) -> Self {
        Self {
            response: histogram(),
            service: histogram(),
            timeline: Timeline::new(span),
            seen: 0,
            sent_late: 0,
            out_of_range: 0,
            last_seen_ns: 0,
        }
    }

    /// Something was due, was sent and was seen, and it counts.
    #[inline]
    pub(crate) fn record(&mut self, due_ns: u64, sent_ns: u64, seen_ns: u64) {
        let response = seen_ns.saturating_sub(due_ns).max(1);
        let service = seen_ns.saturating_sub(sent_ns).max(1);
        let in_range =
            self.response.record(response).is_ok() && self.service.record(service).is_ok();
        self.out_of_range += u64::from(!in_range);
        self.sent_late += u64::from(sent_ns.saturating_sub(due_ns) > LATE_NS);
        self.timeline.note(due_ns, response);
        self.last_seen_ns = seen_ns;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        // All were made alike, so adding cannot fail.
        let added = self
            .response
            .add(&other.response)
            .and_then(|()| self.service.add(&other.service));
        debug_assert!(added.is_ok());
        self.timeline.merge(&other.timeline);
        self.seen += other.seen;
        self.sent_late += other.sent_late;
        self.out_of_range += other.out_of_range;
        self.last_seen_ns = self.last_seen_ns.max(other.last_seen_ns);
    }

    /// The samples that count.
    pub(crate) fn samples(&self) -> u64 {
        self.response.len()
    }

    pub(crate) fn response(&self) -> Distribution {
        Distribution::of(self.response.clone())
    }

    pub(crate) fn service(&self) -> Distribution {
        Distribution::of(self.service.clone())
    }

    pub(crate) fn timeline(&self) -> Timeline {
        self.timeline.clone()
    }
}

/// Where recorders are handed in when their instances end. Clones are one place.
#[derive(Clone, Default)]
pub(crate) struct HandedIn(Arc<Mutex<Vec<Recorder>>>);

impl HandedIn {
    pub(crate) fn hand_in(&self, recorder: Recorder) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(recorder);
    }

    /// All of them as one, or none that was ever used.
    pub(crate) fn together(&self, span: Span) -> Recorder {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut together = Recorder::new(span);
        all.iter().for_each(|recorder| together.merge(recorder));
        together
    }
}

/// Sees records go by. Every clone has a recorder of its own, which it hands in
/// when it is dropped.
pub(crate) struct Meter<K> {
    clock: K,
    span: Span,
    recorder: Recorder,
    handed_in: HandedIn,
}

impl<K: RunClock> Meter<K> {
    pub(crate) fn new(clock: K, span: Span, handed_in: HandedIn) -> Self {
        Self {
            clock,
            span,
            recorder: Recorder::new(span),
            handed_in,
        }
    }

    /// The record is here.
    #[inline]
    pub(crate) fn see(&mut self, record: Sent) {
        self.recorder.seen += 1;
        if self.span.counts(record.due_ns) {
            let now_ns = self.clock.now_ns();
            self.recorder.record(record.due_ns, record.sent_ns, now_ns);
        }
    }
}

impl<K: RunClock> Clone for Meter<K> {
    fn clone(&self) -> Self {
        Self::new(self.clock.clone(), self.span, self.handed_in.clone())
    }
}

impl<K> Drop for Meter<K> {
    fn drop(&mut self) {
        // One that saw nothing was only there to be cloned.
        if self.recorder.seen > 0 {
            self.handed_in.hand_in(self.recorder.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::ByHand;
    use super::super::schedule::Schedule;
    use super::super::tick::Tick;
    use super::*;
    use std::time::Duration;

    const MICRO: u64 = 1_000;
    const MILLI: u64 = 1_000_000;

    /// One record a microsecond for 10 ms, all of which count.
    fn ten_thousand() -> (Span, Schedule) {
        let span = Span::new(
            Duration::ZERO,
            Duration::from_millis(10),
            Duration::from_millis(1),
        );
        (span, Schedule::new(1_000_000, span))
    }

    /// Sends all that is due and sees it at once.
    fn catch_up(schedule: &mut Schedule, clock: &ByHand, meter: &mut Meter<ByHand>, now_ns: u64) {
        clock.set(now_ns);
        while let Some(due) = schedule.take_due(now_ns) {
            meter.see(Sent::from(Tick::new(due, now_ns, 1_000)));
        }
    }

    #[test]
    fn a_stall_is_in_the_latency_of_every_record_that_was_due_in_it() {
        let (span, mut schedule) = ten_thousand();
        let (clock, handed_in) = (ByHand::default(), HandedIn::default());
        let mut meter = Meter::new(clock.clone(), span, handed_in.clone());
        // On time for 2 ms, silent for 5 ms, on time again.
        for micro in (0..2_000).chain(7_000..=10_000) {
            catch_up(
                &mut schedule,
                &clock,
                &mut meter,
                span.start_ns + micro * MICRO,
            );
        }
        drop(meter);
        let together = handed_in.together(span);
        assert_eq!(together.samples(), 10_000, "none was left out");
        let response = together.response();
        // The 5001 that were due in the stall waited evenly between 0 and 5 ms.
        for (longer_than_ms, records) in [(1, 4_000), (2, 3_000), (3, 2_000), (4, 1_000)] {
            let above = response
                .histogram()
                .count_between(longer_than_ms * MILLI, u64::MAX);
            assert!(
                above.abs_diff(records) <= 10,
                "{above} waited over {longer_than_ms} ms"
            );
        }
        // Seen from when they were sent, nothing happened at all.
        assert_eq!(together.service().max(), Some(1));
        // And 4 of the 5 ms of records were sent more than 1 ms late.
        assert!(together.sent_late.abs_diff(4_000) <= 2);
        let worst = together.timeline().points().map(|point| point.1).max();
        assert_eq!(worst, Some(5 * MILLI));
    }

    #[test]
    fn clones_begin_empty_and_all_are_brought_together() {
        let (span, mut schedule) = ten_thousand();
        let (clock, handed_in) = (ByHand::default(), HandedIn::default());
        let mut first = Meter::new(clock.clone(), span, handed_in.clone());
        catch_up(&mut schedule, &clock, &mut first, span.start_ns);
        let mut second = first.clone();
        catch_up(
            &mut schedule,
            &clock,
            &mut second,
            span.start_ns + 9 * MICRO,
        );
        drop((first, second));
        assert_eq!(handed_in.together(span).seen, 10);
    }

    #[test]
    fn what_no_histogram_holds_is_counted() {
        let (span, _) = ten_thousand();
        let mut recorder = Recorder::new(span);
        recorder.record(span.start_ns, span.start_ns, u64::MAX);
        assert_eq!((recorder.out_of_range, recorder.samples()), (1, 0));
    }
}
