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

/// What a sensor says: thousandths of a degree, so that sums are exact, whatever
/// their order.
#[derive(Clone, Debug)]
struct Reading {
    station: String,
    time: Timestamp,
    milli_celsius: i32,
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
    const EVENTS: &'static str = "readings";
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
        let windows = Sliding::new(
            Duration::from_millis(self.window_ms),
            Duration::from_millis(self.slide_ms),
        )?;
        let celsius = |reading: &Reading| reading.milli_celsius;
        let weather = readings
            .key_by(|reading| reading.station.clone())
            .window(windows)
            .aggregate((Count, Mean::of(celsius), Min::of(celsius), Max::of(celsius)))
            // A station's windows come one behind the other: the last one gives the trend.
            .key_by(|row| row.key.clone())
            .scan(None, |last, row| Some(Weather::of(row, last)));
        Ok(weather.boxed_timed())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Reading> {
        let mut random = Random::new(seed);
        Generated {
            events: (0..count).map(|n| made_up(n, &mut random)).collect(),
            truth: String::new(),
        }
    }

    fn closing(&self, coldest: &Option<Weather>) -> String {
        match coldest {
            Some(row) => format!(
                "coldest: {} with {:.1} °C on average from {}",
                row.station,
                row.mean_c,
                time_text(Timestamp::from_millis(row.from_ms))
            ),
            None => String::new(),
        }
    }
}

/// `EWR,2013,1,1,1,39.02,...,2013-01-01T06:00:00Z`: the first column, the one of
/// degrees Fahrenheit, and the last.
fn reading_of(line: &str) -> Parsed<Reading> {
    if line.is_empty() || line.starts_with("origin,") {
        return Parsed::Nothing;
    }
    let parse = || {
        let fields: Vec<&str> = line.split(',').collect();
        let [station, _, _, _, _, fahrenheit, .., time] = fields[..] else {
            return Err(format!("it has {} fields", fields.len()));
        };
        let fahrenheit: f64 = match fahrenheit.parse() {
            Ok(number) if (-200.0..1000.0).contains(&number) => number,
            _ => return Err(format!("{fahrenheit:?} is no temperature in °F")),
        };
        Ok(Reading {
            station: station.to_owned(),
            time: iso_time(time)?,
            milli_celsius: milli((fahrenheit - 32.0) / 1.8),
        })
    };
    parse().into()
}

fn milli(celsius: f64) -> i32 {
    (1e3 * celsius).round() as i32
}

/// Three stations by turns, every ten minutes: a day's curve, and noise.
fn made_up(number: u64, random: &mut Random) -> Reading {
    let minutes = 10 * (number / 3);
    let day = 2.0 * std::f64::consts::PI * minutes as f64 / 1440.0;
    Reading {
        station: ["north", "middle", "south"][(number % 3) as usize].to_owned(),
        time: Timestamp::from_secs(60 * minutes as i64),
        milli_celsius: milli(
            5.0 * (number % 3) as f64 + 10.0 - 5.0 * day.cos() + 0.5 * random.normal(),
        ),
    }
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
    const COLUMNS: &'static [Column] = &[
        Column::text("until (UTC)", 19),
        Column::text("station", 8),
        Column::figure("readings", "", 8),
        Column::figure("mean", "°C", 6),
        Column::figure("min", "°C", 6),
        Column::figure("max", "°C", 6),
        Column::figure("spread", "°C", 6),
        Column::figure("trend", "°C/h", 6),
    ];
    /// The coldest row.
    type Totals = Option<Weather>;

    fn cells(&self) -> Vec<String> {
        let figure = |number: f64| format!("{number:.1}");
        vec![
            time_text(Timestamp::from_millis(self.to_ms)),
            self.station.clone(),
            self.readings.to_string(),
            figure(self.mean_c),
            figure(self.min_c),
            figure(self.max_c),
            figure(self.spread_c),
            self.trend_c_per_h
                .map_or("-".to_owned(), |trend| format!("{trend:+.2}")),
        ]
    }

    fn rank(&self) -> String {
        self.station.clone()
    }

    fn add_to(&self, coldest: &mut Self::Totals) {
        if !coldest
            .as_ref()
            .is_some_and(|row| row.mean_c <= self.mean_c)
        {
            *coldest = Some(self.clone());
        }
    }
}
