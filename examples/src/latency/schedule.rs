use crate::options::LatencyOptions;
use fluxus::windows::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// When each event is due, and which event sets results free.
///
/// The data is replayed in passes, each later in event time than the one before
/// by the whole length of the data.
pub(crate) struct Schedule {
    /// How far time has come with each event of a pass.
    latest: Vec<Timestamp>,
    /// By how much a pass is later in event time than the one before.
    shift_ns: i64,
    disorder_ns: i64,
    total: u64,
    /// Events a second, over the whole run.
    rate: f64,
    pace: Pace,
}

enum Pace {
    /// So many nanoseconds of the wall an event.
    Even { interval_ns: f64 },
    /// So many nanoseconds of event time a nanosecond of the wall.
    AsRecorded { speed: f64 },
}

impl Schedule {
    /// A schedule over the times of `events`.
    pub(crate) fn new<E>(
        events: &[(Timestamp, E)],
        disorder: Duration,
        options: &LatencyOptions,
    ) -> Arc<Self> {
        let mut highest = Timestamp::MIN;
        let latest: Vec<Timestamp> = events
            .iter()
            .map(|(time, _)| {
                highest = highest.max(*time);
                highest
            })
            .collect();
        let first = latest.first().map_or(0, |time| time.nanos());
        let last = latest.last().map_or(0, |time| time.nanos());
        let count = latest.len().max(1) as i64;
        // A mean step behind the last event the next pass begins.
        let span = last.saturating_sub(first);
        let shift_ns = span.saturating_add((span / count).max(1));
        let seconds = options.seconds as f64;
        let (pace, total) = match options.speed {
            None => {
                let interval_ns = 1e9 / options.rate as f64;
                let total = (seconds * options.rate as f64).ceil();
                (Pace::Even { interval_ns }, total as u64)
            }
            Some(speed) => {
                // Whole passes, and what lies in the beginning of one more.
                let event_ns = seconds * 1e9 * speed;
                let passes = (event_ns / shift_ns as f64).floor();
                let rest_ns = event_ns - passes * shift_ns as f64;
                let is_within =
                    |time: &Timestamp| (time.nanos().saturating_sub(first) as f64) < rest_ns;
                let rest = latest.partition_point(is_within) as u64;
                let whole = (passes as u64).saturating_mul(count as u64);
                (Pace::AsRecorded { speed }, whole.saturating_add(rest))
            }
        };
        // As far as event time goes.
        let passes = (i64::MAX / 4 - last.saturating_abs()) / shift_ns.max(1);
        let most = (passes.max(1) as u64).saturating_mul(count as u64);
        Arc::new(Self {
            latest,
            shift_ns,
            disorder_ns: i64::try_from(disorder.as_nanos()).unwrap_or(i64::MAX),
            total: total.clamp(1, most),
            rate: total as f64 / seconds,
            pace,
        })
    }

    /// How many events are sent.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Events a second.
    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    /// Which event of a pass the event of this number is, and by how much it is
    /// later than there.
    pub(crate) fn place(&self, number: u64) -> (usize, i64) {
        let count = self.latest.len().max(1) as u64;
        let pass = i64::try_from(number / count).unwrap_or(i64::MAX);
        (
            (number % count) as usize,
            pass.saturating_mul(self.shift_ns),
        )
    }

    /// When the event of this number is due, in nanoseconds from the start.
    pub(crate) fn due_ns(&self, number: u64) -> u64 {
        match self.pace {
            Pace::Even { interval_ns } => (number as f64 * interval_ns) as u64,
            Pace::AsRecorded { speed } => {
                let (place, shift) = self.place(number);
                let first = self.latest[0].nanos();
                let since = self.latest[place].nanos().saturating_sub(first);
                (since.saturating_add(shift) as f64 / speed) as u64
            }
        }
    }

    /// The watermark behind the event of this number.
    pub(crate) fn watermark(&self, number: u64) -> Timestamp {
        let (place, shift) = self.place(number);
        let latest = self.latest[place].nanos().saturating_add(shift);
        Timestamp::from_nanos(latest.saturating_sub(self.disorder_ns).saturating_sub(1))
    }

    /// The first event behind which the watermark has reached `time`: it sets the
    /// results of that time free. None if only the end of the stream does.
    pub(crate) fn sets_free(&self, time: Timestamp) -> Option<u64> {
        // Watermarks never fall, from one event to the next.
        let (mut low, mut high) = (0, self.total);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.watermark(middle) >= time {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        (low < self.total).then_some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(rate: u64, speed: Option<f64>) -> LatencyOptions {
        LatencyOptions {
            latency: true,
            compare: false,
            rate,
            speed,
            seconds: 2,
            report: None,
        }
    }

    fn events() -> Vec<(Timestamp, ())> {
        // The third is out of order.
        [0i64, 10, 5, 30]
            .map(|n| (Timestamp::from_nanos(n), ()))
            .to_vec()
    }

    #[test]
    fn passes_follow_one_another_in_event_time() {
        let schedule = Schedule::new(&events(), Duration::ZERO, &options(1000, None));
        assert_eq!(schedule.total(), 2000);
        // 30 and a mean step of 7 behind it.
        let times: Vec<i64> = (0..6).map(|n| schedule.watermark(n).nanos() + 1).collect();
        assert_eq!(times, [0, 10, 10, 30, 37, 47]);
        assert_eq!(schedule.due_ns(5), 5_000_000);
    }

    #[test]
    fn results_are_set_free_by_the_first_event_that_moves_time_there() {
        let schedule = Schedule::new(&events(), Duration::from_nanos(2), &options(4, None));
        assert_eq!(schedule.total(), 8);
        let at = |nanos| schedule.sets_free(Timestamp::from_nanos(nanos));
        // Watermarks: -3 7 7 27 34 44 44 64.
        for (time, event) in [(-3, 0), (-2, 1), (7, 1), (8, 3), (28, 4), (64, 7)] {
            assert_eq!(at(time), Some(event), "{time}");
        }
        assert_eq!(at(65), None);
    }

    #[test]
    fn the_recorded_pace_can_be_kept_or_quickened() {
        let schedule = Schedule::new(&events(), Duration::ZERO, &options(1, Some(0.5)));
        let due: Vec<u64> = (0..5).map(|n| schedule.due_ns(n)).collect();
        assert_eq!(due, [0, 20, 20, 60, 74]);
        assert!((schedule.rate() - 4.0 * 0.5e9 / 37.0).abs() < 1.0);
        // One pass of 37 ns and 20 of the next, in which 0, 10 and 10 lie.
        let schedule = Schedule::new(&events(), Duration::ZERO, &options(1, Some(28.5e-9)));
        assert_eq!((schedule.total(), schedule.rate()), (7, 3.5));
    }
}
