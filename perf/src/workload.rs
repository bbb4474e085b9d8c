//! Which workloads there are, and which engines run them.

use std::fmt;

use crate::shape::Asked;

/// A workload: data and a query, defined to the last bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[value(rename_all = "UPPER")]
pub enum Workload {
    /// Words counted in tumbling windows of one second; an event is a line of ten words.
    W1,
    /// Count, sum, min, max and mean per key in tumbling windows of one second.
    W2,
    /// The aggregates of W2 in sliding windows of a minute, one every second.
    W3,
    /// Visits counted per user in sessions, which five seconds of silence end.
    W4,
    /// Views of advertisements joined with a table and counted per campaign in tumbling windows.
    W5,
    /// Nexmark: the auctions with the most bids, in sliding windows.
    Q5,
    /// Nexmark: the highest bids, in tumbling windows.
    Q7,
    /// Nexmark: the persons who came and sell, in tumbling windows.
    Q8,
    /// Two streams joined by key, within a tenth of a second of one another.
    J1,
    /// Two streams joined by key, in tumbling windows of 400 ms.
    J2,
    /// A stateless chain: map, filter, map, count.
    W7,
}

impl Workload {
    /// How many events it has unless others are asked for.
    pub const fn default_events(self) -> u64 {
        match self {
            Self::W1 => 1_000_000,
            Self::W2 | Self::W3 => 20_000_000,
            Self::W4 | Self::W5 | Self::Q5 | Self::Q7 | Self::Q8 | Self::J1 | Self::J2 => {
                10_000_000
            }
            Self::W7 => 100_000_000,
        }
    }

    /// How many keys it has unless others are asked for; `None` where there is no choice.
    pub const fn default_keys(self) -> Option<u64> {
        Asked::own(self).keys
    }

    /// What one event is called, in the plural.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::W1 => "lines",
            Self::W2 | Self::W3 | Self::W5 => "events",
            Self::W4 => "visits",
            Self::Q5 | Self::Q7 | Self::Q8 | Self::J1 | Self::J2 => "records",
            Self::W7 => "numbers",
        }
    }

    /// About how much memory its data takes, in bytes an event.
    pub const fn bytes_per_event(self) -> u64 {
        match self {
            // A line of text, its record, and the place where it ends.
            Self::W1 => 104,
            Self::W2 | Self::W3 | Self::J1 | Self::J2 => 24,
            Self::W4 => 16,
            Self::W5 => 40,
            // They are made in one place and brought to another.
            Self::Q5 | Self::Q7 | Self::Q8 => 80,
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
    /// The best plain loop that we can write: one thread, no engine.
    Hand,
    /// The loop that one writes without much ado: that by hand, but a key becomes an
    /// id in the standard library's hash map.
    Plain,
    /// W2 only: one hash map from a window and a key to an accumulator.
    Entry,
}

impl Engine {
    /// Whether it is one loop on one core, however many there are.
    pub const fn is_loop(self) -> bool {
        !matches!(self, Self::Fluxus)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Fluxus => "fluxus",
            Self::Hand => "hand",
            Self::Plain => "plain",
            Self::Entry => "entry",
        })
    }
}
