use std::fmt;

/// Quantiles that cannot be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum QuantileError {
    /// None was asked for.
    None,
    /// One lies outside of `0..=1`.
    OutOfRange {
        /// The quantile asked for.
        quantile: f64,
    },
    /// The accuracy lies outside of `0.0001..1`.
    Accuracy {
        /// The accuracy asked for.
        accuracy: f64,
    },
}

impl fmt::Display for QuantileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no quantile is asked for: name at least one, such as 0.5"),
            Self::OutOfRange { quantile } => write!(
                f,
                "a quantile of {quantile} is out of range: choose one from 0 to 1, such as 0.99 for the 99th percentile"
            ),
            Self::Accuracy { accuracy } => write!(
                f,
                "a relative accuracy of {accuracy} is out of range: choose one from 0.0001 to below 1, such as 0.01 for 1 %"
            ),
        }
    }
}

impl std::error::Error for QuantileError {}

/// Lets `quantiles` pass if there are some and all lie in `0..=1`.
pub(super) fn checked<const N: usize>(quantiles: [f64; N]) -> Result<[f64; N], QuantileError> {
    let in_range = |quantile: &f64| (0.0..=1.0).contains(quantile);
    match quantiles.iter().find(|quantile| !in_range(quantile)) {
        Some(&quantile) => Err(QuantileError::OutOfRange { quantile }),
        None if N == 0 => Err(QuantileError::None),
        None => Ok(quantiles),
    }
}

/// Which of `count` sorted values is the quantile, counted from one: the first
/// that has at least this share of them at or before it (the nearest rank).
pub(super) fn nearest_rank(quantile: f64, count: u64) -> u64 {
    let exact = quantile * count as f64;
    // 0.07 * 100 is a bit more than 7, and should not make it the eighth.
    let whole = exact.round();
    let rank = match (exact - whole).abs() <= 2.0 * f64::EPSILON * exact {
        true => whole,
        false => exact.ceil(),
    };
    (rank as u64).clamp(1, count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        for (quantile, count, rank) in [
            (0.0, 5, 1),
            (0.5, 1, 1),
            (0.5, 4, 2),
            (0.5, 5, 3),
            (0.07, 100, 7),
            (0.071, 100, 8),
            (0.95, 100, 95),
            (0.99, 100, 99),
            (0.999, 100, 100),
            (1.0, 100, 100),
            (1.0, u64::MAX, u64::MAX),
        ] {
            assert_eq!(nearest_rank(quantile, count), rank, "{quantile} of {count}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_way_out() {
        assert_eq!(checked([0.0, 0.5, 1.0]), Ok([0.0, 0.5, 1.0]));
        for (quantiles, way_out) in [
            (&[][..], "at least one"),
            (&[-0.01], "from 0 to 1"),
            (&[1.01], "from 0 to 1"),
            (&[f64::NAN], "from 0 to 1"),
            (&[f64::INFINITY], "from 0 to 1"),
        ] {
            let refused = match quantiles {
                [] => checked([]).map(|_| ()),
                [one, ..] => checked([*one]).map(|_| ()),
            };
            let error = refused.expect_err("out of range").to_string();
            assert!(error.contains(way_out), "{error}");
        }
    }
}
