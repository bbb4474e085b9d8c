//! Which workloads there are, and which engines run them.

use std::fmt;

/// A workload: data and a query, defined to the last bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[value(rename_all = "UPPER")]
pub enum Workload {
    /// Words counted in tumbling windows of one second; an event is a line of ten words.
    W1,
    /// Count, sum, min, max and mean per key in tumbling windows of one second.
    W2,
    /// A stateless chain: map, filter, map, count.
    W7,
}

impl Workload {
    /// How many events it has unless others are asked for.
    pub const fn default_events(self) -> u64 {
        match self {
            Self::W1 => 1_000_000,
            Self::W2 => 20_000_000,
            Self::W7 => 100_000_000,
        }
    }

    /// How many keys it has unless others are asked for; `None` where there is no choice.
    pub const fn default_keys(self) -> Option<u64> {
        match self {
            Self::W2 => Some(crate::w2::data::DEFAULT_KEYS),
            Self::W1 | Self::W7 => None,
        }
    }

    /// What one event is called, in the plural.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::W1 => "lines",
            Self::W2 => "events",
            Self::W7 => "numbers",
        }
    }

    /// About how much memory its data takes, in bytes an event.
    pub const fn bytes_per_event(self) -> u64 {
        match self {
            // A line of text, its record, and the place where it ends.
            Self::W1 => 104,
            Self::W2 => 24,
            Self::W7 => 0,
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// What runs a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Fluxus, through its public API.
    Fluxus,
    /// The best plain loop: one thread, no engine.
    Hand,
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Fluxus => "fluxus",
            Self::Hand => "hand",
        })
    }
}
