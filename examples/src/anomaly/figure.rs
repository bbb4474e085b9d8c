use serde::Serialize;

/// What is watched of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// How many lines a window has.
    Lines,
    /// Which share of them tells of errors.
    Errors,
    /// The mean of what was measured.
    Value,
}

impl Figure {
    /// How far chance alone takes it from what is `usual` in a window of so many
    /// lines: a count by its root, a share by the deviation of the binomial
    /// distribution; values by half a percent.
    pub fn chance(self, usual: f64, lines: u64) -> f64 {
        let lines = lines as f64;
        match self {
            Self::Lines => usual.max(1.0).sqrt(),
            Self::Errors => {
                let share = usual.max(1.0 / lines).min(0.5);
                (share * (1.0 - share) / lines).sqrt().max(1e-6)
            }
            Self::Value => (0.005 * usual.abs()).max(1e-6),
        }
    }

    /// Its name, as a table says it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Errors => "errors %",
            Self::Value => "mean",
        }
    }

    /// An amount of it, as a table says it.
    pub fn amount(self, number: f64) -> String {
        match self {
            Self::Lines | Self::Value => format!("{number:.1}"),
            Self::Errors => format!("{:.1}", 100.0 * number),
        }
    }
}
