//! The worst of every stretch of a run.

use super::span::Span;

/// So many stretches a run is cut into: about one for each pixel or two of a plot.
const STRETCHES: u64 = 240;

/// The greatest value of each of many equal stretches of the measured time.
///
/// Its memory is set aside at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    start_ns: u64,
    stretch_ns: u64,
    maxima: Vec<u64>,
    /// The stretch that the last value lay in: values come nearly in order, and
    /// the comparison with its bounds costs less than a division.
    current: usize,
    current_from_ns: u64,
}

impl Timeline {
    pub(crate) fn new(span: Span) -> Self {
        let stretch_ns = span.measured_ns().div_ceil(STRETCHES).max(1);
        let stretches = span.measured_ns().div_ceil(stretch_ns).max(1);
        Self {
            start_ns: span.measured_from_ns,
            stretch_ns,
            maxima: vec![0; stretches as usize],
            current: 0,
            current_from_ns: span.measured_from_ns,
        }
    }

    /// Notes a value at a moment within the measured time.
    #[inline]
    pub(crate) fn note(&mut self, at_ns: u64, value: u64) {
        if at_ns.wrapping_sub(self.current_from_ns) >= self.stretch_ns {
            let stretch = at_ns.saturating_sub(self.start_ns) / self.stretch_ns;
            self.current = (stretch as usize).min(self.maxima.len() - 1);
            self.current_from_ns = self.start_ns + self.current as u64 * self.stretch_ns;
        }
        let greatest = &mut self.maxima[self.current];
        *greatest = (*greatest).max(value);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.maxima.iter_mut().zip(&other.maxima) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// The seconds of each stretch's middle since the measured time began, and
    /// its greatest value; stretches without a value are left out.
    pub fn points(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let middle = |stretch: usize| (stretch as f64 + 0.5) * self.stretch_ns as f64 / 1e9;
        let all = self.maxima.iter().enumerate();
        all.filter(|&(_, &greatest)| greatest > 0)
            .map(move |(stretch, &greatest)| (middle(stretch), greatest))
    }

    /// How long the measured time is, in seconds.
    pub fn seconds(&self) -> f64 {
        self.stretch_ns as f64 * self.maxima.len() as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_worst_of_each_stretch_is_kept() {
        let span = Span::new(
            Duration::from_secs(1),
            Duration::from_secs(24),
            Duration::from_secs(1),
        );
        let at = |tenths: u64| span.measured_from_ns + tenths * 100_000_000;
        let mut timeline = Timeline::new(span);
        assert!((timeline.seconds() - 24.0).abs() < 1e-6);
        timeline.note(at(0), 5);
        timeline.note(at(239), 7);
        timeline.note(at(0) + 1, 3);
        let mut other = Timeline::new(span);
        other.note(at(0), 4);
        other.note(at(100), 9);
        timeline.merge(&other);
        let found: Vec<_> = timeline.points().collect();
        let values: Vec<_> = found.iter().map(|point| point.1).collect();
        assert_eq!(values, [5, 9, 7]);
        assert!((found[1].0 - 10.05).abs() < 1e-9, "{found:?}");
    }
}
