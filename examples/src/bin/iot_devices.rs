//! How do the devices in the field do, and which of them have fallen silent?
//!
//! Tumbling windows with several aggregates: every window is `--window-ms` long
//! and begins where the one before ends. A device numbers its readings, so that
//! numbers which were skipped tell how many have gone missing. Beside the windows
//! runs a timer for every reading: when no other has come within `--silence-ms`,
//! the device has fallen silent.
#![forbid(unsafe_code)]

use clap::Args;
use fluxus::prelude::*;
use fluxus::windows::Distinct;
use fluxus_examples::events::{DeviceReading, ReadingClock};
use fluxus_examples::input::Parser;
use fluxus_examples::sample::{Generated, Row, Sample, Timed, Totals};
use fluxus_examples::{clock_text, data, grouped, legible, Column, RollCall};
use fluxus_examples::{Silence, SilenceOption, Silent, SizeOption, MINUTE_MS};
use serde::Serialize;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    fluxus_examples::main::<IotDevices>()
}

#[derive(Args, Clone)]
struct IotDevices {
    #[command(flatten)]
    windows: SizeOption<{ 30 * MINUTE_MS }>,

    #[command(flatten)]
    silence: SilenceOption<MINUTE_MS>,

    #[command(flatten)]
    clock: ReadingClock,
}

impl Sample for IotDevices {
    const NAME: &'static str = "iot-devices";
    const ABOUT: &'static str =
        "How the devices in the field do, and which have fallen silent: tumbling windows and \
         timers over the readings of a sensor network";
    type Event = DeviceReading;
    type Row = Told;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("motes.csv")]
    }

    fn parser(&self, _: &Path) -> Box<dyn Parser<DeviceReading>> {
        let clock = self.clock;
        Box::new(move |line: &str| DeviceReading::parse(line, clock))
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<DeviceReading> {
        DeviceReading::made_up(count, seed, self.clock)
    }

    fn results(&self, readings: Timed<DeviceReading>) -> Result<Timed<Told>, Error> {
        let by_device = readings.key_by(|reading| reading.device.clone());
        let [in_windows, one_by_one] = by_device.fan_out();
        let celsius = |reading: &DeviceReading| reading.milli_celsius;
        let humidity = |reading: &DeviceReading| reading.milli_percent;
        let number = |reading: &DeviceReading| reading.number;
        let windows = in_windows
            .window(Tumbling::new(self.windows.size())?)
            .aggregate((
                (Count, Mean::of(humidity)),
                (Mean::of(celsius), Min::of(celsius), Max::of(celsius)),
                (Distinct::count(number), Min::of(number), Max::of(number)),
            ))
            // A device's windows come one behind the other: the last number of one
            // tells what is missing at the beginning of the next.
            .key_by(|row| row.key.clone())
            .scan(None, |last, row| Some(Told::window(row, last)));
        let silences = one_by_one
            .process(Silence::of(self.silence.after()))
            .map(Told::Silent);
        Ok(windows.union(silences).boxed_timed())
    }
}

/// What is told of a device.
#[derive(Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Told {
    Window(Window),
    Silent(Silent),
}

/// What a window came to.
#[derive(Clone, Serialize)]
struct Window {
    device: String,
    from_ms: i64,
    to_ms: i64,
    readings: u64,
    missing: u64,
    mean_c: f64,
    min_c: f64,
    max_c: f64,
    mean_humidity_percent: f64,
}

type Aggregates = ((u64, f64), (f64, i32, i32), (u64, u64, u64));

impl Told {
    /// The row of a window; `last` is the highest number of the device before it.
    fn window(row: WindowResult<String, Aggregates>, last: &mut Option<u64>) -> Self {
        let ((readings, humidity), (mean, min, max), (numbers, lowest, highest)) = row.value;
        // Of a device that was never heard of, nothing is missing before its first.
        let first = last.map_or(lowest, |last| last.saturating_add(1).min(lowest));
        *last = Some(highest);
        // Means are rounded: a thousandth is far more than a sensor can tell.
        let units = |milli: f64| milli.round() / 1e3;
        Self::Window(Window {
            from_ms: row.start().millis(),
            to_ms: row.end().millis(),
            device: row.key,
            readings,
            missing: (highest - first + 1).saturating_sub(numbers),
            mean_c: units(mean),
            min_c: units(min.into()),
            max_c: units(max.into()),
            mean_humidity_percent: units(humidity),
        })
    }

    /// Windows first, and both by device.
    fn rank(&self) -> (bool, &str) {
        match self {
            Self::Window(window) => (false, &window.device),
            Self::Silent(silent) => (true, &silent.device),
        }
    }

    /// What stands in the table of a window; a silence has no figures.
    fn of(&self, text: fn(&Window) -> String) -> String {
        match self {
            Self::Window(window) => text(window),
            Self::Silent(_) => "-".to_owned(),
        }
    }
}

impl Row for Told {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::figure("until", "h:mm:ss", 9, |row| match &**row {
            Told::Window(window) => clock_text(window.to_ms),
            Told::Silent(silent) => clock_text(silent.noticed_ms),
        }),
        Column::text("device", 8, |row| legible(row.rank().1, 30)),
        Column::figure("readings", "", 8, |row| row.of(|w| grouped(w.readings))),
        Column::figure("missing", "", 7, |row| row.of(|w| grouped(w.missing))),
        Column::figure("mean", "°C", 6, |row| {
            row.of(|w| format!("{:.2}", w.mean_c))
        }),
        Column::figure("min", "°C", 6, |row| row.of(|w| format!("{:.2}", w.min_c))),
        Column::figure("max", "°C", 6, |row| row.of(|w| format!("{:.2}", w.max_c))),
        Column::figure("humidity", "%", 8, |row| {
            row.of(|w| format!("{:.1}", w.mean_humidity_percent))
        }),
        Column::text("", 24, |row| match &**row {
            Told::Window(_) => String::new(),
            Told::Silent(silent) => format!("silent since {}", clock_text(silent.last_ms)),
        }),
    ];
    type Totals = RollCall;

    fn compare(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl Totals<Told> for RollCall {
    fn add(&mut self, row: &Told) {
        match row {
            Told::Window(window) => self.count(&window.device, window.readings, window.missing),
            Told::Silent(silent) => self.silent(&silent.device, silent.last_ms),
        }
    }

    fn text(&self) -> String {
        self.text()
    }
}
