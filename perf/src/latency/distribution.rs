//! A distribution of latencies, and which of its percentiles may be told.

use hdrhistogram::Histogram;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A percentile that is told, if enough samples lie beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentile {
    /// As people write it: `99.9`.
    pub name: &'static str,
    /// How many of a million samples lie beyond it.
    beyond_per_million: u64,
}

const fn percentile(name: &'static str, beyond_per_million: u64) -> Percentile {
    Percentile {
        name,
        beyond_per_million,
    }
}

/// Every percentile that is told. The greatest sample is told beside them.
pub const PERCENTILES: [Percentile; 6] = [
    percentile("50", 500_000),
    percentile("90", 100_000),
    percentile("99", 10_000),
    percentile("99.9", 1_000),
    percentile("99.99", 100),
    percentile("99.999", 10),
];

/// So many samples must lie beyond a percentile; with fewer it is a guess.
pub const SAMPLES_BEYOND: u64 = 10;

/// Three digits: a value is told to within a thousandth of itself.
const DIGITS: u8 = 3;

/// One hour, in nanoseconds: what takes longer is out of range.
const LARGEST_NS: u64 = 3_600 * 1_000_000_000;

/// What latencies are recorded in.
pub type Samples = Histogram<u64>;

/// A histogram of its full size, so that recording never allocates.
pub fn histogram() -> Samples {
    match Histogram::new_with_bounds(1, LARGEST_NS, DIGITS) {
        Ok(histogram) => histogram,
        // These bounds and digits are constants, within what is allowed.
        Err(error) => unreachable!("{error}"),
    }
}

/// How long something took, in nanoseconds, over a whole run.
#[derive(Clone, Debug)]
pub struct Distribution(Histogram<u64>);

impl Distribution {
    /// The distribution of what was recorded.
    pub fn of(histogram: Samples) -> Self {
        Self(histogram)
    }

    /// How many samples it stands on.
    pub fn samples(&self) -> u64 {
        self.0.len()
    }

    /// The value that all but so many of a million samples did not exceed, in
    /// nanoseconds; none where fewer than ten samples lie beyond it.
    pub fn percentile(&self, percentile: Percentile) -> Option<u64> {
        let beyond = u128::from(self.samples()) * u128::from(percentile.beyond_per_million);
        if beyond < u128::from(SAMPLES_BEYOND) * 1_000_000 {
            return None;
        }
        let quantile = 1.0 - percentile.beyond_per_million as f64 / 1e6;
        Some(self.0.value_at_quantile(quantile))
    }

    /// The percentile of this name, as [`percentile`](Self::percentile) tells it.
    pub fn named(&self, name: &str) -> Option<u64> {
        let found = PERCENTILES.into_iter().find(|known| known.name == name)?;
        self.percentile(found)
    }

    /// The greatest sample, in nanoseconds; none where there is no sample.
    pub fn max(&self) -> Option<u64> {
        (self.samples() > 0).then(|| self.0.max())
    }

    /// The samples themselves.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }
}

impl Serialize for Distribution {
    /// `samples`, `mean_ns`, every percentile (`null` where it may not be told)
    /// and `max_ns`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("samples", &self.samples())?;
        map.serialize_entry("mean_ns", &(self.samples() > 0).then(|| self.0.mean()))?;
        for percentile in PERCENTILES {
            let key = format!("p{}_ns", percentile.name.replace('.', "_"));
            map.serialize_entry(&key, &self.percentile(percentile))?;
        }
        map.serialize_entry("max_ns", &self.max())?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(samples: u64) -> Distribution {
        let mut histogram = histogram();
        for sample in 1..=samples {
            histogram.record(sample).expect("in range");
        }
        Distribution::of(histogram)
    }

    #[test]
    fn a_percentile_needs_ten_samples_beyond_it() {
        for (samples, told) in [
            (0, 0),
            (19, 0),
            (20, 1),
            (99, 1),
            (100, 2),
            (999, 2),
            (1_000, 3),
            (9_999, 3),
            (10_000, 4),
            (99_999, 4),
            (100_000, 5),
            (999_999, 5),
            (1_000_000, 6),
        ] {
            let distribution = of(samples);
            let found = PERCENTILES
                .into_iter()
                .filter(|&percentile| distribution.percentile(percentile).is_some())
                .count();
            assert_eq!(found, told, "{samples} samples");
            assert_eq!(distribution.max().is_some(), samples > 0);
        }
    }

    #[test]
    fn values_are_those_of_the_samples() {
        let distribution = of(1_000);
        assert_eq!(distribution.named("50"), Some(500));
        assert_eq!(distribution.named("90"), Some(900));
        assert_eq!(distribution.named("99"), Some(990));
        assert_eq!(distribution.named("99.9"), None);
        assert_eq!(distribution.named("98"), None);
        assert_eq!(distribution.max(), Some(1_000));
        let json = serde_json::to_value(&distribution).expect("it is plain");
        assert_eq!(json["p99_ns"], 990);
        assert_eq!(json["p99_99_ns"], serde_json::Value::Null);
        assert_eq!(json["samples"], 1_000);
    }
}
