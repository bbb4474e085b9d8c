//! How warm has it been at each station over the last hours, and which way does
//! it go?
//!
//! Sliding windows: every window is `--window-ms` long, and one begins every
//! `--slide-ms`; a reading counts in all windows that it lies in. A station that
//! was silent for the whole of a window has no row for it: a gap in the data does
//! not make empty windows.
#![forbid(unsafe_code)]

use clap::Args;
use fluxus::prelude::*;
use fluxus_examples::events::Temperature;
use fluxus_examples::input::Parser;
use fluxus_examples::sample::{Generated, Row, Sample, Timed, Totals};
use fluxus_examples::{data, legible, time_text, Column, SlideOptions, HOUR_MS};
use serde::Serialize;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    fluxus_examples::main::<TemperatureSensor>()
}

#[derive(Args, Clone)]
struct TemperatureSensor {
    #[command(flatten)]
    windows: SlideOptions<{ 6 * HOUR_MS }, HOUR_MS>,
}

impl Sample for TemperatureSensor {
    const NAME: &'static str = "temperature-sensor";
    const ABOUT: &'static str =
        "How warm it has been at each station over the last hours, and which way it goes: \
         sliding windows over hourly weather";
    type Event = Temperature;
    type Row = Weather;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("weather.csv")]
    }

    fn parser(&self, _: &Path) -> Box<dyn Parser<Temperature>> {
        Box::new(Temperature::parse)
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Temperature> {
        Temperature::made_up(count, seed)
    }

    fn results(&self, readings: Timed<Temperature>) -> Result<Timed<Weather>, Error> {
        let windows = self.windows.sliding()?;
        let celsius = |reading: &Temperature| reading.milli_celsius;
        let weather = readings
            .key_by(|reading| reading.station.clone())
            .window(windows)
            .aggregate((Count, Mean::of(celsius), Min::of(celsius), Max::of(celsius)))
            // A station's windows come one behind the other: the last one gives the trend.
            .key_by(|row| row.key.clone())
            .scan(None, |last, row| Some(Weather::of(row, last)));
        Ok(weather.boxed_timed())
    }
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

type Aggregates = (u64, f64, i32, i32);

impl Weather {
    /// The row of a window; `last` is the end and the mean of the station's last one.
    fn of(row: WindowResult<String, Aggregates>, last: &mut Option<(i64, f64)>) -> Self {
        let to_ms = row.end().millis();
        let (readings, mean, min, max) = row.value;
        let before = last.replace((to_ms, mean));
        let degrees = |milli: f64| milli.round() / 1e3;
        Self {
            from_ms: row.start().millis(),
            station: row.key,
            to_ms,
            readings,
            mean_c: degrees(mean),
            min_c: degrees(min.into()),
            max_c: degrees(max.into()),
            spread_c: degrees((max - min).into()),
            trend_c_per_h: before.map(|(before_ms, before)| {
                let hours = (to_ms - before_ms) as f64 / 3.6e6;
                degrees((mean - before) / hours)
            }),
        }
    }
}

impl Row for Weather {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("until (UTC)", 19, |row| time_text(row.to_ms)),
        Column::text("station", 8, |row| legible(&row.station, 8)),
        Column::figure("readings", "", 8, |row| row.readings.to_string()),
        Column::figure("mean", "°C", 6, |row| format!("{:.1}", row.mean_c)),
        Column::figure("min", "°C", 6, |row| format!("{:.1}", row.min_c)),
        Column::figure("max", "°C", 6, |row| format!("{:.1}", row.max_c)),
        Column::figure("spread", "°C", 6, |row| format!("{:.1}", row.spread_c)),
        Column::figure("trend", "°C/h", 6, |row| match row.trend_c_per_h {
            Some(trend) => format!("{trend:+.2}"),
            None => "-".to_owned(),
        }),
    ];
    type Totals = Coldest;

    fn compare(&self, other: &Self) -> Ordering {
        self.station.cmp(&other.station)
    }
}

/// The coldest window of all.
#[derive(Default)]
struct Coldest(Option<Weather>);

impl Totals<Weather> for Coldest {
    fn add(&mut self, row: &Weather) {
        // Of two that are equally cold, the first of the earliest.
        let rank = |row: &Weather| (row.mean_c, row.from_ms, row.station.clone());
        if !self
            .0
            .as_ref()
            .is_some_and(|coldest| rank(coldest) <= rank(row))
        {
            self.0 = Some(row.clone());
        }
    }

    fn text(&self) -> String {
        match &self.0 {
            Some(row) => format!(
                "coldest: {} with {:.1} °C on average from {}",
                legible(&row.station, 40),
                row.mean_c,
                time_text(row.from_ms)
            ),
            None => String::new(),
        }
    }
}
