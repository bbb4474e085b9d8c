//! How long windows are, on the command line.
//!
//! What suits a sample's data is part of the type, so that `--help` tells it.

use crate::{complain, grouped};
use clap::{value_parser, Args};
use fluxus::prelude::Sliding;
use fluxus::Error;
use std::time::Duration;

/// A minute, in milliseconds.
pub const MINUTE_MS: u64 = 60_000;
/// An hour, in milliseconds.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
/// A day, in milliseconds.
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// A hundred years, a third of what event time can hold.
const LONGEST_MS: u64 = 3_155_760_000_000;
/// In how many windows an event may lie.
const MOST_WINDOWS: u64 = 10_000;

/// Windows of one size.
#[derive(Args, Clone, Copy, Debug)]
pub struct SizeOption<const SIZE_MS: u64> {
    /// How long a window is, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = SIZE_MS,
          value_parser = value_parser!(u64).range(1..=LONGEST_MS))]
    window_ms: u64,
}

impl<const SIZE_MS: u64> SizeOption<SIZE_MS> {
    /// How long a window is.
    pub fn size(&self) -> Duration {
        Duration::from_millis(self.window_ms)
    }
}

/// Windows of one size that overlap.
#[derive(Args, Clone, Copy, Debug)]
pub struct SlideOptions<const SIZE_MS: u64, const SLIDE_MS: u64> {
    #[command(flatten)]
    size: SizeOption<SIZE_MS>,

    /// How far a window begins behind the one before, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = SLIDE_MS,
          value_parser = value_parser!(u64).range(1..=LONGEST_MS))]
    slide_ms: u64,
}

impl<const SIZE_MS: u64, const SLIDE_MS: u64> SlideOptions<SIZE_MS, SLIDE_MS> {
    /// How far a window begins behind the one before.
    pub fn slide(&self) -> Duration {
        Duration::from_millis(self.slide_ms)
    }

    /// The windows.
    ///
    /// # Errors
    /// When every event would lie in so many of them that no end is in sight.
    pub fn sliding(&self) -> Result<Sliding, Error> {
        let each = self.size.window_ms / self.slide_ms.max(1);
        if each > MOST_WINDOWS {
            let least_ms = self.size.window_ms.div_ceil(MOST_WINDOWS);
            return Err(Error::Operator {
                operator: "window".to_owned(),
                problem: format!(
                    "every event would lie in {} windows: make --slide-ms at least {least_ms}",
                    grouped(each)
                ),
            });
        }
        if self.slide_ms > self.size.window_ms {
            complain(
                "note",
                "events between two windows lie in none: --slide-ms is longer",
            );
        }
        Ok(Sliding::new(self.size.size(), self.slide())?)
    }
}

/// Windows that a silence ends.
#[derive(Args, Clone, Copy, Debug)]
pub struct GapOption<const GAP_MS: u64> {
    /// How long a silence ends a session, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = GAP_MS,
          value_parser = value_parser!(u64).range(1..=LONGEST_MS))]
    gap_ms: u64,
}

impl<const GAP_MS: u64> GapOption<GAP_MS> {
    /// How long a silence ends a session.
    pub fn gap(&self) -> Duration {
        Duration::from_millis(self.gap_ms)
    }
}

/// How long a silence is told of.
#[derive(Args, Clone, Copy, Debug)]
pub struct SilenceOption<const SILENCE_MS: u64> {
    /// How long a device may say nothing before it counts as silent, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = SILENCE_MS,
          value_parser = value_parser!(u64).range(1..=LONGEST_MS))]
    silence_ms: u64,
}

impl<const SILENCE_MS: u64> SilenceOption<SILENCE_MS> {
    /// How long a device may say nothing.
    pub fn after(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
    }
}
