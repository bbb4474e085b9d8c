/// How much a window weighs in the baseline against all before it.
const WEIGHT: f64 = 0.1;

/// What is usual for a figure: its exponentially weighted mean, and the deviation
/// around it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Baseline {
    windows: u32,
    mean: f64,
    variance: f64,
}

impl Baseline {
    /// How many windows it has learnt from.
    pub fn windows(&self) -> u32 {
        self.windows
    }

    /// What is usual; nothing is before the first window.
    pub fn mean(&self) -> Option<f64> {
        (self.windows > 0).then_some(self.mean)
    }

    /// How far from the mean is usual.
    pub fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }

    /// Moves towards `found`: Finch, "Incremental calculation of weighted mean
    /// and variance" (2009), section 9.
    pub fn learn(&mut self, found: f64) {
        if self.windows == 0 {
            self.mean = found;
        }
        let step = WEIGHT * (found - self.mean);
        self.variance = (1.0 - WEIGHT) * (self.variance + step * (found - self.mean));
        self.mean += step;
        self.windows = self.windows.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::Baseline;

    #[test]
    fn mean_and_deviation_are_those_of_weighted_windows() {
        let found = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0];
        let mut baseline = Baseline::default();
        assert_eq!(baseline.mean(), None);
        found.iter().for_each(|found| baseline.learn(*found));
        // The first window stands for all before it; each later one takes a tenth.
        let weight = |age: i32| match age {
            5 => 0.9f64.powi(5),
            _ => 0.1 * 0.9f64.powi(age),
        };
        let weighted = |of: &dyn Fn(f64) -> f64| -> f64 {
            let ages = (0..6).rev().map(weight);
            ages.zip(found)
                .map(|(weight, found)| weight * of(found))
                .sum()
        };
        let mean = weighted(&|found| found);
        let variance = weighted(&|found| (found - mean).powi(2));
        assert!((baseline.mean().unwrap() - mean).abs() < 1e-12);
        assert!((baseline.deviation() - variance.sqrt()).abs() < 1e-12);
        assert_eq!(baseline.windows(), 6);
    }
}
