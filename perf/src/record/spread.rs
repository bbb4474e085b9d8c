//! Several measurements of one thing, in five numbers.

use serde::{Deserialize, Serialize};

/// The median, what lies around it, and how many there were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The middle.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// A quarter are below.
    pub lower_quartile: f64,
    /// A quarter are above.
    pub upper_quartile: f64,
    /// The largest.
    pub most: f64,
    /// How many.
    pub runs: usize,
}

impl Spread {
    /// Of `numbers`; `None` where there are none, or one is not finite.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&least, &most) = (sorted.first()?, sorted.last()?);
        if !(least.is_finite() && most.is_finite()) {
            return None;
        }
        // Between two neighbours, in proportion.
        let at = |part: f64| {
            let place = part * (sorted.len() - 1) as f64;
            let (below, above) = (place.floor() as usize, place.ceil() as usize);
            let weight = place - place.floor();
            sorted[below] * (1.0 - weight) + sorted[above] * weight
        };
        Some(Self {
            median: at(0.5),
            least,
            lower_quartile: at(0.25),
            upper_quartile: at(0.75),
            most,
            runs: sorted.len(),
        })
    }

    /// Half the distance of the quartiles, as a part of the median: how far a
    /// measurement usually lies from the middle.
    pub fn deviation(&self) -> f64 {
        (self.upper_quartile - self.lower_quartile) / 2.0 / self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_numbers_of_several() {
        let five = |numbers: &[f64]| {
            Spread::of(numbers).map(|spread| {
                let Spread {
                    least,
                    lower_quartile,
                    median,
                    upper_quartile,
                    most,
                    ..
                } = spread;
                [least, lower_quartile, median, upper_quartile, most]
            })
        };
        assert_eq!(five(&[]), None);
        assert_eq!(five(&[1.0, f64::NAN]), None);
        assert_eq!(five(&[1.0, f64::INFINITY]), None);
        assert_eq!(five(&[3.0]), Some([3.0; 5]));
        assert_eq!(
            five(&[5.0, 1.0, 4.0, 2.0, 3.0]),
            Some([1.0, 2.0, 3.0, 4.0, 5.0])
        );
        assert_eq!(five(&[1.0, 2.0]), Some([1.0, 1.25, 1.5, 1.75, 2.0]));
        let spread = Spread::of(&[90.0, 95.0, 100.0, 105.0, 110.0]).expect("finite");
        assert_eq!((spread.deviation(), spread.runs), (0.05, 5));
    }
}
