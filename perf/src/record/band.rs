//! How much change is called noise at least.

use std::fmt;
use std::str::FromStr;

/// A part of a figure, such as 5 %.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Band(f64);

impl Band {
    /// Five hundredths: what a quiet machine moves a figure by.
    pub const DEFAULT: Self = Self(0.05);

    /// The part, 0.05 for 5 %.
    pub const fn part(self) -> f64 {
        self.0
    }
}

impl FromStr for Band {
    type Err = String;

    /// Reads per cent, with the sign or without.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').unwrap_or(text).trim();
        match number.parse::<f64>() {
            Ok(percent) if (0.0..100.0).contains(&percent) => Ok(Self(percent / 100.0)),
            _ => Err(format!(
                "`{text}` is no band: give per cent from 0 to below 100, such as 5%"
            )),
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}%", self.0 * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_read_in_per_cent() {
        let read = |text: &str| text.parse::<Band>().map(Band::part).ok();
        assert_eq!(read("5%"), Some(0.05));
        assert_eq!(read("2.5 %"), Some(0.025));
        assert_eq!(read("0"), Some(0.0));
        for wrong in ["", "%", "five", "-1%", "100%", "NaN", "inf"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(Band::DEFAULT.to_string().parse(), Ok(Band::DEFAULT));
    }
}
