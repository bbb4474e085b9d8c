//! How warm has it been at each station over the last hours, and which way does
//! it go?
//!
//! Sliding windows: every window is `--window-ms` long, and one begins every
//! `--slide-ms`; a reading counts in all windows that it lies in. A station that
//! was silent for the whole of a window has no row for it: a gap in the data does
//! not make empty windows.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus_examples::input::{iso_time, Parsed, Parser};
use fluxus_examples::sample::{Generated, Row, Sample, Timed};
use fluxus_examples::{data, time_text, Column, Random};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fluxus_examples::main::<TemperatureSensor>()
}

#[derive(Args, Clone)]
struct TemperatureSensor {
    /// How long a window is, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = 21_600_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    window_ms: u64,

    /// How far a window begins behind the one before
    #[arg(long, value_name = "MS", default_value_t = 3_600_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    slide_ms: u64,
}

/// What a sensor says.
#[derive(Clone, Debug)]
struct Reading {
    station: String,
    time: Timestamp,
    celsius: f64,
}

/// A station over a window.
#[derive(Clone, Debug, Serialize)]
struct Weather {
    station: String,
    from_ms: i64,
    to_ms: i64,
    readings: u64,
    mean_c: f64,
    min_c: f64,
    max_c: f64,
    spread_c: f64,
    /// Of the mean, against the window before; none in the first one.
    trend_c_per_h: Option<f64>,
}

impl Sample for TemperatureSensor {
    const NAME: &'static str = "temperature-sensor";
    const ABOUT: &'static str =
        "How warm it has been at each station over the last hours, and which way it goes: \
         sliding windows over hourly weather";
    type Event = Reading;
    type Row = Weather;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("weather.csv")]
    }

    fn parser(&self) -> Box<dyn Parser<Reading>> {
        Box::new(reading_of)
    }

    fn time_of(reading: &Reading) -> Timestamp {
        reading.time
    }

    fn results(&self, readings: Timed<Reading>) -> Result<Timed<Weather>, Error> {
        let slide_hours = self.slide_ms as f64 / 3.6e6;
        let windows = Sliding::new(
            Duration::from_millis(self.window_ms),
            Duration::from_millis(self.slide_ms),
        )?;
        let celsius = |reading: &Reading| reading.celsius;
        let weather = readings
            .key_by(|reading| reading.station.clone())
            .window(windows)
            .aggregate((Count, Mean::of(celsius), Min::of(celsius), Max::of(celsius)))
            // One window of a station behind the other: the mean before is the trend's.
            .key_by(|row| row.key.clone())
            .scan(None, move |before: &mut Option<f64>, row| {
                let (from_ms, to_ms) = (row.start().millis(), row.end().millis());
                let (readings, mean_c, min_c, max_c) = row.value;
                let trend_c_per_h = before.map(|before| (mean_c - before) / slide_hours);
                *before = Some(mean_c);
                Some(Weather {
                    station: row.key,
                    from_ms,
                    to_ms,
                    readings,
                    mean_c,
                    min_c,
                    max_c,
                    spread_c: max_c - min_c,
                    trend_c_per_h,
                })
            });
        Ok(weather.boxed_timed())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Reading> {
        let mut random = Random::new(seed);
        Generated {
            events: (0..count).map(|n| made_up(n, &mut random)).collect(),
            truth: String::new(),
        }
    }

    fn closing(&self, _: &()) -> String {
        String::new()
    }
}
